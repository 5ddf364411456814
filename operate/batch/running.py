"""Doing batches: job by job, process instance by process instance, any number of workers at once.

The rows of `BatchJob` are the queue. Whoever does a job holds its row's lock, in the very transaction in which the process
instances and their items change: what is killed in the middle has done nothing, holds up nobody, and is found like all the
rest. Many process instances share a transaction, because committing costs more than modifying; one that is refused leaves
nothing behind in it. If that cannot be told for sure, the transaction is undone, and each instance has one of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError
from django.db.transaction import atomic

from audit.models import Channel, Result
from audit.record import record
from operate.actions.base import REFUSALS as COMMAND_REFUSALS
from operate.actions.base import Action
from operate.batch.models import Batch, BatchItem
from operate.batch.plans import Plan, read_plan
from operate.workspaces.access import Forbidden, User
from workflow.engine.errors import Conflict, NotFound
from workflow.persistence.chunk import chunk_of
from workflow.persistence.connection import execute, fetch
from workflow.persistence.transaction import Transaction, transaction
from workflow.persistence.unit_of_work import clock
from workflow.services import Outcome
from workflow.soundness import Judging

AT_ONCE = 200
"""Process instances that share a transaction, and so are locked together."""
WAIT = timedelta(seconds=10)
"""Until a job is tried again in which something failed that may pass."""
MAX_ERROR = 10_000

RUNNABLE = "state = 'OPEN' AND NOT suspended AND retries > 0"
DUE = "(due_at IS NULL OR due_at <= %s::timestamptz)"
NEXT = f"SELECT key FROM operate_batchjob WHERE {RUNNABLE} AND {DUE} ORDER BY key LIMIT 1 FOR UPDATE SKIP LOCKED"
CLAIM = f"SELECT batch_key, retries FROM operate_batchjob WHERE key = %s AND {RUNNABLE} FOR UPDATE SKIP LOCKED"
ITEMS = """
SELECT key, process_instance_key FROM operate_batchitem
WHERE job_key = %s AND state = 'ACTIVE' AND key > %s ORDER BY key LIMIT %s
"""
DONE = """
UPDATE operate_batchitem i SET state = d.state, error = d.error, result_key = d.result_key, processed_at = %s::timestamptz
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) AS d (key, state, error, result_key) WHERE i.key = d.key
"""
COUNT = """
UPDATE operate_batchjob SET completed = completed + %s, failed = failed + %s,
  error_message = CASE WHEN %s::text = '' THEN error_message ELSE %s::text END
WHERE key = %s
"""
GIVE_UP = """
WITH given_up AS (
  UPDATE operate_batchitem SET state = 'FAILED', processed_at = %s::timestamptz
  WHERE job_key = %s AND state = 'ACTIVE' RETURNING 1)
UPDATE operate_batchjob SET failed = failed + (SELECT count(*) FROM given_up) WHERE key = %s
"""
END_OF_JOB = """
UPDATE operate_batchjob j SET
  retries = CASE WHEN waiting.some THEN %(left)s::int WHEN j.failed > 0 THEN 0 ELSE j.retries END,
  due_at = CASE WHEN waiting.some THEN %(again)s::timestamptz END,
  state = CASE WHEN waiting.some OR j.failed > 0 THEN 'OPEN' ELSE 'COMPLETED' END
FROM (SELECT EXISTS (SELECT 1 FROM operate_batchitem WHERE job_key = %(job)s AND state = 'ACTIVE') AS some) AS waiting
WHERE j.key = %(job)s
"""
LEFT_OVER = """
SELECT b.key FROM operate_batch b WHERE b.state IN ('ACTIVE', 'SUSPENDED') AND NOT EXISTS (
  SELECT 1 FROM operate_batchjob j WHERE j.batch_key = b.key AND j.state = 'OPEN' AND j.retries > 0)
