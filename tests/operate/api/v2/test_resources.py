"""Each resource of the Camunda 8 dialect: what it answers, and what it does."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import AuditEvent
from operate.workspaces import Role
from tests.operate.api.v2.conftest import TASK, Api
from workflow.models import ProcessInstance

pytestmark = pytest.mark.django_db


def upload(api: Api, *contents: str, status: int = 200):
    files = [SimpleUploadedFile(f"model{n}.bpmn", text.encode()) for n, text in enumerate(contents)]
    answer = api._client.post("/v2/deployments", {"resources": files}, format="multipart")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_the_same_file_deployed_again_is_the_same_version(api):
    first = upload(api, TASK)["deployments"][0]["processDefinition"]
    assert (first["processDefinitionId"], first["processDefinitionVersion"]) == ("order", 1)
    assert first["tenantId"] == "<default>"
    assert upload(api, TASK)["deployments"][0]["processDefinition"] == first
    changed = TASK.replace("approve", "check")
    assert upload(api, changed)["deployments"][0]["processDefinition"]["processDefinitionVersion"] == 2


def test_a_wrong_model_is_refused_with_all_its_problems(api):
    wrong = TASK.replace("<endEvent id='end'/>", "<callActivity id='end'/><inclusiveGateway id='or'/>")
    problem = upload(api, wrong, status=400)
    assert problem["title"] == "INVALID_ARGUMENT"
    assert "callActivity" in problem["detail"]
    assert "inclusiveGateway" in problem["detail"]


def test_an_instance_is_created_by_id_version_or_key(api):
    definition = upload(api, TASK)["deployments"][0]["processDefinition"]
    by_id = api(
        "POST", "/process-instances", {"processDefinitionId": "order", "variables": {"x": 1}, "businessId": "B"}
    )
    assert by_id["processDefinitionVersion"] == 1
    assert by_id["businessId"] == "B"
    api("POST", "/process-instances", {"processDefinitionId": "order", "processDefinitionVersion": 1})
    api("POST", "/process-instances", {"processDefinitionKey": definition["processDefinitionKey"]})
    missing = api(
        "POST", "/process-instances", {"processDefinitionId": "order", "processDefinitionVersion": 9}, status=404
    )
    assert missing["title"] == "NOT_FOUND"
    assert ProcessInstance.objects.count() == 3


def test_a_process_instance_is_told_with_all_its_fields(api, order):
    found = api("GET", f"/process-instances/{order.process_instance_key}")
    assert found["processInstanceKey"] == str(order.process_instance_key)
    assert (found["state"], found["businessId"], found["tags"], found["endDate"]) == ("ACTIVE", "A-1", ["vip"], None)
    assert found["startDate"].endswith("Z")
    assert found["hasIncident"] is False


def test_the_process_is_an_element_instance_too(api, order):
    key = str(order.process_instance_key)
    rows = api.items("/element-instances", processInstanceKey=key)
    assert [(row["type"], row["elementId"], row["state"]) for row in rows] == [
        ("PROCESS", "order", "ACTIVE"),
        ("START_EVENT", "start", "COMPLETED"),
        ("USER_TASK", "approve", "ACTIVE"),
    ]
    assert api("GET", f"/element-instances/{key}")["type"] == "PROCESS"
    below = api.items("/element-instances", elementInstanceScopeKey=key, state="ACTIVE")
    assert [row["elementId"] for row in below] == ["approve"]


def test_a_job_is_activated_completed_and_told(api, job):
    [activated] = api(
        "POST", "/jobs/activation", {"type": "work", "timeout": 1000, "maxJobsToActivate": 5, "worker": "w"}
    )["jobs"]
    assert (activated["elementId"], activated["variables"], activated["worker"]) == ("do", {"x": 1}, "w")
    nothing = {"type": "work", "timeout": 1000, "maxJobsToActivate": 5, "requestTimeout": -1}
    assert api("POST", "/jobs/activation", nothing) == {"jobs": []}
    api("POST", f"/jobs/{activated['jobKey']}/completion", {"variables": {"y": 2}}, status=204)
    [found] = api.items("/jobs", processInstanceKey=activated["processInstanceKey"])
    assert found["state"] == "COMPLETED"
    assert api("GET", f"/process-instances/{activated['processInstanceKey']}")["state"] == "COMPLETED"


def test_an_exhausted_job_leaves_an_incident_that_new_retries_and_a_resolution_end(api, job):
    key = job.jobs_created[0].key
    api("POST", f"/jobs/{key}/failure", {"retries": 0, "errorMessage": "no answer"}, status=204)
    [incident] = api.items("/incidents", state="ACTIVE")
    assert (incident["errorType"], incident["errorMessage"], incident["jobKey"]) == (
        "JOB_NO_RETRIES",
        "no answer",
        str(key),
    )
    refused = api("POST", f"/incidents/{incident['incidentKey']}/resolution", {}, status=409)
    assert refused["title"] == "INVALID_STATE"
    api("PATCH", f"/jobs/{key}", {"changeset": {"retries": 1}}, status=204)
    api("POST", f"/incidents/{incident['incidentKey']}/resolution", {}, status=204)
    assert api("GET", f"/incidents/{incident['incidentKey']}")["state"] == "RESOLVED"
    below = api("POST", f"/process-instances/{job.process_instance_key}/incidents/search", {})
    assert below["page"]["totalItems"] == 1


def test_a_user_task_is_assigned_updated_and_completed(api, order):
    [task] = api.items("/user-tasks", state="CREATED")
    key = task["userTaskKey"]
    api("POST", f"/user-tasks/{key}/assignment", {"assignee": "ann"}, status=204)
    taken = api("POST", f"/user-tasks/{key}/assignment", {"assignee": "bob", "allowOverride": False}, status=409)
    assert "ann" in taken["detail"]
    api("PATCH", f"/user-tasks/{key}", {"changeset": {"priority": 80, "candidateGroups": ["desk"]}}, status=204)
    api("DELETE", f"/user-tasks/{key}/assignee", status=204)
    [found] = api.items("/user-tasks", candidateGroup="desk")
    assert (found["assignee"], found["priority"]) == (None, 80)
    visible = api("POST", f"/user-tasks/{key}/variables/search", {})
    assert {row["name"]: row["value"] for row in visible["items"]} == {"x": "1", "o": '{"a":[1]}'}
    api("POST", f"/user-tasks/{key}/completion", {"variables": {"ok": True}}, status=204)
    assert api("GET", f"/process-instances/{order.process_instance_key}")["state"] == "COMPLETED"
    assert api("POST", f"/user-tasks/{key}/completion", {}, status=404)["title"] == "NOT_FOUND"


def test_variables_are_set_searched_and_told_as_json(api, order):
    key = order.process_instance_key
    api("PUT", f"/element-instances/{key}/variables", {"variables": {"x": "two", "big": "y" * 9000}}, status=204)
    [row] = api.items("/variables", processInstanceKey=str(key), name="x")
    assert (row["value"], row["isTruncated"]) == ('"two"', False)
    [long] = api.items("/variables", processInstanceKey=str(key), name="big")
    assert long["isTruncated"] is True
    assert len(api("GET", f"/variables/{long['variableKey']}")["value"]) == 9002
    assert AuditEvent.objects.filter(subject="Process variables", event="Update").exists()


def test_a_modification_is_applied_or_refused_as_a_whole(api, order):
    key = order.process_instance_key
    plan = {"activateInstructions": [{"elementId": "approve"}, {"elementId": "noSuch"}]}
    refused = api("POST", f"/process-instances/{key}/modification", plan, status=400)
    assert refused["detail"].startswith("Command 'MODIFY' rejected with code 'INVALID_ARGUMENT':")
    assert "noSuch" in refused["detail"]
    plan = {
        "activateInstructions": [{"elementId": "approve", "variableInstructions": [{"variables": {"y": 1}}]}],
        "terminateInstructions": [{"elementId": "approve"}],
    }
    api("POST", f"/process-instances/{key}/modification", plan, status=204)
    counted = api("GET", f"/process-instances/{key}/statistics/element-instances")["items"]
    assert {"elementId": "approve", "active": 1, "canceled": 1, "incidents": 0, "completed": 0} in counted


def test_a_message_is_published_or_correlated(api):
    published = api("POST", "/messages/publication", {"name": "paid", "correlationKey": "k", "timeToLive": 1000})
    assert published["tenantId"] == "<default>"
    missing = api("POST", "/messages/correlation", {"name": "other", "correlationKey": "k"}, status=404)
    assert missing["title"] == "NOT_FOUND"


def test_instances_are_suspended_resumed_canceled_and_deleted(api, order):
    path = f"/process-instances/{order.process_instance_key}"
    api("POST", f"{path}/suspension", status=204)
    assert api("GET", path)["state"] == "SUSPENDED"
    assert api("POST", f"{path}/suspension", status=409)["title"] == "INVALID_STATE"
    api("POST", f"{path}/resumption", status=204)
    api("POST", f"{path}/deletion", status=409)
    api("POST", f"{path}/cancellation", status=204)
    assert api("GET", path)["state"] == "TERMINATED"
    api("POST", f"{path}/deletion", status=204)
    api("GET", path, status=404)


def test_the_cluster_tells_about_itself_and_who_asks(api):
    assert api("GET", "/topology")["clusterSize"] == 1
    api("GET", "/status", status=204)
    assert api("GET", "/authentication/me")["tenants"][0]["tenantId"] == "<default>"
    assert api("GET", "/license")["validLicense"] is True


def test_who_may_only_see_is_told_what_is_missing(user_with, order):
    support = Api(user_with(Role.SUPPORT))
    assert support("GET", f"/process-instances/{order.process_instance_key}")["state"] == "ACTIVE"
    refused = support("POST", f"/process-instances/{order.process_instance_key}/cancellation", status=403)
    assert refused["title"] == "FORBIDDEN"
    assert "cancel_processinstance" in refused["detail"]
    assert AuditEvent.objects.filter(result="REFUSED", process_instance_key=order.process_instance_key).exists()


def test_a_strange_workspace_looks_empty(user_with, order):
    from workflow.models import Workspace

    stranger = Api(user_with(Role.WORKSPACE_ADMIN, Workspace.objects.create(slug="other", name="Other")))
    assert stranger.items("/process-instances") == []
    stranger("GET", f"/process-instances/{order.process_instance_key}", status=404)
    stranger("POST", f"/process-instances/{order.process_instance_key}/cancellation", status=404)
