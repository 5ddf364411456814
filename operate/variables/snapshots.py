"""What variables were: the snapshots that edits have taken, all variables at any moment, and going back to what was.

A snapshot is an audit event with the values from before it. The values of everything else at that moment are found by the times
that former values were replaced at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import QuerySet
from django.utils.translation import gettext

from audit.models import VariableSnapshot
from operate.masking.masks import Masks
from operate.variables import exact
from operate.variables.differences import parts
from operate.variables.edits import Edit, NewValue
from operate.variables.merging import MISSING
from operate.variables.reading import masking, name_of, shown, variables, visible
from operate.workspaces import Access, Right
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ElementInstance, ProcessInstance
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import executable_process

AT_ONCE = 200
MOST_DIFFERENCES = 2_000
KEY_LIMIT = 2**63

STATE = """
WITH series AS (
  SELECT v.scope_key, v.name, v.value::text AS text, v.type, v.updated_at AS since, NULL::timestamptz AS until
  FROM workflow_variable v WHERE v.process_instance_key = %(instance)s::bigint
  UNION ALL
  SELECT f.scope_key, f.name, f.value::text, f.type,
    coalesce(lag(f.replaced_at) OVER (PARTITION BY f.variable_key ORDER BY f.revision), f.created_at, '-infinity'), f.replaced_at
  FROM workflow_formervalue f WHERE f.process_instance_key = %(instance)s::bigint)
SELECT s.scope_key, s.name, coalesce(s.text, 'null'), s.type, e.element_id
FROM series s LEFT JOIN workflow_elementinstance e ON e.key = s.scope_key
WHERE {since} AND (s.until IS NULL OR {until}) AND (e.key IS NULL OR e.ended_at IS NULL OR {ended})
ORDER BY s.scope_key, s.name COLLATE "C"
"""
MOMENT = "%(moment)s::timestamptz"
NOW = STATE.format(since="s.until IS NULL", until="false", ended="false")
AFTER = STATE.format(since=f"s.since <= {MOMENT}", until=f"s.until > {MOMENT}", ended=f"e.ended_at > {MOMENT}")
BEFORE = STATE.format(since=f"s.since < {MOMENT}", until=f"s.until >= {MOMENT}", ended=f"e.ended_at >= {MOMENT}")
SNAPSHOT_TEXTS = """
SELECT name, existed, coalesce(value::text, 'null'), type FROM audit_variablesnapshot
WHERE audit_event_key = %s::bigint AND scope_key = %s::bigint ORDER BY name COLLATE "C"
"""


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One edit that has kept what was; who and why only for who may read the audit log."""

    key: int
    process_instance_key: int
    at: datetime
    actor: str
    channel: str
    event: str
    subject: str
    reason: str
    names: Sequence[str]
    scope_keys: Sequence[int]


@dataclass(frozen=True, slots=True)
class Was:
    """A variable at some moment."""

    text: str
    type: str


@dataclass(frozen=True, slots=True)
class ScopeState:
    """The variables of one scope at some moment, by name."""

    key: int
    element_id: str
    name: str
    variables: Mapping[str, Was]

    def document(self) -> str:
        """All of them as one JSON object."""
        return exact.dump({name: exact.parse(was.text, name) for name, was in self.variables.items()}, exact.INDENT)


