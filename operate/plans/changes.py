"""What has happened to a process instance since the revision that a plan was made on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from audit.models import AuditEvent, Result
from operate.workspaces import Access, Right
from workflow.models import ElementInstance, Incident, ProcessInstance, Variable
from workflow.selectors import moment_before

LISTED = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One row that is new, has changed or has ended."""

    key: int
    element_id: str = ""
    element_type: str = ""
    name: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """One command that the audit log tells of."""

    at: datetime
    actor: str
    event: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """At least what has changed since; commands that left no trace in rows (a suspension) may bring earlier ones in.

    `after` is the moment after which all of it happened. Of each kind at most 200 are listed, the latest ones. The commands
    are empty for who may not read the audit log.
    """

    revision: int
    after: datetime | None
    elements_begun: Sequence[Change]
    elements_ended: Sequence[Change]
    variables: Sequence[Change]
    incidents_created: Sequence[Change]
    incidents_resolved: Sequence[Change]
    commands: Sequence[Done]


def changes_since(process_instance_key: int, expected: int, access: Access) -> Changes | None:
    """What has happened since that revision, as element instances, variables, incidents and the audit log tell."""
    instance = ProcessInstance.objects.filter(pk=process_instance_key).first()
    if instance is None:
        return None
    commands = max(instance.revision - expected, 0)
    after = moment_before(instance.key, commands)

    def later(rows: QuerySet[Any], column: str) -> list[Any]:
        own = rows.filter(process_instance=instance.key, **{f"{column}__isnull": False})
        found = own if after is None else own.filter(**{f"{column}__gt": after})
        return list(found.order_by("-key")[:LISTED])[::-1] if commands else []

    return Changes(
        instance.revision,
        after,
        [_element(row) for row in later(ElementInstance.objects.all(), "started_at")],
        [_element(row) for row in later(ElementInstance.objects.all(), "ended_at")],
        [Change(row.key, name=row.name) for row in later(Variable.objects.all(), "updated_at")],
        [_incident(row) for row in later(Incident.objects.all(), "created_at")],
        [_incident(row) for row in later(Incident.objects.all(), "resolved_at")],
        _commands(instance, after) if commands and access.may(Right.VIEW_AUDIT, instance.workspace_id) else (),
    )


def _element(row: ElementInstance) -> Change:
    return Change(row.key, row.element_id, row.element_type, state=row.state)


def _incident(row: Incident) -> Change:
    return Change(row.key, row.element_id, name=row.error_type, state=row.state)


def _commands(instance: ProcessInstance, after: datetime | None) -> list[Done]:
    events = AuditEvent.objects.filter(process_instance_key=instance.key, result=Result.SUCCESS)
    if after is not None:
        events = events.filter(at__gt=after)
    latest = list(events.order_by("-at", "-key")[:LISTED])[::-1]
    return [Done(each.at, each.actor_name, each.event, each.subject, each.reason) for each in latest]


__all__ = ["Change", "Changes", "Done", "changes_since"]
