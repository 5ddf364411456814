"""Drafts on the pages: kept from the modification mode and from lists, looked at, decided on and done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import AuditEvent
from operate.approvals.models import ApprovalPolicy, Draft
from operate.approvals.policies import forget_policies
from tests.operate.admin.conftest import Office
from workflow.models import ElementInstance, ProcessInstance

MOVE = [{"kind": "move", "element": "approve", "target": "pack", "tokens": 1}]


@pytest.fixture
def governed(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A workspace in which every modification needs an approval."""
    monkeypatch.setattr("operate.approvals.policies.MAX_AGE", 0.0)
    ApprovalPolicy.objects.create(workspace=office.shop, name="All of them", operation="MODIFY")
    forget_policies()
    return office


def send(office: Office, username: str, path: str, body: dict[str, Any], **headers: str) -> Any:
    return office.of(username).post(path, json.dumps(body), content_type="application/json", headers=headers)


def plan_on(instance: ProcessInstance) -> dict[str, Any]:
    return {"plan": MOVE, "revision": str(instance.revision)}


def active(instance: ProcessInstance) -> set[str]:
    rows = ElementInstance.objects.filter(process_instance=instance.key, state="ACTIVE")
    return set(rows.values_list("element_id", flat=True))


def test_a_plan_is_requested_looked_at_and_approved_by_somebody_else(governed: Office) -> None:
    instance = governed.start()
    modify = f"/workflow/processinstance/{instance.key}/modify/"
    told = send(governed, "petra", modify, plan_on(instance) | {"dryRun": True}).json()
    assert told["approval"]["policy"] == "All of them"
    assert "break_glass" in told["approval"]["whyNotBreak"]
    refused = send(governed, "petra", modify, plan_on(instance))
    assert refused.status_code == 403
    assert refused.json()["approval"]["policy"] == "All of them"
    # kept as a request
    terms = {"title": "Move it", "reason": "Because", "request": True}
    where = send(governed, "petra", f"/operate/draft/plan/{instance.key}/", plan_on(instance) | terms).json()["url"]
    draft = Draft.objects.get()
    assert (draft.state, draft.title, draft.policy_name) == ("REQUESTED", "Move it", "All of them")
    assert "It is your own" in governed.of("petra").get(where).content.decode()
    # looked at and approved
    assert "Move it" in governed.of("stella").get("/operate/draft/").content.decode()
    page = governed.of("stella").get(where)
    assert "&#x27;Pack&#x27;" in page.content.decode()
    assert page.context["look"].differences == []
    answer = governed.of("stella").post(
        f"{where}do/",
        {"do": "approve", "digest": draft.digest, "confirmed": page.context["look"].confirmation},
        follow=True,
    )
    assert "Approved and applied." in answer.content.decode()
    assert "pack" in active(instance)
    # on record
    event = AuditEvent.objects.get(process_instance_key=instance.key, event="Modify", result="SUCCESS")
    assert (event.actor_name, event.body["approved_by"]) == ("petra", "stella")
    shown = governed.of("stella").get(f"/audit/auditevent/{event.key}/").content.decode()
    assert "Approved by" in shown
    assert where in shown


def test_a_rejection_says_why_and_changes_nothing(governed: Office) -> None:
    instance = governed.start()
    terms = {"title": "Move it", "request": True}
    where = send(governed, "petra", f"/operate/draft/plan/{instance.key}/", plan_on(instance) | terms).json()["url"]
    assert governed.of("stella").post(f"{where}do/", {"do": "reject", "note": ""}).status_code == 409
    governed.of("stella").post(f"{where}do/", {"do": "reject", "note": "Not today"})
    assert Draft.objects.get().state == "REJECTED"
    assert "Not today" in governed.of("petra").get(where).content.decode()
    assert active(instance) == {"approve"}
    assert governed.of("sam").post(f"{where}do/", {"do": "approve"}).status_code == 403
    assert governed.of("paul").get(where).status_code == 404


def test_who_may_breaks_the_glass_with_a_reason(governed: Office) -> None:
    instance = governed.start()
    modify = f"/workflow/processinstance/{instance.key}/modify/"
    headers = {"X-Fettle-Break-Glass": "It%20burns"}
    assert send(governed, "petra", modify, plan_on(instance), **headers).status_code == 403
    assert send(governed, "stella", modify, plan_on(instance), **headers).status_code == 200
    event = AuditEvent.objects.get(process_instance_key=instance.key, event="Modify", result="SUCCESS")
    shown = governed.of("stella").get(f"/audit/auditevent/{event.key}/").content.decode()
    assert "It burns" in shown
    assert "All of them" in shown


def test_a_plan_is_opened_again_with_its_rows(office: Office) -> None:
    instance = office.start()
    where = send(office, "petra", f"/operate/draft/plan/{instance.key}/", plan_on(instance)).json()["url"]
    found = office.of("petra").get(f"{where}plan/").json()
    assert [(row["kind"], row["element"]) for row in found["rows"]] == [("add", "pack"), ("cancel", "approve")]
    assert found["isMine"]
    assert not office.of("sam").get(f"{where}plan/").json()["isMine"]
    # comments are for everybody who sees it
    office.of("sam").post(f"{where}do/", {"do": "comment", "text": "Are you sure?"})
    assert "Are you sure?" in office.of("petra").get(where).content.decode()


def test_a_selection_from_the_list_is_kept_as_a_draft(office: Office) -> None:
    instances = [office.start(), office.start()]
    sent = {"operation": "cancel", "keys": ",".join(str(each.key) for each in instances), "reason": "Twice"}
    answer = office.of("petra").post("/operate/batch/new/", sent | {"draft": "save"}, follow=True)
    assert "Cancel the process instance" in answer.content.decode()
    draft = Draft.objects.get()
    assert (draft.state, draft.name, draft.reason) == ("DRAFT", "cancel", "Twice")
    one = {"operation": "suspend", "key": instances[0].key, "draft": "request"}
    office.of("petra").post("/workflow/processinstance/confirm/", one)
    assert Draft.objects.filter(name="suspend", state="REQUESTED").count() == 1
