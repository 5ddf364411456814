"""The pages of alerts, and the menu of saved filters that leads to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from operate.alerts.models import Alert, State
from operate.lists import SavedFilter
from operate.workspaces import Role, add_member
from tests.operate.admin.conftest import Office
from tests.operate.alerts.conftest import Watch, saved

Watching = Callable[..., Watch]
LIST = "/workflow/processinstance/"
ENTERED = {
    "workspace": "shop",
    "direction": "ABOVE",
    "threshold": "3",
    "for_minutes": "10",
    "every_minutes": "5",
    "quiet_minutes": "60",
    "tells_resolved": "on",
    "to_owner": "on",
    "to_role": "",
}


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_menu_of_a_saved_filter_leads_to_its_alert(office: Office) -> None:
    # given
    mine = saved(office)
    client = office.of("petra")
    page = f"/operate/alert/of/{mine.pk}/"
    assert page in text_of(client.get(LIST))
    # when
    offered = text_of(client.get(page))
    assert "There is no alert on this filter yet." in offered
    answer = client.post(page, ENTERED)
    # then
    alert = Alert.objects.get()
    assert answer.url == f"/operate/alert/{alert.pk}/"
    assert (alert.owner, alert.saved_filter, alert.workspace) == (office.people["petra"], mine, office.shop)
    assert (alert.threshold, alert.for_minutes, alert.every_minutes, alert.quiet_minutes) == (3, 10, 5, 60)
    assert (alert.tells_resolved, alert.to_owner, alert.to_role, alert.to_webhooks) == (True, True, "", False)
    shown = text_of(client.get(answer.url))
    assert "Alert saved." in shown
    assert "It tells when more than 3 match for 10 min." in shown
    assert "notifications_active" in text_of(client.get(LIST))
    assert Alert.history.get().history_user == office.people["petra"]


def test_the_list_of_instances_costs_the_same_with_alerts(office: Office, watch: Watching) -> None:
    filters = [saved(office, name=str(number)) for number in range(5)]
    client = office.of("petra")
    client.get(LIST)
    with CaptureQueriesContext(connection) as before:
        client.get(LIST)
    for each in filters:
        watch(filter=each)
    with CaptureQueriesContext(connection) as after:
        client.get(LIST)
    assert len(after) == len(before)


def test_what_it_is_about_begins_anew_and_whom_it_tells_does_not(office: Office, watch: Watching) -> None:
    office.start()
    watched = watch(threshold=0)
    watched.after()
    page = f"/operate/alert/{watched.alert.pk}/"
    same = ENTERED | {"threshold": "0", "for_minutes": "0"}
    office.of("petra").post(page, same | {"quiet_minutes": "5"})
    assert (Alert.objects.get().state, Alert.objects.get().quiet_minutes) == (State.FIRING, 5)
    office.of("petra").post(page, same | {"threshold": "1"})
    assert Alert.objects.get().state == State.NEW


def test_changing_it_begins_anew_and_wakes_a_stopped_one(office: Office, watch: Watching) -> None:
    watched = watch(threshold=0)
    Alert.objects.update(state=State.STOPPED, problem="gone")
    office.of("petra").post(f"/operate/alert/{watched.alert.pk}/", ENTERED | {"threshold": "7"})
    alert = Alert.objects.get()
    assert (alert.state, alert.problem, alert.threshold) == (State.NEW, "", 7)
    assert Alert.history.count() == 2


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"threshold": "-1"}, "greater than or equal to 0"),
        ({"threshold": "x"}, "whole number"),
        ({"every_minutes": "2"}, "Select a valid choice"),
        ({"to_owner": ""}, "An alert has to tell somebody"),
        ({"workspace": "bank"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_kept(office: Office, wrong: dict[str, str], problem: str) -> None:
    page = f"/operate/alert/of/{saved(office).pk}/"
    answer = office.of("petra").post(page, {name: value for name, value in (ENTERED | wrong).items() if value})
    assert (answer.status_code, problem in text_of(answer)) == (400, True)
    assert not Alert.objects.exists()


def test_only_administrators_tell_others(office: Office) -> None:
    # given
    page = f"/operate/alert/of/{saved(office, 'stella', workspace=office.shop).pk}/"
    others = ENTERED | {"to_role": "OPERATOR", "to_webhooks": "on"}
    # when
    offered = text_of(office.of("petra").get(page))
    office.of("petra").post(page, others)
    office.of("stella").post(page, others)
    # then
    assert "Only administrators of the workspace tell others:" in offered
    rows = {alert.owner.username: (alert.to_role, alert.to_webhooks) for alert in Alert.objects.all()}
    assert rows == {"petra": ("", False), "stella": ("OPERATOR", True)}


def test_a_filter_of_somebody_else_is_not_there(office: Office) -> None:
    private = saved(office, "stella")
    assert office.of("petra").get(f"/operate/alert/of/{private.pk}/").status_code == 404
    assert office.of("nobody").get(f"/operate/alert/of/{saved(office, 'nobody').pk}/").status_code == 403


def test_owners_and_administrators_see_an_alert_and_nobody_else(office: Office, watch: Watching) -> None:
    alert = watch("petra").alert
    page = f"/operate/alert/{alert.pk}/"
    assert [office.of(who).get(page).status_code for who in ("petra", "stella", "sam", "paul")] == [200, 200, 404, 404]
    assert "Running" in text_of(office.of("stella").get("/operate/alert/"))
    assert "No alerts" in text_of(office.of("sam").get("/operate/alert/"))
    assert "only its owner changes it" in text_of(office.of("stella").get(page))
    assert office.of("stella").post(page, ENTERED).status_code == 403
    assert Alert.objects.get().threshold == 1


def test_it_is_muted_told_again_and_removed(office: Office, watch: Watching) -> None:
    page = f"/operate/alert/{watch('petra').alert.pk}/do/"
    office.of("petra").post(page, {"do": "mute"})
    assert Alert.objects.get().is_muted
    office.of("stella").post(page, {"do": "unmute"})
    assert not Alert.objects.get().is_muted
    assert office.of("sam").post(page, {"do": "remove"}).status_code == 404
    assert office.of("petra").post(page, {"do": "x"}).status_code == 404
    assert office.of("stella").post(page, {"do": "remove"}).url == "/operate/alert/"
    assert not Alert.objects.exists()
    assert [row.history_type for row in Alert.history.order_by("history_id")] == ["+", "~", "~", "-"]
    assert SavedFilter.objects.exists()


def test_what_has_happened_is_shown(office: Office, watch: Watching) -> None:
    office.start()
    watched = watch(threshold=0)
    watched.after()
    shown = text_of(office.of("petra").get(f"/operate/alert/{watched.alert.pk}/"))
    assert "Fired" in shown
    assert "More than 0 process instances match." in shown
    listed = text_of(office.of("petra").get("/operate/alert/?state=FIRING"))
    assert "more than 0 match" in listed
    assert "Nothing matches these filters." in text_of(office.of("petra").get("/operate/alert/?state=CALM"))


def test_it_counts_where_the_filter_says(office: Office) -> None:
    add_member(office.people["petra"], office.bank, Role.OPERATOR)
    page = office.of("petra").get(f"/operate/alert/of/{saved(office, query='workspace=shop&state=active').pk}/")
    assert page.context["form"].initial["workspace"] == "shop"
    shared = saved(office, "stella", name="All", workspace=office.shop)
    page = office.of("petra").get(f"/operate/alert/of/{shared.pk}/")
    assert [slug for slug, _name in page.context["form"].fields["workspace"].choices] == ["shop"]
