"""Reading the part of a process instance that a command needs: four statements, one round trip.

The first locks the process instance and its root, so the others see what nobody can change any more. Either the way from one
element instance to the root is loaded (completing one of ten thousand siblings costs no more than one of ten), or everything open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from workflow.engine.errors import NotFound
from workflow.engine.state import (
    AttachedRow,
    ElementInstance,
    FlowCount,
    IncidentRow,
    JobRow,
    ProcessInstanceState,
    SubscriptionRow,
    UserTaskRow,
    VariableRow,
)
from workflow.persistence.connection import Rows, Statement, fetch
from workflow.persistence.definitions import definition
from workflow.persistence.json_values import from_json

OPEN = "('ACTIVATING', 'ACTIVE', 'COMPLETING')"


class Subject(Enum):
    """What a command names, and the table it is found in."""

    PROCESS_INSTANCE = ("process instance", "workflow_processinstance", "NULL::bigint")
    ELEMENT_INSTANCE = ("element instance", "workflow_elementinstance", "key")
    JOB = ("job", "workflow_job", "element_instance_key")
    USER_TASK = ("user task", "workflow_usertask", "element_instance_key")
    INCIDENT = ("incident", "workflow_incident", "element_instance_key")
    SUBSCRIPTION = ("event subscription", "workflow_eventsubscription", "element_instance_key")

    def __init__(self, label: str, table: str, element_column: str) -> None:
        self.label = label
        instance = "key" if table == "workflow_processinstance" else "process_instance_key"
        self.source = (
            f"(SELECT {instance} AS instance, root_process_instance_key AS root, {element_column} AS element "
            f"FROM {table} WHERE key = %s)"
        )


LOCK = """
SELECT key, workspace_id, definition_key, version, root_process_instance_key, parent_process_instance_key,
  parent_element_instance_key, business_key, state, suspended, revision, active_children, open_incidents, started_at,
  start_element_id, start_reason, restarted_from_key, tags, last_key
FROM workflow_processinstance
WHERE key IN (SELECT unnest(ARRAY[instance, root]) FROM {source} subject)
ORDER BY key FOR UPDATE
"""

PATH = """
WITH RECURSIVE subject AS {source}, path AS (
  SELECT e.key, e.element_id, e.flow_scope_key, e.state, e.started_at, e.active_children
  FROM workflow_elementinstance e JOIN subject ON e.key = subject.element
  UNION ALL
  SELECT e.key, e.element_id, e.flow_scope_key, e.state, e.started_at, e.active_children
  FROM workflow_elementinstance e JOIN path ON e.key = path.flow_scope_key)
"""

ELEMENTS_OF_PATH = (
    PATH
    + """
SELECT * FROM path
UNION
SELECT e.key, e.element_id, e.flow_scope_key, e.state, e.started_at, e.active_children
FROM workflow_elementinstance e JOIN subject ON e.process_instance_key = subject.instance
WHERE e.element_type = 'PARALLEL_GATEWAY' AND e.state = 'ACTIVE'
ORDER BY key
"""
)

VARIABLES_OF_PATH = (
    PATH
    + """
SELECT v.key, v.scope_key, v.name, v.value, v.type, v.revision
FROM workflow_variable v
WHERE v.scope_key IN (SELECT key FROM path UNION ALL SELECT instance FROM subject)
"""
)

ATTACHED = """
SELECT 'job', to_jsonb(r) FROM workflow_job r JOIN {elements} ON r.element_instance_key = e.key
WHERE r.state NOT IN ('COMPLETED', 'CANCELED')
UNION ALL
SELECT 'task', to_jsonb(r) FROM workflow_usertask r JOIN {elements} ON r.element_instance_key = e.key
WHERE r.state = 'CREATED'
UNION ALL
SELECT 'incident', to_jsonb(r) FROM workflow_incident r JOIN {elements} ON r.element_instance_key = e.key
WHERE r.state = 'ACTIVE'
UNION ALL
SELECT 'subscription', to_jsonb(r) FROM workflow_eventsubscription r JOIN {elements} ON r.element_instance_key = e.key
WHERE r.state = 'CREATED'
UNION ALL
SELECT 'flow', to_jsonb(r) FROM workflow_sequenceflowtaken r JOIN subject ON r.process_instance_key = subject.instance
WHERE r.waiting > 0
"""

ATTACHED_TO_ONE = "WITH subject AS {source}\n" + ATTACHED.replace("{elements}", "(SELECT element AS key FROM subject) e")

ALL_ELEMENTS = f"""
SELECT key, element_id, flow_scope_key, state, started_at, active_children FROM workflow_elementinstance
WHERE process_instance_key = (SELECT instance FROM {{source}} subject) AND state IN {OPEN}
ORDER BY key
"""

ALL_VARIABLES = f"""
WITH subject AS {{source}}, scopes AS (
  SELECT instance AS key FROM subject
  UNION ALL
  SELECT e.key FROM workflow_elementinstance e JOIN subject ON e.process_instance_key = subject.instance
  WHERE e.state IN {OPEN})
