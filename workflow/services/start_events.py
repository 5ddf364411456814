"""Start events that wait for a message, a signal, a condition or a point in time.

Those of the latest version of a process are registered: subscriptions and timers that belong to a definition and to no
process instance. Deploying replaces them, deleting the latest version gives the one before its own back.

A Camunda 8 process that a message starts has at most one active instance a correlation key. Such an instance keeps the
key as its business key, so that people find it by that; messages that come meanwhile are buffered until it has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import DatabaseError

from workflow.engine.engine import Engine
from workflow.engine.errors import Conflict, ElementFailure, NotFound, Problem, Rejected
from workflow.engine.evaluation import TEXT_LIMIT, explain, wrong_type
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.timers import first_due, next_due
from workflow.engine.values import NO_VARIABLES, Variables, typed
from workflow.expressions import Expression, ExpressionError, Language, expect_boolean
from workflow.graph import (
    ConditionalEvent,
    ExecutableProcess,
    FlowNode,
    MessageEvent,
    Semantics,
    SignalEvent,
    TimerEvent,
    TimerKind,
)
from workflow.models import EventSubscription, Job, ProcessDefinition
from workflow.persistence import keys
from workflow.persistence.connection import execute, fetch
from workflow.persistence.definitions import executable_process
from workflow.persistence.json_values import from_json
from workflow.persistence.transaction import refusal
from workflow.persistence.unit_of_work import SYSTEM, Context, UnitOfWork, clock, unit_of_work
from workflow.services.correlations import note_start

Kind = EventSubscription.Kind
"""Of what a registered start event waits for, if not for a point in time."""

OF_DEFINITIONS = (
    "process_instance_key IS NULL AND state IN ('CREATED', 'FAILED') AND definition_key = ANY(%s::bigint[])"
)
FORGET_SUBSCRIPTIONS = (
    "DELETE FROM workflow_eventsubscription "
    "WHERE process_instance_key IS NULL AND state = 'CREATED' AND definition_key = ANY(%s::bigint[])"
)
FORGET_TIMERS = f"DELETE FROM workflow_job WHERE {OF_DEFINITIONS}"
HOLD_TIMERS = f"UPDATE workflow_job SET suspended = %s::boolean WHERE {OF_DEFINITIONS}"
TAKEN_NAMES = """
SELECT s.name, d.process_id FROM workflow_eventsubscription s
JOIN workflow_processdefinition d ON d.key = s.definition_key
WHERE s.process_instance_key IS NULL AND s.state = 'CREATED' AND s.kind = 'MESSAGE' AND s.workspace_id = %s
  AND s.name = ANY(%s::text[]) AND d.semantics = 'camunda7' AND NOT d.process_id = ANY(%s::text[])
"""
STARTS = """
SELECT s.definition_key, s.element_id, s.workspace_id, d.process_id, d.version, d.semantics, s.name, s.key
FROM workflow_eventsubscription s JOIN workflow_processdefinition d ON d.key = s.definition_key
WHERE s.process_instance_key IS NULL AND s.state = 'CREATED' AND s.kind = %(kind)s AND s.name = %(name)s
  AND NOT d.suspended
  AND (%(workspaces)s::bigint[] IS NULL OR s.workspace_id = ANY(%(workspaces)s::bigint[]))
  AND (%(definition)s::bigint IS NULL OR s.definition_key = %(definition)s::bigint)
  AND (%(semantics)s::text IS NULL OR d.semantics = %(semantics)s::text)
ORDER BY s.key
"""
HOLD_STARTABLE = "SELECT workflow_hold_startable(%s::bigint)"
TIMER = """
SELECT j.definition_key, j.workspace_id FROM workflow_job j
WHERE j.key = %s AND j.kind IN ('TIMER', 'SIGNAL') AND j.process_instance_key IS NULL
  AND j.state IN ('CREATED', 'FAILED')
