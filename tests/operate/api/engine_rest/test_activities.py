"""Activity instances of every kind: the tree of what is active, its types, and what history tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operate.api.engine_rest.conftest import Api

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="travel">
  <signal id="go" name="go" />
  <message id="letter" name="letter" />
  <error id="lost" errorCode="lost" />
  <escalation id="late" escalationCode="late" />
"""
TRIP = (
    HEAD
    + """
  <process id="trip" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="ask" />
    <userTask id="ask" name="Ask">
      <multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>
    </userTask>
    <sequenceFlow id="f2" sourceRef="ask" targetRef="wait" />
    <eventBasedGateway id="wait" />
    <sequenceFlow id="f3" sourceRef="wait" targetRef="news" />
    <sequenceFlow id="f4" sourceRef="wait" targetRef="day" />
    <intermediateCatchEvent id="news"><messageEventDefinition messageRef="letter" /></intermediateCatchEvent>
    <intermediateCatchEvent id="day">
      <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
    </intermediateCatchEvent>
    <sequenceFlow id="f5" sourceRef="news" targetRef="ride" />
    <sequenceFlow id="f6" sourceRef="day" targetRef="ride" />
    <callActivity id="ride" name="Ride" calledElement="ride" />
    <boundaryEvent id="astray" attachedToRef="ride"><errorEventDefinition errorRef="lost" /></boundaryEvent>
    <sequenceFlow id="f7" sourceRef="astray" targetRef="search" />
    <transaction id="search">
      <startEvent id="searching" />
      <sequenceFlow id="s1" sourceRef="searching" targetRef="look" />
      <userTask id="look" />
    </transaction>
    <sequenceFlow id="f8" sourceRef="search" targetRef="over" />
    <endEvent id="over"><terminateEventDefinition /></endEvent>
  </process>
</definitions>
"""
)
RIDE = (
    HEAD
    + """
  <process id="ride" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="drive" />
    <serviceTask id="drive" camunda:type="external" camunda:topic="drive" />
    <sequenceFlow id="f2" sourceRef="drive" targetRef="crash" />
    <endEvent id="crash"><errorEventDefinition errorRef="lost" /></endEvent>
  </process>
</definitions>
"""
)


DEFINITIONS = {
    "message": '<messageEventDefinition messageRef="letter" camunda:type="external" camunda:topic="post" />',
    "signal": '<signalEventDefinition signalRef="go" />',
    "timer": "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>",
    "conditional": (
        '<conditionalEventDefinition><condition xsi:type="tFormalExpression">${a > 1}</condition>'
        "</conditionalEventDefinition>"
    ),
    "error": '<errorEventDefinition errorRef="lost" />',
    "escalation": '<escalationEventDefinition escalationRef="late" />',
    "none": "",
}


def event(kind: str, definition: str, more: str = "") -> str:
    """An event, whose id is its kind."""
    return f"<{kind} id='{kind}' {more}>{DEFINITIONS[definition]}</{kind}>"


def flow(source: str, target: str) -> str:
    return f"<sequenceFlow id='{source}_{target}' sourceRef='{source}' targetRef='{target}' />"


@pytest.fixture
def trip(api: Api) -> str:
    """A trip that asks twice; its id."""
    api.deploy(("trip.bpmn", TRIP), ("ride.bpmn", RIDE))
    return api.start("trip", businessKey="T-1")


def tree_of(api: Api, instance: str) -> dict[str, Any]:
    return api.get(f"/process-instance/{instance}/activity-instances")


def types_of(api: Api, instance: str) -> dict[str, str]:
    rows = api.get("/history/activity-instance", processInstanceId=instance)
    return {row["activityId"]: row["activityType"] for row in rows}


def complete_all(api: Api, instance: str, element: str) -> None:
    for task in api.get("/task", processInstanceId=instance, taskDefinitionKey=element):
        api.post(f"/task/{task['id']}/complete", {})


class TestMultiInstance:
    """The body around, and each iteration in it."""

    def test_the_body_is_an_activity_instance_around_the_iterations(self, api: Api, trip: str) -> None:
        # when
        [body] = tree_of(api, trip)["childActivityInstances"]
        # then
        assert (body["activityId"], body["activityType"]) == ("ask#multiInstanceBody", "multiInstanceBody")
        assert [each["activityId"] for each in body["childActivityInstances"]] == ["ask", "ask"]
        assert {each["activityType"] for each in body["childActivityInstances"]} == {"userTask"}
        assert {each["parentActivityInstanceId"] for each in body["childActivityInstances"]} == {body["id"]}

    def test_executions_are_the_instance_the_body_and_the_iterations(self, api: Api, trip: str) -> None:
        [body] = tree_of(api, trip)["childActivityInstances"]
        iterations = [each["id"] for each in body["childActivityInstances"]]
        assert [each["id"] for each in api.get("/execution", processInstanceId=trip)] == [trip, body["id"], *iterations]
        assert [each["id"] for each in api.get("/execution", activityId="ask")] == iterations
        assert api.get("/execution/count", activityId="ask%23multiInstanceBody") == {"count": 1}

    def test_history_has_both(self, api: Api, trip: str) -> None:
        found = api.get("/history/activity-instance", activityType="multiInstanceBody")
        assert [each["activityId"] for each in found] == ["ask#multiInstanceBody"]
        assert api.get("/history/activity-instance/count", activityId="ask") == {"count": 2}

    def test_statistics_count_iterations_not_bodies(self, api: Api, trip: str) -> None:
        counts = api.get("/process-definition/key/trip/statistics")
        assert [(each["id"], each["instances"]) for each in counts] == [("ask", 2)]


