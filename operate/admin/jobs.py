"""Jobs: what external workers have to do, timers, and asynchronous continuations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from audit.models import Channel
from operate.actions import ExecuteJob, RecalculateJobDueDate, SetJobDueDate, SetJobSuspended, UpdateJob
from operate.admin.answers import REFUSALS, refusal_of, sent_back
from operate.admin.base import EngineModelAdmin
from operate.admin.instance.job_offers import why_not
from operate.admin.instance.waits import job_kind, job_name
from operate.admin.process_instances import own_address
from operate.admin.reasons import Reasons
from operate.forms.filters import WAITING_JOB, JobFilter
from operate.forms.keys import keys_of
from workflow.engine.errors import Rejected
from workflow.models import Job

MAX_SELECTED = 500
RETRIES = re.compile("[1-9][0-9]?")
PRIORITY = re.compile("-?[0-9]{1,9}")
DONE = {
    "execute": (gettext_lazy("Job run."), gettext_lazy("%(done)s of %(all)s jobs run.")),
    "retries": (gettext_lazy("Job given new retries."), gettext_lazy("%(done)s of %(all)s jobs given new retries.")),
    "suspend": (gettext_lazy("Job put on hold."), gettext_lazy("%(done)s of %(all)s jobs put on hold.")),
    "resume": (gettext_lazy("Job resumed."), gettext_lazy("%(done)s of %(all)s jobs resumed.")),
}


@admin.register(Job)
class JobAdmin(EngineModelAdmin):
    """Workers take jobs through the APIs; people run the engine's own, put them on hold, and give them retries."""

    filter_form = JobFilter
    list_template = "jobs.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                process_name=F("definition__name"),
                process_id=F("definition__process_id"),
                workspace_name=F("workspace__name"),
                business_key=F("process_instance__business_key"),
            )
        )

    def pages(self) -> list[URLPattern]:
        return [self.page("do/", "do", self.do_view), self.page("<int:key>/change/", "change_one", self.change_view)]

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        reasons = Reasons.of(request)
        now = timezone.now()
        for row in rows:
            row.job_kind, row.job_name = job_kind(row), job_name(row)
            row.is_waiting = row.state in WAITING_JOB
            row.is_overdue = bool(row.is_waiting and row.job_kind != "worker" and row.due_at and row.due_at < now)
            row.why = why_not(reasons, row)
        return rows

    @method_decorator(require_POST)
    def do_view(self, request: HttpRequest) -> HttpResponse:
        """Run the chosen jobs now, give them retries, put them on hold or resume them, each on its own."""
        one = request.POST.get("one", "")
        operation = "execute" if one else request.POST.get("operation", "")
        if operation not in DONE:
            raise Http404(_("There is no operation '%(operation)s' on jobs.") % {"operation": operation})
        do = _operation(request, operation)
        rows = list(
            self.get_queryset(request).filter(
                pk__in=keys_of([one] if one else request.POST.getlist("key"))[:MAX_SELECTED]
            )
        )
        refused = []
        for row in rows:
            try:
                do(row)
            except REFUSALS as refusal:
                refused.append(
                    _("%(job)s at '%(element)s': %(why)s")
                    % {"job": job_name(row), "element": row.element_id, "why": refusal_of(refusal)["message"]}
                )
        done = len(rows) - len(refused)
        if done:
            of_one, of_many = DONE[operation]
            messages.success(request, of_many % {"done": done, "all": len(rows)} if len(rows) > 1 else of_one)
        for text in refused[:10]:
            messages.error(request, text)
        if not rows:
            messages.warning(request, _("No job was chosen, or it is gone."))
        return self._sent_back(request)

    @method_decorator(require_POST)
    def change_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Change when a job is due, its retries and its priority: what is entered, and nothing else."""
        row = self.visible(request, key)
        try:
            changes = _changes(request, row)
            for change in changes:
                change()
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        else:
            if changes:
                messages.success(request, _("Job changed."))
            else:
                messages.warning(request, _("Nothing was entered, so nothing was changed."))
        return self._sent_back(request)

    def _sent_back(self, request: HttpRequest) -> HttpResponse:
        return sent_back(request, own_address(request.POST.get("back", "")) or reverse("admin:workflow_job_changelist"))


def _changes(request: HttpRequest, job: Job) -> list[Callable[[], object]]:
    """What a form asks to change of a job, each as the action that does it."""
    reason, due = request.POST.get("reason", ""), request.POST.get("due", "")
    found: list[Callable[[], object]] = []
    if due in ("at", "once"):
        moment = _moment(request) if due == "at" else None
        found.append(partial(SetJobDueDate.of(request, Channel.ADMIN, reason=reason).execute, job.key, moment))
    elif due in ("from_now", "from_creation"):
        recalculate = RecalculateJobDueDate.of(request, Channel.ADMIN, reason=reason)
        found.append(partial(recalculate.execute, job.key, from_creation=due == "from_creation"))
    if request.POST.get("retries"):
        retries = UpdateJob.of(request, Channel.ADMIN, reason=reason)
        found.append(partial(retries.execute, job.key, retries=_retries(request), resolve=True))
    if request.POST.get("priority"):
        priority = UpdateJob.of(request, Channel.ADMIN, reason=reason)
        found.append(partial(priority.execute, job.key, priority=_priority(request)))
    return found


def _moment(request: HttpRequest) -> datetime:
    """The time that was entered, in the zone of who entered it."""
    text, zone = request.POST.get("at", ""), request.POST.get("zone", "")
    try:
        entered = datetime.fromisoformat(text)
        return entered if entered.tzinfo else entered.replace(tzinfo=ZoneInfo(zone or settings.TIME_ZONE))
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise Rejected(
            _("Expected a time such as 2026-11-21T18:30:00 in a known time zone, found '%(text)s' in '%(zone)s'.")
            % {"text": text[:40], "zone": zone[:40]}
        ) from error


def _priority(request: HttpRequest) -> int:
    text = request.POST.get("priority", "")
    if not PRIORITY.fullmatch(text):
        raise Rejected(_("Expected the priority to be a whole number, found '%(text)s'.") % {"text": text[:20]})
    return int(text)


def _operation(request: HttpRequest, name: str) -> Callable[[Job], object]:
    reason = request.POST.get("reason", "")
    if name == "execute":
        execute = ExecuteJob.of(request, Channel.ADMIN, reason=reason)
        return lambda job: execute.execute(job.key)
    if name == "retries":
        update = UpdateJob.of(request, Channel.ADMIN, reason=reason)
        return lambda job: update.execute(job.key, retries=_retries(request), resolve=True)
    suspend = SetJobSuspended.of(request, Channel.ADMIN, reason=reason)
    return lambda job: suspend.execute(job.key, name == "suspend")


def _retries(request: HttpRequest) -> int:
    text = request.POST.get("retries", "")
    if not RETRIES.fullmatch(text):
        raise Rejected(_("Expected the number of retries to be 1 to 99, found '%(text)s'.") % {"text": text[:20]})
    return int(text)
