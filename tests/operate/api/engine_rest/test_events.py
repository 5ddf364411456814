"""/signal, /condition, /message and /event-subscription: what is waited for, and what happens when it occurs."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import AuditEvent, Event
from tests.operate.api.engine_rest.conftest import Api

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="harbour">
  <signal id="fog" name="fog" />
  <message id="arrival" name="arrival" />
  <message id="call" name="call" />
  <escalation id="storm" escalationCode="storm" />
  {process}
</definitions>
"""
SHIP = HEAD.format(
    process="""
  <process id="ship" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="sail" />
    <userTask id="sail" name="Sail" />
    <boundaryEvent id="foggy" attachedToRef="sail"><signalEventDefinition signalRef="fog" /></boundaryEvent>
    <boundaryEvent id="called" attachedToRef="sail" cancelActivity="false">
      <messageEventDefinition messageRef="call" />
    </boundaryEvent>
    <boundaryEvent id="stormy" attachedToRef="sail" cancelActivity="false">
      <escalationEventDefinition escalationRef="storm" camunda:escalationCodeVariable="code" />
    </boundaryEvent>
    <sequenceFlow id="f2" sourceRef="foggy" targetRef="anchor" />
    <sequenceFlow id="f3" sourceRef="called" targetRef="answer" />
    <sequenceFlow id="f4" sourceRef="stormy" targetRef="reef" />
    <userTask id="anchor" />
    <userTask id="answer" />
    <userTask id="reef" />
    <subProcess id="alarm" triggeredByEvent="true">
      <startEvent id="low" isInterrupting="false">
        <conditionalEventDefinition>
          <condition xsi:type="tFormalExpression">${fuel &lt; 10}</condition>
        </conditionalEventDefinition>
      </startEvent>
      <sequenceFlow id="a1" sourceRef="low" targetRef="refuel" />
      <userTask id="refuel" />
    </subProcess>
  </process>"""
)
PILOT = HEAD.format(
    process="""
  <process id="pilot" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="bySignal"><signalEventDefinition signalRef="fog" /></startEvent>
    <startEvent id="byMessage"><messageEventDefinition messageRef="arrival" /></startEvent>
    <startEvent id="byCondition">
      <conditionalEventDefinition><condition xsi:type="tFormalExpression">${wind > 8}</condition></conditionalEventDefinition>
    </startEvent>
    <sequenceFlow id="f1" sourceRef="bySignal" targetRef="guide" />
    <sequenceFlow id="f2" sourceRef="byMessage" targetRef="guide" />
    <sequenceFlow id="f3" sourceRef="byCondition" targetRef="guide" />
    <userTask id="guide" />
  </process>"""
)


@pytest.fixture
def ship(api: Api) -> str:
    """A ship that sails; its id."""
    api.deploy(SHIP)
    return api.start("ship", businessKey="S-1")


@pytest.fixture
def pilot(api: Api) -> str:
    """A process that waits to be started; the id of its definition."""
    [definition] = api.deploy(PILOT)["deployedProcessDefinitions"].values()
    return definition["id"]


def started(api: Api) -> list[str]:
    return [each["id"] for each in api.get("/process-instance", processDefinitionKey="pilot")]