"""
NOTE_DEFECT = """
UPDATE operate_batchjob SET retries = retries - 1, error_message = %s, due_at = %s::timestamptz
WHERE key = %s AND state = 'OPEN' AND retries > 0
"""
END_BATCH = """
UPDATE operate_batch b SET
  started_at = coalesce(b.started_at, %(now)s::timestamptz),
  state = CASE WHEN open.runnable THEN b.state WHEN open.failed THEN 'PARTIALLY_COMPLETED' ELSE 'COMPLETED' END,
  ended_at = CASE WHEN NOT open.runnable THEN %(now)s::timestamptz END
FROM (SELECT
  EXISTS (SELECT 1 FROM operate_batchjob WHERE batch_key = %(batch)s AND state = 'OPEN' AND retries > 0) AS runnable,
  EXISTS (SELECT 1 FROM operate_batchjob WHERE batch_key = %(batch)s AND state = 'OPEN') AS failed) AS open
WHERE b.key = %(batch)s AND b.state IN ('ACTIVE', 'SUSPENDED', 'PARTIALLY_COMPLETED')
  AND (b.started_at IS NULL OR NOT open.runnable)
"""

REFUSALS = (*COMMAND_REFUSALS, Forbidden)
Items = Sequence[tuple[int, int]]
"""Each with the key of its process instance."""
Done = tuple[int, Sequence[Outcome] | Exception]
"""An item, with what was done or why not."""

logger = logging.getLogger(__name__)


class Torn(Exception):
    """A refused instance may have left something behind in a transaction that it shares."""


class NotDone(Exception):
    """An instance was refused, in a transaction of its own."""

    def __init__(self, item: int, refusal: Exception) -> None:
        super().__init__(str(refusal))
        self.item = item
        self.refusal = refusal


@dataclass
class Order:
    """What is done in a job, for whom, and on which terms."""

    batch: Batch
    plan: Plan
    requester: User | None
    action: Action[Any] | None = field(default=None, init=False)
    """The last one that was made, for the instance at hand."""
    judging: Judging | None = None
    """Of a rehearsal: what harm it would do."""

    @classmethod
    def of(cls, batch_key: int) -> Order:
        """Read anew for each job: the requester's rights may have changed."""
        batch = Batch.objects.get(pk=batch_key)
        users = get_user_model()._default_manager
        requester: Any = users.filter(pk=batch.requester_id, is_active=True).first() if batch.requester_id else None
        return cls(batch, read_plan(batch.type, batch.plan), requester)

    def run(self, instance: int) -> Sequence[Outcome]:
        """Do it to one process instance; what each command has done."""
        self.action = None
        if self.judging is not None:
            return self.plan.rehearse(self.act, instance, self.judging)
        return self.plan.run(self.act, instance)

    def act(self, action: type[Action[Any]]) -> Action[Any]:
        """An action of the one who asked for the batch."""
        if self.requester is None:
            name = self.batch.requester_name
            raise NotFound(f"Expected '{name}', who asked for the batch, to be an active user, but that is over.")
        self.action = action(
            self.requester,
            channel=Channel.BATCH,
            request_id=self.batch.request_id,
            url=self.batch.url,
            reason=self.batch.reason,
            batch_key=self.batch.key,
        )
        return self.action

    def record_refusal(self) -> None:
        """Write the audit event of the last action, which was undone with it."""
        if self.action is not None and self.action.entry.result is not Result.SUCCESS:
            record(self.action.entry)


