"""Timers, calls and multi-instances on the page of a process instance, on models that nobody has drawn."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Office, click_element
from tests.operate.admin.conftest import PLATFORMS, USER_TASKS
from tests.operate.admin.world import EACH, LOOPS, WAITING
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance
from workflow.services import Resource, deploy, start_process_instance

OPEN = ("ACTIVATING", "ACTIVE", "COMPLETING")


def start(office: Office, xml: str, process_id: str) -> int:
    deployed = deploy([Resource("world.bpmn", xml.encode())], workspace_id=office.workspace.pk).definitions
    definition = next(each for each in deployed if each.process_id == process_id)
    return start_process_instance(definition.key, variables={"isReady": False}).process_instance_key


def open_keys(key: int, element: str) -> list[int]:
    rows = ElementInstance.objects.filter(process_instance=key, element_id=element, state__in=OPEN)
    return list(rows.order_by("key").values_list("key", flat=True))


def test_a_model_without_a_diagram_is_laid_out_and_its_timer_is_fired(office: Office) -> None:
    key = start(office, WAITING.format(platform=PLATFORMS[Semantics.CAMUNDA_7]), "waiting")
    page = office.login("omar")
    office.open(page, key)
    expect(page.locator(".ft-diagram-hint")).to_have_text("laid out automatically")
    expect(page.locator("[data-badge='active items']")).to_have_text("3")
    expect(page.locator("[data-badge='active ship']")).to_have_text("1")
    assert page.locator("[data-element-id='f1'].djs-connection").count() == 1
    timer = page.locator(".ft-wait-timer", has_text="Late")
    expect(timer).to_contain_text("then 2 more times")
    timer.get_by_role("button", name="Fire now").click()
    expect(page.locator("#toasts")).to_contain_text("Job run.")
    expect(page.locator(".ft-wait", has_text="Remind").first).to_be_visible()


def test_a_called_instance_is_a_click_away_and_so_is_its_caller(office: Office) -> None:
    key = start(office, WAITING.format(platform=PLATFORMS[Semantics.CAMUNDA_7]), "waiting")
    called = ProcessInstance.objects.get(parent_process_instance=key)
    page = office.login("sam")
    office.open(page, key)
    page.get_by_role("link", name=f"Called instance {called.key} of Shipping").click()
    expect(page).to_have_url(f"{office.server}/workflow/processinstance/{called.key}/")
    page.get_by_role("link", name=f"Waiting {key}").click()
    expect(page).to_have_url(f"{office.server}/workflow/processinstance/{key}/")


@pytest.mark.parametrize("semantics", Semantics)
def test_a_token_is_added_to_the_iteration_that_people_choose(office: Office, semantics: Semantics) -> None:
    xml = EACH.format(platform=PLATFORMS[semantics], user_task=USER_TASKS[semantics], loop=LOOPS[semantics])
    key = start(office, xml, "each")
    _first, second = open_keys(key, "parcel")
    page = office.login("omar")
    office.open(page, key)
    page.click("#modify-button")
    expect(page.locator("#mode-banner")).to_be_visible()
    # a multi-instance is one element on the diagram, and two to modify
    click_element(page, "items")
    expect(page.locator("#popover")).to_contain_text("Check item · multi-instance")
    page.locator("[data-variant='items']").click()
    expect(page.locator("#popover [data-operation=cancel]")).to_contain_text("Cancel all (2)")
    page.keyboard.press("Escape")
    # the sub-process is drawn collapsed: what is inside is found in the history
    page.locator(".ft-tree-row", has_text="Pack").first.click()
    page.locator("#popover").get_by_label("Scope to add to").select_option(str(second))
    page.locator("#popover [data-operation=add]").click()
    expect(page.locator("#mode-last")).to_contain_text("Add a token at ‘Pack’")
    page.click("#plan-review")
    expect(page.locator("#summary .ft-preview")).to_contain_text("activates Pack")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    scopes = ElementInstance.objects.filter(process_instance=key, element_id="pack", state__in=OPEN)
    assert sorted(scopes.values_list("flow_scope_key", flat=True))[1:] == [second, second]


def test_a_move_into_one_of_several_scopes_asks_which(office: Office) -> None:
    semantics = Semantics.CAMUNDA_7
    xml = EACH.format(platform=PLATFORMS[semantics], user_task="", loop=LOOPS[semantics])
    key = start(office, xml, "each")
    first, second = open_keys(key, "parcel")
    page = office.login("omar")
    office.open(page, key)
    page.click("#modify-button")
    expect(page.locator("#mode-banner")).to_be_visible()
    page.locator(".ft-tree-row", has_text="Check item #2").click()
    page.locator("#popover [data-operation=move]").click()
    page.keyboard.type("Send")
    page.keyboard.press("Enter")
    expect(page.locator("#popover")).to_contain_text("several parent scopes")
    page.locator("#popover").get_by_label("Scope to move to").select_option(str(first))
    page.get_by_role("button", name="Move here").click()
    page.click("#plan-review")
    page.click("#plan-apply")
    expect(page.locator("#toasts")).to_contain_text("Modifications applied.")
    sent = ElementInstance.objects.get(process_instance=key, element_id="send")
    assert sent.flow_scope_key == first
    assert open_keys(key, "parcel") == [first, second]
    assert len(open_keys(key, "items")) == 1
