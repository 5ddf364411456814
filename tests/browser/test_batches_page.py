"""Batches: their bars move by themselves, and what failed is repaired."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from operate.batch.models import Batch
from operate.batch.running import run_due_jobs
from tests.browser.conftest import Office
from workflow.models import ProcessInstance
from workflow.services import cancel_process_instance

INSTANCES = "/workflow/processinstance/"


def suspend_all(page: Page) -> None:
    page.goto(INSTANCES)
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Suspend…").click()
    page.get_by_role("button", name="Suspend 3 process instances").click()
    page.wait_for_url("**/operate/batch/*/")


def test_bars_move_by_themselves_and_what_failed_is_tried_again(office: Office) -> None:
    keys = [office.loan() for _ in range(3)]
    page = office.login("omar")
    suspend_all(page)
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "0")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".ft-batch-state")).to_contain_text("Suspended")
    run_due_jobs()
    assert not ProcessInstance.objects.filter(suspended=True).exists()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".ft-batch-state")).to_contain_text("Active")
    cancel_process_instance(keys[0])
    overview = office.login("omar")
    expect(overview.locator("#running-batches [role=progressbar]")).to_have_attribute("aria-valuenow", "0")
    listed = office.login("omar")
    listed.goto("/operate/batch/")
    expect(listed.locator("#batches [role=progressbar]")).to_have_attribute("aria-valuenow", "0")
    run_due_jobs()
    # nobody has touched these windows since
    expect(bar).to_have_attribute("aria-valuenow", "100")
    expect(page.locator(".ft-batch-state")).to_contain_text("Completed with failures")
    expect(listed.locator("#batches [role=progressbar]")).to_have_attribute("aria-valuenow", "100")
    expect(overview.locator("#running-batches")).to_contain_text("No batch is in progress.")
    # what failed says why, and is tried again
    page.get_by_role("link", name="Failed 1").click()
    expect(page.locator(".ft-batch-error")).to_contain_text("has ended")
    page.get_by_role("button", name="Retry what failed").click()
    expect(page.locator(".ft-batch-state")).to_contain_text("Active")
    page.get_by_role("link", name="3 in their list").click()
    expect(page.locator("tbody tr[data-state]")).to_have_count(3)
    assert Batch.objects.get().state == "ACTIVE"
