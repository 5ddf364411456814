"""Batch operations of the Camunda 8 dialect: asked for by a filter, carried out in the background, looked at and stopped."""

from __future__ import annotations

from typing import Any

import pytest

from operate.batch.running import run_due_jobs
from operate.workspaces import Role
from tests.operate.api.v2.conftest import TASK, Api
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, Incident, Job, ProcessInstance, Workspace
from workflow.modification import ActivateElement

STEPS = model(
    "steps", Semantics.ZEEBE, "<startEvent id='start'/><userTask id='one'/><userTask id='two'/><endEvent id='end'/>"
)
UNKNOWN = "4611686018427387904"


def start(definition: int, number: int = 1) -> list[str]:
    return [str(services.start_process_instance(definition).process_instance_key) for _ in range(number)]


@pytest.fixture
def steps(db: None) -> int:
    return deploy(STEPS).key


def submit(api: Api, kind: str, filters: dict[str, Any], **more: Any) -> str:
    answer = api("POST", f"/process-instances/{kind}", {"filter": filters, **more})
    return answer["batchOperationKey"]


def done(api: Api, key: str) -> dict[str, Any]:
    """What is told of it once all was done that can be."""
    run_due_jobs()
    return api("GET", f"/batch-operations/{key}")


def active(key: str) -> list[str]:
    return list(
        ElementInstance.objects.filter(process_instance=key, state="ACTIVE").values_list("element_id", flat=True)
    )


def test_moves_are_done_in_all_that_the_filter_means(api: Api, steps: int):
    # given
    keys, others = start(steps, 3), start(deploy(TASK).key)
    move = {"sourceElementId": "one", "targetElementId": "two"}
    # when
    answer = api(
        "POST",
        "/process-instances/modification",
        {"filter": {"processDefinitionId": "steps"}, "moveInstructions": [move]},
    )
    # then
    assert answer["batchOperationType"] == "MODIFY_PROCESS_INSTANCE"
    key = answer["batchOperationKey"]
    assert api("GET", f"/batch-operations/{key}")["state"] == "CREATED"
    found = done(api, key)
    assert found["startDate"] <= found["endDate"]
    assert {name: found[name] for name in found if name not in ("startDate", "endDate", "batchOperationKey")} == {
        "state": "COMPLETED",
        "batchOperationType": "MODIFY_PROCESS_INSTANCE",
        "actorType": "USER",
        "actorId": "user-WORKSPACE_ADMIN",
        "operationsTotalCount": 3,
        "operationsFailedCount": 0,
        "operationsCompletedCount": 3,
        "errors": [],
    }
    assert [active(each) for each in keys] == [["two"]] * 3
    assert active(others[0]) == ["approve"]


def test_items_tell_what_became_of_each_instance(api: Api, steps: int):
    fine, gone = start(steps, 2)
    key = submit(api, "cancellation", {"processDefinitionId": "steps"})
    api("POST", f"/process-instances/{gone}/cancellation", status=204)
    assert done(api, key)["state"] == "PARTIALLY_COMPLETED"
    [failed] = api.items("/batch-operation-items", batchOperationKey=key, state="FAILED")
    assert "has ended" in failed.pop("errorMessage")
    assert failed.pop("processedDate")
    assert failed == {
        "batchOperationKey": key,
        "operationType": "CANCEL_PROCESS_INSTANCE",
        "itemKey": gone,
        "processInstanceKey": gone,
        "state": "FAILED",
    }
    [completed] = api.items("/batch-operation-items", processInstanceKey=fine)
    assert (completed["state"], completed["errorMessage"]) == ("COMPLETED", None)
    assert len(api.items("/batch-operation-items", operationType="CANCEL_PROCESS_INSTANCE")) == 2


def test_each_kind_takes_only_what_it_can_be_for(api: Api, steps: int):
    running, ended = start(steps, 2)
    api("POST", f"/process-instances/{ended}/cancellation", status=204)
    everything = {"processDefinitionId": "steps"}
    for kind, expected in (("suspension", running), ("resumption", running), ("deletion", ended)):
        key = submit(api, kind, everything)
        assert done(api, key)["operationsTotalCount"] == 1
        [item] = api.items("/batch-operation-items", batchOperationKey=key)
        assert (item["processInstanceKey"], item["state"]) == (expected, "COMPLETED")
    assert not ProcessInstance.objects.filter(pk=ended).exists()


def test_incidents_are_resolved(api: Api, job: services.Outcome):
    key = job.jobs_created[0].key
    services.fail_job(key, retries=0, message="printer on fire")
    assert Incident.objects.filter(state="ACTIVE").count() == 1
    batch = submit(api, "incident-resolution", {"hasIncident": True})
    assert done(api, batch)["state"] == "COMPLETED"
    assert not Incident.objects.filter(state="ACTIVE").exists()
    assert Job.objects.get(pk=key).retries == 1


def test_instances_are_migrated(api: Api, steps: int):
    [key] = start(steps)
    target = deploy(STEPS.replace("id='one'", "id='first'").replace("'one'", "'first'"))
    plan = {
        "targetProcessDefinitionKey": str(target.key),
        "mappingInstructions": [{"sourceElementId": "one", "targetElementId": "first"}],
    }
    batch = submit(api, "migration", {"processInstanceKey": key}, migrationPlan=plan)
    assert done(api, batch)["state"] == "COMPLETED"
    assert active(key) == ["first"]


