"""Taking back that jobs were given new retries."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.models import AuditEvent
from operate.actions import FailJob, LockJob, UpdateJob
from operate.batch.plans import SetRetries
from operate.undo import undo_of
from tests.operate.admin.conftest import Office
from tests.operate.undo.conftest import act, apply, latest
from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import Incident, Job
from workflow.services import start_process_instance

MINUTE = timedelta(minutes=1)
BOTH = pytest.mark.parametrize("semantics", Semantics)


def failed(office: Office, semantics: Semantics) -> Job:
    """A job without retries, with its incident."""
    row = "<startEvent id='start'/><job id='ship'/><endEvent id='end'/>"
    key = start_process_instance(deploy(model("row", semantics, row), workspace=office.shop).key).process_instance_key
    job = Job.objects.get(process_instance=key)
    act(office, LockJob).execute(job.key, "w", MINUTE)
    act(office, FailJob).execute(job.key, retries=0, message="no stock", worker="w")
    return job


def retried(office: Office, job: Job, retries: int = 3) -> AuditEvent:
    act(office, UpdateJob).execute(job.key, retries=retries, resolve=True)
    return latest(job.process_instance_key, "Retry")


def now(job: Job) -> tuple[int, int]:
    """Retries, and open incidents."""
    return Job.objects.get(pk=job.pk).retries, Incident.objects.filter(job_key=job.key, state="ACTIVE").count()


@BOTH
def test_the_number_of_before_is_set_again_with_the_incident(office, semantics):
    job = failed(office, semantics)
    event = retried(office, job)
    assert (event.body["before"], now(job)) == ({"retries": 0}, (3, 0))
    found = undo_of(event)
    assert found.notes[-1] == "'ship' is not tried any more, and has an incident again, a new one."
    apply(office, found)
    assert now(job) == (0, 1)
    assert latest(job.process_instance_key, "Retry").body["undo_of"] == event.key


@BOTH
def test_a_job_that_was_tried_since_keeps_its_retries(office, semantics):
    job = failed(office, semantics)
    event = retried(office, job)
    act(office, LockJob).execute(job.key, "w", MINUTE)
    act(office, FailJob).execute(job.key, retries=2, message="no stock", worker="w")
    with pytest.raises(Rejected, match="It has 2 retries now: it was tried since"):
        undo_of(event)


@BOTH
def test_what_is_done_is_not_undone(office, semantics):
    job = failed(office, semantics)
    event = retried(office, job)
    services.complete_job(job.key)
    with pytest.raises(Rejected, match="does not wait any more|has ended"):
        undo_of(event)


@BOTH
def test_who_is_at_work_on_it_is_told(office, semantics):
    job = failed(office, semantics)
    event = retried(office, job)
    act(office, LockJob).execute(job.key, "packer", MINUTE)
    assert undo_of(event).notes[0] == "Worker 'packer' is at work on 'ship'; that goes on."


def test_an_event_of_before_that_was_recorded_says_so(office):
    job = failed(office, Semantics.CAMUNDA_7)
    event = retried(office, job)
    event.body = {name: fact for name, fact in event.body.items() if name != "before"}
    with pytest.raises(Rejected, match="before events told how many retries"):
        undo_of(event)


def test_the_plan_is_told_in_words(office):
    job = failed(office, Semantics.CAMUNDA_7)
    found = undo_of(retried(office, job))
    assert isinstance(found.plan, SetRetries)
    assert found.plan.describe() == ["Set the retries of 1 chosen job to 0"]
