"""Migrating process instances in the Camunda 8 dialect."""

from __future__ import annotations

import pytest

from operate.workspaces import Role
from tests.operate.api.v2.conftest import Api
from tests.support.models import deploy, model
from workflow.graph import Semantics
from workflow.models import ProcessDefinition

NEXT = "<startEvent id='begin'/><userTask id='check'/><userTask id='after'/><endEvent id='end'/>"


@pytest.fixture
def target(order) -> ProcessDefinition:
    return deploy(model("order", Semantics.ZEEBE, NEXT))


def body(target: ProcessDefinition, **mappings: str) -> dict[str, object]:
    instructions = [{"sourceElementId": one, "targetElementId": other} for one, other in mappings.items()]
    return {"targetProcessDefinitionKey": str(target.key), "mappingInstructions": instructions}


def path(order) -> str:
    return f"/process-instances/{order.process_instance_key}/migration"


def test_all_resources_tell_the_target_afterwards(api: Api, order, target: ProcessDefinition):
    # when
    api("POST", path(order), body(target, approve="check"), status=204)
    # then
    instance = api("GET", f"/process-instances/{order.process_instance_key}")
    assert (instance["processDefinitionKey"], instance["processDefinitionVersion"]) == (str(target.key), 2)
    elements = api.items("/element-instances", processInstanceKey=instance["processInstanceKey"])
    states = {each["elementId"]: each["state"] for each in elements}
    assert states == {"order": "ACTIVE", "start": "COMPLETED", "check": "ACTIVE"}
    passed = api("GET", f"/process-instances/{order.process_instance_key}/statistics/element-instances")["items"]
    assert {each["elementId"] for each in passed} == {"start", "check"}
    [task] = api.items("/user-tasks", processInstanceKey=instance["processInstanceKey"])
    assert (task["elementId"], task["processDefinitionKey"]) == ("check", str(target.key))
    variables = api.items("/variables", processInstanceKey=instance["processInstanceKey"])
    assert sorted(each["name"] for each in variables) == ["o", "x"]
    [entry] = api.items("/audit-logs", operationType="MIGRATE")
    assert (entry["entityKey"], entry["result"]) == (instance["processInstanceKey"], "SUCCESS")


def test_every_problem_is_told_with_its_elements(api: Api, order, target: ProcessDefinition):
    answer = api("POST", path(order), body(target, nobody="check", start="nowhere"), status=400)
    assert answer["title"] == "INVALID_ARGUMENT"
    for text in (
        "Command 'MIGRATE' rejected",
        f"Expected to migrate process instance '{order.process_instance_key}' but",
        "non-existing source element id 'nobody'",
        "non-existing target element id 'nowhere'",
        "no mapping instruction defined for active element with id 'approve'",
    ):
        assert text in answer["detail"]


@pytest.mark.parametrize(
    ("change", "status", "detail"),
    [
        ({"mappingInstructions": []}, 409, "no mapping instruction"),
        ({"targetProcessDefinitionKey": "4711"}, 404, "no process definition found with key '4711'"),
        ({"targetProcessDefinitionKey": None}, 400, "No 'targetProcessDefinitionKey' provided"),
        ({"mappingInstructions": [{"sourceElementId": "approve"}]}, 400, "mappingInstructions[0].targetElementId"),
    ],
)
def test_refusals(api: Api, order, target: ProcessDefinition, change, status, detail):
    answer = api("POST", path(order), body(target, approve="check") | change, status=status)
    assert detail in answer["detail"]


def test_an_unknown_process_instance(api: Api, target: ProcessDefinition):
    api("POST", "/process-instances/4711/migration", body(target), status=404)


def test_it_takes_a_right_of_its_own(user_with, order, target: ProcessDefinition):
    support = Api(user_with(Role.SUPPORT))
    assert support("POST", path(order), body(target, approve="check"), status=403)["title"] == "FORBIDDEN"
