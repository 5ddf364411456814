"""Taking back batches: item by item from its own event, what cannot be taken back fails alone, and each batch once."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent, Channel
from operate.actions import ModifyProcessInstance, SubmitBatch
from operate.admin.four_eyes.asking import command_of
from operate.approvals.drafts import Contents, SaveDraft
from operate.approvals.executing import ApplyDraft
from operate.batch.models import Batch, BatchItem
from operate.batch.plans import Cancel, Delete, EditVariables, Migrate, Modify, Restart, SetRetries, Suspend
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from operate.undo.plan import undoing, undone_by, why_not_undone
from tests.operate.batch.conftest import Shop, active, items, progress, shop
from workflow import services
from workflow.engine.errors import Conflict
from workflow.migration import MigrationPlan
from workflow.models import Job, ProcessInstance, Variable
from workflow.modification import CancelAll, StartBefore
from workflow.services import cancel_process_instance, generate_migration_plan

__all__ = ["shop"]

MOVE = Modify((StartBefore("ship"), CancelAll("approve")))


def undone(shop: Shop, batch: Batch) -> Batch:
    """The batch that takes back another, after all of it was done."""
    plan, keys = undoing(batch)
    return shop.done(plan, keys, reason="back")


def states(keys: list[int]) -> list[str]:
    return [ProcessInstance.objects.get(pk=key).state for key in keys]


def test_moves_are_taken_back_in_each(shop):
    keys = shop.start(3)
    batch = shop.done(MOVE, keys)
    assert [active(key) for key in keys] == [["ship"]] * 3
    back = undone(shop, batch)
    assert (back.state, back.completed) == ("COMPLETED", 3)
    assert [active(key) for key in keys] == [["approve"]] * 3
    # each event names the one that it takes back, and the batches each other
    for key in keys:
        first, second = AuditEvent.objects.filter(process_instance_key=key, event="Modify").order_by("key")
        assert (first.body["batch"], second.body["batch"], second.body["undo_of"]) == (batch.key, back.key, first.key)
    found = undone_by(batch.key)
    assert found is not None
    assert found.key == back.key


def test_what_cannot_be_taken_back_fails_alone_with_the_reason(shop):
    one, other, third = keys = shop.start(3)
    batch = shop.done(MOVE, keys)
    cancel_process_instance(one)
    services.complete_job(Job.objects.get(process_instance=third, state="CREATED").key)
    plan, meant = undoing(batch)
    action = SubmitBatch(shop.operator, channel=Channel.ADMIN)
    tried = action.rehearse(plan, Selection(meant), detailed=20)
    assert (tried.total, tried.succeeded) == (3, 1)
    back = undone(shop, batch)
    assert items(back) == {one: "FAILED", other: "COMPLETED", third: "FAILED"}
    assert "The process instance has ended." in BatchItem.objects.get(batch=back, process_instance_key=one).error
    assert active(other) == ["approve"]


def test_only_what_succeeded_is_taken_back(shop):
    good, bad = shop.start(2)
    cancel_process_instance(bad)
    batch = shop.done(MOVE, [good, bad])
    assert batch.state == "PARTIALLY_COMPLETED"
    assert undoing(batch)[1] == [good]


def test_a_restart_of_many_is_taken_back_and_that_too(shop):
    keys = shop.start(2)
    for key in keys:
        cancel_process_instance(key)
    batch = shop.done(Restart(shop.definition_key, (StartBefore("approve"),)), keys)
    new = list(BatchItem.objects.filter(batch=batch).order_by("key").values_list("result_key", flat=True))
    plan, meant = undoing(batch)
    assert (meant, plan.right.value) == (new, "cancel_processinstance")
    back = undone(shop, batch)
    assert (back.state, states(new)) == ("COMPLETED", ["CANCELED"] * 2)
    # the undo of the undo restarts what that has canceled
    again = undone(shop, back)
    third = list(BatchItem.objects.filter(batch=again).order_by("key").values_list("result_key", flat=True))
    assert (again.state, states(third)) == ("COMPLETED", ["ACTIVE"] * 2)
    assert [ProcessInstance.objects.get(pk=key).restarted_from_key for key in third] == new
    # and once more
    assert (undone(shop, again).state, states(third)) == ("COMPLETED", ["CANCELED"] * 2)


def test_migrations_suspensions_and_cancellations_are_taken_back(shop):
    keys = shop.start(2)
    target = shop.redeploy()
    migration = MigrationPlan(
        target, generate_migration_plan(shop.definition_key, target).mappings, shop.definition_key
    )
    undone(shop, shop.done(Migrate(migration), keys))
    assert {ProcessInstance.objects.get(pk=key).definition_key for key in keys} == {shop.definition_key}
    undone(shop, shop.done(Suspend(), keys))
    assert not ProcessInstance.objects.filter(suspended=True).exists()
    back = undone(shop, shop.done(Cancel(), keys))
    new = list(BatchItem.objects.filter(batch=back).order_by("key").values_list("result_key", flat=True))
    assert [active(key) for key in new] == [["approve"]] * 2


def test_variables_are_taken_back_and_what_the_batch_has_left_alone_stays_so(shop):
    one, other = shop.start(variables={"a": 1}) + shop.start(variables={"a": 2})
    batch = shop.done(EditVariables({"b": 5}, only_if={"a": 1}), [one, other])
    back = undone(shop, batch)
    assert (back.state, back.completed) == ("COMPLETED", 2)
    assert not Variable.objects.filter(name="b").exists()


def test_a_batch_is_taken_back_once_unless_that_was_canceled(shop):
    batch = shop.done(MOVE, shop.start(2))
    first = shop.submit(*undoing(batch))
    with pytest.raises(Conflict, match=f"has been undone already, by batch '{first.key}'"):
        undoing(batch)
    Batch.objects.filter(pk=first.pk).update(state="CANCELED")
    undoing(batch)


def test_one_that_was_taken_back_by_itself_is_not_taken_back_with_the_others(shop):
    one, other = keys = shop.start(2)
    batch = shop.done(MOVE, keys)
    [event] = AuditEvent.objects.filter(process_instance_key=one, event="Modify")
    action = ModifyProcessInstance(shop.operator, channel=Channel.ADMIN)
    action.undo_of = event.key
    action.execute(one, [StartBefore("approve"), CancelAll("ship")])
    back = undone(shop, batch)
    assert items(back) == {one: "FAILED", other: "COMPLETED"}
    assert "has been undone already" in BatchItem.objects.get(batch=back, process_instance_key=one).error


def test_new_retries_of_many_are_taken_back(shop):
    keys = shop.start(2)
    shop.done(MOVE, keys)
    jobs = Job.objects.filter(process_instance__in=keys, state="CREATED")
    before = list(jobs.order_by("key").values_list("retries", flat=True))
    batch = shop.done(SetRetries(7), keys)
    assert set(jobs.values_list("retries", flat=True)) == {7}
    undone(shop, batch)
    assert list(jobs.order_by("key").values_list("retries", flat=True)) == before


def test_taking_back_a_batch_can_be_a_draft(shop):
    # given
    keys = shop.start(2)
    batch = shop.done(Suspend(), keys)
    plan, meant = undoing(batch)
    contents = Contents("Let them go on", command_of(plan, meant))
    draft = SaveDraft(shop.operator, channel=Channel.ADMIN).execute(shop.workspace.pk, contents)
    assert draft.rehearsal["succeeded"] == 2
    # when
    done = ApplyDraft(shop.operator, channel=Channel.ADMIN).execute(draft.key)
    run_due_jobs()
    # then
    back = undone_by(batch.key)
    assert (back and back.key, ProcessInstance.objects.filter(suspended=True).count()) == (done.batch_key, 0)
    with pytest.raises(Conflict, match="has been undone already"):
        SubmitBatch(shop.operator, channel=Channel.ADMIN).execute(plan, Selection(meant))


def test_what_is_gone_for_good_and_what_still_runs_say_so(shop):
    keys = shop.start(2)
    running = shop.submit(MOVE, keys)
    assert why_not_undone(running).startswith("It is still at work.")
    Batch.objects.filter(pk=running.pk).update(state="COMPLETED")
    assert why_not_undone(progress(running)) == "It has changed nothing."
    for key in keys:
        cancel_process_instance(key)
    assert why_not_undone(shop.done(Delete(), keys)) == "What it has done cannot be undone: delete."
