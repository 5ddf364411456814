"""/execution, /event-subscription and /message: what waits, and how it is woken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operate.api.engine_rest.conftest import Api, process


@pytest.fixture
def waiting(api: Api) -> str:
    """An instance that waits for the message 'news'; its id."""
    api.deploy(process("reader", "receive:read", "user:after"))
    return api.start("reader", businessKey="R-1", variables={"customer": {"value": "ann"}, "n": {"value": 1}})


def test_executions_are_the_instance_and_what_is_active_in_it(api: Api, order: str) -> None:
    # when
    found = api.get("/execution", processInstanceId=order)
    # then
    active = [api.activity(order, element)["id"] for element in ("approve", "ship", "payment")]
    assert [each["id"] for each in found] == [order, *active]
    assert found[1] == {"id": active[0], "processInstanceId": order, "ended": False, "tenantId": None}
    assert api.get(f"/execution/{active[0]}") == found[1]
    assert api.get("/execution/count", processInstanceId=order) == {"count": 4}


def test_executions_are_filtered(api: Api, order: str) -> None:
    # given
    approve, payment = (api.activity(order, element)["id"] for element in ("approve", "payment"))
    api.put(f"/execution/{approve}/localVariables/box", {"value": "L"})

    def found(**params: str) -> list[str]:
        return [each["id"] for each in api.get("/execution", **params)]

    # then
    assert found(activityId="approve") == [approve]
    assert found(messageEventSubscriptionName="paid") == [payment]
    assert found(variables="box_eq_L") == [approve]
    assert found(executionId=order) == [order]
    assert len(found(businessKey="B-1", processDefinitionKey="order", active="true", withoutTenantId="true")) == 4
    assert len(found(processVariables="amount_eq_100")) == 4
    for params in (
        {"tenantIdIn": "loans"},
        {"suspended": "true"},
        {"signalEventSubscriptionName": "x"},
        {"incidentId": "1"},
    ):
        assert found(**params) == []
    assert api.post("/execution", {"activityId": "approve", "sorting": []})[0]["id"] == approve


def test_local_variables_of_an_execution(api: Api, order: str) -> None:
    # given
    ship = f"/execution/{api.activity(order, 'ship')['id']}/localVariables"
    # when
    api.post(ship, {"modifications": {"size": {"value": 3, "type": "Short"}}})
    # then
    assert api.get(ship) == {"size": {"type": "Short", "value": 3, "valueInfo": {}}}
    api.put(f"{ship}/size", {"value": 4})
    assert api.get(f"{ship}/size") == {"type": "Short", "value": 4, "valueInfo": {}}
    api.delete(f"{ship}/size")
    assert api.get(ship) == {}
    assert api.refused("GET", f"{ship}/size").message == "execution variable with name size does not exist"


def test_signalling_a_receive_task(api: Api, waiting: str) -> None:
    execution = api.activity(waiting, "read")["id"]
    api.post(f"/execution/{execution}/signal", {"variables": {"heard": {"value": True}}})
    assert api.tree(waiting) == ["after"]
    assert api.variables(waiting)["heard"] is True


def test_the_id_of_the_process_instance_stands_for_its_only_activity(api: Api, waiting: str) -> None:
    assert api.get(f"/execution/{waiting}/messageSubscriptions/news")["activityId"] == "read"
    api.post(f"/execution/{waiting}/messageSubscriptions/news/trigger", {"variables": {}})
    assert api.tree(waiting) == ["after"]
    # when nothing there waits for a signal
    assert api.refused("POST", f"/execution/{waiting}/signal", {}).status == 400


def test_triggering_another_message_is_refused(api: Api, waiting: str) -> None:
    execution = api.activity(waiting, "read")["id"]
    refusal = api.refused("POST", f"/execution/{execution}/messageSubscriptions/other/trigger", {})
    assert refusal.status == 400
    assert "does not have a subscription to a message event with name 'other'" in refusal.message
    assert api.refused("GET", f"/execution/{execution}/messageSubscriptions/other").status == 404


@pytest.mark.parametrize("id", ["1", "x", "9" * 25])
def test_an_unknown_execution(api: Api, order: str, id: str) -> None:
    for method, path in (
        ("GET", ""),
        ("GET", "/localVariables"),
        ("POST", "/signal"),
        ("POST", "/messageSubscriptions/news/trigger"),
    ):
        refusal = api.refused(method, f"/execution/{id}{path}", {} if method == "POST" else None)
        assert (refusal.status, refusal.message) == (404, f"Execution with id {id} does not exist")


def test_event_subscriptions(api: Api, waiting: str) -> None:
    [found] = api.get("/event-subscription", processInstanceId=waiting, eventType="message", eventName="news")
    assert found == {
        "id": found["id"],
        "eventType": "message",
        "eventName": "news",
        "executionId": api.activity(waiting, "read")["id"],
        "processInstanceId": waiting,
        "activityId": "read",
        "createdDate": found["createdDate"],
        "tenantId": None,
    }
    assert api.get("/event-subscription", eventType="signal") == []
    assert api.get("/event-subscription/count") == {"count": 1}


class TestMessages:
    """POST /message"""

    @pytest.mark.parametrize(
        "fitting",
        [
            {"businessKey": "R-1"},
            {"correlationKeys": {"customer": {"value": "ann", "type": "String"}}},
            {"correlationKeys": {"customer": {"value": "ann"}, "n": {"value": 1}}},
            {"withoutTenantId": True},
            {},
        ],
    )
    def test_a_message_reaches_the_one_it_is_for(self, api: Api, waiting: str, fitting: dict[str, Any]) -> None:
        # given
        execution = api.activity(waiting, "read")["id"]
        # when
        [result] = api.post(
            "/message",
            {
                "messageName": "news",
                **fitting,
                "processVariables": {"title": {"value": "Rain"}},
                "resultEnabled": True,
                "variablesInResultEnabled": True,
            },
        )
        # then
        assert (result["resultType"], result["processInstance"]) == ("Execution", None)
        assert result["execution"]["id"] == execution
        assert result["execution"]["processInstanceId"] == waiting
        assert result["variables"]["title"]["value"] == "Rain"
        assert api.tree(waiting) == ["after"]

    def test_within_one_instance(self, api: Api, waiting: str) -> None:
        other = api.start("reader")
        assert api.post("/message", {"messageName": "news", "processInstanceId": other}) is None
        assert (api.tree(waiting), api.tree(other)) == (["read"], ["after"])

    def test_by_local_variables(self, api: Api, waiting: str) -> None:
        other = api.start("reader")
        api.put(f"/execution/{api.activity(other, 'read')['id']}/localVariables/page", {"value": 3})
        api.post("/message", {"messageName": "news", "localCorrelationKeys": {"page": {"value": 3}}})
        assert (api.tree(waiting), api.tree(other)) == (["read"], ["after"])

    def test_everybody_at_once(self, api: Api, waiting: str) -> None:
        other = api.start("reader")
        results = api.post("/message", {"messageName": "news", "all": True, "resultEnabled": True})
        assert len(results) == 2
        assert (api.tree(waiting), api.tree(other)) == (["after"], ["after"])

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ({"messageName": "old"}, "No process definition or execution matches"),
            ({"messageName": "news", "businessKey": "R-2"}, "No process definition or execution matches"),
            ({"messageName": "news", "processInstanceId": "x"}, "No process definition or execution matches"),
            ({"messageName": "news", "tenantId": "loans"}, "No process definition or execution matches"),
            ({"messageName": "news", "tenantId": "mars"}, "'mars'"),
            ({"messageName": ""}, "No message name supplied"),
            ({}, "'messageName'"),
            ({"messageName": "news", "tenantId": "a", "withoutTenantId": True}, "cannot be used together"),
            ({"messageName": "news", "variablesInResultEnabled": True}, "without 'resultEnabled'"),
            ({"messageName": "news", "processVariablesToTriggeredScope": {"a": {"value": 1}}}, "not supported"),
            ({"messageName": "news", "processDefinitionId": "1"}, "No process definition or execution matches"),
            ({"messageName": "news", "correlationKeys": {"n": {"value": "x", "type": "Integer"}}}, "correlationKeys.n"),
        ],
    )
    def test_a_message_that_cannot_be_delivered_is_refused(
        self, api: Api, waiting: str, body: dict[str, Any], reason: str
    ) -> None:
        refusal = api.refused("POST", "/message", body)
        assert refusal.status == 400
        assert reason in refusal.message
        assert api.tree(waiting) == ["read"]

    def test_one_that_fits_several_is_refused(self, api: Api, waiting: str) -> None:
        api.start("reader")
        assert "2 executions match" in api.refused("POST", "/message", {"messageName": "news"}).message
