"""Doing the work of jobs."""

from __future__ import annotations

from workflow.models import Job
from workflow.services import complete_job


def complete(process_instance_key: int, element_id: str) -> None:
    """Complete the job of an element, whoever it is for."""
    job = Job.objects.get(process_instance=process_instance_key, element_id=element_id, state="CREATED")
    complete_job(job.key)
