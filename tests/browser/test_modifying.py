"""The modification mode: what a plan would do is seen before it is done, and what harm it would do."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from audit.models import AuditEvent
from tests.browser.clicks import Hand
from tests.browser.conftest import Office, click_element
from tests.browser.test_repairing import active
from workflow import services
from workflow.models import ElementInstance, Variable


def drag(page: Page, source: str, target: str) -> None:
    """Take the token badge of an element to another one."""
    Hand(page).drag(source, target)


def plan(page: Page, element: str, operation: str) -> None:
    click_element(page, element)
    page.locator(f"#popover [data-operation={operation}]").click()


def enter(page: Page) -> None:
    page.click("#modify-button")
    expect(page.locator("#mode-banner")).to_be_visible()


def test_a_token_is_dragged_and_applied_with_two_gestures(office: Office) -> None:
    """Task 6 of the click budget: drag, look, Apply."""
    key = office.loan()
    page = office.login("omar")
    office.open(page, key)
    hand = Hand(page)
    hand.drag("check_completeness", "accept_loan_application")
    expect(page.locator("[data-outcome='accept_loan_application']")).to_have_text("+1")
    expect(page.locator("[data-outcome='check_completeness']")).to_have_text("−1")
    expect(page.locator("#panel-history .is-ending")).to_have_count(2)  # the sub-process goes with its last token
    hand.click(page.locator("#plan-apply"))
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    hand.needed_at_most(6)
    assert active(key) == ["accept_loan_application"]


def test_a_token_is_moved_with_a_variable_of_its_new_scope_within_five_clicks(office: Office) -> None:
    """Task 7 of the click budget, 5+2T: drag, Variables, name, Tab, value, Tab, Apply."""
    key = office.loan()
    page = office.login("ada")
    office.open(page, key)
    hand = Hand(page)
    hand.drag("check_completeness", "accept_loan_application")
    hand.click(page.locator("#summary").get_by_role("button", name="Variables: Move"))
    expect(page.get_by_label("Name of the new variable")).to_be_focused()
    hand.type("checked_by")
    hand.press("Tab")
    hand.type('"ada"')
    hand.press("Tab")
    expect(page.locator("#summary .ft-preview-variable")).to_contain_text("checked_by")
    hand.click(page.locator("#plan-apply"))
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    hand.needed_at_most(7)
    variable = Variable.objects.get(process_instance=key, name="checked_by")
    scope = ElementInstance.objects.get(pk=variable.scope_key)
    assert (scope.element_id, variable.value) == ("accept_loan_application", "ada")


def test_harm_is_told_repaired_with_a_click_or_accepted_on_record(office: Office) -> None:
    """A token at one of three parallel tasks leaves the join waiting for the others."""
    key = office.loan()
    page = office.login("ada")
    office.open(page, key)
    drag(page, "check_completeness", "assess_customer")
    harm = page.locator("#summary .ft-harm-red")
    expect(harm).to_have_count(1)
    expect(harm).to_contain_text("assessment_join")
    expect(page.locator("#plan-apply")).to_be_disabled()
    expect(page.locator(".djs-element.has-warning[data-element-id='assessment_join']")).to_have_count(1)
    before = page.locator("#summary .ft-plan-row").count()
    harm.locator(".ft-link").first.click()  # bring the tokens that it lacks
    expect(page.locator("#summary .ft-plan-row")).to_have_count(before + 2)
    expect(harm).to_have_count(0)
    expect(page.locator("#plan-apply")).to_be_enabled()
    page.keyboard.press("u")
    expect(harm).to_have_count(1)
    page.get_by_label("Accept, and note it in the audit log").check()
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    event = AuditEvent.objects.filter(process_instance_key=key, event="Modify").latest("at")
    assert [each["code"] for each in event.body["accepted_warnings"]] == ["join_never_fires"]


def test_tokens_and_variables_change_together_or_not_at_all(office: Office) -> None:
    key = office.loan(amount=40_000)
    page = office.login("ada")
    office.open(page, key)
    enter(page)
    plan(page, "check_completeness", "cancel")
    plan(page, "accept_loan_application", "add")
    page.click("#plan-review")
    page.get_by_role("button", name="Set variables").click()
    variables = page.locator("#review-variables")
    amount = variables.get_by_label("Value of amount (JSON)")
    amount.fill("1.10,")
    amount.blur()
    expect(variables.locator("[data-planned='amount']").get_by_role("alert")).to_contain_text("Invalid JSON")
    expect(page.locator("#summary .ft-plan-row")).to_have_count(2)
    amount.fill("41000")
    amount.blur()
    variables.locator("[data-plan-variable]").click()
    page.keyboard.type("checked")
    page.keyboard.press("Tab")
    page.keyboard.type("true")
    page.keyboard.press("Tab")
    expect(page.locator("#summary .ft-plan-row[data-kind=set]")).to_have_count(2)
    told = page.locator("#summary .ft-preview-variable")
    expect(told.first).to_have_text("amount: 40000 → 41000")
    expect(told.last).to_have_text("checked: true")
    assert Variable.objects.get(scope_key=key, name="amount").value == 40_000
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert active(key) == ["accept_loan_application"]
    stored = dict(Variable.objects.filter(scope_key=key).values_list("name", "value"))
    assert (stored["amount"], stored["checked"]) == (41_000, True)
    assert AuditEvent.objects.filter(process_instance_key=key, event="Modify").count() == 1


def test_in_camunda_7_the_order_may_be_chosen_and_changes_what_happens(office: Office) -> None:
    """E27: from top to bottom, canceling first ends the sub-process, and a new one is made."""
    key = office.loan()
    page = office.login("ada")
    office.open(page, key)
    enter(page)
    plan(page, "check_completeness", "cancel")
    plan(page, "register_application", "add")
    page.click("#plan-review")
    preview = page.locator("#summary .ft-preview")
    expect(preview).to_contain_text("terminates Check completeness")
    expect(preview).not_to_contain_text("terminates Check completeness, Evaluate")
    page.get_by_label("From top to bottom").check()
    expect(preview).to_contain_text("Evaluate loan application")
    page.locator("#summary .ft-plan-row").last.get_by_role("button", name="Earlier").click()
    expect(preview).not_to_contain_text("Evaluate loan application")


def test_a_plan_is_taken_along_as_json_and_as_a_call(office: Office) -> None:
    key = office.loan()
    page = office.login("omar")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    office.open(page, key)
    drag(page, "check_completeness", "accept_loan_application")
    page.get_by_role("button", name="Copy as JSON").click()
    expect(page.locator("#toasts")).to_contain_text("Copied as json.")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert [each["type"] for each in copied["instructions"]] == ["start_before", "cancel_all"]
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#toasts")).to_contain_text("Copied as curl.")
    assert f"/engine-rest/process-instance/{key}/modification" in page.evaluate("navigator.clipboard.readText()")


def test_what_has_changed_meanwhile_is_told_before_going_on(office: Office) -> None:
    key = office.loan(amount=1)
    page = office.login("omar")
    office.open(page, key)
    enter(page)
    plan(page, "accept_loan_application", "add")
    services.set_variables(key, {"amount": 2})
    page.click("#plan-review")
    problem = page.locator("#summary > .ft-dialog-body > .ft-error")
    expect(problem).to_contain_text("has moved on to revision")
    expect(problem).to_contain_text("variables: amount")
    expect(page.locator("#plan-apply")).to_be_disabled()
    page.get_by_role("button", name="Show the present state and keep the plan").click()
    expect(page.locator("#plan-apply")).to_be_enabled()


def test_what_was_applied_is_undone_with_two_clicks_and_says_what_stays(office: Office) -> None:
    """Task 13 of the click budget: Undo on the row of the audit log, look, Apply."""
    key = office.loan()
    page = office.login("ada")
    office.open(page, key)
    drag(page, "check_completeness", "accept_loan_application")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    page.get_by_role("tab", name="Audit log").click()
    hand = Hand(page)
    hand.click(page.locator("#panel-audit").get_by_role("button", name="Undo").first)
    expect(page.locator("#summary .ft-plan-notes")).to_contain_text("'Check completeness' begins anew")
    expect(page.locator("#plan-reason")).to_have_value(re.compile("Undo of modify by ada"))
    expect(page.locator("#summary .ft-preview")).to_contain_text(
        "activates Evaluate loan application, Check completeness"
    )
    hand.click(page.locator("#plan-apply"))
    expect(page.locator("#plan-apply")).to_be_hidden()
    hand.needed_at_most(13)
    assert active(key) == ["check_completeness"]