"""
SHARED_DEFINITION = "SELECT key FROM workflow_processdefinition WHERE key = %s FOR SHARE"
"""No version is deployed, suspended or deleted while a timer of the one before starts its instance."""
LOCKED_TIMER = """
SELECT element_id, due_at, repeat, suspended FROM workflow_job
WHERE key = %s AND state IN ('CREATED', 'FAILED') FOR UPDATE
"""
FORGET_TIMER = "DELETE FROM workflow_job WHERE key = %s"
REPEAT_TIMER = """
INSERT INTO workflow_job (key, process_instance_key, root_process_instance_key, workspace_id, definition_key,
  element_instance_key, element_id, kind, type, state, retries, priority, custom_headers, worker, locked_until, due_at,
  repeat, exclusive, error_code, error_message, error_details, suspended, created_at, ended_at)
SELECT %s::bigint, NULL, NULL, workspace_id, definition_key, NULL, element_id, kind, type, 'CREATED', %s::int, priority,
  custom_headers, '', NULL, %s::timestamptz, %s::text, exclusive, '', '', '', FALSE, %s::timestamptz, NULL
FROM workflow_job WHERE key = %s
"""
START_LATER = """
INSERT INTO workflow_job (key, process_instance_key, root_process_instance_key, workspace_id, definition_key,
  element_instance_key, element_id, kind, type, state, retries, priority, custom_headers, worker, locked_until, due_at,
  repeat, exclusive, error_code, error_message, error_details, suspended, created_at, ended_at)
VALUES (%s::bigint, NULL, NULL, %s::bigint, %s::bigint, NULL, %s::text, 'SIGNAL', '', 'CREATED', %s::int, 0, '{}', '', NULL,
  NULL, '', TRUE, '', '', '', FALSE, %s::timestamptz, NULL)
"""
NOTE_FAILURE = """
UPDATE workflow_job SET state = 'FAILED', retries = greatest(retries - 1, 0), error_message = %s
WHERE key = %s AND process_instance_key IS NULL AND state IN ('CREATED', 'FAILED')
"""
STARTED_BY_KEY = """
SELECT DISTINCT workspace_id, process_id, definition_key, start_element_id FROM workflow_processinstance
WHERE business_key = %s AND state = 'ACTIVE' AND start_element_id IS NOT NULL AND process_id = ANY(%s::text[])
"""
START_NAMES = """
SELECT s.name, s.definition_key, s.element_id, s.key FROM workflow_eventsubscription s
JOIN workflow_processdefinition d ON d.key = s.definition_key
WHERE s.process_instance_key IS NULL AND s.state = 'CREATED' AND s.kind = 'MESSAGE' AND s.workspace_id = %s
  AND d.workspace_id = %s AND d.process_id = %s AND d.is_latest AND NOT d.suspended
ORDER BY s.key
"""
TAKE_BUFFERED = """
UPDATE workflow_bufferedmessage SET correlated_to = correlated_to || %s::text
WHERE key = (
  SELECT key FROM workflow_bufferedmessage
  WHERE workspace_id = %s AND name = ANY(%s::text[]) AND correlation_key = %s AND expires_at > %s
    AND NOT %s::text = ANY(correlated_to)
  ORDER BY key LIMIT 1)
