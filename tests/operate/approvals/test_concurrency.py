"""Approvals hold whatever happens at the same time, and what was approved is done exactly once, whoever is killed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

import operate.approvals.executing as executing
from audit.models import AuditEvent, Channel, Event, Result
from operate import actions
from operate.approvals.approving import ApproveDraft, RejectDraft
from operate.approvals.drafts import Contents, EditDraft, RequestApproval, SaveDraft, WithdrawDraft
from operate.approvals.executing import execute_approved, expire_requests, run_due_drafts
from operate.approvals.models import Draft
from operate.notifications.models import Kind, Notice
from tests.operate.approvals.conftest import Shop, active
from tests.operate.test_job_runner import second_connection, until, waiting_for_locks, worker  # noqa: F401
from workflow.models import ElementInstance
from workflow.persistence.unit_of_work import clock

pytestmark = pytest.mark.django_db(transaction=True)

ONCE_MORE = [{"type": "start_before", "element_id": "archive"}]
"""Whatever is done twice shows: each time there is one token more."""


def by(user: Any, action: Any) -> Any:
    return action(user, channel=Channel.ADMIN)


def requested(shop: Shop, *, run_at: Any = None) -> tuple[int, Draft]:
    [key] = shop.start()
    command = {"command": "modify", "keys": [str(key)], "instructions": ONCE_MORE}
    saved = by(shop.olga, SaveDraft).execute(shop.workspace.pk, Contents("Once more", command))
    return key, by(shop.olga, RequestApproval).execute(saved.key, run_at=run_at)


def scheduled(shop: Shop) -> tuple[int, Draft]:
    """Approved, and due by now."""
    key, draft = requested(shop, run_at=clock() + timedelta(hours=1))
    by(shop.anna, ApproveDraft).execute(draft.key, digest=draft.digest)
    Draft.objects.filter(pk=draft.key).update(run_at=clock() - timedelta(seconds=1))
    return key, draft


def state(draft: Draft) -> str:
    return Draft.objects.get(pk=draft.pk).state


def check_once(key: int, draft: Draft) -> None:
    """It was done once, recorded once, and told once."""
    assert ElementInstance.objects.filter(process_instance=key, element_id="archive").count() == 1
    done = AuditEvent.objects.filter(event=Event.MODIFY, result=Result.SUCCESS)
    assert [each.body["draft"] for each in done] == [draft.key]
    assert state(draft) == "APPLIED"
    assert Notice.objects.filter(kind=Kind.APPLIED).count() == 1


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Let all begin at the same moment; what came of each."""
    start = threading.Barrier(len(calls))
    found: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            start.wait()
            found[number] = call()
        except Exception as failure:
            found[number] = failure
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def kinds(found: list[Any]) -> list[str]:
    return sorted(type(each).__name__ for each in found)


def test_of_two_who_approve_at_once_one_does(shop: Shop):
    # given
    key, draft = requested(shop)
    anna, amir = by(shop.anna, ApproveDraft), by(shop.amir, ApproveDraft)
    # when
    found = at_once(
        lambda: anna.execute(draft.key, digest=draft.digest), lambda: amir.execute(draft.key, digest=draft.digest)
    )
    # then
    assert kinds(found) == ["Conflict", "Draft"]
    check_once(key, draft)
    assert AuditEvent.objects.filter(event=Event.APPROVE, result=Result.SUCCESS).count() == 1


def test_approving_and_rejecting_at_once(shop: Shop):
    key, draft = requested(shop)
    anna, amir = by(shop.anna, ApproveDraft), by(shop.amir, RejectDraft)
    found = at_once(lambda: anna.execute(draft.key, digest=draft.digest), lambda: amir.execute(draft.key, note="no"))
    assert kinds(found) == ["Conflict", "Draft"]
    assert state(draft) == ("APPLIED" if active(key) == ["approve", "archive", "ship"] else "REJECTED")


def test_approving_while_it_is_edited_approves_what_was_looked_at_or_nothing(shop: Shop):
    # given
    key, draft = requested(shop)
    edit, approve = by(shop.olga, EditDraft), by(shop.anna, ApproveDraft)
    # when
    found = at_once(
        lambda: edit.execute(draft.key, title="Something else"),
        lambda: approve.execute(draft.key, digest=draft.digest),
    )
    # then
    if state(draft) == "APPLIED":
        assert type(found[0]).__name__ == "Conflict"
        check_once(key, draft)
    else:
        assert state(draft) == "DRAFT"
        assert active(key).count("archive") in (0, 1)  # approved first, done, and then no edit: see above
        assert "archive" not in active(key)


