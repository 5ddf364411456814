"""/history, /variable-instance, /incident and /job: what was and what is."""

from __future__ import annotations

import pytest

from tests.operate.api.engine_rest.conftest import Api, process


@pytest.fixture
def ended(api: Api) -> str:
    """An ended instance; its id."""
    api.deploy(process("short", "user:look"))
    instance = api.start("short", businessKey="S-1", variables={"n": {"value": 1}})
    api.put(f"/task/{api.task(instance, 'look')['id']}/localVariables/mood", {"value": "good"})
    api.post(f"/task/{api.task(instance, 'look')['id']}/assignee", {"userId": "ann"})
    api.complete(instance, "look", variables={"done": {"value": True}})
    return instance


def test_an_ended_instance(api: Api, ended: str) -> None:
    found = api.get(f"/history/process-instance/{ended}")
    assert isinstance(found["durationInMillis"], int)
    assert found == {
        "id": ended,
        "businessKey": "S-1",
        "processDefinitionId": found["processDefinitionId"],
        "processDefinitionKey": "short",
        "processDefinitionName": None,
        "processDefinitionVersion": 1,
        "startTime": found["startTime"],
        "endTime": found["endTime"],
        "removalTime": None,
        "durationInMillis": found["durationInMillis"],
        "startUserId": None,
        "startActivityId": "start",
        "deleteReason": None,
        "rootProcessInstanceId": ended,
        "superProcessInstanceId": None,
        "superCaseInstanceId": None,
        "caseInstanceId": None,
        "tenantId": None,
        "state": "COMPLETED",
        "restartedProcessInstanceId": None,
    }


def test_instances_are_filtered_by_how_they_are(api: Api, order: str, ended: str) -> None:
    # given
    api.put(f"/process-instance/{order}/suspended", {"suspended": True})

    def found(**params: str) -> list[str]:
        return [each["id"] for each in api.get("/history/process-instance", **params)]

    # then
    for params in (
        {"finished": "true"},
        {"completed": "true"},
        {"processInstanceBusinessKey": "S-1"},
        {"processInstanceBusinessKeyLike": "S%25"},
        {"processDefinitionKey": "short"},
        {"finishedAfter": "2000-01-01T00:00:00.000%2B0000"},
        {"executedActivityIdIn": "look"},
        {"variables": "done_eq_true"},
        {"processInstanceIdNotIn": order},
    ):
        assert found(**params) == [ended], params
    for params in (
        {"unfinished": "true", "sortBy": "startTime", "sortOrder": "asc"},
        {"suspended": "true"},
        {"processDefinitionName": "Order"},
        {"activeActivityIdIn": "approve"},
        {"processInstanceIds": order},
    ):
        assert found(**params) == [order], params
    for params in (
        {"active": "true"},
        {"externallyTerminated": "true"},
        {"internallyTerminated": "true"},
        {"withIncidents": "true"},
    ):
        assert found(**params) == [], params
    assert api.get(f"/history/process-instance/{order}")["state"] == "SUSPENDED"
    assert api.post("/history/process-instance/count", {"finished": False}) == {"count": 2}


def test_only_ended_instances_can_be_deleted(api: Api, order: str, ended: str) -> None:
    # when
    api.delete(f"/history/process-instance/{ended}")
    refusal = api.refused("DELETE", f"/history/process-instance/{order}")
    # then
    assert (refusal.status, refusal.type) == (400, "InvalidRequestException")
    assert "Process instance is still running" in refusal.message
    assert api.refused("GET", f"/history/process-instance/{ended}").message == (
        f"Historic process instance with id {ended} does not exist"
    )
    assert api.refused("DELETE", f"/history/process-instance/{ended}").status == 404


