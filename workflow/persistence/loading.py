"""Reading the part of a process instance that a command needs: one statement, which locks it too.

Either the way from one element instance to the root is loaded (completing one of ten thousand siblings costs no more
than one of ten), or everything open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum
from functools import partial
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
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import definition

OPEN = "('ACTIVATING', 'ACTIVE', 'COMPLETING')"


def _source(table: str, element: str) -> str:
    instance = "key" if table == "processinstance" else "process_instance_key"
    return (
        f"SELECT {instance} AS instance, root_process_instance_key AS root, {element} AS element "
        f"FROM workflow_{table} WHERE key = %s::bigint"
    )


class Subject(Enum):
    """What a command names, and where it is found."""

    PROCESS_INSTANCE = ("process instance", _source("processinstance", "NULL::bigint"))
    ELEMENT_INSTANCE = ("element instance", _source("elementinstance", "key"))
    JOB = ("job", _source("job", "element_instance_key"))
    USER_TASK = ("user task", _source("usertask", "element_instance_key"))
    INCIDENT = ("incident", _source("incident", "element_instance_key"))
    SUBSCRIPTION = ("event subscription", _source("eventsubscription", "element_instance_key"))
    SCOPE = (
        "element instance",  # or process instance: a variable's scope may be either
        f"{_source('elementinstance', 'key')} UNION ALL {_source('processinstance', 'NULL::bigint')}",
    )

    def __init__(self, label: str, source: str) -> None:
        self.label = label
        self.source = source


PATH = """
path AS (
  SELECT e.key, e.flow_scope_key FROM workflow_elementinstance e WHERE e.key = (SELECT element FROM subject)
  UNION ALL
  SELECT outer_one.key, outer_one.flow_scope_key
  FROM path, LATERAL (SELECT e.key, e.flow_scope_key FROM workflow_elementinstance e
                      WHERE e.key = path.flow_scope_key OFFSET 0) outer_one),
elements AS (
  SELECT key FROM path
  UNION
  SELECT e.key FROM workflow_elementinstance e
  WHERE e.process_instance_key = (SELECT instance FROM subject) AND e.element_type = 'PARALLEL_GATEWAY' AND e.state = 'ACTIVE'),
watched AS (SELECT key FROM path UNION ALL SELECT instance FROM subject)
"""

ALL = f"""
elements AS (
  SELECT e.key FROM workflow_elementinstance e
  WHERE e.process_instance_key = (SELECT instance FROM subject) AND e.state IN {OPEN}
  UNION
  SELECT unnest(ARRAY[s.element_instance_key, s.compensated_key, c.flow_scope_key]) FROM workflow_eventsubscription s
  LEFT JOIN workflow_elementinstance c ON c.key = s.compensated_key
  WHERE s.process_instance_key = (SELECT instance FROM subject) AND s.kind = 'COMPENSATION' AND s.state = 'CREATED'),
watched AS (SELECT key FROM elements UNION SELECT instance FROM subject)
"""

INSTANCE = """
i.key, i.workspace_id, i.definition_key, i.version, i.root_process_instance_key, i.parent_process_instance_key,
  i.parent_element_instance_key, i.business_key, i.state, i.suspended, i.revision, i.active_children, i.open_incidents,
  i.started_at, i.start_element_id, i.start_reason, i.restarted_from_key, i.tags, i.terminate_after,
  i.last_key,
  i.revision = (SELECT seen.revision FROM workflow_processinstance seen WHERE seen.key = i.key)
"""
ELEMENT = """
json_build_array(e.key, e.element_id, e.flow_scope_key, e.state, e.active_children,
     e.completed_children, e.loop_counter)
"""
VARIABLE = "json_build_array(v.key, v.scope_key, v.name, v.value, v.type, v.revision, v.is_initial)"
ATTACHED = """
SELECT 'job' AS kind, to_json(r) AS entry, r.process_instance_key AS instance FROM workflow_job r
     WHERE r.element_instance_key = ANY(ARRAY(SELECT key FROM watched)) AND r.state NOT IN ('COMPLETED', 'CANCELED')
     UNION ALL
     SELECT 'task', to_json(r), r.process_instance_key FROM workflow_usertask r
     WHERE r.element_instance_key = ANY(ARRAY(SELECT key FROM watched)) AND r.state = 'CREATED'
     UNION ALL
     SELECT 'incident', to_json(r), r.process_instance_key FROM workflow_incident r
     WHERE r.element_instance_key = ANY(ARRAY(SELECT key FROM watched)) AND r.state = 'ACTIVE'
     UNION ALL
     SELECT 'subscription', to_json(r), r.process_instance_key FROM workflow_eventsubscription r
     WHERE r.element_instance_key = ANY(ARRAY(SELECT key FROM watched)) AND r.state = 'CREATED'
     UNION ALL
     SELECT 'flow', to_json(r), r.process_instance_key FROM workflow_sequenceflowtaken r
     WHERE {flows} AND r.waiting > 0
