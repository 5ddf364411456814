"""Messages: correlated by name and key (Zeebe, buffered) or by what an instance carries (Camunda 7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from workflow.engine.commands import Complete
from workflow.engine.engine import Engine
from workflow.engine.errors import AlreadyExists, Conflict, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import ACTIVE, CREATED, SubscriptionRow
from workflow.engine.values import NO_VARIABLES, TypedValue, Variables
from workflow.graph import ElementType, Semantics
from workflow.persistence import keys
from workflow.persistence.connection import execute, fetch
from workflow.persistence.json_values import to_json
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, UnitOfWork, clock, rehearsed, unit_of_work
from workflow.services.correlations import note_correlation, note_start
from workflow.services.guards import require_not_suspended
from workflow.services.settling import occur, settle
from workflow.services.start_events import StartEvent, enter_start_event, message_lock, message_starts, without_running

BUFFER = """
INSERT INTO workflow_bufferedmessage
  (key, workspace_id, name, correlation_key, message_id, variables, correlated_to, published_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s::text[], %s, %s)
"""
SAME_MESSAGE_ID = """
SELECT key FROM workflow_bufferedmessage
WHERE workspace_id = %s AND name = %s AND correlation_key = %s AND message_id = %s AND expires_at > %s LIMIT 1
"""
WAITING_BY_KEY = """
SELECT DISTINCT ON (i.process_id) s.key, i.process_id
FROM workflow_eventsubscription s JOIN workflow_processinstance i ON i.key = s.process_instance_key
JOIN workflow_processdefinition d ON d.key = s.definition_key
WHERE s.workspace_id = %s AND s.name = %s AND s.correlation_key = %s AND s.state = 'CREATED' AND d.semantics = 'zeebe'
  AND s.kind = 'MESSAGE' AND NOT i.suspended
ORDER BY i.process_id, s.key
"""
WAITING_BY_NAME = """
SELECT s.key FROM workflow_eventsubscription s JOIN workflow_processinstance i ON i.key = s.process_instance_key
WHERE s.kind = 'MESSAGE' AND s.name = %(name)s AND s.state = 'CREATED'
  AND s.correlation_key IS NULL AND NOT i.suspended
  AND (%(workspaces)s::bigint[] IS NULL OR s.workspace_id = ANY(%(workspaces)s::bigint[]))
  AND (%(instance)s::bigint IS NULL OR i.key = %(instance)s)
  AND (%(definition)s::bigint IS NULL OR i.definition_key = %(definition)s)
  AND (%(business_key)s::text IS NULL OR i.business_key = %(business_key)s)
  AND NOT EXISTS (SELECT 1 FROM jsonb_each(%(global)s::jsonb) w WHERE NOT EXISTS (
    SELECT 1 FROM workflow_variable v WHERE v.scope_key = i.key AND v.name = w.key AND v.value = w.value))
  AND NOT EXISTS (SELECT 1 FROM jsonb_each(%(local)s::jsonb) w WHERE NOT EXISTS (
    SELECT 1 FROM workflow_variable v
    WHERE v.scope_key = s.element_instance_key AND v.name = w.key AND v.value = w.value))
