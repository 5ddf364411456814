"""Variables, edits and what refuses them as JSON, for pages and `/api` alike. Keys are strings there, values are texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from operate.variables.edits import Change, Side, TwoEdits, TypeChange, TypesChange, VariablesChanged
from operate.variables.exact import Flawed
from operate.variables.history import Written
from operate.variables.reading import Reading, Scope
from operate.variables.warnings import Warning
from workflow.models import ProcessInstance
from workflow.services import NotEditable


def instance_json(instance: ProcessInstance) -> dict[str, Any]:
    return {
        "key": str(instance.key),
        "process_id": instance.process_id,
        "version": instance.version,
        "state": instance.state,
        "suspended": instance.suspended,
        "revision": instance.revision,
    }


def scope_json(scope: Scope) -> dict[str, Any]:
    return {
        "key": str(scope.key),
        "element_id": scope.element_id,
        "element_type": scope.element_type,
        "name": scope.name,
        "depth": scope.depth,
        "state": scope.state,
        "is_open": scope.is_open,
        "started_at": _moment(scope.started_at),
        "loop_counter": scope.loop_counter,
        "variables": scope.variables,
    }


def reading_json(reading: Reading) -> dict[str, Any]:
    return {
        "name": reading.name,
        "type": reading.type,
        "text": reading.text,
        "size": reading.size,
        "is_cut": reading.is_cut,
        "version": reading.version,
        "updated_at": _moment(reading.updated_at),
        "created_at": _moment(reading.created_at),
        "is_initial": reading.is_initial,
        "is_masked": reading.is_masked,
    }


def versions(readings: Iterable[Reading]) -> dict[str, str]:
    """What an edit of these sends back as `seen`."""
    return {each.name: each.version for each in readings}


def change_json(change: Change) -> dict[str, Any]:
    return {
        "name": change.name,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "type_before": change.type_before,
        "type_after": change.type_after,
    }


def type_change_json(change: TypeChange) -> dict[str, Any]:
    return {"name": change.name, "from": change.before, "to": change.after}


def conflict_json(conflict: TwoEdits) -> dict[str, Any]:
    by = conflict.theirs_by
    return {
        "name": conflict.name,
        "was": _side(conflict.was),
        "theirs": _side(conflict.theirs),
        "mine": _side(conflict.mine),
        "theirs_by": {"who": by.who, "at": _moment(by.at), "event": by.event} if by else None,
        "merge": None if conflict.merge is None else {"text": conflict.merge},
        "overlaps": list(conflict.overlaps),
    }


def warning_json(warning: Warning) -> dict[str, Any]:
    return {
        "code": warning.code,
        "sentence": warning.sentence,
        "since": _moment(warning.since),
        "total": warning.total,
        "links": [
            {
                "kind": link.kind,
                "label": link.label,
                "key": None if link.key is None else str(link.key),
                "element_id": link.element_id,
                "since": _moment(link.since),
            }
            for link in warning.links
        ],
    }


def written_json(written: Written) -> dict[str, Any]:
    return {
        "name": written.name,
        "at": _moment(written.at),
        "kind": written.kind,
        "before": written.before,
        "after": written.after,
        "type_before": written.type_before,
        "type_after": written.type_after,
        "by": written.by,
        "channel": written.channel,
        "event": written.event,
        "subject": written.subject,
        "reason": written.reason,
        "audit_event": None if written.audit_event is None else str(written.audit_event),
        "element_id": written.element_id,
        "element_name": written.element_name,
        "is_initial": written.is_initial,
        "version": written.version,
    }


def refusal_json(refusal: Exception) -> Mapping[str, Any]:
    """What helps to put a refused edit right; nothing for what no edit is refused by."""
    match refusal:
        case Flawed():
            return {
                "code": "invalid_json",
                "problems": [
                    {
                        "path": flaw.path,
                        "message": flaw.message,
                        "line": flaw.line,
                        "column": flaw.column,
                        "code": flaw.code,
                    }
                    for flaw in refusal.flaws
                ],
            }
        case VariablesChanged():
            return {
                "code": "variables_changed",
                "conflicts": [conflict_json(each) for each in refusal.conflicts],
                "seen": dict(refusal.seen),
                "merged": refusal.merged,
            }
        case TypesChange():
            return {"code": "types_change", "type_changes": [type_change_json(each) for each in refusal.changes]}
        case NotEditable():
            return {"code": "not_editable"}
    return {}


def _side(side: Side | None) -> dict[str, Any] | None:
    return None if side is None else {"text": side.text, "type": side.type, "version": side.version}


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


__all__ = [
    "change_json",
    "conflict_json",
    "instance_json",
    "reading_json",
    "refusal_json",
    "scope_json",
    "type_change_json",
    "versions",
    "warning_json",
    "written_json",
]
