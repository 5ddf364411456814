"""What a command has done (or, in a dry run, would do), as plain facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from workflow.engine.engine import Engine
from workflow.engine.state import (
    ACTIVE,
    COMPLETED,
    CREATED,
    FAILED,
    TERMINATED,
    ElementInstance,
    IncidentRow,
    JobRow,
    SubscriptionRow,
    UserTaskRow,
    VariableChange,
)


@dataclass(slots=True, unsafe_hash=True)
class ElementFact:
    """One element instance that a command has made or ended."""

    key: int
    element_id: str
    element_type: str
    flow_scope_key: int


@dataclass(slots=True, unsafe_hash=True)
class RowFact:
    """A job, user task, incident or event subscription that a command has made or closed."""

    key: int
    element_id: str
    label: str
    kind: str = ""
    """Of jobs and event subscriptions."""


@dataclass(frozen=True, slots=True)
class CalledFact:
    """A called process instance that a command has started or ended, directly or not."""

    key: int
    process_id: str
    state: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class MigratedFact:
    """One element instance that a migration has made one of another element."""

    key: int
    from_element_id: str
    element_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One process instance after a command."""

    process_instance_key: int
    workspace_id: int
    definition_key: int
    process_id: str
    version: int
    business_key: str | None
    state: str
    suspended: bool
    revision: int
    activated: tuple[ElementFact, ...]
    completed: tuple[ElementFact, ...]
    terminated: tuple[ElementFact, ...]
    variables: tuple[VariableChange, ...]
    jobs_created: tuple[RowFact, ...]
    user_tasks_created: tuple[RowFact, ...]
    incidents_created: tuple[RowFact, ...]
    incidents_resolved: tuple[RowFact, ...]
    all_variables: dict[str, object]
    """The variables of the process instance itself, as far as the command has loaded them."""
    migrated: tuple[MigratedFact, ...] = ()
    jobs_closed: tuple[RowFact, ...] = ()
    subscriptions_opened: tuple[RowFact, ...] = ()
    subscriptions_closed: tuple[RowFact, ...] = ()
    called: tuple[CalledFact, ...] = ()
    user_tasks_closed: tuple[RowFact, ...] = ()
    others: tuple[Outcome, ...] = ()
    """Other process instances that the command has changed: called ones, callers, who has caught a signal."""
    at: datetime | None = None
    """When that was: the time that all rows tell which the command has written."""
    migrated_from: int | None = None
    """The process definition that it has left, if the command was a migration."""

    def facts(self) -> dict[str, Any]:
        """All of this by name, for an outcome that tells more."""
        return {each.name: getattr(self, each.name) for each in fields(Outcome)}


def outcomes(engines: Sequence[Engine], everyone: Iterable[Engine]) -> tuple[Outcome, ...]:
    """What was done to each of these; who else was changed is told with the one of its call tree, else with the first."""
    own = {engine.state.key for engine in engines}
    others: dict[int, list[Engine]] = {engine.state.root_key: [] for engine in engines}
    for other in everyone:
        if engines and other.state.key not in own:
            others.get(other.state.root_key, others[engines[0].state.root_key]).append(other)
    return tuple(outcome(engine, others.pop(engine.state.root_key, ())) for engine in engines)


def outcome(engine: Engine, others: Iterable[Engine] = ()) -> Outcome:
    """What the engine has done to its process instance, and to those of `others`."""
    state = engine.state
    others = [other for other in others if other is not engine]
    return Outcome(
        state.key,
        state.workspace_id,
        state.definition_key,
        state.process.id,
        state.version,
        state.business_key,
        state.state,
        state.suspended,
        state.revision + (0 if state.is_new else 1),
        _elements(engine.activated),
        _elements(instance for instance in engine.ended if instance.state == COMPLETED),
        _elements(instance for instance in engine.ended if instance.state == TERMINATED),
        tuple(state.variable_changes.values()),
        tuple(_job(row) for row in state.jobs.values() if row.is_new and row.state == CREATED),
        tuple(_task(row) for row in state.user_tasks.values() if row.is_new and row.state == CREATED),
        tuple(_incident(row) for row in state.incidents.values() if row.is_new and row.state == ACTIVE),
        tuple(_incident(row) for row in state.incidents.values() if row.is_changed and row.state != ACTIVE),
        {name: row.value for name, row in state.root.variables.items()},
        tuple(MigratedFact(row.key, former.id, row.element.id) for row, former in engine.migrated),
        tuple(_job(row) for row in state.jobs.values() if _is_closed(row)),
        tuple(_subscription(row) for row in state.subscriptions.values() if row.is_new and row.state == CREATED),
        tuple(_subscription(row) for row in state.subscriptions.values() if _is_closed(row)),
        _called(engine, others),
        tuple(_task(row) for row in state.user_tasks.values() if _is_closed(row)),
        tuple(outcome(other) for other in others if _has_changed(other)),
        engine.now,
        state.migrated_from,
    )


def _has_changed(engine: Engine) -> bool:
    state = engine.state
    if state.is_new or engine.activated or engine.ended or engine.migrated or state.variable_changes:
        return True
    rows = (state.jobs, state.user_tasks, state.incidents, state.subscriptions)
    return any(row.is_new or row.is_changed or row.is_ended for table in rows for row in table.values())


def _called(engine: Engine, others: Iterable[Engine]) -> tuple[CalledFact, ...]:
    callers = {engine.state.key}
    found = []
    for other in others:
        state = other.state
        if state.parent_key not in callers:
            continue
        callers.add(state.key)
        if state.is_new or not state.is_active:
            found.append(CalledFact(state.key, state.process.id, state.state, state.is_new))
    return tuple(found)


def _is_closed(row: JobRow | UserTaskRow | SubscriptionRow) -> bool:
    return (row.is_ended or row.is_changed) and not row.is_new and row.state not in (CREATED, FAILED)


def _elements(instances: Iterable[ElementInstance]) -> tuple[ElementFact, ...]:
    return tuple(
        ElementFact(instance.key, instance.element.id, instance.element.type.value, instance.scope.key)
        for instance in instances
        if instance.scope is not None
    )


def _job(row: JobRow) -> RowFact:
    return RowFact(row.key, row.element_id, row.type, row.kind)


def _subscription(row: SubscriptionRow) -> RowFact:
    return RowFact(row.key, row.element_id, row.name, row.kind)


def _task(row: UserTaskRow) -> RowFact:
    return RowFact(row.key, row.element_id, row.name)


def _incident(row: IncidentRow) -> RowFact:
    return RowFact(row.key, row.element_id, row.error_type)
