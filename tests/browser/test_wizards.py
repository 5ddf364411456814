"""Moving, restarting, migrating and editing variables of many: how many clicks they take, and that nothing is lost on the way."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from operate.admin import offers
from operate.admin.instance_list import LIST
from operate.batch.models import Batch
from operate.batch.running import run_due_jobs
from operate.lists import SavedFilter
from tests.browser.clicks import Hand
from tests.browser.conftest import LOAN, Office
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.services import Resource, cancel_process_instance, deploy

INSTANCES = "/workflow/processinstance/"


def save_filter(office: Office, username: str, name: str, query: str) -> None:
    owner = get_user_model()._default_manager.get(username=username)
    SavedFilter.objects.create(list_name=LIST, name=name, query=query, owner=owner)


def standing(key: int) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=key, state="ACTIVE", active_children=0)
    return sorted(rows.values_list("element_id", flat=True))


def ready(page: Page) -> None:
    expect(page.locator("#wizard[data-ready]")).to_be_visible()


def applicable(page: Page) -> None:
    """The preview is there, and nothing speaks against it."""
    expect(page.locator("#apply")).not_to_have_attribute("aria-disabled", "true")


def newer_loan(office: Office, *, without: str = "") -> int:
    """Version 2 of the loan application; the task that `without` names has another id in it."""
    xml = LOAN.read_text().replace('name="Check completeness"', 'name="Check all documents"')
    if without:
        xml = xml.replace(f'"{without}"', f'"{without}_2"').replace(f">{without}<", f">{without}_2<")
    resource = Resource(LOAN.name, xml.encode())
    return deploy([resource], workspace_id=office.workspace.pk, fallback=Semantics.CAMUNDA_7).definitions[0].key


def test_fifty_filtered_instances_are_moved_with_five_clicks(office: Office) -> None:
    keys = [office.loan() for _ in range(52)]
    save_filter(office, "omar", "Waiting for a check", "process=loan_application&element=check_completeness")
    page = office.login("omar")
    hand = Hand(page)
    hand.click(page.get_by_role("link", name="Waiting for a check"))
    hand.click(page.get_by_role("button", name="Select all matching"))
    expect(page.locator("[data-bulk-count]")).to_have_text("52 selected")
    hand.click(page.get_by_role("button", name="Move…"))
    ready(page)
    expect(page.locator("#hint")).to_contain_text("From “Check completeness”")
    hand.element("decline_loan_application")
    expect(page.locator("#preview")).to_contain_text("52 of 52 tried succeed.")
    applicable(page)
    assert standing(keys[0]) == ["check_completeness"]
    hand.click(page.locator("#apply"))
    page.wait_for_url("**/operate/batch/*/")
    hand.needed_at_most(8)
    run_due_jobs()
    assert {tuple(standing(key)) for key in keys} == {("decline_loan_application",)}
    # what was selected is handled
    page.goto(f"{INSTANCES}?process=loan_application&element=check_completeness")
    expect(page.locator("[data-bulk]")).to_have_count(0)


def test_source_and_target_are_chosen_on_the_diagram(office: Office) -> None:
    keys = [office.loan(), office.loan()]
    page = office.login("omar")
    page.goto(f"{INSTANCES}?process=loan_application")
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    page.keyboard.press("m")
    ready(page)
    hand = Hand(page)
    hand.element("check_completeness")  # the only place: it is preselected, so this gives it up
    expect(page.locator("#apply")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#preview")).to_contain_text("Choose on the diagram where the tokens stand.")
    hand.element("decline_loan_application")
    expect(page.locator("#hint")).to_contain_text("None of the selected instances is there.")
    hand.element("check_completeness")
    hand.element("decline_loan_application")
    expect(page.locator("#source")).to_have_value("check_completeness")
    expect(page.locator("#target")).to_have_value("decline_loan_application")
    expect(page.locator("#preview")).to_contain_text("2 of 2 tried succeed.")
    # turning back keeps the selection
    page.get_by_role("link", name="Back").click()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    assert {tuple(standing(key)) for key in keys} == {("check_completeness",)}


def test_a_canceled_instance_is_restarted_where_it_stood_with_two_clicks(office: Office) -> None:
    key = office.loan()
    cancel_process_instance(key)
    page = office.login("omar")
    page.goto(f"{INSTANCES}{key}/")
    hand = Hand(page)
    hand.click(page.get_by_role("link", name="Restart", exact=True))
    ready(page)
    expect(page.get_by_role("checkbox", name="Check completeness")).to_be_checked()
    applicable(page)
    hand.click(page.locator("#apply"))
    expect(page.locator("#toasts")).to_contain_text(f"Process instance {key} restarted as")
    hand.needed_at_most(11)
    again = ProcessInstance.objects.get(restarted_from=key)
    assert page.url == f"{office.server}{INSTANCES}{again.key}/"
    assert standing(again.key) == ["check_completeness"]
    expect(page.locator("#panel-facts")).to_contain_text(str(key))


def test_an_instance_is_migrated_to_the_newest_version_with_four_clicks_at_most(office: Office) -> None:
    key = office.loan()
    newer_loan(office)
    page = office.login("omar")
    page.goto(f"{INSTANCES}{key}/")
    hand = Hand(page)
    hand.click(page.get_by_label("More actions"))
    hand.click(page.get_by_role("link", name="Migrate…"))
    ready(page)
    expect(page.locator("#target")).to_contain_text("version 2 (latest)")
    applicable(page)
    hand.click(page.locator("#apply"))
    expect(page).to_have_url(f"{office.server}{INSTANCES}{key}/")
    hand.needed_at_most(14)
    assert ProcessInstance.objects.get(pk=key).version == 2


def test_only_what_has_no_counterpart_is_asked_and_the_row_says_what_is_wrong(office: Office) -> None:
    key = office.loan()
    newer_loan(office, without="check_completeness")
    page = office.login("omar")
    page.goto(f"/operate/batch/new/?operation=migrate&key={key}")
    ready(page)
    row = page.locator("[data-source='check_completeness']")
    expect(row).to_be_visible()
    expect(page.locator("[data-source='decline_loan_application']")).not_to_be_visible()
    expect(page.locator("#apply")).to_have_attribute("aria-disabled", "true")
    expect(row.locator("[data-failures]")).to_be_visible()
    row.locator("select").select_option("check_completeness_2")
    applicable(page)
    expect(row.locator("[data-failures]")).to_be_hidden()
    page.locator("#apply").click()
    expect(page).to_have_url(f"{office.server}{INSTANCES}{key}/")
    assert standing(key) == ["check_completeness_2"]


def test_a_variable_of_all_matching_is_changed_with_five_clicks(office: Office) -> None:
    keys = [office.loan(tier="gold") for _ in range(3)]
    save_filter(office, "ada", "Loans", "process=loan_application")
    page = office.login("ada")
    hand = Hand(page)
    hand.click(page.get_by_role("link", name="Loans", exact=True))
    hand.click(page.get_by_label("Select all on this page"))
    hand.click(page.get_by_role("button", name="Variables…"))
    ready(page)
    expect(page.get_by_label("Variable", exact=True)).to_be_focused()
    hand.type("tier")
    hand.press("Tab")
    hand.type('"silver"')
    expect(page.locator(".ft-diff").first).to_contain_text('− tier: "gold"')
    expect(page.locator(".ft-diff").first).to_contain_text('+ tier: "silver"')
    applicable(page)
    hand.click(page.locator("#apply"))
    page.wait_for_url("**/operate/batch/*/")
    hand.needed_at_most(10)
    run_due_jobs()
    values = Variable.objects.filter(scope_key__in=keys, name="tier").values_list("value", flat=True)
    assert list(values) == ["silver"] * 3


def test_a_preview_that_fails_blocks_applying_and_shows_the_error(office: Office) -> None:
    [office.loan() for _ in range(2)]
    page = office.login("ada")
    page.goto(f"{INSTANCES}?process=loan_application")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Variables…").click()
    ready(page)
    page.get_by_label("Variable", exact=True).fill("tier")
    page.get_by_label("Value", exact=True).fill("silver")
    expect(page.locator("#preview [role=alert]")).to_contain_text("Texts stand in double quotes.")
    apply = page.locator("#apply")
    expect(apply).to_have_attribute("aria-disabled", "true")
    apply.click(force=True)
    expect(page.locator("#toasts")).to_contain_text("Texts stand in double quotes.")
    # the server gone: still nothing can be applied
    page.route("**/new/preview/", lambda route: route.abort())
    page.get_by_label("Value", exact=True).fill('"silver"')
    expect(page.locator("#preview [role=alert]")).to_contain_text("The preview failed")
    expect(apply).to_have_attribute("aria-disabled", "true")
    page.unroute("**/new/preview/")
    page.get_by_label("Value", exact=True).fill('"silver" ')
    applicable(page)
    assert not Batch.objects.exists()


def test_a_large_dangerous_operation_is_confirmed_by_typing_the_number(office: Office) -> None:
    keys = [office.loan() for _ in range(offers.TYPED_IF_DANGEROUS + 1)]
    page = office.login("omar")
    page.goto(f"{INSTANCES}?process=loan_application")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_label(f"Type {len(keys)} to confirm").fill("3")
    page.get_by_role("button", name=f"Cancel {len(keys)} process instances").click()
    expect(page.locator("[role=alert]")).to_contain_text(f"Type the number {len(keys)} to confirm.")
    page.get_by_label(f"Type {len(keys)} to confirm").fill(str(len(keys)))
    page.get_by_role("button", name=f"Cancel {len(keys)} process instances").click()
    page.wait_for_url("**/operate/batch/*/")
    assert Batch.objects.get().total == len(keys)
