"""Going back to user tasks that allow it, and telling to which one can."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from workflow.engine.errors import NotFound
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import OPEN_STATES
from workflow.engine.values import ExactValue
from workflow.models import ElementInstance, ProcessSnapshot, Variable
from workflow.modification import Modification
from workflow.modification.base import ModificationOptions
from workflow.modification.going_back import GoBack, PastFlow, PastInstance, PastState
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import executable_process
from workflow.persistence.json_values import from_json
from workflow.persistence.unit_of_work import SYSTEM, Context, unit_of_work
from workflow.services.instances import open_running
from workflow.services.settling import settle

EXACT = """
SELECT s.key::bigint, v.key, (v.value -> 'value')::text, v.value ->> 'type',
  coalesce(now.value::text = (v.value -> 'value')::text AND now.type = v.value ->> 'type', false)
FROM workflow_processsnapshot p CROSS JOIN jsonb_each(p.variables) s CROSS JOIN jsonb_each(s.value) v
LEFT JOIN workflow_variable now ON now.scope_key = s.key::bigint AND now.name = v.key
WHERE p.key = %s
"""
MAX_TARGETS = 100


@dataclass(frozen=True, slots=True)
class BackTarget:
    """A user task that one can go back to: its newest snapshot."""

    snapshot_key: int
    element_id: str
    element_name: str
    element_instance_key: int
    taken_at: datetime
    resets_variables: bool


@dataclass(frozen=True, slots=True)
class RestorableValue:
    """A variable that going back to a user task would change: its value then, or nothing if it did not exist."""

    element_id: str
    element_name: str
    snapshot_key: int
    taken_at: datetime
    scope_key: int
    name: str
    existed: bool
    value: object
    type: str


def back_targets(process_instance_key: int) -> list[BackTarget]:
    """The user tasks that a process instance can go back to, the newest first: left, and still in its model."""
    found = _newest(process_instance_key)
    keys = [each.element_instance_key for each in found]
    still_there = set(ElementInstance.objects.filter(pk__in=keys, state__in=OPEN_STATES).values_list("pk", flat=True))
    return [each for each in found if each.element_instance_key not in still_there]


def resetting_elements(process_instance_key: int) -> list[BackTarget]:
    """The user tasks that will bring variables back when somebody goes back to them: those that wait now, too."""
    return [each for each in _newest(process_instance_key) if each.resets_variables]


def _newest(process_instance_key: int) -> list[BackTarget]:
    rows = (
        ProcessSnapshot.objects.filter(process_instance=process_instance_key)
        .order_by("element_id", "-key")
        .distinct("element_id")
        .annotate(resets=Q(variables__isnull=False))
        .values_list("key", "element_id", "element_instance_key", "taken_at", "resets", "process_instance__definition")[
            :MAX_TARGETS
        ]
    )
    found = []
    for key, element_id, instance_key, taken_at, resets, definition_key in rows:
        node = executable_process(definition_key).elements.get(element_id)
        if node is not None:
            name = node.name or element_id
            found.append(BackTarget(key, element_id, name, instance_key, taken_at, resets))
    return sorted(found, key=lambda target: -target.snapshot_key)


def restorable_values(
    process_instance_key: int, names: Collection[str] | None = None, *, scope_key: int | None = None
) -> list[RestorableValue]:
    """What back navigation would bring back of these variables (of all, without names), where that differs from now.

    Only user tasks that reset the process data count, whether they wait now or were left: somebody may go back to either.
    """
    snapshots = (
        ProcessSnapshot.objects.filter(process_instance=process_instance_key, variables__isnull=False)
        .order_by("element_id", "-key")
        .distinct("element_id")
        .select_related("process_instance")[:MAX_TARGETS]
    )
    found = []
    now: dict[int, dict[str, Variable]] = {}
    for row in snapshots:
        node = executable_process(row.process_instance.definition_key).elements.get(row.element_id)
        if node is None:
            continue
        for scope, values in row.variables.items():
            if scope_key is not None and int(scope) != scope_key:
                continue
            if int(scope) not in now:
                now[int(scope)] = {each.name: each for each in Variable.objects.filter(scope_key=int(scope))}
            present = now[int(scope)]
            for name in sorted({*values, *present} if names is None else names):
                then, current = values.get(name), present.get(name)
                if (then is None and current is None) or (
                    then is not None and current is not None and (then["value"], then["type"]) == _pair(current)
                ):
                    continue
                found.append(
                    RestorableValue(
                        row.element_id,
                        node.name or row.element_id,
                        row.key,
                        row.taken_at,
                        int(scope),
                        name,
                        then is not None,
                        None if then is None else then["value"],
                        "" if then is None else then["type"],
                    )
                )
    return found


def _pair(row: Variable) -> tuple[object, str]:
    return row.value, row.type


def go_back(
    process_instance_key: int,
    *,
    element_id: str = "",
    snapshot_key: int | None = None,
    options: ModificationOptions | None = None,
    context: Context = SYSTEM,
) -> Outcome:
    """Return a running process instance to a user task, by its newest snapshot or by the one that is named.

    What lies behind the task is cancelled and the task starts again, all in one command. If the task resets the process data, the
    variables of its scopes are as they were when it began to wait: changed ones have their old values, new ones are gone.
    """
    with unit_of_work(context) as work:
        engine = open_running(work, process_instance_key)
        past = _past(process_instance_key, element_id, snapshot_key)
        Modification(engine).apply([GoBack(past)], options or ModificationOptions())
        settle(work)
        return outcome(engine, work.engines)


def _past(process_instance_key: int, element_id: str, snapshot_key: int | None) -> PastState:
    rows = ProcessSnapshot.objects.filter(process_instance=process_instance_key)
    rows = rows.filter(pk=snapshot_key) if snapshot_key is not None else rows.filter(element_id=element_id)
    row = rows.order_by("-pk").first()
    if row is None:
        which = f"snapshot '{snapshot_key}'" if snapshot_key is not None else f"user task '{element_id}'"
        raise NotFound(
            f"Expected process instance '{process_instance_key}' to have a {which} that one can go back to, but it has none. "
            "A task allows it with the extension property 'fettle.allowBack', and only after it has begun to wait."
        )
    return PastState(
        row.key,
        row.element_id,
        row.element_instance_key,
        tuple(PastInstance(**each) for each in row.marking["elements"]),
        tuple(PastFlow(**each) for each in row.marking["flows"]),
        *_variables(row),
    )


def _variables(row: ProcessSnapshot) -> tuple[dict[int, dict[str, ExactValue]] | None, frozenset[tuple[int, str]]]:
    """What the variables were, to the digit, and which of them are the same now; a scope that had none is there too."""
    if row.variables is None:
        return None, frozenset()
    found: dict[int, dict[str, ExactValue]] = {scope: {} for scope in row.scope_keys}
    unchanged = set()
    for scope, name, text, kind, is_unchanged in fetch(EXACT, (row.key,)):
        found[scope][name] = ExactValue(from_json(text), kind, text)
        if is_unchanged:
            unchanged.add((scope, name))
    return found, frozenset(unchanged)


__all__ = ["BackTarget", "RestorableValue", "back_targets", "go_back", "resetting_elements", "restorable_values"]
