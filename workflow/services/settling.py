"""What a command leads to beyond its process instance: messages that wait already, and signals that were thrown."""

from __future__ import annotations

from collections.abc import Collection

from workflow.engine.commands import Occur
from workflow.engine.engine import Engine
from workflow.engine.errors import Rejected
from workflow.engine.events import ThrownSignal
from workflow.engine.state import CORRELATED, CREATED, SubscriptionRow
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import ElementType, Semantics
from workflow.persistence.connection import execute, fetch
from workflow.persistence.json_values import from_json
from workflow.persistence.unit_of_work import Subject, UnitOfWork
from workflow.services.correlations import note_correlation
from workflow.services.start_events import (
    enter_start_event,
    message_lock,
    signal_starts,
    start_later,
    start_what_waited,
)

SIGNAL_LIMIT = 1_000
"""Signals that one command may lead to; a model in which they call forth each other would never come to an end."""

TAKE_BUFFERED = """
UPDATE workflow_bufferedmessage SET correlated_to = correlated_to || %s::text
WHERE key = (
  SELECT key FROM workflow_bufferedmessage
  WHERE workspace_id = %s AND name = %s AND correlation_key = %s AND expires_at > %s AND NOT %s::text = ANY(correlated_to)
  ORDER BY key LIMIT 1)
RETURNING key, variables
"""
WAITING_FOR_SIGNAL = """
SELECT s.key, s.process_instance_key, s.root_process_instance_key
FROM workflow_eventsubscription s JOIN workflow_processinstance i ON i.key = s.process_instance_key
WHERE s.kind = 'SIGNAL' AND s.name = %s AND s.workspace_id = ANY(%s::bigint[]) AND s.state = 'CREATED'
  AND NOT i.suspended AND (%s::bigint IS NULL OR s.element_instance_key = %s::bigint)
ORDER BY s.key
"""
LOCK = "SELECT key FROM workflow_processinstance WHERE key = ANY(%s::bigint[]) ORDER BY key FOR UPDATE"
"""In the order of keys, or two signals that reach the same process instances could wait for each other."""


def settle(work: UnitOfWork) -> None:
    """Deliver what is there for those who have just begun to wait, and broadcast what was thrown, until nothing is left.

    Costs nothing unless the command has made a subscription, thrown a signal, or ended what a message has started.
    """
    seen: set[int] = set()
    signals = 0
    while True:
        fresh = [(each, row) for each in work.engines for row in _fresh(each, seen)]
        thrown = [(each, signal) for each in work.engines for signal in _thrown(each)]
        ended = [each for each in work.engines if not each.state.is_active and each.state.key not in seen]
        if not fresh and not thrown and not ended:
            return
        for each, row in fresh:
            seen.add(row.key)
            _take_one(work, each, row)
        signals += len(thrown)
        if signals > SIGNAL_LIMIT:
            raise Rejected(
                f"Expected one command to throw at most {SIGNAL_LIMIT:,} signals, but they call forth each other without end; the "
                f"last one is '{thrown[-1][1].name}'. Does the model answer a signal by the same one?"
            )
        for each, signal in thrown:
            workspace_ids = [each.state.workspace_id]
            deliver_signal(
                work,
                signal.name,
                workspace_ids,
                signal.variables,
                thrown_key=signal.key,
                business_key=signal.business_key,
                later=signal.is_delivered_later,
            )
        for each in ended:
            seen.add(each.state.key)
            start_what_waited(work, each)


def _fresh(engine: Engine, seen: set[int]) -> list[SubscriptionRow]:
    if engine.state.process.semantics is not Semantics.ZEEBE:
        return []
    rows = engine.state.subscriptions.values()
    return [r for r in rows if r.is_new and r.state == CREATED and r.kind == "MESSAGE" and r.key not in seen]


def _thrown(engine: Engine) -> list[ThrownSignal]:
    thrown, engine.thrown_signals = engine.thrown_signals, []
    return thrown