SELECT v.key, v.scope_key, v.name, v.value, v.type, v.revision
FROM workflow_variable v JOIN scopes ON v.scope_key = scopes.key
"""

ATTACHED_TO_ALL = "WITH subject AS {source}\n" + ATTACHED.replace(
    "{elements}",
    "(SELECT x.key FROM workflow_elementinstance x JOIN subject ON x.process_instance_key = subject.instance "
    f"WHERE x.state IN {OPEN}) e",
)


@dataclass(frozen=True, slots=True)
class _Load:
    """The statements for one kind of subject and one extent."""

    templates: tuple[str, str, str, str]

    def statements(self, key: int) -> list[Statement]:
        return [(sql, (key,)) for sql in self.templates]


def _prepare(extent: tuple[str, str, str]) -> dict[Subject, _Load]:
    loads = {}
    for subject in Subject:
        one, two, three, four = (sql.replace("{source}", subject.source) for sql in (LOCK, *extent))
        loads[subject] = _Load((one, two, three, four))
    return loads


PATH_TO_ROOT = _prepare((ELEMENTS_OF_PATH, VARIABLES_OF_PATH, ATTACHED_TO_ONE))
EVERYTHING = _prepare((ALL_ELEMENTS, ALL_VARIABLES, ATTACHED_TO_ALL))


def load(subject: Subject, key: int, *, everything: bool) -> tuple[ProcessInstanceState, int]:
    """Lock and load the process instance of a subject; the newest key of the instance comes with it.

    Raises NotFound where the subject does not exist.
    """
    statements = (EVERYTHING if everything else PATH_TO_ROOT)[subject].statements(key)
    locked, elements, variables, attached = fetch(statements)
    if not locked:
        raise NotFound(f"Expected to find {_article(subject.label)} with key '{key}', but there is none.")
    state, last_key = _instance(locked[-1])
    state.everything_loaded = everything
    _take_elements(state, elements)
    _take_variables(state, variables)
    _take_attached(state, attached)
    return state, last_key


def _article(label: str) -> str:
    return f"an {label}" if label[0] in "aei" else f"a {label}"


def _instance(row: tuple[Any, ...]) -> tuple[ProcessInstanceState, int]:
    (key, workspace_id, definition_key, version, root_key, parent_key, parent_element_key, business_key, phase) = row[:9]
    (suspended, revision, active_children, open_incidents, started_at, start_element_id, reason) = row[9:16]
    (restarted_from, tags, last_key) = row[16:]
    process = definition(definition_key).process
    root = ElementInstance(key, process.root, None, "ACTIVE" if phase == "ACTIVE" else phase, started_at)
    root.active_children = active_children
    state = ProcessInstanceState(
        key,
        workspace_id,
        definition_key,
        process,
        version,
        root_key,
        root,
        phase,
        started_at,
        revision=revision,
        suspended=suspended,
        business_key=business_key,
        parent_key=parent_key,
        parent_element_instance_key=parent_element_key,
        open_incidents=open_incidents,
        start_element_id=start_element_id,
        start_reason=reason,
        restarted_from_key=restarted_from,
        tags=tags,
    )
    return state, last_key


def _take_elements(state: ProcessInstanceState, rows: Rows) -> None:
    """Scopes have smaller keys than what is in them, and the rows come in that order.

    A join may wait in a scope beside the path; nothing that this command does can reach it.
    """
    for key, element_id, scope_key, phase, started_at, active_children in rows:
        scope = state.elements.get(scope_key)
        if scope is None:
            continue
        state.elements[key] = ElementInstance(
            key, state.process.elements[element_id], scope, phase, started_at, active_children=active_children
        )


def _take_variables(state: ProcessInstanceState, rows: Rows) -> None:
    for key, scope_key, name, value, kind, revision in rows:
        scope = state.elements.get(scope_key)
        if scope is not None:
            scope.variables[name] = VariableRow(key, scope_key, name, from_json(value), kind, revision)


def _take_attached(state: ProcessInstanceState, rows: Rows) -> None:
    for kind, text in rows:
        values = from_json(text)
        if kind == "flow":
            count = FlowCount(values["flow_scope_key"], values["flow_id"], waiting=values["waiting"])
            state.flows[count.scope_key, count.flow_id] = count
        else:
            state.attach(_ROWS[kind](values))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _common(values: dict[str, Any]) -> tuple[int, int, str]:
    return values["key"], values["element_instance_key"], values["element_id"]


def _only(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


_JOB_FIELDS = ("retries", "priority", "custom_headers", "worker", "error_code", "error_message", "error_details", "suspended")
_TASK_FIELDS = ("assignee", "candidate_users", "candidate_groups", "priority", "form_key", "suspended")


def _job(values: dict[str, Any]) -> AttachedRow:
    return JobRow(
        *_common(values),
        values["kind"],
        values["type"],
        values["state"],
        datetime.fromisoformat(values["created_at"]),
        locked_until=_moment(values["locked_until"]),
        due_at=_moment(values["due_at"]),
        **_only(values, _JOB_FIELDS),
    )


def _user_task(values: dict[str, Any]) -> AttachedRow:
    return UserTaskRow(
        *_common(values),
        values["name"],
        values["state"],
        datetime.fromisoformat(values["created_at"]),
        due_at=_moment(values["due_at"]),
        follow_up_at=_moment(values["follow_up_at"]),
        **_only(values, _TASK_FIELDS),
    )


def _incident(values: dict[str, Any]) -> AttachedRow:
    return IncidentRow(
        *_common(values),
        values["error_type"],
        values["message"],
        values["state"],
        datetime.fromisoformat(values["created_at"]),
        job_key=values["job_key"],
    )


def _subscription(values: dict[str, Any]) -> AttachedRow:
    return SubscriptionRow(
        *_common(values),
        values["kind"],
        values["name"],
        values["state"],
        datetime.fromisoformat(values["created_at"]),
        correlation_key=values["correlation_key"],
    )


_ROWS = {"job": _job, "task": _user_task, "incident": _incident, "subscription": _subscription}
