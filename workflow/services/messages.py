"""Messages: correlated by name and key (Zeebe, buffered) or by what an instance carries (Camunda 7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from workflow.engine.commands import Complete
from workflow.engine.engine import Engine
from workflow.engine.errors import AlreadyExists, Conflict, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import CORRELATED, CREATED, SubscriptionRow
from workflow.engine.values import NO_VARIABLES, TypedValue, Variables
from workflow.graph import ElementType, Semantics
from workflow.persistence import keys
from workflow.persistence.connection import execute, fetch
from workflow.persistence.json_values import from_json, to_json
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, UnitOfWork, clock, unit_of_work
from workflow.services.guards import require_not_suspended

LOCK_NAME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 20))"
"""Who publishes a message and who begins to wait for it must not miss each other."""

TAKE_BUFFERED = """
UPDATE workflow_bufferedmessage SET correlated_to = correlated_to || %s::text
WHERE key = (
  SELECT key FROM workflow_bufferedmessage
  WHERE workspace_id = %s AND name = %s AND correlation_key = %s AND expires_at > %s AND NOT %s::text = ANY(correlated_to)
  ORDER BY key LIMIT 1)
RETURNING variables
"""
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
  AND NOT i.suspended
ORDER BY i.process_id, s.key
"""
WAITING_BY_NAME = """
SELECT s.key FROM workflow_eventsubscription s JOIN workflow_processinstance i ON i.key = s.process_instance_key
WHERE s.name = %(name)s AND s.state = 'CREATED' AND s.kind = 'MESSAGE' AND s.correlation_key IS NULL AND NOT i.suspended
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
    """One execution that has got a message."""

    process_instance_key: int
    element_instance_key: int
    outcome: Outcome


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
        require_not_suspended(engine, f"Execution '{element_instance_key}'")
        engine.variables.set_all(instance, variables)
        engine.run(Complete(instance))
        take_buffered_messages(work, engine)
        return outcome(engine)


def trigger_message(
    element_instance_key: int, name: str, *, variables: Variables = NO_VARIABLES, context: Context = SYSTEM
) -> Outcome:
    """Deliver a message to the one execution that waits for it."""
    with unit_of_work(context) as work:
        engine = work.open(Subject.ELEMENT_INSTANCE, element_instance_key)
        for row in engine.state.subscriptions.values():
            if row.element_instance_key == element_instance_key and row.name == name:
                _deliver(work, engine, row, variables)
                return outcome(engine)
        raise Rejected(
            f"Execution with id '{element_instance_key}' does not have a subscription to a message event with name '{name}'."
        )


def correlate_message(
    correlation: MessageCorrelation,
    *,
    variables: Variables = NO_VARIABLES,
    workspace_ids: Collection[int] | None = None,
    context: Context = SYSTEM,
) -> tuple[Correlation, ...]:
    """Deliver a Camunda 7 message to the one execution that it matches, or with `all` to each of them.

    Nobody waiting, or more than one without `all`, is a refusal.
    """
    with transaction():
        matches = _matching(correlation, workspace_ids)
        if not correlation.all and len(matches) != 1:
            found = "No process definition or execution matches" if not matches else f"{len(matches)} executions match"
            raise Rejected(
                f"Cannot correlate message '{correlation.name}': {found} the parameters "
                f"(business key {correlation.business_key!r}, correlation keys {sorted(correlation.correlation_keys)})."
            )
        return tuple(_correlate(key, variables, context) for key in matches)


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
    """Publish a Zeebe message: to one waiting instance of each process, else kept for its time to live.

    With `only_if_awaited`, NotFound if nobody waits for it now.
    """
    context.authorize(workspace_id)
    with transaction():
        now = context.now or clock()
        execute([_lock(workspace_id, name, correlation_key)])
        if message_id:
            _refuse_duplicate(workspace_id, name, correlation_key, message_id, now)
        rows = fetch(WAITING_BY_KEY, (workspace_id, name, correlation_key))
        if only_if_awaited and not rows:
            raise NotFound(
                f"Expected to find subscription for message with name '{name}' and correlation key '{correlation_key}', "
                "but none was found."
            )
        key = keys.next_key()
        if time_to_live > timedelta(0) and not context.dry_run:
            got_it = [process_id for _key, process_id in rows]
            values = (name, correlation_key, message_id, to_json(_plain(variables)), got_it, now, now + time_to_live)
            execute([(BUFFER, (key, workspace_id, *values))])
        correlated = tuple(_correlate(each, variables, context) for each, _process in rows)
        return PublishedMessage(key, correlated)


def _refuse_duplicate(workspace_id: int, name: str, correlation_key: str, message_id: str, now: object) -> None:
    if fetch(SAME_MESSAGE_ID, (workspace_id, name, correlation_key, message_id, now)):
        raise AlreadyExists(
            f"Expected to publish a new message with id '{message_id}', but a message with that id was already published."
        )


def _lock(workspace_id: int, name: str, correlation_key: str) -> tuple[str, tuple[object, ...]]:
    return LOCK_NAME, (f"{workspace_id}\n{name}\n{correlation_key}",)


def _correlate(subscription_key: int, variables: Variables, context: Context) -> Correlation:
    with unit_of_work(context) as work:
        engine = work.open(Subject.SUBSCRIPTION, subscription_key)
        row = engine.state.subscriptions.get(subscription_key)
        if row is None:
            raise Conflict(f"The event subscription '{subscription_key}' has just been ended by another command.")
        _deliver(work, engine, row, variables)
        return Correlation(engine.state.key, row.element_instance_key, outcome(engine))


def _deliver(work: UnitOfWork, engine: Engine, row: SubscriptionRow, variables: Variables) -> None:
    require_not_suspended(engine, f"The subscription of '{row.element_id}'")
    _complete_waiting(engine, row, variables)
    take_buffered_messages(work, engine)


def _complete_waiting(engine: Engine, row: SubscriptionRow, variables: Variables) -> None:
    instance = engine.state.elements[row.element_instance_key]
    engine.end_row(row, CORRELATED)
    engine.set_result(instance, variables)
    engine.run(Complete(instance))


def discard_expired_messages(*, context: Context = SYSTEM) -> None:
    """Remove buffered messages whose time to live is over; they are not delivered any more anyway."""
    with transaction() as tx:
        tx.add("DELETE FROM workflow_bufferedmessage WHERE expires_at <= %s", (context.now or clock(),))


def take_buffered_messages(work: UnitOfWork, engine: Engine) -> None:
    """Deliver messages that were published before somebody began to wait for them (Zeebe).

    Costs nothing unless the command has made a subscription.
    """
    if engine.state.process.semantics is not Semantics.ZEEBE:
        return
    seen: set[int] = set()
    while fresh := [row for row in engine.state.subscriptions.values() if _is_fresh(row, seen)]:
        for row in fresh:
            seen.add(row.key)
            _take_one(work, engine, row)


def _is_fresh(row: SubscriptionRow, seen: set[int]) -> bool:
    return row.is_new and row.state == CREATED and row.key not in seen


def _take_one(work: UnitOfWork, engine: Engine, row: SubscriptionRow) -> None:
    workspace_id, key, process_id = engine.state.workspace_id, row.correlation_key or "", engine.state.process.id
    execute([_lock(workspace_id, row.name, key)])
    rows = fetch(TAKE_BUFFERED, (process_id, workspace_id, row.name, key, work.now, process_id))
    for (variables,) in rows:
        _complete_waiting(engine, row, from_json(variables))


def _plain(variables: Variables) -> dict[str, object]:
    return {name: value.value if isinstance(value, TypedValue) else value for name, value in variables.items()}
