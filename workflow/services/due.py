"""The engine's own jobs that are due, for those who run them: any number of processes at once.

The rows are the queue. Whoever runs a job holds the lock of its process instance while it does, in the very transaction
that the job changes: what dies in the middle has done nothing, and holds up nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from workflow.engine.errors import Conflict, EngineError, NotFound
from workflow.persistence.connection import fetch
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, clock
from workflow.services.engine_jobs import execute_job, note_job_failure

WINDOW = 10_000
"""Priorities count among as many jobs as this, those that became due first; behind them there is a backlog anyway."""
AT_ONCE = 20
"""How many jobs of one process instance are given in a row; others have a turn then."""

RUNNABLE = (
    "j.kind <> 'EXTERNAL' AND j.state IN ('CREATED', 'FAILED') AND j.retries > 0 AND NOT j.suspended "
    "AND (SELECT held.suspended FROM workflow_processinstance held WHERE held.key = j.process_instance_key) IS NOT TRUE"
)
"""As a subquery of its own, by key for each row: in an anti-join PostgreSQL would read all process instances there are."""
CANDIDATES = (
    "SELECT j.key, j.root_process_instance_key AS root, j.priority, j.due_at FROM workflow_job j "
    f"WHERE {RUNNABLE} AND coalesce(j.root_process_instance_key, j.key) <> ALL(%(busy)s::bigint[])"
)
DUE = f"""
WITH due AS (
  ({CANDIDATES} AND j.due_at IS NULL LIMIT {WINDOW})
  UNION ALL
  ({CANDIDATES} AND j.due_at <= %(now)s::timestamptz ORDER BY j.due_at LIMIT {WINDOW}))
SELECT root, (array_agg(key ORDER BY priority DESC, due_at NULLS FIRST, key))[1:{AT_ONCE}]
FROM due GROUP BY root, CASE WHEN root IS NULL THEN key END
ORDER BY max(priority) DESC, min(key) LIMIT %(limit)s::int
"""
IS_DUE = f"j.key = %s::bigint AND (j.due_at IS NULL OR j.due_at <= %s::timestamptz) AND {RUNNABLE}"
CLAIM = f"""
SELECT j.key FROM workflow_job j JOIN workflow_processinstance i ON i.key = j.root_process_instance_key
WHERE {IS_DUE} FOR UPDATE OF i, j SKIP LOCKED
"""
CLAIM_START = f"SELECT j.key FROM workflow_job j WHERE {IS_DUE} AND pg_try_advisory_xact_lock(j.key)"
"""No row is locked: deploying locks the definition before its timers, and so does the timer when it starts an instance."""


@dataclass(frozen=True, slots=True)
class DueJobs:
    """Jobs to be run one after the other: of one process instance and those it has called, or of one start event."""

    root_process_instance_key: int | None
    keys: tuple[int, ...]

    @property
    def key(self) -> int:
        """What must not be worked on twice at once."""
        return self.keys[0] if self.root_process_instance_key is None else self.root_process_instance_key


def due_jobs(limit: int, *, busy: Collection[int] = (), now: datetime | None = None) -> list[DueJobs]:
    """The jobs to run now, those of the highest priority first, for up to `limit` process instances that are not busy."""
    rows = fetch(DUE, {"limit": limit, "busy": list(busy), "now": now or clock()})
    return [DueJobs(root, tuple(keys)) for root, keys in rows]


def run_due_job(jobs: DueJobs, key: int, *, context: Context = SYSTEM) -> bool:
    """Run one of these jobs, and say whether that was up to us.

    It was not if meanwhile the job has ended, was put on hold or off, or somebody else works on its process instance.
    If it fails, everything is undone and the failure counted as an attempt.
    """
    try:
        with transaction():
            if not _is_claimed(jobs, key, context):
                return False
            execute_job(key, context=context)
    except EngineError as failure:
        if jobs.root_process_instance_key is None and isinstance(failure, NotFound | Conflict):
            return False  # a start event's timer, which was not locked
        note_due_job_failure(jobs, key, failure.message, context=context)
    return True


def note_due_job_failure(jobs: DueJobs, key: int, message: str, *, context: Context = SYSTEM) -> None:
    """Count a failed attempt, unless somebody else has gone on with the job meanwhile."""
    with transaction():
        if _is_claimed(jobs, key, context):
            note_job_failure(key, message, context=context)


def _is_claimed(jobs: DueJobs, key: int, context: Context) -> bool:
    """Whether the job can be run now and is ours until the end of the transaction; never waits."""
    claim = CLAIM_START if jobs.root_process_instance_key is None else CLAIM
    return bool(fetch(claim, (key, context.now or clock())))
