"""Several connections at once: commands on one instance take turns and see each other's results."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import EngineError, NotFound
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, UserTask, Variable, Workspace
from workflow.services import JobRequest

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.parametrize("semantics", Semantics)


def at_once(*commands: Callable[[], object]) -> list[object]:
    """Run commands at the same moment, each on a connection of its own; results or engine errors, in order."""
    barrier = threading.Barrier(len(commands))

    def run(command: Callable[[], object]) -> object:
        try:
            barrier.wait(timeout=30)
            return command()
        except EngineError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(run, commands))


def fork_and_join(branches: int, semantics: Semantics) -> str:
    native = "<extensionElements><zeebe:userTask/></extensionElements>" if semantics is Semantics.ZEEBE else ""
    tasks = "".join(f"<userTask id='t{n}'>{native}</userTask>" for n in range(branches))
    flows = "".join(
        f"<sequenceFlow id='to{n}' sourceRef='fork' targetRef='t{n}'/>"
        f"<sequenceFlow id='from{n}' sourceRef='t{n}' targetRef='join'/>"
        for n in range(branches)
    )
    nodes = "<startEvent id='start'/><parallelGateway id='fork'/><parallelGateway id='join'/><endEvent id='end'/>"
    ends = "<sequenceFlow id='a' sourceRef='start' targetRef='fork'/><sequenceFlow id='z' sourceRef='join' targetRef='end'/>"
    return model("forked", semantics, "").replace("</process>", f"{nodes}{tasks}{flows}{ends}</process>")


@BOTH
def test_branches_completed_at_the_same_moment_join_exactly_once(semantics):
    started = services.start_process_instance(deploy(fork_and_join(6, semantics)).key)
    keys = [task.key for task in started.user_tasks_created]
    results = at_once(*(lambda key=key: services.complete_user_task(key) for key in keys))
    assert not [each for each in results if isinstance(each, Exception)]
    instance = ProcessInstance.objects.get(pk=started.process_instance_key)
    assert (instance.state, instance.active_children, instance.revision) == ("COMPLETED", 0, 7)
    assert ElementInstance.objects.filter(element_id="end").count() == 1


def test_one_task_completed_twice_at_the_same_moment_is_done_once():
    xml = model("order", Semantics.CAMUNDA_7, "<startEvent id='start'/><userTask id='a'/><userTask id='b'/>")
    [task] = services.start_process_instance(deploy(xml).key).user_tasks_created
    results = at_once(*(lambda: services.complete_user_task(task.key) for _ in range(4)))
    assert sum(isinstance(each, NotFound) for each in results) == 3
    assert UserTask.objects.filter(element_id="b").count() == 1


def test_increments_by_workers_at_the_same_moment_are_all_seen():
    xml = model("order", Semantics.CAMUNDA_7, "<startEvent id='start'/><userTask id='a'/>")
    key = services.start_process_instance(deploy(xml).key, variables={"base": 0}).process_instance_key
    at_once(*(lambda n=n: services.set_variables(key, {f"v{n}": n}) for n in range(8)))
    names = set(Variable.objects.filter(scope_key=key).values_list("name", flat=True))
    assert names == {"base", *(f"v{n}" for n in range(8))}
    assert ProcessInstance.objects.get(pk=key).revision == 9


def test_a_message_published_while_somebody_begins_to_wait_reaches_them():
    xml = model("wait", Semantics.ZEEBE, "<startEvent id='start'/><receive id='paid'/><userTask id='after'/>")
    definition, workspace = deploy(xml), Workspace.objects.get(slug="<default>")
    for number in range(10):
        key = f"k{number}"
        at_once(
            lambda key=key: services.start_process_instance(definition.key, variables={"key": key}),
            lambda key=key: services.publish_message(
                "paid", workspace_id=workspace.id, correlation_key=key, time_to_live=timedelta(minutes=1)
            ),
        )
    assert UserTask.objects.filter(element_id="after").count() == 10


def test_jobs_asked_for_at_the_same_moment_go_to_one_worker_each():
    definition = deploy(model("work", Semantics.ZEEBE, "<startEvent id='start'/><job id='do'/>"))
    for _ in range(12):
        services.start_process_instance(definition.key)
    request = [JobRequest("work", timedelta(minutes=1))]
    batches = at_once(
        *(lambda n=n: services.activate_jobs(request, worker=f"w{n}", max_jobs=5, workspace_ids=None) for n in range(4))
    )
    keys = [each.job.key for batch in batches for each in batch]
    assert len(keys) == len(set(keys)) == 12
