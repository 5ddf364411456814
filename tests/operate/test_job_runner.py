"""The engine's jobs run by themselves, once each, whatever happens to who runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import quote

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

import workflow.services.due
from operate import job_runner
from operate.job_runner import JobRunner, run_due_jobs
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, Incident, Job, ProcessInstance, UserTask

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = 5
CHAIN = "".join(f"<task id='step{number}' camunda:asyncBefore='true'/>" for number in range(STEPS))
ASYNC = "<task id='work' camunda:asyncBefore='true'/>"
FAILING = "<serviceTask id='work' camunda:asyncBefore='true' camunda:expression='${missing}'/>"
PAUSE = (
    "<intermediateCatchEvent id='pause'><timerEventDefinition><timeDuration>{}</timeDuration></timerEventDefinition>"
    "</intermediateCatchEvent>"
)
PATIENCE_SECONDS = 180


def order(elements: str, semantics: Semantics = Semantics.CAMUNDA_7) -> int:
    return deploy(model("order", semantics, f"<startEvent id='start'/>{elements}<userTask id='after'/>")).key


def start(definition: int) -> int:
    return services.start_process_instance(definition).process_instance_key


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what others do; a test that waits in vain fails."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_idle() -> bool:
    return not services.due_jobs(1)


def tasks(element_id: str = "after") -> int:
    return UserTask.objects.filter(element_id=element_id).count()


def test_without_a_runner_nothing_runs():
    start(order(ASYNC))
    assert len(services.due_jobs(10)) == 1
    assert tasks() == 0


def test_a_runner_follows_the_jobs_to_the_next_wait_state():
    start(order(CHAIN))
    with JobRunner():
        until(lambda: tasks() == 1)
    assert Job.objects.filter(state="COMPLETED").count() == STEPS


@pytest.mark.parametrize("semantics", Semantics)
def test_a_timer_fires_by_itself(semantics):
    with JobRunner():
        start(order(PAUSE.format("PT1S"), semantics))
        until(lambda: tasks() == 1)
    [job] = Job.objects.all()
    assert job.ended_at >= job.due_at


def test_a_timer_of_the_future_waits():
    start(order(PAUSE.format("P1D")))
    start(order(ASYNC))
    with JobRunner():
        until(lambda: tasks() == 1)
    assert Job.objects.filter(state="CREATED", kind="TIMER").count() == 1


def test_two_runners_of_several_threads_do_everything_once():
    definition = order(CHAIN)
    instances = [start(definition) for _ in range(20)]
    with JobRunner(3), JobRunner(3):
        until(lambda: tasks() == len(instances) and is_idle())
    assert Job.objects.filter(state="COMPLETED").count() == STEPS * len(instances)
    assert not Job.objects.exclude(state="COMPLETED").exists()
    for number in range(STEPS):
        assert ElementInstance.objects.filter(element_id=f"step{number}").count() == len(instances)
    assert not Incident.objects.exists()


def test_the_jobs_of_one_process_instance_take_turns():
    """Six branches that end at the same moment join once."""
    branches = "".join(f"<task id='b{n}' camunda:asyncBefore='true' camunda:asyncAfter='true'/>" for n in range(6))
    flows = "".join(
        f"<sequenceFlow id='to{n}' sourceRef='fork' targetRef='b{n}'/>"
        f"<sequenceFlow id='from{n}' sourceRef='b{n}' targetRef='join'/>"
        for n in range(6)
    )
    nodes = "<startEvent id='start'/><parallelGateway id='fork'/><parallelGateway id='join'/><userTask id='after'/>"
    ends = "<sequenceFlow id='a' sourceRef='start' targetRef='fork'/><sequenceFlow id='z' sourceRef='join' targetRef='after'/>"
    xml = model("forked", Semantics.CAMUNDA_7, "")
    start(deploy(xml.replace("</process>", f"{nodes}{branches}{flows}{ends}</process>")).key)
    with JobRunner(4), JobRunner(4):
        until(lambda: tasks() == 1 and is_idle())
    assert Job.objects.filter(state="COMPLETED").count() == 12
    assert ProcessInstance.objects.get().active_children == 1


def test_a_failing_job_becomes_an_incident_and_goes_on_once_it_is_repaired():
    with JobRunner(2):
        instance = start(order(FAILING))
        until(Incident.objects.filter(state="ACTIVE").exists)
        services.set_variables(instance, {"missing": 1})
        services.update_job(Job.objects.get().key, retries=1, resolve=True)
        until(lambda: tasks() == 1)
    assert Incident.objects.get().state == "RESOLVED"


def test_a_failing_job_does_not_hold_up_others():
    failing, fine = order(FAILING), order(ASYNC)
    for _ in range(5):
        start(failing)
        start(fine)
    assert run_due_jobs() == 5 * 3 + 5
    assert (tasks(), Incident.objects.count()) == (5, 5)


def test_a_defect_counts_as_a_failed_attempt(monkeypatch, caplog):
    start(order(ASYNC))

    def defect(*args, **kwargs):
        raise RuntimeError("a defect")

    monkeypatch.setattr(workflow.services.due, "execute_job", defect)
    for _ in range(3):
        run_due_jobs()
    assert is_idle()
    assert Incident.objects.get().message == "RuntimeError: a defect"
    assert "a defect" in caplog.text


def test_an_outage_is_not_the_fault_of_the_job(monkeypatch, caplog):
    start(order(ASYNC))
    execute_job = workflow.services.due.execute_job

    def outage(*args, **kwargs):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(workflow.services.due, "execute_job", outage)
    assert run_due_jobs() == 0
    assert Job.objects.get().retries == 3
    assert "could not be run for now: the connection is lost" in caplog.text
    monkeypatch.setattr(workflow.services.due, "execute_job", execute_job)
    assert run_due_jobs() == 1


def test_a_runner_survives_that_it_cannot_look(monkeypatch, caplog):
    due_jobs, calls = services.due_jobs, []

    def sometimes(*args, **kwargs):
        calls.append(args)
        if len(calls) == 1:
            raise OperationalError("the server is restarted")
        return due_jobs(*args, **kwargs)

    monkeypatch.setattr(job_runner.services, "due_jobs", sometimes)
    start(order(ASYNC))
    with JobRunner():
        until(lambda: tasks() == 1)
    assert "Cannot see which jobs are due" in caplog.text


def test_what_another_command_holds_is_left_for_later():
    """A person's command has the process instance; the runner does other work meanwhile, and comes back."""
    definition = order(ASYNC)
    held, free = start(definition), start(definition)
    with second_connection() as other:
        other.execute("SELECT 1 FROM workflow_processinstance WHERE key = %s FOR UPDATE", [held])
        assert run_due_jobs() == 1
        assert UserTask.objects.get().process_instance.pk == free
    assert run_due_jobs() == 1
    assert tasks() == 2


