"""Suspending, keeping history and deleting a process definition in its dialogs."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Office
from tests.support.start_events import xml
from workflow import services
from workflow.graph import Semantics
from workflow.models import ProcessDefinition, ProcessInstance
from workflow.services import Resource


def deploy(office: Office, text: str) -> int:
    deployed = services.deploy([Resource("order.bpmn", text.encode())], workspace_id=office.workspace.pk)
    return deployed.definitions[0].key


def test_a_definition_is_suspended_and_deleted_with_its_instances(office: Office) -> None:
    starts = (("message", "paid"), ("cycle", "R/PT1H"))
    key = deploy(office, xml("order", Semantics.CAMUNDA_7, *starts))
    instance = services.start_at_event(key, "start1").process_instance_key
    page = office.login("ada")
    page.goto(f"/workflow/processdefinition/{key}/")
    page.get_by_role("tab", name="Start events").click()
    expect(page.locator("#panel-starts")).to_contain_text("Message 'paid'")
    expect(page.locator("#panel-starts")).to_contain_text("Waiting")
    # suspend
    page.get_by_role("link", name="Suspend", exact=True).click()
    dialog = page.locator("#ask")
    expect(dialog).to_contain_text("Also its 1 running process instance")
    dialog.get_by_role("link", name="Back").click()
    expect(dialog).not_to_be_visible()
    page.get_by_role("link", name="Suspend", exact=True).click()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Suspend").click()
    expect(page.locator("#toasts")).to_contain_text("suspended with 1 process instance")
    assert ProcessInstance.objects.get(pk=instance).suspended
    expect(page.get_by_role("button", name="Start instance")).to_have_attribute("aria-disabled", "true")
    # history
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Keep history…").click()
    dialog.get_by_label("Days that ended process instances are kept").fill("30")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".ft-facts")).to_contain_text("for 30 days")
    # delete: refused while something runs, unless that is given up too
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Delete…").click()
    expect(dialog).to_contain_text("1 running process instance")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("[role=alert]")).to_contain_text("Delete with cascade")
    page.get_by_role("checkbox").check()
    page.get_by_label("Reason").fill("replaced")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#toasts")).to_contain_text("deleted with 1 process instance")
    assert not ProcessDefinition.objects.exists()
