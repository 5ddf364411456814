"""Jobs: what external workers have to do, timers, and asynchronous continuations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from audit.models import Channel
from operate.actions import ExecuteJob, SetJobSuspended, UpdateJob
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.process_instances import own_address
from operate.admin.reasons import Reasons
from operate.admin.waits import job_kind, job_name
from operate.forms.filters import WAITING_JOB, JobFilter
from operate.forms.keys import keys_of
from operate.workspaces import Right
from workflow.engine.errors import Rejected
from workflow.models import Job

MAX_SELECTED = 500
RETRIES = re.compile("[1-9][0-9]?")
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
        return [self.page("do/", "do", self.do_view)]

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
        return redirect(own_address(request.POST.get("back", "")) or "admin:workflow_job_changelist")


def why_not(reasons: Reasons, job: Job) -> dict[str, str]:
    """For each operation why a job does not allow it, or an empty text."""
    if job.state not in WAITING_JOB:
        return dict.fromkeys(DONE, _("It has ended."))
    work = reasons.right(Right.WORK_JOBS, job.workspace_id)
    repair = reasons.right(Right.RESOLVE_INCIDENT, job.workspace_id) if work else ""
    hold = reasons.right(Right.SUSPEND, job.workspace_id)
    why = {"execute": repair, "retries": repair, "suspend": hold, "resume": hold}
    if not hold:
        why["suspend"] = _("It is on hold already.") if job.suspended else ""
        why["resume"] = "" if job.suspended else _("It is not on hold.")
    if not repair and job_kind(job) == "worker":
        why["execute"] = _("External workers run it.")
    return why


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
