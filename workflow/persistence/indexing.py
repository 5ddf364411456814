"""What follows from a command besides its rows: searchable values, keywords of user tasks, and process snapshots.

It all goes out in the pipeline of the command, so that whoever sees the new values finds by them. A process for which nothing is
configured costs nothing; else it is a constant number of statements, whatever the number of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from workflow.engine.state import CREATED, ElementInstance, ProcessInstanceState, UserTaskRow, VariableRow
from workflow.graph import DataPath
from workflow.persistence import keys
from workflow.persistence.connection import Statement
from workflow.persistence.data_paths import DataPaths, configuration
from workflow.persistence.data_values import IndexedValue, indexed_values, keyword_text
from workflow.persistence.json_values import to_json
from workflow.persistence.writing import array

DELETE_OF_INSTANCES = "DELETE FROM workflow_processdatavalue WHERE process_instance_key = ANY(%s::bigint[])"
DELETE_VALUES = """
DELETE FROM workflow_processdatavalue v USING unnest(%s::bigint[], %s::text[]) AS u(instance, path)
WHERE v.process_instance_key = u.instance AND v.path = u.path
"""
INSERT_VALUES = """
INSERT INTO workflow_processdatavalue (process_instance_key, root_process_instance_key, workspace_id, process_id, path, position,
  text, number, date, boolean)
SELECT u.instance, u.root, u.workspace, u.process, u.path, u.position, u.text, u.number::numeric, u.date, u.boolean
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::text[], %s::text[],
  %s::timestamptz[], %s::boolean[])
  AS u(instance, root, workspace, process, path, position, text, number, date, boolean)
ON CONFLICT (process_instance_key, path, position) DO UPDATE
SET text = excluded.text, number = excluded.number, date = excluded.date, boolean = excluded.boolean
"""
WRITE_KEYWORDS = """
INSERT INTO workflow_taskkeywords (user_task_key, process_instance_key, root_process_instance_key, values, is_open)
SELECT u.task, u.instance, u.root, u.found::jsonb, true
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) AS u(task, instance, root, found)
ON CONFLICT (user_task_key) DO UPDATE SET values = excluded.values
"""
CLOSE_KEYWORDS = "UPDATE workflow_taskkeywords SET is_open = false WHERE user_task_key = ANY(%s::bigint[])"
DELETE_KEYWORDS = "DELETE FROM workflow_taskkeywords WHERE process_instance_key = ANY(%s::bigint[])"
INSERT_SNAPSHOTS = """
INSERT INTO workflow_processsnapshot (key, process_instance_key, root_process_instance_key, element_id, element_instance_key,
  scope_keys, marking, variables, taken_at)
SELECT u.key, u.instance, u.root, u.element, u.element_instance, s.scopes, u.marking::jsonb,
  CASE WHEN u.with_variables THEN (
    SELECT jsonb_object_agg(k.scope::text, coalesce(f.found, '{}'::jsonb)) FROM unnest(s.scopes) AS k(scope)
    LEFT JOIN LATERAL (
      SELECT jsonb_object_agg(v.name, jsonb_build_object('value', v.value, 'type', v.type)) AS found
      FROM workflow_variable v WHERE v.scope_key = k.scope) f ON true) END,
  %s::timestamptz
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::boolean[])
  AS u(key, instance, root, element, element_instance, scopes, marking, with_variables),
  LATERAL (SELECT ARRAY(SELECT jsonb_array_elements_text(u.scopes::jsonb)::bigint) AS scopes) s
