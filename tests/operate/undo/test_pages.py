"""The pages and the API of undoing: what is shown before, that it is applied as seen, its rights, and its links both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import AuditEvent
from operate.actions import (
    CancelProcessInstance,
    RestartProcessInstances,
    SetVariables,
    SubmitBatch,
    SuspendProcessInstance,
)
from operate.batch.models import Batch
from operate.batch.plans import Suspend
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from tests.operate.admin.conftest import Office
from tests.operate.undo.conftest import act, instance, latest, standing
from tests.operate.undo.jobs import complete
from tests.operate.undo.test_lives import FIRST, forked
from workflow.graph import Semantics
from workflow.services import resume_process_instance, set_variables

BOTH = pytest.mark.parametrize("semantics", Semantics)


def restarted(office: Office) -> tuple[int, AuditEvent]:
    """A process instance that was started by a restart, and the event of that."""
    old = office.start()
    act(office, CancelProcessInstance).execute(old.key)
    [outcome] = act(office, RestartProcessInstances).execute(
        old.definition_key, [old.key], [FIRST[Semantics.CAMUNDA_7]]
    )
    return outcome.process_instance_key, latest(old.key, "Restart")


def page(event: AuditEvent) -> str:
    return f"/audit/auditevent/{event.key}/undo/"


def seen(answer: Any) -> str:
    return str(answer.context["seen"])


def test_the_page_of_an_event_leads_there_and_back(office):
    new, event = restarted(office)
    stella = office.of("stella")
    assert page(event) in stella.get(f"/audit/auditevent/{event.key}/").content.decode()
    answer = stella.get(page(event))
    text = answer.content.decode()
    assert "Cancel the process instance and what it has called" in text
    assert f"Process instance &#x27;{new}&#x27; is canceled" in text
    assert "Tried: it succeeds." in text
    assert instance(new).state == "ACTIVE"
    # applied
    done = stella.post(page(event), {"seen": seen(answer), "reason": "by mistake"})
    assert done.headers["Location"] == f"/workflow/processinstance/{new}/"
    undoing = latest(new, "Cancel")
    assert (undoing.reason, undoing.body["undo_of"], undoing.channel) == ("by mistake", event.key, "ADMIN")
    # both ways
    assert f"event {undoing.key}" in stella.get(f"/audit/auditevent/{event.key}/").content.decode()
    assert f"event {event.key}" in stella.get(f"/audit/auditevent/{undoing.key}/").content.decode()
    again = stella.post(page(event), {"seen": seen(answer)})
    assert again.status_code == 409
    assert "has been undone already" in again.content.decode()
    tab = stella.get(f"/workflow/processinstance/{event.process_instance_key}/?tab=audit").content.decode()
    assert f"/audit/auditevent/{undoing.key}/" in tab


def test_what_has_changed_since_it_was_looked_at_is_shown_first(office):
    new, event = restarted(office)
    stella = office.of("stella")
    looked = stella.get(page(event))
    act(office, SetVariables).execute(new, {"x": 1})
    answer = stella.post(page(event), {"seen": seen(looked)})
    assert answer.status_code == 409
    assert "Things have changed since you looked at it" in answer.content.decode()
    assert instance(new).state == "ACTIVE"
    assert stella.post(page(event), {"seen": seen(answer)}).status_code == 302


def test_a_red_warning_is_accepted_before_it_is_undone(office):
    key = forked(office, Semantics.ZEEBE)
    complete(key, "a")
    act(office, CancelProcessInstance).execute(key)
    event = latest(key, "Cancel")
    stella = office.of("stella")
    answer = stella.get(page(event))
    assert "&#x27;join&#x27; never fires" in answer.content.decode()
    refused = stella.post(page(event), {"seen": seen(answer)})
    assert refused.status_code == 409
    [warning] = answer.context["tried"]["warnings"]
    done = stella.post(page(event), {"seen": seen(answer), "accepted": [warning["accepted"]]})
    new = int(done.headers["Location"].strip("/").split("/")[-1])
    assert standing(new) == ["b"]
    [accepted] = latest(key, "Restart").body["accepted_warnings"]
    assert accepted["code"] == "join_never_fires"


def test_who_may_not_read_the_audit_log_finds_nothing_and_who_may_not_do_it_is_told(office):
    new, event = restarted(office)
    for name in ("petra", "paul"):
        assert office.of(name).get(page(event)).status_code == 404
    answer = office.of("aud").get(page(event))
    assert "needs the right" in answer.content.decode() or "right" in answer.context["tried"]["refused"][0]["message"]
    assert office.of("aud").post(page(event), {"seen": seen(answer)}).status_code == 403
    assert instance(new).state == "ACTIVE"


def test_what_cannot_be_undone_has_a_page_that_says_why(office):
    key = office.start().key
    act(office, SuspendProcessInstance).execute(key)
    event = latest(key, "Suspend")
    resume_process_instance(key)
    answer = office.of("stella").get(page(event))
    assert answer.status_code == 200
    assert "is not suspended" in answer.content.decode()
    assert "This cannot be undone" in answer.content.decode()


# ---- batches


def suspended(office: Office, number: int = 3) -> tuple[Batch, list[int]]:
    keys = [office.start().key for _ in range(number)]
    batch = act(office, SubmitBatch).execute(Suspend(), Selection(keys=keys))
    run_due_jobs()
    return Batch.objects.get(pk=batch), keys


def test_a_batch_is_undone_after_a_preview_with_counts(office):
    batch, keys = suspended(office)
    petra = office.of("petra")
    where = f"/operate/batch/{batch.key}/undo/"
    assert where in petra.get(f"/operate/batch/{batch.key}/").content.decode()
    act(office, CancelProcessInstance).execute(keys[0])
    text = petra.get(where).content.decode()
    assert "2 of 3 tried succeed." in text
    assert "The process instance has ended." in text
    assert "What was due meanwhile is done now. (2 of 3)" in text
    done = petra.post(where, {"reason": "all again"})
    run_due_jobs()
    undoing = Batch.objects.latest("key")
    assert done.headers["Location"] == f"/operate/batch/{undoing.key}/"
    assert (undoing.type, undoing.state, undoing.reason) == ("UNDO", "PARTIALLY_COMPLETED", "all again")
    assert [instance(key).suspended for key in keys] == [True, False, False]
    # both ways, and once
    assert f"batch {undoing.key}" in petra.get(f"/operate/batch/{batch.key}/").content.decode()
    assert f"batch {batch.key}" in petra.get(f"/operate/batch/{undoing.key}/").content.decode()
    assert "has been undone already" in petra.get(where).content.decode()
    assert petra.post(where, {}).status_code == 409
    assert Batch.objects.count() == 2


def test_who_may_not_suspend_may_not_undo_that(office):
    batch, keys = suspended(office, 1)
    sam = office.of("sam")
    assert sam.post(f"/operate/batch/{batch.key}/undo/", {}).status_code == 403
    assert instance(keys[0]).suspended
    assert office.of("paul").get(f"/operate/batch/{batch.key}/undo/").status_code == 404


def test_the_event_of_a_batch_leads_to_its_undo(office):
    batch, _keys = suspended(office, 1)
    event = AuditEvent.objects.get(event="Create", subject="Batch")
    where = f"/operate/batch/{batch.key}/undo/"
    stella = office.of("stella")
    assert where in stella.get(f"/audit/auditevent/{event.key}/").content.decode()
    assert stella.get(page(event)).headers["Location"] == where


# ---- the API


def post(office: Office, name: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = office.of(name).post(path, json.dumps(body or {}), content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_the_api_tells_tries_and_does_it(office):
    new, event = restarted(office)
    where = f"/api/audit-events/{event.key}/undo"
    told = office.of("stella").get(where).json()
    assert (told["command"], told["process_instance_key"], told["plan"]) == ("cancel", str(new), None)
    assert told["notes"] == [
        f"Process instance '{new}' is canceled; '{event.process_instance_key}' stays as it ended and does not run again."
    ]
    tried = post(office, "stella", f"{where}/dry-run")
    assert (tried["ended"], instance(new).state) == (True, "ACTIVE")
    set_variables(new, {"x": 1})
    body = {"expected_revision": told["revision"]}
    assert "has changed since" in post(office, "stella", where, body, status=409)["detail"]
    body["expected_revision"] += 1
    assert post(office, "stella", where, body | {"reason": "mistake"})["process_instance"]["state"] == "CANCELED"
    assert "has been undone already" in post(office, "stella", where, status=409)["detail"]
    assert office.of("petra").get(where).status_code == 404


def test_the_api_undoes_batches(office):
    batch, keys = suspended(office)
    where = f"/api/batches/{batch.key}/undo"
    tried = post(office, "petra", f"{where}/dry-run", {"detailed": 1})
    assert (tried["total"], tried["succeeded"], len(tried["instances"])) == (3, 3, 1)
    assert all(instance(key).suspended for key in keys)
    key = post(office, "petra", where, {"reason": "again"})["batch_key"]
    run_due_jobs()
    assert not any(instance(each).suspended for each in keys)
    assert Batch.objects.get(pk=key).plan["of_batch"] == batch.key
    post(office, "petra", where, status=409)
    post(office, "paul", where, status=404)


def test_the_dialects_tell_an_undo_as_what_it_does(office):
    batch, _keys = suspended(office, 1)
    key = post(office, "petra", f"/api/batches/{batch.key}/undo")["batch_key"]
    seven = office.of("root").get(f"/engine-rest/history/batch/{key}").json()
    assert seven["type"] == "instance-update-suspension-state"
    found = post(
        office, "root", "/v2/batch-operations/search", {"filter": {"operationType": "RESUME_PROCESS_INSTANCE"}}
    )
    assert [each["batchOperationKey"] for each in found["items"]] == [key]
