"""What opens on a page is as readable as the page: the modification mode with its dialogs, menus, editors and the review."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Office, click_element
from tests.browser.looking import assert_accessible, assert_fits
from tests.browser.test_modification_mode import add_variable, history, pending, planned, zoo
from tests.browser.test_modifying import enter, plan
from workflow import services

LAPTOP, TABLET = (1280, 720), (820, 1180)


def reachable(page: Page, *selectors: str) -> None:
    """Each of these can be pressed as the page stands: it lies in the window, with nothing over it."""
    for selector in selectors:
        target = page.locator(selector).first
        target.scroll_into_view_if_needed()
        target.click(trial=True)


def test_the_modification_mode_is_readable_at_every_step(office: Office) -> None:
    key = zoo(office)
    page = office.login("ada", is_new=True)
    office.open(page, key)
    page.locator("#modify-button").click()
    expect(page.locator("#mode-dialog")).to_be_visible()
    assert_accessible(page)
    page.locator("#mode-dialog").get_by_role("button", name="Continue").click()
    expect(page.locator("#mode-banner")).to_be_visible()
    # the pop-over with options that are off, an option that asks for a scope
    click_element(page, "start")
    expect(page.locator("#popover")).to_be_visible()
    assert_accessible(page)
    click_element(page, "label")
    expect(page.get_by_label("Scope to add to")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    # a plan, with variables on both sides and a fault
    plan(page, "pack", "add")
    pending(page, "Pack").click()
    add_variable(page, "box", '"L"')
    history(page, "zoo").first.click()
    planned(page, "amount").locator("textarea").fill("5,")
    planned(page, "amount").locator("textarea").blur()
    expect(planned(page, "amount").get_by_role("alert")).not_to_be_empty()
    page.locator("#planned-variables [data-plan-variable]").click()
    assert_accessible(page)
    planned(page, "items").get_by_role("button", name="Edit items in the JSON editor").click()
    expect(page.locator("dialog .cm-content")).to_be_visible()
    assert_accessible(page, within="dialog[open]")
    page.keyboard.press("Escape")
    # the review with what is looked at, and the question before it is all gone
    page.click("#plan-review")
    page.locator("#summary").get_by_text("View the value").click()
    expect(page.locator("#summary .cm-content")).to_be_visible()
    expect(page.locator("#plan-apply")).to_be_enabled()
    assert_accessible(page)
    page.locator("#summary").get_by_role("button", name="Back to the plan").click()
    page.click("#plan-discard")
    expect(page.locator("#mode-dialog")).to_be_visible()
    assert_accessible(page)


def test_menus_the_editor_of_variables_and_its_comparison_are_readable(office: Office) -> None:
    key = office.loan(customer={"name": "Ann", "address": {"city": "Oslo"}})
    page = office.login("ada")
    office.open(page, key, "?tab=variables")
    page.locator(".ft-header .ft-menu summary").click()
    assert_accessible(page, within=".ft-header")  # it lies over what is below
    page.keyboard.press("Escape")
    page.locator("[data-variable='amount'] code").dblclick()
    expect(page.locator("[data-variable='amount'] textarea")).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator("#variables-editor .cm-content")).to_be_visible()
    assert_accessible(page)


def test_a_refusal_on_an_older_state_is_readable(office: Office) -> None:
    key = office.loan()
    page = office.login("ada")
    office.open(page, key)
    enter(page)
    plan(page, "accept_loan_application", "add")
    services.set_variables(key, {"amount": 2})
    page.click("#plan-review")
    expect(page.locator("#summary > .ft-dialog-body > .ft-error")).to_contain_text("has moved on")
    assert_accessible(page)


def test_the_search_is_readable_while_it_is_open(office: Office) -> None:
    office.loan()
    page = office.login("ada")
    page.wait_for_load_state("load")
    page.keyboard.press("/")
    page.keyboard.type("LOAN")
    expect(page.locator("#find-hits [role=option]").first).to_be_visible()
    assert_accessible(page)


def test_main_actions_are_reached_on_a_small_laptop_and_a_tablet(office: Office) -> None:
    """Looking, modifying, reviewing and applying; the list with its selection."""
    key = zoo(office)
    page = office.login("ada")
    for width, height in (LAPTOP, TABLET):
        assert_fits(page, width, height)
        office.open(page, key)
        reachable(page, "#modify-button", ".ft-header .ft-menu summary", "[data-tab=variables]", "[data-zoom=fit]")
        enter(page)
        plan(page, "check", "cancel")
        assert_fits(page, width, height)
        reachable(page, "#plan-undo", "#plan-discard", "#plan-review")
        page.click("#plan-review")
        expect(page.locator("#plan-apply")).to_be_enabled()
        assert_fits(page, width, height)
        reachable(page, "#plan-reason", "#plan-apply", "#summary .ft-plan-row button")
        page.locator("#summary").get_by_role("button", name="Back to the plan").click()
        page.click("#plan-discard")
        page.locator("#mode-dialog").get_by_role("button", name="Discard").click()
        page.goto("/workflow/processinstance/?process=zoo")
        page.get_by_label("Select all on this page").check()
        assert_fits(page, width, height)
        reachable(page, "[data-bulk] button[value=cancel]", "[data-clear]")
