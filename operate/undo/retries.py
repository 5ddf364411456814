"""Taking back that a job was given another number of retries: the number of before, as long as nobody has tried it since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from audit.models import AuditEvent
from operate.batch.plans import SetRetries
from operate.undo.base import Undo, named, nothing_left
from workflow.models import Job
from workflow.persistence.definitions import executable_process
from workflow.persistence.unit_of_work import clock

WAITING = ("CREATED", "FAILED", "ERROR_THROWN")


def undo_of(event: AuditEvent) -> Undo:
    """The retries that the job had; none once it has been done or tried, because the number means something else then."""
    body: Mapping[str, Any] = event.body or {}
    before = (body.get("before") or {}).get("retries")
    if before is None:
        raise nothing_left(event, [_("It was recorded before events told how many retries a job had.")])
    job = Job.objects.select_related("process_instance").filter(pk=event.entity_key, state__in=WAITING).first()
    if job is None:
        raise nothing_left(event, [_("The job does not wait any more: it was done, or is gone.")])
    if job.retries != body.get("retries"):
        raise nothing_left(
            event,
            [
                _("It has %(retries)s retries now: it was tried since, or somebody has changed them.")
                % {"retries": job.retries}
            ],
        )
    return Undo(event, job.process_instance_key, SetRetries(before, job_keys=(job.key,)), tuple(_notes(job, before)))


def _notes(job: Job, before: int) -> Iterator[str]:
    process = executable_process(job.process_instance.definition_key)
    name = named(process, [job.element_id])
    if job.worker and job.locked_until is not None and job.locked_until > clock():
        yield _("Worker '%(worker)s' is at work on %(element)s; that goes on.") % {
            "worker": job.worker,
            "element": name,
        }
    if before == 0:
        yield _("%(element)s is not tried any more, and has an incident again, a new one.") % {"element": name}


__all__ = ["undo_of"]