class TestSignals:
    """POST /signal"""

    def test_all_that_wait_go_on_and_processes_start(self, api: Api, ship: str, pilot: str) -> None:
        # given
        other = api.start("ship")
        # when
        api.post("/signal", {"name": "fog", "variables": {"sight": {"value": 50, "type": "Integer"}}})
        # then
        assert (api.tree(ship), api.tree(other)) == (["anchor"], ["anchor"])
        [instance] = started(api)
        assert api.tree(instance) == ["guide"]
        assert [api.variables(each)["sight"] for each in (ship, other, instance)] == [50, 50, 50]
        told = AuditEvent.objects.filter(event=Event.BROADCAST)
        assert told.count() == 3
        assert set(told.values_list("subject", "process_id")) == {("Signal", "ship"), ("Signal", "pilot")}

    def test_or_one_alone(self, api: Api, ship: str, pilot: str) -> None:
        # given
        other = api.start("ship")
        execution = api.activity(ship, "sail")["executionIds"][0]
        # when
        api.post("/signal", {"name": "fog", "executionId": execution})
        # then
        assert (api.tree(ship), api.tree(other), started(api)) == (["anchor"], ["sail"], [])

    def test_nobody_waiting_is_no_error(self, api: Api, ship: str) -> None:
        api.post("/signal", {"name": "sun"})
        api.post("/signal", {"name": "fog", "tenantId": "loans"})
        assert api.tree(ship) == ["sail"]
        assert AuditEvent.objects.filter(event=Event.BROADCAST, process_instance_key__isnull=True).count() == 2

    def test_within_a_tenant(self, api: Api, ship: str) -> None:
        # given
        api.deploy(SHIP, tenant_id="loans")
        [definition] = api.get("/process-definition", tenantIdIn="loans")
        other = api.post(f"/process-definition/{definition['id']}/start", {})["id"]
        # when
        api.post("/signal", {"name": "fog", "tenantId": "loans"})
        # then
        assert (api.tree(ship), api.tree(other)) == (["sail"], ["anchor"])
        # when
        api.post("/signal", {"name": "fog", "withoutTenantId": True})
        # then
        assert api.tree(ship) == ["anchor"]

    @pytest.mark.parametrize(
        ("body", "status", "reason"),
        [
            ({}, 400, "'name'"),
            ({"name": ""}, 400, "No signal name given"),
            ({"name": 5.5}, 400, "'name'"),
            ({"name": "fog", "executionId": "nobody"}, 404, "Execution with id nobody does not exist"),
            ({"name": "fog", "tenantId": "a", "withoutTenantId": True}, 400, "cannot be used together"),
            ({"name": "fog", "tenantId": "mars"}, 400, "Cannot throw signal 'fog'"),
            ({"name": "fog", "variables": {"a": {"value": "x", "type": "Integer"}}}, 400, "variables.a"),
            ({"name": "fog", "variables": []}, 400, "'variables'"),
            ({"name": "fog", "colour": "grey"}, 400, "'colour'"),
        ],
    )
    def test_what_is_wrong_is_refused(
        self, api: Api, ship: str, body: dict[str, Any], status: int, reason: str
    ) -> None:
        refusal = api.refused("POST", "/signal", body)
        assert refusal.status == status
        assert reason in refusal.message
        assert api.tree(ship) == ["sail"]

    def test_one_execution_is_of_one_tenant_and_has_to_wait_for_it(self, api: Api, ship: str) -> None:
        execution = api.activity(ship, "sail")["id"]
        tenant = api.refused("POST", "/signal", {"name": "fog", "executionId": execution, "tenantId": "loans"})
        assert "Cannot specify a tenant-id" in tenant.message
        deaf = api.refused("POST", "/signal", {"name": "sun", "executionId": execution})
        assert (deaf.status, "has not subscribed" in deaf.message) == (404, True)


class TestConditions:
    """POST /condition"""

    def test_what_is_fulfilled_starts(self, api: Api, pilot: str) -> None:
        # when
        [instance] = api.post("/condition", {"variables": {"wind": {"value": 9}}, "businessKey": "B"})
        # then
        assert (instance["definitionKey"], instance["businessKey"], instance["ended"]) == ("pilot", "B", False)
        assert api.tree(instance["id"]) == ["guide"]
        assert api.variables(instance["id"]) == {"wind": 9}
        [past] = api.get("/history/activity-instance", activityType="conditionalStartEvent")
        assert past["activityId"] == "byCondition"

    def test_what_is_not_does_not(self, api: Api, pilot: str) -> None:
        assert api.post("/condition", {"variables": {"wind": {"value": 1}}}) == []
        assert api.post("/condition", {"processDefinitionId": pilot, "variables": {}}) == []
        assert started(api) == []

    @pytest.mark.parametrize(
        "body",
        [{"processDefinitionId": "other"}, {"tenantId": "loans"}, {"tenantId": "mars"}, {"variables": 5}, {"wind": 9}],
    )
    def test_nothing_to_evaluate_is_refused(self, api: Api, pilot: str, body: dict[str, Any]) -> None:
        assert api.refused("POST", "/condition", body).status == 400
        assert started(api) == []


