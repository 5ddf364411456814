"""History is kept for its time to live, and no longer."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from procrastinate.contrib.django import app

import operate.cleanup
from audit.models import AuditEvent
from operate.cleanup import clean_up_history
from tests.support.definitions import calling, left, one_task
from tests.support.models import deploy
from tests.support.wire import wire_traffic
from workflow import services
from workflow.graph import Semantics
from workflow.models import ProcessInstance, Workspace
from workflow.services import Context

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("semantics", Semantics)


def days_ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def kept_for(days: int | None, process_id: str = "order", semantics: Semantics = Semantics.CAMUNDA_7) -> int:
    """The key of a new process definition whose history is kept for so long."""
    definition = deploy(one_task(process_id, semantics))
    services.set_history_time_to_live(definition.key, days)
    return definition.key


def ended(definition_key: int, moment: datetime) -> int:
    started = services.start_process_instance(definition_key, context=Context(now=moment))
    services.cancel_process_instance(started.process_instance_key, context=Context(now=moment))
    return started.process_instance_key


def instances() -> set[int]:
    return set(ProcessInstance.objects.values_list("key", flat=True))


@BOTH
def test_what_ended_longer_ago_than_its_definition_says_is_deleted_with_everything_of_it(semantics):
    key = kept_for(7, semantics=semantics)
    ended(key, days_ago(8))
    clean_up_history(0)
    assert left() == {}


@BOTH
def test_what_ended_later_or_runs_or_is_to_be_kept_for_ever_stays(semantics):
    key = kept_for(7, semantics=semantics)
    recent = ended(key, days_ago(6))
    running = services.start_process_instance(key, context=Context(now=days_ago(100))).process_instance_key
    for_ever = ended(kept_for(None, "archive", semantics), days_ago(1000))
    gone = ended(key, days_ago(8))
    clean_up_history(0)
    assert instances() == {recent, running, for_ever}
    assert gone not in instances()


def test_without_any_days_it_goes_at_once():
    ended(kept_for(0), days_ago(0.01))
    clean_up_history(0)
    assert instances() == set()


@BOTH
def test_a_called_instance_stays_as_long_as_its_root_whatever_its_own_definition_says(semantics):
    kept_for(0, "child", semantics)
    parent = deploy(calling("parent", "child", semantics))
    services.set_history_time_to_live(parent.key, 7)
    long_ago, recently = Context(now=days_ago(8)), Context(now=days_ago(6))
    old = services.start_process_instance(parent.key, context=long_ago).process_instance_key
    new = services.start_process_instance(parent.key, context=recently).process_instance_key
    running = services.start_process_instance(parent.key, context=long_ago).process_instance_key
    services.cancel_process_instance(old, context=long_ago)
    services.cancel_process_instance(new, context=recently)
    clean_up_history(0)
    roots = ProcessInstance.objects.values_list("root_process_instance_key", flat=True)
    assert sorted(roots) == sorted([new, new, running, running])


def test_a_hierarchy_that_still_runs_somewhere_is_left_alone():
    kept_for(0, "child")
    parent = deploy(calling("parent", "child", Semantics.CAMUNDA_7))
    services.set_history_time_to_live(parent.key, 0)
    root = services.start_process_instance(parent.key).process_instance_key
    ProcessInstance.objects.filter(pk=root).update(state="CANCELED", ended_at=days_ago(1))
    clean_up_history(0)
    assert len(instances()) == 2


def test_one_audit_event_a_workspace_tells_of_a_run_of_many_chunks(monkeypatch, caplog):
    # given
    monkeypatch.setattr(operate.cleanup, "CHUNK", 2)
    key = kept_for(1)
    other = Workspace.objects.create(slug="other", name="Other")
    elsewhere = deploy(one_task("bill"), workspace=other)
    services.set_history_time_to_live(elsewhere.key, 1)
    for _ in range(5):
        ended(key, days_ago(2))
    ended(elsewhere.key, days_ago(2))
    # when
    with caplog.at_level(logging.INFO, "operate.cleanup"):
        clean_up_history(0)
    # then
    assert instances() == set()
    events = AuditEvent.objects.filter(event="Delete").order_by("key")
    assert [(event.workspace, event.channel, event.actor) for event in events] == [
        (Workspace.objects.get(slug="<default>"), "SYSTEM", None),
        (other, "SYSTEM", None),
    ]
    assert events[0].body == {"process_instances": 5, "by_process": {"order": 5}}
    progress = [record.getMessage() for record in caplog.records]
    assert progress[-1] == "History clean-up: 6 of 6 done, 6 process instances deleted so far."
    assert len(progress) == 4


def test_with_nothing_to_do_nothing_is_recorded():
    ended(kept_for(7), days_ago(1))
    clean_up_history(0)
    assert not AuditEvent.objects.filter(event="Delete").exists()


def test_runs_follow_each_other_until_nothing_is_left(monkeypatch):
    monkeypatch.setattr(operate.cleanup, "RUN", 2)
    key = kept_for(1)
    for _ in range(5):
        ended(key, days_ago(2))
    clean_up_history(0)
    assert instances() == set()
    assert AuditEvent.objects.filter(event="Delete").count() == 3


def test_a_time_to_live_that_was_prolonged_meanwhile_counts():
    key = kept_for(1)
    old = ended(key, days_ago(2))
    found = services.expired_instances(limit=10)
    services.set_history_time_to_live(key, 30)
    assert [each.key for each in found] == [old]
    assert services.delete_expired_instances([old]) == 0
    assert instances() == {old}


def test_a_chunk_costs_the_same_however_much_is_in_it():
    key = kept_for(1)

    def statements(number: int) -> int:
        keys = [ended(key, datetime(2020, 1, 1, tzinfo=UTC)) for _ in range(number)]
        with wire_traffic() as traffic:
            assert services.delete_expired_instances(keys) == number
        return len(traffic.statements)

    assert statements(1) == statements(20)


def test_the_task_is_known_to_the_worker_and_runs_by_itself():
    assert "operate.clean_up_history" in app.tasks
    assert "operate.clean_up_history" in {name for name, _id in app.periodic_registry.periodic_tasks}
