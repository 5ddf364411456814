"""What the search for broken invariants has found in commands and in loading, each as a plain example."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.definitions import calling
from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import BufferedMessage, ElementInstance, Incident, Job, ProcessInstance, Workspace
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


def test_messages_that_come_while_a_process_instance_is_on_hold_are_delivered_when_it_goes_on():
    xml = model("order", Semantics.ZEEBE, f"{START}<receive id='paid'/><userTask id='after'/>")
    key = services.start_process_instance(deploy(xml).key, variables={"key": "k"}).process_instance_key
    services.suspend_process_instance(key)
    services.publish_message("paid", workspace_id=workspace(), correlation_key="k", time_to_live=HOUR)
    assert active(key) == ["paid"]
    services.resume_process_instance(key)
    assert active(key) == ["after"]


def test_calling_a_process_without_a_none_start_event_is_an_incident_in_zeebe():
    message = "<message id='m' name='m'/><process "
    start = "<startEvent id='start'><messageEventDefinition messageRef='m'/></startEvent>"
    deploy(model("called", Semantics.ZEEBE, f"{start}<userTask id='a'/>").replace("<process ", message, 1))
    key = services.start_process_instance(deploy(calling("order", "called", Semantics.ZEEBE)).key).process_instance_key
    assert active(key) == ["call"]
    assert Incident.objects.get().error_type == "CALLED_ELEMENT_ERROR"


def test_variables_of_a_failed_job_make_conditions_true():
    watch = (
        "<boundaryEvent id='watch' attachedToRef='work'><conditionalEventDefinition><condition>${go}</condition>"
        "</conditionalEventDefinition></boundaryEvent><userTask id='after'/>"
        "<sequenceFlow id='f' sourceRef='watch' targetRef='after'/></process>"
    )
    xml = model("order", Semantics.CAMUNDA_7, f"{START}<job id='work'/>").replace("</process>", watch)
    started = services.start_process_instance(deploy(xml).key, variables={"go": False})
    services.fail_job(started.jobs_created[0].key, retries=1, variables={"go": True})
    assert active(started.process_instance_key) == ["after"]


@pytest.mark.parametrize("cycle", ["${nothing}", "${text}"])
def test_a_failure_is_counted_although_the_retry_cycle_cannot_be_told(cycle):
    retry = f"<extensionElements><camunda:failedJobRetryTimeCycle>{cycle}</camunda:failedJobRetryTimeCycle></extensionElements>"
    task = f"<serviceTask id='work' camunda:asyncBefore='true' camunda:expression='${{nothing}}'>{retry}</serviceTask>"
    services.start_process_instance(
        deploy(model("order", Semantics.CAMUNDA_7, START + task)).key, variables={"text": "?"}
    )
    assert services.run_job(Job.objects.get().key) is None
    assert Job.objects.get().retries == 2


def test_a_message_that_ends_a_called_process_which_waits_for_it_too_leaves_that_as_it_has_ended():
    child = model("b_called", Semantics.ZEEBE, f"{START}<receive id='m'/>")
    watch = (
        "<boundaryEvent id='watch' attachedToRef='call'><messageEventDefinition messageRef='message_m'/></boundaryEvent>"
        "<userTask id='after'><extensionElements><zeebe:userTask/></extensionElements></userTask>"
        "<sequenceFlow id='f' sourceRef='watch' targetRef='after'/></process>"
    )
    definitions = child[child.index("<message") : child.index("<process")]
    parent = calling("a_calling", "b_called", Semantics.ZEEBE).replace("</process>", watch)
    deploy(child)
    started = services.start_process_instance(
        deploy(parent.replace("<process ", f"{definitions}<process ", 1)).key, variables={"key": "k"}
    )
    published = services.publish_message("m", workspace_id=workspace(), correlation_key="k")
    assert [each.process_instance_key for each in published.correlations] == [started.process_instance_key]
    assert active(started.process_instance_key) == ["after"]
    called = ProcessInstance.objects.get(process_id="b_called")
    assert (called.state, called.ended_at is None) == ("CANCELED", False)