class TestMessages:
    """POST /message, as far as it starts processes, and messages of boundary events."""

    def test_one_starts_a_process(self, api: Api, pilot: str) -> None:
        # when
        [result] = api.post(
            "/message",
            {
                "messageName": "arrival",
                "businessKey": "B-7",
                "processVariables": {"draught": {"value": 12}},
                "resultEnabled": True,
                "variablesInResultEnabled": True,
            },
        )
        # then
        assert (result["resultType"], result["execution"]) == ("ProcessDefinition", None)
        assert result["variables"]["draught"]["value"] == 12
        instance = result["processInstance"]
        assert (instance["definitionId"], instance["businessKey"]) == (pilot, "B-7")
        assert api.tree(instance["id"]) == ["guide"]
        assert api.get(f"/history/process-instance/{instance['id']}")["startActivityId"] == "byMessage"

    def test_one_definition_may_be_named(self, api: Api, pilot: str) -> None:
        assert api.refused("POST", "/message", {"messageName": "arrival", "processDefinitionId": "x:1:2"}).status == 400
        api.post("/message", {"messageName": "arrival", "processDefinitionId": pilot})
        assert len(started(api)) == 1

    def test_a_boundary_event_is_reached_through_its_activity(self, api: Api, ship: str) -> None:
        # given
        execution = api.activity(ship, "sail")["id"]
        subscription = api.get(f"/execution/{execution}/messageSubscriptions/call")
        assert (subscription["activityId"], subscription["eventType"]) == ("called", "message")
        assert api.refused("GET", f"/execution/{execution}/messageSubscriptions/fog").status == 404
        # when
        api.post(f"/execution/{execution}/messageSubscriptions/call/trigger", {})
        api.post("/message", {"messageName": "call", "businessKey": "S-1"})
        # then
        assert api.tree(ship) == ["answer", "answer", "sail"]

    def test_local_variables_stay_with_the_execution_that_waits(self, api: Api, ship: str) -> None:
        # when
        api.post("/message", {"messageName": "call", "processVariablesLocal": {"channel": {"value": 16}}})
        # then
        execution = api.activity(ship, "sail")["id"]
        assert api.get(f"/execution/{execution}/localVariables")["channel"]["value"] == 16
        assert api.variables(ship) == {}


class TestEscalations:
    """POST /task/{id}/bpmnEscalation"""

    def test_one_is_caught(self, api: Api, ship: str) -> None:
        # when
        task = api.task(ship, "sail")["id"]
        api.post(f"/task/{task}/bpmnEscalation", {"escalationCode": "storm", "variables": {"force": {"value": 9}}})
        # then
        assert api.tree(ship) == ["reef", "sail"]
        assert api.variables(ship) == {"code": "storm", "force": 9}

    def test_one_that_nobody_catches_leaves_the_task(self, api: Api, ship: str) -> None:
        api.post(f"/task/{api.task(ship, 'sail')['id']}/bpmnEscalation", {"escalationCode": "calm"})
        assert api.tree(ship) == ["sail"]

    @pytest.mark.parametrize("body", [{}, {"escalationCode": ""}, {"escalationCode": "storm", "variables": {"a": 1}}])
    def test_what_is_wrong_is_refused(self, api: Api, ship: str, body: dict[str, Any]) -> None:
        task = api.task(ship, "sail")["id"]
        assert api.refused("POST", f"/task/{task}/bpmnEscalation", body).status == 400
        assert api.refused("POST", "/task/4711/bpmnEscalation", {"escalationCode": "storm"}).status == 404
        assert api.tree(ship) == ["sail"]


class TestSubscriptions:
    """GET /event-subscription"""

    def test_of_each_kind(self, api: Api, ship: str) -> None:
        # given
        sail = api.activity(ship, "sail")["id"]
        # when
        found = {each["activityId"]: each for each in api.get("/event-subscription", processInstanceId=ship)}
        # then
        assert {name: (each["eventType"], each["eventName"], each["executionId"]) for name, each in found.items()} == {
            "low": ("conditional", None, ship),
            "foggy": ("signal", "fog", sail),
            "called": ("message", "call", sail),
        }
        for kind, count in (("signal", 1), ("message", 1), ("conditional", 1), ("compensate", 0), ("smoke", 0)):
            assert api.get("/event-subscription/count", eventType=kind) == {"count": count}
        assert api.get("/execution", signalEventSubscriptionName="fog")[0]["id"] == sail
        assert api.get("/execution", messageEventSubscriptionName="call")[0]["id"] == sail
        assert api.get("/execution", signalEventSubscriptionName="call") == []

    def test_of_start_events(self, api: Api, pilot: str) -> None:
        found = {each["activityId"]: each for each in api.get("/event-subscription")}
        assert found.keys() == {"bySignal", "byMessage", "byCondition"}
        assert {each["processInstanceId"] for each in found.values()} == {None}
        assert {each["executionId"] for each in found.values()} == {None}

    def test_a_condition_of_an_event_sub_process(self, api: Api, ship: str) -> None:
        # when
        api.put(f"/process-instance/{ship}/variables/fuel", {"value": 5})
        # then
        assert api.tree(ship) == ["sail", {"alarm": ["refuel"]}]
        [alarm] = [api.activity(ship, "alarm")]
        assert alarm["activityType"] == "subProcess"
