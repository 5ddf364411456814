"""What becomes of a process whose expression fails: the reason names the expression, the element and the cause."""

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import ElementInstance, Incident, ProcessInstance, UserTask

pytestmark = pytest.mark.django_db
LOOP = "count(for i in 1..100000000 return i)"


def mapped(source: str, semantics: Semantics) -> str:
    mapping = (
        f"<zeebe:ioMapping><zeebe:input source='={source}' target='x'/></zeebe:ioMapping>"
        if semantics is Semantics.ZEEBE
        else f'<camunda:inputOutput><camunda:inputParameter name="x">${{{source}}}</camunda:inputParameter></camunda:inputOutput>'
    )
    return model(
        "order",
        semantics,
        f"<startEvent id='start'/><userTask id='approve'><extensionElements>{mapping}</extensionElements></userTask>",
    )


def test_a_loop_of_a_million_steps_is_an_incident_that_can_be_resolved():
    # given
    definition = deploy(mapped("if wanted then " + LOOP + " else 0", Semantics.ZEEBE))
    # when
    started = services.start_process_instance(definition.key, variables={"wanted": True})
    # then
    incident = Incident.objects.get(process_instance=started.process_instance_key)
    assert (incident.element_id, incident.error_type) == ("approve", "IO_MAPPING_ERROR")
    assert LOOP in incident.message
    assert "it took longer than 1000 ms" in incident.message or "it needed more than 64 MB" in incident.message
    assert "'approve'" in incident.message
    # when
    services.set_variables(started.process_instance_key, {"wanted": False})
    services.resolve_incident(incident.key)
    # then
    assert UserTask.objects.filter(process_instance=started.process_instance_key, state="CREATED").count() == 1


def test_a_value_that_gets_too_large_is_an_incident():
    started = services.start_process_instance(
        deploy(mapped("large + large", Semantics.ZEEBE)).key, variables={"large": "x" * 10_000_000}
    )
    incident = Incident.objects.get(process_instance=started.process_instance_key)
    assert "'large + large': a text of 20000000 characters would come about" in incident.message
    assert ElementInstance.objects.get(element_id="approve").state == "ACTIVATING"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("missing", "Unknown property used in expression: ${missing}. Cause: Cannot resolve identifier 'missing'"),
        ("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+')", "it took longer than 1000 ms"),
        ("large.concat(large)", "a text of 20000000 characters would come about"),
    ],
)
def test_in_camunda_7_the_command_is_refused_and_nothing_is_started(source, reason):
    definition = deploy(mapped(source, Semantics.CAMUNDA_7))
    with pytest.raises(Rejected) as refusal:
        services.start_process_instance(definition.key, variables={"large": "x" * 10_000_000})
    assert reason in str(refusal.value)
    assert source in str(refusal.value)
    assert "'approve'" in str(refusal.value)
    assert not ProcessInstance.objects.exists()
