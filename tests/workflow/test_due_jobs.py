"""Which jobs of the engine are to be run, in which order, and by whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.support import start_events
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import Incident, Job, ProcessInstance, UserTask
from workflow.persistence.connection import fetch
from workflow.persistence.transaction import transaction
from workflow.services import Context, DueJobs
from workflow.services.due import DUE

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AT_NOON = Context(now=NOON)

ASYNC = "<task id='work' camunda:asyncBefore='true'/>"
TIMER = (
    "<intermediateCatchEvent id='pause'><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    "</intermediateCatchEvent>"
)
RETRIES = "<extensionElements><camunda:failedJobRetryTimeCycle>{}</camunda:failedJobRetryTimeCycle></extensionElements>"


def definition(*elements: str, semantics: Semantics = Semantics.CAMUNDA_7, process_id: str = "order"):
    inside = "".join(elements)
    return deploy(model(process_id, semantics, f"<startEvent id='start'/>{inside}<userTask id='after'/>"))


def start(key: int, *, context: Context = AT_NOON) -> int:
    return services.start_process_instance(key, context=context).process_instance_key


def failing(more: str = "") -> str:
    """A service task without Java: its expression reads a variable that does not exist."""
    return f"<serviceTask id='work' camunda:asyncBefore='true' camunda:expression='${{missing}}'>{more}</serviceTask>"


def due(at: datetime = NOON, limit: int = 100, busy: tuple[int, ...] = ()) -> list[DueJobs]:
    return services.due_jobs(limit, busy=busy, now=at)


def run_all(at: datetime = NOON) -> list[bool]:
    return [services.run_due_job(jobs, key, context=Context(now=at)) for jobs in due(at) for key in jobs.keys]


def user_tasks(instance: int) -> int:
    return UserTask.objects.filter(process_instance=instance, state="CREATED").count()


def test_an_asynchronous_continuation_is_due_at_once():
    instance = start(definition(ASYNC).key)
    [job] = Job.objects.all()
    assert due() == [DueJobs(instance, (job.key,))]
    assert run_all() == [True]
    assert (user_tasks(instance), due()) == (1, [])


@pytest.mark.parametrize("semantics", Semantics)
def test_a_timer_is_due_at_its_time(semantics):
    instance = start(definition(TIMER, semantics=semantics).key)
    assert due(NOON + timedelta(minutes=59)) == []
    assert run_all(NOON + timedelta(hours=1)) == [True]
    assert user_tasks(instance) == 1


def test_the_jobs_of_one_process_instance_come_together():
    fork = "<parallelGateway id='fork'/>"
    branches = "".join(f"<task id='b{n}' camunda:asyncBefore='true'/>" for n in range(25))
    flows = "".join(f"<sequenceFlow id='to{n}' sourceRef='fork' targetRef='b{n}'/>" for n in range(25))
    xml = model("forked", Semantics.CAMUNDA_7, f"<startEvent id='start'/>{fork}")
    one, other = (
        start(deploy(xml.replace("</process>", f"{branches}{flows}</process>")).key),
        start(definition(ASYNC).key),
    )
    keys = list(Job.objects.filter(process_instance=one).order_by("key").values_list("key", flat=True))
    [other_job] = Job.objects.filter(process_instance=other)
    assert due() == [DueJobs(one, tuple(keys[:20])), DueJobs(other, (other_job.key,))]
    assert due(busy=(one,)) == [DueJobs(other, (other_job.key,))]
    assert due(limit=1) == [DueJobs(one, tuple(keys[:20]))]


def test_higher_priorities_come_first():
    instances = [start(definition(ASYNC).key) for _ in range(4)]
    for instance, priority in zip(instances, [0, 7, -3, 7], strict=True):
        Job.objects.filter(process_instance=instance).update(priority=priority)
    order = [instances[1], instances[3], instances[0], instances[2]]
    assert [jobs.root_process_instance_key for jobs in due()] == order


def test_the_priority_of_the_model_counts():
    low = start(definition("<task id='work' camunda:asyncBefore='true' camunda:jobPriority='1'/>").key)
    high = start(definition("<task id='work' camunda:asyncBefore='true' camunda:jobPriority='${1 + 1}'/>").key)
    assert [jobs.root_process_instance_key for jobs in due()] == [high, low]


def test_what_is_on_hold_is_not_run():
    instance = start(definition(ASYNC).key)
    found = due()
    services.suspend_process_instance(instance)
    assert due() == []
    assert not services.run_due_job(found[0], found[0].keys[0])
    services.resume_process_instance(instance)
    assert due() == found
    services.set_job_suspended(found[0].keys[0], True)
    assert due() == []
    assert not services.run_due_job(found[0], found[0].keys[0])


def test_a_job_that_is_made_runnable_alone_waits_for_its_process_instance():
    instance = start(definition(ASYNC).key)
    [jobs] = due()
    services.suspend_process_instance(instance)
    services.set_job_suspended(jobs.keys[0], False)
    assert due() == []
    assert not services.run_due_job(jobs, jobs.keys[0])


def test_a_job_that_was_put_off_meanwhile_is_left_alone():
    start(definition(ASYNC).key)
    [jobs] = due()
    services.set_job_due_date(jobs.keys[0], NOON + timedelta(hours=1))
    assert not services.run_due_job(jobs, jobs.keys[0], context=AT_NOON)
    assert due() == []
    assert due(NOON + timedelta(hours=1)) == [jobs]


def test_what_has_ended_meanwhile_is_left_alone():
    instance = start(definition(ASYNC).key)
    [jobs] = due()
    services.cancel_process_instance(instance)
    assert due() == []
    assert not services.run_due_job(jobs, jobs.keys[0])


def test_external_work_is_never_run():
    start(definition("<job id='work'/>").key)
    assert due() == []


def test_a_job_that_fails_is_tried_three_times_and_becomes_an_incident():
    instance = start(definition(failing()).key)
    tried = []
    while found := due():
        tried += [services.run_due_job(jobs, key, context=AT_NOON) for jobs in found for key in jobs.keys]
    job, incident = Job.objects.get(), Incident.objects.get()
    assert tried == [True, True, True]
    assert (job.retries, job.state, incident.job) == (0, "FAILED", job)
    assert "missing" in job.error_message
    assert user_tasks(instance) == 0
    # when somebody repairs it
    services.set_variables(instance, {"missing": 1})
    services.update_job(job.key, retries=1, resolve=True)
    assert run_all() == [True]
    assert user_tasks(instance) == 1


def test_a_job_that_fails_rests_as_its_retry_cycle_says():
    start(definition(failing(RETRIES.format("PT10M,PT1H"))).key)
    assert run_all() == [True]
    assert Job.objects.get().retries == 2
    assert due(NOON + timedelta(minutes=9)) == []
    later = NOON + timedelta(minutes=10)
    assert run_all(later) == [True]
    assert Job.objects.get().due_at == later + timedelta(hours=1)
    assert run_all(later + timedelta(hours=1)) == [True]
    assert (due(later + timedelta(days=1)), Incident.objects.count()) == ([], 1)


def test_what_a_failing_job_did_before_is_undone():
    instance = start(
        definition(
            "<task id='first' camunda:asyncBefore='true'/>", failing().replace("camunda:asyncBefore='true'", "")
        ).key
    )
    assert run_all() == [True]
    assert Job.objects.get().element_id == "first"
    assert ProcessInstance.objects.get(pk=instance).state == "ACTIVE"


def test_a_start_event_s_timer_starts_an_instance_each_time():
    with_timer = start_events.xml("hourly", Semantics.CAMUNDA_7, ("cycle", "R2/PT1H"))
    resource = services.Resource("model.bpmn", with_timer.encode())
    workspace = definition(ASYNC).workspace_id
    services.deploy([resource], workspace_id=workspace, context=AT_NOON)
    assert due() == []
    for hours in (1, 2, 3):
        run_all(NOON + timedelta(hours=hours))
    assert ProcessInstance.objects.filter(process_id="hourly").count() == 2


def test_looking_for_work_uses_the_index_of_due_jobs():
    start(definition(TIMER).key)
    connection.cursor().execute("ANALYZE workflow_job")
    with transaction():
        fetch("SET LOCAL enable_seqscan = off")
        values = {"limit": 10, "busy": [], "now": NOON}
        plan = "\n".join(line for (line,) in fetch(f"EXPLAIN {DUE}", values))
    assert "job_due" in plan
    assert "Seq Scan on workflow_job" not in plan