"""

LOAD = f"""
WITH RECURSIVE subject AS ({{source}}),
locked AS (
  SELECT * FROM workflow_processinstance
  WHERE key = ANY(ARRAY(SELECT instance FROM subject UNION SELECT root FROM subject))
  ORDER BY key FOR UPDATE),
{{extent}}
SELECT {INSTANCE},
  (SELECT json_agg({ELEMENT} ORDER BY e.key)
   FROM workflow_elementinstance e WHERE e.key = ANY(ARRAY(SELECT key FROM elements))),
  (SELECT json_agg({VARIABLE})
   FROM workflow_variable v
   WHERE v.scope_key = ANY(ARRAY(SELECT key FROM elements UNION ALL SELECT instance FROM subject))),
  (SELECT json_agg(json_build_array(kind, entry)) FROM (
     {ATTACHED.format(flows="r.process_instance_key = (SELECT instance FROM subject)")}) attached)
FROM locked i ORDER BY i.key
"""

LOAD_MANY = f"""
WITH given AS (SELECT unnest(%s::bigint[]) AS key),
locked AS (
  SELECT * FROM workflow_processinstance
  WHERE key = ANY(ARRAY(
    SELECT key FROM given
    UNION SELECT g.root_process_instance_key FROM workflow_processinstance g WHERE g.key = ANY(ARRAY(SELECT key FROM given))))
  ORDER BY key FOR UPDATE),
elements AS (
  SELECT e.key FROM workflow_elementinstance e
  WHERE e.process_instance_key = ANY(ARRAY(SELECT key FROM given)) AND e.state IN {OPEN}
  UNION
  SELECT unnest(ARRAY[s.element_instance_key, s.compensated_key, c.flow_scope_key]) FROM workflow_eventsubscription s
  LEFT JOIN workflow_elementinstance c ON c.key = s.compensated_key
  WHERE s.process_instance_key = ANY(ARRAY(SELECT key FROM given)) AND s.kind = 'COMPENSATION' AND s.state = 'CREATED'),
watched AS (SELECT key FROM elements UNION SELECT key FROM given),
elements_of AS (
  SELECT e.process_instance_key AS instance, json_agg({ELEMENT} ORDER BY e.key) AS found
  FROM workflow_elementinstance e WHERE e.key = ANY(ARRAY(SELECT key FROM elements)) GROUP BY 1),
variables_of AS (
  SELECT v.process_instance_key AS instance, json_agg({VARIABLE}) AS found
  FROM workflow_variable v WHERE v.scope_key = ANY(ARRAY(SELECT key FROM watched)) GROUP BY 1),
attached_of AS (
  SELECT instance, json_agg(json_build_array(kind, entry)) AS found FROM (
     {ATTACHED.format(flows="r.process_instance_key = ANY(ARRAY(SELECT key FROM given))")}) attached GROUP BY 1)
SELECT {INSTANCE}, e.found, v.found, a.found
FROM locked i LEFT JOIN elements_of e ON e.instance = i.key LEFT JOIN variables_of v ON v.instance = i.key
  LEFT JOIN attached_of a ON a.instance = i.key
