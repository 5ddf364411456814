"""The list of process instances: its diagram, filters, columns and what is selected."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from operate.lists import SavedFilter
from tests.browser.clicks import Hand
from tests.browser.conftest import Office
from workflow.models import ProcessInstance
from workflow.services import cancel_process_instance, complete_user_task, suspend_process_instance

INSTANCES = "/workflow/processinstance/"


def keys_on(page: Page) -> list[int]:
    return [int(value) for value in page.locator("tbody input[name=key]").evaluate_all("all => all.map(e => e.value)")]


def open_filters(page: Page) -> None:
    page.wait_for_load_state("load")  # keys are listened to once the scripts have run
    page.keyboard.press("s")


def test_the_diagram_counts_and_narrows(office: Office) -> None:
    first, second, ended = office.loan(), office.loan(), office.loan()
    cancel_process_instance(ended)
    task = ProcessInstance.objects.get(pk=first).user_tasks.get(element_id="check_completeness")
    complete_user_task(task.key, variables={"complete": True})
    page = office.login("omar")
    page.goto(f"{INSTANCES}?process=loan_application")
    expect(page.locator("[data-badge='active check_completeness']")).to_have_text("1")
    expect(page.locator("[data-badge='completed check_completeness']")).to_have_text("1")
    expect(page.locator("[data-badge='canceled check_completeness']")).to_have_count(0)
    hand = Hand(page)
    hand.element("check_completeness")
    expect(page.locator("[data-element-id='check_completeness'].is-selected")).to_be_attached()
    assert "element=check_completeness" in page.url
    assert keys_on(page) == [second]
    expect(page.locator("#filter-element")).to_have_value("check_completeness")
    # what ended there is found by the same click
    page.get_by_label("Canceled").check()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("[data-badge='canceled check_completeness']")).to_have_text("1")
    # and once more leaves it
    hand.element("check_completeness")
    page.wait_for_url(lambda url: "element=" not in url)
    assert sorted(keys_on(page)) == sorted([first, second, ended])


def test_states_are_ticked_one_by_one_and_stand_in_the_address(office: Office) -> None:
    active, suspended, canceled = office.loan(), office.loan(), office.loan()
    suspend_process_instance(suspended)
    cancel_process_instance(canceled)
    page = office.login("omar")
    page.goto(INSTANCES)
    assert keys_on(page) == [suspended, active]
    running = page.get_by_label("Running", exact=True)
    expect(running).to_be_checked()
    page.get_by_label("Active", exact=True).uncheck()
    page.wait_for_url("**state=incidents%2Csuspended")
    assert keys_on(page) == [suspended]
    assert page.get_by_label("Running", exact=True).evaluate("box => box.indeterminate")
    page.get_by_label("Finished", exact=True).check()
    page.wait_for_url("**state=incidents%2Csuspended%2Ccompleted%2Ccanceled")
    assert keys_on(page) == [canceled, suspended]
    page.get_by_label("Active", exact=True).check()
    page.wait_for_url("**state=all")
    page.get_by_role("link", name="Reset").click()
    expect(page.get_by_label("Finished", exact=True)).not_to_be_checked()


def test_more_filters_unfold_and_stay_while_used(office: Office) -> None:
    gold, _other = office.loan(tier="gold"), office.loan(tier="silver")
    page = office.login("omar")
    page.goto(INSTANCES)
    expect(page.get_by_label("Variable", exact=True)).not_to_be_visible()
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Variable", exact=True).fill("tier")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator("[role=alert]")).to_have_text("Value has to be filled.")
    page.get_by_label("JSON value, or several").fill('"gold", "platinum"')
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert keys_on(page) == [gold]


def test_a_filter_is_saved_used_and_removed(office: Office) -> None:
    office.loan()
    page = office.login("omar")
    page.goto(f"{INSTANCES}?process=loan_application&state=active")
    open_filters(page)
    page.get_by_label("Save the present filters as").fill("Loans that go on")
    page.get_by_label("For", exact=True).select_option("all in Loans")
    page.get_by_role("button", name="Save filter").click()
    expect(page.locator("#toasts")).to_contain_text("saved as 'Loans that go on'")
    colleague = office.login("sam")
    hand = Hand(colleague)
    hand.click(colleague.get_by_role("link", name="Loans that go on"))
    assert hand.clicks == 1
    assert "process=loan_application" in colleague.url
    assert "state=active" in colleague.url
    open_filters(colleague)
    remove = colleague.get_by_label("Remove the saved filter Loans that go on")
    expect(remove).to_have_attribute("aria-disabled", "true")
    remove.click(force=True)
    expect(colleague.locator("#toasts")).to_contain_text("only its owner")
    open_filters(page)
    page.get_by_label("Remove the saved filter Loans that go on").click()
    expect(page.locator("#toasts")).to_contain_text("removed")
    assert not SavedFilter.objects.exists()


def test_columns_are_chosen(office: Office) -> None:
    office.loan()
    page = office.login("omar")
    page.goto(INSTANCES)
    expect(page.get_by_role("columnheader", name="Business key")).to_be_visible()
    page.locator("summary", has_text="Columns").click()
    page.locator("label", has_text="Business key").get_by_role("checkbox").uncheck()
    page.locator("label", has_text="Duration").get_by_role("checkbox").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Duration")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Business key")).to_have_count(0)


def test_what_is_selected_stays_selected_over_pages_and_when_one_turns_back(
    office: Office,
) -> None:
    keys = [office.loan() for _ in range(3)]
    page = office.login("omar")
    page.goto(INSTANCES)
    page.get_by_label(f"Select {keys[0]}").check()
    page.get_by_label(f"Select {keys[2]}").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    for leave in ("Cancel…", "Suspend…"):
        page.get_by_role("button", name=leave).click()
        expect(page.get_by_role("heading", name="2 process instances?")).to_be_visible()
        page.get_by_role("link", name="Back").click()
        expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
        expect(page.get_by_label(f"Select {keys[2]}")).to_be_checked()
        expect(page.get_by_label(f"Select {keys[1]}")).not_to_be_checked()
    page.get_by_role("button", name="Clear the selection").click()
    page.reload()
    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_an_operation_that_fits_nothing_says_why(office: Office) -> None:
    running, ended = office.loan(), office.loan()
    cancel_process_instance(ended)
    page = office.login("omar")
    page.goto(f"{INSTANCES}?state=all")
    page.get_by_label(f"Select {running}").check()
    restart = page.get_by_role("button", name="Restart…")
    expect(restart).to_have_attribute("aria-disabled", "true")
    restart.click(force=True)
    expect(page.locator("#toasts")).to_contain_text("It has not ended.")
    expect(page.get_by_role("button", name="Variables…")).to_have_attribute("data-why", re.compile("You lack"))
    page.get_by_label(f"Select {ended}").check()
    expect(restart).not_to_have_attribute("aria-disabled", "true")