def test_an_edit_waits_for_the_approval_that_is_under_way(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """The row is locked from the digest's comparison to the end: nothing is approved that nobody has looked at."""
    # given an approval that stands at its second dry run
    key, draft = requested(shop)
    reached, go_on = threading.Event(), threading.Event()
    try_again = ApproveDraft._try_again

    def slowly(self: ApproveDraft, found: Draft) -> Any:
        reached.set()
        assert go_on.wait(60)
        return try_again(self, found)

    monkeypatch.setattr(ApproveDraft, "_try_again", slowly)
    anna, olga = by(shop.anna, ApproveDraft), by(shop.olga, EditDraft)
    found: dict[str, Any] = {}

    def approve() -> None:
        found["approved"] = anna.execute(draft.key, digest=draft.digest)
        connection.close()

    def edit() -> None:
        try:
            olga.execute(draft.key, title="Something else")
        except Exception as failure:
            found["edited"] = failure
        connection.close()

    approving, editing = threading.Thread(target=approve), threading.Thread(target=edit)
    approving.start()
    assert reached.wait(60)
    # when
    editing.start()
    until(lambda: waiting_for_locks() == 1)
    go_on.set()
    approving.join()
    editing.join()
    # then: whoever was first has won; an edit that came between approval and execution takes it back
    if state(draft) == "APPLIED":
        check_once(key, draft)
        assert type(found["edited"]).__name__ == "Conflict"
    else:
        assert state(draft) == "DRAFT"
        assert "archive" not in active(key)


def test_withdrawing_while_it_is_done_waits_and_is_too_late(shop: Shop):
    key, draft = scheduled(shop)
    found = at_once(lambda: by(shop.olga, WithdrawDraft).execute(draft.key), run_due_drafts)
    if state(draft) == "APPLIED":
        check_once(key, draft)
        assert type(found[0]).__name__ == "Conflict"
    else:
        assert (state(draft), found[1]) == ("WITHDRAWN", 0)
        assert "archive" not in active(key)


def test_many_who_look_at_once_do_it_once(shop: Shop):
    key, draft = scheduled(shop)
    found = at_once(*[run_due_drafts] * 4)
    assert sum(found) == 1
    check_once(key, draft)


def test_what_is_being_done_is_left_alone(shop: Shop):
    key, draft = scheduled(shop)
    with second_connection() as other:
        other.execute("SELECT 1 FROM operate_draft WHERE key = %s FOR UPDATE", [draft.key])
        assert not execute_approved(draft.key)
    assert execute_approved(draft.key)
    check_once(key, draft)


def test_a_request_that_is_being_decided_does_not_expire_meanwhile(shop: Shop):
    # given
    _key, draft = requested(shop)
    Draft.objects.filter(pk=draft.key).update(expires_at=clock() - timedelta(seconds=1))
    # when
    with second_connection() as other:
        other.execute("SELECT 1 FROM operate_draft WHERE key = %s FOR UPDATE", [draft.key])
        assert expire_requests() == 0
    # then
    assert state(draft) == "REQUESTED"
    assert expire_requests() == 1
    assert state(draft) == "EXPIRED"


def test_who_is_killed_between_approval_and_execution_leaves_it_to_a_worker(shop: Shop, monkeypatch):
    # given
    key, draft = requested(shop)

    def killed(key: int, **_terms: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("operate.approvals.approving.execute_if_possible", killed)
    with pytest.raises(KeyboardInterrupt):
        by(shop.anna, ApproveDraft).execute(draft.key, digest=draft.digest)
    assert (state(draft), active(key)) == ("APPROVED", ["approve", "ship"])
    # when
    run_due_drafts()
    # then
    check_once(key, draft)


def test_who_is_killed_in_the_middle_has_done_nothing(shop: Shop, monkeypatch):
    # given
    key, draft = scheduled(shop)

    def killed(draft: Draft) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(executing, "tell_applied", killed)  # the last thing before it is committed
    with pytest.raises(KeyboardInterrupt):
        run_due_drafts()
    monkeypatch.undo()
    assert (state(draft), active(key)) == ("APPROVED", ["approve", "ship"])
    assert not AuditEvent.objects.filter(event=Event.MODIFY).exists()
    # when
    run_due_drafts()
    # then
    check_once(key, draft)


def test_what_a_killed_worker_was_doing_is_done_once(shop: Shop, worker):  # noqa: F811
    # given a worker that has begun and cannot go on, because a table that it needs is locked
    key, draft = requested(shop, run_at=clock() + timedelta(seconds=20))
    by(shop.anna, ApproveDraft).execute(draft.key, digest=draft.digest)
    with second_connection() as other:
        other.execute("LOCK TABLE workflow_formervalue, workflow_elementinstance IN ACCESS EXCLUSIVE MODE")
        Draft.objects.filter(pk=draft.key).update(run_at=clock() - timedelta(seconds=1))
        victim = worker()
        until(lambda: waiting_for_locks() >= 1)
        assert run_due_drafts() == 0  # claimed by the worker
        # when
        victim.kill()
        victim.wait()
    # then: if it had sent all of it, the server may still do it; else it is there to be done
    until(lambda: run_due_drafts() == 1 or state(draft) == "APPLIED")
    check_once(key, draft)


def test_a_worker_does_it_at_its_time(shop: Shop, worker):  # noqa: F811
    key, draft = requested(shop, run_at=clock() + timedelta(seconds=15))
    by(shop.anna, ApproveDraft).execute(draft.key, digest=draft.digest)
    assert (state(draft), active(key)) == ("APPROVED", ["approve", "ship"])
    worker()
    until(lambda: state(draft) == "APPLIED")
    check_once(key, draft)
    assert Draft.objects.get(pk=draft.key).executed_at >= draft.run_at


def test_in_an_outage_it_stays_approved(shop: Shop, monkeypatch):
    # given
    key, draft = scheduled(shop)

    def outage(*_: object, **__: object) -> None:
        raise OperationalError("the server is restarted")

    monkeypatch.setattr(executing, "tell_applied", outage)
    # when
    assert run_due_drafts() == 0
    monkeypatch.undo()
    # then
    assert state(draft) == "APPROVED"
    assert run_due_drafts() == 1
    check_once(key, draft)


def test_what_fails_does_not_hold_up_others(shop: Shop):
    # given
    keys = [scheduled(shop) for _ in range(3)]
    actions.SetVariables(None).execute(keys[0][0], {"n": 1})
    # when
    run_due_drafts()
    # then
    assert [state(draft) for _key, draft in keys] == ["FAILED", "APPLIED", "APPLIED"]
