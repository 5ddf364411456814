"""The user operation log: what the audit log has, in Camunda 7's words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent, OperationAnnotation
from operate.actions import SetVariables
from operate.masking.models import MaskedVariable
from operate.workspaces import Role, add_member
from tests.operate.api.engine_rest.conftest import ORDER, Api
from workflow.models import Workspace

LOG = "/history/user-operation"


@pytest.fixture
def auditor(loans: Workspace) -> Api:
    """Somebody who reads the audit log of 'loans' and does nothing there."""
    user = get_user_model().objects.create_user("auditor")
    add_member(user, loans, Role.AUDITOR)
    return Api(user)


def log(api: Api, **asked: Any) -> list[dict[str, Any]]:
    found = api.get(LOG, sortBy="timestamp", sortOrder="asc", **asked)
    assert api.get(f"{LOG}/count", **asked) == {"count": len(found)}
    return found


def told(api: Api, **asked: Any) -> list[tuple[Any, ...]]:
    """Type, entity, property, and the values before and after."""
    columns = ("operationType", "entityType", "property", "orgValue", "newValue")
    return [tuple(each[column] for column in columns) for each in log(api, **asked)]


def test_an_entry_has_all_that_camunda_tells(api: Api, order: str) -> None:
    # when
    api.put(f"/process-instance/{order}/suspended", {"suspended": True})
    # then
    [found] = log(api, operationType="Suspend")
    event = AuditEvent.objects.latest("key")
    [definition] = api.get("/process-definition")
    assert UUID(found.pop("operationId")) == event.request_id
    assert found.pop("timestamp").endswith("+0000")
    assert found.pop("id").endswith(str(event.key))
    assert {name: value for name, value in found.items() if value is not None} == {
        "processDefinitionId": definition["id"],
        "processDefinitionKey": "order",
        "processInstanceId": order,
        "rootProcessInstanceId": order,
        "userId": "admin",
        "operationType": "Suspend",
        "entityType": "ProcessInstance",
        "category": "Operator",
        "property": "suspensionState",
        "newValue": "suspended",
    }


def test_what_is_done_to_tasks(api: Api, order: str) -> None:
    # given
    task = api.task(order, "approve")["id"]
    # when
    api.post(f"/task/{task}/claim", {"userId": "admin"})
    api.post(f"/task/{task}/delegate", {"userId": "eve"})
    api.post(f"/task/{task}/resolve", {})
    api.post(f"/task/{task}/unclaim")
    api.post(f"/task/{task}/assignee", {"userId": "kim"})
    api.post(f"/task/{task}/complete", {})
    # then
    assert told(api, taskId=task) == [
        ("Claim", "Task", "assignee", None, "admin"),
        ("Delegate", "Task", "delegation", None, "PENDING"),
        ("Delegate", "Task", "assignee", None, "eve"),
        ("Resolve", "Task", "delegation", None, "RESOLVED"),
        ("Assign", "Task", "assignee", None, None),
        ("Assign", "Task", "assignee", None, "kim"),
        ("Complete", "Task", "delete", None, "true"),
    ]
    assert told(api, category="TaskWorker", property="delegation") == [
        ("Delegate", "Task", "delegation", None, "PENDING"),
        ("Resolve", "Task", "delegation", None, "RESOLVED"),
    ]
    entries = log(api, taskId=task, operationType="Delegate")
    assert len({each["id"] for each in entries}) == 2
    assert len({each["operationId"] for each in entries}) == 1
    assert {each["executionId"] for each in entries} == {entries[0]["executionId"]} != {None}
    assert log(api, executionId=entries[0]["executionId"], operationType="Delegate") == entries


def test_a_task_that_is_updated_has_an_entry_for_each_property(api: Api, order: str) -> None:
    # given
    task = api.task(order, "approve")
    changed = {"priority": 70, "due": "2030-01-02T03:04:05.000+0000", "owner": "eve"}
    # when
    api.put(f"/task/{task['id']}", {"name": task["name"], **changed})
    # then
    entries = {each["property"]: each["newValue"] for each in log(api, operationType="Update")}
    assert entries.items() >= {"priority": "70", "dueDate": "1893553445000", "owner": "eve"}.items()
    assert told(api, property="dueDate") == [("Update", "Task", "dueDate", None, "1893553445000")]
    assert told(api, property="due_at") == []


def test_variables_are_told_by_name_with_their_values(api: Api, order: str) -> None:
    # when
    api.put(f"/process-instance/{order}/variables/amount", {"value": 200, "type": "Long"})
    api.post(
        f"/process-instance/{order}/variables",
        {"modifications": {"note": {"value": "new", "type": "String"}}, "deletions": ["amount"]},
    )
    api.delete(f"/process-instance/{order}/variables/note")
    # then
    assert sorted(told(api, processInstanceId=order, entityType="Variable"), key=str) == [
        ("ModifyVariable", "Variable", "amount", "200", None),
        ("ModifyVariable", "Variable", "note", None, "new"),
        ("RemoveVariable", "Variable", "note", "new", None),
        ("SetVariable", "Variable", "amount", "100", "200"),
    ]
    assert [each[0] for each in told(api, property="note")] == ["ModifyVariable", "RemoveVariable"]


def test_what_is_done_to_process_instances(api: Api, order: str) -> None:
    # given
    modification = {"instructions": [{"type": "startBeforeActivity", "activityId": "approve"}], "annotation": "why not"}
    api.post(f"/process-instance/{order}/modification", modification)
    api.put(f"/process-instance/{order}/suspended", {"suspended": True})
    api.put(f"/process-instance/{order}/suspended", {"suspended": False})
    api.post("/message", {"messageName": "paid", "processInstanceId": order})
    api.delete(f"/process-instance/{order}")
    [definition] = api.get("/process-definition")
    api.post(
        f"/process-definition/{definition['id']}/restart",
        {
            "processInstanceIds": [order],
            "instructions": [{"type": "startBeforeActivity", "activityId": "approve"}],
        },
    )
    api.delete(f"/history/process-instance/{order}")
    # then
    assert told(api, processInstanceId=order) == [
        ("Create", "ProcessInstance", None, None, None),
        ("ModifyProcessInstance", "ProcessInstance", None, None, None),
        ("Suspend", "ProcessInstance", "suspensionState", None, "suspended"),
        ("Activate", "ProcessInstance", "suspensionState", None, "active"),
        ("CorrelateMessage", "ProcessInstance", "messageName", None, "paid"),
        ("Delete", "ProcessInstance", None, None, None),
        ("RestartProcessInstance", "ProcessInstance", "nrOfInstances", None, "1"),
        ("RestartProcessInstance", "ProcessInstance", "async", None, "false"),
        ("DeleteHistory", "ProcessInstance", "nrOfInstances", None, "1"),
        ("DeleteHistory", "ProcessInstance", "async", None, "false"),
    ]
    assert [each["annotation"] for each in log(api, operationType="ModifyProcessInstance")] == ["why not"]


def test_retries_of_external_tasks_are_not_those_of_jobs(api: Api, order: str) -> None:
    # given
    task = api.external_task(order)["id"]
    # when
    api.put(f"/external-task/{task}/retries", {"retries": 4})
    api.put(f"/external-task/{task}/priority", {"priority": 9})
    # then
    assert told(api, externalTaskId=task) == [
        ("SetExternalTaskRetries", "ExternalTask", "retries", None, "4"),
        ("SetPriority", "ExternalTask", "priority", None, "9"),
    ]
    assert log(api, jobId=task) == []


def test_migrations_and_definitions(api: Api, order: str) -> None:
    # given
    api.deploy(f"{ORDER}<!-- newer -->")
    old, new = sorted(api.get("/process-definition"), key=lambda each: each["version"])
    elements = ["approve", "ship", "payment"]
    plan = {
        "sourceProcessDefinitionId": old["id"],
        "targetProcessDefinitionId": new["id"],
        "instructions": [{"sourceActivityIds": [each], "targetActivityIds": [each]} for each in elements],
    }
    # when
    api.post("/migration/execute", {"migrationPlan": plan, "processInstanceIds": [order]})
    api.put(f"/process-definition/{new['id']}/suspended", {"suspended": True})
    api.put(f"/process-definition/{new['id']}/history-time-to-live", {"historyTimeToLive": 5})
    # then
    assert told(api, processDefinitionId=new["id"], category="Operator") == [
        ("Migrate", "ProcessInstance", "processDefinitionId", None, new["id"]),
        ("Migrate", "ProcessInstance", "nrOfInstances", None, "1"),
        ("Migrate", "ProcessInstance", "async", None, "false"),
        ("SuspendProcessDefinition", "ProcessDefinition", "suspensionState", None, "suspended"),
        ("UpdateHistoryTimeToLive", "ProcessDefinition", "historyTimeToLive", "30", "5"),
    ]
    assert [each[:2] for each in told(api, entityTypeIn="Deployment,Job")] == [("Create", "Deployment")] * 2


def test_batches(api: Api, order: str) -> None:
    # when
    batch = api.post("/process-instance/suspended-async", {"processInstanceIds": [order], "suspended": True})["id"]
    api.put(f"/batch/{batch}/suspended", {"suspended": True})
    api.delete(f"/batch/{batch}", cascade="true")
    # then
    assert told(api, batchId=batch) == [
        ("Suspend", "ProcessInstance", "nrOfInstances", None, "1"),
        ("Suspend", "ProcessInstance", "async", None, "true"),
        ("SuspendBatch", "Batch", "suspensionState", None, "suspended"),
        ("Delete", "Batch", "cascadeToHistory", None, "false"),
        ("DeleteHistory", "Batch", None, None, None),
    ]
    assert told(api, operationTypeIn="SuspendBatch,ActivateBatch") == [
        ("SuspendBatch", "Batch", "suspensionState", None, "suspended")
    ]


def test_pages_go_through_entries_in_both_orders(api: Api, order: str) -> None:
    # given
    task = api.task(order, "approve")["id"]
    api.post(f"/task/{task}/delegate", {"userId": "eve"})
    whole = log(api)
    # then
    assert [api.get(LOG, firstResult=i, maxResults=1)[0] for i in range(len(whole))] == whole
    newest = api.get(LOG, sortBy="timestamp", sortOrder="desc")
    assert [each["operationType"] for each in newest] == ["Delegate", "Delegate", "Create", "Create"]
    assert log(api, afterTimestamp="2099-01-01T00:00:00.000%2B0000") == []
    assert log(api, beforeTimestamp="2099-01-01T00:00:00.000%2B0000", userId="admin") == whole
    assert log(api, userId="eve") == log(api, caseInstanceId="1") == log(api, operationId="nonsense") == []


def test_neither_refusals_nor_the_system_are_in_it(api: Api, order: str) -> None:
    # given
    before = log(api)
    # when
    SetVariables(None).execute(AuditEvent.objects.latest("key").process_instance_key, {"amount": 1})
    api.refused(
        "POST",
        f"/process-instance/{order}/modification",
        {"instructions": [{"type": "startBeforeActivity", "activityId": "x"}]},
    )
    # then
    assert AuditEvent.objects.filter(result="REFUSED").exists()
    assert log(api) == before


def test_only_who_reads_the_audit_log_of_a_workspace_reads_its_operations(
    api: Api, loans: Workspace, as_user: Any, auditor: Api
) -> None:
    # given
    api.deploy(ORDER, tenant_id="loans")
    # then
    assert [each["tenantId"] for each in log(api)] == ["loans"]
    assert log(auditor, tenantIdIn="loans") == log(api)
    assert log(as_user("support")) == log(as_user("stranger")) == []


def test_masked_values_are_masked(api: Api, loans: Workspace, auditor: Api) -> None:
    # given
    MaskedVariable.objects.create(workspace=loans, process_id="order", pattern="card")
    api.deploy(ORDER, tenant_id="loans")
    instance = api.post("/process-definition/key/order/tenant-id/loans/start", {})["id"]
    api.put(f"/process-instance/{instance}/variables/card", {"value": "4111", "type": "String"})
    # then
    assert told(api, property="card") == [("SetVariable", "Variable", "card", None, "4111")]
    assert told(auditor, property="card") == [("SetVariable", "Variable", "card", None, "••••••")]


def test_an_operation_is_annotated_on_all_its_entries_and_that_is_on_record(api: Api, order: str) -> None:
    # given
    task = api.task(order, "approve")["id"]
    api.post(f"/task/{task}/delegate", {"userId": "eve"})
    operation = log(api, operationType="Delegate")[0]["operationId"]
    events = AuditEvent.objects.count()
    # when
    api.put(f"{LOG}/{operation}/set-annotation", {"annotation": "she knows"})
    # then
    assert [each["annotation"] for each in log(api, operationId=operation)] == ["she knows"] * 2
    assert AuditEvent.objects.count() == events + 1
    assert told(api, entityType="OperationLog") == [("SetAnnotation", "OperationLog", "operationId", None, operation)]
    # when
    api.put(f"{LOG}/{operation}/set-annotation", {"annotation": "she knows better"})
    assert {each["annotation"] for each in log(api, operationId=operation)} == {"she knows better"}
    api.send("PUT", f"{LOG}/{operation}/clear-annotation")
    # then
    assert {each["annotation"] for each in log(api, operationId=operation)} == {None}
    assert [each[0] for each in told(api, entityType="OperationLog")] == ["SetAnnotation"] * 2 + ["ClearAnnotation"]
    assert OperationAnnotation.objects.count() == 3


def test_an_operation_that_one_may_not_read_is_not_annotated(
    api: Api, loans: Workspace, as_user: Any, auditor: Api
) -> None:
    # given
    api.deploy(ORDER, tenant_id="loans")
    operation = log(api)[0]["operationId"]
    path = f"{LOG}/{operation}/set-annotation"
    # then
    assert as_user("support").refused("PUT", path, {"annotation": "x"}).status == 403
    hidden = as_user("stranger").refused("PUT", path, {"annotation": "x"})
    unknown = api.refused("PUT", f"{LOG}/{UUID(int=5)}/set-annotation", {"annotation": "x"})
    assert hidden.status == unknown.status == api.refused("PUT", f"{LOG}/x/clear-annotation").status == 400
    assert hidden.message == f"Expected an operation with id '{operation}', but there is none."
    assert not OperationAnnotation.objects.exists()
    # when
    assert auditor.send("PUT", path, {"annotation": "x"}).status_code == 204
    # then
    assert log(api, entityType="Deployment")[0]["annotation"] == "x"


@pytest.mark.parametrize(
    "asked", [{"sortBy": "id", "sortOrder": "asc"}, {"sortBy": "timestamp"}, {"afterTimestamp": "now"}]
)
def test_nonsense_is_refused(api: Api, asked: dict[str, str]) -> None:
    assert api.refused("GET", LOG, **asked).status == 400
