"""What people remark on what was done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from audit.models import AuditEvent, Event, OperationAnnotation, Subject
from audit.record import NewAuditEvent
from operate.actions.base import Action
from operate.workspaces.roles import Right
from workflow.engine.errors import NotFound


class AnnotateOperation(Action[None]):
    """Remark something on all that one request has done, as far as the actor may read of it; no text takes it back.

    The events themselves stay as they are: a remark is a row of its own, in each workspace that the request has changed.
    """

    permission = Right.VIEW_AUDIT
    event = Event.UPDATE
    subject = Subject.AUDIT_LOG

    def perform(self, operation_id: UUID, text: str) -> None:
        self._operation_id = operation_id
        self.entry.body |= {"operation_id": str(operation_id), "annotation": text or None}
        for workspace_id in self._readable(operation_id):
            OperationAnnotation.objects.create(
                workspace_id=workspace_id,
                operation_id=operation_id,
                text=text,
                actor_name=self.entry.actor_name,
                at=self.entry.at,
            )
            self._workspaces.append(workspace_id)

    def entries(self) -> Iterable[NewAuditEvent]:
        """One for each workspace."""
        return [replace(self.entry, workspace_id=each) for each in self._workspaces] or (self.entry,)

    def nothing_found(self) -> str:
        return f"Expected an operation with id '{self._operation_id}', but there is none."

    def _begin(self) -> None:
        super()._begin()
        self._workspaces: list[int | None] = []

    def _readable(self, operation_id: UUID) -> list[int | None]:
        """The workspaces of the operation in which the actor may read the audit log; refuses if there is none."""
        events = AuditEvent.objects.of_operation(operation_id).order_by()
        found: list[int | None] = list(events.values_list("workspace_id", flat=True).distinct())
        held = self.access.workspaces(self.permission)
        readable = [each for each in found if held is None or each in held]
        if not readable:
            for workspace_id in found:
                if workspace_id is not None and self.access.may(Right.VIEW, workspace_id):
                    self.context.authorize(workspace_id)
            raise NotFound(self.nothing_found())
        self.entry.workspace_id = readable[0]
        return readable


__all__ = ["AnnotateOperation"]
