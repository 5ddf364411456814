"""What has to happen for a process instance to go on, in sentences, with what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from operate.admin.modification.rows import rows_of
from operate.admin.wording import drawn_id, element_label, label_in
from operate.diagnosis import Cause, Kind
from workflow.engine.timers import Due, next_due
from workflow.graph import CatchDetails, ConditionalEvent, ElementType, ExecutableProcess, FlowNode
from workflow.models import EventSubscription, Incident, Job, ProcessInstance, UserTask

CONTINUATIONS = (Job.Kind.ASYNC_BEFORE, Job.Kind.ASYNC_AFTER)
COUNTED = 50
"""More repetitions of a timer than these are told as 'again and again'."""
ICONS = {"worker": "settings", "timer": "timer", "continuation": "sync"}


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that is waited for."""

    kind: str
    icon: str
    row: Any
    element_id: str
    """As it is drawn."""
    name: str
    text: str
    note: str = ""
    """What it means for the elements around."""
    is_failed: bool = False
    repeats: str = ""
    cause: Cause | None = None
    """What the diagnosis tells of it besides."""
    fixes: Sequence[Mapping[str, str]] = ()
    """Rows of a plan that would put it right."""

    @property
    def is_timed(self) -> bool:
        """Whether its time is all there is to say."""
        return self.kind == "timer" and not self.is_failed and not self.row.suspended and self.row.retries > 0

    @property
    def since(self) -> datetime | None:
        return getattr(self.row, "created_at", None) or getattr(self.row, "started_at", None)


