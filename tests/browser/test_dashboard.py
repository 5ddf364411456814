"""The overview and the search: where one click leads."""

from __future__ import annotations

from playwright.sync_api import expect

from operate.batch.models import Batch
from operate.figures import add_up
from tests.browser.clicks import Hand
from tests.browser.conftest import Office
from tests.operate.admin.test_finding import searchable
from workflow.models import Incident, ProcessInstance
from workflow.services import cancel_process_instance

INSTANCES = "/workflow/processinstance/"


def failing(office: Office, message: str) -> int:
    """A loan application with an open incident at its first task."""
    instance = ProcessInstance.objects.get(pk=office.loan())
    element = instance.element_instances.get(element_id="check_completeness")
    Incident.objects.create(
        key=element.key + 1_000_000,
        process_instance=instance,
        root_process_instance=instance,
        workspace_id=instance.workspace_id,
        definition=instance.definition,
        element_instance=element,
        element_id=element.element_id,
        error_type="JOB_NO_RETRIES",
        message=message,
        state="ACTIVE",
        created_at=instance.started_at,
    )
    ProcessInstance.objects.filter(pk=instance.pk).update(open_incidents=1)
    return instance.pk


def test_all_incidents_with_one_message_are_retried_with_two_clicks(office: Office) -> None:
    keys = [failing(office, 'Gateway "east" does not answer') for _ in range(3)]
    failing(office, "Out of paper")
    page = office.login("omar")
    hand = Hand(page)
    row = page.locator("#by-message .ft-dashboard-row", has_text="does not answer")
    hand.click(row.get_by_role("button", name="Retry all 3"))
    expect(page.get_by_role("heading", name="Retry incidents of 3 process instances?")).to_be_visible()
    hand.click(page.get_by_role("button", name="Retry incidents of 3 process instances"))
    page.wait_for_url("**/operate/batch/*/")
    hand.needed_at_most(9)
    batch = Batch.objects.get()
    assert sorted(batch.items.values_list("process_instance_key", flat=True)) == keys


def test_every_figure_leads_to_the_list_that_it_counts(office: Office) -> None:
    failing(office, "Out of paper")
    office.loan()
    ended = office.loan()
    cancel_process_instance(ended)
    ProcessInstance.objects.update(started_at="2026-01-01T00:00Z")
    ProcessInstance.objects.filter(pk=ended).update(ended_at=ProcessInstance.objects.get(pk=ended).ended_at)
    add_up()
    page = office.login("omar")
    for label, number in (("Running", "2"), ("With incidents", "1"), ("Suspended", "0")):
        figure = page.locator("a.ft-figure", has_text=label)
        expect(figure.locator(".ft-figure-value")).to_have_text(number)
        figure.click()
        expect(page.locator("tbody tr[data-state]")).to_have_count(int(number))
        page.goto("/")
    # a message, and the process and version below it
    row = page.locator("#by-message details")
    row.locator("summary").click(position={"x": 5, "y": 10})
    row.get_by_role("link", name="Loan application v1").click()
    expect(page.locator("tbody tr[data-state]")).to_have_count(1)
    page.goto("/")
    # a process, unfolded to its versions
    row = page.locator("#by-process details")
    row.locator("summary").click(position={"x": 5, "y": 10})
    row.get_by_role("link", name="Version 1").click()
    expect(page.locator("tbody tr[data-state]")).to_have_count(2)
    page.goto("/")
    page.locator("#stuck tbody tr").click()
    expect(page.locator("#instance[data-ready]")).to_be_visible()


def test_one_key_and_a_text_open_what_is_meant(office: Office) -> None:
    key = office.loan()
    searchable(ProcessInstance.objects.get(pk=key), "customer_name", "Ann Lee")
    page = office.login("sam")
    page.wait_for_load_state("load")
    hand = Hand(page)
    hand.press("Control+k")
    hand.type("Ann Lee")
    expect(page.locator("#find-hits [role=option]")).to_have_count(1)
    expect(page.locator("#find-hits")).to_contain_text("customer_name: Ann Lee")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.server}{INSTANCES}{key}/")
    assert (hand.clicks, hand.texts) == (1, 1)


def test_hits_are_chosen_with_the_arrows(office: Office) -> None:
    keys = [office.loan(), office.loan()]
    page = office.login("sam")
    page.wait_for_load_state("load")
    page.keyboard.press("/")
    page.keyboard.type("LOAN-1")
    expect(page.locator("#find-hits [role=option]")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#find-hits [aria-selected=true]")).to_contain_text(str(keys[0]))
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.server}{INSTANCES}{keys[0]}/")
    # a page of the sidebar
    expect(page.locator("#instance[data-ready]")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("batches")
    expect(page.locator("#find-hits")).to_contain_text("Page")
    page.keyboard.press("Escape")
    expect(page.locator("#find-hits")).to_be_hidden()
