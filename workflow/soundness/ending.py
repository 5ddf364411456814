"""What a plan ends for good: the process instance, its callers, and work that somebody was at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from workflow.engine.state import CANCELED, COMPLETED, DELETED, JobRow, ProcessInstanceState, UserTaskRow
from workflow.graph import ElementType
from workflow.soundness.marking import Marking
from workflow.soundness.plan import Touched, due_to
from workflow.soundness.warnings import Code, Severity, SoundnessWarning, drawn

WORDS = {"MESSAGE": "message", "SIGNAL": "signal", "CONDITIONAL": "condition"}


def endings(
    before: Marking, state: ProcessInstanceState, others: Iterable[ProcessInstanceState]
) -> Iterator[SoundnessWarning]:
    """That nothing is left of the process instance, or of those that have called it."""
    if state.is_active:
        return
    ended = tuple(dict.fromkeys(drawn(token.element.id) for token in before.tokens.values()))
    how = "complete" if state.state == COMPLETED else "be canceled"
    yield SoundnessWarning(
        Code.INSTANCE_ENDS,
        Severity.RED,
        ended,
        f"Nothing stays active: the process instance would {how}.",
    )
    callers = _callers(state, {other.key: other for other in others})
    ended_callers = [caller for caller in callers if not caller.is_active]
    if ended_callers:
        names = ", ".join(f"'{caller.process.id}'" for caller in ended_callers)
        yield SoundnessWarning(
            Code.CALLER_ENDS,
            Severity.RED,
            (),
            f"The process that has called this one ends with it: {names}.",
        )


def _callers(state: ProcessInstanceState, others: dict[int, ProcessInstanceState]) -> Iterator[ProcessInstanceState]:
    key = state.parent_key
    while key is not None and key in others:
        yield others[key]
        key = others[key].parent_key


def completed_at_once(state: ProcessInstanceState) -> Iterator[SoundnessWarning]:
    """That a process instance which begins has nothing to wait for."""
    if not state.is_active:
        how = "complete" if state.state == COMPLETED else "be canceled"
        text = f"Nothing in it would wait: the new process instance would {how} at once."
        yield SoundnessWarning(Code.INSTANCE_ENDS, Severity.INFO, (), text)


def closed_waits(before: Marking, state: ProcessInstanceState) -> Iterator[SoundnessWarning]:
    """Messages, signals and conditions that the target of a migration does not wait for."""
    for row in state.subscriptions.values():
        if row.key in before.work and row.state == DELETED and row.kind in WORDS:
            text = f"'{drawn(row.element_id)}' no longer waits for its {WORDS[row.kind]}{_called(row.name)}."
            yield SoundnessWarning(Code.WORK_LOST, Severity.INFO, (drawn(row.element_id),), text)


def _called(name: str) -> str:
    return f" '{name}'" if name else ""


def lost_work(
    before: Marking,
    state: ProcessInstanceState,
    others: Iterable[ProcessInstanceState],
    plan: Sequence[Touched],
    now: datetime,
) -> Iterator[SoundnessWarning]:
    """Work in flight that is thrown away: jobs that a worker has, tasks that somebody has, called processes, timers.

    Of each element it is told once, however often it is.
    """
    found: dict[tuple[Severity, tuple[str, ...]], list[SoundnessWarning]] = {}
    for warning in _each_lost(before, state, others, plan, now):
        found.setdefault((warning.severity, warning.element_ids), []).append(warning)
    for alike in found.values():
        more = f" So it is {len(alike)} times in all." if len(alike) > 1 else ""
        yield replace(alike[0], reason=f"{alike[0].reason}{more}")


def _each_lost(
    before: Marking,
    state: ProcessInstanceState,
    others: Iterable[ProcessInstanceState],
    plan: Sequence[Touched],
    now: datetime,
) -> Iterator[SoundnessWarning]:
    gone = [row for row in state.jobs.values() if row.key in before.work and row.state == CANCELED]
    for job in gone:
        if job.kind == "EXTERNAL" and job.worker and job.locked_until is not None and job.locked_until > now:
            text = f"Worker '{job.worker}' is at work on '{drawn(job.element_id)}': what it does is thrown away."
            yield _lost(before, plan, Severity.YELLOW, job.element_id, text)
    for task in state.user_tasks.values():
        if task.key in before.work and task.state == CANCELED:
            yield _lost(before, plan, *_told_of(task))
    for job in gone:
        if job.kind != "EXTERNAL" or not job.worker:
            yield _lost(before, plan, Severity.INFO, job.element_id, _unbegun(job))
    for other in others:
        caller = before.tokens.get(other.parent_element_instance_key or 0)
        if caller is not None and other.state == CANCELED:
            text = f"Process instance {other.key} of '{other.process.id}', which it has called, is canceled."
            yield _lost(before, plan, Severity.YELLOW, caller.element.id, text)


def _told_of(task: UserTaskRow) -> tuple[Severity, str, str]:
    name = task.name or drawn(task.element_id)
    if task.assignee:
        return Severity.YELLOW, task.element_id, f"'{name}' is assigned to '{task.assignee}': the task is taken away."
    return Severity.INFO, task.element_id, f"The task '{name}', which nobody has claimed, is taken away."


def _unbegun(job: JobRow) -> str:
    name = drawn(job.element_id)
    if job.kind == "TIMER":
        return f"The timer of '{name}' is canceled."
    return f"The job of '{name}', which nobody has begun, is canceled."


def _lost(before: Marking, plan: Sequence[Touched], severity: Severity, element_id: str, text: str) -> SoundnessWarning:
    element = before.process.elements.get(element_id)
    watched = element.attached_to if element is not None and element.type is ElementType.BOUNDARY_EVENT else element
    positions = due_to(plan, [watched]) if watched is not None else ()
    return SoundnessWarning(Code.WORK_LOST, severity, (drawn(element_id),), text, positions)
