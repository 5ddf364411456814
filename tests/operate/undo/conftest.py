"""The office with its workspaces and people, and undoing as its operator does it."""

from __future__ import annotations

from typing import Any

from audit.models import AuditEvent, Channel
from operate.undo import Undo, undo_of
from tests.operate.admin.conftest import Office, office
from workflow.models import ElementInstance, ProcessInstance
from workflow.services import Outcome

__all__ = ["office"]


def act(office: Office, kind: Any, **terms: Any) -> Any:
    """An action of the workspace's administrator."""
    return kind(office.people["stella"], channel=Channel.ADMIN, **terms)


def latest(key: int, event: str) -> AuditEvent:
    """The newest event of this kind of a process instance."""
    return AuditEvent.objects.filter(process_instance_key=key, event=event).latest("key")


def undo(key: int, event: str) -> Undo:
    """The inverse of the newest event of this kind."""
    return undo_of(latest(key, event))


def apply(office: Office, found: Undo, **terms: Any) -> list[Outcome]:
    """Do it."""
    return list(found.run(lambda kind: act(office, kind), **terms))


def standing(key: int) -> list[str]:
    """The elements that are active and no scopes of others."""
    rows = ElementInstance.objects.filter(process_instance=key, state="ACTIVE", active_children=0)
    return sorted(rows.values_list("element_id", flat=True))


def instance(key: int) -> ProcessInstance:
    """A process instance as it is now."""
    return ProcessInstance.objects.get(pk=key)
