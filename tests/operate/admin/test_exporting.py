"""Lists as CSV: what is in the files, who gets them, and what they cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

import pytest
from django.db import connection
from django.test import Client

from audit.models import AuditEvent
from operate.admin import exporting
from operate.admin.exporting import CHUNK, Columns
from operate.admin.instance_list import complete_for_export
from operate.admin.process_instances import ProcessInstanceAdmin
from operate.lists import ListColumns
from tests.operate.admin.conftest import Office
from tests.operate.admin.test_instance_list import incident
from tests.support.wire import wire_traffic
from workflow.graph import Semantics
from workflow.models import ProcessInstance

INSTANCES = "/workflow/processinstance/export/"


def exported(client: Client, address: str, **options: Any) -> list[dict[str, str]]:
    answer = client.get(address, **options)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_file_has_the_filtered_rows_and_the_chosen_columns(office: Office) -> None:
    failing, fine = office.start(business_key="b-1"), office.start(business_key="b-2")
    incident(failing, "no route\nat line 2")
    client = office.of("petra")
    client.post("/workflow/processinstance/columns/", {"column": ["key", "elements", "error", "started", "parent"]})

    [row] = exported(client, f"{INSTANCES}?state=incidents&before=1")

    assert row == {
        "process_id": "delivery_camunda7", "process_name": "Delivery", "version": "1", "state": "ACTIVE", "suspended": "false",
        "open_incidents": "1", "key": str(failing.key), "active_at": "approve", "error": "no route\nat line 2",
        "started_at": failing.started_at.isoformat(), "called_by": "",
    }  # fmt: skip
    assert [each["key"] for each in exported(client, INSTANCES)] == [str(fine.key), str(failing.key)]


def test_a_file_is_the_same_in_every_language(office: Office) -> None:
    office.start()
    client = office.of("petra")
    english = exported(client, INSTANCES, headers={"Accept-Language": "en"})
    assert exported(client, INSTANCES, headers={"Accept-Language": "de"}) == english
    assert ListColumns.objects.count() == 0
    assert list(english[0])[6:] == ["key", "business_key", "active_at", "started_at", "ended_at"]


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_others_have_written_is_no_formula(office: Office, text: str) -> None:
    office.start(business_key=text)
    [row] = exported(office.of("petra"), INSTANCES)
    assert row["business_key"] == f"'{text}"


def test_everybody_gets_what_they_may_see_and_it_is_recorded_in_each_workspace(office: Office) -> None:
    office.start(), office.start(workspace=office.bank)
    client = office.of("petra")

    assert len(exported(client, f"{INSTANCES}?state=running")) == 1

    event = AuditEvent.objects.get(event="Export")
    assert (event.subject, event.actor_name, event.workspace) == ("Process instance", "petra", office.shop)
    assert event.body["filters"] == {"state": "running"}
    assert (event.body["rows"], event.body["more"], event.body["format"]) == (1, False, "csv")
    assert "key" in event.body["columns"]

    assert len(exported(office.of("root"), INSTANCES)) == 2
    recorded = AuditEvent.objects.filter(event="Export", actor_name="root").values_list("workspace__slug", flat=True)
    assert {"shop", "bank"} <= set(recorded)
    exported(office.of("root"), f"{INSTANCES}?workspace=bank")
    assert AuditEvent.objects.filter(event="Export", actor_name="root", workspace=office.shop).count() == 1


def test_a_wrong_filter_is_told_and_nothing_is_recorded(office: Office) -> None:
    answer = office.of("petra").get(f"{INSTANCES}?key=abc")
    assert answer["Content-Type"].startswith("text/html")
    assert "Expected keys" in answer.content.decode()
    assert not AuditEvent.objects.filter(event="Export").exists()


def test_who_sees_nothing_gets_no_file(office: Office) -> None:
    office.start()
    answer = office.of("nobody").get(INSTANCES)
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (403, "text/html")


def test_tasks_and_incidents_are_exported_too(office: Office) -> None:
    instance = office.start(business_key="b-1")
    incident(instance, "=1+1")
    client = office.of("petra")

    [task] = exported(client, "/workflow/usertask/export/")
    [told] = exported(client, "/workflow/incident/export/?message=1")

    assert (task["name"], task["state"], task["business_key"]) == ("Approve", "CREATED", "b-1")
    assert (told["message"], told["element_id"], told["process_instance_key"]) == (
        "'=1+1",
        "approve",
        str(instance.key),
    )
    assert exported(client, "/workflow/usertask/export/?whose=mine") == []
    subjects = AuditEvent.objects.filter(event="Export").values_list("subject", flat=True).distinct()
    assert set(subjects) == {"User task", "Incident"}


COPIES = """
INSERT INTO {table} SELECT copied.* FROM {table} one, generate_series(1, %s) n, jsonb_populate_record(one, jsonb_build_object(
  'key', one.key + 1000 * n, 'process_instance_key', {column} + 1000 * n, 'root_process_instance_key', {column} + 1000 * n)) copied
WHERE {column} = %s
"""


def copies(instance: ProcessInstance, number: int) -> None:
    """As many process instances more that stand where this one does."""
    with connection.cursor() as cursor:
        for table, column in (("processinstance", "one.key"), ("elementinstance", "one.process_instance_key")):
            cursor.execute(COPIES.format(table=f"workflow_{table}", column=column), [number, instance.key])


def test_a_long_file_is_never_in_memory_as_a_whole(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    total = 50_000
    copies(office.start(Semantics.CAMUNDA_7), total - 1)
    alive: WeakSet[Any] = WeakSet()
    most = 0

    def watched(self: Any, columns: Columns, rows: Sequence[Any]) -> Sequence[Any]:
        nonlocal most
        alive.update(rows)
        most = max(most, len(alive))
        complete_for_export(rows, columns)
        return rows

    monkeypatch.setattr(ProcessInstanceAdmin, "export_rows", watched)
    monkeypatch.setattr(exporting, "MAX_COUNTED", 10_000)
    client = office.of("petra")
    with wire_traffic() as traffic:
        answer = client.get(INSTANCES)
        lines = sum(part.count(b"\r\n") for part in answer.streaming_content)

    assert (lines, answer["X-Rows"]) == (total + 1, "10000+")
    assert most <= 2 * CHUNK
    assert sum("FETCH FORWARD" in each for each in traffic.statements) == total / CHUNK + 1
    assert len(traffic.statements) < 20 + 2.1 * total / CHUNK
