"""Drafts and policies over Fettle's own API, and what is governed refused and let through in all three APIs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from audit.models import AuditEvent, Channel, Result
from operate import actions
from operate.approvals.drafts import CommentOnDraft
from operate.approvals.models import ApprovalPolicy, Draft
from operate.batch.models import Batch
from tests.operate.approvals.conftest import Shop, active
from workflow.graph import Semantics
from workflow.models import UserTask, Variable
from workflow.persistence.unit_of_work import clock
from workflow.services import Resource

pytestmark = pytest.mark.django_db

PLAN = [
    {"type": "start_before", "element_id": "archive"},
    {"type": "cancel_all", "element_id": "ship"},
    {"type": "cancel_all", "element_id": "approve"},
]
HARM = [{"type": "cancel_all", "element_id": "ship"}]


class Api:
    """An API as one user sees it."""

    def __init__(self, user: Any, prefix: str = "/api/") -> None:
        self.client = APIClient()
        self.client.force_authenticate(user)
        self.prefix = prefix

    def __call__(
        self, path: str, body: object = None, *, method: str = "post", status: int = 200, **headers: str
    ) -> Any:
        call = getattr(self.client, method)
        arguments = {} if method == "get" else {"format": "json"}
        answer = call(self.prefix + path, body, headers=headers, **arguments)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    def get(self, path: str, **more: Any) -> Any:
        return self(path, method="get", **more)


def modify(*keys: int, instructions: Any = PLAN) -> dict[str, Any]:
    return {"command": "modify", "keys": [str(key) for key in keys], "instructions": instructions}


def new(shop: Shop, command: Any, user: Any = None, **more: Any) -> dict[str, Any]:
    body = {"workspace": "loans", "title": "Straight to the archive", "command": command, **more}
    return Api(user or shop.olga)("drafts", body)


def test_a_draft_from_first_to_last(shop: Shop):
    # given
    shop.govern("Two of us", operation="MODIFY")
    olga, anna = Api(shop.olga), Api(shop.anna)
    [key] = shop.start()
    # when
    draft = new(shop, modify(key), reason="ticket 12")
    # then
    assert (draft["state"], draft["process_instance_key"], draft["dry_run"]["succeeded"]) == ("DRAFT", str(key), 1)
    assert draft["sentences"][0] == "Start before activity 'archive'"
    assert draft["url"].endswith(f"/operate/draft/{draft['key']}/")
    at = f"drafts/{draft['key']}"
    commented = anna(f"{at}/comments", {"text": "Are you sure?"})
    assert commented["comments"][0]["author"] == "anna"
    assert olga(at, {"title": "To the archive", "version": 1}, method="patch")["version"] == 2
    requested = olga(f"{at}/request", {"version": 2})
    assert (requested["state"], requested["policy"]) == ("REQUESTED", "Two of us")
    assert requested["why_not"]["approve"]
    [waiting] = anna.get("drafts?queue=true")["items"]
    assert waiting["digest"] == requested["digest"]
    tried = anna(f"{at}/dry-run")
    assert (tried["error"], tried["differences"], tried["policy"]) == ("", [], "Two of us")
    done = anna(f"{at}/approve", {"digest": waiting["digest"], "note": "fine"})
    assert (done["state"], done["decided_by"], done["decision_note"]) == ("APPLIED", "anna", "fine")
    assert active(key) == ["archive"]
    event = AuditEvent.objects.get(pk=done["event_key"])
    assert (event.channel, event.actor_name, event.reason) == (Channel.API, "olga", "ticket 12")


def test_what_differs_is_told_with_what_confirms_it(shop: Shop):
    # given
    anna, amir = Api(shop.anna), Api(shop.amir)
    [key] = shop.start()
    draft = new(shop, {"command": "edit_scope", "scope_key": str(key), "variables": {"n": 9}}, user=shop.anna)
    at = f"drafts/{draft['key']}"
    digest = anna(f"{at}/request")["digest"]
    actions.SetVariables(None).execute(key, {"n": 1})
    # when
    refused = amir(f"{at}/approve", {"digest": digest}, status=409)
    # then
    assert refused["differences"] == [{"what": "1: variable n", "then": "null → 9", "now": "1 → 9"}]
    assert amir(f"{at}/dry-run")["confirmation"] == refused["confirmation"]
    done = amir(f"{at}/approve", {"digest": digest, "confirmed": refused["confirmation"]})
    assert (done["state"], done["differences"]) == ("APPLIED", refused["differences"])


def test_red_warnings_are_told_and_accepted(shop: Shop):
    # given
    [key] = shop.start()
    draft = new(shop, modify(key, instructions=HARM))
    at = f"drafts/{draft['key']}"
    refused = Api(shop.olga)(f"{at}/apply", status=409)
    digest = Api(shop.olga)(f"{at}/request")["digest"]
    # when
    again = Api(shop.anna)(f"{at}/approve", {"digest": digest}, status=409)
    # then
    assert [each["code"] for each in refused["warnings"]] == [each["code"] for each in again["warnings"]]
    accepted = [{"code": each["code"], "elements": each["elements"]} for each in again["warnings"]]
    done = Api(shop.anna)(f"{at}/approve", {"digest": digest, "accepted_warnings": accepted})
    assert (done["state"], done["accepted_warnings"]) == ("APPLIED", accepted)


def test_rejecting_withdrawing_and_scheduling(shop: Shop):
    # given
    olga, anna = Api(shop.olga), Api(shop.anna)
    draft = new(shop, modify(*shop.start()))
    at = f"drafts/{draft['key']}"
    # then
    olga(f"{at}/request")
    assert anna(f"{at}/reject", {"note": "Not today"})["decision_note"] == "Not today"
    later = (clock() + timedelta(hours=1)).isoformat()
    requested = olga(f"{at}/request", {"run_at": later})
    assert anna(f"{at}/approve", {"digest": requested["digest"]})["state"] == "APPROVED"
    assert olga(f"{at}/withdraw")["state"] == "WITHDRAWN"
    assert olga(f"{at}/withdraw", status=409)["detail"]


def test_a_draft_that_nothing_governs_is_applied_and_one_that_is_governed_with_broken_glass(shop: Shop):
    [one, other] = shop.start(2)
    free = new(shop, modify(one))
    assert Api(shop.olga)(f"drafts/{free['key']}/apply")["state"] == "APPLIED"
    shop.govern("Two of us")
    bound = new(shop, modify(other), user=shop.anna)
    refused = Api(shop.anna)(f"drafts/{bound['key']}/apply", status=403)
    assert refused["policy"]["name"] == "Two of us"
    done = Api(shop.anna)(f"drafts/{bound['key']}/apply", {"break_glass": {"reason": "It burns"}})
    assert AuditEvent.objects.get(pk=done["event_key"]).body["break_glass"]["reason"] == "It burns"


def test_the_list_is_narrowed_and_comes_in_pages(shop: Shop):
    # given
    keys = shop.start(3)
    drafts = [new(shop, modify(key)) for key in keys]
    new(shop, {"command": "cancel", "keys": [str(key) for key in keys]}, user=shop.anna)
    Api(shop.olga)(f"drafts/{drafts[0]['key']}/request")
    anna = Api(shop.anna)

    def found(query: str) -> list[str]:
        return [each["key"] for each in anna.get(f"drafts?{query}")["items"]]

    # then
    newest_first = [each["key"] for each in reversed(drafts)]
    assert found("author=olga") == newest_first
    assert found("author=me&state=DRAFT,FAILED") == [str(Draft.objects.get(author_name="anna").pk)]
    assert found("state=REQUESTED") == [drafts[0]["key"]]
    assert found(f"process_instance={keys[1]}") == [drafts[1]["key"]]
    assert found("process=order&workspace=loans&author=olga") == newest_first
    assert found("workspace=cards") == []
    page = anna.get("drafts?author=olga&limit=2")
    assert [each["key"] for each in page["items"]] == newest_first[:2]
    rest = anna.get(f"drafts?author=olga&limit=2&after={page['next']}")
    assert ([each["key"] for each in rest["items"]], rest["next"]) == (newest_first[2:], None)


@pytest.mark.parametrize(
    "query", ["state=MAYBE", "limit=0", "limit=1000", "after=x", "process_instance=x", "queue=yes", "colour=red"]
)
def test_what_the_list_does_not_know_is_refused(query, shop: Shop):
    assert Api(shop.olga).get(f"drafts?{query}", status=400)["detail"]


def test_the_list_costs_as_many_statements_for_many_as_for_one(shop: Shop, django_assert_num_queries):
    olga = Api(shop.olga)
    new(shop, modify(*shop.start()))
    olga.get("drafts")
    with django_assert_num_queries(1):
        olga.get("drafts")
    for key in shop.start(3):
        new(shop, modify(key))
    with django_assert_num_queries(1):
        assert len(olga.get("drafts")["items"]) == 4


def test_what_is_malformed_is_told_with_its_place(shop: Shop):
    problems = Api(shop.olga)(
        "drafts", {"workspace": "loans", "title": "x", "command": {"command": "modify", "keys": []}}, status=400
    )["problems"]
    assert {"keys", "instructions"} <= {each["path"] for each in problems}


def test_a_stranger_finds_nothing(shop: Shop):
    draft = new(shop, modify(*shop.start()))
    policy = shop.govern()
    stranger = Api(shop.stranger)
    assert stranger.get("drafts")["items"] == []
    assert stranger.get("approval-policies")["items"] == []
    for path in (f"drafts/{draft['key']}", f"approval-policies/{policy.pk}"):
        stranger.get(path, status=404)
    for step in ("comments", "request", "approve", "reject", "withdraw", "apply"):
        body = {"comments": {"text": "x"}, "approve": {"digest": "x"}, "reject": {"note": "x"}}.get(step, {})
        stranger(f"drafts/{draft['key']}/{step}", body, status=404)
    stranger("drafts", {"workspace": "loans", "title": "x", "command": modify(1)}, status=404)


def test_policies_are_made_changed_and_removed(shop: Shop):
    # given
    anna = Api(shop.anna)
    # when
    made = anna("approval-policies", {"workspace": "loans", "name": "Two of us", "operation": "CANCEL"})
    # then
    assert (made["min_instances"], made["risk"], made["hours"]) == (1, "ALWAYS", 72)
    at = f"approval-policies/{made['key']}"
    assert anna(at, {"hours": 5, "process_id": "order"}, method="patch")["hours"] == 5
    assert Api(shop.sam).get("approval-policies?workspace=loans")["items"] == [anna.get(at)]
    Api(shop.olga)(at, {"hours": 500}, method="patch", status=403)
    Api(shop.olga)(at, method="delete", status=403)
    anna("approval-policies", {"workspace": "loans", "name": "x", "operation": "FLY"}, status=400)
    assert anna(at, method="delete")["name"] == "Two of us"
    assert not ApprovalPolicy.objects.exists()


# ---- the gate in all three APIs


def test_our_own_api_refuses_and_says_which_policy(shop: Shop):
    # given
    shop.govern("Two of us", operation="MODIFY")
    [key] = shop.start()
    anna = Api(shop.anna)
    # when
    refused = anna(f"process-instances/{key}/modification", {"instructions": PLAN}, status=403)
    # then
    assert (refused["title"], refused["right"], refused["policy"]["name"]) == ("Forbidden", "approve_plan", "Two of us")
    assert "draft" in refused["detail"]
    assert active(key) == ["approve", "ship"]
    assert anna(f"process-instances/{key}/modification/dry-run", {"instructions": PLAN})["elements"]
    broken = {"instructions": PLAN, "break_glass": {"reason": "It burns"}}
    Api(shop.olga)(f"process-instances/{key}/modification", broken, status=403)
    anna(f"process-instances/{key}/modification", broken)
    assert active(key) == ["archive"]


def test_our_own_api_refuses_edits_of_variables_too(shop: Shop):
    shop.govern("Two of us", operation="SET_VARIABLES")
    [key] = shop.start()
    edit = {"set": {"n": {"value": 1}}, "seen": {"n": None}}
    refused = Api(shop.anna)(f"scopes/{key}/variables", edit, method="patch", status=403)
    assert refused["policy"]["name"] == "Two of us"
    Api(shop.anna)(f"scopes/{key}/variables", {**edit, "break_glass": {"reason": "Now"}}, method="patch")
    assert Variable.objects.get(scope_key=key).value == 1


def test_a_glass_is_broken_with_a_header_in_every_api(shop: Shop, new_events):
    shop.govern("Two of us", operation="CANCEL")
    one, other = shop.start(2)
    Api(shop.anna, "/engine-rest/")(
        f"process-instance/{one}",
        method="delete",
        status=204,
        **{"X-Fettle-Break-Glass": "Es%20brennt%20%E2%80%93%20jetzt"},
    )
    assert new_events()[-1].body["break_glass"]["reason"] == "Es brennt – jetzt"
    assert [active(one), active(other)] == [[], ["approve", "ship"]]


SEVEN = {
    "MODIFY": (
        "post",
        "process-instance/{key}/modification",
        {"instructions": [{"type": "startBeforeActivity", "activityId": "archive"}]},
        204,
    ),
    "CANCEL": ("delete", "process-instance/{key}", None, 204),
    "SUSPEND": ("put", "process-instance/{key}/suspended", {"suspended": True}, 204),
    "SET_VARIABLES": ("put", "process-instance/{key}/variables/n", {"value": 1, "type": "Long"}, 204),
}


@pytest.mark.parametrize("operation", SEVEN)
def test_the_api_of_camunda_7_refuses_in_its_own_words(operation, shop: Shop):
    # given
    method, path, body, done = SEVEN[operation]
    [key] = shop.start()
    policy = shop.govern("Two of us", operation=operation)
    api = Api(shop.anna, "/engine-rest/")
    # when
    refused = api(path.format(key=key), body, method=method, status=403)
    # then
    assert refused["type"] == "AuthorizationException"
    assert "'Two of us'" in refused["message"]
    assert active(key) == ["approve", "ship"]
    assert AuditEvent.objects.latest("key").result == Result.REFUSED
    policy.delete()
    from operate.approvals.policies import forget_policies

    forget_policies()
    api(path.format(key=key), body, method=method, status=done)


def test_a_batch_of_camunda_7_is_refused_when_it_is_submitted(shop: Shop):
    shop.govern("Two of us", operation="CANCEL", min_instances=2)
    keys = [str(key) for key in shop.start(2)]
    api = Api(shop.anna, "/engine-rest/")
    refused = api("process-instance/delete", {"processInstanceIds": keys}, status=403)
    assert refused["type"] == "AuthorizationException"
    assert not Batch.objects.exists()
    api("process-instance/delete", {"processInstanceIds": keys[:1]})


EIGHT = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="shop">
  <process id="order_8" isExecutable="true">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="approve" />
    <userTask id="approve"><extensionElements><zeebe:userTask /></extensionElements></userTask>
    <sequenceFlow id="f2" sourceRef="approve" targetRef="archive" />
    <userTask id="archive"><extensionElements><zeebe:userTask /></extensionElements></userTask>
  </process>
</definitions>"""