@dataclass(frozen=True, slots=True)
class State:
    """All variables of a process instance at some moment; None stands for now."""

    instance: ProcessInstance
    at: datetime | None
    scopes: Sequence[ScopeState] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that differs between two states. Scopes are None where only the other state has them."""

    left_scope: int | None
    right_scope: int | None
    scope_name: str
    name: str
    path: str
    kind: str
    left: str | None
    right: str | None
    left_type: str
    right_type: str


# -- the list


def snapshots(instance: ProcessInstance, access: Access, *, before: int | None = None) -> list[SnapshotRow]:
    """The latest 200 snapshots of a visible process instance, or those before one; one query."""
    rows = _events(VariableSnapshot.objects.filter(process_instance_key=instance.key))
    if before is not None:
        rows = rows.filter(audit_event_key__lt=before)
    is_told = access.may(Right.VIEW_AUDIT, instance.workspace_id)
    return [_row(values, is_told) for values in rows[:AT_ONCE]]


def snapshot(key: int, access: Access) -> tuple[ProcessInstance, SnapshotRow]:
    """One snapshot and its process instance; NotFound if there is none, or none that may be seen."""
    values = _events(VariableSnapshot.objects.filter(audit_event_key=key)).first()
    instance = None
    if values is not None:
        instance = visible(ProcessInstance.objects, access).filter(pk=values["process_instance_key"]).first()
    if values is None or instance is None:
        raise NotFound(f"Expected to find a snapshot with key '{key}', but there is none.")
    return instance, _row(values, access.may(Right.VIEW_AUDIT, instance.workspace_id))


def _events(rows: QuerySet[VariableSnapshot]) -> QuerySet[Any, dict[str, Any]]:
    columns = ("at", "actor_name", "channel", "event", "subject", "reason")
    return (
        rows.order_by("-audit_event_key")
        .values("audit_event_key", "process_instance_key", *(f"audit_event__{name}" for name in columns))
        .annotate(names=ArrayAgg("name", distinct=True), scope_keys=ArrayAgg("scope_key", distinct=True))
    )


def _row(values: Mapping[str, Any], is_told: bool) -> SnapshotRow:
    return SnapshotRow(
        values["audit_event_key"],
        values["process_instance_key"],
        values["audit_event__at"],
        (values["audit_event__actor_name"] or gettext("system")) if is_told else "",
        values["audit_event__channel"],
        values["audit_event__event"],
        values["audit_event__subject"],
        values["audit_event__reason"] if is_told else "",
        values["names"],
        values["scope_keys"],
    )


# -- states


def state_now(instance: ProcessInstance, masks: Masks | None = None) -> State:
    """All variables as they are, of the scopes that have not ended."""
    return _state(instance, None, NOW, masks)


def state_at(instance: ProcessInstance, moment: datetime, masks: Masks | None = None) -> State:
    """All variables as they were right after what happened at that moment."""
    return _state(instance, moment, AFTER, masks)


def state_before(instance: ProcessInstance, moment: datetime, masks: Masks | None = None) -> State:
    """All variables as they were right before what happened at that moment."""
    return _state(instance, moment, BEFORE, masks)


def state_of(reference: str, access: Access, masks: Masks | None = None) -> State:
    """The state that a reference names.

    `now:KEY` of a process instance, `before:KEY` and `after:KEY` of a snapshot, or `at:KEY:TIME` with an ISO time.
    """
    kind, _, rest = reference.partition(":")
    text, _, time = rest.partition(":")
    key = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 0 < key < KEY_LIMIT or bool(time) != (kind == "at"):
        raise _unreadable(reference)
    if kind in ("before", "after"):
        instance, row = snapshot(key, access)
        return (state_before if kind == "before" else state_at)(instance, row.at, masks)
    if kind not in ("now", "at"):
        raise _unreadable(reference)
    found = visible(ProcessInstance.objects, access).filter(pk=key).first()
    if found is None:
        raise NotFound(f"Expected to find a process instance with key '{key}', but there is none.")
    return state_now(found, masks) if kind == "now" else state_at(found, moment_of(time), masks)


def moment_of(text: str) -> datetime:
    """The moment that an ISO text with an offset means; Rejected otherwise."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Rejected(f"Expected a time like 2026-01-02T03:04:05.678+00:00, found '{text[:60]}'.")
    return moment


def _unreadable(reference: str) -> Rejected:
    return Rejected(
        "Expected now:KEY or at:KEY:TIME of a process instance, or before:KEY or after:KEY of a snapshot, "
        f"found '{reference[:80]}'."
    )


def _state(instance: ProcessInstance, moment: datetime | None, sql: str, masks: Masks | None) -> State:
    rows = fetch(sql, {"instance": str(instance.key)} | ({} if moment is None else {"moment": moment}))
    patterns = masking(instance, masks)
    found: dict[int, dict[str, Was]] = {instance.key: {}}
    elements: dict[int, str] = {instance.key: instance.process_id}
    for scope_key, name, text, kind, element_id in rows:
        found.setdefault(scope_key, {})[name] = Was(shown(name, text, patterns)[0] or "null", kind)
        elements.setdefault(scope_key, element_id or "")
    process = executable_process(instance.definition_key)
    scopes = [
        ScopeState(key, elements[key], "Process" if key == instance.key else name_of(process, elements[key]), values)
        for key, values in found.items()
    ]
    return State(instance, moment, scopes)


# -- comparing


