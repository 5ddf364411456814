"""Roles, masked variables and the audit log, as people use them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from audit.models import AuditEvent, Channel
from operate.actions import SetVariables
from operate.masking.models import MaskedVariable
from operate.workspaces import Role, add_member
from tests.browser.clicks import Hand
from tests.browser.conftest import Office
from workflow.models import ProcessInstance


def edited(office: Office) -> int:
    """A loan application whose customer Ada has changed."""
    key = office.loan(customer={"name": "Ann Lee", "iban": "DE12", "city": "Bern"})
    ada = get_user_model()._default_manager.get(username="ada")
    changed = {"customer": {"name": "Ann Lee", "iban": "FR99", "city": "Basel"}}
    SetVariables(ada, channel=Channel.ADMIN, reason="CASE-7").execute(key, changed)
    return key


def workspace_page(office: Office, username: str) -> Page:
    page = office.login(username)
    page.goto("/workflow/workspace/")
    page.get_by_role("link", name="Loans", exact=True).click()
    expect(page.get_by_role("heading", name="Members")).to_be_visible()
    return page


def test_a_workspace_administrator_gives_a_group_a_role_and_sees_who_may_do_what(office: Office) -> None:
    # given
    night = Group.objects.create(name="Night shift")
    nina = get_user_model()._default_manager.create_user("nina", password="nina", is_staff=True, first_name="Nina")
    nina.groups.add(night)
    page = workspace_page(office, "ada")
    # when
    page.get_by_label("Group to add as Operator").fill("Night shift")
    page.get_by_label("Group to add as Operator").press("Enter")
    # then
    expect(page.locator("#toasts")).to_contain_text("Night shift now has the role “Operator”.")
    # and it is told why
    page.get_by_role("link", name="Who may do what").click()
    modify = page.get_by_role("row", name="Modify process instances")
    expect(modify).to_contain_text("group Night shift")
    expect(page.get_by_role("row", name="Edit process variables")).not_to_contain_text("Night shift")
    # and kept
    page.go_back()
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("OPERATOR: Night shift")
    expect(page.locator("tbody tr").first).to_contain_text("ada")
    # and it holds
    other = office.login("nina")
    other.goto("/workflow/processinstance/")
    expect(other.locator("h1")).to_contain_text("Process instances")


def test_who_may_not_manage_reads_why_and_whom_to_ask(office: Office) -> None:
    page = workspace_page(office, "sam")
    save = page.get_by_role("button", name="Save")
    expect(save).to_have_attribute("aria-disabled", "true")
    expect(save).to_have_attribute(
        "title", re.compile("You lack the right 'manage_workspace' .* in workspace 'Loans'. Ask ada.")
    )
    expect(page.get_by_role("button", name="Who may do what")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_label("User to add as Operator")).to_have_count(0)


def test_a_masked_value_is_hidden_until_it_is_revealed_on_record(office: Office) -> None:
    # given
    key = edited(office)
    page = office.login("ada")
    definition = ProcessInstance.objects.get(pk=key).definition_key
    page.goto(f"/workflow/processdefinition/{definition}/")
    # when
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Masked variables…").click()
    page.get_by_label("Pattern").fill("customer.iban")
    page.get_by_label("Why").fill("data protection")
    page.get_by_role("button", name="Mask").click()
    expect(page.locator("#toasts")).to_contain_text("'customer.iban' is masked from now on.")
    # then
    page.goto(f"/audit/auditevent/?instance={key}&variable=customer")
    page.locator("tbody tr a").first.click()
    expect(page.locator(".ft-diff .is-changed")).to_contain_text("Basel")
    expect(page.locator("body")).not_to_contain_text("FR99")
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".ft-diff")).to_contain_text("FR99")
    assert AuditEvent.objects.filter(event="Reveal", process_instance_key=key, actor_name="ada").exists()


def test_an_auditor_exports_a_case_with_two_clicks(office: Office, tmp_path: Path) -> None:
    # given
    key = edited(office)
    MaskedVariable.objects.create(workspace=office.workspace, process_id="loan_application", pattern="customer.iban")
    audrey = get_user_model()._default_manager.create_user("aud", password="aud", is_staff=True)
    add_member(audrey, office.workspace, Role.AUDITOR)
    page = office.login("aud")
    office.open(page, key)
    # when
    hand = Hand(page)
    hand.click(page.get_by_role("tab", name="Audit"))
    with page.expect_download() as download:
        hand.click(page.get_by_role("link", name="Export CSV"))
    hand.needed_at_most(16)
    # then
    file = tmp_path / "case.csv"
    download.value.save_as(file)
    [row] = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    assert (row["actor"], row["event"], row["reason"]) == ("ada", "Update", "CASE-7")
    assert "FR99" not in row["body"]


def test_the_audit_log_is_walked_event_by_event(office: Office) -> None:
    # given
    key = edited(office)
    edit_again = {"customer": {"name": "Ann Lee", "iban": "FR99", "city": "Chur"}}
    SetVariables(get_user_model()._default_manager.get(username="ada"), channel=Channel.ADMIN).execute(key, edit_again)
    page = office.login("ada")
    # when
    page.goto(f"/audit/auditevent/?instance={key}")
    page.locator("tbody tr a").first.click()
    # then
    expect(page.locator(".ft-diff")).to_contain_text("Chur")
    expect(page.get_by_role("button", name="← Newer")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Older →").click()
    expect(page.locator(".ft-diff")).to_contain_text("Bern")
    page.get_by_role("link", name="← Newer").click()
    expect(page.locator(".ft-diff")).to_contain_text("Chur")
    page.get_by_role("link", name="Audit log").first.click()
    expect(page.locator("tbody tr")).to_have_count(2)