RETURNING key, name, variables
"""
RETRIES = 3


@dataclass(frozen=True, slots=True)
class StartEvent:
    """A start event of the latest version of a process that waits for something."""

    definition_key: int
    element_id: str
    workspace_id: int
    process_id: str
    version: int
    semantics: Semantics
    name: str = ""
    """Of the message or signal."""
    subscription_key: int = 0


# ---- registering


@dataclass(slots=True)
class Registration:
    """What the start events of one process definition wait for, evaluated; or why that cannot be found out."""

    definition: ProcessDefinition
    subscriptions: list[EventSubscription] = field(default_factory=list)
    timers: list[Job] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def message_starts(self) -> dict[str, str]:
        """The start event by the name of its message."""
        return {each.name: each.element_id for each in self.subscriptions if each.kind == Kind.MESSAGE}


def registration(
    deployed: ProcessDefinition, process: ExecutableProcess, *, now: datetime, is_given_back: bool = False
) -> Registration:
    """Evaluate what the start events of a process wait for; there are no variables yet.

    What is given back to an earlier version leaves out dates that have passed: they had their time.
    """
    found = Registration(deployed)
    for node in process.root.start_events:
        try:
            _register(found, node, process.semantics, now, is_given_back)
        except (ExpressionError, ElementFailure, ValueError) as error:
            text = error.message if isinstance(error, ElementFailure) else str(error)
            found.problems.append(Problem(text, node.id))
    _find_duplicates(found)
    return found


def _register(found: Registration, node: FlowNode, semantics: Semantics, now: datetime, is_given_back: bool) -> None:
    match node.event:
        case MessageEvent(name=name):
            if semantics is Semantics.CAMUNDA_7 and name.language is not Language.STATIC:
                raise ValueError(
                    f"Invalid message name '{name.source}' of '{node.id}': expressions in the message start event name are not "
                    "allowed. Write the name itself."
                )
            found.subscriptions.append(_subscription(found.definition, node, Kind.MESSAGE, _text(name, node, now), now))
        case SignalEvent(name=name):
            found.subscriptions.append(_subscription(found.definition, node, Kind.SIGNAL, _text(name, node, now), now))
        case ConditionalEvent():
            found.subscriptions.append(_subscription(found.definition, node, Kind.CONDITIONAL, "", now))
        case TimerEvent(kind=kind, time=time):
            due = first_due(kind, _value(time, now), now=now, semantics=semantics)
            if due is not None and not (is_given_back and kind is TimerKind.DATE and due.at <= now):
                found.timers.append(_timer(found.definition, node, due.at, due.repeat, now))
        case _:
            pass


def _find_duplicates(found: Registration) -> None:
    seen: dict[tuple[str, str], str] = {}
    for each in found.subscriptions:
        if each.kind == Kind.CONDITIONAL:
            continue
        first = seen.setdefault((each.kind, each.name), each.element_id)
        if first != each.element_id:
            what = each.kind.lower()
            found.problems.append(
                Problem(
                    f"Multiple {what} start events with the name '{each.name}' are not allowed in one process: "
                    f"'{first}' waits for it already.",
                    each.element_id,
                )
            )


def _value(expression: Expression, now: datetime) -> object:
    try:
        return expression.evaluate({"__now__": lambda: now})
    except ExpressionError as error:
        raise ValueError(explain(expression, error)) from None


def _text(expression: Expression, node: FlowNode, now: datetime) -> str:
    value = _value(expression, now)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{wrong_type(expression, node.id, 'STRING', value)} No variables are known before a start.")
    if not 0 < len(str(value)) <= TEXT_LIMIT:
        raise ValueError(wrong_type(expression, node.id, f"1 to {TEXT_LIMIT} characters", value))
    return str(value)


def _subscription(
    deployed: ProcessDefinition, node: FlowNode, kind: str, name: str, now: datetime
) -> EventSubscription:
    return EventSubscription(
        key=keys.next_key(),
        workspace_id=deployed.workspace_id,
        definition_key=deployed.key,
        element_id=node.id,
        kind=kind,
        name=name,
        state=EventSubscription.State.CREATED,
        created_at=now,
    )


def _timer(deployed: ProcessDefinition, node: FlowNode, due_at: datetime, repeat: str, now: datetime) -> Job:
    return Job(
        key=keys.next_key(),
        workspace_id=deployed.workspace_id,
        definition_key=deployed.key,
        element_id=node.id,
        kind=Job.Kind.TIMER,
        type="",
        state=Job.State.CREATED,
        retries=RETRIES,
        due_at=due_at,
        repeat=repeat,
        exclusive=node.asynchronous.exclusive,
        suspended=deployed.suspended,
        created_at=now,
    )


def names_taken(workspace_id: int, registrations: Sequence[Registration]) -> list[Problem]:
    """Camunda 7 lets only one process of a workspace be started by a message; who does so already."""
    wanted: dict[str, tuple[Registration, str]] = {}
    problems: list[Problem] = []
    for each in registrations:
        if each.definition.semantics != Semantics.CAMUNDA_7.value:
            continue
        for name, element_id in each.message_starts.items():
            other, _element_id = wanted.setdefault(name, (each, element_id))
            if other is not each:
                problems.append(_taken(name, element_id, each, other.definition.process_id))
    if not wanted:
        return problems
    replaced = [each.definition.process_id for each in registrations]
    for name, process_id in fetch(TAKEN_NAMES, (workspace_id, list(wanted), replaced)):
        problems.append(_taken(name, wanted[name][1], wanted[name][0], process_id))
    return problems


def _taken(name: str, element_id: str, wants: Registration, has: str) -> Problem:
    return Problem(
        f"Cannot deploy process definition '{wants.definition.process_id}': there already is a message event subscription "
        f"for the message with name '{name}', of process '{has}'. Rename one of the messages.",
        element_id,
    )


def register(registrations: Iterable[Registration]) -> None:
    """Store what start events wait for, with one statement a table."""
    found = list(registrations)
    subscriptions = [row for each in found for row in each.subscriptions]
    timers = [row for each in found for row in each.timers]
    if subscriptions:
        EventSubscription.objects.bulk_create(subscriptions)
    if timers:
        Job.objects.bulk_create(timers)


def forget(definition_keys: Collection[int]) -> None:
    """Take back what the start events of these definitions wait for."""
    if definition_keys:
        of_these = (list(definition_keys),)
        execute([(FORGET_SUBSCRIPTIONS, of_these), (FORGET_TIMERS, of_these)])


def hold_timers(definition_key: int, suspended: bool) -> None:
    """Let the timers of a definition rest, or run again; its subscriptions follow the definition by themselves."""
    execute([(HOLD_TIMERS, (suspended, [definition_key]))])


# ---- who waits


def message_starts(
    name: str,
    workspace_ids: Collection[int] | None,
    *,
    definition_key: int | None = None,
    semantics: Semantics | None = None,
) -> list[StartEvent]:
    """The start events that wait for a message of this name; `None` stands for all workspaces."""
    return _starts(Kind.MESSAGE, name, workspace_ids, definition_key, semantics)


def signal_starts(name: str, workspace_ids: Collection[int] | None) -> list[StartEvent]:
    """The start events that wait for a signal of this name."""
    return _starts(Kind.SIGNAL, name, workspace_ids, None, None)


def conditional_starts(workspace_ids: Collection[int] | None, *, definition_key: int | None = None) -> list[StartEvent]:
    """The start events that wait for a condition, whatever it is."""
    return _starts(Kind.CONDITIONAL, "", workspace_ids, definition_key, None)


def _starts(
    kind: str,
    name: str,
    workspace_ids: Collection[int] | None,
    definition_key: int | None,
    semantics: Semantics | None,
) -> list[StartEvent]:
    rows = fetch(
        STARTS,
        {
            "kind": kind,
            "name": name,
            "workspaces": None if workspace_ids is None else list(workspace_ids),
            "definition": definition_key,
            "semantics": semantics.value if semantics is not None else None,
        },
    )
    return [replace(StartEvent(*row), semantics=Semantics(row[5])) for row in rows]


def without_running(starts: Sequence[StartEvent], correlation_key: str) -> list[StartEvent]:
    """Leave out Camunda 8 processes that a message with this correlation key has started and that still run.

    The caller holds the lock of that message.
    """
    zeebe = {each.process_id for each in starts if each.semantics is Semantics.ZEEBE}
    if not correlation_key or not zeebe:
        return list(starts)
    rows = fetch(STARTED_BY_KEY, (correlation_key, sorted(zeebe)))
    running = {
        (workspace_id, process_id)
        for workspace_id, process_id, definition_key, element_id in rows
        if is_message_start(executable_process(definition_key), element_id)
    }
    return [each for each in starts if (each.workspace_id, each.process_id) not in running]


def is_message_start(process: ExecutableProcess, element_id: str | None) -> bool:
    """Whether an instance that began at this element was started by a message."""
    node = process.elements.get(element_id or "")
    return node is not None and isinstance(node.event, MessageEvent)


# ---- starting


def require_startable(work: UnitOfWork, definition_key: int) -> None:
    """Refuse to start a suspended process definition, and one that has just been deleted.

    The check is made with the last round trip of the transaction and holds the definition until that ends; a dry run,
    which writes nothing, asks at once.
    """
    statement = HOLD_STARTABLE, (definition_key,)
    if not work.context.dry_run:
        work.transaction.add(*statement)
        return
    try:
        execute([statement])
    except DatabaseError as error:
        raise refusal(error) or error from None


def start_at_event(
    definition_key: int,
    element_id: str,
    *,
    variables: Variables = NO_VARIABLES,
    business_key: str | None = None,
    start_reason: str = "",
    context: Context = SYSTEM,
) -> Outcome:
    """Start a process instance at one of its start events, as if what that waits for had occurred.

    The business key of a Camunda 8 instance that a message starts is the message's correlation key.
    """
    with unit_of_work(context) as work:
        engine = enter_start_event(
            work, definition_key, element_id, variables=variables, business_key=business_key, start_reason=start_reason
        )
        _settle(work)
        return outcome(engine, work.engines)


def enter_start_event(
    work: UnitOfWork,
    definition_key: int,
    element_id: str,
    *,
    variables: Variables = NO_VARIABLES,
    business_key: str | None = None,
    start_reason: str = "",
) -> Engine:
    """Make a process instance within a unit of work and let its start event occur."""
    engine = work.create(definition_key, business_key=business_key, start_reason=start_reason)
    require_startable(work, definition_key)
    state = engine.state
    start = next((node for node in state.process.root.start_events if node.id == element_id), None)
    if start is None:
        known = ", ".join(f"'{node.id}'" for node in state.process.root.start_events) or "none"
        raise Rejected(
            f"Expected '{element_id}' to be a start event of process '{state.process.id}', but it has other ones: {known}."
        )
    if not (start.outputs and engine.rules.outputs_hide_result):
        engine.variables.set_initial(variables)
        variables = NO_VARIABLES
    engine.start_at(start, variables)
    engine.run()
    return engine


def start_later(work: UnitOfWork, start: StartEvent) -> None:
    """Let a job start a process instance at a start event; the job belongs to the definition, as its timers do."""
    if not work.context.dry_run:
        work.transaction.add(
            START_LATER,
            (work.next_key(), start.workspace_id, start.definition_key, start.element_id, RETRIES, work.now),
        )


def _settle(work: UnitOfWork) -> None:
    from workflow.services.settling import settle  # which starts process instances itself

    settle(work)


def evaluate_start_conditions(
    variables: Variables,
    *,
    workspace_ids: Collection[int] | None,
    definition_key: int | None = None,
    business_key: str | None = None,
    context: Context = SYSTEM,
) -> tuple[Outcome, ...]:
    """Start a process instance at each conditional start event whose condition these variables fulfil.

    A condition that cannot be evaluated is not fulfilled. Rejected if nothing waits for a condition at all.
    """
    now = context.now or clock()
    starts = conditional_starts(workspace_ids, definition_key=definition_key)
    if not starts:
        raise Rejected("No subscriptions were found during evaluation of the conditional start events.")
    known = {name: typed(value)[0] for name, value in variables.items()} | {"__now__": lambda: now}
    return tuple(
        start_at_event(
            each.definition_key, each.element_id, variables=variables, business_key=business_key, context=context
        )
        for each in starts
        if _is_fulfilled(each, known)
    )


def _is_fulfilled(start: StartEvent, variables: Mapping[str, object]) -> bool:
    event = executable_process(start.definition_key).elements[start.element_id].event
    if not isinstance(event, ConditionalEvent):
        return False
    if event.variable_names and not event.variable_names & variables.keys():
        return False
    try:
        return expect_boolean(event.condition, variables)
    except ExpressionError:
        return False


# ---- timers


def is_start_timer(job_key: int) -> bool:
    """Whether a waiting job is the timer of a definition's start event, or delivers a signal to one."""
    return bool(fetch(TIMER, (job_key,)))


