"""Signals, messages that start processes, and what element instances wait for."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from operate.api.v2.wait_states import repetitions
from operate.workspaces import Role
from tests.operate.api.v2.conftest import JOB, TASK, Api, zeebe
from tests.support.models import deploy
from workflow import services
from workflow.models import ProcessInstance

pytestmark = pytest.mark.django_db

SIGNAL = "<signal id='sig' name='go'/>"
MESSAGE = (
    "<message id='msg' name='paid'><extensionElements><zeebe:subscription correlationKey='=key'/></extensionElements>"
    "</message>"
)
CATCHES = zeebe(
    "catches",
    "<startEvent id='start'/>"
    "<intermediateCatchEvent id='catch'><signalEventDefinition signalRef='sig'/></intermediateCatchEvent>"
    "<endEvent id='end'/>",
    flows="start catch end",
    outside=SIGNAL,
)
STARTED_BY_SIGNAL = zeebe(
    "started",
    "<startEvent id='start'><signalEventDefinition signalRef='sig'/></startEvent>"
    "<userTask id='look'><extensionElements><zeebe:userTask/></extensionElements></userTask>",
    flows="start look",
    outside=SIGNAL,
)
STARTED_BY_MESSAGE = zeebe(
    "invoice",
    "<startEvent id='start'><messageEventDefinition messageRef='msg'/></startEvent>"
    "<receiveTask id='again' messageRef='msg'/>",
    flows="start again",
    outside=MESSAGE,
)
WAITING = zeebe(
    "waiting",
    "<startEvent id='start'/><parallelGateway id='fork'/>"
    "<userTask id='approve'><extensionElements><zeebe:userTask/><zeebe:taskSchedule dueDate='2031-01-01T00:00:00Z'/>"
    "</extensionElements></userTask>"
    "<boundaryEvent id='late' attachedToRef='approve' cancelActivity='false'>"
    "<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition></boundaryEvent><endEvent id='reminded'/>"
    "<eventBasedGateway id='either'/>"
    "<intermediateCatchEvent id='paid'><messageEventDefinition messageRef='msg'/></intermediateCatchEvent>"
    "<intermediateCatchEvent id='told'><signalEventDefinition signalRef='sig'/></intermediateCatchEvent>"
    "<serviceTask id='do'><extensionElements><zeebe:taskDefinition type='work' retries='2'/></extensionElements>"
    "</serviceTask>"
    "<subProcess id='watch' triggeredByEvent='true'><startEvent id='alarm' isInterrupting='false'>"
    "<signalEventDefinition signalRef='sig'/></startEvent></subProcess>",
    flows="start fork approve, fork either paid, either told, fork do, late reminded",
    outside=SIGNAL + MESSAGE,
)


def test_a_signal_reaches_who_waits_for_it_and_starts_processes(api):
    waiting = services.start_process_instance(deploy(CATCHES).key)
    deploy(STARTED_BY_SIGNAL)
    answer = api("POST", "/signals/broadcast", {"signalName": "go", "variables": {"x": 1}})
    assert answer["tenantId"] == "<default>"
    assert answer["signalKey"].isdigit()
    assert api("GET", f"/process-instances/{waiting.process_instance_key}")["state"] == "COMPLETED"
    [started] = api.items("/process-instances", processDefinitionId="started")
    [variable] = api.items("/variables", processInstanceKey=started["processInstanceKey"])
    assert (variable["name"], variable["value"]) == ("x", "1")


def test_a_signal_that_nobody_waits_for_is_accepted(api):
    first = api("POST", "/signals/broadcast", {"signalName": "nobody"})
    assert api("POST", "/signals/broadcast", {"signalName": "nobody"})["signalKey"] != first["signalKey"]
    assert (
        "no-such"
        in api("POST", "/signals/broadcast", {"signalName": "go", "tenantId": "no-such"}, status=404)["detail"]
    )


def test_who_may_only_see_broadcasts_nothing(user_with):
    waiting = services.start_process_instance(deploy(CATCHES).key)
    support = Api(user_with(Role.SUPPORT))
    assert support("POST", "/signals/broadcast", {"signalName": "go"}, status=403)["title"] == "FORBIDDEN"
    assert ProcessInstance.objects.get(pk=waiting.process_instance_key).state == "ACTIVE"


def test_a_correlated_message_tells_the_process_instance_that_it_started(api):
    deploy(STARTED_BY_MESSAGE)
    body = {"name": "paid", "correlationKey": "k", "variables": {"key": "k"}}
    key = api("POST", "/messages/correlation", body)["processInstanceKey"]
    assert api("GET", f"/process-instances/{key}")["processDefinitionId"] == "invoice"
    # a second one goes to the running instance
    assert api("POST", "/messages/correlation", body)["processInstanceKey"] == key
    assert api("GET", f"/process-instances/{key}")["state"] == "COMPLETED"


def test_message_subscriptions_of_start_events_are_told_apart(api):
    definition = deploy(STARTED_BY_MESSAGE)
    key = api("POST", "/messages/correlation", {"name": "paid", "correlationKey": "k", "variables": {"key": "k"}})
    [start] = api.items("/message-subscriptions", messageSubscriptionType="START_EVENT")
    assert (start["elementId"], start["processDefinitionKey"]) == ("start", str(definition.key))
    assert (start["processInstanceKey"], start["processDefinitionId"], start["correlationKey"]) == (
        None,
        "invoice",
        None,
    )
    [waiting] = api.items("/message-subscriptions", messageSubscriptionType="PROCESS_EVENT")
    assert (waiting["elementId"], waiting["processInstanceKey"]) == ("again", key["processInstanceKey"])
    assert (waiting["messageSubscriptionState"], waiting["correlationKey"]) == ("CREATED", "k")
    assert len(api.items("/message-subscriptions", processDefinitionId="invoice")) == 2


def test_messages_that_were_correlated_are_told_with_who_got_them(api):
    deploy(STARTED_BY_MESSAGE)
    body = {"name": "paid", "correlationKey": "k", "variables": {"key": "k"}}
    messages = [api("POST", "/messages/correlation", body) for _ in range(2)]
    first, second = api.items("/correlated-message-subscriptions", messageName="paid")
    assert [first["messageKey"], second["messageKey"]] == [each["messageKey"] for each in messages]
    [start] = api.items("/message-subscriptions", messageSubscriptionType="START_EVENT")
    assert (first["elementId"], first["elementInstanceKey"]) == ("start", None)
    assert first["subscriptionKey"] == start["messageSubscriptionKey"]
    [ended] = api.items("/message-subscriptions", messageSubscriptionType="PROCESS_EVENT")
    assert (second["elementId"], second["elementInstanceKey"]) == ("again", ended["elementInstanceKey"])
    assert second["subscriptionKey"] == ended["messageSubscriptionKey"]
    key = messages[0]["processInstanceKey"]
    for row in (first, second):
        assert (row["processInstanceKey"], row["processDefinitionId"]) == (key, "invoice")
        assert (row["correlationKey"], row["partitionId"], row["tenantId"]) == ("k", 1, "<default>")
    assert api.items("/correlated-message-subscriptions", elementId="start", processInstanceKey=key) == [first]
    api("POST", f"/process-instances/{key}/deletion", status=204)
    assert api.items("/correlated-message-subscriptions") == []


def test_a_message_that_was_buffered_is_told_once_somebody_has_got_it(api):
    deploy(WAITING)
    body = {"name": "paid", "correlationKey": "k", "timeToLive": 60_000}
    message = api("POST", "/messages/publication", body)["messageKey"]
    assert api.items("/correlated-message-subscriptions") == []
    started = api("POST", "/process-instances", {"processDefinitionId": "waiting", "variables": {"key": "k"}})
    [row] = api.items("/correlated-message-subscriptions")
    assert (row["messageKey"], row["elementId"]) == (message, "paid")
    assert row["processInstanceKey"] == started["processInstanceKey"]


def test_a_buffered_message_that_starts_the_next_instance_is_told(api):
    deploy(STARTED_BY_MESSAGE)
    body = {"name": "paid", "correlationKey": "k", "timeToLive": 60_000, "variables": {"key": "other"}}
    first, second = (api("POST", "/messages/publication", body)["messageKey"] for _ in range(2))
    [row] = api.items("/correlated-message-subscriptions")
    assert row["messageKey"] == first
    api("POST", f"/process-instances/{row['processInstanceKey']}/cancellation", status=204)
    rows = api.items("/correlated-message-subscriptions", elementId="start")
    assert [row["messageKey"] for row in rows] == [first, second]


@pytest.fixture
def waiting(db) -> services.Outcome:
    return services.start_process_instance(deploy(WAITING).key, variables={"key": "k"})


def wait_states(api, **filters):
    return api.items("/element-instances/wait-states", **filters)


def test_what_an_instance_waits_for_is_told_by_kind(api, waiting):
    rows = wait_states(api, processInstanceKey=str(waiting.process_instance_key))
    assert {row["bpmnProcessId"] for row in rows} == {"waiting"}
    found = {(row["elementId"], row["elementType"], row["details"]["waitStateType"]): row["details"] for row in rows}
    assert sorted(found) == [
        ("approve", "USER_TASK", "TIMER"),
        ("approve", "USER_TASK", "USER_TASK"),
        ("do", "SERVICE_TASK", "JOB"),
        ("either", "EVENT_BASED_GATEWAY", "MESSAGE"),
        ("either", "EVENT_BASED_GATEWAY", "SIGNAL"),
        ("waiting", "PROCESS", "SIGNAL"),
    ]
    job = found["do", "SERVICE_TASK", "JOB"]
    assert (job["jobType"], job["jobKind"], job["retries"]) == ("work", "BPMN_ELEMENT", 2)
    timer = found["approve", "USER_TASK", "TIMER"]
    assert timer["repetitions"] == 2
    assert timer["dueDate"] > 1_700_000_000_000
    assert found["approve", "USER_TASK", "USER_TASK"]["dueDate"] == "2031-01-01T00:00:00.000Z"
    message = found["either", "EVENT_BASED_GATEWAY", "MESSAGE"]
    assert (message["messageName"], message["correlationKey"]) == ("paid", "k")
    assert found["waiting", "PROCESS", "SIGNAL"]["signalName"] == "go"


@pytest.mark.parametrize(
    ("filters", "elements"),
    [
        ({"waitStateType": "SIGNAL"}, ["either", "waiting"]),
        ({"waitStateType": {"$in": ["JOB", "TIMER"]}}, ["approve", "do"]),
        ({"elementType": "EVENT_BASED_GATEWAY", "waitStateType": {"$neq": "SIGNAL"}}, ["either"]),
        ({"elementId": {"$like": "a*"}}, ["approve", "approve"]),
        ({"elementType": "PROCESS"}, ["waiting"]),
    ],
)
def test_wait_states_are_found(api, waiting, filters, elements):
    assert sorted(row["elementId"] for row in wait_states(api, **filters)) == elements


def test_wait_states_end_with_what_they_wait_for(api, waiting):
    [task] = api.items("/user-tasks")
    api("POST", f"/user-tasks/{task['userTaskKey']}/completion", {}, status=204)
    assert wait_states(api, elementId="approve") == []
    api("POST", f"/process-instances/{waiting.process_instance_key}/cancellation", status=204)
    assert wait_states(api) == []


def test_wait_states_are_paged(api, waiting):
    body = {"sort": [{"field": "elementId", "order": "DESC"}], "page": {"limit": 4}}
    seen = []
    while (answer := api("POST", "/element-instances/wait-states/search", body))["items"]:
        seen += [row["elementId"] for row in answer["items"]]
        body["page"] = {"limit": 4, "after": answer["page"]["endCursor"]}
    assert seen == ["waiting", "either", "either", "do", "approve", "approve"]


def test_an_element_instance_that_waits_for_several_things_is_counted_once(api, waiting):
    found = api("GET", f"/process-instances/{waiting.process_instance_key}/statistics/wait-states")["items"]
    assert found == [{"elementId": id, "waitingCount": 1} for id in ("approve", "do", "either", "waiting")]
    api("GET", "/process-instances/1/statistics/wait-states", status=404)


def test_what_waits_to_start_a_process_is_no_wait_state(api):
    deploy(STARTED_BY_SIGNAL)
    deploy(STARTED_BY_MESSAGE)
    assert wait_states(api) == []


def test_wait_states_of_strange_workspaces_are_not_told(user_with, waiting):
    stranger = user_with(Role.WORKSPACE_ADMIN, None)
    stranger.groups.clear()
    assert wait_states(Api(stranger)) == []


def test_the_engines_own_jobs_are_no_jobs_of_this_api(api, waiting):
    assert [row["elementId"] for row in api.items("/jobs")] == ["do"]


@pytest.mark.parametrize(
    "path", ["/element-instances/wait-states", "/message-subscriptions", "/correlated-message-subscriptions"]
)
def test_the_number_of_queries_does_not_grow_with_who_waits(api, path):
    for key in "abc":
        services.start_process_instance(deploy(WAITING).key, variables={"key": key})
        api("POST", "/messages/publication", {"name": "paid", "correlationKey": key})
        services.start_process_instance(deploy(WAITING).key, variables={"key": key})
    counts = []
    for limit in (1, 3):
        api("POST", f"{path}/search", {"page": {"limit": limit}})
        with CaptureQueriesContext(connection) as captured:
            api("POST", f"{path}/search", {"page": {"limit": limit}})
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


@pytest.mark.parametrize(
    ("rest", "times"), [("", 0), ("R3/PT1S", 3), ("R/PT1S", -1), ("R1/2030-01-01T00:00:00Z/PT1S", 1), ("0 0 * * *", -1)]
)
def test_repetitions(rest, times):
    assert repetitions(rest) == times


def test_work_and_people_are_waited_for_too(api):
    services.start_process_instance(deploy(JOB).key)
    services.start_process_instance(deploy(TASK).key)
    assert sorted(row["details"]["waitStateType"] for row in wait_states(api)) == ["JOB", "USER_TASK"]
