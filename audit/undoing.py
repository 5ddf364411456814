"""Which events have been taken back by which others. The later one tells it: audit events are never changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from audit.models import AuditEvent
from workflow.engine.errors import Conflict
from workflow.persistence.connection import fetch

LOCK = "SELECT key FROM audit_auditevent WHERE key = %s FOR NO KEY UPDATE"
"""Of two who take back the same event, one waits for the other."""


@dataclass(frozen=True, slots=True)
class Undone:
    """The event that has taken back another one."""

    key: int
    actor: str
    at: datetime

    def refusal(self, event_key: int) -> str:
        """Why it is not taken back once more, and what is to be done instead."""
        return (
            f"Event '{event_key}' has been undone already, by event '{self.key}' of {self.actor or 'the system'}. To have it again, "
            f"undo event '{self.key}'."
        )


def undone_by(keys: Collection[int]) -> dict[int, Undone]:
    """For those of the events that have been taken back, by what; one statement."""
    found = AuditEvent.objects.undoing(keys).order_by("key").values_list("body__undo_of", "key", "actor_name", "at")
    return {of: Undone(key, actor, at) for of, key, actor, at in found}


def refuse_undone(event_key: int) -> None:
    """Raise Conflict for an event that has been taken back: doing so twice would take back something else."""
    for done in undone_by([event_key]).values():
        raise Conflict(done.refusal(event_key))


def refuse_second_undo(event_key: int) -> None:
    """The same inside a transaction that takes it back: whoever else does so now is waited for."""
    fetch(LOCK, (event_key,))
    refuse_undone(event_key)


__all__ = ["Undone", "refuse_second_undo", "refuse_undone", "undone_by"]
