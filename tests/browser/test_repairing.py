"""Uploading, running and repairing, as an operator does it."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from operate.batch import running
from tests.browser.clicks import Hand
from tests.browser.conftest import LOAN, NEEDED, Office, click_element
from workflow import services
from workflow.models import ElementInstance, ProcessInstance

OPEN = ("ACTIVATING", "ACTIVE", "COMPLETING")


def active(key: int) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=key, state__in=OPEN).exclude(element_type="SUB_PROCESS")
    return sorted(rows.values_list("element_id", flat=True))


def test_a_model_is_uploaded_started_worked_on_repaired_and_the_audit_log_tells_of_it(office: Office) -> None:
    page = office.login("ada")
    # upload: the semantics are detected, an unchanged file makes no new version
    page.goto("/workflow/processdefinition/upload/")
    page.set_input_files("#id_files", LOAN)
    expect(page.locator("#detected")).to_contain_text("Camunda 7")
    expect(page.locator("#id_semantics")).to_have_value("camunda7")
    expect(page.locator("#id_name")).to_have_value("")
    page.get_by_role("button", name="Deploy").click()
    expect(page.locator("#toasts")).to_contain_text("version 1")
    expect(page.locator("[data-element-id='check_completeness']").first).to_be_visible()
    # start
    page.get_by_role("link", name="Start instance").click()
    page.fill("#id_business_key", "LOAN-1")
    page.fill("#id_variables", json.dumps(NEEDED))
    page.get_by_role("button", name="Start process instance").click()
    expect(page.locator("#instance[data-ready]")).to_be_visible()
    key = ProcessInstance.objects.get(business_key="LOAN-1").key
    assert active(key) == ["check_completeness"]
    # complete the user task
    page.get_by_role("link", name="Complete", exact=True).click()
    page.fill("#task-variables", '{"documents_complete": true}')
    page.locator("#ask").get_by_role("button", name="Complete").click()
    expect(page.locator("#toasts")).to_contain_text("completed")
    assert active(key) == ["assess_credit_worthiness", "assess_customer", "register_application"]
    # modify: move one of the tokens back
    page.click("#modify-button")
    expect(page.locator("#mode-banner")).to_be_visible()
    click_element(page, "assess_credit_worthiness")
    page.locator("#popover [data-operation=move]").click()
    click_element(page, "check_completeness")
    expect(page.locator("[data-plan='check_completeness']")).to_have_text("+ 1")
    expect(page.locator("[data-plan='assess_credit_worthiness']")).to_have_text("− 1")
    page.click("#plan-review")
    expect(page.locator("#summary .ft-preview")).to_contain_text("Check completeness")
    # the join behind would get one token more than it takes: that is said, and somebody has to answer for it
    expect(page.locator("#plan-apply")).to_be_disabled()
    for box in page.get_by_label("Accept, and note it in the audit log").all():
        box.check()
    page.fill("#plan-reason", "The bureau had the wrong file")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert active(key) == ["assess_customer", "check_completeness", "register_application"]
    expect(page.locator("[data-badge='active check_completeness']")).to_have_text("1")
    # audit
    page.get_by_role("tab", name="Audit log").click()
    log = page.locator("#panel-audit")
    expect(log).to_contain_text("Modify")
    expect(log).to_contain_text("The bureau had the wrong file")
    expect(log).to_contain_text("User task")
    log.locator("details", has_text="Start before activity").locator("summary").click()
    expect(log.get_by_text("Start before activity 'check_completeness'", exact=True)).to_be_visible()


def test_an_unchanged_file_makes_no_new_version_and_a_broken_one_shows_all_its_problems(office: Office) -> None:
    office.loan()
    page = office.login("ada")
    page.goto("/workflow/processdefinition/upload/")
    page.set_input_files("#id_files", LOAN)
    page.get_by_role("button", name="Deploy").click()
    expect(page.locator("#toasts")).to_contain_text("no new version")
    page.goto("/workflow/processdefinition/upload/")
    broken = LOAN.read_text().replace('sourceRef="application_received"', 'sourceRef="nowhere"')
    page.set_input_files("#id_files", {"name": "broken.bpmn", "mimeType": "text/xml", "buffer": broken.encode()})
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was deployed")
    expect(page.locator("table")).to_contain_text("broken.bpmn")
    expect(page.locator("table")).to_contain_text("nowhere")


def test_a_plan_survives_undo_redo_a_reload_and_a_refusal(office: Office) -> None:
    key = office.loan()
    page = office.login("omar")
    office.open(page, key)
    page.keyboard.press("m")
    expect(page.locator("#mode-banner")).to_be_visible()
    # without the mouse: find the element, add a token, cancel the other one
    page.keyboard.press("f")
    page.keyboard.type("Accept loan application")
    page.keyboard.press("Enter")
    expect(page.locator("#popover")).to_be_visible()
    page.keyboard.press("a")
    click_element(page, "check_completeness")
    page.keyboard.press("c")
    expect(page.locator("#plan-review")).to_have_text("Apply 2 modifications")
    page.keyboard.press("u")
    expect(page.locator("[data-plan='check_completeness']")).to_have_count(0)
    page.keyboard.press("Shift+U")
    expect(page.locator("[data-plan='check_completeness']")).to_have_text("− 1")
    page.reload()
    expect(page.locator("#plan-review")).to_have_text("Apply 2 modifications")
    services.set_variables(key, {"meanwhile": True})  # somebody else moves on
    page.click("#plan-review")
    expect(page.locator("#summary").get_by_role("alert").first).to_contain_text("has moved on to revision")
    page.get_by_role("button", name="Show the present state and keep the plan").click()
    expect(page.locator("#summary .ft-preview")).to_contain_text("Accept loan application")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    assert active(key) == ["accept_loan_application"]


def test_what_is_not_allowed_is_shown_off_with_its_reason(office: Office) -> None:
    key = office.loan(amount=40_000)
    page = office.login("sam")
    office.open(page, key, "?tab=variables")
    for control in ("#modify-button", "[data-edit-all]", "[data-add-variable]"):
        expect(page.locator(control)).to_have_attribute("aria-disabled", "true")
    page.locator("#modify-button").click(force=True)
    expect(page.locator("#toasts")).to_contain_text("modify_processinstance")
    expect(page.locator("#toasts")).to_contain_text("Ask ada")
    expect(page.locator("#mode-banner")).to_be_hidden()
    page.locator("[data-variable='amount'] code").dblclick()
    expect(page.locator("[data-variable='amount'] textarea")).to_have_count(0)
    page.get_by_role("tab", name="Audit log").click()
    expect(page.locator("#panel-audit")).to_contain_text("view_audit")


def test_an_instance_is_found_by_its_business_key_with_one_key_and_enter(office: Office) -> None:
    key = office.loan()
    page = office.login("sam")
    page.wait_for_load_state("load")  # the key is listened to once the scripts have run
    hand = Hand(page)
    hand.press("/")
    hand.type("LOAN-1")
    page.keyboard.press("Enter")  # ends the text
    expect(page).to_have_url(f"{office.server}/workflow/processinstance/{key}/")
    hand.needed_at_most(1)
    # task 2: why it stands is on the page as it opens
    expect(page.locator("#panel-waits")).to_contain_text("Check completeness")
    expect(page.locator("#panel-waits")).to_contain_text("Waits for somebody to complete the task.")
    Hand(page).needed_at_most(2)


def test_several_instances_are_canceled_at_once_after_a_look_at_them(office: Office) -> None:
    keys = [office.loan(), office.loan()]
    page = office.login("omar")
    page.goto("/workflow/processinstance/")
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    page.get_by_role("button", name="Cancel…").click()
    expect(page.locator("h2.ft-heading")).to_have_text("Cancel 2 process instances?")
    page.fill("#reason", "Double entry")
    page.get_by_role("button", name="Cancel 2 process instances").click()
    page.wait_for_url("**/batch/**")
    running.run_due_jobs()
    assert set(ProcessInstance.objects.filter(pk__in=keys).values_list("state", "end_reason")) == {
        ("CANCELED", "Double entry")
    }


def test_what_others_do_appears_by_itself(office: Office) -> None:
    key = office.loan(amount=40_000)
    page = office.login("sam")
    office.open(page, key, "?tab=variables")
    services.set_variables(key, {"amount": 41_000})
    expect(page.locator("[data-variable='amount'] code")).to_have_text("41000")


def test_the_selection_is_one_in_history_diagram_and_address(office: Office) -> None:
    key = office.loan()
    page = office.login("sam")
    office.open(page, key)
    page.locator(".ft-tree-row", has_text="Check completeness").click()
    expect(page.locator("[data-element-id='check_completeness'].is-selected")).to_have_count(1)
    expect(page.locator("#panel-variables")).to_contain_text("Check completeness")
    page.reload()
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_contain_text("Check completeness")
    click_element(page, "calculate_instalment")
    expect(page.locator(".ft-tree-row[aria-selected='true']")).to_contain_text("Calculate instalment")
