"""When an alert tells, what, and whom: counted with its owner's own rights, never further than it matters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from operate.alerts import checking, counting
from operate.alerts.models import Alert, AlertEvent, State
from operate.notifications.models import Notification, Way, Webhook
from operate.tasks import checking as scheduled
from operate.workspaces import Role, add_group, add_member, remove_member
from tests.operate.admin.conftest import Office
from tests.operate.alerts.conftest import START, Watch, saved
from workflow.services import cancel_process_instance

Watching = Callable[..., Watch]


def start(office: Office, number: int, **more: Any) -> list[int]:
    return [office.start(**more).key for _ in range(number)]


def end(keys: list[int]) -> None:
    for key in keys:
        cancel_process_instance(key)


def test_it_fires_once_above_the_threshold_and_tells_when_it_is_over(office: Office, watch: Watching) -> None:
    watched = watch(threshold=2)
    keys = start(office, 2)
    assert watched.after() == []
    assert (watched.alert.state, watched.alert.count) == (State.CALM, 2)
    keys += start(office, 3)
    assert watched.after(1) == ["Alert: Running"]
    assert (watched.alert.state, watched.alert.count, watched.alert.since) == (State.FIRING, 3, watched.now)
    assert watched.after(1) == []
    end(keys[:3])
    assert watched.after(1) == ["Resolved: Running"]
    assert watched.alert.state == State.CALM
    assert watched.happened == ["FIRED", "RESOLVED"]


def test_it_fires_below_a_threshold_too(office: Office, watch: Watching) -> None:
    watched = watch(direction="BELOW", threshold=1)
    assert watched.after() == ["Alert: Running"]
    assert watched.alert.count == 0
    start(office, 1)
    assert watched.after(1) == ["Resolved: Running"]


def test_what_passes_sooner_than_it_should_last_is_not_told(office: Office, watch: Watching) -> None:
    watched = watch(threshold=0, for_minutes=10)
    keys = start(office, 1)
    assert (watched.after(), watched.alert.state) == ([], State.WAITING)
    since = watched.alert.since
    assert watched.after(9) == []
    end(keys)
    assert (watched.after(0), watched.after(1), watched.alert.state) == ([], [], State.CALM)
    start(office, 1)
    assert watched.after(1) == []
    assert watched.alert.since != since
    assert (watched.after(9), watched.after(1)) == ([], ["Alert: Running"])


def test_it_is_checked_as_often_as_it_says(office: Office, watch: Watching) -> None:
    start(office, 1)
    watched = watch(threshold=0, every_minutes=15)
    assert watched.after() == ["Alert: Running"]
    end([row.pk for row in counting.matching(watched.alert.saved_filter, office.people["petra"], office.shop.pk)])
    assert watched.after(14) == []
    assert watched.after(1) == ["Resolved: Running"]


def test_it_tells_again_after_its_quiet_time_or_never(office: Office, watch: Watching) -> None:
    start(office, 1)
    watched = watch(threshold=0, quiet_minutes=30)
    assert watched.after() == ["Alert: Running"]
    assert watched.after(29) == []
    assert watched.after(1) == ["Still: Running"]
    assert watched.after(29) == []
    Alert.objects.update(quiet_minutes=0)
    assert watched.after(600) == []
    assert watched.happened == ["FIRED", "REPEATED"]


def test_a_muted_one_goes_on_in_silence(office: Office, watch: Watching) -> None:
    keys = start(office, 1)
    watched = watch(threshold=0, is_muted=True)
    assert watched.after() == []
    end(keys)
    assert watched.after(1) == []
    assert list(AlertEvent.objects.values_list("happening", "was_told").order_by("key")) == [
        ("FIRED", False),
        ("RESOLVED", False),
    ]


def test_the_end_is_not_told_where_that_is_not_wanted(office: Office, watch: Watching) -> None:
    keys = start(office, 1)
    watched = watch(threshold=0, tells_resolved=False)
    watched.after()
    end(keys)
    assert watched.after(1) == []
    assert watched.happened == ["FIRED", "RESOLVED"]


# -- whom


def told(way: Way = Way.PAGE) -> set[str]:
    rows = Notification.objects.filter(way=way).select_related("recipient")
    return {row.recipient.username for row in rows}


def test_the_owner_is_told_what_and_where(office: Office, watch: Watching) -> None:
    start(office, 3)
    watched = watch(threshold=1, for_minutes=0)
    watched.after()
    assert told() == {"petra"}
    [row] = Notification.objects.select_related("notice")
    assert row.notice.text == "More than 1 process instances match now. The alert: more than 1 match."
    assert row.notice.url == "/workflow/processinstance/?state=active&workspace=shop"
    assert (row.notice.workspace, row.notice.kind) == (office.shop, "ALERT")
    assert row.notice.facts == {
        "alert": str(watched.alert.pk),
        "filter": "Running",
        "happening": "FIRED",
        "direction": "ABOVE",
        "threshold": 1,
        "count": 2,
    }


def test_who_holds_a_role_is_told_in_person_or_by_a_group_each_once(office: Office, watch: Watching) -> None:
    night = Group.objects.create(name="Night")
    office.people["aud"].groups.add(night)
    office.people["petra"].groups.add(night)
    add_group(night, office.shop, Role.OPERATOR)
    start(office, 1)
    watch("stella", threshold=0, to_owner=False, to_role="OPERATOR").after()
    assert told() == {"petra", "aud"}
    assert Notification.objects.count() == 2


@pytest.mark.parametrize("to_webhooks", [True, False])
def test_webhooks_are_called_if_that_is_wanted(office: Office, watch: Watching, to_webhooks: bool) -> None:
    Webhook.objects.create(workspace=office.shop, url="http://127.0.0.1:9/", secret="s", kinds=["ALERT"])
    start(office, 1)
    watch("stella", threshold=0, to_webhooks=to_webhooks).after()
    assert Notification.objects.filter(way=Way.WEBHOOK).exists() is to_webhooks


# -- counting


def test_it_counts_one_row_beyond_the_threshold_with_a_limit_of_time(office: Office, watch: Watching) -> None:
    start(office, 5)
    watched = watch(threshold=2)
    with CaptureQueriesContext(connection) as captured:
        watched.after()
    statements = [each["sql"] for each in captured.captured_queries]
    [counted] = [sql for sql in statements if "COUNT(*)" in sql and "LIMIT 3" in sql]
    position = statements.index(counted)
    assert "SET LOCAL statement_timeout = '10s'" in statements[:position]
    assert "SET LOCAL statement_timeout = DEFAULT" in statements[position:]
    assert watched.alert.count == 3


def test_it_counts_in_its_workspace_and_what_its_owner_sees(office: Office, watch: Watching) -> None:
    add_member(office.people["petra"], office.bank, Role.OPERATOR)
    start(office, 2)
    start(office, 3, workspace=office.bank)
    watched = watch(threshold=100)
    watched.after()
    assert watched.alert.count == 2


def test_filters_of_every_kind_are_counted(office: Office, watch: Watching) -> None:
    start(office, 2, variables={"amount": 5})
    start(office, 1, business_key="ORD-1")
    for query, found in (
        ("variable=amount&value=5", 2),
        ("business_key=ORD-1", 1),
        ("process=delivery_camunda7&waiting=on", 0),
        ("element=approve", 3),
        ("state=all&notes=on", 0),
    ):
        filter = saved(office, query=query, name=query)
        watched = watch(filter=filter, threshold=50)
        watched.after()
        assert (query, watched.alert.count, watched.alert.problem) == (query, found, "")


# -- trouble


def test_a_filter_that_means_nothing_any_more_is_told_once_to_the_owner(office: Office, watch: Watching) -> None:
    watched = watch("stella", threshold=0, to_role="OPERATOR")
    watched.alert.saved_filter.query = "variable=n&value=%7B"
    watched.alert.saved_filter.save()
    assert watched.after() == ["Alert could not be checked: Running"]
    assert told() == {"stella"}
    assert "The filter is not valid any more: JSON value" in watched.alert.problem
    assert watched.after(1) == []
    watched.alert.saved_filter.query = "state=active"
    watched.alert.saved_filter.save()
    watched.after(1)
    assert (watched.alert.problem, watched.alert.state) == ("", State.CALM)


def test_counting_that_takes_too_long_is_given_up(
    office: Office, watch: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow:
        def order_by(self) -> Slow:
            return self

        def __getitem__(self, part: slice) -> Slow:
            return self

        def count(self) -> int:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '5ms'")
                cursor.execute("SELECT pg_sleep(10)")
            raise AssertionError("Expected the database to give up.")

    watched = watch(threshold=0)
    monkeypatch.setattr(counting, "matching", lambda *args: Slow())
    assert watched.after() == ["Alert could not be checked: Running"]
    assert "Counting took more than 10 seconds" in watched.alert.problem


def test_a_defect_in_one_alert_does_not_stop_the_others(
    office: Office, watch: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = watch(filter=saved(office, name="Broken"), threshold=0)
    fine = watch(filter=saved(office, name="Fine"), threshold=0)
    start(office, 1)
    count = counting.count

    def failing(alert: Alert) -> int:
        if alert.pk == broken.alert.pk:
            raise ZeroDivisionError
        return count(alert)

    monkeypatch.setattr(checking, "count", failing)
    assert fine.after() == ["Alert: Fine"]
    broken.alert.refresh_from_db()
    assert "the server failed" in broken.alert.problem
    assert broken.alert.next_check_at == START + timedelta(minutes=1)


def test_an_owner_who_sees_the_workspace_no_more_stops_it_with_a_note(office: Office, watch: Watching) -> None:
    start(office, 3)
    watched = watch(threshold=0)
    remove_member(office.people["petra"], office.shop)
    assert watched.after() == ["Alert stopped: Running"]
    assert not Notification.objects.exists()  # nobody hears of a workspace that is hidden from them
    assert watched.alert.state == State.STOPPED
    assert watched.alert.problem == "'petra' does not see workspace 'Shop' any more."
    assert watched.after(60) == []


def test_an_owner_who_left_or_lost_the_filter_stops_it(office: Office, watch: Watching) -> None:
    shared = saved(office, "stella", workspace=office.shop)
    watched = watch("petra", filter=shared, threshold=0)
    watched.after()
    assert watched.alert.state == State.CALM
    shared.workspace = None
    shared.save()
    assert watched.after(1) == ["Alert stopped: Running"]
    assert watched.alert.problem == "'petra' may not use the filter 'Running' any more."
    own = watch("stella", filter=shared, threshold=0)
    office.people["stella"].is_active = False
    office.people["stella"].save()
    own.after(2)
    assert own.alert.problem == "'stella' is not active any more."


def test_a_deleted_filter_takes_its_alerts_along(office: Office, watch: Watching) -> None:
    start(office, 1)
    watched = watch(threshold=0)
    watched.after()
    watched.alert.saved_filter.delete()
    assert not Alert.objects.exists()
    assert not AlertEvent.objects.exists()


def test_checks_write_no_history_of_what_it_is_set_to(office: Office, watch: Watching) -> None:
    start(office, 1)
    watched = watch(threshold=0)
    watched.after()
    watched.after(1)
    assert Alert.history.count() == 1


def test_it_runs_every_minute_and_old_happenings_are_forgotten(office: Office, watch: Watching) -> None:
    start(office, 1)
    watched = watch(threshold=0)
    scheduled.check_alerts(0)
    assert Alert.objects.get().state == State.FIRING
    AlertEvent.objects.update(at=START - timedelta(days=400))
    watched.now = START
    scheduled.forget_alert_events(0)
    assert not AlertEvent.objects.exists()