class TestEvents:
    """Gateways, events and called processes."""

    def test_an_event_based_gateway_is_active_itself(self, api: Api, trip: str) -> None:
        # when
        complete_all(api, trip, "ask")
        # then
        [gateway] = tree_of(api, trip)["childActivityInstances"]
        assert (gateway["activityId"], gateway["activityType"]) == ("wait", "eventBasedGateway")
        [timer] = api.get("/job", processInstanceId=trip)
        [subscription] = api.get("/event-subscription", processInstanceId=trip)
        assert timer["executionId"] == subscription["executionId"] == gateway["id"]
        assert subscription["activityId"] == "news"
        assert api.get("/job-definition", processDefinitionKey="trip")[0]["activityId"] == "day"

    def test_a_called_process_is_an_instance_of_its_own(self, api: Api, trip: str) -> None:
        # given
        complete_all(api, trip, "ask")
        # when
        api.post("/message", {"messageName": "letter", "businessKey": "T-1"})
        # then
        [call] = tree_of(api, trip)["childActivityInstances"]
        assert (call["activityId"], call["activityType"], call["childActivityInstances"]) == (
            "ride",
            "callActivity",
            [],
        )
        [called] = api.get("/process-instance", superProcessInstance=trip)
        assert called["definitionKey"] == "ride"
        assert [each["id"] for each in api.get("/process-instance", subProcessInstance=called["id"])] == [trip]
        assert [each["id"] for each in api.get("/process-instance", rootProcessInstances="true")] == [trip]
        assert [each["id"] for each in api.get("/process-instance", leafProcessInstances="true")] == [called["id"]]
        past = api.get(f"/history/process-instance/{called['id']}")
        assert (past["superProcessInstanceId"], past["rootProcessInstanceId"]) == (trip, trip)
        [row] = api.get("/history/activity-instance", processInstanceId=trip, activityType="callActivity")
        assert (row["calledProcessInstanceId"], row["calledCaseInstanceId"]) == (called["id"], None)
        assert api.get(f"/history/activity-instance/{row['id']}") == row

    def test_a_caller_is_not_canceled_without_what_it_calls(self, api: Api, trip: str) -> None:
        # given
        api.delete(f"/process-instance/{api.start('trip')}", skipSubprocesses="true")
        complete_all(api, trip, "ask")
        api.post("/message", {"messageName": "letter", "businessKey": "T-1"})
        # when
        refusal = api.refused("DELETE", f"/process-instance/{trip}", skipSubprocesses="true")
        # then
        assert (refusal.status, "'skipSubprocesses'" in refusal.message) == (400, True)
        assert api.get("/process-instance/count") == {"count": 2}
        # when
        api.delete(f"/process-instance/{trip}")
        # then
        assert api.get("/process-instance/count") == {"count": 0}

    def test_an_error_of_a_called_process_and_what_history_calls_things(self, api: Api, trip: str) -> None:
        # given
        complete_all(api, trip, "ask")
        api.post("/message", {"messageName": "letter", "businessKey": "T-1"})
        [called] = api.get("/process-instance", superProcessInstance=trip)
        # when
        task = api.external_task(called["id"])["id"]
        api.post(f"/external-task/{task}/lock", {"workerId": "w", "lockDuration": 1000})
        api.post(f"/external-task/{task}/complete", {"workerId": "w"})
        # then
        assert api.tree(trip) == [{"search": ["look"]}]
        assert types_of(api, called["id"]) == {"start": "startEvent", "drive": "serviceTask", "crash": "errorEndEvent"}
        # when
        complete_all(api, trip, "look")
        # then
        assert types_of(api, trip) == {
            "start": "startEvent",
            "ask#multiInstanceBody": "multiInstanceBody",
            "ask": "userTask",
            "wait": "eventBasedGateway",
            "news": "intermediateMessageCatch",
            "ride": "callActivity",
            "astray": "boundaryError",
            "search": "transaction",
            "searching": "startEvent",
            "look": "userTask",
            "over": "terminateEndEvent",
        }
        for kind, element in (("boundaryError", "astray"), ("intermediateMessageCatch", "news")):
            [row] = api.get("/history/activity-instance", activityType=kind)
            assert row["activityId"] == element
        assert api.get("/history/activity-instance/count", activityType="startEvent") == {"count": 3}
        assert api.get("/history/activity-instance/count", activityType="signalStartEvent") == {"count": 0}

    def test_statements_do_not_grow_with_calls(self, api: Api, trip: str, django_assert_num_queries: Any) -> None:
        def ride(instance: str) -> None:
            complete_all(api, instance, "ask")
            api.post("/message", {"messageName": "letter", "processInstanceId": instance})

        ride(trip)
        api.get("/history/activity-instance")
        with django_assert_num_queries(3):
            api.get("/history/activity-instance")
        for _ in range(4):
            ride(api.start("trip"))
        with django_assert_num_queries(3):
            api.get("/history/activity-instance")


