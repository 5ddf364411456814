"""Four eyes: a plan is kept as a draft, somebody else sees what it would do and decides, and only then it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from audit.models import AuditEvent, Channel
from operate.actions import SuspendProcessInstance
from operate.approvals.executing import expire_requests, run_due_drafts
from operate.approvals.models import ApprovalPolicy, Draft
from operate.approvals.policies import forget_policies
from operate.notifications.delivering import deliver_due
from operate.workspaces import Role, add_member
from tests.browser.clicks import Hand
from tests.browser.conftest import Office
from tests.browser.test_modifying import drag
from tests.browser.test_repairing import active
from workflow import services
from workflow.models import ProcessInstance, UserTask, Variable


@pytest.fixture(autouse=True)
def policies_are_known_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("operate.approvals.policies.MAX_AGE", 0.0)
    forget_policies()
    yield
    forget_policies()


@pytest.fixture
def bea(office: Office) -> Any:
    """A second administrator, so that there are two who approve."""
    user = get_user_model()._default_manager.create_user("bea", "bea@example.com", "bea", is_staff=True)
    add_member(user, office.workspace, Role.WORKSPACE_ADMIN)
    return user


def govern(office: Office, **rules: Any) -> None:
    ApprovalPolicy.objects.create(
        workspace=office.workspace, **{"name": "Every modification", "operation": "MODIFY"} | rules
    )
    forget_policies()


def plan_a_move(office: Office, page: Page, key: int) -> Locator:
    """Drag the token to 'Accept loan application': the review opens."""
    office.open(page, key)
    drag(page, "check_completeness", "accept_loan_application")
    review = page.locator("#summary")
    expect(review.locator("#plan-apply")).to_be_enabled()
    return review


def requested(office: Office, username: str, key: int, title: str = "Accept it") -> int:
    """A request for the approval of moving the token, made on the pages."""
    page = office.login(username)
    review = plan_a_move(office, page, key)
    review.locator("#plan-reason").fill("The customer waits")
    review.locator("#draft-title").fill(title)
    review.locator("#plan-apply").click()
    expect(page.locator("#content")).to_contain_text("Waiting for approval")
    return int(re.findall(r"\d+", page.url)[-1])


def test_a_request_is_seen_with_its_outcome_approved_and_done(office: Office, bea: Any) -> None:
    """Task 15 of the click budget: the mail's link, then Approve."""
    govern(office)
    key = office.loan(amount=40_000)
    page = office.login("omar")
    review = plan_a_move(office, page, key)
    # the policy is named, and there is no way to apply it alone
    expect(review.locator("#plan-apply")).to_have_text("Request approval")
    expect(review).to_contain_text("Policy ‘Every modification’ asks that somebody else approves this first.")
    review.get_by_text("Break glass…").click()
    expect(review).to_contain_text("You lack the right 'break_glass'")
    review.locator("#plan-reason").fill("The customer waits")
    review.locator("#draft-title").fill("Accept loan 40000")
    review.locator("#plan-apply").click()
    page.wait_for_url("**/operate/draft/*/")
    expect(page.locator("#toasts, .ft-facts").last).to_contain_text("Waiting for approval")
    assert active(key) == ["check_completeness"]
    # who has asked cannot decide, and is told why
    approve = page.get_by_role("button", name="Approve")
    expect(approve).to_have_attribute("aria-disabled", "true")
    expect(approve).to_have_attribute("title", "It is your own: somebody else has to decide on it.")
    # somebody else is told by mail, and finds it in the queue
    deliver_due()
    [message] = [each for each in mail.outbox if each.to == ["bea@example.com"]]
    address = re.search(r"http://\S+(/operate/draft/\d+/)", str(message.body))
    assert address
    other = office.login("bea")
    expect(other.locator("#nav-sidebar .ft-nav-count")).to_have_text("1")
    other.get_by_role("link", name="Approvals").click()
    expect(other.get_by_role("row").filter(has_text="Accept loan 40000")).to_contain_text("omar")
    other.goto(address[1])
    expect(other.locator("#diagram[data-ready]")).to_be_visible()
    expect(other.locator("[data-outcome='accept_loan_application']")).to_have_text("+1")
    expect(other.locator("[data-outcome='check_completeness']")).to_have_text("−1")
    expect(other.locator(".ft-draft-plan")).to_contain_text("'Accept loan application'")
    expect(other.locator("#content")).to_contain_text("The customer waits")
    expect(other.locator(".ft-decision")).to_contain_text("Modifications need an approval.")
    expect(other.locator(".ft-decision")).to_contain_text("as it did when the approval was requested")
    hand = Hand(other)
    hand.click(other.get_by_role("button", name="Approve and apply"))
    expect(other.locator("#toasts")).to_contain_text("Approved and applied.")
    hand.clicks += 1  # the link in the mail
    hand.needed_at_most(15)
    assert active(key) == ["accept_loan_application"]
    # on record: done in the name of who has asked, with who has approved it
    event = AuditEvent.objects.get(process_instance_key=key, event="Modify")
    assert (event.actor_name, event.body["approved_by"], event.reason) == ("omar", "bea", "The customer waits")
    other.goto(f"/audit/auditevent/{event.key}/")
    expect(other.locator("#content")).to_contain_text("Approved by")
    other.get_by_role("link", name="Accept loan 40000").click()
    expect(other.locator(".ft-facts")).to_contain_text("Applied")