"""
"""The variables come from their table, to the digit; they are written by an earlier statement of the same pipeline."""

Owned = tuple[ProcessInstanceState, DataPath, Sequence[IndexedValue]]


def data_statements(states: Sequence[ProcessInstanceState], now: datetime) -> list[Statement]:
    """Everything that keeps searching and going back in step with what a command has done to these process instances."""
    found = _snapshots(states, now)
    known = configuration()
    if not known:
        return found
    of_states = [(state, known.get((state.workspace_id, state.process.id))) for state in states]
    configured = [(state, paths) for state, paths in of_states if paths is not None]
    moved = [state for state in states if state.is_migrated]
    if configured or moved:
        found += _values(configured, moved)
        found += _keywords(configured)
    return found


def reindexing(states: Sequence[ProcessInstanceState]) -> list[Statement]:
    """Everything that makes these process instances found by what is configured now; all of it must be loaded."""
    known = configuration()
    instances = array([state.key for state in states])
    found: list[Statement] = [(DELETE_OF_INSTANCES, (instances,))]
    values: list[Owned] = []
    tasks: list[tuple[ProcessInstanceState, UserTaskRow, Mapping[str, str]]] = []
    without: list[int] = []
    for state in states:
        paths = known.get((state.workspace_id, state.process.id))
        if paths is not None:
            values += _all_values(state, paths)
        if paths is None or not paths.keywords:
            without.append(state.key)
            continue
        tasks += [(state, row, _keywords_of(state, row, paths)) for row in state.user_tasks.values()]
    if without:
        found.append((DELETE_KEYWORDS, (array(without),)))
    return [*found, *_insert(values), *_write_keywords(tasks)]


# -- searchable values: those of the process instance itself


def _values(
    configured: Sequence[tuple[ProcessInstanceState, DataPaths]], moved: Sequence[ProcessInstanceState]
) -> list[Statement]:
    gone: list[tuple[int, str]] = []
    new: list[Owned] = []
    for state, paths in configured:
        if state.is_migrated:
            new += _all_values(state, paths)
            continue
        for path, row in _changed(state, paths.searchable):
            before = () if state.is_new else _values_before(state, path)
            after = () if row is None else tuple(indexed_values(path, row.value))
            if before == after:
                continue
            if before:
                gone.append((state.key, path.path))
            new.append((state, path, after))
    found: list[Statement] = []
    if moved:
        found.append((DELETE_OF_INSTANCES, (array([state.key for state in moved]),)))
    if gone:
        found.append((DELETE_VALUES, (array([key for key, _ in gone]), array([path for _, path in gone]))))
    return [*found, *_insert(new)]


def _all_values(state: ProcessInstanceState, paths: DataPaths) -> list[Owned]:
    variables = state.root.variables
    return [
        (state, path, tuple(indexed_values(path, variables[name].value)))
        for name, of_name in paths.searchable.items()
        if name in variables
        for path in of_name
    ]


def _changed(
    state: ProcessInstanceState, paths: Mapping[str, Sequence[DataPath]]
) -> Iterable[tuple[DataPath, VariableRow | None]]:
    """The paths whose variable has changed in the process instance itself, with the variable unless it was deleted."""
    deleted = {row.name for row in state.deleted_variables if row.scope_key == state.key}
    for name, of_name in paths.items():
        row = state.root.variables.get(name)
        if name in deleted or (row is not None and (row.is_new or row.is_changed)):
            for path in of_name:
                yield path, row


def _values_before(state: ProcessInstanceState, path: DataPath) -> tuple[IndexedValue, ...]:
    change = state.variable_changes.get((state.key, path.steps[0]))
    return tuple(indexed_values(path, change.before)) if change is not None and change.existed else ()


def _insert(values: Sequence[Owned]) -> list[Statement]:
    rows = [(state, path, at, value) for state, path, found in values for at, value in enumerate(found)]
    if not rows:
        return []
    columns: list[Sequence[object]] = [
        [state.key for state, *_ in rows],
        [state.root_key for state, *_ in rows],
        [state.workspace_id for state, *_ in rows],
        [state.process.id for state, *_ in rows],
        [path.path for _, path, *_ in rows],
        [at for *_, at, _ in rows],
        [value.text for *_, value in rows],
        [None if value.number is None else str(value.number) for *_, value in rows],
        [value.date for *_, value in rows],
        [value.boolean for *_, value in rows],
    ]
    return [(INSERT_VALUES, [array(column) for column in columns])]


# -- keywords of user tasks: the values that the task sees


def _keywords(configured: Sequence[tuple[ProcessInstanceState, DataPaths]]) -> list[Statement]:
    tasks: list[tuple[ProcessInstanceState, UserTaskRow, Mapping[str, str]]] = []
    closed: list[int] = []
    for state, paths in configured:
        if not paths.keywords:
            continue
        closed += [row.key for row in state.user_tasks.values() if row.state != CREATED and not row.is_new]
        if not state.is_active:
            continue
        scopes = _scopes_of_changed_keywords(state, paths)
        if any(scope.element.is_scope for scope in scopes) and not state.is_new:
            state.need_everything()  # others may see the variable too
        for row in [row for row in state.user_tasks.values() if row.state == CREATED]:
            around = state.elements[row.element_instance_key].scopes()
            if row.is_new or not scopes.isdisjoint(around):
                found = _keywords_of(state, row, paths)
                if found or not row.is_new:
                    tasks.append((state, row, found))
    statements = _write_keywords(tasks)
    if closed:
        statements.append((CLOSE_KEYWORDS, (array(closed),)))
    return statements


def _scopes_of_changed_keywords(state: ProcessInstanceState, paths: DataPaths) -> set[ElementInstance]:
    """The scopes in which a keyword reads otherwise than before the command."""
    found = set()
    for change in state.variable_changes.values():
        of_name = paths.keywords.get(change.name)
        scope = state.elements.get(change.scope_key)
        if of_name is None or scope is None:
            continue
        appears_or_goes = change.deleted or not change.existed  # what is outside of the scope may read otherwise
        if appears_or_goes or any(
            keyword_text(path, change.before) != keyword_text(path, change.after) for path in of_name
        ):
            found.add(scope)
    return found


def _keywords_of(state: ProcessInstanceState, row: UserTaskRow, paths: DataPaths) -> dict[str, str]:
    scopes = list(state.elements[row.element_instance_key].scopes())
    found = {}
    for name, of_name in paths.keywords.items():
        variable = next((scope.variables[name] for scope in scopes if name in scope.variables), None)
        for path in of_name if variable is not None else ():
            text = keyword_text(path, variable.value if variable is not None else None)
            if text:
                found[path.path] = text
    return found


def _write_keywords(
    tasks: Sequence[tuple[ProcessInstanceState, UserTaskRow, Mapping[str, str]]],
) -> list[Statement]:
    if not tasks:
        return []
    columns: list[Sequence[object]] = [
        [row.key for _, row, _ in tasks],
        [state.key for state, *_ in tasks],
        [state.root_key for state, *_ in tasks],
        [to_json(found) for *_, found in tasks],
    ]
    return [(WRITE_KEYWORDS, [array(column) for column in columns])]


# -- process snapshots


def _snapshots(states: Sequence[ProcessInstanceState], now: datetime) -> list[Statement]:
    """Of each process instance in which a user task has begun to wait that one may go back to."""
    taken = [
        (state, row)
        for state in states
        if state.process.back_targets
        for row in state.user_tasks.values()
        if row.is_new and row.state == CREATED and row.element_id in state.process.back_targets
    ]
    if not taken:
        return []
    for state, _ in taken:
        if not state.is_new:
            state.need_everything()
    columns: list[Sequence[object]] = [
        [keys.next_key() for _ in taken],
        [state.key for state, _ in taken],
        [state.root_key for state, _ in taken],
        [row.element_id for _, row in taken],
        [row.element_instance_key for _, row in taken],
        [to_json([scope.key for scope in _scopes_around(state, row)]) for state, row in taken],
        [to_json(_marking(state)) for state, _ in taken],
        [state.process.back_targets[row.element_id] for state, row in taken],
    ]
    return [(INSERT_SNAPSHOTS, [now, *(array(column) for column in columns)])]


def _scopes_around(state: ProcessInstanceState, row: UserTaskRow) -> list[ElementInstance]:
    _task, *around = state.elements[row.element_instance_key].scopes()
    return around


def _marking(state: ProcessInstanceState) -> dict[str, object]:
    return {
        "elements": [
            {"key": each.key, "element_id": each.element.id, "scope_key": each.scope.key}
            for each in state.elements.values()
            if each.is_open and each.scope is not None
        ],
        "flows": [
            {"scope_key": each.scope_key, "flow_id": each.flow_id, "waiting": each.waiting}
            for each in state.flows.values()
            if each.waiting
        ],
    }


__all__ = ["data_statements", "reindexing"]
