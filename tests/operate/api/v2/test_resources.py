"""Each resource of the Camunda 8 dialect: what it answers, and what it does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import AuditEvent
from operate.api.v2 import jobs
from operate.workspaces import Role, remove_member
from tests.operate.api.v2.conftest import JOB, TASK, Api
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ProcessInstance, Workspace

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
    wrong = TASK.replace("<endEvent id='end'/>", "<callActivity id='end'/><complexGateway id='or'/>")
    problem = upload(api, wrong, status=400)
    assert problem["title"] == "INVALID_ARGUMENT"
    assert "'end'" in problem["detail"]
    assert "complexGateway" in problem["detail"]


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


def test_a_waiting_worker_gets_a_job_that_comes_meanwhile(api, monkeypatch):
    definition = deploy(JOB)

    def wait_for(attempt, *, timeout):
        assert attempt() == []
        services.start_process_instance(definition.key)
        return attempt()

    monkeypatch.setattr(jobs, "wait_for", wait_for)
    [job] = api("POST", "/jobs/activation", {"type": "work", "timeout": 1000, "maxJobsToActivate": 1})["jobs"]
    assert (job["elementId"], job["worker"]) == ("do", "default")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [({}, 10), ({"requestTimeout": 0}, 10), ({"requestTimeout": -1}, 0), ({"requestTimeout": 2500}, 2.5)],
)
def test_a_worker_waits_as_long_as_it_wants(api, monkeypatch, asked, seconds):
    waited = []
    monkeypatch.setattr(jobs, "wait_for", lambda attempt, *, timeout: waited.append(timeout) or [])
    api("POST", "/jobs/activation", {"type": "work", "timeout": 1000, "maxJobsToActivate": 1, **asked})
    assert waited == [timedelta(seconds=seconds)]


def test_a_worker_whose_rights_end_while_it_waits_is_sent_away(user_with, monkeypatch):
    worker = user_with(Role.WORKER)

    def wait_for(attempt, *, timeout):
        attempt()
        remove_member(worker, Workspace.objects.get(), Role.WORKER)
        attempt.rights_read_at -= jobs.RIGHTS_ARE_READ_AGAIN_AFTER_SECONDS
        return attempt()

    monkeypatch.setattr(jobs, "wait_for", wait_for)
    Api(worker)("POST", "/jobs/activation", {"type": "work", "timeout": 1, "maxJobsToActivate": 1}, status=403)


def test_jobs_are_given_from_the_tenants_that_are_asked_for(api):
    services.start_process_instance(deploy(JOB).key)
    body = {"type": "work", "timeout": 1000, "maxJobsToActivate": 1, "requestTimeout": -1}
    assert "no-such" in api("POST", "/jobs/activation", {**body, "tenantIds": ["no-such"]}, status=404)["detail"]
    assert len(api("POST", "/jobs/activation", {**body, "tenantIds": ["<default>"]})["jobs"]) == 1


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
    stranger = Api(user_with(Role.WORKSPACE_ADMIN, Workspace.objects.create(slug="other", name="Other")))
    assert stranger.items("/process-instances") == []
    stranger("GET", f"/process-instances/{order.process_instance_key}", status=404)
    stranger("POST", f"/process-instances/{order.process_instance_key}/cancellation", status=404)


def test_a_definition_is_deleted_without_those_deployed_with_it_once_nothing_uses_it(api):
    first, second = (
        each["processDefinition"]["processDefinitionKey"]
        for each in upload(api, TASK, TASK.replace('id="order"', 'id="other"'))["deployments"]
    )
    started = api("POST", "/process-instances", {"processDefinitionKey": first})["processInstanceKey"]
    refused = api("POST", f"/resources/{first}/deletion", {}, status=409)
    assert started in refused["detail"]
    assert api("POST", f"/resources/{second}/deletion")["resourceKey"] == second
    api("GET", f"/process-definitions/{second}", status=404)
    assert [row["processDefinitionKey"] for row in api.items("/process-definitions")] == [first]


def test_the_version_before_is_the_latest_again_once_the_latest_is_deleted(api):
    first = upload(api, TASK)["deployments"][0]["processDefinition"]["processDefinitionKey"]
    second = upload(api, TASK.replace("approve", "check"))["deployments"][0]["processDefinition"][
        "processDefinitionKey"
    ]
    api("POST", f"/resources/{second}/deletion")
    [latest] = api.items("/process-definitions", isLatestVersion=True)
    assert latest["processDefinitionKey"] == first


def test_an_instance_that_is_over_soon_is_waited_for(api):
    upload(api, model("quick", Semantics.ZEEBE, "<startEvent id='start'/><endEvent id='end'/>"))
    body = {"processDefinitionId": "quick", "variables": {"a": 1, "b": [2]}, "awaitCompletion": True}
    assert api("POST", "/process-instances", body)["variables"] == {"a": 1, "b": [2]}
    assert api("POST", "/process-instances", {**body, "fetchVariables": ["b"]})["variables"] == {"b": [2]}


def test_who_waits_too_long_is_told_what_was_created(api):
    upload(api, TASK)
    body = {"processDefinitionId": "order", "awaitCompletion": True, "requestTimeout": 1}
    late = api("POST", "/process-instances", body, status=504)
    assert str(ProcessInstance.objects.get().key) in late["detail"]


def test_nothing_is_created_by_a_body_that_is_wrong_in_what_comes_later(api):
    upload(api, TASK)
    for wrong in ({"requestTimeout": "x"}, {"fetchVariables": [1]}, {"tags": ["y" * 101]}, {"businessId": "y" * 256}):
        body = {"processDefinitionId": "order", "awaitCompletion": True, **wrong}
        assert next(iter(wrong)) in api("POST", "/process-instances", body, status=400)["detail"]
    assert not ProcessInstance.objects.exists()


def test_a_version_tag_names_the_newest_version_that_has_it(api):
    tagged = TASK.replace(
        "<startEvent", "<extensionElements><zeebe:versionTag value='blue'/></extensionElements><startEvent", 1
    )
    upload(api, tagged)
    upload(api, TASK)
    body = {"processDefinitionId": "order", "processDefinitionVersionTag": "blue"}
    assert api("POST", "/process-instances", body)["processDefinitionVersion"] == 1
    missing = api("POST", "/process-instances", {**body, "processDefinitionVersionTag": "red"}, status=404)
    assert "red" in missing["detail"]


@pytest.mark.parametrize("named", [{}, {"processDefinitionId": "order", "processDefinitionKey": "1"}])
def test_a_definition_is_named_in_exactly_one_way(api, named):
    assert "either 'processDefinitionKey' or" in api("POST", "/process-instances", named, status=400)["detail"]


def test_an_instance_starts_at_the_elements_named(api):
    upload(api, TASK)
    body = {"processDefinitionId": "order", "startInstructions": [{"elementId": "end"}]}
    key = api("POST", "/process-instances", body)["processInstanceKey"]
    assert api("GET", f"/process-instances/{key}")["state"] == "COMPLETED"
    assert [row["elementId"] for row in api.items("/element-instances", processInstanceKey=key)] == ["order", "end"]


def test_an_instance_is_terminated_after_the_element_that_was_named(api):
    # given
    upload(api, model("two", Semantics.ZEEBE, "<startEvent id='s'/><task id='a'/><userTask id='b'/><endEvent id='e'/>"))
    body = {"processDefinitionId": "two"}
    after = [{"type": "TERMINATE_PROCESS_INSTANCE", "afterElementId": "a"}]
    # when
    key = api("POST", "/process-instances", {**body, "runtimeInstructions": after})["processInstanceKey"]
    # then
    assert api("GET", f"/process-instances/{key}")["state"] == "TERMINATED"
    assert [row["elementId"] for row in api.items("/element-instances", processInstanceKey=key)][:3] == [
        "two",
        "s",
        "a",
    ]
    # and
    for wrong, named in [
        ({"afterElementId": "x"}, "'x'"),
        ({"type": "STOP", "afterElementId": "a"}, "STOP"),
        ({}, "afterElementId"),
    ]:
        refusal = api("POST", "/process-instances", {**body, "runtimeInstructions": [wrong]}, status=400)
        assert named in refusal["detail"]


def test_a_message_reaches_who_waits_for_it_and_is_published_once_per_id(api):
    upload(api, model("wait", Semantics.ZEEBE, "<startEvent id='start'/><receive id='paid'/><endEvent id='end'/>"))
    key = api("POST", "/process-instances", {"processDefinitionId": "wait", "variables": {"key": "k"}})[
        "processInstanceKey"
    ]
    [subscription] = api.items("/message-subscriptions", processInstanceKey=key)
    assert (subscription["messageSubscriptionState"], subscription["correlationKey"]) == ("CREATED", "k")
    message = {"name": "paid", "correlationKey": "k", "variables": {"sum": 3}}
    assert api("POST", "/messages/correlation", message)["processInstanceKey"] == key
    [value] = api.items("/variables", scopeKey=key, name="sum")
    assert value["value"] == "3"
    once = {"name": "later", "timeToLive": 60_000, "messageId": "m-1"}
    api("POST", "/messages/publication", once)
    assert api("POST", "/messages/publication", once, status=409)["title"] == "ALREADY_EXISTS"


def test_a_correlation_in_vain_is_recorded_as_refused(api):
    api("POST", "/messages/correlation", {"name": "paid", "correlationKey": "k"}, status=404)
    assert AuditEvent.objects.get().result == "REFUSED"


def test_what_was_done_is_found_in_the_audit_log(api, order):
    key = str(order.process_instance_key)
    [task] = api.items("/user-tasks")
    api("POST", f"/user-tasks/{task['userTaskKey']}/assignment", {"assignee": "ann"}, status=204)
    api("DELETE", f"/user-tasks/{task['userTaskKey']}/assignee", status=204)
    api("POST", f"/process-instances/{key}/cancellation", status=204)
    api("POST", f"/process-instances/{key}/cancellation", status=404)
    rows = api("POST", "/audit-logs/search", {"filter": {"processInstanceKey": key}, "sort": [{"field": "timestamp"}]})[
        "items"
    ]
    assert [(row["entityType"], row["operationType"], row["result"]) for row in rows] == [
        ("USER_TASK", "ASSIGN", "SUCCESS"),
        ("USER_TASK", "UNASSIGN", "SUCCESS"),
        ("PROCESS_INSTANCE", "CANCEL", "SUCCESS"),
        ("PROCESS_INSTANCE", "CANCEL", "FAIL"),
    ]
    assert rows[0]["userTaskKey"] == task["userTaskKey"]
    assert api("GET", f"/audit-logs/{rows[0]['auditLogKey']}") == rows[0]
    of_task = api("POST", f"/user-tasks/{task['userTaskKey']}/audit-logs/search", {})["items"]
    assert of_task == rows[:2]
    assert len(api.items("/audit-logs", operationType={"$in": ["UNASSIGN", "CANCEL"]}, result="SUCCESS")) == 2


def test_the_audit_log_is_for_those_who_may_read_it(user_with, api, order):
    api("POST", f"/process-instances/{order.process_instance_key}/suspension", status=204)
    assert Api(user_with(Role.SUPPORT)).items("/audit-logs") == []
    assert len(Api(user_with(Role.AUDITOR)).items("/audit-logs")) == 1


def test_the_call_hierarchy_and_the_flows_taken_are_told(api, order):
    path = f"/process-instances/{order.process_instance_key}"
    assert [row["processDefinitionName"] for row in api("GET", f"{path}/call-hierarchy")] == ["order"]
    assert [row["elementId"] for row in api("GET", f"{path}/sequence-flows")["items"]] == ["flow1"]
    api("GET", "/process-instances/1/call-hierarchy", status=404)


def test_instances_of_the_other_semantics_are_seen_and_worked_on(api):
    elements = "<startEvent id='start'/><job id='do'/><userTask id='look'/><endEvent id='end'/>"
    started = services.start_process_instance(deploy(model("seven", Semantics.CAMUNDA_7, elements)).key)
    key = started.process_instance_key
    [job] = api("POST", "/jobs/activation", {"type": "work", "timeout": 1000, "maxJobsToActivate": 1})["jobs"]
    api("POST", f"/jobs/{job['jobKey']}/completion", {}, status=204)
    plan = {"activateInstructions": [{"elementId": "do"}]}
    refused = api("POST", f"/process-instances/{key}/modification", plan, status=400)
    assert "Camunda 7 semantics" in refused["detail"]
    [task] = api.items("/user-tasks", processInstanceKey=str(key))
    api("POST", f"/user-tasks/{task['userTaskKey']}/completion", {}, status=204)
    assert api("GET", f"/process-instances/{key}")["state"] == "COMPLETED"


def test_incidents_below_an_element_instance_are_found_from_it_and_from_its_process(api, job):
    api("POST", f"/jobs/{job.jobs_created[0].key}/failure", {"retries": 0}, status=204)
    [element] = api.items("/element-instances", elementId="do")
    assert (element["hasIncident"], element["elementName"]) == (True, "do")
    for key in (element["elementInstanceKey"], str(job.process_instance_key)):
        [incident] = api("POST", f"/element-instances/{key}/incidents/search", {})["items"]
        assert incident["incidentKey"] == element["incidentKey"]
    [start] = api.items("/element-instances", elementId="start")
    assert api("POST", f"/element-instances/{start['elementInstanceKey']}/incidents/search", {})["items"] == []
    api("POST", "/element-instances/1/incidents/search", {}, status=404)


def test_a_date_of_a_user_task_is_kept_by_null_and_cleared_by_an_empty_text(api, order):
    [task] = api.items("/user-tasks")
    path = f"/user-tasks/{task['userTaskKey']}"
    dates = {"dueDate": "2030-01-02T03:04:05+01:00", "followUpDate": "2030-01-01T00:00:00Z"}
    api("PATCH", path, {"changeset": dates}, status=204)
    api("PATCH", path, {"changeset": {"dueDate": None, "followUpDate": ""}}, status=204)
    found = api("GET", path)
    assert (found["dueDate"], found["followUpDate"]) == ("2030-01-02T02:04:05.000Z", None)


def test_an_operation_that_does_not_exist_is_no_key(api):
    for path in ("/process-instances/nonsense", "/process-instances/1/nonsense", "/signals/nonsense"):
        assert api("POST", path, {}, status=404)["title"] == "Not Found"
    assert api("DELETE", "/process-instances/1", status=405)["title"] == "Method Not Allowed"


def test_files_too_large_together_are_refused_before_they_are_read(api):
    answer = api._client.post(
        "/v2/deployments", b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="99999999"
    )
    assert answer.status_code == 413
    assert answer.json()["title"] == "Content Too Large"


def test_a_deployment_that_is_no_form_is_refused(api):
    answer = api._client.post("/v2/deployments", b"nonsense", content_type="multipart/form-data")
    assert answer.status_code == 400
    assert api("POST", "/deployments", {}, status=415)["title"] == "Unsupported Media Type"
    assert "resources" in upload(api, status=400)["detail"]


def test_there_are_no_forms(api, order):
    [task] = api.items("/user-tasks")
    api("GET", f"/user-tasks/{task['userTaskKey']}/form", status=204)
    api("GET", f"/process-definitions/{task['processDefinitionKey']}/form", status=204)
    api("GET", "/user-tasks/1/form", status=404)
    api("GET", "/process-definitions/1/form", status=404)