def take_what_waited(work: UnitOfWork, engine: Engine) -> None:
    """Deliver the messages that have come while the process instance was on hold."""
    if engine.state.process.semantics is Semantics.ZEEBE:
        for row in [each for each in engine.state.subscriptions.values() if each.kind == "MESSAGE"]:
            _take_one(work, engine, row)
    settle(work)


def _take_one(work: UnitOfWork, engine: Engine, row: SubscriptionRow) -> None:
    if row.state != CREATED or engine.state.suspended:
        return
    workspace_id, key, process_id = engine.state.workspace_id, row.correlation_key or "", engine.state.process.id
    execute([message_lock(workspace_id, row.name, key)])
    for message_key, variables in fetch(TAKE_BUFFERED, (process_id, workspace_id, row.name, key, work.now, process_id)):
        note_correlation(work, engine, row, message_key)
        occur(engine, row, from_json(variables))


def occur(engine: Engine, row: SubscriptionRow, variables: Variables) -> None:
    """Let the event that a subscription waits for happen."""
    holder = engine.state.elements[row.element_instance_key]
    node = engine.state.process.elements[row.element_id]
    if node is holder.element:
        engine.end_row(row, CORRELATED)
    engine.run(Occur(holder, node, variables))


def deliver_signal(
    work: UnitOfWork,
    name: str,
    workspace_ids: Collection[int],
    variables: Variables = NO_VARIABLES,
    *,
    execution_key: int | None = None,
    thrown_key: int | None = None,
    business_key: str | None = None,
    later: bool = False,
) -> list[Engine]:
    """Let everybody know who waits for a signal in these workspaces; with `execution_key` that element instance alone.

    Who has begun to wait only after it was thrown, by the same command, misses it: `thrown_key` tells them apart.
    `later`: jobs deliver it, without variables, to intermediate and start events; others have it at once.
    """
    reached: list[Engine] = []
    own = {engine.state.key for engine in work.engines}
    for engine in list(work.engines):
        reached += _deliver_inside(engine, name, variables, execution_key, thrown_key, later)
    keys = list(workspace_ids)
    waiting = fetch(WAITING_FOR_SIGNAL, (name, keys, execution_key, execution_key))
    roots = {root_key for _key, instance_key, root_key in waiting if instance_key not in own}
    if len(roots) > 1:
        fetch(LOCK, (list(roots),))
    for key, instance_key, _root_key in waiting:
        if instance_key not in own:
            engine = work.open(Subject.SUBSCRIPTION, key)
            row = engine.state.subscriptions.get(key)
            if row is not None and row.state == CREATED:
                _hand_over(engine, row, variables, later)
                reached.append(engine)
    if execution_key is None:
        for start in signal_starts(name, keys):
            if later:
                start_later(work, start)
                continue
            reached.append(
                enter_start_event(
                    work, start.definition_key, start.element_id, variables=variables, business_key=business_key
                )
            )
    return reached


def _deliver_inside(
    engine: Engine, name: str, variables: Variables, execution_key: int | None, thrown_key: int | None, later: bool
) -> list[Engine]:
    if not engine.state.is_active or engine.state.suspended:
        return []
    engine.state.need_everything()
    reached = []
    for row in list(engine.state.subscriptions.values()):
        wanted = execution_key in (None, row.element_instance_key)
        if thrown_key is not None and row.is_new and row.key > thrown_key:
            continue
        if wanted and row.kind == "SIGNAL" and row.name == name and row.state == CREATED:
            _hand_over(engine, row, variables, later)
            reached.append(engine)
    return reached


def _hand_over(engine: Engine, row: SubscriptionRow, variables: Variables, later: bool) -> None:
    node = engine.state.process.elements[row.element_id]
    if later and node.type is ElementType.INTERMEDIATE_CATCH_EVENT:
        engine.deliver_later(engine.state.elements[row.element_instance_key], node)
    else:
        occur(engine, row, variables)


__all__ = ["deliver_signal", "occur", "settle", "take_what_waited"]
