"""Writing back what a command has changed: at most one insert and one update a table, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflow.engine.state import ElementInstance, FlowCount, ProcessInstanceState, VariableChange, VariableRow
from workflow.graph import ElementType
from workflow.persistence.connection import Statement
from workflow.persistence.json_values import to_json

Owned = tuple[ProcessInstanceState, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the type of the array that carries its values, and where a value comes from."""

    name: str
    type: str
    value: Callable[[ProcessInstanceState, Any], object]
    expression: str = ""
    """How the stored value is made from the carried one; itself if empty."""
    update: str = ""
    """How an update makes it from the carried one and the stored row `t`, if not so."""

    @property
    def stored(self) -> str:
        return self.expression or f"u.{self.name}"


def _of(name: str, type: str) -> Column:
    def value(state: ProcessInstanceState, row: Any) -> object:
        return getattr(row, name)

    return Column(name, type, value)


def _json(name: str) -> Column:
    return Column(name, "text", lambda state, row: to_json(getattr(row, name)), f"u.{name}::jsonb")


def _names(name: str) -> Column:
    return Column(
        name,
        "text",
        lambda state, row: to_json(getattr(row, name)),
        f"ARRAY(SELECT jsonb_array_elements_text(u.{name}::jsonb))",
    )


KEY = _of("key", "bigint")
INSTANCE = Column("process_instance_key", "bigint", lambda state, row: state.key)
ROOT = Column("root_process_instance_key", "bigint", lambda state, row: state.root_key)
WORKSPACE = Column("workspace_id", "bigint", lambda state, row: state.workspace_id)
DEFINITION = Column("definition_key", "bigint", lambda state, row: state.definition_key)


END = ("state", "ended_at")


class Table:
    """A table with what is inserted and what is updated later.

    Several rows travel as an array for each column. One row, the most frequent number, travels as plain values: that takes
    a third less time, and an update by key is never planned as a scan of a table that was small once. Rows that only ended
    travel without the rest, unless others of the table have changed: one update a table is enough. What only a migration
    changes is written for process instances that this command has migrated, and takes the place of the plain update.
    """

    def __init__(
        self, name: str, fixed: Sequence[Column], changing: Sequence[Column], migrating: Sequence[Column] = ()
    ) -> None:
        self._inserted = columns = (*fixed, *changing)
        self._updated = (*changing, KEY)
        self._migrated = (*{column.name: column for column in (*changing, *migrating)}.values(), KEY)
        names = ", ".join(column.name for column in columns)
        stored = ", ".join(column.stored for column in columns)
        self._insert = f"INSERT INTO {name} ({names}) SELECT {stored} FROM {_unnest(columns)}"
        self._insert_one = f"INSERT INTO {name} ({names}) VALUES ({', '.join(_alone(c, c.stored) for c in columns)})"
        self._update = _update_of(name, self._updated)
        self._migrate = _update_of(name, self._migrated)
        self._update_one = _update_one_of(name, self._updated)
        self._ended = (*(column for column in changing if column.name in END), KEY)
        self._end = _update_of(name, self._ended)
        self._end_one = _update_one_of(name, self._ended)

    def statements(self, rows: Iterable[Owned]) -> list[Statement]:
        """What writes these rows, each as new, as changed or not at all."""
        new: list[Owned] = []
        changed: list[Owned] = []
        ended: list[Owned] = []
        migrated: list[Owned] = []
        for owned in rows:
            row = owned[1]
            if row.is_new:
                new.append(owned)
            elif owned[0].is_migrated and (row.is_changed or row.is_ended):
                migrated.append(owned)
            elif row.is_changed:
                changed.append(owned)
            elif row.is_ended:
                ended.append(owned)
        statements: list[Statement] = []
        if new:
            statements.append(_written(self._insert_one, self._insert, self._inserted, new))
        if changed:
            changed += ended
            statements.append(_written(self._update_one, self._update, self._updated, changed))
        elif ended:
            statements.append(_written(self._end_one, self._end, self._ended, ended))
        if migrated:
            statements.append((self._migrate, _carry(self._migrated, migrated)))
        return statements


