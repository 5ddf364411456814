"""Who has got which published message: kept for people, for the subscription alone does not tell."""

from __future__ import annotations

from workflow.engine.engine import Engine
from workflow.engine.state import SubscriptionRow
from workflow.persistence.unit_of_work import UnitOfWork

NOTE = """
INSERT INTO workflow_correlatedmessage (key, process_instance_key, root_process_instance_key, workspace_id, definition_key,
  element_id, element_instance_key, subscription_key, message_key, name, correlation_key, correlated_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def note_correlation(work: UnitOfWork, engine: Engine, row: SubscriptionRow, message_key: int) -> None:
    """Remember that who waits in a process instance has got a message."""
    key = row.correlation_key or ""
    _note(work, engine, row.element_id, row.element_instance_key, row.key, message_key, row.name, key)


def note_start(
    work: UnitOfWork,
    engine: Engine,
    element_id: str,
    subscription_key: int,
    message_key: int,
    name: str,
    correlation_key: str,
) -> None:
    """Remember that a message has started a process instance."""
    _note(work, engine, element_id, None, subscription_key, message_key, name, correlation_key)


def _note(work: UnitOfWork, engine: Engine, element_id: str, element_instance_key: int | None, *values: object) -> None:
    if work.context.dry_run:
        return
    state = engine.state
    owners = (work.next_key(), state.key, state.root_key, state.workspace_id, state.definition_key)
    work.transaction.add(NOTE, (*owners, element_id, element_instance_key, *values, work.now))
