"""An alert on a saved filter, from its menu to the bell."""

from __future__ import annotations

import re

from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from operate.alerts import checking
from operate.alerts.models import Alert
from operate.lists import SavedFilter
from tests.browser.conftest import Office
from workflow.persistence.unit_of_work import clock


def test_an_alert_is_set_on_a_saved_filter_fires_and_is_muted(office: Office) -> None:
    # given
    for _ in range(3):
        office.loan()
    omar = office.login("omar")
    omar.goto("/workflow/processinstance/?state=active")
    omar.locator("#saved-filters > summary").click()
    omar.get_by_label("Save the present filters as").fill("Too many loans")
    omar.get_by_role("button", name="Save filter").click()
    # when
    omar.locator("#saved-filters > summary").click()
    omar.get_by_role("link", name="Alert on Too many loans").click()
    expect(omar.get_by_text("There is no alert on this filter yet.")).to_be_visible()
    omar.get_by_label("Threshold").fill("2")
    omar.get_by_label("For at least (minutes)").fill("0")
    omar.get_by_role("button", name="Set alert").click()
    expect(omar.locator("#toasts")).to_contain_text("Alert saved. It is checked within a minute.")
    # then
    assert checking.check_due(clock()) == 1
    omar.reload()
    state = omar.get_by_role("heading", name="Where it stands").locator("xpath=ancestor::section")
    expect(state).to_contain_text("Firing")
    expect(state).to_contain_text("More than 2 process instances match.")
    expect(state.locator("tbody tr")).to_contain_text("Fired")
    # and it is told, and leads to what matches
    omar.goto("/operate/notification/")
    omar.get_by_role("link", name="Alert: Too many loans").click()
    expect(omar).to_have_url(re.compile(r"/workflow/processinstance/\?state=active"))
    expect(omar.locator("tr[data-row]")).to_have_count(3)
    # and it is muted
    omar.locator("#saved-filters > summary").click()
    omar.get_by_role("link", name="Alert on Too many loans").click()
    omar.get_by_role("button", name="Mute").click()
    expect(omar.get_by_role("button", name="Unmute")).to_be_visible()
    assert Alert.objects.get().is_muted


def test_a_removed_filter_takes_its_alert_along(office: Office) -> None:
    # given
    omar = office.login("omar")
    omar.goto("/workflow/processinstance/?state=active")
    omar.locator("#saved-filters > summary").click()
    omar.get_by_label("Save the present filters as").fill("Loans")
    omar.get_by_role("button", name="Save filter").click()
    omar.locator("#saved-filters > summary").click()
    omar.get_by_role("link", name="Alert on Loans").click()
    omar.get_by_role("button", name="Set alert").click()
    expect(omar.locator("#toasts")).to_contain_text("Alert saved")
    # when
    omar.goto("/workflow/processinstance/?state=active")
    omar.locator("#saved-filters > summary").click()
    omar.get_by_role("button", name="Remove the saved filter Loans").click()
    expect(omar.locator("#toasts")).to_contain_text("removed")
    # then
    omar.goto("/operate/alert/")
    expect(omar.get_by_text("No alerts", exact=True)).to_be_visible()
    assert not Alert.objects.exists()
    assert not SavedFilter.objects.exists()


def test_telling_others_is_for_administrators_who_are_named(office: Office) -> None:
    # given
    SavedFilter.objects.create(
        list_name="process_instances",
        owner=get_user_model()._default_manager.get(username="ada"),
        name="Shared",
        query="state=active",
        workspace=office.workspace,
    )
    omar = office.login("omar")
    omar.goto("/workflow/processinstance/")
    omar.locator("#saved-filters > summary").click()
    omar.get_by_role("link", name="Alert on Shared").click()
    # then
    role = omar.get_by_label("Everybody with the role")
    expect(role).to_be_disabled()
    expect(role).to_have_attribute("title", re.compile("You lack the right 'manage_workspace'.*Ask ada"))
    # and
    ada = office.login("ada")
    ada.goto(omar.url)
    ada.get_by_label("Everybody with the role").select_option("OPERATOR")
    ada.get_by_role("button", name="Set alert").click()
    expect(ada.locator("#toasts")).to_contain_text("Alert saved")
    assert Alert.objects.get().to_role == "OPERATOR"