def _written(one: str, several: str, columns: Sequence[Column], rows: Sequence[Owned]) -> Statement:
    return (one, _values(columns, rows[0])) if len(rows) == 1 else (several, _carry(columns, rows))


def _update_one_of(name: str, columns: Sequence[Column]) -> str:
    changes = ", ".join(f"{c.name} = {_alone(c, c.update or c.stored)}" for c in columns if c is not KEY)
    return f"UPDATE {name} t SET {changes} WHERE t.key = %s::bigint"


def _update_of(name: str, columns: Sequence[Column]) -> str:
    changes = ", ".join(f"{column.name} = {column.update or column.stored}" for column in columns if column is not KEY)
    return f"UPDATE {name} t SET {changes} FROM {_unnest(columns)} WHERE t.key = u.key"


def _alone(column: Column, stored: str) -> str:
    """How a value is stored that travels by itself."""
    return stored.replace(f"u.{column.name}", f"%s::{column.type}")


def _values(columns: Sequence[Column], owned: Owned) -> list[object]:
    state, row = owned
    return [column.value(state, row) for column in columns]


def _unnest(columns: Sequence[Column]) -> str:
    arrays = ", ".join(f"%s::{column.type}[]" for column in columns)
    names = ", ".join(column.name for column in columns)
    return f"unnest({arrays}) AS u({names})"


def _carry(columns: Sequence[Column], rows: Sequence[Owned]) -> list[object]:
    return [_literal([column.value(state, row) for state, row in rows]) for column in columns]


def _literal(values: Sequence[object]) -> str:
    """An array as PostgreSQL writes it. psycopg can do that too, at ten times the cost for short lists."""
    return "{" + ",".join([_ITEMS[type(value)](value) for value in values]) + "}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_ITEMS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    bool: lambda value: "t" if value else "f",
    int: str,
    str: _quoted,
    datetime: lambda value: f'"{value.isoformat()}"',
}
array = _literal


OF_ELEMENT = (
    Column("element_id", "text", lambda state, row: row.element.id),
    Column("element_type", "text", lambda state, row: row.element.type.value),
    Column("flow_scope_key", "bigint", lambda state, row: row.scope.key),
)
OF_DEFINITION = (DEFINITION, _of("element_id", "text"))

ELEMENT_INSTANCES = Table(
    "workflow_elementinstance",
    (KEY, INSTANCE, ROOT, *OF_ELEMENT),
    (
        _of("state", "text"),
        _of("active_children", "int"),
        _of("completed_children", "int"),
        _of("loop_counter", "int"),
        Column(
            "started_at",
            "timestamptz",
            lambda state, row: row.started_at,
            update="coalesce(u.started_at, t.started_at)",
        ),
        _of("ended_at", "timestamptz"),
    ),
    migrating=(
        *OF_ELEMENT,
        Column(  # ended ones migrate too where they can still be undone, and when they ended is not loaded
            "ended_at", "timestamptz", lambda state, row: row.ended_at, update="coalesce(u.ended_at, t.ended_at)"
        ),
    ),
)

VARIABLES = Table(
    "workflow_variable",
    (
        KEY,
        INSTANCE,
        ROOT,
        _of("scope_key", "bigint"),
        _of("name", "text"),
        _of("is_initial", "boolean"),
        _of("created_at", "timestamptz"),
    ),
    (
        Column("value", "text", lambda state, row: row.text or to_json(row.value), "u.value::jsonb"),
        _of("type", "text"),
        _of("revision", "int"),
        Column("updated_at", "timestamptz", lambda state, row: row.updated_at),
    ),
)

JOBS = Table(
    "workflow_job",
    (
        KEY,
        INSTANCE,
        ROOT,
        WORKSPACE,
        DEFINITION,
        _of("element_instance_key", "bigint"),
        _of("element_id", "text"),
        _of("kind", "text"),
        _of("type", "text"),
        _json("custom_headers"),
        _of("exclusive", "boolean"),
        _of("created_at", "timestamptz"),
    ),
    (
        _of("state", "text"),
        _of("retries", "int"),
        _of("priority", "bigint"),
        _of("worker", "text"),
        _of("locked_until", "timestamptz"),
        _of("due_at", "timestamptz"),
        _of("repeat", "text"),
        _of("error_code", "text"),
        _of("error_message", "text"),
        _of("error_details", "text"),
        _of("suspended", "boolean"),
        _of("ended_at", "timestamptz"),
    ),
    migrating=(*OF_DEFINITION, _json("custom_headers")),
)

