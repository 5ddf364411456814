"""The engine's own jobs: timers and asynchronous continuations, run when they are due or by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from workflow.engine.commands import Begin, Leave, Occur
from workflow.engine.engine import CHOSEN_FLOW, JOB_NO_RETRIES, Engine
from workflow.engine.errors import ElementFailure, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import COMPLETED, CREATED, FAILED, ElementInstance, JobRow, SubscriptionRow
from workflow.engine.timers import RetryCycle, next_due, retry_cycle
from workflow.engine.values import NO_VARIABLES
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, UnitOfWork, unit_of_work
from workflow.services.guards import open_incident, open_job, require_not_suspended
from workflow.services.settling import occur, settle
from workflow.services.start_events import execute_start_timer, is_start_timer, note_timer_failure
from workflow.services.start_timers import (
    StartTimer,
    change_start_timer,
    delete_start_timer,
    recalculate_start_timer,
)

ERROR_MESSAGE_LIMIT = 10_000


class JobFailed(Rejected):
    """A job of the engine could not be done; nothing has changed, and the failure is not noted yet."""


def run_job(key: int, *, context: Context = SYSTEM) -> Outcome | None:
    """Run a job of the engine; if it fails, note that with one retry less, and an incident when none is left.

    Returns None if the job failed.
    """
    try:
        return execute_job(key, context=context)
    except JobFailed as failure:
        note_job_failure(key, failure.message, context=context)
        return None


def execute_job(key: int, *, context: Context = SYSTEM) -> Outcome:
    """Run a timer or an asynchronous continuation now, due or not; raises JobFailed if what follows is refused."""
    try:
        with unit_of_work(context) as work:
            engine, row, instance = _open(work, key)
            require_not_suspended(engine, f"Job '{key}'")
            try:
                _perform(engine, row, instance)
                settle(work)
            except Rejected as refusal:
                raise JobFailed(refusal.message) from refusal
            return outcome(engine, work.engines)
    except NotFound:
        if not is_start_timer(key):
            raise
    try:
        return execute_start_timer(key, context=context)
    except Rejected as refusal:
        raise JobFailed(refusal.message) from refusal


def _open(work: UnitOfWork, key: int) -> tuple[Engine, JobRow, ElementInstance]:
    engine = work.open(Subject.JOB, key)
    row, instance = open_job(engine, key)
    if row.kind == "EXTERNAL":
        raise NotFound(f"Expected a job of the engine with key '{key}', but it is one for external workers.")
    return engine, row, instance


def _perform(engine: Engine, row: JobRow, instance: ElementInstance) -> None:
    _close_incident(engine, row)
    engine.end_row(row, COMPLETED)
    match row.kind:
        case "ASYNC_BEFORE":
            engine.run(Begin(instance))
        case "ASYNC_AFTER":
            engine.run(Leave(instance, row.custom_headers.get(CHOSEN_FLOW)))
        case "SIGNAL":
            _deliver(engine, row, instance)
        case _:
            _fire(engine, row, instance)


def _fire(engine: Engine, row: JobRow, holder: ElementInstance) -> None:
    """Let a timer's event occur, and wind it up again if it repeats; what it interrupts takes that with it."""
    node = engine.state.process.elements[row.element_id]
    due = next_due(row.repeat, last=row.due_at or engine.now, now=engine.now) if row.repeat else None
    if due is not None:
        engine.attach_job(holder, "TIMER", node, due_at=due.at, repeat=due.repeat)
    engine.run(Occur(holder, node))


def _deliver(engine: Engine, row: JobRow, holder: ElementInstance) -> None:
    """Let a signal's event occur, if it is still waited for."""
    for each in list(engine.state.attached.get(holder.key, ())):
        if not isinstance(each, SubscriptionRow) or each.state != CREATED:
            continue
        if each.kind == "SIGNAL" and each.element_id == row.element_id:
            occur(engine, each, NO_VARIABLES)
            return


def _close_incident(engine: Engine, row: JobRow) -> None:
    for incident in list(engine.state.incidents.values()):
        if incident.job_key == row.key:
            engine.close_incident(incident)


def note_job_failure(key: int, message: str, *, context: Context = SYSTEM) -> Outcome | None:
    """Count a failed attempt at a job of the engine: one retry less, later as its retry cycle says, or an incident.

    Returns None for the timer of a start event, which belongs to no process instance.
    """
    if is_start_timer(key):
        note_timer_failure(key, message)
        return None
    with unit_of_work(context) as work:
        engine, row, instance = _open(work, key)
        cycle = _cycle(engine, row, instance)
        if cycle is not None and row.state == CREATED:
            row.retries = cycle.retries
        row.retries = max(row.retries - 1, 0)
        row.state, row.is_changed = FAILED, True
        row.error_message = message[:ERROR_MESSAGE_LIMIT]
        wait = cycle.wait_before(row.retries) if cycle is not None and row.retries else timedelta(0)
        if wait:
            row.due_at = work.now + wait
        if row.retries == 0 and open_incident(engine, row) is None:
            engine.raise_incident(instance, JOB_NO_RETRIES, row.error_message, job_key=row.key)
        return outcome(engine, work.engines)


def _cycle(engine: Engine, row: JobRow, instance: ElementInstance) -> RetryCycle | None:
    expression = engine.state.process.elements[row.element_id].asynchronous.retry_cycle
    if expression is None:
        return None
    try:
        return retry_cycle(engine.expressions.text(expression, instance))
    except (ElementFailure, ValueError):
        return None  # the failure of the job has to be counted, whatever else is wrong


def set_job_due_date(key: int, due_at: datetime | None, *, context: Context = SYSTEM) -> Outcome | StartTimer:
    """Let a job become due at another time; None: at once."""
    if is_start_timer(key):
        return change_start_timer(key, {"due_at": due_at}, context=context)
    with unit_of_work(context) as work:
        engine, row, _ = _open(work, key)
        row.due_at, row.is_changed = due_at, True
        return outcome(engine, work.engines)


def recalculate_job_due_date(
    key: int, *, from_creation: bool = True, context: Context = SYSTEM
) -> Outcome | StartTimer:
    """Let a timer become due when its model says, with the variables of now, counted from its creation or from now."""
    if is_start_timer(key):
        return recalculate_start_timer(key, from_creation=from_creation, context=context)
    with unit_of_work(context) as work:
        engine, row, holder = _open(work, key)
        node = engine.state.process.elements[row.element_id]
        due = engine.events.due(holder, node, row.created_at if from_creation else work.now)
        row.due_at, row.repeat, row.is_changed = due.at, due.repeat, True
        return outcome(engine, work.engines)


def set_job_suspended(key: int, suspended: bool, *, context: Context = SYSTEM) -> Outcome | StartTimer:
    """Put one job on hold, or let it go on."""
    if is_start_timer(key):
        return change_start_timer(key, {"suspended": suspended}, context=context)
    with unit_of_work(context) as work:
        engine, row, _ = _open(work, key)
        row.suspended, row.is_changed = suspended, True
        return outcome(engine, work.engines)


def delete_job(key: int, *, context: Context = SYSTEM) -> Outcome | StartTimer:
    """Remove a job for good: what waits for it stays where it is until somebody repairs it."""
    if is_start_timer(key):
        return delete_start_timer(key, context=context)
    with unit_of_work(context) as work:
        engine, row, _ = _open(work, key)
        _close_incident(engine, row)
        engine.close_row(row)
        return outcome(engine, work.engines)