@pytest.fixture
def worker() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts worker processes on the tests' database."""
    started: list[subprocess.Popen[bytes]] = []

    def start_worker() -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", "2"]
        environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "config.settings.test"}
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start_worker
    for process in started:
        process.kill()
        process.wait()


def test_what_a_killed_worker_was_doing_another_one_does(worker):
    start(order(ASYNC))
    victim = worker()
    # given a worker that has claimed the job and cannot go on, because it wants to read a table that is locked
    with second_connection() as other:
        other.execute("LOCK TABLE workflow_variable IN ACCESS EXCLUSIVE MODE")
        until(lambda: waiting_for_locks() == 1)
        assert not services.run_due_job(services.due_jobs(1)[0], Job.objects.get().key)  # claimed by the worker
        # when
        victim.kill()
        victim.wait()
    # then its lock goes with it, and the job is done by the next one
    assert Job.objects.get().state == "CREATED"
    second = worker()
    until(lambda: tasks() == 1)
    second.terminate()
    second.wait()
    assert (Job.objects.get().state, tasks(), ElementInstance.objects.filter(element_id="work").count()) == (
        "COMPLETED",
        1,
        1,
    )


def test_workers_killed_again_and_again_leave_everything_done_once(worker):
    definition = order(CHAIN)
    instances = [start(definition) for _ in range(100)]
    for done in (20, 100, 200):
        victim = worker()
        until(lambda done=done: Job.objects.filter(state="COMPLETED").count() >= done)
        victim.kill()
        victim.wait()
    worker()
    until(lambda: tasks() == len(instances))
    assert Job.objects.filter(state="COMPLETED").count() == STEPS * len(instances)
    for number in range(STEPS):
        assert ElementInstance.objects.filter(element_id=f"step{number}").count() == len(instances)
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [((), 1), (("--queues", "engine"), 1), (("--queues", "other,engine"), 1), (("--queues", "other"), 0)],
)
def test_the_worker_command_runs_the_engine_s_jobs_too(options, expected):
    start(order(ASYNC))
    call_command("procrastinate", "worker", "--one-shot", *options)
    assert tasks() == expected


def test_timers_that_were_missed_fire_late():
    start(order(PAUSE.format("PT1H")))
    Job.objects.update(due_at=timezone.now() - timedelta(days=1))
    assert run_due_jobs() == 1
    assert tasks() == 1


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def second_connection() -> psycopg.Connection:
    return psycopg.connect(database_url())


def database_url() -> str:
    settings = connection.settings_dict
    user = f"{quote(settings['USER'])}:{quote(settings['PASSWORD'])}@" if settings["USER"] else ""
    address = f"{settings['HOST']}:{settings['PORT']}" if settings["PORT"] else ""
    host = f"?host={quote(settings['HOST'], safe='')}" if settings["HOST"].startswith("/") else ""
    return f"postgresql://{user}{'' if host else address}/{settings['NAME']}{host}"