USER_TASKS = Table(
    "workflow_usertask",
    (
        KEY,
        INSTANCE,
        ROOT,
        WORKSPACE,
        DEFINITION,
        _of("element_instance_key", "bigint"),
        _of("element_id", "text"),
        _of("form_key", "text"),
        Column("form", "text", lambda state, row: None if row.form is None else to_json(row.form), "u.form::jsonb"),
        _of("created_at", "timestamptz"),
    ),
    (
        _of("state", "text"),
        _of("name", "text"),
        _of("assignee", "text"),
        _of("owner", "text"),
        _of("delegation_state", "text"),
        _names("candidate_users"),
        _names("candidate_groups"),
        _of("due_at", "timestamptz"),
        _of("follow_up_at", "timestamptz"),
        _of("priority", "int"),
        _of("suspended", "boolean"),
        _of("ended_at", "timestamptz"),
    ),
    migrating=OF_DEFINITION,
)

INCIDENTS = Table(
    "workflow_incident",
    (
        KEY,
        INSTANCE,
        ROOT,
        WORKSPACE,
        DEFINITION,
        _of("element_instance_key", "bigint"),
        _of("element_id", "text"),
        _of("job_key", "bigint"),
        _of("error_type", "text"),
        _of("message", "text"),
        _of("created_at", "timestamptz"),
    ),
    (_of("state", "text"), _of("resolved_at", "timestamptz")),
    migrating=OF_DEFINITION,
)

SUBSCRIPTIONS = Table(
    "workflow_eventsubscription",
    (
        KEY,
        INSTANCE,
        ROOT,
        WORKSPACE,
        DEFINITION,
        _of("element_instance_key", "bigint"),
        _of("element_id", "text"),
        _of("kind", "text"),
        _of("name", "text"),
        _of("correlation_key", "text"),
        _of("compensated_key", "bigint"),
        _of("created_at", "timestamptz"),
    ),
    (_of("state", "text"), _of("ended_at", "timestamptz")),
    migrating=(*OF_DEFINITION, _of("name", "text"), _of("element_instance_key", "bigint")),
)

PROCESS_INSTANCE_INSERT = """
INSERT INTO workflow_processinstance (key, workspace_id, definition_key, process_id, version, root_process_instance_key,
  parent_process_instance_key, parent_element_instance_key, business_key, state, suspended, revision, active_children,
  open_incidents, started_at, ended_at, start_element_id, start_reason, end_reason, restarted_from_key, tags,
  terminate_after, last_key)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::text[], %s::text[], %s)
"""

PROCESS_INSTANCE_UPDATE = """
UPDATE workflow_processinstance t SET state = u.state, suspended = u.suspended, revision = u.revision,
  active_children = u.active_children, open_incidents = u.open_incidents, ended_at = u.ended_at,
  business_key = u.business_key, end_reason = coalesce(nullif(u.end_reason, ''), t.end_reason),
  last_key = greatest(t.last_key, u.last_key)
FROM unnest(%s::text[], %s::boolean[], %s::bigint[], %s::int[], %s::int[], %s::timestamptz[], %s::text[], %s::text[],
  %s::bigint[], %s::bigint[])
  AS u(state, suspended, revision, active_children, open_incidents, ended_at, business_key, end_reason, last_key, key)
WHERE t.key = u.key
"""
PROCESS_INSTANCE_UPDATE_ONE = """
UPDATE workflow_processinstance t SET state = %s, suspended = %s, revision = %s, active_children = %s, open_incidents = %s,
  ended_at = %s, business_key = %s, end_reason = coalesce(nullif(%s::text, ''), t.end_reason),
  last_key = greatest(t.last_key, %s)
WHERE t.key = %s
"""

PROCESS_INSTANCE_MIGRATE = """
UPDATE workflow_processinstance t SET definition_key = u.definition_key, process_id = u.process_id, version = u.version
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::int[]) AS u(key, definition_key, process_id, version)
WHERE t.key = u.key
"""

