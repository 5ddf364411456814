"""Process instances of Camunda 8 models, seen and repaired through this dialect."""

from __future__ import annotations

import pytest

from operate.api.engine_rest.activity import ACTIVITY_TYPES, EVENT_TYPES
from tests.operate.api.engine_rest.conftest import Api
from workflow.graph import ElementType

LOAN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    xmlns:modeler="http://camunda.org/schema/modeler/1.0" targetNamespace="bank" modeler:executionPlatform="Camunda Cloud">
  <process id="loan" name="Loan" isExecutable="true">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="check" />
    <serviceTask id="check" name="Check">
      <extensionElements>
        <zeebe:taskDefinition type="check" />
        <zeebe:ioMapping><zeebe:input source="=assert(amount, amount != null)" target="sum" /></zeebe:ioMapping>
      </extensionElements>
    </serviceTask>
    <sequenceFlow id="f2" sourceRef="check" targetRef="end" />
    <endEvent id="end" />
  </process>
</definitions>
"""


@pytest.fixture
def stuck(api: Api) -> str:
    """A loan whose input mapping failed; its id."""
    api.deploy(LOAN)
    return api.start("loan")


def test_an_element_about_to_be_entered_is_a_transition_instance(api: Api, stuck: str) -> None:
    # when
    root = api.get(f"/process-instance/{stuck}/activity-instances")
    # then
    [entering] = root["childTransitionInstances"]
    assert root["childActivityInstances"] == []
    assert (entering["activityId"], entering["activityName"], entering["parentActivityInstanceId"]) == (
        "check",
        "Check",
        stuck,
    )
    [incident] = api.get("/incident", processInstanceId=stuck)
    assert entering["incidentIds"] == [incident["id"]]
    assert (incident["incidentType"], incident["configuration"]) == ("IO_MAPPING_ERROR", None)
    assert api.get("/incident/count", incidentType="IO_MAPPING_ERROR") == {"count": 1}
    assert api.get("/incident/count", incidentType="failedExternalTask") == {"count": 0}


def test_an_incident_without_a_job_is_resolved_by_deleting_it(api: Api, stuck: str) -> None:
    # given
    [incident] = api.get("/incident")
    api.put(f"/process-instance/{stuck}/variables/amount", {"value": 5})
    # when
    api.delete(f"/incident/{incident['id']}")
    # then
    assert api.tree(stuck) == ["check"]
    assert api.get("/incident") == []
    assert api.external_task(stuck)["topicName"] == "check"


def test_a_modification_in_the_other_vocabulary_is_refused(api: Api, stuck: str) -> None:
    body = {"instructions": [{"type": "startBeforeActivity", "activityId": "check"}]}
    refusal = api.refused("POST", f"/process-instance/{stuck}/modification", body)
    assert refusal.status == 400
    assert "process 'loan' has Camunda 8 semantics" in refusal.message


def test_every_kind_of_element_has_a_name_in_this_api() -> None:
    assert set(ACTIVITY_TYPES) == set(ElementType)
    names = [name for kind, name in ACTIVITY_TYPES.items() if kind is not ElementType.EVENT_SUB_PROCESS]
    names += [name for names_of_kind in EVENT_TYPES.values() for name in names_of_kind.values()]
    assert len(set(names)) == len(names)
