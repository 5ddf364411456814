"""Going back and searching over `/api`."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import AuditEvent, Result
from operate.masking.models import MaskedVariable
from operate.workspaces import Role
from tests.operate.api.fettle.conftest import Api
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import DataPath, DataType, Semantics
from workflow.models import ProcessDefinition, UserTask, Variable, Workspace

BACK = (
    "<userTask id='approve'><extensionElements><zeebe:userTask/><zeebe:properties>"
    "<zeebe:property name='fettle.allowBack' value='true'/><zeebe:property name='fettle.resetProcessData' value='true'/>"
    "</zeebe:properties></extensionElements></userTask>"
)


def order(*, workspace: Workspace | None = None) -> ProcessDefinition:
    xml = model("order", Semantics.ZEEBE, "<startEvent id='start'/><userTask id='approve'/><userTask id='pack'/>")
    plain = "<userTask id='approve'><extensionElements><zeebe:userTask/></extensionElements></userTask>"
    assert plain in xml
    return deploy(xml.replace(plain, BACK), workspace=workspace)


@pytest.fixture
def instance(db: None) -> int:
    """A process instance that has left the task one can go back to, with another value than then."""
    key = services.start_process_instance(order().key, variables={"amount": 1}).process_instance_key
    services.complete_user_task(UserTask.objects.get(process_instance=key).key, variables={"amount": 2})
    return key


def test_targets_dry_run_and_going_back(api: Api, instance: int) -> None:
    [target] = api.client.get(f"/api/process-instances/{instance}/back/targets").json()["items"]
    assert (target["element_id"], target["resets_variables"]) == ("approve", True)
    told = api(f"process-instances/{instance}/back/dry-run", {"element_id": "approve"})
    assert [each["element_id"] for each in told["elements"]["terminated"]] == ["pack"]
    assert Variable.objects.get(scope_key=instance).value == 2
    done = api(f"process-instances/{instance}/back", {"snapshot_key": target["snapshot_key"], "reason": "wrong"})
    assert [(each["before"], each["after"]) for each in done["variables"]] == [(2, 1)]
    assert Variable.objects.get(scope_key=instance).value == 1
    event = AuditEvent.objects.get(event="Modify")
    assert (event.result, event.reason, event.process_instance_key) == (Result.SUCCESS, "wrong", instance)


def test_one_that_completes_tasks_may_go_back_and_one_that_looks_may_not(user_with: Any, instance: int) -> None:
    body = {"element_id": "approve"}
    refused = Api(user_with(Role.AUDITOR))(f"process-instances/{instance}/back", body, status=403)
    assert refused["right"] == "modify_processinstance"
    Api(user_with(Role.OPERATOR))(f"process-instances/{instance}/back", body)


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({}, 400, "exactly one of"),
        ({"element_id": "approve", "snapshot_key": "1"}, 400, "exactly one of"),
        ({"element_id": "pack"}, 404, "fettle.allowBack"),
        ({"element_id": "approve", "expected_revision": 1}, 409, "revision"),
        ({"element": "approve"}, 400, "Unknown field"),
    ],
)
def test_what_cannot_be_gone_back_to(api: Api, instance: int, body: Any, status: int, detail: str) -> None:
    assert detail in api(f"process-instances/{instance}/back", body, status=status)["detail"]


def test_unknown_instances(api: Api) -> None:
    api("process-instances/12/back", {"element_id": "a"}, status=404)
    assert api.client.get("/api/process-instances/12/back/targets").status_code == 404
    assert api.client.get("/api/process-instances/nonsense/back/targets").status_code == 404


@pytest.fixture
def orders(db: None) -> list[int]:
    definition = order()
    paths = [DataPath("customer.name"), DataPath("amount", DataType.NUMBER, label="Amount")]
    services.configure_data_paths(definition.workspace_id, "order", paths)
    given = [{"customer": {"name": name}, "amount": amount} for amount, name in enumerate(("Ann", "Anne", "Bob"))]
    return [services.start_process_instance(definition.key, variables=each).process_instance_key for each in given]


def found(api: Api, *search: str, **more: object) -> list[int]:
    return [int(each["key"]) for each in api("search/process-instances", {"search": search, **more})["items"]]


def test_instances_are_found_by_their_data(api: Api, orders: list[int]) -> None:
    assert found(api, "customer.name:like:ann") == [orders[1], orders[0]]
    assert found(api, "customer.name:like:ann", "amount:gt:0") == [orders[1]]
    assert found(api, "amount:gte:0", process_id="order", state="COMPLETED") == []


def test_pages_and_values(api: Api, orders: list[int]) -> None:
    page = api("search/process-instances", {"search": ["amount:gte:0"], "limit": 2})
    assert [each["data"] for each in page["items"]] == [{"amount": ["2"]}, {"amount": ["1"]}]
    rest = api("search/process-instances", {"search": ["amount:gte:0"], "before_key": page["next"]})
    assert ([int(each["key"]) for each in rest["items"]], rest["next"]) == ([orders[0]], None)


def test_what_can_be_searched(api: Api, orders: list[int]) -> None:
    paths = api.client.get("/api/search/paths").json()["items"]
    assert [(each["path"], each["type"], each["label"]) for each in paths] == [
        ("amount", "number", "Amount"),
        ("customer.name", "text", ""),
    ]
    assert "like" not in paths[0]["operators"]


def test_other_workspaces_are_not_searched(api: Api, orders: list[int]) -> None:
    other = order(workspace=Workspace.objects.create(slug="other", name="Other"))
    services.configure_data_paths(other.workspace_id, "order", [DataPath("customer.name")])
    services.start_process_instance(other.key, variables={"customer": {"name": "Annabel"}})
    assert found(api, "customer.name:like:ann") == [orders[1], orders[0]]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "missing"),
        ({"search": []}, "at least one condition"),
        ({"search": ["customer.name"]}, "Expected a condition"),
        ({"search": ["secret:1"]}, "is configured for no process"),
        ({"search": ["amount:1"], "limit": 0}, "limit of 1 to 200"),
        ({"search": ["amount:1"], "state": "LOST"}, "'state' to be one of"),
    ],
)
def test_what_is_no_search(api: Api, orders: list[int], body: Any, detail: str) -> None:
    assert detail in api("search/process-instances", body, status=400)["detail"]


def test_what_is_masked_is_not_searched(user_with: Any, orders: list[int]) -> None:
    workspace = Workspace.objects.get(slug="<default>")
    MaskedVariable.objects.create(workspace=workspace, process_id="order", pattern="customer.*")
    hidden = Api(user_with(Role.OPERATOR))
    assert "no process" in hidden("search/process-instances", {"search": ["customer.name:Ann"]}, status=400)["detail"]
    assert [each["path"] for each in hidden.client.get("/api/search/paths").json()["items"]] == ["amount"]
    assert found(hidden, "amount:1") == [orders[1]]