FLOWS_UPSERT = """
INSERT INTO workflow_sequenceflowtaken AS t
  (flow_scope_key, flow_id, process_instance_key, root_process_instance_key, taken, waiting)
SELECT u.scope, u.flow, u.instance, u.root, u.taken, u.waiting
FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::int[], %s::int[])
  AS u(scope, flow, instance, root, taken, waiting)
ON CONFLICT (flow_scope_key, flow_id) DO UPDATE SET taken = t.taken + excluded.taken, waiting = excluded.waiting
"""

FORMER_VALUES_INSERT = """
INSERT INTO workflow_formervalue (variable_key, revision, process_instance_key, root_process_instance_key, scope_key, name,
  value, type, is_initial, is_deleted, created_at, replaced_at)
SELECT v.key, v.revision, v.process_instance_key, v.root_process_instance_key, v.scope_key, v.name, v.value, v.type,
  v.is_initial, u.deleted, v.created_at, %s::timestamptz
FROM unnest(%s::bigint[], %s::boolean[]) AS u(variable, deleted) JOIN workflow_variable v ON v.key = u.variable
ON CONFLICT (variable_key, revision) DO NOTHING
"""
FORMER_VALUE_INSERT_ONE = """
INSERT INTO workflow_formervalue (variable_key, revision, process_instance_key, root_process_instance_key, scope_key, name,
  value, type, is_initial, is_deleted, created_at, replaced_at)
SELECT v.key, v.revision, v.process_instance_key, v.root_process_instance_key, v.scope_key, v.name, v.value, v.type,
  v.is_initial, %s::boolean, v.created_at, %s::timestamptz
FROM workflow_variable v WHERE v.key = %s::bigint
ON CONFLICT (variable_key, revision) DO NOTHING
"""
"""Written before the variables are: the database has the values that are replaced, with all their digits."""

FIRST_VALUES_INSERT = """
INSERT INTO workflow_formervalue (variable_key, revision, process_instance_key, root_process_instance_key, scope_key, name,
  value, type, is_initial, is_deleted, created_at, replaced_at)
SELECT u.variable, 1, u.instance, u.root, u.instance, u.name, u.value::jsonb, u.type, true, false, %s::timestamptz,
  %s::timestamptz
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])
  AS u(variable, instance, root, name, value, type)
"""

VARIABLES_DELETE = "DELETE FROM workflow_variable WHERE key = ANY(%s::bigint[])"


def statements(states: Sequence[ProcessInstanceState], last_key: int, now: datetime) -> list[Statement]:
    """Everything that stores these process instances as they are now."""
    found = [*_new_instances(states, last_key), *_changed_instances(states, last_key), *_migrated_instances(states)]
    found += ELEMENT_INSTANCES.statements(_element_instances(states))
    found += _first_values(states, now)
    found += _former_values(states, now)
    found += _deleted_variables(states)
    found += VARIABLES.statements(
        (state, row) for state in states for row in state.variables() if not _is_over(state, row)
    )
    found += JOBS.statements((state, row) for state in states for row in state.jobs.values())
    found += USER_TASKS.statements((state, row) for state in states for row in state.user_tasks.values())
    found += INCIDENTS.statements((state, row) for state in states for row in state.incidents.values())
    found += SUBSCRIPTIONS.statements((state, row) for state in states for row in state.subscriptions.values())
    found += _flows(states)
    return found


def _element_instances(
    states: Sequence[ProcessInstanceState],
) -> Iterable[tuple[ProcessInstanceState, ElementInstance]]:
    return ((state, row) for state in states for row in state.elements.values() if row.scope is not None)


def _new_instances(states: Sequence[ProcessInstanceState], last_key: int) -> list[Statement]:
    return [
        (
            PROCESS_INSTANCE_INSERT,
            (
                state.key,
                state.workspace_id,
                state.definition_key,
                state.process.id,
                state.version,
                state.root_key,
                state.parent_key,
                state.parent_element_instance_key,
                state.business_key,
                state.state,
                state.suspended,
                state.revision,
                state.root.active_children,
                state.open_incidents,
                state.started_at,
                state.ended_at,
                state.start_element_id,
                state.start_reason,
                state.end_reason,
                state.restarted_from_key,
                _literal(state.tags),
                _literal(state.terminate_after),
                last_key,
            ),
        )
        for state in states
        if state.is_new
    ]