def test_what_is_red_has_to_be_accepted_and_no_has_to_be_explained(office: Office, bea: Any) -> None:
    govern(office, risk="RED_WARNINGS")
    key = office.loan()
    page = office.login("omar")
    office.open(page, key)
    drag(page, "check_completeness", "assess_customer")
    expect(page.locator("#plan-apply")).to_have_text("Request approval")
    page.locator("#plan-apply").click()
    page.wait_for_url("**/operate/draft/*/")
    other = office.login("bea")
    other.goto(page.url)
    harm = other.locator(".ft-harm-red")
    expect(harm).to_contain_text("assessment_join")
    expect(other.locator("#approve")).to_have_attribute("title", "Accept what is red first, or reject it.")
    expect(other.locator("#reject")).to_have_attribute("title", "Say in the note why it is rejected.")
    other.locator("#note").fill("Bring the other two tokens, too.")
    other.locator("#reject").click()
    expect(other.locator("#toasts")).to_contain_text("Rejected.")
    assert active(key) == ["check_completeness"]
    # the author is told, opens the plan again, puts it right and asks once more
    page.reload()
    expect(page.locator("#content")).to_contain_text("Bring the other two tokens, too.")
    page.get_by_role("link", name="Edit").click()
    review = page.locator("#summary")
    expect(review.locator(".ft-plan-row")).to_have_count(2)
    review.locator(".ft-harm-red .ft-link").first.click()
    expect(review.locator(".ft-harm-red")).to_have_count(0)
    review.locator("#draft-request, #plan-apply:has-text('Request approval')").first.click()
    page.wait_for_url("**/operate/draft/*/")
    expect(page.locator("#content")).to_contain_text("Waiting for approval")
    other.reload()
    expect(other.locator(".ft-harm-red")).to_have_count(0)
    other.locator("#approve").click()
    expect(other.locator("#toasts")).to_contain_text("Approved and applied.")
    assert active(key) == ["assess_customer", "assessment_join", "assessment_join"]


