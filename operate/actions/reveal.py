"""Showing what is masked to who has the right, and putting on record that it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.models import AuditEvent, Event, Subject
from operate.actions.base import Action
from operate.workspaces.roles import Right
from workflow.engine.errors import NotFound
from workflow.models import ElementInstance, ProcessInstance


class RevealVariables(Action[int]):
    """Put on record that variables of a scope are shown to the actor as they are; its process instance's key.

    Whoever executes it shows the values afterwards: without the right it raises.
    """

    permission = Right.REVEAL
    event = Event.REVEAL
    subject = Subject.PROCESS_VARIABLES
    entity = Subject.ELEMENT_INSTANCE

    def perform(self, scope_key: int, names: Sequence[str]) -> int:
        self.about(scope_key)
        self.note(names=sorted(names))
        instance = ProcessInstance.objects.filter(pk=scope_key).first()
        if instance is None:
            scope = ElementInstance.objects.filter(pk=scope_key).first()
            instance = ProcessInstance.objects.filter(pk=scope.process_instance_key).first() if scope else None
        else:
            self.entry.entity_type = Subject.PROCESS_INSTANCE
        if instance is None:
            raise NotFound(self.nothing_found())
        self.context.authorize(instance.workspace_id)
        self.entry.process_instance_key = instance.key
        self.entry.definition_key = instance.definition_key
        self.entry.process_id = instance.process_id
        return int(instance.key)


class RevealAuditEvent(Action[Any]):
    """Put on record that an audit event is shown with the values that are masked in it."""

    permission = Right.REVEAL
    event = Event.REVEAL
    subject = Subject.AUDIT_LOG

    def perform(self, key: int) -> AuditEvent:
        self.about(key)
        event = AuditEvent.objects.filter(pk=key).first()
        if event is None:
            raise NotFound(self.nothing_found())
        if event.workspace_id is not None:
            self.context.authorize(event.workspace_id)
        elif self.access.workspaces(Right.REVEAL) is not None:
            raise NotFound(self.nothing_found())
        self.entry.process_instance_key = event.process_instance_key
        self.entry.definition_key = event.definition_key
        self.entry.process_id = event.process_id
        return event


__all__ = ["RevealAuditEvent", "RevealVariables"]