def _changed_instances(states: Sequence[ProcessInstanceState], last_key: int) -> list[Statement]:
    # What had ended before this command is not changed by it, and when it ended was not loaded.
    changed = [state for state in states if not state.is_new and (state.is_active or state.ended_at is not None)]
    if not changed:
        return []
    rows = [_changing(state, last_key) for state in changed]
    if len(rows) == 1:
        return [(PROCESS_INSTANCE_UPDATE_ONE, rows[0])]
    return [(PROCESS_INSTANCE_UPDATE, [_literal(column) for column in zip(*rows, strict=True)])]


def _changing(state: ProcessInstanceState, last_key: int) -> Sequence[object]:
    return (
        state.state,
        state.suspended,
        state.revision + 1,
        state.root.active_children,
        state.open_incidents,
        state.ended_at,
        state.business_key,
        state.end_reason,
        last_key,
        state.key,
    )


def _migrated_instances(states: Sequence[ProcessInstanceState]) -> list[Statement]:
    migrated = [state for state in states if state.is_migrated]
    if not migrated:
        return []
    columns: list[Sequence[object]] = [
        [state.key for state in migrated],
        [state.definition_key for state in migrated],
        [state.process.id for state in migrated],
        [state.version for state in migrated],
    ]
    return [(PROCESS_INSTANCE_MIGRATE, [_literal(column) for column in columns])]


def _is_over(state: ProcessInstanceState, row: VariableRow) -> bool:
    """The counter and item of an iteration that began and ended in this very command: nobody could ever see them."""
    if not (row.is_of_loop and row.is_new) or row.revision > 1:
        return False
    return not state.elements[row.scope_key].is_open


def _first_values(states: Sequence[ProcessInstanceState], now: datetime) -> list[Statement]:
    """What new process instances were given and have replaced in the same command; a restart may ask for it."""
    found = [
        (row.key, state.key, state.root_key, row.name, row.first[2] or to_json(row.first[0]), row.first[1])
        for state in states
        if state.is_new
        for row in state.root.variables.values()
        if row.first is not None
    ]
    return (
        [(FIRST_VALUES_INSERT, [now, now, *(_literal(column) for column in zip(*found, strict=True))])] if found else []
    )


def _former_values(states: Sequence[ProcessInstanceState], now: datetime) -> list[Statement]:
    """What commands have replaced; a multi-instance body counts in variables, which is no history."""
    replaced = [
        change
        for state in states
        if not state.is_new
        for change in state.variable_changes.values()
        if change.existed and not _is_counter(state, change)
    ]
    if not replaced:
        return []
    if len(replaced) == 1:
        return [(FORMER_VALUE_INSERT_ONE, (replaced[0].deleted, now, replaced[0].variable_key))]
    columns: list[Sequence[object]] = [
        [change.variable_key for change in replaced],
        [change.deleted for change in replaced],
    ]
    return [(FORMER_VALUES_INSERT, [now, *(_literal(column) for column in columns)])]


def _is_counter(state: ProcessInstanceState, change: VariableChange) -> bool:
    scope = state.elements.get(change.scope_key)
    return scope is not None and scope.element.type is ElementType.MULTI_INSTANCE_BODY


def _deleted_variables(states: Sequence[ProcessInstanceState]) -> list[Statement]:
    keys = [row.key for state in states for row in state.deleted_variables]
    return [(VARIABLES_DELETE, (_literal(keys),))] if keys else []


def _flows(states: Sequence[ProcessInstanceState]) -> list[Statement]:
    changed: list[tuple[ProcessInstanceState, FlowCount]] = [
        (state, count) for state in states for count in state.flows.values() if count.is_changed
    ]
    if not changed:
        return []
    columns: list[Sequence[object]] = [
        [count.scope_key for _, count in changed],
        [count.flow_id for _, count in changed],
        [state.key for state, _ in changed],
        [state.root_key for state, _ in changed],
        [count.taken for _, count in changed],
        [count.waiting for _, count in changed],
    ]
    return [(FLOWS_UPSERT, [_literal(column) for column in columns])]