def test_a_filter_that_means_nothing_is_done_at_once(api: Api, steps: int):
    key = submit(api, "cancellation", {"processDefinitionId": "nobody"})
    found = api("GET", f"/batch-operations/{key}")
    assert (found["state"], found["operationsTotalCount"]) == ("COMPLETED", 0)
    assert found["endDate"] is not None


def test_its_life(api: Api, steps: int):
    keys = start(steps, 2)
    batch = submit(api, "cancellation", {"processDefinitionId": "steps"})
    address = f"/batch-operations/{batch}"
    api("POST", f"{address}/resumption", status=409)
    api("POST", f"{address}/suspension", status=204)
    assert done(api, batch)["state"] == "SUSPENDED"
    assert [active(key) for key in keys] == [["one"]] * 2
    api("POST", f"{address}/resumption", status=204)
    api("POST", f"{address}/cancellation", status=204)
    assert done(api, batch)["state"] == "CANCELED"
    assert [each["state"] for each in api.items("/batch-operation-items", batchOperationKey=batch)] == ["CANCELED"] * 2
    assert [active(key) for key in keys] == [["one"]] * 2
    api("POST", f"{address}/cancellation", status=409)


def test_they_are_found_by_what_they_are(api: Api, steps: int):
    start(steps)
    suspension = submit(api, "suspension", {"processDefinitionId": "steps"})
    cancellation = submit(api, "cancellation", {"processDefinitionId": "steps"})
    run_due_jobs()
    found = api.items("/batch-operations", operationType="SUSPEND_PROCESS_INSTANCE")
    assert [each["batchOperationKey"] for each in found] == [suspension]
    assert len(api.items("/batch-operations", state={"$in": ["COMPLETED", "CANCELED"]})) == 2
    answer = api("POST", "/batch-operations/search", {"sort": [{"field": "startDate", "order": "DESC"}]})
    assert {each["batchOperationKey"] for each in answer["items"]} == {suspension, cancellation}


def test_whoever_lacks_the_right_asks_in_vain(user_with, steps: int):
    [key] = start(steps)
    support = Api(user_with(Role.SUPPORT))
    refused = support("POST", "/process-instances/cancellation", {"filter": {}}, status=403)
    assert "You lack the right 'cancel_processinstance'" in refused["detail"]
    assert active(key) == ["one"]


def test_the_batches_of_hidden_workspaces_are_hidden(api: Api, steps: int, user_with):
    start(steps)
    key = submit(api, "cancellation", {"processDefinitionId": "steps"})
    stranger = Api(user_with(Role.OPERATOR, Workspace.objects.create(slug="loans", name="Loans")))
    stranger("GET", f"/batch-operations/{key}", status=404)
    stranger("POST", f"/batch-operations/{key}/cancellation", status=404)
    assert stranger.items("/batch-operations") == []
    assert stranger.items("/batch-operation-items") == []


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("cancellation", {}, "No 'filter' provided."),
        ("modification", {"filter": {}}, "at least one of 'moveInstructions'"),
        ("modification", {"filter": {}, "moveInstructions": [{"sourceElementId": "one"}]}, "targetElementId"),
        ("migration", {"filter": {}}, "targetProcessDefinitionKey"),
        ("suspension", {"filter": {"colour": "red"}}, "Unknown filter 'filter.colour'"),
    ],
)
def test_what_is_wrong_is_said(api: Api, steps: int, kind: str, body: dict[str, Any], expected: str):
    refused = api("POST", f"/process-instances/{kind}", body, status=400)
    assert expected in refused["detail"]


@pytest.mark.parametrize("operation", ["cancellation", "suspension", "resumption"])
def test_an_unknown_one_is_not_found(api: Api, operation: str):
    refused = api("POST", f"/batch-operations/{UNKNOWN}/{operation}", status=404)
    assert refused["detail"].endswith(f"Expected to find a batch with key '{UNKNOWN}', but there is none.")
    api("GET", f"/batch-operations/{UNKNOWN}", status=404)


def test_every_move_of_a_batch_is_made(api: Api, steps: int):
    # given an instance with tokens at two places
    [key] = start(steps)
    services.modify_process_instance(int(key), [ActivateElement("two")])
    moves = [
        {"sourceElementId": "one", "targetElementId": "two"},
        {"sourceElementId": "two", "targetElementId": "one"},
    ]
    # when
    asked = submit(api, "modification", {"processInstanceKey": key}, moveInstructions=moves)
    # then both have changed places
    assert done(api, asked)["operationsCompletedCount"] == 1
    assert sorted(active(key)) == ["one", "two"]
    assert ElementInstance.objects.filter(process_instance=key, state="TERMINATED").count() == 2


def test_process_instances_are_found_by_the_batch_that_they_were_in(api, order):
    other = services.start_process_instance(order.definition_key)
    key = str(order.process_instance_key)
    filters = {"processInstanceKey": key}
    batch = api("POST", "/process-instances/suspension", {"filter": filters})["batchOperationKey"]
    # then
    assert [each["processInstanceKey"] for each in api.items("/process-instances", batchOperationKey=batch)] == [key]
    assert api.items("/process-instances", batchOperationKey={"$in": [batch]})
    assert api.items("/process-instances", batchOperationKey={"$exists": True})
    [free] = api.items("/process-instances", batchOperationKey={"$exists": False})
    assert free["processInstanceKey"] == str(other.process_instance_key)
    assert api.items("/process-instances", batchOperationKey="17") == []