def test_what_has_changed_since_the_request_is_shown_before_it_is_approved(office: Office, bea: Any) -> None:
    govern(office)
    key = office.loan()
    draft = requested(office, "omar", key)
    services.set_variables(key, {"amount": 99_000})
    task = UserTask.objects.get(process_instance=key)
    services.complete_user_task(task.key)
    other = office.login("bea")
    other.goto(f"/operate/draft/{draft}/")
    told = other.locator(".ft-draft-differences")
    expect(told).to_contain_text("It would come out otherwise than when the approval was requested:")
    expect(told).to_contain_text("check_completeness")
    other.get_by_role("button", name="Approve and apply").click()
    expect(other.locator("#toasts")).to_contain_text("Approved and applied.")
    assert "accept_loan_application" in active(key)


def test_a_request_expires_and_can_be_made_again(office: Office, bea: Any) -> None:
    govern(office, hours=1)
    key = office.loan()
    draft = requested(office, "omar", key)
    Draft.objects.filter(pk=draft).update(
        requested_at=timezone.now() - timedelta(hours=2), expires_at=timezone.now() - timedelta(hours=1)
    )
    other = office.login("bea")
    expect(other.locator("#nav-sidebar .ft-nav-count")).to_be_hidden()
    other.goto(f"/operate/draft/{draft}/")
    expect(other.get_by_role("button", name="Approve")).to_have_attribute("title", "The request has expired.")
    assert expire_requests() == 1
    page = office.login("omar")
    expect(page.locator("#bell .ft-bell-count")).to_have_text("1")
    page.locator("#bell").click()
    page.get_by_role("link", name="Nobody has decided in time").click()
    expect(page.locator(".ft-facts")).to_contain_text("Expired")
    page.get_by_role("button", name="Request approval").click()
    expect(page.locator(".ft-facts")).to_contain_text("Waiting for approval")
    assert active(key) == ["check_completeness"]


def test_what_is_approved_for_later_is_done_then(office: Office, bea: Any) -> None:
    govern(office)
    key = office.loan()
    page = office.login("omar")
    review = plan_a_move(office, page, key)
    later = timezone.now() + timedelta(days=1)
    review.locator("#draft-run-at").fill(f"{later:%Y-%m-%dT%H:%M}")
    review.locator("#plan-apply").click()
    page.wait_for_url("**/operate/draft/*/")
    other = office.login("bea")
    other.goto(page.url)
    other.get_by_role("button", name="Approve for then").click()
    expect(other.locator("#toasts")).to_contain_text("Approved. It is done at its time.")
    expect(other.locator(".ft-facts")).to_contain_text("Scheduled for")
    assert run_due_drafts() == 0
    assert active(key) == ["check_completeness"]
    now = timezone.now()
    Draft.objects.update(run_at=now)
    assert run_due_drafts() == 1
    assert active(key) == ["accept_loan_application"]


def test_who_may_breaks_the_glass_with_a_reason_and_all_approvers_are_told(office: Office, bea: Any) -> None:
    govern(office)
    key = office.loan()
    page = office.login("ada")
    review = plan_a_move(office, page, key)
    review.get_by_text("Break glass…").click()
    expect(review.locator("#break-now")).to_have_attribute("aria-disabled", "true")
    review.get_by_label("Why it cannot wait").fill("The branch closes in ten minutes – no time")
    review.locator("#break-now").click()
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert active(key) == ["accept_loan_application"]
    other = office.login("bea")
    other.locator("#bell").click()
    row = other.get_by_role("row").filter(has_text="has broken the glass")
    expect(row).to_contain_text("The branch closes in ten minutes – no time")
    event = AuditEvent.objects.get(process_instance_key=key, event="Modify")
    other.goto(f"/audit/auditevent/{event.key}/")
    expect(other.locator("#content")).to_contain_text("Break glass")
    expect(other.locator("#content")).to_contain_text("The branch closes in ten minutes – no time")


