"""/task: finding, taking and completing user tasks."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from operate.api.engine_rest.ids import key_of
from tests.operate.api.engine_rest.conftest import Api, process
from workflow.models import UserTask


def test_a_task_with_all_its_fields(api: Api, order: str) -> None:
    task = api.task(order, "approve")
    assert task == {
        "id": task["id"],
        "name": "Approve",
        "assignee": None,
        "created": task["created"],
        "due": None,
        "followUp": None,
        "lastUpdated": None,
        "delegationState": None,
        "description": "Look at it.",
        "executionId": api.activity(order, "approve")["id"],
        "owner": None,
        "parentTaskId": None,
        "priority": 50,
        "processDefinitionId": api.get(f"/process-instance/{order}")["definitionId"],
        "processInstanceId": order,
        "caseExecutionId": None,
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "taskDefinitionKey": "approve",
        "suspended": False,
        "formKey": None,
        "camundaFormRef": None,
        "tenantId": None,
        "taskState": "Created",
    }
    assert api.get(f"/task/{task['id']}") == task


def test_an_unknown_task(api: Api, order: str) -> None:
    for id in ("1", "x", order):
        refusal = api.refused("GET", f"/task/{id}")
        assert (refusal.status, refusal.type) == (404, "InvalidRequestException")
        assert refusal.message == f"No matching task with id {id}"
        assert api.refused("POST", f"/task/{id}/complete", {}).status == 404


def test_claiming_what_somebody_else_has_is_refused(api: Api, order: str) -> None:
    # given
    task = api.task(order, "approve")["id"]
    # when
    api.post(f"/task/{task}/claim", {"userId": "ann"})
    api.post(f"/task/{task}/claim", {"userId": "ann"})
    refusal = api.refused("POST", f"/task/{task}/claim", {"userId": "bob"})
    # then
    assert "already claimed by someone else" in refusal.message
    assert api.get(f"/task/{task}")["assignee"] == "ann"
    # when
    api.post(f"/task/{task}/assignee", {"userId": "bob"})
    assert api.get(f"/task/{task}")["assignee"] == "bob"
    api.post(f"/task/{task}/unclaim")
    # then
    assert api.get(f"/task/{task}")["assignee"] is None


def test_completing_sets_variables_and_may_answer_them(api: Api, order: str) -> None:
    # given
    task = api.task(order, "approve")["id"]
    # when
    answer = api.post(
        f"/task/{task}/complete",
        {"variables": {"ok": {"value": True, "type": "boolean"}}, "withVariablesInReturn": True},
    )
    # then
    assert {name: each["value"] for name, each in answer.items()} == {"amount": 100, "ok": True}
    assert api.tree(order) == ["payment", "ship", {"delivery": ["pack"]}]
    assert api.refused("POST", f"/task/{task}/complete", {}).status == 404


def test_a_body_is_not_needed_to_complete(api: Api, order: str) -> None:
    api.post(f"/task/{api.task(order, 'approve')['id']}/complete")
    assert api.task(order, "pack")["name"] == "Pack"


def test_updating_empties_what_is_left_out(api: Api, order: str) -> None:
    # given
    task = api.task(order, "approve")
    api.put(
        f"/task/{task['id']}",
        {"assignee": "ann", "due": "2030-01-01T12:00:00.000+0100", "priority": 80, "name": "Approve"},
    )
    changed = api.get(f"/task/{task['id']}")
    assert (changed["assignee"], changed["due"], changed["priority"]) == ("ann", "2030-01-01T11:00:00.000+0000", 80)
    # when
    api.put(f"/task/{task['id']}", {"followUp": "2030-01-01T12:00:00.000+0000"})
    # then
    changed = api.get(f"/task/{task['id']}")
    assert (changed["assignee"], changed["due"], changed["priority"]) == (None, None, 80)
    assert changed["followUp"] == "2030-01-01T12:00:00.000+0000"


def test_a_task_that_was_read_can_be_sent_back(api: Api, order: str) -> None:
    task = api.task(order, "approve")
    api.put(f"/task/{task['id']}", {**task, "assignee": "ann"})
    assert api.get(f"/task/{task['id']}") == {**task, "assignee": "ann"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "Other"}, "'name' of task"),
        ({"parentTaskId": "1"}, "'parentTaskId' must not be set"),
        ({"delegationState": "LOST"}, "'delegationState'"),
        ({"due": "tomorrow"}, "'due': Expected a date"),
        ({"priority": "high"}, "'priority'"),
        ({"assignee": "a" * 256}, "'assignee'"),
        ({"assignee": ["ann"]}, "'assignee': Expected text"),
    ],
)
def test_what_cannot_be_changed_is_refused(api: Api, order: str, change: dict[str, object], reason: str) -> None:
    refusal = api.refused("PUT", f"/task/{api.task(order, 'approve')['id']}", change)
    assert (refusal.status, refusal.type) == (400, "InvalidRequestException")
    assert reason in refusal.message


class TestDelegation:
    """POST /task/{id}/delegate and /resolve"""

    def test_somebody_else_does_it_and_gives_it_back(self, api: Api, order: str) -> None:
        # given
        task = f"/task/{api.task(order, 'approve')['id']}"
        api.post(f"{task}/claim", {"userId": "ann"})
        # when
        api.post(f"{task}/delegate", {"userId": "ben"})
        # then
        found = api.get(task)
        assert (found["assignee"], found["owner"], found["delegationState"]) == ("ben", "ann", "PENDING")
        assert api.get("/task/count", owner="ann", delegationState="PENDING") == {"count": 1}
        assert api.get("/task/count", delegationState="RESOLVED") == {"count": 0}
        assert {"userId": "ann", "groupId": None, "type": "owner"} in api.get(f"{task}/identity-links")
        assert "should be resolved instead" in api.refused("POST", f"{task}/complete", {}).message
        # when
        api.post(f"{task}/resolve", {"variables": {"fine": {"value": True}}})
        # then
        found = api.get(task)
        assert (found["assignee"], found["owner"], found["delegationState"]) == ("ann", "ann", "RESOLVED")
        assert api.variables(order)["fine"] is True
        api.post(f"{task}/complete", {})
        assert api.get("/history/task/count", taskOwner="ann", taskOwnerLike="a%25") == {"count": 1}

    def test_a_task_keeps_its_owner(self, api: Api, order: str) -> None:
        # given
        task = f"/task/{api.task(order, 'approve')['id']}"
        api.post(f"{task}/identity-links", {"userId": "cleo", "type": "owner"})
        # when
        api.post(f"{task}/delegate", {"userId": "ben"})
        # then
        assert api.get(task)["owner"] == "cleo"
        api.post(f"{task}/identity-links/delete", {"userId": "ben", "type": "owner"})
        assert api.get(task)["owner"] == "cleo"
        api.post(f"{task}/identity-links/delete", {"userId": "cleo", "type": "owner"})
        assert api.get(task)["owner"] is None

    def test_both_can_be_set_by_an_update(self, api: Api, order: str) -> None:
        task = f"/task/{api.task(order, 'approve')['id']}"
        api.put(task, {"assignee": "ben", "owner": "ann", "delegationState": "PENDING"})
        found = api.get(task)
        assert (found["assignee"], found["owner"], found["delegationState"]) == ("ben", "ann", "PENDING")

    def test_what_is_wrong_is_refused(self, api: Api, order: str) -> None:
        task = api.get(f"/task/{api.task(order, 'approve')['id']}")
        address = f"/task/{task['id']}"
        for body in ({}, {"userId": ""}, {"userId": ["ann"]}, {"name": "ann"}):
            assert api.refused("POST", f"{address}/delegate", body).status == 400
        assert "'variables'" in api.refused("POST", f"{address}/resolve", {"variables": 5}).message
        assert "'delegationState'" in api.refused("PUT", address, {"delegationState": "LOST"}).message
        assert "'delegationState'" in api.refused("GET", "/task", delegationState="LOST").message
        for path, body in (("delegate", {"userId": "ann"}), ("resolve", {})):
            assert api.refused("POST", f"/task/4711/{path}", body).status == 404
        assert api.get(address) == task


def test_tasks_are_filtered(api: Api, order: str) -> None:
    # given
    api.deploy(process("other", "user:look"), tenant_id="loans")
    other = api.post("/process-definition/key/other/tenant-id/loans/start", {"variables": {"x": {"value": "abc"}}})
    approve, look = api.task(order, "approve")["id"], api.task(other["id"], "look")["id"]
    api.put(f"/task/{look}", {"assignee": "ann", "due": "2030-01-01T00:00:00.000+0000", "priority": 10})

    def found(**params: str) -> list[str]:
        return [each["id"] for each in api.get("/task", **params)]

    # then
    for params in (
        {"processInstanceId": order},
        {"processInstanceIdIn": f"{order},7"},
        {"processInstanceBusinessKey": "B-1"},
        {"processDefinitionKey": "order"},
        {"processDefinitionName": "Order"},
        {"taskDefinitionKey": "approve"},
        {"taskDefinitionKeyIn": "approve,none"},
        {"taskDefinitionKeyLike": "app%25"},
        {"name": "approve"},
        {"nameLike": "app%25"},
        {"unassigned": "true"},
        {"candidateGroup": "sales"},
        {"candidateGroups": "sales,none"},
        {"candidateUser": "eve"},
        {"priority": "50"},
        {"minPriority": "11"},
        {"withoutDueDate": "true"},
        {"processVariables": "amount_eq_100"},
        {"withoutTenantId": "true"},
        {"sortBy": "priority", "sortOrder": "desc", "maxResults": "1"},
    ):
        assert found(**params) == [approve], params
    for params in (
        {"assignee": "ann"},
        {"assigneeLike": "a%25"},
        {"assigneeIn": "ann,bob"},
        {"assigned": "true"},
        {"tenantIdIn": "loans"},
        {"dueBefore": "2030-01-02T00:00:00.000%2B0000"},
        {"dueAfter": "2029-01-02T00:00:00.000%2B0000"},
        {"dueDate": "2030-01-01T00:00:00.000%2B0000"},
        {"maxPriority": "10"},
        {"processVariables": "x_like_a%25"},
        {"withoutCandidateGroups": "true"},
    ):
        assert found(**params) == [look], params
    for params in ({"suspended": "true"}, {"owner": "ann"}, {"processVariables": "x_neq_abc"}):
        assert found(**params) == [], params


def test_candidates_see_what_their_groups_may_do_until_somebody_has_taken_it(api: Api, order: str) -> None:
    # given
    User.objects.create(username="sally").groups.add(Group.objects.create(name="sales"))
    task = api.task(order, "approve")["id"]
    assert [each["id"] for each in api.get("/task", candidateUser="sally")] == [task]
    # when
    api.post(f"/task/{task}/claim", {"userId": "ann"})
    # then
    assert api.get("/task", candidateUser="sally") == []
    assert [each["id"] for each in api.get("/task", candidateUser="sally", includeAssignedTasks="true")] == [task]


def test_a_body_combines_several_sortings(api: Api) -> None:
    # given
    api.deploy(process("a", "user:x"), process("b", "user:x"))
    first, second, third = (api.start(key) for key in ("a", "b", "a"))
    for instance, priority in ((first, 1), (second, 2), (third, 2)):
        api.put(f"/task/{api.task(instance, 'x')['id']}", {"priority": priority})
    # when
    found = api.post(
        "/task",
        {
            "sorting": [
                {"sortBy": "priority", "sortOrder": "desc"},
                {"sortBy": "instanceId", "sortOrder": "desc"},
            ]
        },
        firstResult="0",
    )
    # then
    assert [each["processInstanceId"] for each in found] == [third, second, first]


class TestVariables:
    """What a task sees, and what is its own."""

    def test_own_variables_hide_those_around(self, api: Api, order: str) -> None:
        # given
        api.complete(order, "approve")
        task = api.task(order, "pack")["id"]
        # when
        api.post(
            f"/task/{task}/localVariables",
            {"modifications": {"amount": {"value": 1, "type": "Short"}, "box": {"value": "L"}}},
        )
        # then
        seen = api.get(f"/task/{task}/variables")
        assert {name: each["value"] for name, each in seen.items()} == {"amount": 1, "box": "L"}
        assert api.get(f"/task/{task}/form-variables", variableNames="box") == {"box": seen["box"]}
        assert api.get(f"/task/{task}/localVariables/amount") == {"type": "Short", "value": 1, "valueInfo": {}}
        assert api.variables(order) == {"amount": 100}
        assert api.refused("GET", f"/task/{task}/localVariables/other").message == (
            "task variable with name other does not exist"
        )

    def test_setting_goes_where_the_variable_is(self, api: Api, order: str) -> None:
        # given
        api.complete(order, "approve")
        task = api.task(order, "pack")["id"]
        api.put(f"/execution/{api.activity(order, 'delivery')['id']}/localVariables/box", {"value": "L"})
        # when
        api.post(
            f"/task/{task}/variables",
            {"modifications": {"amount": {"value": 5}, "box": {"value": "M"}, "new": {"value": 1}}},
        )
        # then
        assert api.variables(order) == {"amount": 5, "new": 1}
        assert api.get(f"/execution/{api.activity(order, 'delivery')['id']}/localVariables/box")["value"] == "M"

    def test_deleting_takes_the_one_that_is_seen(self, api: Api, order: str) -> None:
        # given
        task = api.task(order, "approve")["id"]
        api.put(f"/task/{task}/localVariables/amount", {"value": 1})
        # when
        api.post(f"/task/{task}/variables", {"deletions": ["amount"]})
        assert api.get(f"/task/{task}/variables/amount")["value"] == 100
        api.post(f"/task/{task}/variables", {"deletions": ["amount"], "modifications": {"b": {"value": 2}}})
        # then
        assert api.variables(order) == {"b": 2}
        # when
        api.delete(f"/task/{task}/variables/b")
        # then
        assert api.variables(order) == {}


class TestIdentityLinks:
    """Who has to do with a task."""

    def test_candidates_are_added_and_removed(self, api: Api, order: str) -> None:
        # given
        links = f"/task/{api.task(order, 'approve')['id']}/identity-links"
        eve = {"userId": "eve", "groupId": None, "type": "candidate"}
        sales = {"userId": None, "groupId": "sales", "type": "candidate"}
        assert api.get(links) == [eve, sales]
        # when
        api.post(links, {"userId": "ann", "type": "candidate"})
        api.post(links, {"userId": "ann", "type": "candidate"})
        api.post(f"{links}/delete", {"groupId": "sales", "type": "candidate"})
        api.post(links, {"userId": "bob", "type": "assignee"})
        # then
        bob = {"userId": "bob", "groupId": None, "type": "assignee"}
        assert api.get(links) == [bob, eve, {**eve, "userId": "ann"}]
        assert api.get(links, type="assignee") == [bob]
        # when
        api.post(f"{links}/delete", {"userId": "bob", "type": "assignee"})
        # then
        assert api.get(links, type="assignee") == []

    def test_an_edit_that_was_overtaken_is_refused(self, api: Api, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
        # given
        task = api.task(order, "approve")
        stale = UserTask.objects.select_related("definition", "workspace").get(pk=key_of(task["id"]))
        api.post(f"/task/{task['id']}/identity-links", {"userId": "ann", "type": "candidate"})
        # when
        monkeypatch.setattr("operate.api.engine_rest.task.OneTask.task", lambda self, id: stale)
        refusal = api.refused("POST", f"/task/{task['id']}/identity-links", {"userId": "bob", "type": "candidate"})
        # then
        assert (refusal.status, refusal.type) == (400, "ProcessEngineException")
        assert UserTask.objects.get(pk=key_of(task["id"])).candidate_users == ["eve", "ann"]

    @pytest.mark.parametrize(
        "link",
        [
            {"type": "candidate"},
            {"userId": "a", "groupId": "b", "type": "candidate"},
            {"groupId": "b", "type": "assignee"},
            {"userId": "a", "type": "friend"},
            {"userId": "a"},
        ],
    )
    def test_a_wrong_link_is_refused(self, api: Api, order: str, link: dict[str, str]) -> None:
        path = f"/task/{api.task(order, 'approve')['id']}/identity-links"
        assert api.refused("POST", path, link).status == 400


def test_an_uncaught_bpmn_error_ends_the_execution(api: Api, order: str) -> None:
    task = api.task(order, "approve")["id"]
    api.post(f"/task/{task}/bpmnError", {"errorCode": "E1", "errorMessage": "no", "variables": {"e": {"value": 1}}})
    assert api.tree(order) == ["payment", "ship"]
    assert api.refused("POST", f"/task/{task}/bpmnError", {}).message == "'errorCode': This field is required."
