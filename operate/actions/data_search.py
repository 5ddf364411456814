"""Saying what of a process people can search by."""

from __future__ import annotations

from collections.abc import Sequence

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.search.background import reindex_soon
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.errors import NotFound
from workflow.graph import DataPath
from workflow.models import ProcessDefinition, Reindexing


class DataPathsAction(Action[Reindexing | None]):
    """What both share."""

    permission = Right.MANAGE
    event = Event.UPDATE
    subject = Subject.PROCESS_DEFINITION

    def _definition(self, key: int) -> ProcessDefinition:
        self.about(key)
        definition = ProcessDefinition.objects.filter(pk=key).defer("xml").first()
        if definition is None:
            raise NotFound(self.nothing_found())
        self.entry.definition_key, self.entry.process_id = definition.key, definition.process_id
        return definition


class ConfigureDataPaths(DataPathsAction):
    """Replace the searchable paths and keywords of a process, in all its versions; its instances are indexed anew."""

    def perform(self, key: int, paths: Sequence[DataPath]) -> Reindexing | None:
        definition = self._definition(key)
        self.entry.body["data_paths"] = [_told(each) for each in paths]
        asked = services.configure_data_paths(
            definition.workspace_id, definition.process_id, paths, context=self.context
        )
        if asked is not None and not self.dry_run:
            reindex_soon()
        return asked


class ReindexProcess(DataPathsAction):
    """Index all process instances of a process anew."""

    event = Event.EXECUTE

    def perform(self, key: int) -> Reindexing:
        definition = self._definition(key)
        asked = services.ask_for_reindexing(definition.workspace_id, definition.process_id, context=self.context)
        reindex_soon()
        return asked


def _told(path: DataPath) -> dict[str, object]:
    return {
        "path": path.path,
        "type": path.type.value,
        "label": path.label,
        "searchable": path.is_searchable,
        "keyword": path.is_keyword,
    }
