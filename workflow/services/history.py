"""Deleting what has been: ended process instances, and those whose time to live is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.models import (
    CorrelatedMessage,
    ElementInstance,
    EventSubscription,
    FormerValue,
    Incident,
    Job,
    ProcessDataValue,
    ProcessSnapshot,
    SequenceFlowTaken,
    TaskKeywords,
    UserTask,
    Variable,
)
from workflow.persistence.connection import Statement, execute, fetch
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, clock

INSTANCE_TABLES = (
    ElementInstance,
    SequenceFlowTaken,
    Variable,
    FormerValue,
    Job,
    UserTask,
    Incident,
    EventSubscription,
    CorrelatedMessage,
    ProcessDataValue,
    TaskKeywords,
    ProcessSnapshot,
)
DELETE_ROWS = [
    f"DELETE FROM {table._meta.db_table} WHERE process_instance_key = ANY(%s::bigint[])" for table in INSTANCE_TABLES
]
DELETE_INSTANCES = "DELETE FROM workflow_processinstance WHERE key = ANY(%s::bigint[])"

IS_EXPIRED = """
i.root_process_instance_key = i.key AND i.state <> 'ACTIVE' AND i.ended_at IS NOT NULL
AND d.history_time_to_live_days IS NOT NULL
AND i.ended_at <= %s::timestamptz - d.history_time_to_live_days * interval '1 day'
"""
EXPIRED = f"""
SELECT i.key, i.workspace_id, i.process_id
FROM workflow_processinstance i JOIN workflow_processdefinition d ON d.key = i.definition_key
WHERE {IS_EXPIRED} AND i.key > %s ORDER BY i.key LIMIT %s
"""
LOCK_EXPIRED = f"""
SELECT i.key FROM workflow_processinstance i JOIN workflow_processdefinition d ON d.key = i.definition_key
WHERE i.key = ANY(%s::bigint[]) AND {IS_EXPIRED} ORDER BY i.key FOR UPDATE OF i SKIP LOCKED
"""
TREES = """
WITH RECURSIVE tree AS (
  SELECT key AS root, key FROM unnest(%s::bigint[]) AS roots(key)
  UNION ALL
  SELECT t.root, i.key FROM workflow_processinstance i JOIN tree t ON i.parent_process_instance_key = t.key)
SELECT t.key FROM tree t WHERE NOT EXISTS (
  SELECT 1 FROM tree other JOIN workflow_processinstance i ON i.key = other.key
  WHERE other.root = t.root AND i.state = 'ACTIVE')
"""


@dataclass(frozen=True, slots=True)
class ExpiredInstance:
    """A process instance that nobody called, whose time to live is over."""

    key: int
    workspace_id: int
    process_id: str


def expired_instances(*, after: int = 0, limit: int, context: Context = SYSTEM) -> list[ExpiredInstance]:
    """Ended process instances that are older than their definition wants them kept, by key.

    Called instances are not among them: they stay as long as the instance at the root of the call hierarchy.
    """
    rows = fetch(EXPIRED, (context.now or clock(), after, limit))
    return [ExpiredInstance(*row) for row in rows]


def delete_expired_instances(root_keys: Sequence[int], *, context: Context = SYSTEM) -> int:
    """Delete these expired process instances and all that they have called, in one transaction; how many that were.

    Left out is what somebody works on right now, what is not expired (any more), and hierarchies that still run
    somewhere. A constant number of statements.
    """
    now: datetime = context.now or clock()
    with transaction() as tx:
        tx.flush()
        roots = [key for (key,) in fetch(LOCK_EXPIRED, (list(root_keys), now))]
        doomed = [key for (key,) in fetch(TREES, (roots,))] if roots else []
        if doomed and not context.dry_run:
            delete_instance_rows(doomed)
        return len(doomed)


def delete_instance_rows(instance_keys: Sequence[int]) -> None:
    """Remove process instances and everything of theirs, in one round trip; the caller holds their locks."""
    if instance_keys:
        of_these = (list(instance_keys),)
        statements: list[Statement] = [(sql, of_these) for sql in (*DELETE_ROWS, DELETE_INSTANCES)]
        execute(statements)


__all__ = ["ExpiredInstance", "delete_expired_instances", "delete_instance_rows", "expired_instances"]