def test_activity_instances_tell_how_they_ended(api: Api, order: str, ended: str) -> None:
    # given
    api.post(f"/process-instance/{order}/modification", {"instructions": [{"type": "cancel", "activityId": "ship"}]})
    # when
    rows = api.get("/history/activity-instance", processInstanceId=ended, sortBy="occurrence", sortOrder="asc")
    # then
    assert [(row["activityId"], row["activityType"], row["canceled"]) for row in rows] == [
        ("start", "startEvent", False),
        ("look", "userTask", False),
        ("end", "noneEndEvent", False),
    ]
    look = rows[1]
    assert look == {
        "id": look["id"],
        "parentActivityInstanceId": ended,
        "activityId": "look",
        "activityName": None,
        "activityType": "userTask",
        "processDefinitionKey": "short",
        "processDefinitionId": look["processDefinitionId"],
        "processInstanceId": ended,
        "executionId": look["id"],
        "taskId": look["taskId"],
        "assignee": "ann",
        "calledProcessInstanceId": None,
        "calledCaseInstanceId": None,
        "startTime": look["startTime"],
        "endTime": look["endTime"],
        "durationInMillis": look["durationInMillis"],
        "canceled": False,
        "completeScope": False,
        "tenantId": None,
        "removalTime": None,
        "rootProcessInstanceId": ended,
    }
    assert look["taskId"] is not None
    assert api.get(f"/history/activity-instance/{look['id']}") == look

    def found(**params: str) -> list[str]:
        return [row["activityId"] for row in api.get("/history/activity-instance", processInstanceId=order, **params)]

    assert found(unfinished="true") == ["approve", "payment"]
    assert found(canceled="true") == ["ship"]
    assert found(activityType="userTask") == ["approve"]
    assert found(activityIdIn="start,fork", finished="true") == ["start", "fork"]
    assert [row["id"] for row in api.get("/history/activity-instance", taskAssignee="ann")] == [look["id"]]


def test_variables_stay_with_their_last_values(api: Api, ended: str) -> None:
    # when
    rows = api.get("/history/variable-instance", processInstanceId=ended, sortBy="variableName", sortOrder="asc")
    # then
    assert [(row["name"], row["value"], row["executionId"] == ended) for row in rows] == [
        ("done", True, True),
        ("mood", "good", False),
        ("n", 1, True),
    ]
    assert api.get(f"/history/variable-instance/{rows[0]['id']}") == rows[0]
    task = api.get("/history/task", processInstanceId=ended)[0]["id"]
    [mood] = api.get("/history/variable-instance", taskIdIn=task)
    assert (mood["name"], mood["state"]) == ("mood", "CREATED")
    assert api.get("/history/variable-instance", variableName="n", variableTypeIn="integer")[0]["value"] == 1
    assert api.post("/history/variable-instance", {"variableName": "n", "variableValue": 2}) == []
    assert api.get("/variable-instance", processInstanceIdIn=ended) == []


def test_variables_of_running_scopes(api: Api, order: str) -> None:
    # given
    approve = api.activity(order, "approve")["id"]
    api.put(f"/execution/{approve}/localVariables/amount", {"value": 7})
    # when
    rows = api.get("/variable-instance", processInstanceIdIn=order, sortBy="activityInstanceId", sortOrder="asc")
    # then
    assert [(row["name"], row["value"], row["activityInstanceId"]) for row in rows] == [
        ("amount", 100, order),
        ("amount", 7, approve),
    ]
    assert api.get(f"/variable-instance/{rows[0]['id']}") == {
        "id": rows[0]["id"],
        "name": "amount",
        "type": "Long",
        "value": 100,
        "valueInfo": {},
        "processDefinitionId": rows[0]["processDefinitionId"],
        "processInstanceId": order,
        "executionId": order,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "taskId": None,
        "batchId": None,
        "activityInstanceId": order,
        "errorMessage": None,
        "tenantId": None,
    }

    def found(**params: str) -> list[object]:
        return [row["value"] for row in api.get("/variable-instance", **params)]

    assert found(activityInstanceIdIn=approve) == found(executionIdIn=approve) == [7]
    assert found(taskIdIn=api.task(order, "approve")["id"]) == [7]
    assert found(variableValues="amount_gt_50") == [100]
    assert found(variableNameLike="am%25", variableScopeIdIn=order) == [100]
    # when the scope ends
    api.complete(order, "approve")
    # then
    assert found(variableName="amount") == [100]


def test_objects_go_out_as_text_or_as_json(api: Api, order: str) -> None:
    value = {"value": '{"a":1}', "type": "Object", "valueInfo": {"serializationDataFormat": "application/json"}}
    api.put(f"/process-instance/{order}/variables/cart", value)
    [row] = api.get("/variable-instance", variableName="cart", deserializeValues="false")
    assert row["value"] == '{"a":1}'
    assert api.get("/variable-instance", variableName="cart")[0]["value"] == {"a": 1}
    assert api.get(f"/process-instance/{order}/variables", deserializeValues="false")["cart"]["value"] == '{"a":1}'