class Waits:
    """Tells in the words of one process what its rows wait for."""

    def __init__(self, process: ExecutableProcess, numbers: Mapping[int, int]) -> None:
        self._process = process
        self._numbers = numbers
        """Of element instances that are iterations."""

    def incident(self, incident: Incident) -> Wait:
        job = incident.job if incident.job_key else None
        note = self._job_note(job) if job is not None and job.kind != Job.Kind.EXTERNAL else ""
        text = incident.message or incident.get_state_display()
        return self._wait("incident", "error", incident, text, note, is_failed=True)

    def task(self, task: UserTask) -> Wait:
        return self._wait(
            "task",
            "person",
            task,
            _("Waits for %(who)s to complete the task.") % {"who": task.assignee or _("somebody")},
        )

    def job(self, job: Job) -> Wait:
        kind = job_kind(job)
        wait = self._wait(kind, ICONS[kind], job, job_sentence(job), self._job_note(job))
        return replace(wait, is_failed=job.state == Job.State.FAILED or job.retries < 1, repeats=repeats(job))

    def subscription(self, row: EventSubscription) -> Wait:
        match row.kind:
            case EventSubscription.Kind.MESSAGE:
                told = (
                    _("Waits for the message '%(name)s' with correlation key '%(key)s'.")
                    if row.correlation_key
                    else _("Waits for the message '%(name)s'.")
                )
                text, icon = told % {"name": row.name, "key": row.correlation_key}, "mail"
            case EventSubscription.Kind.SIGNAL:
                text, icon = _("Waits for the signal '%(name)s'.") % {"name": row.name}, "cell_tower"
            case _:
                text, icon = self._condition(row), "rule"
        return self._wait(str(row.kind).lower(), icon, row, text, self._event_note(row.element_id))

    def call(self, called: ProcessInstance, element_id: str) -> Wait:
        name = called.process_name or called.process_id  # type: ignore[attr-defined]
        text = _("Waits for process instance %(key)s of '%(name)s', which it has called.") % {
            "key": called.key,
            "name": name,
        }
        return Wait("call", "call_split", called, drawn_id(element_id), self._name(element_id), text)

    def join(self, element_id: str, come: Mapping[str, int]) -> Wait | None:
        """A gateway at which tokens wait on some of the flows that lead to it; none if it is no gateway any more."""
        element = self._process.elements.get(element_id)
        if element is None:
            return None
        missing = [flow.source for flow in element.incoming if not come.get(flow.id)]
        names = ", ".join(f"'{element_label(source)}'" for source in missing)
        text = (
            _("%(tokens)s came; it waits for one from %(names)s.")
            % {"tokens": _tokens(sum(come.values())), "names": names}
            if names
            else _("It waits for tokens.")
        )
        return Wait("join", "merge", None, element.id, element_label(element), text)

    def counting_join(self, element_id: str, rows: Sequence[Any]) -> Wait | None:
        """A gateway that waits for as many tokens as flows lead to it."""
        element = self._process.elements.get(element_id)
        if element is None:
            return None
        text = _("%(tokens)s came; it waits until there are %(incoming)s.") % {
            "tokens": _tokens(len(rows)),
            "incoming": len(element.incoming),
        }
        if element.type is ElementType.INCLUSIVE_GATEWAY:
            text = _("%(tokens)s came; it waits for those that can still come.") % {"tokens": _tokens(len(rows))}
        return Wait("join", "merge", rows[0], element.id, element_label(element), text)

    def undo(self, row: EventSubscription) -> Wait:
        """What a compensation would do; nothing waits for that."""
        handler = self._process.elements.get(row.element_id)
        undone = [each for each in self._process.elements.values() if each.compensation_handler is handler and handler]
        what = f"'{self._name(drawn_id(undone[0].id))}'" if undone else _("what was completed inside")
        return self._wait(
            "compensation", "undo", row, _("Would undo %(what)s if compensation is thrown.") % {"what": what}
        )

    def _wait(self, kind: str, icon: str, row: Any, text: str, note: str = "", *, is_failed: bool = False) -> Wait:
        name = self._name(row.element_id)
        number = self._numbers.get(row.element_instance_key)
        if number is not None:
            name = f"{name} #{number}"
        return Wait(kind, icon, row, drawn_id(row.element_id), name, text, note, is_failed)

    def _name(self, element_id: str) -> str:
        return label_in(self._process, element_id)

    def _job_note(self, job: Job) -> str:
        match job.kind:
            case Job.Kind.ASYNC_BEFORE:
                return _("Asynchronous continuation before the element.")
            case Job.Kind.ASYNC_AFTER:
                return _("Asynchronous continuation after the element.")
            case Job.Kind.SIGNAL:
                return _("A signal was thrown for it, to be delivered by a job.")
            case Job.Kind.TIMER:
                return self._event_note(job.element_id)
        return ""

    def _event_note(self, element_id: str) -> str:
        """What the event does to the elements around it."""
        element = self._process.elements.get(element_id)
        if element is None:
            return ""
        watched = _watched(element)
        if watched is None:
            return ""
        details = element.details
        interrupting = not isinstance(details, CatchDetails) or details.interrupting
        if watched.flow_scope is None:
            return (
                _("Then the process instance is interrupted.")
                if interrupting
                else _("The process instance goes on beside it.")
            )
        told = _("Then '%(element)s' is interrupted.") if interrupting else _("'%(element)s' goes on beside it.")
        return told % {"element": element_label(watched)}

    def _condition(self, row: EventSubscription) -> str:
        element = self._process.elements.get(row.element_id)
        event = element.event if element is not None else None
        if not isinstance(event, ConditionalEvent):
            return _("Waits for a condition.")
        told = (
            _("Waits until %(condition)s is true, looked at when '%(variable)s' changes.")
            if event.variable_name
            else _("Waits until %(condition)s is true.")
        )
        return told % {"condition": event.condition.source, "variable": event.variable_name}


def _watched(element: FlowNode) -> FlowNode | None:
    """What goes on while a boundary event or an event sub-process waits."""
    if element.attached_to is not None:
        return element.attached_to
    scope = element.flow_scope
    if element.type is ElementType.START_EVENT and scope is not None and scope.type is ElementType.EVENT_SUB_PROCESS:
        return scope.flow_scope
    return None