def execute_start_timer(job_key: int, *, context: Context = SYSTEM) -> Outcome:
    """Let the timer of a start event fire now, due or not: one process instance, and the timer's next time as a new job.

    A job that delivers a signal to a start event is run just so; it has no next time.

    Whoever comes second with the same job finds it gone. A failure leaves the job as it was; see `note_timer_failure`.
    """
    with unit_of_work(context) as work:
        definition_key, workspace_id = _timer_of(job_key)
        fetch(SHARED_DEFINITION, (definition_key,))
        rows = fetch(LOCKED_TIMER, (job_key,))
        if not rows:
            raise _no_timer(job_key)
        [(element_id, due_at, repeat, suspended)] = rows
        context.authorize(workspace_id)
        if suspended:
            raise Conflict(f"Job '{job_key}' is suspended, as its process definition is. Activate it first.")
        engine = enter_start_event(work, definition_key, element_id)
        _settle(work)
        done = outcome(engine, work.engines)
        if not context.dry_run:
            _schedule_next(work, job_key, due_at, repeat)
        return done


def _timer_of(job_key: int) -> tuple[int, int]:
    for definition_key, workspace_id in fetch(TIMER, (job_key,)):
        return definition_key, workspace_id
    raise _no_timer(job_key)


def _no_timer(job_key: int) -> NotFound:
    return NotFound(f"Expected a waiting job with key '{job_key}', but no such job was found: it has ended.")


