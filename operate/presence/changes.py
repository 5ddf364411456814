"""What others have done to a process instance since a page of it was opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, F, Func, IntegerField, JSONField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from audit.models import AuditEvent, Event, Result
from operate.audit_log.sentences import NameOf, sentence
from workflow.models import ProcessInstance

MOST = 20
"""Older events of one look are not told."""
BODY_LIMIT = 8_000
READS = (Event.REVEAL, Event.EXPORT)
"""What changes nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that somebody else has done."""

    at: datetime
    text: str


def with_newest_event(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Process instances with the key of the newest audit event that tells of a change, read along with them."""
    newest = _changing().filter(process_instance_key=OuterRef("pk")).order_by("-at", "-key").values("key")[:1]
    return rows.annotate(newest_event=Coalesce(Subquery(newest, output_field=BigIntegerField()), 0))


def changes_after(
    instance: ProcessInstance, user_id: int, name_of: NameOf, *, event_key: int = 0, moment: datetime | None = None
) -> Sequence[Told]:
    """What others have done since that event or that moment, oldest first.

    Events of one process instance are written under its lock, so their keys are in the order of what happened.
    """
    size = Func(F("body"), function="pg_column_size", output_field=IntegerField())
    small = Case(When(size__lt=BODY_LIMIT, then=F("body")), output_field=JSONField())
    rows = _changing().filter(process_instance_key=instance.key).order_by("-at", "-key").select_related("actor")
    if moment is not None:
        rows = rows.filter(at__gt=moment)
    newest = rows.defer("body").annotate(size=size).annotate(small_body=small)[:MOST]
    found = [event for event in newest if event.key > event_key and event.actor_id != user_id]
    return [Told(event.at, _said(event, name_of)) for event in reversed(found)]


def _said(event: AuditEvent, name_of: NameOf) -> str:
    who = event.actor.get_full_name() if event.actor_id and event.actor else ""
    return sentence(event, event.small_body or {}, name_of, who=who)  # type: ignore[attr-defined]


def _changing() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(result=Result.SUCCESS).exclude(event__in=READS)


__all__ = ["Told", "changes_after", "with_newest_event"]
