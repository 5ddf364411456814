"""Which events have been taken back by which others. The later one tells it: audit events are never changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent
from audit.record import NewAuditEvent
from workflow.engine.errors import Conflict
from workflow.persistence.connection import fetch

LOCK = """
SELECT workspace_id, process_instance_key, definition_key, process_id FROM audit_auditevent WHERE key = %s FOR NO KEY UPDATE
"""
"""Of two who take back the same event, one waits for the other."""


@dataclass(frozen=True, slots=True)
class Undone:
    """The event that has taken back another one."""

    key: int
    actor: str
    at: datetime

    def refusal(self, event_key: int) -> Promise:
        """Why it is not taken back once more, and what is to be done instead."""
        told = _(
            "Event '{event}' has been undone already, by event '{key}' of {who}. To have it again, undo event '{key}'."
        )
        return format_lazy(told, event=event_key, key=self.key, who=self.actor or _("the system"))


def undone_by(keys: Collection[int]) -> dict[int, Undone]:
    """For those of the events that have been taken back, by what; one statement."""
    found = AuditEvent.objects.undoing(keys).order_by("key").values_list("body__undo_of", "key", "actor_name", "at")
    return {of: Undone(key, actor, at) for of, key, actor, at in found}


def refuse_undone(event_key: int) -> None:
    """Raise Conflict for an event that has been taken back: doing so twice would take back something else."""
    for done in undone_by([event_key]).values():
        raise Conflict(done.refusal(event_key))


def begin_undo(entry: NewAuditEvent, event_key: int) -> None:
    """Hold the event that a command is to take back; Conflict if another one has done so, who is waited for if it is at it.

    The command's own entry tells what that event is about from the beginning, so that a refusal does too.
    """
    for workspace_id, instance_key, definition_key, process_id in fetch(LOCK, (event_key,)):
        entry.workspace_id, entry.process_instance_key = workspace_id, instance_key
        entry.definition_key, entry.process_id = definition_key, process_id
    refuse_undone(event_key)


__all__ = ["Undone", "begin_undo", "refuse_undone", "undone_by"]