def _schedule_next(work: UnitOfWork, job_key: int, due_at: datetime | None, repeat: str) -> None:
    due = next_due(repeat, last=due_at or work.now, now=work.now) if repeat else None
    if due is not None:
        work.transaction.add(REPEAT_TIMER, (work.next_key(), RETRIES, due.at, due.repeat, work.now, job_key))
    work.transaction.add(FORGET_TIMER, (job_key,))


def note_timer_failure(job_key: int, message: str) -> None:
    """Take a retry from the timer of a start event whose process instance could not be started, and say why."""
    execute([(NOTE_FAILURE, (message.replace("\x00", "\ufffd"), job_key))])


# ---- messages that waited for an instance to end


def start_what_waited(work: UnitOfWork, ended: Engine) -> Engine | None:
    """Let the next buffered message start a Camunda 8 process whose instance of the same correlation key has ended.

    Costs nothing for other instances. To be called once an instance has ended, in the same unit of work.
    """
    state = ended.state
    key = state.business_key
    if state.is_active or not key or state.process.semantics is not Semantics.ZEEBE:
        return None
    if not is_message_start(state.process, state.start_element_id):
        return None
    process_id, workspace_id = state.process.id, state.workspace_id
    waiting = {
        name: (definition_key, element_id, subscription_key)
        for name, definition_key, element_id, subscription_key in fetch(
            START_NAMES, (workspace_id, workspace_id, process_id)
        )
    }
    if not waiting:
        return None
    execute([message_lock(workspace_id, name, key) for name in sorted(waiting)])
    taken = (process_id, workspace_id, list(waiting), key, work.now, process_id)
    for message_key, name, variables in fetch(TAKE_BUFFERED, taken):
        definition_key, element_id, subscription_key = waiting[name]
        engine = enter_start_event(work, definition_key, element_id, variables=from_json(variables), business_key=key)
        note_start(work, engine, element_id, subscription_key, message_key, name, key)
        return engine
    return None


def message_lock(workspace_id: int, name: str, correlation_key: str) -> tuple[str, tuple[object, ...]]:
    """The statement that lets those who publish a message and those who begin to wait for it take turns."""
    return (
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 20))",
        (f"{workspace_id}\n{name}\n{correlation_key}",),
    )


__all__ = [
    "Registration",
    "StartEvent",
    "conditional_starts",
    "enter_start_event",
    "evaluate_start_conditions",
    "execute_start_timer",
    "forget",
    "hold_timers",
    "is_start_timer",
    "message_lock",
    "message_starts",
    "names_taken",
    "note_timer_failure",
    "register",
    "registration",
    "require_startable",
    "signal_starts",
    "start_at_event",
    "start_later",
    "start_what_waited",
    "without_running",
]
