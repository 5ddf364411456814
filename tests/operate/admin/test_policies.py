"""The page of approval policies: in words for everybody, to be changed by who manages the workspace."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operate.admin.policies import expiry_in_words, in_words
from operate.approvals.models import ApprovalPolicy
from tests.operate.admin.conftest import Office

FIELDS = {
    "name": "Big ones",
    "operation": "MODIFY",
    "process_id": "",
    "min_instances": 10,
    "risk": "ALWAYS",
    "hours": 72,
}


def page_of(office: Office) -> str:
    return f"/operate/approvalpolicy/of/{office.shop.pk}/"


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "All operations need an approval."),
        ({"operation": "MODIFY", "process_id": "invoice"}, "Modifications of 'invoice' need an approval."),
        (
            {"operation": "CANCEL", "min_instances": 10},
            "Cancellations of 10 or more process instances need an approval.",
        ),
        (
            {"operation": "RESTART", "min_instances": 2, "process_id": "invoice", "risk": "RED_WARNINGS"},
            "Restarts of 2 or more process instances of 'invoice' need an approval if there are red warnings.",
        ),
    ],
)
def test_a_policy_is_told_in_words(facts: dict[str, object], sentence: str) -> None:
    assert in_words(ApprovalPolicy(name="p", **facts)) == sentence


def test_when_a_request_expires_is_told_in_days_where_it_can() -> None:
    found = [expiry_in_words(ApprovalPolicy(hours=hours)) for hours in (1, 5, 24, 72, 25)]
    assert found == ["after 1 hour", "after 5 hours", "after 1 day", "after 3 days", "after 25 hours"]


def test_a_policy_is_added_changed_and_removed_on_record(office: Office) -> None:
    client = office.of("stella")
    page = client.post(page_of(office), FIELDS, follow=True).content.decode()
    assert "Modifications of 10 or more process instances need an approval." in page
    policy = ApprovalPolicy.objects.get()
    where = f"/operate/approvalpolicy/{policy.pk}/"
    assert 'value="Big ones"' in client.get(where).content.decode()
    page = client.post(where, FIELDS | {"operation": "CANCEL", "hours": 24}, follow=True).content.decode()
    assert "Cancellations of 10 or more" in page
    assert "after 1 day" in page
    client.post(f"{where}remove/")
    assert not ApprovalPolicy.objects.exists()
    events = AuditEvent.objects.order_by("key").values_list("event", "subject", "actor_name")
    assert list(events) == [(event, "Approval policy", "stella") for event in ("Create", "Update", "Delete")]


def test_what_cannot_be_a_policy_is_refused_with_what_was_entered(office: Office) -> None:
    client = office.of("stella")
    client.post(page_of(office), FIELDS)
    for facts, complaint in (
        ({}, "no other policy of the workspace has"),
        ({"name": "Other"}, "governs the same already"),
        ({"name": "Other", "min_instances": 0}, "greater than or equal to 1"),
        ({"name": "Other", "operation": "CANCEL", "risk": "RED_WARNINGS"}, "Red warnings are told of"),
    ):
        answer = client.post(page_of(office), FIELDS | facts)
        assert answer.status_code == 400
        assert complaint in answer.content.decode()
    assert ApprovalPolicy.objects.count() == 1


def test_who_does_not_manage_the_workspace_reads_them_and_is_told_whom_to_ask(office: Office) -> None:
    office.of("stella").post(page_of(office), FIELDS)
    page = office.of("petra").get(page_of(office)).content.decode()
    assert "Modifications of 10 or more" in page
    assert "Ask stella" in page
    assert "<fieldset disabled>" in page
    answer = office.of("petra").post(page_of(office), FIELDS | {"name": "Mine"})
    assert answer.status_code == 403
    assert office.of("paul").get(page_of(office)).status_code == 404
    assert "Big ones" not in office.of("paul").get("/operate/approvalpolicy/").content.decode()
