"""What the search for broken invariants has found in commands and in loading, each as a plain example."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import BufferedMessage, ElementInstance, Job, ProcessInstance, Workspace
from workflow.modification import ActivateElement, StartBefore
from workflow.services import Context, MessageCorrelation

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
START = "<startEvent id='start'/>"


def workspace() -> int:
    return Workspace.objects.get(slug="<default>").pk


def active(key: int) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=key, ended_at=None).order_by("key")
    return [row.element_id for row in rows]


def test_a_dry_run_leaves_the_messages_that_wait():
    xml = model("order", Semantics.ZEEBE, f"{START}<userTask id='a'/><receive id='paid'/><userTask id='b'/>")
    key = services.start_process_instance(deploy(xml).key, variables={"key": "k"}).process_instance_key
    services.publish_message("paid", workspace_id=workspace(), correlation_key="k", time_to_live=HOUR)
    instructions = [ActivateElement("paid")]
    told = services.modify_process_instance(key, instructions, context=Context(dry_run=True))
    assert [fact.element_id for fact in told.user_tasks_created] == ["b"]
    assert BufferedMessage.objects.get().correlated_to == []
    done = services.modify_process_instance(key, instructions)
    assert [fact.element_id for fact in done.user_tasks_created] == ["b"]


SUB = (
    "<startEvent id='start'/><subProcess id='sub' camunda:async{}='true'><startEvent id='in'/><userTask id='a'/>"
    "<sequenceFlow id='inside' sourceRef='in' targetRef='a'/></subProcess>"
    "<sequenceFlow id='outside' sourceRef='start' targetRef='sub'/></process>"
)


def waiting_at(when: str) -> int:
    """A process instance that stands before or after a sub-process."""
    xml = model("order", Semantics.CAMUNDA_7, "").replace("</process>", SUB.format(when))
    started = services.start_process_instance(deploy(xml).key)
    for task in started.user_tasks_created:
        services.complete_user_task(task.key)
    return started.process_instance_key


@pytest.mark.parametrize("when", ["Before", "After"])
def test_nothing_is_started_inside_a_scope_that_stands_at_an_asynchronous_continuation(when):
    key = waiting_at(when)
    services.modify_process_instance(key, [StartBefore("a")])
    assert active(key) == ["sub", "sub", "a"]
    transition = ElementInstance.objects.filter(process_instance=key, element_id="sub").order_by("key").first()
    with pytest.raises(Rejected, match="transition instance"):
        services.modify_process_instance(key, [StartBefore("a", transition.key)])
    services.execute_job(Job.objects.get(kind__startswith="ASYNC").key)
    assert active(key) == (["sub", "sub", "a", "a"] if when == "Before" else ["sub", "a"])


WATCHED = (
    "<startEvent id='start'/><subProcess id='sub'><startEvent id='in'/><receiveTask id='wait' messageRef='m'/>"
    "<sequenceFlow id='inside' sourceRef='in' targetRef='wait'/></subProcess>"
    "<boundaryEvent id='watch' attachedToRef='sub'><messageEventDefinition messageRef='m'/></boundaryEvent>"
    "<userTask id='after'/><sequenceFlow id='f1' sourceRef='start' targetRef='sub'/>"
    "<sequenceFlow id='f2' sourceRef='watch' targetRef='after'/></process>"
)


def test_a_message_for_all_reaches_those_whom_it_has_not_ended():
    xml = model("order", Semantics.CAMUNDA_7, "").replace("</process>", WATCHED)
    xml = xml.replace("<process ", "<message id='m' name='m'/><process ", 1)
    key = services.start_process_instance(deploy(xml).key).process_instance_key
    services.correlate_message(MessageCorrelation("m", all=True))
    assert active(key) == ["after"]


@pytest.mark.parametrize("when", ["Before", "After"])
def test_a_receive_task_at_an_asynchronous_continuation_does_not_wait_for_a_signal(when):
    receive = f"<receiveTask id='wait' camunda:async{when}='true'/>"
    xml = model("order", Semantics.CAMUNDA_7, f"{START}{receive}<userTask id='after'/>")
    key = services.start_process_instance(deploy(xml).key).process_instance_key
    instance = ElementInstance.objects.get(process_instance=key, element_id="wait")
    if when == "After":
        services.signal_element(instance.key)
    with pytest.raises(Rejected, match="asynchronous continuation"):
        services.signal_element(instance.key)
    services.execute_job(Job.objects.get(kind__startswith="ASYNC").key)
    if when == "Before":
        services.signal_element(instance.key)
    assert active(key) == ["after"]
    assert ProcessInstance.objects.get(pk=key).active_children == 1
