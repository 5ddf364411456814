"""`manage.py reindex_search`: index the data of process instances anew, and say how far that is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflow import services
from workflow.models import ProcessDataPath, ProcessDefinition, Reindexing, Workspace


class Command(BaseCommand):
    """Re-index one process, the processes of a workspace, all that are configured, or only what waits."""

    help = (
        "Index the searchable values and keywords of process instances anew. Without options: what has been asked for "
        "and waits. A run that was interrupted goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="all processes for which something is configured")
        parser.add_argument("--workspace", default="", help="those of the workspace with this id alone")
        parser.add_argument("--process", default="", help="the process with this id alone")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"] or options["workspace"] or options["process"]:
            for workspace_id, process_id in self._places(options["workspace"], options["process"]):
                services.ask_for_reindexing(workspace_id, process_id)
        runs = list(services.waiting_reindexings())
        for run in runs:
            self._run(run)
        if not runs:
            self.stdout.write("Nothing waits to be indexed.")

    def _places(self, workspace: str, process: str) -> list[tuple[int, str]]:
        rows = ProcessDataPath.objects.all()
        if workspace:
            if not Workspace.objects.filter(slug=workspace).exists():
                raise CommandError(f"Expected the id of a workspace, but '{workspace}' is none.")
            rows = rows.filter(workspace__slug=workspace)
        if process:
            if not ProcessDefinition.objects.filter(process_id=process).exists():
                raise CommandError(f"Expected the id of a process, but '{process}' is none.")
            rows = rows.filter(process_id=process)
        return sorted(set(rows.values_list("workspace_id", "process_id")))

    def _run(self, run: Reindexing) -> None:
        while services.reindex_some(run):
            run.refresh_from_db()
            self.stdout.write(f"{run.process_id}: {run.done} of {run.total} process instances …")
        run.refresh_from_db()
        self.stdout.write(f"{run.process_id}: {run.done} process instances indexed.")
