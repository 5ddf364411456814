"""Writing audit events: one statement, in the same transaction and flush as what it tells of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from audit.models import Channel, Event, Result, Subject
from workflow.persistence.transaction import transaction


@dataclass(slots=True, kw_only=True)
class NewAuditEvent:
    """An audit event before it is written. `body` may hold dataclasses and times; they become JSON."""

    event: Event
    subject: Subject
    channel: Channel
    at: datetime
    workspace_id: int | None = None
    actor_id: int | None = None
    actor_name: str = ""
    on_behalf_of: str = ""
    request_id: UUID | None = None
    url: str = ""
    entity_type: Subject | None = None
    entity_key: int | None = None
    process_instance_key: int | None = None
    definition_key: int | None = None
    process_id: str = ""
    reason: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    result: Result = Result.SUCCESS
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a variable was before an edit."""

    process_instance_key: int
    scope_key: int
    name: str
    existed: bool
    value: object = None
    type: str = ""
    revision: int | None = None
    variable_key: int | None = None


_COLUMNS = (
    "workspace_id, at, actor_id, actor_name, on_behalf_of, channel, request_id, url, event, subject, entity_type, "
    "entity_key, process_instance_key, definition_key, process_id, reason, body, result, message"
)
_INSERT_EVENT = (
    f"INSERT INTO audit_auditevent ({_COLUMNS}) VALUES"
    " (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)"
)
_INSERT_EVENT_WITH_SNAPSHOTS = (
    f"WITH event AS ({_INSERT_EVENT} RETURNING key, at) "
    "INSERT INTO audit_variablesnapshot"
    " (audit_event_key, taken_at, process_instance_key, scope_key, name, existed, value, type, revision)"
    " SELECT event.key, event.at, before.process_instance_key, before.scope_key, before.name, before.existed,"
    " coalesce(former.value, before.value::jsonb), before.type, before.revision FROM event,"
    " unnest(%s::bigint[], %s::bigint[], %s::text[], %s::boolean[], %s::text[], %s::text[], %s::int[], %s::bigint[])"
    " AS before (process_instance_key, scope_key, name, existed, value, type, revision, variable_key)"
    " LEFT JOIN workflow_formervalue former"  # which has all digits of its numbers
    " ON former.variable_key = before.variable_key AND former.revision = before.revision"
)
_INSERT_EVENT_WITH_ONE_SNAPSHOT = (  # the most frequent number; plain values take a third less time than arrays
    f"WITH event AS ({_INSERT_EVENT} RETURNING key, at) "
    "INSERT INTO audit_variablesnapshot"
    " (audit_event_key, taken_at, process_instance_key, scope_key, name, existed, type, revision, value)"
    " SELECT event.key, event.at, %s::bigint, %s::bigint, %s::text, %s::boolean, %s::text, %s::int, coalesce("
    "(SELECT former.value FROM workflow_formervalue former"
    " WHERE former.variable_key = %s::bigint AND former.revision = %s::int), %s::jsonb) FROM event"
)


def record(event: NewAuditEvent, snapshots: Sequence[Snapshot] = ()) -> None:
    """Write the event when the surrounding transaction does, or at once if there is none."""
    with transaction() as tx:
        if len(snapshots) == 1:
            tx.add(_INSERT_EVENT_WITH_ONE_SNAPSHOT, [*_event_parameters(event), *_one_snapshot(snapshots[0])])
        elif snapshots:
            tx.add(_INSERT_EVENT_WITH_SNAPSHOTS, [*_event_parameters(event), *_snapshot_parameters(snapshots)])
        else:
            tx.add(_INSERT_EVENT, _event_parameters(event))


def _event_parameters(event: NewAuditEvent) -> list[object]:
    return [
        event.workspace_id,
        event.at,
        event.actor_id,
        storable_text(event.actor_name),
        storable_text(event.on_behalf_of),
        event.channel.value,
        event.request_id,
        storable_text(event.url),
        event.event.value,
        event.subject.value,
        event.entity_type.value if event.entity_type else "",
        event.entity_key,
        event.process_instance_key,
        event.definition_key,
        event.process_id,
        storable_text(event.reason),
        to_json(event.body),
        event.result.value,
        storable_text(event.message),
    ]


def _one_snapshot(snapshot: Snapshot) -> list[object]:
    return [
        snapshot.process_instance_key,
        snapshot.scope_key,
        snapshot.name,
        snapshot.existed,
        snapshot.type,
        snapshot.revision,
        snapshot.variable_key,
        snapshot.revision,
        to_json(snapshot.value),
    ]


def _snapshot_parameters(snapshots: Sequence[Snapshot]) -> list[object]:
    return [
        [snapshot.process_instance_key for snapshot in snapshots],
        [snapshot.scope_key for snapshot in snapshots],
        [snapshot.name for snapshot in snapshots],
        [snapshot.existed for snapshot in snapshots],
        [to_json(snapshot.value) for snapshot in snapshots],
        [snapshot.type for snapshot in snapshots],
        [snapshot.revision for snapshot in snapshots],
        [snapshot.variable_key for snapshot in snapshots],
    ]


def to_json(value: object) -> str:
    """JSON that PostgreSQL stores.

    What it does not store (the NUL character, lone surrogates, NaN) is replaced: a refused command with nonsense in it
    has to be recorded all the same.
    """
    try:
        text = json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        if "\\u0000" not in text:
            text.encode()
            return text
    except ValueError:  # not a finite number, or (as UnicodeEncodeError) a lone surrogate
        pass
    return json.dumps(_storable(value), ensure_ascii=False, separators=(",", ":"))


def storable_text(text: str) -> str:
    """The text without the characters that PostgreSQL does not store."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _storable(value: object) -> object:
    match value:
        case str():
            return storable_text(value)
        case bool() | int() | None:
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Mapping():
            return {storable_text(str(name)): _storable(item) for name, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
        case _:
            return _storable(_plain(value))


def _plain(value: object) -> object:
    """The next plainer form of what JSON has no word for."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    match value:
        case Mapping():
            return dict(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case Set():
            return sorted(value, key=str)
        case _:
            return str(value)