def test_tasks_tell_how_they_ended(api: Api, order: str, ended: str) -> None:
    # given
    api.delete(f"/process-instance/{order}")
    # when
    [done] = api.get("/history/task", processInstanceId=ended)
    [canceled] = api.get("/history/task", processInstanceId=order)
    # then
    assert (done["deleteReason"], done["taskState"], done["assignee"]) == ("completed", "Completed", "ann")
    assert (canceled["deleteReason"], canceled["taskState"]) == ("deleted", "Deleted")
    assert isinstance(done["duration"], int)
    assert [each["id"] for each in api.get("/history/task", taskAssignee="ann", finished="true")] == [done["id"]]
    assert [each["id"] for each in api.get("/history/task", taskDeleteReason="deleted")] == [canceled["id"]]
    assert api.get("/history/task/count", unfinished="true") == {"count": 0}


class TestIncidents:
    """/incident and /history/incident"""

    @pytest.fixture
    def incident(self, api: Api, order: str) -> str:
        task = api.external_task(order)["id"]
        api.post(f"/external-task/{task}/lock", {"workerId": "w", "lockDuration": 1000})
        api.post(f"/external-task/{task}/failure", {"workerId": "w", "errorMessage": "no bike", "retries": 0})
        return api.get("/incident")[0]["id"]

    def test_an_open_incident(self, api: Api, order: str, incident: str) -> None:
        found = api.get(f"/incident/{incident}")
        ship = api.activity(order, "ship")
        assert found == {
            "id": incident,
            "processDefinitionId": ship["processDefinitionId"],
            "processInstanceId": order,
            "executionId": ship["id"],
            "incidentTimestamp": found["incidentTimestamp"],
            "incidentType": "failedExternalTask",
            "activityId": "ship",
            "failedActivityId": "ship",
            "causeIncidentId": incident,
            "rootCauseIncidentId": incident,
            "configuration": api.external_task(order)["id"],
            "incidentMessage": "no bike",
            "tenantId": None,
            "jobDefinitionId": None,
            "annotation": None,
        }
        assert ship["incidentIds"] == [incident]
        assert ship["incidents"] == [{"id": incident, "parentId": None, "activityId": "ship"}]

    def test_finding_it(self, api: Api, order: str, incident: str) -> None:
        for params in (
            {"incidentType": "failedExternalTask"},
            {"incidentMessageLike": "no%25"},
            {"activityId": "ship"},
            {"processDefinitionKeyIn": "order"},
        ):
            assert [each["id"] for each in api.get("/incident", **params)] == [incident], params
        assert api.get("/incident", incidentType="failedJob") == []
        for params in (
            {"withIncident": "true"},
            {"incidentType": "failedExternalTask"},
            {"incidentMessage": "no bike"},
            {"incidentMessageLike": "%25bike"},
            {"incidentId": incident},
        ):
            assert [each["id"] for each in api.get("/process-instance", **params)] == [order], params
        assert api.get("/history/process-instance/count", incidentStatus="open") == {"count": 1}
        assert api.refused("GET", "/history/process-instance", incidentStatus="odd").status == 400

    def test_that_of_an_external_task_is_resolved_by_retries(self, api: Api, order: str, incident: str) -> None:
        # when
        refusal = api.refused("DELETE", f"/incident/{incident}")
        api.put(f"/external-task/{api.external_task(order)['id']}/retries", {"retries": 1})
        # then
        assert "Cannot resolve an incident of type failedExternalTask" in refusal.message
        assert api.refused("GET", f"/incident/{incident}").status == 404
        [past] = api.get("/history/incident", processInstanceId=order)
        assert (past["open"], past["resolved"], past["endTime"] is None) == (False, True, False)
        assert api.get("/history/incident/count", open="true") == {"count": 0}


def test_external_tasks_are_no_jobs(api: Api, order: str) -> None:
    assert api.get("/job", processInstanceId=order) == []
    assert api.get("/job/count") == api.get("/job-definition/count") == {"count": 0}
    job = api.external_task(order)["id"]
    assert api.refused("GET", f"/job/{job}").message == f"Job with id {job} does not exist"
    assert api.refused("GET", "/job-definition/1:ship").status == 404
