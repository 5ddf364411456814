"""Versions side by side, beginning at certain elements, and times where one is."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.conftest import LOAN, NEEDED, Office
from tests.browser.test_wizards import newer_loan, standing
from workflow.models import ProcessDefinition, ProcessInstance


def test_what_differs_is_marked_on_both_diagrams_and_in_the_xml(office: Office) -> None:
    office.loan()
    key = newer_loan(office, without="check_completeness")
    page = office.login("sam")
    page.goto(f"/workflow/processdefinition/{key}/")
    page.get_by_role("link", name="Compare").click()
    expect(page.locator(".ft-panel-tabs[data-ready]")).to_be_visible()
    expect(page.locator("#before [data-element-id='check_completeness'].is-removed")).to_be_attached()
    expect(page.locator("#after [data-element-id='check_completeness_2'].is-added")).to_be_attached()
    page.locator("[data-difference='check_completeness_2']").click()
    expect(page.locator("#after [data-element-id='check_completeness_2'].is-selected")).to_be_attached()
    page.get_by_role("tab", name="XML").click()
    expect(page.locator(".cm-mergeView .cm-changedLine").first).to_be_visible()
    expect(page.locator(".cm-mergeView")).to_contain_text("check_completeness_2")


def test_an_instance_begins_at_a_chosen_element(office: Office) -> None:
    office.loan()
    definition = ProcessDefinition.objects.get()
    page = office.login("omar")
    page.goto(f"/workflow/processdefinition/{definition.key}/?tab=start")
    page.get_by_label("Variables (JSON)").fill(json.dumps(NEEDED))
    page.get_by_text("Begin at certain elements").click()
    page.get_by_role("checkbox", name="Decline loan application").check()
    page.get_by_role("button", name="Start process instance").click()
    expect(page.locator("#toasts")).to_contain_text("started")
    newest = ProcessInstance.objects.order_by("-key")[0]
    assert standing(newest.key) == ["decline_loan_application"]


def test_times_are_told_in_the_zone_of_whoever_looks(office: Office) -> None:
    key = office.loan()
    ProcessInstance.objects.filter(pk=key).update(started_at="2024-12-31T23:30:00Z")
    page = office.login("sam")
    context = office.browser.new_context(
        base_url=office.server, timezone_id="Asia/Tokyo", storage_state=page.context.storage_state()
    )
    there = context.new_page()
    office.pages.append(there)
    there.goto("/workflow/processinstance/")
    time = there.locator("tbody time").first
    expect(time).to_have_text("2025-01-01 08:30")
    expect(time).to_have_attribute("title", "2025-01-01 08:30:00 Asia/Tokyo · 2024-12-31 23:30:00 UTC")


def test_problems_of_a_file_are_marked_on_its_diagram_before_it_is_deployed(office: Office) -> None:
    broken = LOAN.read_text().replace("${", "${(", 1)
    page = office.login("ada")
    page.goto("/workflow/processdefinition/upload/")
    page.set_input_files("#id_files", {"name": "loan.bpmn", "mimeType": "text/xml", "buffer": broken.encode()})
    problem = page.locator("#upload-preview [data-problem]").first
    expect(problem).to_be_visible()
    element = problem.get_attribute("data-problem")
    expect(page.locator(f"#upload-preview [data-element-id='{element}'].has-incident")).to_be_attached()
    problem.click()
    expect(page.locator(f"#upload-preview [data-element-id='{element}'].is-selected")).to_be_attached()
    expect(page.locator("#detected")).to_contain_text("1 problem")
    page.set_input_files("#id_files", str(LOAN))
    expect(page.locator("#upload-preview svg").first).to_be_visible()
    expect(page.locator("#upload-preview [data-problem]")).to_have_count(0)