@pytest.fixture
def eight(shop: Shop) -> int:
    """A process instance with the semantics of Camunda 8."""
    deployed = actions.Deploy(None).execute(
        [Resource("eight.bpmn", EIGHT)], workspace_id=shop.workspace.pk, fallback=Semantics.ZEEBE
    )
    return actions.StartProcessInstance(None).execute(deployed.definitions[0].key).process_instance_key


V2 = {
    "MODIFY": ("post", "process-instances/{key}/modification", {"activateInstructions": [{"elementId": "archive"}]}),
    "CANCEL": ("post", "process-instances/{key}/cancellation", {}),
    "SET_VARIABLES": ("put", "element-instances/{key}/variables", {"variables": {"n": 1}}),
}


@pytest.mark.parametrize("operation", V2)
def test_the_api_of_camunda_8_refuses_in_its_own_words(operation, shop: Shop, eight: int):
    # given
    method, path, body = V2[operation]
    policy = shop.govern("Two of us", operation=operation)
    api = Api(shop.anna, "/v2/")
    # when
    refused = api(path.format(key=eight), body, method=method, status=403)
    # then
    assert (refused["title"], refused["status"]) == ("FORBIDDEN", 403)
    assert "'Two of us'" in refused["detail"]
    assert active(eight) == ["approve"]
    policy.delete()
    from operate.approvals.policies import forget_policies

    forget_policies()
    api(path.format(key=eight), body, method=method, status=204)


def test_a_batch_of_camunda_8_is_refused_when_it_is_submitted(shop: Shop, eight: int):
    shop.govern("Two of us", operation="CANCEL")
    api = Api(shop.anna, "/v2/")
    refused = api("process-instances/cancellation", {"filter": {"processInstanceKey": str(eight)}}, status=403)
    assert refused["title"] == "FORBIDDEN"
    assert not Batch.objects.exists()


def test_completing_a_task_is_nobodys_business(shop: Shop):
    shop.govern()
    [key] = shop.start()
    task = UserTask.objects.get(process_instance=key)
    Api(shop.olga, "/engine-rest/")(f"task/{task.key}/complete", {}, status=204)
    assert active(key) == ["join", "ship"]


def test_comments_are_commands_on_record(shop: Shop):
    draft = new(shop, modify(*shop.start()))
    CommentOnDraft(shop.sam, channel=Channel.ADMIN).execute(int(draft["key"]), "Hm")
    event = AuditEvent.objects.latest("key")
    assert (event.event, event.subject, event.body["text"]) == ("Comment", "Draft", "Hm")