def test_a_plan_is_kept_as_a_draft_talked_about_and_opened_again(office: Office) -> None:
    key = office.loan()
    page = office.login("omar")
    review = plan_a_move(office, page, key)
    expect(review.locator("#plan-apply")).to_have_text("Apply")
    review.locator("#draft-toggle").click()
    review.locator("#draft-title").fill("Shall we?")
    review.locator("#draft-save").click()
    page.wait_for_url("**/operate/draft/*/")
    expect(page.locator(".ft-decision")).to_contain_text("No policy asks for an approval of this.")
    # somebody else sees it by its link, and says something
    sam = office.login("sam")
    sam.goto(page.url)
    sam.get_by_label("Comment", exact=True).fill("Ask the branch first.")
    sam.get_by_role("button", name="Comment").click()
    expect(sam.locator(".ft-comment")).to_contain_text("Ask the branch first.")
    expect(sam.get_by_role("button", name="Request approval")).to_have_attribute("aria-disabled", "true")
    # its author opens the plan where it was made; nothing is left of it in the mode elsewhere
    page.goto(f"/workflow/processinstance/{key}/")
    expect(page.locator("#mode-banner")).to_be_hidden()
    page.goto(sam.url)
    expect(page.locator(".ft-comment")).to_contain_text("sam")
    page.get_by_role("link", name="Edit").click()
    expect(page.locator("#summary .ft-plan-row")).to_have_count(2)
    expect(page.locator("#summary")).to_contain_text("Draft ‘Shall we?’ is open.")
    page.locator("#draft-save").click()
    page.wait_for_url("**/operate/draft/*/")
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.locator(".ft-facts")).to_contain_text("Applied")
    assert active(key) == ["accept_loan_application"]


def change_amount(page: Page, text: str) -> None:
    """Type another amount in its row, and save."""
    page.locator("#panel-variables tr", has_text="amount").locator(".ft-var-value").first.dblclick()
    editor = page.locator("#panel-variables .ft-inline-editor")
    editor.locator("textarea").fill(text)
    expect(editor.get_by_role("button", name="Save", exact=True)).to_be_enabled()


def test_an_edit_of_variables_is_kept_requested_and_approved(office: Office, bea: Any) -> None:
    govern(office, name="Every edit", operation="SET_VARIABLES")
    key = office.loan(amount=40_000)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    change_amount(page, "41000")
    # the policy is named before anything is saved
    editor = page.locator("#panel-variables .ft-inline-editor")
    expect(editor).to_contain_text("Policy ‘Every edit’ asks that somebody else approves this first.")
    editor.get_by_label("Reason").fill("The customer has called")
    editor.get_by_role("button", name="Save", exact=True).click()
    dialog = page.locator("#ask")
    expect(dialog).to_contain_text("This needs an approval")
    # who turns back has lost nothing
    dialog.get_by_role("button", name="Keep editing").click()
    expect(editor.locator("textarea")).to_have_value("41000")
    editor.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_label("Title").fill("One thousand more")
    dialog.get_by_role("button", name="Request approval").click()
    page.wait_for_url("**/operate/draft/*/")
    expect(page.locator("#content")).to_contain_text("Waiting for approval")
    expect(page.locator(".ft-draft-plan")).to_have_text("Set variable 'amount' to 41000")
    assert Variable.objects.get(scope_key=key, name="amount").value == 40_000
    # and somebody else sees it before and after
    other = office.login("bea")
    other.goto(page.url)
    expect(other.locator(".ft-draft-diff")).to_contain_text("40000")
    expect(other.locator(".ft-draft-diff")).to_contain_text("41000")
    other.get_by_role("button", name="Approve and apply").click()
    expect(other.locator("#toasts")).to_contain_text("Approved and applied.")
    assert Variable.objects.get(scope_key=key, name="amount").value == 41_000
    event = AuditEvent.objects.get(process_instance_key=key, event="Update", subject="Process variables")
    assert (event.actor_name, event.body["approved_by"], event.reason) == ("ada", "bea", "The customer has called")


