"""/process-instance: starting, finding, changing, ending."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operate.api.engine_rest.conftest import ORDER, Api, process


def test_starting_answers_the_new_instance(api: Api) -> None:
    # given
    [definition] = api.deploy(ORDER)["deployedProcessDefinitions"]
    # when
    started = api.post(
        f"/process-definition/{definition}/start",
        {"businessKey": "B-7", "variables": {"n": {"value": 1}}, "withVariablesInReturn": True},
    )
    # then
    id = started["id"]
    assert started == {
        "links": [{"method": "GET", "href": f"http://testserver/engine-rest/process-instance/{id}", "rel": "self"}],
        "id": id,
        "definitionId": definition,
        "definitionKey": "order",
        "businessKey": "B-7",
        "caseInstanceId": None,
        "ended": False,
        "suspended": False,
        "tenantId": None,
        "variables": {"n": {"type": "Integer", "value": 1, "valueInfo": {}}},
    }
    assert api.get(f"/process-instance/{id}")["businessKey"] == "B-7"


def test_starting_straight_at_an_activity(api: Api) -> None:
    # given
    api.deploy(ORDER)
    # when
    instance = api.start(
        startInstructions=[
            {
                "type": "startBeforeActivity",
                "activityId": "pack",
                "variables": {"a": {"value": 1}, "b": {"value": 2, "local": True}},
            }
        ]
    )
    # then
    assert api.tree(instance) == [{"delivery": ["pack"]}]
    assert api.variables(instance) == {"a": 1}
    scope = api.activity(instance, "delivery")
    assert api.get(f"/execution/{scope['id']}/localVariables")["b"]["value"] == 2


def test_nothing_can_be_canceled_while_starting(api: Api) -> None:
    api.deploy(ORDER)
    body = {"startInstructions": [{"type": "cancel", "activityId": "approve"}]}
    assert api.refused("POST", "/process-definition/key/order/start", body).status == 400


def test_the_activity_instance_tree(api: Api, order: str) -> None:
    # given
    api.complete(order, "approve")
    # when
    root = api.get(f"/process-instance/{order}/activity-instances")
    # then
    assert (root["id"], root["activityId"], root["activityType"]) == (order, "order", "processDefinition")
    assert (root["parentActivityInstanceId"], root["executionIds"]) == (None, [order])
    assert api.tree(order) == ["payment", "ship", {"delivery": ["pack"]}]
    delivery = api.activity(order, "delivery")
    pack = delivery["childActivityInstances"][0]
    assert pack == {
        "id": pack["id"],
        "parentActivityInstanceId": delivery["id"],
        "activityId": "pack",
        "activityName": "Pack",
        "name": "Pack",
        "activityType": "userTask",
        "processInstanceId": order,
        "processDefinitionId": root["processDefinitionId"],
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": [pack["id"]],
        "incidentIds": [],
        "incidents": [],
    }


def test_suspending_and_resuming(api: Api, order: str) -> None:
    # when
    api.put(f"/process-instance/{order}/suspended", {"suspended": True})
    api.put(f"/process-instance/{order}/suspended", {"suspended": True})
    # then
    task = api.task(order, "approve")
    assert task["suspended"]
    refusal = api.refused("POST", f"/task/{task['id']}/complete", {})
    assert (refusal.status, refusal.type, refusal.body["code"]) == (400, "ProcessEngineException", 0)
    assert api.get("/process-instance/count", active="true") == {"count": 0}
    # when
    api.put(f"/process-instance/{order}/suspended", {"suspended": False})
    # then
    assert api.get("/process-instance/count", active="true") == {"count": 1}


def test_canceling_ends_it_and_keeps_the_reason(api: Api, order: str) -> None:
    # when
    api.delete(f"/process-instance/{order}", deleteReason="wrong address")
    # then
    refusal = api.refused("GET", f"/process-instance/{order}")
    assert (refusal.status, refusal.type) == (404, "InvalidRequestException")
    assert refusal.message == f"Process instance with id {order} does not exist"
    ended = api.get(f"/history/process-instance/{order}")
    assert (ended["state"], ended["deleteReason"]) == ("EXTERNALLY_TERMINATED", "wrong address")


@pytest.mark.parametrize("id", ["1", "x", "-5", "99999999999999999999", "%20"])
def test_an_instance_that_does_not_exist(api: Api, id: str) -> None:
    assert api.refused("GET", f"/process-instance/{id}").status == 404
    assert api.refused("GET", f"/process-instance/{id}/activity-instances").status == 404
    assert api.refused("DELETE", f"/process-instance/{id}").status == 404
    api.delete(f"/process-instance/{id}", failIfNotExists="false")


def test_instances_are_filtered(api: Api, order: str) -> None:
    # given
    api.deploy(process("other", "user:a"), tenant_id="loans")
    other = api.post("/process-definition/key/other/tenant-id/loans/start", {"businessKey": "C_1"})["id"]
    definition = api.get(f"/process-instance/{order}")["definitionId"]

    def found(**params: str) -> list[str]:
        return [each["id"] for each in api.get("/process-instance", **params)]

    # then
    assert found() == [order, other]
    for params in (
        {"processInstanceIds": f"{order},x"},
        {"businessKey": "B-1"},
        {"businessKeyLike": "B%25"},
        {"processDefinitionId": definition},
        {"processDefinitionKey": "order"},
        {"processDefinitionKeyIn": "order,none"},
        {"processDefinitionKeyNotIn": "other"},
        {"activityIdIn": "approve,none"},
        {"variables": "amount_eq_100"},
        {"variables": "amount_gteq_100,amount_lt_101"},
        {"withoutTenantId": "true"},
        {"sortBy": "instanceId", "sortOrder": "asc", "maxResults": "1"},
        {"sortBy": "instanceId", "sortOrder": "desc", "firstResult": "1"},
    ):
        assert found(**params) == [order], params
    assert found(tenantIdIn="loans") == [other]
    assert found(businessKeyLike="C\\_%25") == [other]
    for params in ({"withIncident": "true"}, {"suspended": "true"}, {"caseInstanceId": "1"}, {"businessKeyLike": "B"}):
        assert found(**params) == [], params
    assert found(rootProcessInstances="true", leafProcessInstances="true") == [order, other]


def test_a_query_may_come_as_a_body_with_alternatives(api: Api, order: str) -> None:
    # given
    api.deploy(process("other", "user:a"))
    other = api.start("other")
    # when
    found = api.post(
        "/process-instance",
        {
            "orQueries": [{"businessKey": "B-1", "processDefinitionKey": "other"}],
            "sorting": [{"sortBy": "definitionKey", "sortOrder": "desc"}],
        },
    )
    counted = api.post("/process-instance/count", {"variables": [{"name": "amount", "operator": "eq", "value": 100}]})
    # then
    assert [each["id"] for each in found] == [other, order]
    assert counted == {"count": 1}


def test_variables_of_an_instance_are_set_and_deleted_together(api: Api, order: str) -> None:
    # when
    api.post(
        f"/process-instance/{order}/variables",
        {
            "modifications": {
                "paid": {"value": True, "type": "Boolean"},
                "cart": {"value": '{"items": [1, 2]}', "type": "Json"},
            },
            "deletions": ["amount", "never"],
        },
    )
    # then
    assert api.get(f"/process-instance/{order}/variables") == {
        "paid": {"type": "Boolean", "value": True, "valueInfo": {}},
        "cart": {"type": "Json", "value": '{"items":[1,2]}', "valueInfo": {}},
    }


def test_one_variable_is_put_read_and_deleted(api: Api, order: str) -> None:
    address = f"/process-instance/{order}/variables/when"
    # when
    api.put(address, {"value": "2025-01-02T03:04:05.678+0100", "type": "Date"})
    # then
    assert api.get(address) == {"type": "Date", "value": "2025-01-02T02:04:05.678+0000", "valueInfo": {}}
    # when
    api.delete(address)
    # then
    refusal = api.refused("GET", address)
    assert (refusal.status, refusal.message) == (404, "process instance variable with name when does not exist")


def test_a_variable_keeps_its_type_when_none_is_given(api: Api, order: str) -> None:
    api.put(f"/process-instance/{order}/variables/amount", {"value": 7})
    assert api.get(f"/process-instance/{order}/variables/amount") == {"type": "Long", "value": 7, "valueInfo": {}}


class TestModification:
    """POST /process-instance/{id}/modification"""

    def test_instructions_are_applied_in_their_order(self, api: Api, order: str) -> None:
        # given
        ship = api.activity(order, "ship")
        # when
        api.post(
            f"/process-instance/{order}/modification",
            {
                "skipCustomListeners": True,
                "skipIoMappings": True,
                "annotation": "customer called",
                "instructions": [
                    {"type": "cancel", "activityId": "approve"},
                    {"type": "cancel", "activityInstanceId": ship["id"]},
                    {"type": "startAfterActivity", "activityId": "approve"},
                    {"type": "startTransition", "transitionId": "f7"},
                ],
            },
        )
        # then
        assert api.tree(order) == ["payment", {"delivery": ["pack"]}]

    def test_the_ancestor_chooses_where_to_start(self, api: Api, order: str) -> None:
        # given
        api.complete(order, "approve")
        start = {"type": "startBeforeActivity", "activityId": "pack", "ancestorActivityInstanceId": order}
        # when
        api.post(f"/process-instance/{order}/modification", {"instructions": [start]})
        # then
        assert api.tree(order) == ["payment", "ship", {"delivery": ["pack"]}, {"delivery": ["pack"]}]

    @pytest.mark.parametrize(
        ("instruction", "reason"),
        [
            ({"type": "startBeforeActivity"}, "'activityId' must be set"),
            ({"type": "startTransition", "activityId": "pack"}, "'transitionId' must be set"),
            (
                {"type": "cancel"},
                "exactly one, 'activityId', 'activityInstanceId', or 'transitionInstanceId', is required",
            ),
            ({"type": "cancel", "activityId": "a", "activityInstanceId": "1"}, "exactly one"),
            ({"type": "cancel", "activityId": "a", "variables": {"a": {"value": 1}}}, "'variables' must not be set"),
            ({"type": "cancel", "activityInstanceId": "noSuch"}, "'noSuch' does not exist"),
            ({"type": "cancel", "transitionInstanceId": "5"}, "transition instance with id '5' does not exist"),
            ({"type": "fly"}, "instructions[1].type"),
            ({"activityId": "pack"}, "instructions[1].type"),
            ({"type": "startBeforeActivity", "activityId": "nowhere"}, "'nowhere' could not be found"),
            (
                {"type": "startBeforeActivity", "activityId": "pack", "ancestorActivityInstanceId": "zz"},
                "Ancestor activity instance 'zz' does not exist",
            ),
            (
                {"type": "startBeforeActivity", "activityId": "pack", "variables": {"a": {"value": 1, "local": "yes"}}},
                "'local' of 'a'",
            ),
            ({"type": "startBeforeActivity", "activityId": "pack", "speed": 1}, "Unrecognized field 'speed'"),
        ],
    )
    def test_a_wrong_instruction_changes_nothing(
        self, api: Api, order: str, instruction: dict[str, object], reason: str
    ) -> None:
        # given
        before = api.tree(order)
        fine = {"type": "cancel", "activityId": "ship"}
        # when
        body = {"instructions": [fine, instruction]}
        refusal = api.refused("POST", f"/process-instance/{order}/modification", body)
        # then
        assert refusal.status == 400
        assert reason in refusal.message
        assert api.tree(order) == before

    def test_without_instructions_it_is_refused(self, api: Api, order: str) -> None:
        for body in ({}, {"instructions": []}, {"instructions": None}):
            assert api.refused("POST", f"/process-instance/{order}/modification", body).status == 400
        assert (
            api.refused(
                "POST", "/process-instance/1/modification", {"instructions": [{"type": "cancel", "activityId": "a"}]}
            ).status
            == 404
        )


class TestSuspendingMany:
    """PUT /process-instance/suspended"""

    @pytest.mark.parametrize("name", ["processInstanceIds", "processDefinitionId", "processDefinitionKey"])
    def test_by_ids_or_by_definition(self, api: Api, order: str, name: str) -> None:
        # given
        other = api.start()
        definition = api.get(f"/process-instance/{order}")["definitionId"]
        named = {"processInstanceIds": [order], "processDefinitionId": definition, "processDefinitionKey": "order"}[
            name
        ]
        # when
        api.put("/process-instance/suspended", {name: named, "suspended": True})
        # then
        concerned = [order] if name == "processInstanceIds" else [order, other]
        assert [each["id"] for each in api.get("/process-instance", suspended="true")] == concerned
        # when
        api.put("/process-instance/suspended", {name: named, "suspended": False})
        # then
        assert api.get("/process-instance", suspended="true") == []

    def test_those_of_a_tenant(self, api: Api, order: str) -> None:
        body = {"processDefinitionKey": "order", "suspended": True}
        api.put("/process-instance/suspended", {**body, "processDefinitionTenantId": "loans"})
        assert api.get("/process-instance/count", suspended="true") == {"count": 0}
        api.put("/process-instance/suspended", {**body, "processDefinitionWithoutTenantId": True})
        assert api.get("/process-instance/count", suspended="true") == {"count": 1}

    @pytest.mark.parametrize(
        ("body", "status", "reason"),
        [
            ({"suspended": True}, 400, "found none"),
            (
                {"suspended": True, "processDefinitionKey": "order", "processInstanceIds": []},
                400,
                "processDefinitionKey",
            ),
            ({"processDefinitionKey": "order"}, 400, "'suspended'"),
            ({"suspended": True, "processInstanceIds": "1"}, 400, "'processInstanceIds'"),
            ({"suspended": True, "processInstanceIds": ["4711"]}, 404, "Process instance with id 4711 does not exist"),
            ({"suspended": True, "processInstanceIds": ["nobody"]}, 404, "nobody"),
        ],
    )
    def test_what_is_wrong_is_refused(
        self, api: Api, order: str, body: dict[str, Any], status: int, reason: str
    ) -> None:
        refusal = api.refused("PUT", "/process-instance/suspended", body)
        assert refusal.status == status
        assert reason in refusal.message
        assert api.get("/process-instance/count", suspended="true") == {"count": 0}