def compare(left: State, right: State) -> list[Difference]:
    """What differs, scope by scope: of two process instances the scopes of one element, in the order of their keys."""
    return list(islice(_differences(left, right), MOST_DIFFERENCES))


def _differences(left: State, right: State) -> Iterator[Difference]:
    for one, other in _pairs(left, right):
        mine: Mapping[str, Was] = one.variables if one is not None else {}
        theirs: Mapping[str, Was] = other.variables if other is not None else {}
        scope = one if one is not None else other
        for name in sorted({*mine, *theirs}):
            was, now = mine.get(name), theirs.get(name)
            if was == now:
                continue
            types = (was.type if was else "", now.type if now else "")
            for part in parts(_value(name, was), _value(name, now), name):
                yield Difference(
                    one.key if one else None,
                    other.key if other else None,
                    scope.name if scope else "",
                    name,
                    part.path,
                    part.kind,
                    part.left,
                    part.right,
                    *types,
                )


def _value(name: str, was: Was | None) -> Any:
    return MISSING if was is None else exact.parse(was.text, name)


def _pairs(left: State, right: State) -> Iterable[tuple[ScopeState | None, ScopeState | None]]:
    is_one = left.instance.key == right.instance.key
    ours, theirs = _by_place(left, is_one), _by_place(right, is_one)
    return [(ours.get(place), theirs.get(place)) for place in dict.fromkeys([*ours, *theirs])]


def _by_place(state: State, by_key: bool) -> dict[tuple[str, int], ScopeState]:
    """Scopes by their keys within one process instance, else by element and number."""
    found: dict[tuple[str, int], ScopeState] = {}
    numbers: dict[str, int] = defaultdict(int)
    for scope in state.scopes:
        if by_key:
            found["", scope.key] = scope
            continue
        element = "" if scope.key == state.instance.key else scope.element_id
        found[element, numbers[element]] = scope
        numbers[element] += 1
    return found


# -- going back to what was


def restoring(
    instance: ProcessInstance,
    row: SnapshotRow,
    *,
    scope_key: int | None = None,
    whole: bool = False,
    seen: Mapping[str, str | None] | None = None,
) -> Edit:
    """The edit that brings back what was before a snapshot's edit: what that one has changed, or the `whole` scope.

    Without `seen` the versions of right now are taken for it.
    """
    if scope_key is None:
        if len(row.scope_keys) > 1:
            raise Rejected(
                f"Snapshot '{row.key}' has variables of {len(row.scope_keys)} scopes. Name the one to restore: "
                f"{', '.join(f'{key}' for key in row.scope_keys)}."
            )
        (scope_key,) = row.scope_keys
    present = {each.name: each.version for each in variables(instance, scope_key, cut=0)}
    if whole:
        values, gone = _whole_scope(instance, row, scope_key, present)
    else:
        found = fetch(SNAPSHOT_TEXTS, (str(row.key), str(scope_key)))
        values = {name: (text, kind) for name, existed, text, kind in found if existed}
        gone = [name for name, existed, _text, _kind in found if not existed and name in present]
    _refuse_ended_scope(instance, scope_key)
    new = {name: NewValue(exact.parse(text, name), kind or None) for name, (text, kind) in values.items()}
    versions = present if seen is None else seen
    return Edit(scope_key, new, gone, versions, accept_types=None, restored_from=row.key)


def _whole_scope(
    instance: ProcessInstance, row: SnapshotRow, scope_key: int, present: Iterable[str]
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    state = _state(instance, row.at, BEFORE, Masks({}))
    was = next((scope.variables for scope in state.scopes if scope.key == scope_key), {})
    return {name: (each.text, each.type) for name, each in was.items()}, [name for name in present if name not in was]


def _refuse_ended_scope(instance: ProcessInstance, scope_key: int) -> None:
    """A snapshot tells of scopes that are gone; say so before the edit looks for them."""
    if scope_key == instance.key:
        return
    if not ElementInstance.objects.filter(pk=scope_key, process_instance=instance.key).exists():
        raise NotFound(
            f"Expected process instance '{instance.key}' to have a scope with key '{scope_key}', but it has none."
        )


__all__ = [
    "Difference",
    "ScopeState",
    "SnapshotRow",
    "State",
    "Was",
    "compare",
    "moment_of",
    "restoring",
    "snapshot",
    "snapshots",
    "state_at",
    "state_before",
    "state_now",
    "state_of",
]
