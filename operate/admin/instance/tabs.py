"""What the tabs of a process instance list: its incidents, jobs, tasks and events, open ones first, each with one query."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, When
from django.utils import timezone
from django.utils.translation import gettext as _

from operate.admin.instance.job_offers import why_not
from operate.admin.instance.waits import ICONS, job_kind, job_name, repeats
from operate.admin.reasons import Reasons
from operate.admin.wording import drawn_id, label_in
from operate.forms.filters import WAITING_JOB
from workflow.graph import ConditionalEvent, ExecutableProcess
from workflow.models import CorrelatedMessage, EventSubscription, Incident, Job, ProcessInstance, UserTask

MOST = 200
AWAITED = (EventSubscription.Kind.MESSAGE, EventSubscription.Kind.SIGNAL, EventSubscription.Kind.CONDITIONAL)
EVENT_ICONS = {"MESSAGE": "mail", "SIGNAL": "cell_tower", "CONDITIONAL": "rule"}


class InstanceTabs:
    """The lists of one process instance, at most the newest 200 rows of each."""

    instance: ProcessInstance
    process: ExecutableProcess
    _reasons: Reasons

    @cached_property
    def all_incidents(self) -> list[Incident]:
        """Open and resolved incidents, with the jobs that failed."""
        rows = Incident.objects.filter(process_instance=self.instance.key).select_related("job")
        return list(self._named(_open_first(rows, "ACTIVE")))

    @cached_property
    def all_jobs(self) -> list[Job]:
        """Jobs and timers: how each stands, when it is due, how often it repeats, and what may be done to it."""
        rows = list(self._named(_open_first(Job.objects.filter(process_instance=self.instance.key), *WAITING_JOB)))
        now = timezone.now()
        for row in rows:
            row.job_kind, row.job_name = job_kind(row), job_name(row)
            row.icon = ICONS[row.job_kind]
            row.is_waiting = row.state in WAITING_JOB
            row.is_overdue = bool(row.is_waiting and row.job_kind != "worker" and row.due_at and row.due_at < now)
            row.repeats = repeats(row)
            row.dot, row.state_text = _state_of(row)
            row.why = why_not(self._reasons, row, self.instance)
        return rows

    @cached_property
    def all_tasks(self) -> list[UserTask]:
        """User tasks of now and of before."""
        rows = list(_open_first(UserTask.objects.filter(process_instance=self.instance.key), "CREATED"))
        for row in rows:
            row.shown_name = row.name or label_in(self.process, row.element_id)
            row.candidates = ", ".join([*row.candidate_users, *row.candidate_groups])
        return rows

    @cached_property
    def all_subscriptions(self) -> list[EventSubscription]:
        """Messages, signals and conditions that are or were waited for."""
        rows = EventSubscription.objects.filter(process_instance=self.instance.key, kind__in=AWAITED)
        found = list(_open_first(rows, "CREATED"))
        for row in found:
            row.icon = EVENT_ICONS[row.kind]
            row.drawn = drawn_id(row.element_id)
            row.element_name = label_in(self.process, row.element_id)
            row.shown_name = row.name or self._condition(row.element_id)
        return found

    @cached_property
    def correlated(self) -> list[CorrelatedMessage]:
        """Messages that it has got, the newest first."""
        rows = CorrelatedMessage.objects.filter(process_instance=self.instance.key).order_by("-key")[:MOST]
        found = list(rows)
        for row in found:
            row.drawn = drawn_id(row.element_id)
            row.element_name = label_in(self.process, row.element_id)
        return found

    def _condition(self, element_id: str) -> str:
        element = self.process.elements.get(element_id)
        event = element.event if element is not None else None
        return event.condition.source if isinstance(event, ConditionalEvent) else element_id

    def _named(self, rows: Iterable[Any]) -> Iterable[Any]:
        """The rows with the name of their element, and its id as drawn."""
        for row in rows:
            row.drawn = drawn_id(row.element_id)
            row.name = label_in(self.process, row.element_id)
            yield row


def _open_first(rows: QuerySet[Any], *states: str) -> QuerySet[Any]:
    is_over = Case(When(state__in=states, then=0), default=1, output_field=IntegerField())
    return rows.order_by(is_over, "-key")[:MOST]


def _state_of(job: Any) -> tuple[str, str]:
    """How a job is coloured, and its state in words."""
    if job.state == Job.State.COMPLETED:
        return "completed", _("Done")
    if job.state == Job.State.CANCELED:
        return "canceled", job.get_state_display()
    if job.suspended:
        return "suspended", _("On hold")
    if job.retries < 1 or job.state == Job.State.ERROR_THROWN:
        return "incident", _("Failed, no retries left") if job.retries < 1 else job.get_state_display()
    if job.worker and job.locked_until and job.locked_until > timezone.now():
        return "active", _("Taken by %(worker)s") % {"worker": job.worker}
    return "active", _("Will be tried again") if job.state == Job.State.FAILED else _("Waiting")
