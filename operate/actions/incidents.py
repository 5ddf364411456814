"""Repairing what stands still."""

from __future__ import annotations

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.batch.models import BatchType
from operate.workspaces.roles import Right
from workflow import services
from workflow.services import Outcome


class ResolveIncident(Action[Outcome]):
    """Resolve an incident: what failed is tried again, a job with new `retries` if it had none left."""

    permission = Right.RESOLVE_INCIDENT
    operation = BatchType.RESOLVE_INCIDENTS
    event = Event.RESOLVE
    subject = Subject.INCIDENT

    def perform(self, key: int, *, retries: int | None = None) -> Outcome:
        self.about(key)
        self.note(retries=retries)
        return self.noted(services.resolve_incident(key, retries=retries, context=self.context))
