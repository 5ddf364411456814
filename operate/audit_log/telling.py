"""An audit event as JSON and as a line of a table, with masked variables hidden."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from audit.models import AuditEvent
from operate.masking.masks import Masks
from operate.tables import csv_lines

COLUMNS = (
    "key", "at", "workspace", "actor", "on_behalf_of", "channel", "event", "subject", "result", "entity_type", "entity_key",
    "process_instance_key", "definition_key", "process_id", "reason", "message", "request_id", "url", "body", "sequence",
    "hash",
)  # fmt: skip


def told(event: AuditEvent, slug: str | None, masks: Masks) -> dict[str, Any]:
    """All that the event tells; keys are texts, as JavaScript's numbers are too small for them."""
    return {
        "key": str(event.key),
        "at": event.at.isoformat(),
        "workspace": slug,
        "actor": event.actor_name,
        "on_behalf_of": event.on_behalf_of,
        "channel": event.channel,
        "event": event.event,
        "subject": event.subject,
        "result": event.result,
        "entity_type": event.entity_type,
        "entity_key": _text(event.entity_key),
        "process_instance_key": _text(event.process_instance_key),
        "definition_key": _text(event.definition_key),
        "process_id": event.process_id,
        "reason": event.reason,
        "message": event.message,
        "request_id": _text(event.request_id),
        "url": event.url,
        "body": masks.body(event.workspace_id, event.process_id, event.body),
        "sequence": event.sequence,
        "hash": event.hash,
    }


def as_json(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A JSON list, an event a line."""
    before = "[\n"
    for event in events:
        yield before + json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def as_csv(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A table with a header; details are JSON."""
    return csv_lines(COLUMNS, ([event[name] for name in COLUMNS] for event in events))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
