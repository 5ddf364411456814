"""Pages of batches: asked for from the list of process instances, watched, stopped and repaired."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent, Event
from operate.batch.models import Batch, BatchItem
from operate.batch.running import run_due_jobs
from tests.operate.admin.conftest import Office
from workflow.models import ProcessInstance
from workflow.services import cancel_process_instance, suspend_process_instance

NEW = "/operate/batch/new/"
INSTANCES = "/workflow/processinstance/"


def started(office: Office, number: int = 3) -> list[int]:
    return [office.start().key for _ in range(number)]


def ask(office: Office, name: str, operation: str, keys: list[int], **more: str):
    """The answer to the confirmed form."""
    sent = {"operation": operation, "key": keys, "confirmed": "1", **more}
    return office.of(name).post(NEW, sent)


def test_many_are_asked_for_and_done_in_the_background(office: Office):
    # given
    keys = started(office)
    client = office.of("petra")
    asked = client.post(NEW, {"operation": "cancel", "key": keys, "back": INSTANCES}).content.decode()
    assert "Cancel 3 process instances?" in asked
    # when
    answer = ask(office, "petra", "cancel", keys, reason="by mistake")
    # then
    batch = Batch.objects.get()
    assert answer.headers["Location"] == f"/operate/batch/{batch.key}/"
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Cancel the process instance and what it has called" in page
    assert "No worker has begun with it yet." in page
    assert "by mistake" in page
    assert f'hx-get="/operate/batch/{batch.key}/progress/"' in page
    run_due_jobs()
    fragment = client.get(f"/operate/batch/{batch.key}/progress/").content.decode()
    assert "100 % · 3 completed" in fragment
    assert "hx-get" not in fragment
    assert ProcessInstance.objects.filter(state="CANCELED").count() == 3
    assert {each.reason for each in AuditEvent.objects.filter(event=Event.CANCEL)} == {"by mistake"}


def test_what_does_not_suit_is_left_out_and_said(office: Office):
    keys = started(office)
    cancel_process_instance(keys[0])
    suspend_process_instance(keys[1])
    asked = office.of("petra").post(NEW, {"operation": "suspend", "key": keys}).content.decode()
    assert "Suspend 1 process instance?" in asked
    assert "2 ended or suspended already" in asked
    ask(office, "petra", "suspend", keys)
    assert [item.process_instance_key for item in BatchItem.objects.all()] == [keys[2]]


def test_all_that_the_filters_find(office: Office):
    mine = started(office, 2)
    other = office.start(business_key="B-9").key
    sent = {"operation": "suspend", "everything": "1", "back": f"{INSTANCES}?business_key=B-9", "confirmed": "1"}
    office.of("petra").post(NEW, {**sent, "key": mine})
    run_due_jobs()
    assert list(ProcessInstance.objects.filter(suspended=True).values_list("pk", flat=True)) == [other]


def test_only_one_is_done_at_once(office: Office):
    [key] = started(office, 1)
    answer = office.of("petra").post(NEW, {"operation": "cancel", "key": [key], "back": INSTANCES})
    assert answer.headers["Location"].startswith(f"{INSTANCES}confirm/?operation=cancel&key={key}")


def test_whoever_lacks_the_right_is_told(office: Office):
    keys = started(office)
    page = office.of("sam").post(NEW, {"operation": "cancel", "key": keys}).content.decode()
    assert "3 in workspaces where you lack the right" in page
    ask(office, "sam", "cancel", keys)
    assert not Batch.objects.exists()
    assert ProcessInstance.objects.active().count() == 3


def test_the_list_tells_how_far_they_are(office: Office):
    keys = started(office)
    ask(office, "petra", "suspend", keys)
    cancel_process_instance(keys[0])
    run_due_jobs()
    client = office.of("petra")
    page = client.get("/operate/batch/").content.decode()
    assert "Completed with failures" in page
    assert 'title="2 completed"' in page
    assert "petra" in page
    address = f"/operate/batch/{Batch.objects.get().key}/"
    assert address in page
    assert address not in client.get("/operate/batch/?type=CANCEL").content.decode()
    assert address not in office.of("paul").get("/operate/batch/").content.decode()


def test_errors_are_shown_and_what_failed_is_tried_again(office: Office):
    keys = started(office)
    ask(office, "petra", "cancel", keys)
    cancel_process_instance(keys[0])
    run_due_jobs()
    batch = Batch.objects.get()
    client = office.of("petra")
    page = client.get(f"/operate/batch/{batch.key}/?items=FAILED").content.decode()
    assert "has ended (canceled)" in page
    assert f"{INSTANCES}{keys[0]}/" in page
    assert f"{INSTANCES}{keys[1]}/" not in page
    client.post(f"/operate/batch/{batch.key}/operations/", {"operation": "retry"})
    batch.refresh_from_db()
    assert batch.state == "ACTIVE"
    assert BatchItem.objects.filter(state="ACTIVE").count() == 1


def test_a_batch_is_paused_resumed_canceled_and_deleted(office: Office):
    ask(office, "petra", "cancel", started(office))
    batch = Batch.objects.get()
    client = office.of("petra")
    states = []
    for operation in ("suspend", "suspend", "resume", "cancel"):
        client.post(f"/operate/batch/{batch.key}/operations/", {"operation": operation})
        batch.refresh_from_db()
        states.append(batch.state)
    assert states == ["SUSPENDED", "SUSPENDED", "ACTIVE", "CANCELED"]
    answer = client.post(f"/operate/batch/{batch.key}/operations/", {"operation": "delete"})
    assert answer.headers["Location"] == "/operate/batch/"
    assert not Batch.objects.exists()
    assert ProcessInstance.objects.active().count() == 3


def test_who_may_only_look_sees_why(office: Office):
    ask(office, "petra", "cancel", started(office))
    key = Batch.objects.get().key
    sam = office.of("sam")
    assert "You lack the right" in sam.get(f"/operate/batch/{key}/").content.decode()
    sam.post(f"/operate/batch/{key}/operations/", {"operation": "cancel"})
    assert Batch.objects.get().state == "ACTIVE"
    assert office.of("paul").get(f"/operate/batch/{key}/").status_code == 404
    assert office.of("paul").post(f"/operate/batch/{key}/operations/", {"operation": "cancel"}).status_code == 404


@pytest.mark.parametrize(("path", "operation"), [(NEW, "explode"), ("/operate/batch/{}/operations/", "explode")])
def test_unknown_operations(office: Office, path: str, operation: str):
    ask(office, "petra", "cancel", started(office))
    path = path.format(Batch.objects.get().key)
    assert office.of("petra").post(path, {"operation": operation}).status_code == 404


def test_the_list_is_read_anew_only_while_something_is_being_done(office: Office):
    ask(office, "petra", "suspend", started(office))
    client = office.of("petra")
    assert 'hx-select="#batches"' in client.get("/operate/batch/").content.decode()
    run_due_jobs()
    assert 'hx-select="#batches"' not in client.get("/operate/batch/").content.decode()


def test_a_batch_leads_to_its_process_instances_and_to_the_audit_log(office: Office):
    ask(office, "petra", "suspend", started(office))
    batch = Batch.objects.get()
    page = office.of("stella").get(f"/operate/batch/{batch.key}/").content.decode()
    assert f"{INSTANCES}?batch={batch.key}" in page
    assert f"/audit/auditevent/?key={batch.key}" in page
    found = office.of("stella").get(f"/audit/auditevent/?key={batch.key}").content.decode()
    assert "Nothing matches" not in found
    assert "/audit/auditevent/?key=" not in office.of("sam").get(f"/operate/batch/{batch.key}/").content.decode()
