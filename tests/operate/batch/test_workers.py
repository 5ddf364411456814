"""Batches run by themselves, each process instance once, whatever happens to who runs them."""

from __future__ import annotations

import threading

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

import operate.batch.runner
import operate.batch.running as running
from audit.models import AuditEvent, Channel, Event
from operate.actions import ResumeBatch, SuspendBatch
from operate.batch.models import BatchItem
from operate.batch.plans import Modify
from operate.batch.runner import BatchRunner
from operate.batch.running import run_due_jobs
from tests.operate.batch.conftest import Shop, items, jobs, progress
from tests.operate.test_job_runner import second_connection, until, waiting_for_locks, worker  # noqa: F401
from workflow.models import ElementInstance
from workflow.modification import StartBefore

pytestmark = pytest.mark.django_db(transaction=True)

AGAIN = Modify([StartBefore("ship")])
"""Whatever is done twice shows: each time there is one token more."""


def tokens() -> dict[int, int]:
    """How often each process instance was modified."""
    rows = ElementInstance.objects.filter(element_id="ship").values_list("process_instance_key", flat=True)
    found: dict[int, int] = {}
    for key in rows:
        found[key] = found.get(key, 0) + 1
    return found


def is_done(batch) -> bool:
    return progress(batch).state == "COMPLETED"


def check_once(batch, keys) -> None:
    """Each was changed once, and recorded once."""
    assert tokens() == dict.fromkeys(keys, 1)
    recorded = AuditEvent.objects.filter(event=Event.MODIFY).values_list("process_instance_key", flat=True)
    assert sorted(recorded) == sorted(keys)
    found = progress(batch)
    assert (found.completed, found.failed, found.canceled) == (len(keys), 0, 0)
    assert set(items(batch).values()) == {"COMPLETED"}


def test_a_runner_does_what_is_due(shop: Shop):
    keys = shop.start(5)
    with BatchRunner():
        batch = shop.submit(AGAIN, keys, size=2)
        until(lambda: is_done(batch))
    check_once(batch, keys)


def test_several_runners_do_everything_once(shop: Shop):
    keys = shop.start(60)
    batch = shop.submit(AGAIN, keys, size=5)
    with BatchRunner(3), BatchRunner(3):
        until(lambda: is_done(batch))
    check_once(batch, keys)


def test_a_job_is_done_by_one_at_a_time(shop: Shop):
    keys = shop.start(4)
    batch = shop.submit(AGAIN, keys)
    [job] = jobs(batch)
    with second_connection() as other:
        other.execute("SELECT 1 FROM operate_batchjob WHERE key = %s FOR UPDATE", [job.key])
        assert running.run_job(job.key) is False
        assert run_due_jobs() == 0
    assert run_due_jobs() == 1
    check_once(batch, keys)


@pytest.mark.parametrize("table", ["workflow_variable", "audit_auditevent"], ids=["reading", "writing"])
def test_what_a_killed_worker_was_doing_is_done_once(shop: Shop, worker, table):  # noqa: F811
    """If it has sent everything, commit included, the server may still do it; then the next worker finds it done."""
    keys = shop.start(3)
    batch = shop.submit(AGAIN, keys)
    victim = worker()
    # given a worker that has begun with the instances and cannot go on, because a table that it needs is locked
    with second_connection() as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        until(lambda: waiting_for_locks() == 1)
        assert run_due_jobs() == 0  # claimed by the worker
        assert set(items(batch).values()) == {"ACTIVE"}
        # when
        victim.kill()
        victim.wait()
    # then
    worker()
    until(lambda: is_done(batch))
    check_once(batch, keys)


def test_workers_killed_again_and_again_change_each_instance_once(shop: Shop, worker):  # noqa: F811
    keys = shop.start(300)
    batch = shop.submit(AGAIN, keys, size=10)
    for done in (20, 100, 180):
        victim = worker()
        until(lambda done=done: progress(batch).completed >= done)
        victim.kill()
        victim.wait()
    worker()
    until(lambda: is_done(batch))
    check_once(batch, keys)


def test_a_worker_killed_before_it_could_end_the_batch(shop: Shop, monkeypatch):
    """The last job is done, and nobody has said so: whoever looks next ends the batch."""
    keys = shop.start(2)
    batch = shop.submit(AGAIN, keys)

    def killed(batch_key: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "end_if_done", killed)
    with pytest.raises(KeyboardInterrupt):
        run_due_jobs()
    monkeypatch.undo()
    assert progress(batch).state == "ACTIVE"
    run_due_jobs()
    check_once(batch, keys)
    assert is_done(batch)


def test_a_suspended_batch_rests_until_it_is_resumed(shop: Shop):
    keys = shop.start(4)
    batch = shop.submit(AGAIN, keys, size=2)
    SuspendBatch(shop.operator, channel=Channel.ADMIN).execute(batch.key)
    assert run_due_jobs() == 0
    ResumeBatch(shop.operator, channel=Channel.ADMIN).execute(batch.key)
    assert run_due_jobs() == 2
    check_once(batch, keys)


def test_suspending_waits_for_what_is_under_way(shop: Shop):
    """When it returns, nothing more happens."""
    batch = shop.submit(AGAIN, shop.start(4), size=2)
    suspended = threading.Event()

    def suspend() -> None:
        SuspendBatch(shop.operator, channel=Channel.ADMIN).execute(batch.key)
        connection.close()
        suspended.set()

    first = jobs(batch)[0].key
    with second_connection() as other:
        other.execute("SELECT 1 FROM operate_batchjob WHERE key = %s FOR UPDATE", [first])
        thread = threading.Thread(target=suspend)
        thread.start()
        until(lambda: waiting_for_locks() == 1)
        assert not suspended.is_set()
    thread.join()
    assert run_due_jobs() == 0


def test_an_outage_is_nobody_s_fault(shop: Shop, monkeypatch, caplog):
    keys = shop.start(2)
    run_next_job, calls = running.run_next_job, []

    def sometimes(*args):
        calls.append(args)
        if len(calls) == 1:
            raise OperationalError("the server is restarted")
        return run_next_job(*args)

    monkeypatch.setattr(operate.batch.runner, "run_next_job", sometimes)
    batch = shop.submit(AGAIN, keys)
    with BatchRunner():
        until(lambda: is_done(batch))
    assert "The batch-runner has to wait: the server is restarted" in caplog.text
    assert [each.retries for each in jobs(batch)] == [3]


def test_a_deadlock_is_tried_again_without_counting(shop: Shop, monkeypatch):
    batch = shop.submit(AGAIN, shop.start(2))
    monkeypatch.setattr(running.Report, "write", deadlock)
    with pytest.raises(OperationalError):
        run_due_jobs()
    monkeypatch.undo()
    assert [each.retries for each in jobs(batch)] == [3]
    assert run_due_jobs() == 1
    assert is_done(batch)


def deadlock(*args: object) -> None:
    raise OperationalError("deadlock detected")


@pytest.mark.parametrize(
    ("options", "expected"),
    [((), "COMPLETED"), (("--queues", "engine"), "COMPLETED"), (("--queues", "other"), "ACTIVE")],
)
def test_the_worker_command_does_batches_too(shop: Shop, options, expected):
    batch = shop.submit(AGAIN, shop.start())
    call_command("procrastinate", "worker", "--one-shot", *options)
    assert progress(batch).state == expected
    assert BatchItem.objects.get().state == expected