ORDER BY s.key LIMIT %(limit)s
"""
ALL_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class MessageCorrelation:
    """Which waiting executions a Camunda 7 message is for."""

    name: str
    business_key: str | None = None
    correlation_keys: Variables = NO_VARIABLES
    local_correlation_keys: Variables = NO_VARIABLES
    process_instance_key: int | None = None
    definition_key: int | None = None
    all: bool = False


@dataclass(frozen=True, slots=True)
class Correlation:
    """One execution that has got a message, or a process instance that it has started."""

    process_instance_key: int
    element_instance_key: int | None
    outcome: Outcome

    @property
    def has_started(self) -> bool:
        """Whether the message has started the process instance."""
        return self.element_instance_key is None


@dataclass(frozen=True, slots=True)
class PublishedMessage:
    """A published message, and the process instances that have got it."""

    key: int
    correlations: tuple[Correlation, ...]


def signal_element(
    element_instance_key: int, *, variables: Variables = NO_VARIABLES, context: Context = SYSTEM
) -> Outcome:
    """Complete a waiting receive task from outside, with or without a message (Camunda 7: signal)."""
    with unit_of_work(context) as work:
        engine = work.open(Subject.ELEMENT_INSTANCE, element_instance_key)
        instance = engine.state.elements[element_instance_key]
        if not instance.is_open:
            raise NotFound(f"Expected an active execution with id '{element_instance_key}', but it has ended.")
        if instance.element.type is not ElementType.RECEIVE_TASK:
            raise Rejected(
                f"Expected an execution that waits for a signal, but '{element_instance_key}' is in "
                f"'{instance.element.id}', a {instance.element.type}, which cannot be signalled."
            )
        if instance.state != ACTIVE:
            raise Rejected(
                f"Expected an execution that waits for a signal, but '{element_instance_key}' stands before or behind "
                f"'{instance.element.id}', at an asynchronous continuation."
            )
        require_not_suspended(engine, f"Execution '{element_instance_key}'")
        engine.variables.set_all(instance, variables)
        engine.run(Complete(instance))
        settle(work)
        return outcome(engine, work.engines)


def trigger_message(
    element_instance_key: int, name: str, *, variables: Variables = NO_VARIABLES, context: Context = SYSTEM
) -> Outcome:
    """Deliver a message to the one execution that waits for it."""
    with unit_of_work(context) as work:
        engine = work.open(Subject.ELEMENT_INSTANCE, element_instance_key)
        for row in engine.state.subscriptions.values():
            waits = row.kind == "MESSAGE" and row.state == CREATED and row.name == name
            if waits and row.element_instance_key == element_instance_key:
                _deliver(work, engine, row, variables)
                return outcome(engine, work.engines)
        raise Rejected(
            f"Execution with id '{element_instance_key}' does not have a subscription to a message event with name '{name}'."
        )


def correlate_message(
    correlation: MessageCorrelation,
    *,
    variables: Variables = NO_VARIABLES,
    local_variables: Variables = NO_VARIABLES,
    workspace_ids: Collection[int] | None = None,
    context: Context = SYSTEM,
) -> tuple[Correlation, ...]:
    """Deliver a Camunda 7 message to the one execution that it matches, or with `all` to each of them.

    Nobody waiting, or more than one without `all`, is a refusal. Local variables are set in exactly the execution that waits;
    a process instance that is started has none.
    """
    with transaction(), rehearsed(context) as context:
        matches = _matching(correlation, workspace_ids)
        starts = _starting(correlation, workspace_ids) if correlation.all or not matches else []
        found = len(matches) + len(starts)
        if not correlation.all and found != 1:
            text = "No process definition or execution matches" if not found else f"{found} executions match"
            raise Rejected(
                f"Cannot correlate message '{correlation.name}': {text} the parameters "
                f"(business key {correlation.business_key!r}, correlation keys {sorted(correlation.correlation_keys)})."
            )
        started = tuple(_start(each, variables, correlation.business_key, context) for each in starts)
        correlated = [_correlate(key, variables, context, local_variables) for key in matches]
        if matches and not any(correlated):
            raise Conflict(f"Who waited for message '{correlation.name}' has just been ended by another command.")
        return (*(each for each in correlated if each is not None), *started)


def _starting(correlation: MessageCorrelation, workspace_ids: Collection[int] | None) -> list[StartEvent]:
    """Start events that the message may be for, if nobody waits; correlation keys mean nothing to them, as in Camunda 7."""
    if correlation.process_instance_key is not None:
        return []
    return message_starts(
        correlation.name, workspace_ids, definition_key=correlation.definition_key, semantics=Semantics.CAMUNDA_7
    )


def _matching(correlation: MessageCorrelation, workspace_ids: Collection[int] | None) -> list[int]:
    values = {
        "name": correlation.name,
        "workspaces": None if workspace_ids is None else list(workspace_ids),
        "instance": correlation.process_instance_key,
        "definition": correlation.definition_key,
        "business_key": correlation.business_key,
        "global": to_json(_plain(correlation.correlation_keys)),
        "local": to_json(_plain(correlation.local_correlation_keys)),
        "limit": ALL_LIMIT if correlation.all else 2,
    }
    rows = fetch(WAITING_BY_NAME, values)
    return [key for (key,) in rows]


def publish_message(
    name: str,
    *,
    workspace_id: int,
    correlation_key: str = "",
    time_to_live: timedelta = timedelta(0),
    message_id: str = "",
    variables: Variables = NO_VARIABLES,
    only_if_awaited: bool = False,
    context: Context = SYSTEM,
) -> PublishedMessage:
    """Publish a Zeebe message: to one waiting instance of each process, and to start events; else kept for its time to live.

    With `only_if_awaited`, NotFound if nobody waits for it now.
    """
    context.authorize(workspace_id)
    with transaction(), rehearsed(context) as context:
        now = context.now or clock()
        execute([message_lock(workspace_id, name, correlation_key)])
        if message_id:
            _refuse_duplicate(workspace_id, name, correlation_key, message_id, now)
        rows = fetch(WAITING_BY_KEY, (workspace_id, name, correlation_key))
        starts = _startable(workspace_id, name, correlation_key, {process_id for _key, process_id in rows})
        if only_if_awaited and not rows and not starts:
            raise NotFound(
                f"Expected to find subscription for message with name '{name}' and correlation key '{correlation_key}', "
                "but none was found."
            )
        key = keys.next_key()
        if time_to_live > timedelta(0):
            got_it = [process_id for _key, process_id in rows] + [each.process_id for each in starts]
            values = (name, correlation_key, message_id, to_json(_plain(variables)), got_it, now, now + time_to_live)
            execute([(BUFFER, (key, workspace_id, *values))])
        started = [_start(each, variables, correlation_key or None, context, message_key=key) for each in starts]
        correlated = [_correlate(each, variables, context, message_key=key) for each, _process in rows]
        return PublishedMessage(key, (*(each for each in correlated if each is not None), *started))


def _startable(workspace_id: int, name: str, correlation_key: str, taken: Collection[str]) -> list[StartEvent]:
    """The start events that may take the message: not of processes that have got it, or run with this key already."""
    starts = message_starts(name, [workspace_id], semantics=Semantics.ZEEBE)
    return without_running([each for each in starts if each.process_id not in taken], correlation_key)


def _refuse_duplicate(workspace_id: int, name: str, correlation_key: str, message_id: str, now: object) -> None:
    if fetch(SAME_MESSAGE_ID, (workspace_id, name, correlation_key, message_id, now)):
        raise AlreadyExists(
            f"Expected to publish a new message with id '{message_id}', but a message with that id was already published."
        )


def _correlate(
    subscription_key: int,
    variables: Variables,
    context: Context,
    local_variables: Variables = NO_VARIABLES,
    *,
    message_key: int | None = None,
) -> Correlation | None:
    """Deliver a message to one who waits; None if that has ended meanwhile, maybe by the same message elsewhere."""
    with unit_of_work(context) as work:
        engine = work.open(Subject.SUBSCRIPTION, subscription_key)
        row = engine.state.subscriptions.get(subscription_key)
        if row is None or row.state != CREATED:
            return None
        engine.variables.set_all_local(engine.state.elements[row.element_instance_key], local_variables)
        if message_key is not None:
            note_correlation(work, engine, row, message_key)
        _deliver(work, engine, row, variables)
        return Correlation(engine.state.key, row.element_instance_key, outcome(engine, work.engines))


def _start(
    start: StartEvent,
    variables: Variables,
    business_key: str | None,
    context: Context,
    *,
    message_key: int | None = None,
) -> Correlation:
    with unit_of_work(context) as work:
        engine = enter_start_event(
            work, start.definition_key, start.element_id, variables=variables, business_key=business_key
        )
        if message_key is not None:
            key = business_key or ""
            note_start(work, engine, start.element_id, start.subscription_key, message_key, start.name, key)
        settle(work)
        return Correlation(engine.state.key, None, outcome(engine, work.engines))


def _deliver(work: UnitOfWork, engine: Engine, row: SubscriptionRow, variables: Variables) -> None:
    require_not_suspended(engine, f"The subscription of '{row.element_id}'")
    occur(engine, row, variables)
    settle(work)


def discard_expired_messages(*, context: Context = SYSTEM) -> None:
    """Remove buffered messages whose time to live is over; they are not delivered any more anyway."""
    with transaction() as tx:
        tx.add("DELETE FROM workflow_bufferedmessage WHERE expires_at <= %s", (context.now or clock(),))


def _plain(variables: Variables) -> dict[str, object]:
    return {name: value.value if isinstance(value, TypedValue) else value for name, value in variables.items()}