def test_an_edit_of_variables_breaks_the_glass_or_is_kept_as_a_draft(office: Office, bea: Any) -> None:
    key = office.loan(amount=40_000)
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    # without a policy it can be kept all the same
    change_amount(page, "41000")
    page.locator("#panel-variables").get_by_role("button", name="As a draft…").click()
    page.locator("#ask").get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/operate/draft/*/")
    expect(page.locator("h1")).to_contain_text("Set amount")
    # with one, who may does it at once
    govern(office, name="Every edit", operation="SET_VARIABLES")
    office.open(page, key, "?tab=variables")
    change_amount(page, "42000")
    editor = page.locator("#panel-variables .ft-inline-editor")
    expect(editor).to_contain_text("Policy ‘Every edit’")
    editor.get_by_role("button", name="Save", exact=True).click()
    dialog = page.locator("#ask")
    dialog.get_by_text("Break glass…").click()
    dialog.get_by_label("Why it cannot wait").fill("The branch closes")
    dialog.get_by_role("button", name="Break glass and apply").click()
    expect(page.locator("#toasts")).to_contain_text("Variable 'amount' saved.")
    assert Variable.objects.get(scope_key=key, name="amount").value == 42_000


def test_an_undo_that_needs_an_approval_is_the_undo_of_its_event_once_it_is_applied(office: Office, bea: Any) -> None:
    key = office.loan()
    ada = get_user_model()._default_manager.get(username="ada")
    SuspendProcessInstance(ada, channel=Channel.ADMIN).execute(key)
    done = AuditEvent.objects.get(process_instance_key=key, event="Suspend")
    govern(office, name="Every resumption", operation="RESUME")
    page = office.login("ada")
    page.goto(f"/audit/auditevent/{done.key}/undo/")
    expect(page.locator("[data-policy]")).to_have_text("Every resumption")
    expect(page.locator("#apply")).to_have_count(0)
    page.get_by_role("button", name="Request approval").click()
    page.wait_for_url("**/operate/draft/*/")
    expect(page.locator(".ft-facts")).to_contain_text(f"event {done.key}")
    other = office.login("bea")
    other.goto(page.url)
    other.get_by_role("button", name="Approve and apply").click()
    expect(other.locator("#toasts")).to_contain_text("Approved and applied.")
    assert not ProcessInstance.objects.get(pk=key).suspended
    assert AuditEvent.objects.get(process_instance_key=key, event="Resume").body["undo_of"] == done.key
    other.goto(f"/audit/auditevent/{done.key}/")
    expect(other.get_by_role("button", name="Undo…")).to_have_attribute("title", "It has been undone already.")


def test_policies_are_said_in_words_and_only_changed_by_who_manages_the_workspace(office: Office) -> None:
    page = office.login("ada")
    page.goto(f"/workflow/workspace/{office.workspace.pk}/")
    page.get_by_role("link", name="Approval policies").click()
    expect(page.locator(".ft-empty-title")).to_have_text("Nothing has to be approved")
    page.get_by_label("Name").fill("Many at once")
    page.get_by_label("Operation").select_option("MODIFY")
    page.get_by_label("From process instances").fill("10")
    page.get_by_role("button", name="Add policy").click()
    policies = page.locator("table").first
    expect(policies).to_contain_text("Modifications of 10 or more process instances need an approval.")
    other = office.login("omar")
    other.goto(page.url)
    expect(other.locator("table").first).to_contain_text("Many at once")
    expect(other.get_by_role("button", name="Save")).to_have_attribute("title", re.compile("Ask ada"))
    page.get_by_role("button", name="Remove Many at once").click()
    expect(page.locator(".ft-empty-title")).to_have_text("Nothing has to be approved")


def test_the_queue_says_when_there_is_nothing_and_why(office: Office) -> None:
    page = office.login("ada")
    page.goto("/operate/draft/")
    expect(page.locator(".ft-empty-title")).to_have_text("Nothing waits for you")
    sam = office.login("sam")
    sam.goto("/operate/draft/")
    expect(sam.locator("[role=note]")).to_contain_text("You may not approve in any workspace.")