@dataclass(slots=True)
class Report:
    """What became of the instances of one transaction."""

    keys: list[int] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    results: list[int | None] = field(default_factory=list)

    def note_refusal(self, item: int, refusal: Exception) -> None:
        """What does not fit will not fit a second later; a conflict may pass, and is tried again."""
        state = BatchItem.State.ACTIVE if isinstance(refusal, Conflict) else BatchItem.State.FAILED
        self.note(item, state, text_of(refusal))

    def note(self, item: int, state: str, error: str = "", result: int | None = None) -> None:
        self.keys.append(item)
        self.states.append(state)
        self.errors.append(error[:MAX_ERROR].replace("\x00", "\ufffd"))
        self.results.append(result)

    def write(self, tx: Transaction, job_key: int, now: datetime) -> None:
        """With the process instances themselves, or not at all."""
        tx.add(DONE, (now, self.keys, self.states, self.errors, self.results))
        completed = self.states.count(BatchItem.State.COMPLETED)
        failed = self.states.count(BatchItem.State.FAILED)
        error = next((each for each in self.errors if each), "")
        tx.add(COUNT, (completed, failed, error, error, job_key))


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction has come to."""

    batch_key: int
    last_item: int
    is_end: bool


def run_next_job(goes_on: Callable[[], bool] = lambda: True) -> bool:
    """Do the next job that is due; whether there was one that nobody else does."""
    for (key,) in fetch(NEXT, (clock(),)):
        try:
            run_job(key, goes_on)
        except (OperationalError, InterfaceError):
            raise
        except Exception as failure:
            logger.exception("Batch job '%s' failed.", key)
            note_defect(key, failure)
        return True
    _end_left_over()
    return False


def _end_left_over() -> None:
    """End batches whose last worker was killed before it could say so."""
    for (key,) in fetch(LEFT_OVER):
        end_if_done(key)


def run_due_jobs(goes_on: Callable[[], bool] = lambda: True) -> int:
    """Do all jobs that are due now, one after the other; how many they were."""
    number = 0
    while goes_on() and run_next_job(goes_on):
        number += 1
    return number


def run_job(key: int, goes_on: Callable[[], bool] = lambda: True) -> bool:
    """Do what is left of a job, due or not; whether that was up to us."""
    step: Step | None = None
    while step is None or (not step.is_end and goes_on()):
        step = _run_chunk(key, 0 if step is None else step.last_item)
        if step is None:
            return False
    end_if_done(step.batch_key)
    return True


def note_defect(key: int, failure: Exception) -> None:
    """Count an attempt that a defect has ended, so that people get to see it instead of an endless loop."""
    message = f"{type(failure).__name__}: {failure}"[:MAX_ERROR].replace("\x00", "\ufffd")
    execute([(NOTE_DEFECT, (message, clock() + WAIT, key))])


def end_if_done(batch_key: int) -> None:
    """End the batch if nothing is left to do in it. Whoever ends the last job sees all others ended."""
    execute([(END_BATCH, {"now": clock(), "batch": batch_key})])


def text_of(refusal: Exception) -> str:
    """Why, for people."""
    return getattr(refusal, "message", "") or str(refusal)


# ---- transactions


def _run_chunk(key: int, after: int) -> Step | None:
    """Do the next instances of a job; None if there is nothing for us to do."""
    try:
        return _run_together(key, after)
    except (OperationalError, InterfaceError):
        raise  # an outage is nobody's fault: it is tried again
    except Torn:
        pass
    except Exception as failure:
        logger.warning("Batch job '%s' goes on with one process instance at a time: %r", key, failure)
    step: Step | None = None
    for _ in range(AT_ONCE):
        step = _run_alone(key, after)
        if step is None or step.is_end:
            break
        after = step.last_item
    return step


def _run_together(key: int, after: int) -> Step | None:
    """Several instances in one transaction."""
    with transaction() as tx:
        claimed = _claim(key, after, AT_ONCE)
        if claimed is None:
            return None
        report = Report()
        for item, found in apart(tx, claimed.order, claimed.items):
            if isinstance(found, Exception):
                report.note_refusal(item, found)
            else:
                report.note(item, BatchItem.State.COMPLETED, result=claimed.order.plan.started(found))
        return claimed.end(tx, report)


def apart(tx: Transaction, order: Order, items: Items) -> Iterator[Done]:
    """Do it to each instance, so that a refused one leaves nothing behind, in a transaction that they share; or Torn."""
    return (_in_memory if order.plan.is_one_command else in_savepoints)(tx, order, items)


def _in_memory(tx: Transaction, order: Order, items: Items) -> Iterator[Done]:
    """What each command changes is written when all are done; of a refused one there is nothing to be undone.

    Unless it has written meanwhile: then nobody knows whose work that was, and the transaction is Torn.
    """
    with chunk_of(tx, [instance for _, instance in items]) as chunk:
        for item, instance in items:
            mark = chunk.mark(tx)
            try:
                yield item, order.run(instance)
            except REFUSALS as refusal:
                if not chunk.undo(tx, mark):
                    raise Torn from None
                order.record_refusal()
                yield item, refusal


def in_savepoints(tx: Transaction, order: Order, items: Items) -> Iterator[Done]:
    """What several commands on an instance have written is undone together."""
    for item, instance in items:
        try:
            tx.flush()
            with savepoint(tx):
                outcomes = order.run(instance)
            yield item, outcomes
        except REFUSALS as refusal:
            order.record_refusal()
            yield item, refusal


@contextmanager
def savepoint(tx: Transaction) -> Iterator[None]:
    """What is written inside is undone by an exception, and nothing else."""
    try:
        with atomic():
            yield
            tx.flush()
    except BaseException:
        tx.pending = []
        raise


def _run_alone(key: int, after: int) -> Step | None:
    """One instance in a transaction of its own."""
    try:
        with transaction() as tx:
            claimed = _claim(key, after, 1)
            if claimed is None:
                return None
            report = Report()
            for item, instance in claimed.items:
                outcomes = _run_or_tell(tx, claimed.order, item, instance)
                report.note(item, BatchItem.State.COMPLETED, result=claimed.order.plan.started(outcomes))
            return claimed.end(tx, report)
    except NotDone as failure:
        return _note_alone(key, after, failure, claimed.order)


def _run_or_tell(tx: Transaction, order: Order, item: int, instance: int) -> Sequence[Outcome]:
    try:
        outcomes = order.run(instance)
        tx.flush()
    except (OperationalError, InterfaceError):
        raise
    except Exception as failure:
        raise NotDone(item, failure) from failure
    return outcomes


def _note_alone(key: int, after: int, failure: NotDone, order: Order) -> Step | None:
    """Note what was undone, unless somebody else goes on with the job meanwhile."""
    with transaction() as tx:
        claimed = _claim(key, after, 1)
        if claimed is None or [item for item, _ in claimed.items] != [failure.item]:
            return None
        report = Report()
        if isinstance(failure.refusal, REFUSALS):
            report.note_refusal(failure.item, failure.refusal)
        else:
            logger.error("Item '%s' of a batch failed.", failure.item, exc_info=failure.refusal)
            defect = f"{type(failure.refusal).__name__}: {failure.refusal}"
            report.note(failure.item, BatchItem.State.ACTIVE, defect)
        order.record_refusal()
        return claimed.end(tx, report)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Instances that are ours until the end of the transaction."""

    job_key: int
    retries: int
    order: Order
    items: Items
    is_end: bool

    def end(self, tx: Transaction, report: Report) -> Step:
        """Write what became of them, and at the end of the job what is to follow."""
        now = clock()
        report.write(tx, self.job_key, now)
        left = self.retries - 1
        if self.is_end:
            if left <= 0:
                tx.add(GIVE_UP, (now, self.job_key, self.job_key))
            tx.add(END_OF_JOB, {"left": left, "again": now + WAIT, "job": self.job_key})
        last = self.items[-1][0] if self.items else 0
        return Step(self.order.batch.key, last, self.is_end)


def _claim(key: int, after: int, number: int) -> Claimed | None:
    """Lock a job and read its next instances; None if somebody else does it, or if it is paused or ended."""
    for batch_key, retries in fetch(CLAIM, (key,)):
        items = fetch(ITEMS, (key, after, number + 1))
        return Claimed(key, retries, Order.of(batch_key), items[:number], len(items) <= number)
    return None


__all__ = ["end_if_done", "note_defect", "run_due_jobs", "run_job", "run_next_job", "text_of"]
