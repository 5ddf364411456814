"""What may be done to a job, and why not: for the list of jobs and for the page of a process instance."""

from __future__ import annotations

from django.utils.translation import gettext as _

from operate.admin.instance.waits import job_kind
from operate.admin.reasons import Reasons
from operate.forms.filters import WAITING_JOB
from operate.workspaces import Right
from workflow.models import Job, ProcessInstance

OPERATIONS = ("execute", "retries", "suspend", "resume", "change")


def why_not(reasons: Reasons, job: Job, instance: ProcessInstance | None = None) -> dict[str, str]:
    """For each operation why a job does not allow it, or an empty text; with its process instance, if that is known."""
    if job.state not in WAITING_JOB:
        return dict.fromkeys(OPERATIONS, _("It has ended."))
    change = reasons.right(Right.RESOLVE_INCIDENT, job.workspace_id)
    repair = change if reasons.right(Right.WORK_JOBS, job.workspace_id) else ""
    hold = reasons.right(Right.SUSPEND, job.workspace_id)
    why = {"execute": repair, "retries": repair, "suspend": hold, "resume": hold, "change": change}
    if not hold:
        why["suspend"] = _("It is on hold already.") if job.suspended else ""
        why["resume"] = "" if job.suspended else _("It is not on hold.")
    if not repair and job_kind(job) == "worker":
        why["execute"] = _("External workers run it.")
    if not why["execute"] and instance is not None and instance.suspended:
        why["execute"] = _("The process instance is suspended. Resume it first.")
    return why
