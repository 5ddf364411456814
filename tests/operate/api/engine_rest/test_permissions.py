"""Roles: who sees what, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.models import AuditEvent, Result
from tests.operate.api.engine_rest.conftest import ORDER, Api
from tests.operate.api.engine_rest.test_job import BAKERY, CLOCK

As = Callable[[str], Api]


@pytest.fixture
def loan(api: Api) -> dict[str, str]:
    """A running order in the workspace 'loans', with an incident; the ids of what is in it."""
    [definition] = (made := api.deploy(ORDER, tenant_id="loans"))["deployedProcessDefinitions"]
    instance = api.post("/process-definition/key/order/tenant-id/loans/start", {"variables": {"n": {"value": 1}}})["id"]
    external = api.external_task(instance)["id"]
    api.post(f"/external-task/{external}/lock", {"workerId": "w", "lockDuration": 60_000})
    return {
        "deployment": made["id"],
        "definition": definition,
        "instance": instance,
        "task": api.task(instance, "approve")["id"],
        "external": external,
        "execution": api.activity(instance, "payment")["id"],
    }


COMMANDS: list[tuple[str, str, Any]] = [
    ("POST", "/process-definition/{definition}/start", {}),
    ("POST", "/process-instance/{instance}/modification", {"instructions": [{"type": "cancel", "activityId": "ship"}]}),
    ("PUT", "/process-instance/{instance}/suspended", {"suspended": True}),
    ("POST", "/process-instance/{instance}/variables", {"modifications": {"n": {"value": 2}}}),
    ("PUT", "/process-instance/{instance}/variables/n", {"value": 2}),
    ("DELETE", "/process-instance/{instance}/variables/n", None),
    ("DELETE", "/process-instance/{instance}", None),
    ("POST", "/task/{task}/claim", {"userId": "x"}),
    ("POST", "/task/{task}/complete", {}),
    ("PUT", "/task/{task}", {"assignee": "x"}),
    ("POST", "/task/{task}/identity-links", {"userId": "x", "type": "candidate"}),
    ("POST", "/external-task/{external}/complete", {"workerId": "w"}),
    ("POST", "/external-task/{external}/failure", {"workerId": "w"}),
    ("POST", "/external-task/{external}/unlock", None),
    ("PUT", "/external-task/{external}/retries", {"retries": 1}),
    ("PUT", "/external-task/retries", {"retries": 1, "externalTaskIds": ["{external}"]}),
    (
        "POST",
        "/external-task/fetchAndLock",
        {"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "t", "lockDuration": 1}]},
    ),
    ("POST", "/execution/{execution}/signal", {}),
    ("POST", "/execution/{execution}/messageSubscriptions/paid/trigger", {}),
    ("POST", "/message", {"messageName": "paid"}),
    ("DELETE", "/deployment/{deployment}", None),
    ("PUT", "/process-definition/{definition}/suspended", {"suspended": True}),
    ("PUT", "/process-definition/{definition}/history-time-to-live", {"historyTimeToLive": 1}),
    ("POST", "/process-definition/{definition}/submit-form", {}),
    ("DELETE", "/process-definition/{definition}", None),
    ("PUT", "/process-instance/suspended", {"processInstanceIds": ["{instance}"], "suspended": True}),
    ("POST", "/task/{task}/bpmnEscalation", {"escalationCode": "storm"}),
    ("POST", "/signal", {"name": "fog"}),
    ("POST", "/signal", {"name": "fog", "executionId": "{execution}"}),
    ("POST", "/condition", {"variables": {"n": {"value": 1}}}),
]


def fill(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**ids)
    if isinstance(value, list):
        return [fill(each, ids) for each in value]
    return {name: fill(each, ids) for name, each in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(("method", "path", "body"), COMMANDS)
def test_support_reads_but_changes_nothing(
    as_user: As, loan: dict[str, str], method: str, path: str, body: Any
) -> None:
    # given
    support = as_user("support")
    before = support.get(f"/process-instance/{loan['instance']}/activity-instances")
    # when
    refusal = support.refused(method, path.format(**loan), fill(body, loan))
    # then
    assert (refusal.status, refusal.type) == (403, "AuthorizationException")
    assert refusal.body["userId"] == "support"
    assert refusal.body["missingAuthorizations"][0]["permissionName"] == refusal.body["permissionName"] != ""
    assert support.get(f"/process-instance/{loan['instance']}/activity-instances") == before
    assert AuditEvent.objects.filter(actor_name="support", result=Result.REFUSED).exists()


@pytest.mark.parametrize(("method", "path", "body"), COMMANDS)
def test_a_stranger_is_told_nothing(as_user: As, loan: dict[str, str], method: str, path: str, body: Any) -> None:
    refusal = as_user("stranger").refused(method, path.format(**loan), fill(body, loan))
    if "{" in path or any(name in str(body) for name in ("externalTaskIds", "processInstanceIds", "executionId")):
        assert refusal.status == 404
    assert "loans" not in refusal.message.lower()


@pytest.mark.parametrize(
    "path",
    [
        "/process-definition/{definition}",
        "/process-definition/{definition}/xml",
        "/process-definition/{definition}/statistics",
        "/process-definition/key/order/tenant-id/loans",
        "/deployment/{deployment}",
        "/deployment/{deployment}/resources",
        "/process-instance/{instance}",
        "/process-instance/{instance}/activity-instances",
        "/process-instance/{instance}/variables",
        "/history/process-instance/{instance}",
        "/task/{task}",
        "/task/{task}/variables",
        "/external-task/{external}",
        "/execution/{execution}",
        "/execution/{execution}/localVariables",
    ],
)
def test_one_thing_is_seen_by_members_alone(as_user: As, loan: dict[str, str], path: str) -> None:
    as_user("support").get(path.format(**loan))
    assert as_user("stranger").refused("GET", path.format(**loan)).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "deployment",
        "process-definition",
        "process-definition/statistics",
        "process-instance",
        "execution",
        "task",
        "external-task",
        "external-task/topic-names",
        "variable-instance",
        "event-subscription",
        "incident",
        "history/process-instance",
        "history/activity-instance",
        "history/variable-instance",
        "history/incident",
        "history/task",
    ],
)
def test_lists_show_what_members_may_see(api: Api, as_user: As, loan: dict[str, str], order: str, path: str) -> None:
    # given
    for instance in (loan["instance"], order):
        external = api.external_task(instance)["id"]
        api.post(f"/external-task/{external}/lock", {"workerId": "w", "lockDuration": 1000})
        api.post(f"/external-task/{external}/failure", {"workerId": "w", "retries": 0})
    # when
    of_admin, of_support, of_stranger = (as_user(name).get(f"/{path}") for name in ("admin", "support", "stranger"))
    # then
    assert of_stranger == []
    assert of_support
    if path != "external-task/topic-names":
        assert len(of_support) < len(of_admin)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/execute", None),
        ("POST", "/duedate/recalculate", None),
        ("PUT", "/retries", {"retries": 1}),
        ("PUT", "/duedate", {"duedate": None}),
        ("PUT", "/priority", {"priority": 1}),
        ("PUT", "/suspended", {"suspended": True}),
        ("DELETE", "", None),
    ],
)
def test_jobs_are_touched_by_who_may(api: Api, as_user: As, method: str, path: str, body: Any) -> None:
    # given
    api.deploy(CLOCK)
    api.deploy(CLOCK, tenant_id="loans")
    api.deploy(BAKERY, tenant_id="loans")
    api.post("/process-definition/key/bread/tenant-id/loans/start", {})
    jobs = as_user("support").get("/job")
    assert (len(api.get("/job")), len(jobs), as_user("stranger").get("/job")) == (3, 2, [])
    assert len(as_user("support").get("/job-definition")) == 2
    # then
    for job in jobs:
        refusal = as_user("support").refused(method, f"/job/{job['id']}{path}", body)
        assert (refusal.status, refusal.type) in ((403, "AuthorizationException"), (400, "InvalidRequestException"))
        assert refusal.status == 403 or "always due" in refusal.message
        assert as_user("stranger").refused(method, f"/job/{job['id']}{path}", body).status == 404
    assert as_user("support").get("/job") == jobs


def test_a_worker_works_in_its_workspace_only(api: Api, as_user: As, loan: dict[str, str], order: str) -> None:
    # given
    worker = as_user("worker")
    api.post(f"/external-task/{loan['external']}/unlock")
    # when
    body = {"workerId": "w", "maxTasks": 10, "topics": [{"topicName": "ship", "lockDuration": 1000}]}
    found = worker.post("/external-task/fetchAndLock", body)
    # then
    assert [(task["id"], task["tenantId"]) for task in found] == [(loan["external"], "loans")]
    worker.post(f"/external-task/{loan['external']}/complete", {"workerId": "w"})
    assert worker.refused("POST", f"/task/{loan['task']}/complete", {}).status == 403


def test_an_operator_may_modify_but_not_set_variables_by_the_way(as_user: As, loan: dict[str, str]) -> None:
    operator = as_user("operator")
    address = f"/process-instance/{loan['instance']}/modification"
    start = {"type": "startBeforeActivity", "activityId": "approve"}
    # when
    operator.post(address, {"instructions": [start]})
    refusal = operator.refused("POST", address, {"instructions": [{**start, "variables": {"n": {"value": 9}}}]})
    # then
    assert refusal.status == 403
    assert "edit_variables" in refusal.message


def test_deploying_needs_the_right_in_the_workspace(as_user: As, api: Api) -> None:
    operator = as_user("operator")
    assert operator.upload(ORDER, tenant_id="loans").status_code == 403
    assert operator.upload(ORDER).status_code == 404
    assert api.get("/deployment/count") == {"count": 0}
