"""Pausing, resuming, canceling, deleting and repairing batches and their jobs. Callers have checked the rights.

A job that is being done at the moment is waited for, so that what these say holds when they return.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from operate.batch.models import Batch
from operate.batch.submitting import RETRIES
from workflow.engine.errors import Conflict, NotFound
from workflow.persistence.connection import Statement, execute, fetch
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import clock

LOCK = "SELECT state, workspaces, type FROM operate_batch WHERE key = %s FOR UPDATE"
SET_STATE = "UPDATE operate_batch SET state = %s WHERE key = %s"
SUSPEND_JOBS = "UPDATE operate_batchjob SET suspended = %s WHERE batch_key = %s AND state = 'OPEN'"
CANCEL_JOBS = "UPDATE operate_batchjob SET state = 'CANCELED' WHERE batch_key = %s AND state = 'OPEN'"
CANCEL_ITEMS = """
WITH canceled AS (
  UPDATE operate_batchitem SET state = 'CANCELED', processed_at = %s::timestamptz
  WHERE batch_key = %s AND state = 'ACTIVE' RETURNING job_key)
UPDATE operate_batchjob j SET canceled = c.number
FROM (SELECT job_key, count(*) AS number FROM canceled GROUP BY job_key) c WHERE j.key = c.job_key
"""
END = "UPDATE operate_batch SET state = 'CANCELED', ended_at = %s::timestamptz WHERE key = %s"
DELETE = [
    f"DELETE FROM operate_{table} WHERE {column} = %s"
    for table, column in (("batchitem", "batch_key"), ("batchjob", "batch_key"), ("batch", "key"))
]
LOCK_JOBS = (
    "SELECT key FROM operate_batchjob WHERE batch_key = %s AND state = 'OPEN' AND retries = 0 ORDER BY key FOR UPDATE"
)
LOCK_JOB = "SELECT batch_key, suspended FROM operate_batchjob WHERE key = %s AND state = 'OPEN' FOR UPDATE"
REOPEN_ITEMS = """
UPDATE operate_batchitem SET state = 'ACTIVE', error = '', processed_at = NULL
WHERE job_key = ANY(%s::bigint[]) AND state = 'FAILED'
"""
REOPEN_JOBS = """
UPDATE operate_batchjob SET retries = %s, failed = 0, due_at = NULL, error_message = '' WHERE key = ANY(%s::bigint[])
"""
REOPEN_BATCH = """
UPDATE operate_batch SET state = 'ACTIVE', ended_at = NULL WHERE key = %s AND state = 'PARTIALLY_COMPLETED'
"""
GIVE_UP_JOB = """
WITH canceled AS (
  UPDATE operate_batchitem SET state = 'CANCELED', processed_at = %s::timestamptz
  WHERE job_key = %s AND state = 'ACTIVE' RETURNING 1)
