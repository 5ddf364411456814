"""Deploying models, and taking deployments away."""

from __future__ import annotations

from collections.abc import Sequence

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.approvals.policies import Place
from operate.batch.models import BatchType
from operate.workspaces.membership import no_such_workspace
from operate.workspaces.roles import Right
from workflow import services
from workflow.graph import Semantics
from workflow.services import DeletedDefinitions, Deployed, Resource


class Deploy(Action[Deployed]):
    """Deploy models into a workspace, all of them or none."""

    permission = Right.DEPLOY
    event = Event.DEPLOY
    subject = Subject.PROCESS_DEFINITION
    entity = Subject.DEPLOYMENT

    def perform(
        self,
        resources: Sequence[Resource],
        *,
        workspace_id: int,
        fallback: Semantics | None = None,
        chosen: Semantics | None = None,
        name: str = "",
        source: str = "",
        deduplicate: bool = True,
        only_changed: bool = True,
    ) -> Deployed:
        self.note(name=name, source=source, resources=[resource.name for resource in resources])
        deployed = services.deploy(
            resources,
            workspace_id=workspace_id,
            name=name,
            source=source,
            fallback=fallback,
            chosen=chosen,
            deduplicate=deduplicate,
            only_changed=only_changed,
            context=self.context,
        )
        self.about(deployed.key)
        self.note(
            definitions=[
                {
                    "key": definition.key,
                    "process_id": definition.process_id,
                    "version": definition.version,
                    "checksum": definition.checksum,
                    "new": definition.key in deployed.new_keys,
                }
                for definition in deployed.definitions
            ]
        )
        return deployed

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)


class DeleteAction(Action[DeletedDefinitions]):
    """What takes process instances along is governed as what it does to them: otherwise it would be a way around it."""

    brings_instances_along = True

    def operations(self) -> frozenset[BatchType]:
        running, ended = self._gone
        canceled = {BatchType.CANCEL, BatchType.DELETE} if running else set()
        return frozenset(canceled | ({BatchType.DELETE} if ended else set()))

    def places(self) -> list[Place]:
        return [] if self.entry.workspace_id is None else [self._place(self.entry.workspace_id)]

    def _place(self, workspace_id: int) -> Place:
        return Place(workspace_id, frozenset(self.entry.body.get("process_ids", ())), sum(self._gone))

    @property
    def _gone(self) -> tuple[int, int]:
        """How many process instances are gone: running and ended ones."""
        return self.entry.body.get("running", 0), self.entry.body.get("ended", 0)


class DeleteDeployment(DeleteAction):
    """Delete a deployment with its definitions; `cascade` takes their process instances along."""

    permission = Right.DELETE_DEFINITION
    event = Event.DELETE
    subject = Subject.DEPLOYMENT

    def perform(self, key: int, *, cascade: bool = False) -> DeletedDefinitions:
        self.about(key)
        self.note(cascade=cascade)
        if cascade:
            self.require(Right.DELETE_INSTANCE)
        deleted = services.delete_deployment(key, cascade=cascade, context=self.context)
        note_deleted(self, deleted)
        return deleted

    def nothing_found(self) -> str:
        return f"Deployment with id '{self.entry.entity_key}' does not exist."


class DeleteProcessDefinition(DeleteAction):
    """Delete one process definition: without process instances, or `with_ended` ones, or with `cascade` whatever they are.

    A dry run tells what would be lost.
    """

    permission = Right.DELETE_DEFINITION
    event = Event.DELETE
    subject = Subject.PROCESS_DEFINITION

    def perform(self, key: int, *, cascade: bool = False, with_ended: bool = False) -> DeletedDefinitions:
        self.about(key)
        self.entry.definition_key = key
        self.note(cascade=cascade)
        if cascade or with_ended:
            self.require(Right.DELETE_INSTANCE)
        deleted = services.delete_process_definition(key, cascade=cascade, with_ended=with_ended, context=self.context)
        note_deleted(self, deleted)
        return deleted


def note_deleted(action: Action[DeletedDefinitions], deleted: DeletedDefinitions) -> None:
    """Tell in the audit event what is gone."""
    action.entry.workspace_id = deleted.workspace_id
    action.entry.process_id = deleted.process_ids[0] if len(deleted.process_ids) == 1 else ""
    action.note(process_ids=deleted.process_ids, running=deleted.running, ended=deleted.ended)
