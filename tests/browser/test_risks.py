"""What harm moving many would do is told in the preview, and nothing is applied before each red risk is accepted."""

from __future__ import annotations

from playwright.sync_api import expect

from audit.models import AuditEvent
from operate.batch.running import run_due_jobs
from tests.browser.clicks import Hand
from tests.browser.conftest import Office
from tests.browser.test_wizards import INSTANCES, ready, standing
from tests.operate.admin.test_wizard_risks import FORK
from tests.support.models import HEAD, PLATFORMS, deploy
from workflow.graph import Semantics
from workflow.services import start_process_instance


def test_a_risk_is_accepted_before_many_are_moved(office: Office) -> None:
    head = HEAD.format(platform=PLATFORMS[Semantics.ZEEBE], id="forked", messages="")
    definition = deploy(f"{head}{FORK}</process></definitions>", workspace=office.workspace).key
    keys = [start_process_instance(definition).process_instance_key for _ in range(2)]
    page = office.login("omar")
    page.goto(f"{INSTANCES}?process=forked")
    page.get_by_label("Select all on this page").check()
    page.keyboard.press("m")
    ready(page)
    page.locator("#source").select_option("a")
    page.locator("#target").select_option("after")
    # the preview tells the harm, and Apply says why it waits
    expect(page.locator("#preview")).to_contain_text("'join' never fires: it lacks a token from 'a'")
    expect(page.locator("#preview")).to_contain_text("(2 of 2)")
    expect(page.locator("#apply")).to_have_attribute("title", "Accept the risk first, or change the plan.")
    Hand(page).click(page.get_by_label("I accept this risk."))
    expect(page.locator("#apply")).to_have_attribute("title", "Ctrl+Enter")
    page.locator("#apply").click()
    page.wait_for_url("**/operate/batch/*/")
    run_due_jobs()
    assert [standing(key) for key in keys] == [["after", "b"]] * 2
    [accepted] = AuditEvent.objects.filter(event="Modify").earliest("key").body["accepted_warnings"]
    assert (accepted["code"], accepted["elements"]) == ("join_never_fires", ["join", "a"])