UPDATE operate_batchjob SET state = 'CANCELED', canceled = (SELECT count(*) FROM canceled) WHERE key = %s
"""
SET_RETRIES = "UPDATE operate_batchjob SET retries = %s WHERE key = %s"
SET_JOB_SUSPENDED = "UPDATE operate_batchjob SET suspended = %s WHERE key = %s"
SET_DUE = "UPDATE operate_batchjob SET due_at = %s::timestamptz WHERE key = %s"

State = Batch.State


def suspend_batch(key: int) -> None:
    """Do no more of it until it is resumed; Conflict unless it is active."""
    _set_suspended(key, (State.ACTIVE,), State.SUSPENDED)


def resume_batch(key: int) -> None:
    """Let a suspended batch go on; Conflict unless it is suspended."""
    _set_suspended(key, (State.SUSPENDED,), State.ACTIVE)


def _set_suspended(key: int, expected: Sequence[str], state: Batch.State) -> None:
    with transaction():
        _lock(key, expected)
        suspended = state is State.SUSPENDED
        execute([(SET_STATE, (state.value, key)), (SUSPEND_JOBS, (suspended, key))])


def cancel_batch(key: int) -> None:
    """Leave undone what is not done yet; Conflict if the batch has ended."""
    with transaction():
        _lock(key, (State.ACTIVE, State.SUSPENDED, State.PARTIALLY_COMPLETED))
        now = clock()
        execute([(CANCEL_JOBS, (key,)), (CANCEL_ITEMS, (now, key)), (END, (now, key))])


def delete_batch(key: int) -> None:
    """Forget a batch that has ended; what was done stays done, and its audit events stay too."""
    with transaction():
        _lock(key, (State.COMPLETED, State.PARTIALLY_COMPLETED, State.CANCELED))
        statements: list[Statement] = [(sql, (key,)) for sql in DELETE]
        execute(statements)


def retry_failed(key: int, retries: int = RETRIES) -> int:
    """Let what failed be tried again; how many jobs that concerns. Conflict if nothing has failed."""
    with transaction():
        _lock(key, (State.ACTIVE, State.SUSPENDED, State.PARTIALLY_COMPLETED))
        jobs = [job for (job,) in fetch(LOCK_JOBS, (key,))]
        if not jobs:
            raise Conflict(f"Expected something of batch '{key}' to have failed, but nothing has.")
        _reopen(key, jobs, retries)
    return len(jobs)


def _reopen(batch_key: int, jobs: Sequence[int], retries: int) -> None:
    execute([(REOPEN_ITEMS, (jobs,)), (REOPEN_JOBS, (retries, jobs)), (REOPEN_BATCH, (batch_key,))])


def _lock(key: int, expected: Sequence[str]) -> None:
    for state, *_ in fetch(LOCK, (key,)):
        if state not in expected:
            known = " or ".join(State(each).label.lower() for each in expected)
            raise Conflict(f"Expected batch '{key}' to be {known}, but it is {State(state).label.lower()}.")
        return
    raise NotFound(f"Expected to find a batch with key '{key}', but there is none.")


# ---- single jobs


def set_job_retries(key: int, retries: int) -> None:
    """New retries for a job; from none on, what failed in it is to be tried again."""
    with transaction():
        batch_key, _suspended = _lock_job(key)
        if retries > 0:
            _reopen(batch_key, [key], retries)
        else:
            execute([(SET_RETRIES, (retries, key))])


def set_job_suspended(key: int, suspended: bool) -> None:
    """Keep one job from being done, or let it be done again."""
    with transaction():
        _lock_job(key)
        execute([(SET_JOB_SUSPENDED, (suspended, key))])


def set_job_due(key: int, due_at: datetime | None) -> None:
    """When a job is due; without a date at once."""
    with transaction():
        _lock_job(key)
        execute([(SET_DUE, (due_at, key))])


def delete_job(key: int) -> None:
    """Leave undone what is not done yet in this job; the others of its batch are not concerned (C21)."""
    with transaction():
        _lock_job(key)
        execute([(GIVE_UP_JOB, (clock(), key, key))])


def require_runnable_by_hand(key: int) -> None:
    """Make a job ready to be done now; Conflict while it is suspended. What failed in it is tried again."""
    with transaction():
        batch_key, suspended = _lock_job(key)
        if suspended:
            raise Conflict(f"Expected batch job '{key}' to be active, but it is suspended. Resume its batch first.")
        [(retries,)] = fetch("SELECT retries FROM operate_batchjob WHERE key = %s", (key,))
        if retries == 0:
            _reopen(batch_key, [key], 1)


def _lock_job(key: int) -> tuple[int, bool]:
    for batch_key, suspended in fetch(LOCK_JOB, (key,)):
        return batch_key, suspended
    raise NotFound(f"Expected to find an open batch job with key '{key}', but there is none, or it is done.")


__all__ = [
    "cancel_batch",
    "delete_batch",
    "delete_job",
    "require_runnable_by_hand",
    "resume_batch",
    "retry_failed",
    "set_job_due",
    "set_job_retries",
    "set_job_suspended",
    "suspend_batch",
]