def job_kind(job: Job) -> str:
    """A job's kind in a word, as the pages treat it."""
    if job.kind == Job.Kind.TIMER:
        return "timer"
    return "continuation" if job.kind in (*CONTINUATIONS, Job.Kind.SIGNAL) else "worker"


def job_name(job: Job) -> str:
    """What a list calls a job."""
    match job.kind:
        case Job.Kind.TIMER:
            return _("Timer")
        case Job.Kind.ASYNC_BEFORE:
            return _("Continue before")
        case Job.Kind.ASYNC_AFTER:
            return _("Continue after")
        case Job.Kind.SIGNAL:
            return _("Deliver signal")
    return str(job.type)


def job_sentence(job: Job) -> str:
    """What a job waits for; a timer's time stands beside it."""
    if job.suspended:
        return _("Is on hold: nobody runs it until it is resumed.")
    if job.retries < 1:
        return _("No retries left: %(error)s") % {"error": job.error_message or _("no message")}
    if job.state == Job.State.FAILED:
        return _("Failed: %(error)s (%(retries)s left)") % {
            "error": job.error_message or _("no message"),
            "retries": _retries(job),
        }
    match job.kind:
        case Job.Kind.TIMER:
            return _("Waits for its time.")
        case Job.Kind.ASYNC_BEFORE:
            return _("Waits for a worker to continue before it.")
        case Job.Kind.ASYNC_AFTER:
            return _("Waits for a worker to continue after it.")
        case Job.Kind.SIGNAL:
            return _("Waits for a worker to deliver its signal.")
    if job.locked_until and job.worker:
        return _("Worker '%(worker)s' works on '%(type)s'.") % {"worker": job.worker, "type": job.type}
    return _("Waits for a worker that takes '%(type)s' (%(retries)s left).") % {
        "type": job.type,
        "retries": _retries(job),
    }


def repeats(job: Job) -> str:
    """How often a timer fires after the next time."""
    if not job.repeat or job.due_at is None:
        return ""
    left, due = 0, Due(job.due_at, job.repeat)
    while due.repeat and left <= COUNTED:
        following = next_due(due.repeat, last=due.at, now=due.at)
        if following is None:
            break
        left, due = left + 1, following
    if left > COUNTED:
        return _(", again and again")
    return ngettext(", then %(left)s more time", ", then %(left)s more times", left) % {"left": left} if left else ""


def explained(waits: Iterable[Wait], causes: Iterable[Cause]) -> list[Wait]:
    """The waits with what the diagnosis tells of each; of joins and called instances it tells more, and says it instead."""
    by_key = {cause.key: cause for cause in causes if cause.key is not None}
    joins = {cause.element_id: cause for cause in causes if cause.kind is Kind.JOIN}
    return [
        _explained(wait, joins.get(wait.element_id) if wait.kind == "join" else by_key.get(wait.row.key))
        for wait in waits
    ]


def _explained(wait: Wait, cause: Cause | None) -> Wait:
    if cause is None:
        return wait
    if wait.kind not in ("join", "call"):
        return replace(wait, cause=cause)
    fixes = [
        {"label": each.label, "rows": rows}
        for each in cause.help
        if each.fix is not None and (rows := rows_of(each.fix.add)) is not None
    ]
    return replace(wait, cause=cause, text=cause.text, is_failed=cause.is_failed, fixes=fixes)


def ordered(waits: Iterable[Wait]) -> Sequence[Wait]:
    """The troubled first, otherwise as they came."""
    return sorted(waits, key=lambda wait: not wait.is_failed)


def _tokens(number: int) -> str:
    return ngettext("%(number)s token", "%(number)s tokens", number) % {"number": number}


def _retries(job: Job) -> str:
    return ngettext("%(number)s retry", "%(number)s retries", job.retries) % {"number": job.retries}
