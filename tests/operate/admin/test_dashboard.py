"""The overview: its figures, where they lead, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from operate import figures
from operate.admin.definitions import running
from operate.figures import HourlyFigure, add_up, percentile
from tests.operate.admin.conftest import Office
from tests.operate.admin.test_instance_list import incident
from workflow.graph import Semantics
from workflow.models import Incident, ProcessInstance
from workflow.services import cancel_process_instance, suspend_process_instance

INSTANCES = "/workflow/processinstance/"
MOST_STATEMENTS = 20


def listed(client: Client, query: str) -> list[int]:
    return [row.key for row in client.get(f"{INSTANCES}?{query}").context["rows"]]


def test_what_runs_is_told_by_process_and_version_and_leads_to_the_list(office: Office) -> None:
    failing, suspended, other = office.start(), office.start(), office.start(Semantics.ZEEBE)
    office.start(workspace=office.bank)
    incident(failing, "no route")
    suspend_process_instance(suspended.key)
    client = office.of("petra")
    page = client.get("/").context
    assert {name: page["total"][name] for name in ("running", "incidents", "suspended")} == {
        "running": 3,
        "incidents": 1,
        "suspended": 1,
    }
    first, second = page["processes"]
    assert (first.running, first.incidents, second.running) == (2, 1, 1)
    [version] = first.versions
    assert listed(client, version.query) == [suspended.key, failing.key]
    assert listed(client, second.query) == [other.key]
    assert listed(client, f"{first.query}&state=incidents") == [failing.key]


def test_one_workspace_alone(office: Office) -> None:
    office.start()
    office.start(workspace=office.bank)
    client = office.of("root")
    assert client.get("/").context["total"]["running"] == 2
    page = client.get("/?workspace=bank")
    assert page.context["total"]["running"] == 1
    assert "workspace=bank" in page.content.decode()
    assert office.of("petra").get("/?workspace=bank").context["total"]["running"] == 1  # not hers: all of hers


def test_incidents_that_say_the_same_are_one_failure_and_lead_to_its_instances(office: Office) -> None:
    alike, also, different = office.start(), office.start(Semantics.ZEEBE), office.start()
    incident(alike, 'no "route" to host\nat line 1')
    incident(also, 'no "route" to host\nat line 2')
    incident(different, "out of stock")
    client = office.of("petra")
    first, second = client.get("/").context["failures"]
    assert (first.message, first.incidents, first.instances) == ('no "route" to host', 2, 2)
    assert sorted(total for _name, _query, total in first.where) == [1, 1]
    assert listed(client, first.query) == [also.key, alike.key]
    assert listed(client, second.query) == [different.key]
    assert {key for _name, query, _total in first.where for key in listed(client, query)} == {alike.key, also.key}


def test_all_with_one_message_are_retried_from_the_overview(office: Office) -> None:
    incident(office.start(), "no route")
    client = office.of("petra")
    [failure] = client.get("/").context["failures"]
    sent = {"operation": "resolve", "everything": "1", "back": f"{INSTANCES}?{failure.query}"}
    assert "Retry incidents of 1 process instance?" in client.post("/operate/batch/new/", sent).content.decode()
    page = office.of("sam").get("/").content.decode()
    assert 'data-why="You lack' in page or "aria-disabled" in page


def test_the_oldest_stuck_come_first(office: Office) -> None:
    instances = [office.start() for _ in range(3)]
    for instance in instances[1:]:
        incident(instance, "no route")
    found = office.of("petra").get("/").context["stuck"]
    assert [row.key for row in found] == [instances[1].key, instances[2].key]
    assert found[0].error == "no route"


def test_history_is_added_up_once(office: Office) -> None:
    started = [office.start() for _ in range(3)]
    cancel_process_instance(started[0].key)
    ProcessInstance.objects.filter(pk=started[1].key).update(
        state="COMPLETED", ended_at=started[1].started_at + timedelta(hours=1)
    )
    now = timezone.now()
    later = now + timedelta(hours=3)
    add_up(later)
    assert add_up(later) == later - figures.LAG
    totals = dict(HourlyFigure.objects.values_list("kind", "total"))
    assert totals == {"STARTED": 3, "CANCELED": 1, "COMPLETED": 1}
    [bucket] = HourlyFigure.objects.filter(kind="COMPLETED").values_list("bucket", flat=True)
    assert 2_500 < (percentile({bucket: 1}, 0.5) or 0) < 5_000
    page = office.of("petra").get("/").context
    assert (page["started"], page["ended"]) == (3, 2)
    assert page["half"]


def test_figures_go_on_where_they_ended(office: Office) -> None:
    office.start()
    add_up(timezone.now() + timedelta(minutes=2))
    key = office.start().key
    ProcessInstance.objects.filter(pk=key).update(started_at=timezone.now() + timedelta(minutes=5))
    add_up(timezone.now() + timedelta(minutes=10))
    assert sum(HourlyFigure.objects.values_list("total", flat=True)) == 2


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 1.19), (0.95, 38.05)])
def test_percentiles_are_as_exact_as_the_buckets(share: float, seconds: float) -> None:
    assert percentile({20: 90, 30: 10}, share) == pytest.approx(seconds, rel=0.01)
    assert percentile({}, share) is None


def test_a_large_number_is_estimated_and_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        office.start()
    incident(office.start(), "no route")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workflow_processinstance")
    monkeypatch.setattr(running, "MANY", 3)
    monkeypatch.setattr(running, "SAMPLE", 1_000)
    page = office.of("petra").get("/")
    assert page.context["is_estimate"]
    assert page.context["total"]["running"] == 6  # the sample is all there is
    assert "Estimated from a sample" in page.content.decode()


def test_it_takes_few_statements_whatever_there_is(office: Office) -> None:
    client = office.of("petra")
    client.post(f"{INSTANCES}filters/", {"name": "mine", "query": "state=canceled"})
    for number in range(3):
        incident(office.start(), f"failure {number}")
    client.get("/")
    with CaptureQueriesContext(connection) as few:
        assert "mine" in client.get("/").content.decode()
    for number in range(6):
        incident(office.start(Semantics.ZEEBE), f"failure {number}")
    client.get("/")
    with CaptureQueriesContext(connection) as many:
        client.get("/")
    assert len(many) == len(few) <= MOST_STATEMENTS
    assert Incident.objects.count() == 9


def test_without_a_workspace_it_says_whom_to_ask(office: Office) -> None:
    assert "No workspace yet" in office.of("nobody").get("/").content.decode()
