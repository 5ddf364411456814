"""Snapshots of variables: listed, looked at, compared with each other, with now or with another process instance, restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.base import key_of
from operate.api.fettle.base import FettleView
from operate.api.fettle.schema import FLAG, OBJECT, OPTIONAL_TEXT, TEXT, all_of, array
from operate.api.fettle.variables import CHECKED, SAVED, VERSIONS, ScopeView
from operate.plans.json_form import KEY_SCHEMA
from operate.variables.reading import scope_of
from operate.variables.snapshots import (
    Difference,
    SnapshotRow,
    State,
    compare,
    moment_of,
    restoring,
    snapshot,
    snapshots,
    state_at,
    state_before,
    state_of,
)
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance

TAG = "Snapshots"
A_SNAPSHOT = "a snapshot"

SNAPSHOT = all_of(
    key=KEY_SCHEMA,
    process_instance_key=KEY_SCHEMA,
    at=TEXT,
    actor=TEXT,
    channel=TEXT,
    event=TEXT,
    subject=TEXT,
    reason=TEXT,
    names=array(TEXT),
    scopes=array(KEY_SCHEMA),
)
STATE = all_of(
    process_instance_key=KEY_SCHEMA,
    at={**OPTIONAL_TEXT, "description": "None for now."},
    scopes=array(all_of(key=KEY_SCHEMA, element_id=TEXT, name=TEXT, variables=OBJECT)),
)
DIFFERENCE = all_of(
    scope_name=TEXT,
    left_scope={**KEY_SCHEMA, "nullable": True},
    right_scope={**KEY_SCHEMA, "nullable": True},
    name=TEXT,
    path=TEXT,
    kind={**TEXT, "enum": ["added", "removed", "changed"]},
    left=OPTIONAL_TEXT,
    right=OPTIONAL_TEXT,
    left_type=TEXT,
    right_type=TEXT,
)


class Snapshots(FettleView):
    """The snapshots that edits of a process instance's variables have taken, newest first, 200 at once."""

    tag = TAG
    parameters = {"before": "The key of the last snapshot of the page before."}
    answer = all_of(snapshots=array(SNAPSHOT))

    def get(self, request: Request, key: str) -> Response:
        instance = self.row(ProcessInstance.objects.all(), key)
        text = request.query_params.get("before")
        before = None if text is None else key_of(text)
        if text is not None and before is None:
            raise Rejected(f"Expected 'before' to be the key of a snapshot, found '{text[:40]}'.")
        return Response({"snapshots": [_snapshot(row) for row in snapshots(instance, self.access, before=before)]})


class Snapshot(FettleView):
    """All variables right before and right after an edit, and what differs."""

    tag = TAG
    answer = all_of(snapshot=SNAPSHOT, before=STATE, after=STATE, differences=array(DIFFERENCE))

    def get(self, request: Request, key: str) -> Response:
        instance, row = snapshot(self.key(key, A_SNAPSHOT), self.access)
        before, after = state_before(instance, row.at), state_at(instance, row.at)
        return Response({"snapshot": _snapshot(row), **_compared(before, after, "before", "after")})


class Comparison(FettleView):
    """Two states of variables and what differs between them: of one process instance at two moments, or of two."""

    tag = TAG
    parameters = {
        "left": "now:KEY or at:KEY:TIME of a process instance, before:KEY or after:KEY of a snapshot.",
        "right": "As left.",
    }
    answer = all_of(left=STATE, right=STATE, differences=array(DIFFERENCE))

    def get(self, request: Request) -> Response:
        left, right = (state_of(request.query_params.get(side, ""), self.access) for side in ("left", "right"))
        return Response(_compared(left, right, "left", "right"))


class VariablesAt(FettleView):
    """All variables of a process instance as they were at a moment."""

    tag = TAG
    parameters = {"time": "A time with its offset, like 2026-01-02T03:04:05.678+00:00."}
    answer = STATE

    def get(self, request: Request, key: str) -> Response:
        instance = self.row(ProcessInstance.objects.all(), key)
        return Response(_state(state_at(instance, moment_of(request.query_params.get("time", "")))))


class RestoreSnapshot(ScopeView):
    """Restore what variables were before an edit, as an edit of its own with its own snapshot and audit event.

    Brought back are the variables that the edit has changed, or with `whole` all of their scope. With `seen` (versions by name)
    it is refused if they have changed since. With `dry_run` it is told what that would change, and nothing is written.
    """

    tag = TAG
    request_body = {
        "type": "object",
        "properties": {
            "reason": TEXT,
            "dry_run": FLAG,
            "whole": FLAG,
            "scope": {**KEY_SCHEMA, "description": "Needed if the edit has changed variables of several scopes."},
            "seen": VERSIONS,
        },
    }
    answer = {"oneOf": [SAVED, CHECKED]}

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        if not isinstance(body, dict):
            raise Rejected("Expected the body to be a JSON object.")
        instance, row = snapshot(self.key(key, A_SNAPSHOT), self.access)
        scope = body.get("scope")
        scope_key = None if scope is None else self.key(str(scope), "an element instance")
        if scope_key is not None:
            scope_of(scope_key, self.access)
        edit = restoring(instance, row, scope_key=scope_key, whole=_flag(body, "whole"), seen=_seen(body))
        reason = self.reason or f"Restored what was before snapshot {row.key}"
        return self.checked(edit, reason) if _flag(body, "dry_run") else self.save(edit, reason)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise Rejected(f"Expected '{name}' to be true or false.")
    return value


def _seen(body: Mapping[str, Any]) -> dict[str, str | None] | None:
    seen = body.get("seen")
    if seen is not None and not (
        isinstance(seen, dict) and all(version is None or isinstance(version, str) for version in seen.values())
    ):
        raise Rejected("Expected 'seen' to be the versions of variables by name.")
    return seen


def _snapshot(row: SnapshotRow) -> dict[str, Any]:
    return {
        "key": str(row.key),
        "process_instance_key": str(row.process_instance_key),
        "at": row.at.isoformat(),
        "actor": row.actor,
        "channel": row.channel,
        "event": row.event,
        "subject": row.subject,
        "reason": row.reason,
        "names": list(row.names),
        "scopes": [str(key) for key in row.scope_keys],
    }


def _compared(one: State, other: State, first: str, second: str) -> dict[str, Any]:
    return {
        first: _state(one),
        second: _state(other),
        "differences": [_difference(each) for each in compare(one, other)],
    }


def _state(state: State) -> dict[str, Any]:
    return {
        "process_instance_key": str(state.instance.key),
        "at": None if state.at is None else state.at.isoformat(),
        "scopes": [
            {
                "key": str(scope.key),
                "element_id": scope.element_id,
                "name": scope.name,
                "variables": {name: {"text": was.text, "type": was.type} for name, was in scope.variables.items()},
            }
            for scope in state.scopes
        ],
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "scope_name": found.scope_name,
        "left_scope": None if found.left_scope is None else str(found.left_scope),
        "right_scope": None if found.right_scope is None else str(found.right_scope),
        "name": found.name,
        "path": found.path,
        "kind": found.kind,
        "left": found.left,
        "right": found.right,
        "left_type": found.left_type,
        "right_type": found.right_type,
    }


__all__ = ["Comparison", "RestoreSnapshot", "Snapshot", "Snapshots", "VariablesAt"]
