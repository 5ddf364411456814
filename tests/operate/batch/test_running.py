"""What a batch does to its process instances, each on its own, and what is told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import operate.batch.running as running
from audit.models import AuditEvent, Channel, Event, Result
from operate.actions import CancelBatch, CancelProcessInstance, RetryBatch, SuspendProcessInstance
from operate.batch.models import Batch, BatchItem, BatchJob
from operate.batch.plans import Cancel, Modify, Suspend
from operate.batch.running import run_due_jobs
from operate.workspaces import Access, Role, add_member, remove_member
from tests.operate.batch.conftest import Shop, active, items, jobs, progress
from workflow.models import ProcessInstance
from workflow.modification import CancelAll, StartBefore

pytestmark = pytest.mark.django_db

TO_SHIP = Modify([CancelAll("approve"), StartBefore("ship")])


def cancel(*keys: int) -> None:
    for key in keys:
        CancelProcessInstance(None).execute(key)


def later() -> None:
    """Let the time pass until jobs are tried again."""
    BatchJob.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_nothing_happens_before_somebody_does_it(shop: Shop):
    [key] = shop.start()
    batch = shop.submit(TO_SHIP, [key])
    assert active(key) == ["approve"]
    assert (batch.state, batch.total, batch.started_at, items(batch)) == ("ACTIVE", 1, None, {key: "ACTIVE"})


def test_each_instance_is_done_and_recorded_in_the_name_of_who_asked(shop: Shop):
    keys = shop.start(5)
    batch = shop.done(TO_SHIP, keys, size=2, reason="the bank was down", url="/somewhere")
    assert [active(key) for key in keys] == [["ship"]] * 5
    assert (batch.state, batch.completed, batch.failed, batch.jobs_completed) == ("COMPLETED", 5, 0, 3)
    assert batch.started_at <= batch.ended_at
    recorded = AuditEvent.objects.filter(event=Event.MODIFY)
    assert sorted(each.process_instance_key for each in recorded) == sorted(keys)
    for each in recorded:
        assert (each.actor, each.actor_name, each.channel) == (shop.operator, "olga", Channel.BATCH)
        assert (each.reason, each.url) == ("the bank was down", "/somewhere")
        assert (each.body["batch"], each.request_id) == (batch.key, batch.request_id)


def test_one_that_does_not_fit_any_more_fails_alone_with_its_reason(shop: Shop):
    # given one that has ended by the time it is its turn
    keys = shop.start(3)
    batch = shop.submit(TO_SHIP, keys)
    cancel(keys[1])
    # when
    run_due_jobs()
    # then
    assert items(batch) == {keys[0]: "COMPLETED", keys[1]: "FAILED", keys[2]: "COMPLETED"}
    assert active(keys[0]) == active(keys[2]) == ["ship"]
    found = progress(batch)
    assert (found.state, found.completed, found.failed) == ("PARTIALLY_COMPLETED", 2, 1)
    [job] = jobs(batch)
    failed = BatchItem.objects.get(process_instance_key=keys[1])
    assert "it has ended (canceled)" in failed.error
    assert (job.state, job.retries, job.error_message) == ("OPEN", 0, failed.error)
    [refused] = AuditEvent.objects.filter(event=Event.MODIFY, result=Result.REFUSED)
    assert (refused.process_instance_key, refused.body["batch"]) == (keys[1], batch.key)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_refused_instance_leaves_nothing_behind_and_takes_nothing_along(shop: Shop, size: int):
    """Its second instruction is refused, when the first one was applied."""
    keys = shop.start(6)
    plan = Modify([StartBefore("ship"), StartBefore("nowhere")])
    before = AuditEvent.objects.filter(result=Result.SUCCESS).count()
    batch = shop.submit(plan, keys, size=size)
    run_due_jobs()
    assert [active(key) for key in keys] == [["approve"]] * 6
    assert set(items(batch).values()) == {"FAILED"}
    assert AuditEvent.objects.filter(event=Event.MODIFY, result=Result.REFUSED).count() == 6
    assert AuditEvent.objects.filter(result=Result.SUCCESS).count() == before + 1  # the batch was asked for


def test_a_conflict_may_pass_and_is_tried_again(shop: Shop, monkeypatch):
    # given one that somebody has changed its revision of
    [key] = shop.start()
    batch = shop.submit(Cancel(), [key])
    refuse = [True]
    perform = CancelProcessInstance.perform

    def busy(self, *args, **kwargs):
        if refuse:
            raise running.Conflict("somebody else is at it")
        return perform(self, *args, **kwargs)

    monkeypatch.setattr(CancelProcessInstance, "perform", busy)
    # when
    assert run_due_jobs() == 1
    # then it waits
    [job] = jobs(batch)
    assert (job.retries, job.error_message, items(batch)) == (2, "somebody else is at it", {key: "ACTIVE"})
    assert job.due_at > timezone.now()
    # and is done
    refuse.clear()
    later()
    run_due_jobs()
    assert (progress(batch).state, items(batch)) == ("COMPLETED", {key: "COMPLETED"})


def test_without_retries_left_it_has_failed_until_it_is_tried_by_hand(shop: Shop, monkeypatch):
    keys = shop.start(2)
    batch = shop.submit(Cancel(), keys)
    perform = CancelProcessInstance.perform

    def busy(self, key, *args, **kwargs):
        if key == keys[0]:
            raise running.Conflict("somebody else is at it")
        return perform(self, key, *args, **kwargs)

    monkeypatch.setattr(CancelProcessInstance, "perform", busy)
    for _ in range(3):
        run_due_jobs()
        later()
    # then
    assert run_due_jobs() == 0
    [job] = jobs(batch)
    found = progress(batch)
    assert (job.retries, job.failed, job.completed, found.state) == (0, 1, 1, "PARTIALLY_COMPLETED")
    assert (found.jobs_failed, found.jobs_remaining) == (1, 1)
    # when
    monkeypatch.setattr(CancelProcessInstance, "perform", perform)
    RetryBatch(shop.operator, channel=Channel.ADMIN).execute(batch.key)
    assert progress(batch).state == "ACTIVE"
    run_due_jobs()
    # then
    found = progress(batch)
    assert (found.state, found.completed, found.failed, found.canceled) == ("COMPLETED", 2, 0, 0)


def test_a_defect_is_the_instance_s_own_and_is_tried_again(shop: Shop, monkeypatch, caplog):
    keys = shop.start(3)
    batch = shop.submit(Cancel(), keys)
    perform = CancelProcessInstance.perform

    def defect(self, key, *args, **kwargs):
        answer = perform(self, key, *args, **kwargs)
        if key == keys[1]:
            raise RuntimeError("a defect")
        return answer

    monkeypatch.setattr(CancelProcessInstance, "perform", defect)
    run_due_jobs()
    assert items(batch) == {keys[0]: "COMPLETED", keys[1]: "ACTIVE", keys[2]: "COMPLETED"}
    assert BatchItem.objects.get(process_instance_key=keys[1]).error == "RuntimeError: a defect"
    assert [each.retries for each in jobs(batch)] == [2]
    [recorded] = AuditEvent.objects.filter(result=Result.FAILED)
    assert (recorded.process_instance_key, recorded.message) == (keys[1], "RuntimeError: a defect")
    assert "a defect" in caplog.text


def test_the_right_is_checked_when_it_is_the_instance_s_turn(shop: Shop):
    keys = shop.start(2)
    batch = shop.submit(Cancel(), keys)
    remove_member(shop.operator, shop.workspace)
    add_member(shop.operator, shop.workspace, Role.SUPPORT)
    run_due_jobs()
    assert set(items(batch).values()) == {"FAILED"}
    assert "You lack the right 'cancel_processinstance'" in BatchItem.objects.first().error
    assert ProcessInstance.objects.active().count() == 2


def test_nobody_acts_in_the_name_of_who_has_gone(shop: Shop):
    keys = shop.start(2)
    batch = shop.submit(Cancel(), keys)
    shop.operator.is_active = False
    shop.operator.save()
    run_due_jobs()
    assert set(items(batch).values()) == {"FAILED"}
    assert "'olga'" in BatchItem.objects.first().error
    assert ProcessInstance.objects.active().count() == 2


def test_what_is_so_already_is_done(shop: Shop):
    keys = shop.start(2)
    SuspendProcessInstance(None).execute(keys[0])
    batch = shop.done(Suspend(), keys)
    assert batch.state == "COMPLETED"
    assert ProcessInstance.objects.filter(suspended=True).count() == 2


def test_a_batch_that_is_canceled_between_two_transactions_stops_there(shop: Shop, monkeypatch):
    monkeypatch.setattr(running, "AT_ONCE", 2)
    keys = shop.start(6)
    batch = shop.submit(Cancel(), keys)
    run_together = running._run_together

    def canceled_after_the_first(*args):
        step = run_together(*args)
        if Batch.objects.get().state == "ACTIVE":
            CancelBatch(shop.operator, channel=Channel.ADMIN).execute(batch.key)
        return step

    monkeypatch.setattr(running, "_run_together", canceled_after_the_first)
    run_due_jobs()
    assert list(items(batch).values()) == ["COMPLETED"] * 2 + ["CANCELED"] * 4
    found = progress(batch)
    assert (found.state, found.completed, found.canceled) == ("CANCELED", 2, 4)
    assert ProcessInstance.objects.active().count() == 4


def test_memory_of_rights_is_not_kept_between_jobs(shop: Shop):
    """The order is read anew for each job, and with it what its requester may do."""
    batch = shop.submit(Cancel(), shop.start(1))
    first, second = running.Order.of(batch.key), running.Order.of(batch.key)
    assert first.requester is not second.requester
    assert Access.of(first.requester) is not Access.of(second.requester)
