"""What people search by, configured for a process, and making what was there before found by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction as django_transaction

from workflow.engine.errors import Rejected
from workflow.graph import DataPath, ExecutableProcess, why_no_path
from workflow.models import ProcessDataPath, ProcessInstance, Reindexing
from workflow.persistence.data_paths import MAX_AGE, forget_configuration
from workflow.persistence.indexing import reindexing
from workflow.persistence.loading import load_many
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, clock
from workflow.services.definitions import lock_workspace

MAX_PATHS = 50
CHUNK = 200
SETTLED = MAX_AGE + 1.0
"""Seconds after which every server process knows what is configured."""


def configure_data_paths(
    workspace_id: int, process_id: str, paths: Sequence[DataPath], *, context: Context = SYSTEM
) -> Reindexing | None:
    """Replace what is configured for a process, and ask for the re-indexing that this needs; None if nothing differs."""
    check_paths(paths)
    with transaction() as tx:
        tx.flush()
        context.authorize(workspace_id)
        lock_workspace(workspace_id)
        rows = {row.path: row for row in _of(workspace_id, process_id)}
        wanted = {each.path: each for each in paths}
        changed = [each for each in paths if each.path not in rows or rows[each.path].plain != each]
        gone = [row for path, row in rows.items() if path not in wanted]
        if context.dry_run or not (changed or gone):
            return None
        for row in gone:
            row.delete()
        for each in changed:
            row = rows.get(each.path) or ProcessDataPath(
                workspace_id=workspace_id, process_id=process_id, path=each.path
            )
            _store(row, each, is_declared=False)
        return _ask(workspace_id, process_id, context.now or clock())


def declare_data_paths(workspace_id: int, processes: Iterable[ExecutableProcess], now: datetime) -> list[Reindexing]:
    """Add what new versions of processes declare; a path that is configured already stays as people have made it."""
    asked = []
    for process in processes:
        if not process.data_paths:
            continue
        rows = {row.path: row for row in _of(workspace_id, process.id)}
        new = [each for each in process.data_paths if each.path not in rows]
        changed = [
            each
            for each in process.data_paths
            if each.path in rows and rows[each.path].is_declared and rows[each.path].plain != each
        ]
        for each in (*new, *changed):
            row = rows.get(each.path) or ProcessDataPath(
                workspace_id=workspace_id, process_id=process.id, path=each.path
            )
            _store(row, each, is_declared=True)
        if new or changed:
            asked.append(_ask(workspace_id, process.id, now))
    return asked


def check_paths(paths: Sequence[DataPath]) -> None:
    """Refuse what cannot be configured together."""
    if len(paths) > MAX_PATHS:
        raise Rejected(f"Expected at most {MAX_PATHS} paths for a process, found {len(paths)}.")
    for each in paths:
        problem = why_no_path(each.path)
        if not problem and not (each.is_searchable or each.is_keyword):
            problem = f"Expected '{each.path}' to be searchable, a keyword or both, found neither."
        if problem:
            raise Rejected(problem)
    twice = {each.path for each in paths if sum(other.path == each.path for other in paths) > 1}
    if twice:
        raise Rejected(f"Expected each path once, found '{min(twice)}' twice.")


def _of(workspace_id: int, process_id: str) -> Iterable[ProcessDataPath]:
    return ProcessDataPath.objects.filter(workspace_id=workspace_id, process_id=process_id)


def _store(row: ProcessDataPath, path: DataPath, *, is_declared: bool) -> None:
    row.type, row.label = path.type.value, path.label
    row.is_searchable, row.is_keyword, row.is_declared = path.is_searchable, path.is_keyword, is_declared
    row.save()


def _ask(workspace_id: int, process_id: str, now: datetime) -> Reindexing:
    """A re-indexing of all process instances of a process, to be done once all server processes know why; one is enough."""
    forget_configuration()
    django_transaction.on_commit(forget_configuration)
    Reindexing.objects.filter(workspace_id=workspace_id, process_id=process_id, ended_at=None).update(ended_at=now)
    return Reindexing.objects.create(workspace_id=workspace_id, process_id=process_id, requested_at=now)


def waiting_reindexings() -> Iterable[Reindexing]:
    """Those that are not done, the oldest first."""
    return Reindexing.objects.filter(ended_at=None).order_by("pk")


def ask_for_reindexing(workspace_id: int, process_id: str, *, context: Context = SYSTEM) -> Reindexing:
    """A re-indexing without a change: of what was restored or written around the engine."""
    context.authorize(workspace_id)
    return _ask(workspace_id, process_id, context.now or clock())


def reindex_some(run: Reindexing, *, context: Context = SYSTEM, size: int = CHUNK) -> bool:
    """Re-index the next process instances of a run, in a transaction of their own; False once there are no more.

    The locks are those of commands. A run that was killed goes on where it was.
    """
    with transaction() as tx:
        tx.flush()
        run = Reindexing.objects.select_for_update().get(pk=run.pk)
        if run.ended_at is not None:
            return False
        now = context.now or clock()
        of_process = ProcessInstance.objects.filter(workspace_id=run.workspace_id, process_id=run.process_id)
        if run.started_at is None:
            forget_configuration()
            run.started_at, run.total = now, of_process.count()
        keys = list(of_process.filter(pk__gt=run.last_key).order_by("pk").values_list("pk", flat=True)[:size])
        if keys:
            states = [loaded()[0] for loaded in load_many(keys).values()]
            for sql, params in reindexing(states):
                tx.add(sql, params)
            run.last_key, run.done = keys[-1], run.done + len(keys)
        else:
            run.ended_at, run.total = now, run.done
        run.save()
    return bool(keys)


__all__ = [
    "SETTLED",
    "ask_for_reindexing",
    "check_paths",
    "configure_data_paths",
    "declare_data_paths",
    "reindex_some",
    "waiting_reindexings",
]
