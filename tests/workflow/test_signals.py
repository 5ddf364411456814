"""Signals between process instances, in the database."""

from itertools import pairwise

import pytest

from tests.support.models import HEAD, PLATFORMS, deploy
from workflow import services
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import ElementInstance, Job, ProcessInstance

BOTH = pytest.mark.parametrize("semantics", Semantics)
SIGNAL = "<signalEventDefinition signalRef='signal_go'/>"
WAIT = f"<startEvent id='start'/><intermediateCatchEvent id='{{}}'>{SIGNAL}</intermediateCatchEvent>"
TELL = f"<startEvent id='start'/><intermediateThrowEvent id='{{}}'>{SIGNAL}</intermediateThrowEvent>"
LISTEN = (
    f"<subProcess id='listen' triggeredByEvent='true'><startEvent id='heard' isInterrupting='false'>{SIGNAL}</startEvent>"
    f"<endEvent id='again'>{SIGNAL}</endEvent><sequenceFlow id='f' sourceRef='heard' targetRef='again'/></subProcess>"
)


def process(process_id: str, semantics: Semantics, elements: str, *chain: str) -> int:
    """Deploy a process whose elements follow each other as the chain says; its definition key."""
    head = HEAD.format(platform=PLATFORMS[semantics], id=process_id, messages="<signal id='signal_go' name='go'/>")
    flows = "".join(
        f"<sequenceFlow id='flow_{source}' sourceRef='{source}' targetRef='{target}'/>"
        for source, target in pairwise(chain)
    )
    return deploy(f"{head}{elements}{flows}</process></definitions>").key


@BOTH
@pytest.mark.django_db
def test_a_signal_reaches_other_process_instances_that_wait_already(semantics):
    waiting = services.start_process_instance(process("waiting", semantics, WAIT.format("wait"), "start", "wait"))
    services.start_process_instance(process("telling", semantics, TELL.format("tell"), "start", "tell"))
    assert ProcessInstance.objects.get(pk=waiting.process_instance_key).state == "COMPLETED"


@BOTH
@pytest.mark.django_db
def test_who_waits_only_after_a_signal_was_thrown_misses_it(semantics):
    elements = TELL.format("tell") + WAIT.format("late").removeprefix("<startEvent id='start'/>")
    services.start_process_instance(process("p", semantics, elements, "start", "tell", "late"))
    assert ElementInstance.objects.get(element_id="late").state == "ACTIVE"


@BOTH
@pytest.mark.django_db
def test_signals_that_call_forth_each_other_are_refused_instead_of_hanging(semantics):
    elements = LISTEN + "<startEvent id='start'/><userTask id='work'/>"
    started = services.start_process_instance(process("p", semantics, elements, "start", "work"))
    with pytest.raises(Rejected, match="without end"):
        services.broadcast_signal("go")
    assert ProcessInstance.objects.get(pk=started.process_instance_key).state == "ACTIVE"


@pytest.mark.django_db
def test_camunda_7_names_the_business_key_of_what_a_signal_starts():
    heard = f"<startEvent id='heard'>{SIGNAL}</startEvent><userTask id='work'/>"
    process("hearing", Semantics.CAMUNDA_7, heard, "heard", "work")
    key = "<extensionElements><camunda:in businessKey='${execution.processBusinessKey}-2'/></extensionElements>"
    tell = TELL.format("tell").replace(
        SIGNAL, f"<signalEventDefinition signalRef='signal_go'>{key}</signalEventDefinition>"
    )
    services.start_process_instance(process("telling", Semantics.CAMUNDA_7, tell, "start", "tell"), business_key="A")
    assert ProcessInstance.objects.get(process_id="hearing").business_key == "A-2"


LATER = TELL.format("tell").replace("<signalEventDefinition", "<signalEventDefinition camunda:async='true'")
"""The signal is thrown so that jobs deliver it (Camunda 7)."""
WORK = "<userTask id='work'/>"


def camunda7(process_id: str, elements: str, *chain: str) -> int:
    return process(process_id, Semantics.CAMUNDA_7, elements, *chain)


def due_signals() -> list[Job]:
    return list(Job.objects.filter(kind=Job.Kind.SIGNAL, state=Job.State.CREATED).order_by("element_id"))


@pytest.mark.django_db
def test_in_camunda_7_jobs_deliver_a_signal_that_is_thrown_asynchronously():
    waiting = services.start_process_instance(camunda7("waiting", WAIT.format("wait") + WORK, "start", "wait", "work"))
    camunda7("starting", f"<startEvent id='heard'>{SIGNAL}</startEvent>{WORK}", "heard", "work")
    boundary = f"<boundaryEvent id='event' attachedToRef='work'>{SIGNAL}</boundaryEvent>"
    watched = services.start_process_instance(
        camunda7("watched", f"<startEvent id='start'/>{WORK}{boundary}", "start", "work")
    )
    thrower = services.start_process_instance(camunda7("telling", LATER, "start", "tell"))
    assert ProcessInstance.objects.get(pk=thrower.process_instance_key).state == "COMPLETED"
    assert ProcessInstance.objects.get(pk=watched.process_instance_key).state == "COMPLETED", (
        "a boundary event has no job"
    )
    start, wait = due_signals()
    assert (start.element_id, start.process_instance_key) == ("heard", None)
    assert (wait.element_id, wait.process_instance_key) == ("wait", waiting.process_instance_key)
    for job in (start, wait):
        services.execute_job(job.key)
    assert ProcessInstance.objects.filter(process_id="starting", state="ACTIVE").count() == 1
    assert ElementInstance.objects.get(element_id="wait").state == "COMPLETED"
    assert due_signals() == []


@pytest.mark.django_db
def test_a_signal_on_its_way_is_dropped_with_what_waited_for_it():
    waiting = services.start_process_instance(camunda7("waiting", WAIT.format("wait"), "start", "wait"))
    services.start_process_instance(camunda7("telling", LATER, "start", "tell"))
    services.broadcast_signal("go")
    assert ProcessInstance.objects.get(pk=waiting.process_instance_key).state == "COMPLETED"
    assert due_signals() == []