ORDER BY i.key
"""

PATH_TO_ROOT = {each: LOAD.replace("{source}", each.source).replace("{extent}", PATH) for each in Subject}
EVERYTHING = {each: LOAD.replace("{source}", each.source).replace("{extent}", ALL) for each in Subject}


Loaded = Callable[[], tuple[ProcessInstanceState, int]]
"""A process instance that is locked and read, with its newest key."""


def load(subject: Subject, key: int, *, everything: bool) -> tuple[ProcessInstanceState, int]:
    """Lock and load the process instance of a subject; the newest key of the instance comes with it.

    Raises NotFound where the subject does not exist. The statement sees the database as it was when it began; if it
    had to wait for the lock, the revision under the lock is another one than it saw, and it is run again, now without
    waiting.
    """
    sql = (EVERYTHING if everything else PATH_TO_ROOT)[subject]
    params = [str(key)] * subject.source.count("%s")
    rows = fetch(sql, params)
    while rows and not all(row[REVISION_IS_CURRENT] for row in rows):
        rows = fetch(sql, params)
    if not rows:
        raise nothing_found(subject, key)
    return _loaded(rows[-1], everything=everything)


def load_many(keys: Sequence[int]) -> dict[int, Loaded]:
    """Lock process instances and load everything open in them, in one statement whatever their number.

    Each is made only when it is called for. Those that do not exist are missing.
    """
    rows = fetch(LOAD_MANY, (list(keys),))
    while rows and not all(row[REVISION_IS_CURRENT] for row in rows):
        rows = fetch(LOAD_MANY, (list(keys),))
    wanted = frozenset(keys)
    return {row[0]: partial(_loaded, row, everything=True) for row in rows if row[0] in wanted}


def _loaded(row: Sequence[Any], *, everything: bool) -> tuple[ProcessInstanceState, int]:
    *columns, _current, elements, variables, attached = row
    state, last_key = _instance(columns)
    _take(state, elements, variables, attached)
    state.everything_loaded = everything
    state.load_rest = partial(_load_rest, state)
    return state, last_key


def nothing_found(subject: Subject, key: int) -> NotFound:
    """What is said of a key that does not exist."""
    return NotFound(f"Expected to find {_article(subject.label)} with key '{key}', but there is none.")


def _load_rest(state: ProcessInstanceState) -> None:
    """Add everything open that is not loaded yet; the lock is held already, and what is here stays as it is."""
    rows = fetch(EVERYTHING[Subject.PROCESS_INSTANCE], [str(state.key)])
    *_columns, elements, variables, attached = next(row for row in rows if row[0] == state.key)
    _take(state, elements, variables, attached)
    state.everything_loaded = True


def _take(state: ProcessInstanceState, elements: Any, variables: Any, attached: Any) -> None:
    known = set() if state.load_rest is None else set(state.elements)
    _take_elements(state, elements or ())
    _take_variables(state, [row for row in variables or () if row[1] not in known])
    _take_attached(state, attached or ())


REVISION_IS_CURRENT = 20


def _article(label: str) -> str:
    return f"an {label}" if label[0] in "aei" else f"a {label}"


def _instance(row: Sequence[Any]) -> tuple[ProcessInstanceState, int]:
    (key, workspace_id, definition_key, version, root_key, parent_key, parent_element_key, business_key, phase) = row[
        :9
    ]
    (suspended, revision, active_children, open_incidents, started_at, start_element_id, reason) = row[9:16]
    (restarted_from, tags, terminate_after, last_key) = row[16:]
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
        terminate_after=terminate_after,
    )
    return state, last_key


def _take_elements(state: ProcessInstanceState, rows: Iterable[Sequence[Any]]) -> None:
    """Scopes have smaller keys than what is in them, unless a migration has put them around it; the rows come in that order.

    A join may wait in a scope beside the path; nothing that this command does can reach it.
    """
    waiting: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        ahead = [row]
        for key, element_id, scope_key, phase, active_children, completed_children, loop_counter in ahead:
            scope = state.elements.get(scope_key)
            if scope is None:
                waiting.setdefault(scope_key, []).append(row)
            if scope is None or key in state.elements:
                continue
            state.elements[key] = ElementInstance(
                key,
                state.process.elements[element_id],
                scope,
                phase,
                None,
                active_children=active_children,
                completed_children=completed_children,
                loop_counter=loop_counter,
            )
            ahead += waiting.pop(key, ())


def _take_variables(state: ProcessInstanceState, rows: Iterable[Sequence[Any]]) -> None:
    for key, scope_key, name, value, kind, revision, is_initial in rows:
        scope = state.elements.get(scope_key)
        if scope is not None:
            scope.variables[name] = VariableRow(key, scope_key, name, value, kind, revision, is_initial=is_initial)


def _take_attached(state: ProcessInstanceState, rows: Iterable[Sequence[Any]]) -> None:
    for kind, values in rows:
        if kind == "flow":
            count = FlowCount(values["flow_scope_key"], values["flow_id"], waiting=values["waiting"])
            state.flows.setdefault((count.scope_key, count.flow_id), count)
        elif not state.has_attached(values["key"]):
            state.attach(_ROWS[kind](values))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _common(values: dict[str, Any]) -> tuple[int, int, str]:
    return values["key"], values["element_instance_key"], values["element_id"]


def _only(values: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names}


_JOB_FIELDS = (
    "retries",
    "priority",
    "custom_headers",
    "worker",
    "error_code",
    "error_message",
    "error_details",
    "suspended",
    "repeat",
    "exclusive",
)
_TASK_FIELDS = (
    "assignee",
    "owner",
    "delegation_state",
    "candidate_users",
    "candidate_groups",
    "priority",
    "form_key",
    "form",
    "suspended",
)


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
        compensated_key=values["compensated_key"],
    )


_ROWS = {"job": _job, "task": _user_task, "incident": _incident, "subscription": _subscription}