@pytest.mark.parametrize(
    ("definition", "throw", "end"),
    [
        ("signal", "intermediateSignalThrow", "signalEndEvent"),
        ("escalation", "intermediateEscalationThrowEvent", "escalationEndEvent"),
        ("none", "intermediateNoneThrowEvent", "noneEndEvent"),
    ],
)
def test_events_are_called_by_what_they_throw(api: Api, definition: str, throw: str, end: str) -> None:
    # given
    elements = event("intermediateThrowEvent", definition) + event("endEvent", definition)
    flows = flow("start", "intermediateThrowEvent") + flow("intermediateThrowEvent", "endEvent")
    api.deploy(
        f"{HEAD}<process id='p' isExecutable='true'><startEvent id='start' />{elements}{flows}</process></definitions>"
    )
    # when
    instance = api.start("p")
    # then
    found = types_of(api, instance)
    assert found == {"start": "startEvent", "intermediateThrowEvent": throw, "endEvent": end}


def waiting_for(definition: str) -> str:
    """A task with a boundary event, an intermediate event, and a sub-process with an event sub-process."""
    inside = event("startEvent", definition) + flow("startEvent", "handle") + "<userTask id='handle' />"
    parts = (
        "<startEvent id='start' /><userTask id='host' /><userTask id='last' />",
        event("boundaryEvent", definition, "attachedToRef='host'"),
        event("intermediateCatchEvent", definition),
        "<subProcess id='within'><startEvent id='inner' /><userTask id='sit' />",
        flow("inner", "sit"),
        f"<subProcess id='handler' triggeredByEvent='true'>{inside}</subProcess></subProcess>",
        *(flow("start", "host"), flow("boundaryEvent", "intermediateCatchEvent")),
        *(flow("intermediateCatchEvent", "last"), flow("last", "within")),
    )
    return f"{HEAD}<process id='p' isExecutable='true'>{''.join(parts)}</process></definitions>"


@pytest.mark.parametrize(
    ("definition", "boundary", "catch", "start"),
    [
        ("message", "boundaryMessage", "intermediateMessageCatch", "messageStartEvent"),
        ("signal", "boundarySignal", "intermediateSignalCatch", "signalStartEvent"),
        ("timer", "boundaryTimer", "intermediateTimer", "startTimerEvent"),
        ("conditional", "boundaryConditional", "intermediateConditional", "conditionalStartEvent"),
    ],
)
def test_events_are_called_by_what_they_wait_for(
    api: Api, definition: str, boundary: str, catch: str, start: str
) -> None:
    # given
    def occur() -> None:
        match definition:
            case "message":
                api.post("/message", {"messageName": "letter"})
            case "signal":
                api.post("/signal", {"name": "go"})
            case "timer":
                [job] = api.get("/job")
                api.post(f"/job/{job['id']}/execute")
            case "conditional":
                api.put(f"/process-instance/{instance}/variables/a", {"value": 2, "type": "Integer"})

    def reset() -> None:
        api.put(f"/process-instance/{instance}/variables/a", {"value": 0, "type": "Integer"})

    api.deploy(waiting_for(definition).replace(' camunda:type="external" camunda:topic="post"', ""))
    instance = api.start("p", variables={"a": {"value": 2, "type": "Integer"}} if definition == "conditional" else {})
    # when
    if definition != "conditional":
        occur()
        waiting = api.activity(instance, "intermediateCatchEvent")
        assert waiting["activityType"] == catch
        occur()
    reset()
    complete_all(api, instance, "last")
    occur()
    # then
    assert api.tree(instance) == [{"within": [{"handler": ["handle"]}]}]
    found = types_of(api, instance)
    assert (found["boundaryEvent"], found["intermediateCatchEvent"], found["startEvent"]) == (boundary, catch, start)
    assert found["handler"] == "subProcess"
