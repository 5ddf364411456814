"""/external-task: what workers do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from operate.api.engine_rest import external_task
from operate.api.engine_rest.ids import key_of
from tests.operate.api.engine_rest.conftest import Api, People, process
from workflow.models import Job

TOPIC = {"topicName": "ship", "lockDuration": 60_000}


def fetch(api: Api, *topics: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return api.post(
        "/external-task/fetchAndLock", {"workerId": "w1", "maxTasks": 10, "topics": list(topics) or [TOPIC], **more}
    )


def test_fetching_locks_and_brings_what_is_needed(api: Api, order: str) -> None:
    # when
    [task] = fetch(api, {**TOPIC, "includeExtensionProperties": True})
    # then
    assert timezone.now() < Job.objects.get(pk=key_of(task["id"])).locked_until
    ship = api.activity(order, "ship")
    assert task == {
        "activityId": "ship",
        "activityInstanceId": ship["id"],
        "errorMessage": None,
        "errorDetails": None,
        "executionId": ship["id"],
        "id": task["id"],
        "lockExpirationTime": task["lockExpirationTime"],
        "createTime": task["createTime"],
        "processDefinitionId": ship["processDefinitionId"],
        "processDefinitionKey": "order",
        "processDefinitionVersionTag": "1.0",
        "processInstanceId": order,
        "tenantId": None,
        "retries": None,
        "suspended": False,
        "workerId": "w1",
        "priority": 7,
        "topicName": "ship",
        "businessKey": "B-1",
        "variables": {"amount": {"type": "Long", "value": 100, "valueInfo": {}}},
        "extensionProperties": {"carrier": "bike"},
    }
    assert fetch(api) == []


def test_only_the_variables_asked_for_are_brought(api: Api, order: str) -> None:
    # given
    ship = api.activity(order, "ship")["id"]
    api.put(f"/execution/{ship}/localVariables/size", {"value": "L"})
    api.put(f"/process-instance/{order}/variables/note", {"value": "x"})

    def names(**topic: Any) -> list[str]:
        [task] = fetch(api, {**TOPIC, **topic})
        api.post(f"/external-task/{task['id']}/unlock")
        return sorted(task["variables"])

    # then
    assert names() == ["amount", "note", "size"]
    assert names(variables=["note", "never"]) == ["note"]
    assert names(variables=[]) == []
    assert names(localVariables=True) == ["size"]


@pytest.mark.parametrize(
    ("topic", "fits"),
    [
        ({"businessKey": "B-1"}, True),
        ({"businessKey": "B-2"}, False),
        ({"processDefinitionKey": "order"}, True),
        ({"processDefinitionKeyIn": ["none", "order"]}, True),
        ({"processDefinitionKey": "none"}, False),
        ({"processDefinitionId": "x"}, False),
        ({"processDefinitionVersionTag": "1.0"}, True),
        ({"processDefinitionVersionTag": "2.0"}, False),
        ({"processVariables": {"amount": 100}}, True),
        ({"processVariables": {"amount": 101}}, False),
        ({"withoutTenantId": True}, True),
        ({"tenantIdIn": ["loans"]}, False),
        ({"topicName": "other"}, False),
    ],
)
def test_topics_are_filtered(api: Api, order: str, topic: dict[str, Any], fits: bool) -> None:
    assert [task["processInstanceId"] for task in fetch(api, {**TOPIC, **topic})] == [order] * fits


def test_several_topics_and_a_maximum(api: Api, order: str) -> None:
    # given
    api.deploy(process("other", "external:do"), tenant_id="loans")
    for _ in range(3):
        api.post("/process-definition/key/other/tenant-id/loans/start", {})
    work = {"topicName": "work", "lockDuration": 1000, "tenantIdIn": ["loans"]}
    # when
    found = fetch(
        api, TOPIC, work, maxTasks=3, usePriority=True, sorting=[{"sortBy": "createTime", "sortOrder": "asc"}]
    )
    # then
    assert sorted(task["topicName"] for task in found) == ["ship", "work", "work"]


def test_waiting_for_work_looks_again_and_reads_rights_anew(
    api: Api, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    [task] = fetch(api)
    attempts: list[int] = []

    def unlock_after_two(attempt: Callable[[], Any], *, timeout: timedelta) -> Any:
        assert timeout == timedelta(seconds=20)
        for number in range(3):
            attempts.append(number)
            if number == 2:
                Job.objects.filter(pk=key_of(task["id"])).update(locked_until=None, worker="")
            if found := attempt():
                return found
        return None

    monkeypatch.setattr(external_task, "wait_for", unlock_after_two)
    monkeypatch.setattr(external_task, "RIGHTS_ARE_READ_AGAIN_AFTER_SECONDS", 0.0)
    # when
    [again] = fetch(api, asyncResponseTimeout=20_000)
    # then
    assert (again["id"], len(attempts)) == (task["id"], 3)


def test_who_loses_the_right_while_waiting_gets_nothing(
    api: Api, people: People, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    [task] = fetch(api)
    Job.objects.filter(pk=key_of(task["id"])).update(locked_until=None, worker="")

    def lock_out_first(attempt: Callable[[], Any], *, timeout: timedelta) -> Any:
        type(people.admin).objects.filter(pk=people.admin.pk).update(is_active=False)
        return attempt()

    monkeypatch.setattr(external_task, "wait_for", lock_out_first)
    monkeypatch.setattr(external_task, "RIGHTS_ARE_READ_AGAIN_AFTER_SECONDS", 0.0)
    # when
    body = {"workerId": "w", "maxTasks": 1, "topics": [TOPIC], "asyncResponseTimeout": 20_000}
    refusal = api.refused("POST", "/external-task/fetchAndLock", body)
    # then
    assert (refusal.status, refusal.type) == (403, "AuthorizationException")


def test_without_topics_or_tasks_there_is_nothing(api: Api, order: str) -> None:
    for body in ({"topics": []}, {"topics": None}, {"maxTasks": 0}):
        assert (
            api.post("/external-task/fetchAndLock", {"workerId": "w", "maxTasks": 1, "topics": [TOPIC], **body}) == []
        )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"maxTasks": 1}, "'workerId'"),
        ({"workerId": "w"}, "'maxTasks'"),
        ({"workerId": "w", "maxTasks": "many"}, "'maxTasks'"),
        ({"workerId": "w", "maxTasks": -1}, "'maxTasks'"),
        ({"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "t"}]}, "'topics[0].lockDuration'"),
        ({"workerId": "w", "maxTasks": 1, "topics": [{**TOPIC, "lockDuration": 0}]}, "'topics[0].lockDuration'"),
        ({"workerId": "w", "maxTasks": 1, "topics": [{**TOPIC, "lockDuration": 10**15}]}, "'topics[0].lockDuration'"),
        ({"workerId": "w", "maxTasks": 1, "topics": [{**TOPIC, "colour": 1}]}, "Unrecognized field 'colour'"),
        ({"workerId": "w", "maxTasks": 1, "topics": "t"}, "'topics'"),
        ({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 1_800_001}, "greater than 1800000 milliseconds"),
        ({"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": -1}, "'asyncResponseTimeout'"),
        ([], "Expected the body to be a JSON object, found a list"),
    ],
)
def test_a_wrong_request_for_work_is_refused(api: Api, body: Any, reason: str) -> None:
    refusal = api.refused("POST", "/external-task/fetchAndLock", body)
    assert (refusal.status, refusal.type) == (400, "InvalidRequestException")
    assert reason in refusal.message


def test_completing(api: Api, order: str) -> None:
    # given
    [task] = fetch(api)
    # when
    api.post(
        f"/external-task/{task['id']}/complete",
        {"workerId": "w1", "variables": {"tracking": {"value": "T1", "type": "String"}}, "localVariables": {}},
    )
    # then
    assert api.variables(order) == {"amount": 100, "tracking": "T1"}
    assert api.tree(order) == ["approve", "payment"]
    assert api.refused("GET", f"/external-task/{task['id']}").status == 404
    assert api.refused("POST", f"/external-task/{task['id']}/complete", {"workerId": "w1"}).status == 404


def test_only_the_worker_that_holds_it_may_complete(api: Api, order: str) -> None:
    # given
    [task] = fetch(api)
    # when
    refusal = api.refused("POST", f"/external-task/{task['id']}/complete", {"workerId": "w2"})
    # then
    assert refusal.status == 400
    assert "cannot be completed by worker 'w2'. It is locked by worker 'w1'." in refusal.message


def test_failing_until_there_is_an_incident_and_repairing_it(api: Api, order: str) -> None:
    # given
    [task] = fetch(api)
    failure = {"workerId": "w1", "errorMessage": "no bike", "errorDetails": "all\nbroken"}
    # when
    api.post(f"/external-task/{task['id']}/failure", {**failure, "retries": 1, "retryTimeout": 0})
    # then
    failed = api.get(f"/external-task/{task['id']}")
    assert (failed["retries"], failed["errorMessage"], failed["workerId"]) == (1, "no bike", None)
    assert api.send("GET", f"/external-task/{task['id']}/errorDetails").content == b"all\nbroken"
    assert api.get("/incident") == []
    # when
    fetch(api)
    api.post(f"/external-task/{task['id']}/failure", {**failure, "retries": 0})
    # then
    [incident] = api.get("/incident", processInstanceId=order)
    assert (incident["incidentType"], incident["configuration"]) == ("failedExternalTask", task["id"])
    assert (incident["incidentMessage"], incident["activityId"]) == ("no bike", "ship")
    assert fetch(api) == []
    # when
    api.put(f"/external-task/{task['id']}/retries", {"retries": 2})
    # then
    assert api.get("/incident") == []
    assert [each["retries"] for each in fetch(api)] == [2]


def test_a_failed_task_comes_back_after_its_time_out(api: Api, order: str) -> None:
    [task] = fetch(api)
    api.post(f"/external-task/{task['id']}/failure", {"workerId": "w1", "retries": 1, "retryTimeout": 60_000})
    assert fetch(api) == []
    Job.objects.filter(pk=key_of(task["id"])).update(locked_until=timezone.now() - timedelta(seconds=1))
    assert [each["id"] for each in fetch(api)] == [task["id"]]


def test_locks_are_taken_extended_and_given_back(api: Api, order: str) -> None:
    # given
    task = f"/external-task/{api.external_task(order)['id']}"
    # when
    api.post(f"{task}/lock", {"workerId": "w1", "lockDuration": 60_000})
    before = api.get(task)["lockExpirationTime"]
    api.post(f"{task}/extendLock", {"workerId": "w1", "newDuration": 600_000})
    # then
    assert api.get(task)["lockExpirationTime"] > before
    assert api.refused("POST", f"{task}/lock", {"workerId": "w2", "lockDuration": 1000}).status == 400
    assert api.refused("POST", f"{task}/extendLock", {"workerId": "w2", "newDuration": 1000}).status == 400
    # when
    api.post(f"{task}/unlock")
    # then
    assert api.get(task)["workerId"] is None
    api.post(f"{task}/lock", {"workerId": "w2", "lockDuration": 1000})


def test_the_priority_decides_who_is_first(api: Api) -> None:
    # given
    api.deploy(process("other", "external:do"))
    instances = [api.start("other") for _ in range(3)]
    urgent = api.external_task(instances[2])["id"]
    # when
    api.put(f"/external-task/{urgent}/priority", {"priority": 2**40})
    # then
    work = {"topicName": "work", "lockDuration": 1000}
    assert [task["processInstanceId"] for task in fetch(api, work, maxTasks=1, usePriority=True)] == [instances[2]]
    assert [task["processInstanceId"] for task in fetch(api, work, maxTasks=1, usePriority=True)] == [instances[0]]


def test_the_priority_decides_across_topics(api: Api, order: str) -> None:
    # given
    api.deploy(process("other", "external:do"))
    first = api.start("other")
    work = {"topicName": "work", "lockDuration": 1000}
    # then
    assert [task["topicName"] for task in fetch(api, work, TOPIC, maxTasks=1, usePriority=True)] == ["ship"]
    assert [task["processInstanceId"] for task in fetch(api, TOPIC, work, usePriority=True)] == [first]


def test_the_newest_may_come_first(api: Api) -> None:
    # given
    api.deploy(process("other", "external:do"))
    instances = [api.start("other") for _ in range(3)]
    # when
    newest = [{"sortBy": "createTime", "sortOrder": "desc"}]
    found = fetch(api, {"topicName": "work", "lockDuration": 1000}, maxTasks=2, sorting=newest)
    # then
    assert [task["processInstanceId"] for task in found] == [instances[2], instances[1]]


def test_each_topic_looks_into_its_own_tenants(api: Api, order: str) -> None:
    # given
    api.deploy(process("other", "external:do"), tenant_id="loans")
    loan = api.post("/process-definition/key/other/tenant-id/loans/start", {})["id"]
    topics = [
        {"topicName": "work", "lockDuration": 1000, "withoutTenantId": True},
        {"topicName": "ship", "lockDuration": 1000, "tenantIdIn": ["loans"]},
    ]
    # then
    assert fetch(api, *topics) == []
    assert [task["processInstanceId"] for task in fetch(api, *topics, {**topics[0], "withoutTenantId": None})] == [loan]


def test_an_uncaught_bpmn_error_ends_the_execution(api: Api, order: str) -> None:
    [task] = fetch(api)
    api.post(f"/external-task/{task['id']}/bpmnError", {"workerId": "w1", "errorCode": "E", "errorMessage": "no"})
    assert api.tree(order) == ["approve", "payment"]


def test_tasks_are_filtered(api: Api, order: str) -> None:
    # given
    api.deploy(process("other", "external:do"))
    other = api.start("other")
    [locked] = fetch(api)

    def found(**params: str) -> list[str]:
        return [each["processInstanceId"] for each in api.get("/external-task", **params)]

    # then
    for params in (
        {"topicName": "ship"},
        {"workerId": "w1"},
        {"locked": "true"},
        {"externalTaskId": locked["id"]},
        {"externalTaskIdIn": f"{locked['id']},x"},
        {"activityId": "ship"},
        {"activityIdIn": "ship,none"},
        {"processInstanceIdIn": order},
        {"processDefinitionKey": "order"},
        {"priorityHigherThanOrEquals": "7"},
        {"lockExpirationAfter": "2020-01-01T00:00:00.000%2B0000"},
        {"processVariables": "amount_eq_100"},
        {"sortBy": "taskPriority", "sortOrder": "desc", "maxResults": "1"},
    ):
        assert found(**params) == [order], params
    assert found(notLocked="true") == [other]
    assert found(noRetriesLeft="true") == []
    assert found(withRetriesLeft="true", active="true") == [order, other]
    assert api.get("/external-task/topic-names") == ["ship", "work"]
    assert api.get("/external-task/topic-names", withLockedTasks="true") == ["ship"]
    assert api.get("/external-task/topic-names", withUnlockedTasks="true", withRetriesLeft="true") == ["work"]


class TestRetriesOfMany:
    """PUT /external-task/retries"""

    def test_tasks_and_those_of_instances(self, api: Api, order: str) -> None:
        # given
        api.deploy(process("other", "external:do"))
        other = api.start("other")
        ship = api.external_task(order)["id"]
        # when
        api.put("/external-task/retries", {"retries": 0, "externalTaskIds": [ship], "processInstanceIds": [other]})
        # then
        assert api.get("/external-task/count", noRetriesLeft="true") == {"count": 2}
        assert api.get("/incident/count") == {"count": 2}

    def test_all_or_none(self, api: Api, order: str) -> None:
        ship = api.external_task(order)["id"]
        refusal = api.refused("PUT", "/external-task/retries", {"retries": 0, "externalTaskIds": [ship, "1"]})
        assert (refusal.status, refusal.message) == (404, "External task with id 1 does not exist")
        assert api.get("/incident/count") == {"count": 0}

    @pytest.mark.parametrize(
        "body", [{"retries": 1}, {"retries": -1, "externalTaskIds": ["1"]}, {"externalTaskIds": []}]
    )
    def test_a_wrong_body_is_refused(self, api: Api, body: dict[str, Any]) -> None:
        assert api.refused("PUT", "/external-task/retries", body).status == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/errorDetails", None),
        ("POST", "/complete", {"workerId": "w"}),
        ("POST", "/failure", {"workerId": "w"}),
        ("POST", "/bpmnError", {"workerId": "w", "errorCode": "E"}),
        ("POST", "/lock", {"workerId": "w", "lockDuration": 1}),
        ("POST", "/extendLock", {"workerId": "w", "newDuration": 1}),
        ("POST", "/unlock", None),
        ("PUT", "/retries", {"retries": 1}),
        ("PUT", "/priority", {"priority": 1}),
    ],
)
def test_an_unknown_task_is_not_found(api: Api, method: str, path: str, body: Any) -> None:
    for id in ("1", "x", "9" * 25):
        assert api.refused(method, f"/external-task/{id}{path}", body).status == 404
