"""/api/audit-events: found, told, page by page, and exported."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from audit.models import AuditEvent, Channel
from operate.masking.models import MaskedVariable
from operate.masking.patterns import MASK
from operate.workspaces import Role
from tests.operate.api.fettle.conftest import Api
from workflow.models import Workspace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def events(db) -> Workspace:
    """Five events of the default workspace, one of another."""
    here = Workspace.objects.get(slug="<default>")
    body = {"variables": [{"name": "customer", "before": {"iban": 1}, "after": {"iban": 2}}]}
    facts = {"channel": "ADMIN", "event": "Update", "subject": "Process variables", "result": "SUCCESS"}
    for minute in range(5):
        actor = "ann" if minute % 2 else "ben"
        AuditEvent.objects.create(
            workspace=here,
            at=NOON + timedelta(minutes=minute),
            actor_name=actor,
            process_id="order",
            body=body,
            **facts,
        )
    elsewhere = Workspace.objects.create(slug="cards", name="Cards")
    AuditEvent.objects.create(workspace=elsewhere, at=NOON, actor_name="ann", **facts)
    MaskedVariable.objects.create(workspace=here, process_id="order", pattern="customer.iban")
    return here


@pytest.fixture
def auditor(user_with) -> Api:
    return Api(user_with(Role.AUDITOR))


def test_events_come_newest_first_page_by_page(auditor, events):
    first = auditor("audit-events/search", {"limit": 2})
    second = auditor("audit-events/search", {"limit": 2, "after": first["next"]})
    third = auditor("audit-events/search", {"limit": 2, "after": second["next"]})
    found = [each["at"] for page in (first, second, third) for each in page["items"]]
    assert found == [(NOON + timedelta(minutes=minute)).isoformat() for minute in (4, 3, 2, 1, 0)]
    assert third["next"] is None


def test_filters_have_the_names_of_the_page(auditor, events):
    found = auditor("audit-events/search", {"actor": "ann", "since": "2026-03-02T12:02", "variable": "customer"})
    assert [each["actor"] for each in found["items"]] == ["ann"]
    assert auditor("audit-events/search", {"event": "Cancel"})["items"] == []
    assert len(auditor("audit-events/search", {"workspace": "<default>"})["items"]) == 5


def test_an_event_tells_all_with_what_is_masked_hidden(auditor, events):
    told = auditor("audit-events/search", {"limit": 1})["items"][0]
    assert told["body"] == {"variables": [{"name": "customer", "before": {"iban": MASK}, "after": {"iban": MASK}}]}
    assert (told["actor"], told["event"], told["subject"]) == ("ben", "Update", "Process variables")
    assert (told["workspace"], told["process_id"]) == ("<default>", "order")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"event": "Explode"}, "event"),
        ({"since": "yesterday"}, "since"),
        ({"request": "x"}, "request"),
        ({"key": "x"}, "key"),
        ({"limit": 0}, "limit"),
        ({"after": "x"}, "after"),
        ({"workspace": "cards"}, "workspace"),
        ({"wrong": 1}, "wrong"),
    ],
)
def test_what_is_no_filter_is_refused(auditor, events, body, problem):
    assert problem in auditor("audit-events/search", body, status=400)["detail"]


def test_who_may_not_read_the_log_finds_nothing(user_with, events):
    operator = Api(user_with(Role.OPERATOR))
    assert operator("audit-events/search", {}) == {"items": [], "next": None}
    assert json.loads(operator.send("audit-events/export", {}).getvalue()) == []


def test_an_export_is_streamed_and_recorded(auditor, events):
    answer = auditor.send("audit-events/export", {"format": "csv", "actor": "ann"})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert answer.streaming
    assert [row["actor"] for row in rows] == ["ann", "ann"]
    assert MASK in rows[0]["body"]
    export = AuditEvent.objects.get(event="Export")
    assert (export.channel, export.actor_name) == (Channel.API, auditor.user.username)
    assert export.body == {"format": "csv", "filters": {"actor": "ann"}}
    assert auditor.send("audit-events/export", {"format": "xml"}).status_code == 400
