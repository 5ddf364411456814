"""The office of the page tests, and alerts on what is in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operate.alerts import checking
from operate.alerts.configuring import set_up
from operate.alerts.models import Alert
from operate.lists import SavedFilter
from operate.notifications.models import Notice
from tests.operate.admin.conftest import Office
from tests.operate.admin.conftest import office as office

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def saved(
    office: Office, who: str = "petra", query: str = "state=active", name: str = "Running", **more: Any
) -> SavedFilter:
    return SavedFilter.objects.create(
        list_name="process_instances", owner=office.people[who], name=name, query=query, **more
    )


class Watch:
    """An alert, its clock, and what it tells."""

    def __init__(self, office: Office, alert: Alert) -> None:
        self.office = office
        self.alert = alert
        self.now = START
        Alert.objects.update(next_check_at=START)

    def after(self, minutes: int = 0) -> list[str]:
        """Let some minutes pass, check what is due, and see what is told."""
        self.now += timedelta(minutes=minutes)
        before = set(Notice.objects.values_list("pk", flat=True))
        checking.check_due(self.now)
        self.alert = Alert.objects.select_related("saved_filter", "owner", "workspace").get(pk=self.alert.pk)
        return [notice.subject for notice in Notice.objects.exclude(pk__in=before).order_by("pk")]

    @property
    def happened(self) -> list[str]:
        return list(self.alert.events.order_by("key").values_list("happening", flat=True))


@pytest.fixture
def watch(office: Office) -> Callable[..., Watch]:
    def make(
        who: str = "petra", *, query: str = "state=active", filter: SavedFilter | None = None, **chosen: Any
    ) -> Watch:
        chosen = {"threshold": 1, "every_minutes": 1} | chosen
        made = set_up(office.people[who], filter or saved(office, who, query), office.shop, chosen)
        return Watch(office, made)

    return make
