"""Several connections at once: a timer fires once, and deploying, suspending and deleting do not miss who starts meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.definitions import deploy
from tests.support.start_events import xml
from tests.workflow.test_concurrency import at_once
from workflow import services
from workflow.engine.errors import Conflict, NotFound
from workflow.graph import Semantics
from workflow.models import BufferedMessage, Job, ProcessDefinition, ProcessInstance, Workspace
from workflow.services import Context

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.parametrize("semantics", Semantics)
FOUR = 4


@BOTH
def test_a_timer_run_by_several_at_once_starts_one_instance(semantics):
    deploy(xml("order", semantics, ("cycle", "R/PT1H")))
    key = Job.objects.get().key
    later = Context(now=datetime.now(UTC) + timedelta(hours=1, seconds=1))
    results = at_once(*(lambda: services.execute_job(key, context=later) for _ in range(FOUR)))
    assert sum(isinstance(each, NotFound) for each in results) == FOUR - 1
    assert ProcessInstance.objects.count() == 1
    assert Job.objects.get().key != key


@BOTH
def test_a_timer_that_fires_while_the_next_version_is_deployed_leaves_nothing_of_the_old_one(semantics):
    for version in range(5):
        deploy(xml("order", semantics, ("cycle", "R/PT1H"), note=str(version)))
        key = Job.objects.get().key
        at_once(
            lambda key=key: services.execute_job(key),
            lambda version=version: deploy(xml("order", semantics, ("cycle", "R/PT1H"), note=f"{version} again")),
        )
        [job] = Job.objects.all()
        assert job.definition_key == ProcessDefinition.objects.get(is_latest=True).key


@BOTH
def test_who_starts_while_a_definition_is_suspended_with_its_instances_is_suspended_or_refused(semantics):
    [definition] = deploy(xml("order", semantics))
    results = at_once(
        *(lambda: services.start_process_instance(definition.key) for _ in range(FOUR)),
        lambda: services.suspend_process_definition(definition.key, with_instances=True),
    )
    started = [each for each in results[:FOUR] if not isinstance(each, Exception)]
    refused = [each for each in results[:FOUR] if isinstance(each, Conflict)]
    assert len(started) + len(refused) == FOUR
    assert list(ProcessInstance.objects.values_list("suspended", flat=True)) == [True] * len(started)


@BOTH
def test_who_starts_while_a_definition_is_deleted_leaves_no_instance_without_one(semantics):
    [definition] = deploy(xml("order", semantics))
    at_once(
        *(lambda: services.start_process_instance(definition.key) for _ in range(FOUR)),
        lambda: services.delete_process_definition(definition.key),
    )
    known = set(ProcessDefinition.objects.values_list("key", flat=True))
    assert set(ProcessInstance.objects.values_list("definition_key", flat=True)) <= known


def test_messages_published_at_once_start_one_instance_a_correlation_key_and_the_rest_one_after_the_other():
    deploy(xml("order", Semantics.ZEEBE, ("message", "paid")))
    workspace = Workspace.objects.get(slug="<default>").pk

    def publish() -> object:
        return services.publish_message(
            "paid", workspace_id=workspace, correlation_key="C-1", time_to_live=timedelta(hours=1)
        )

    results = at_once(*(publish for _ in range(FOUR)))
    assert not [each for each in results if isinstance(each, Exception)]
    for number in range(1, FOUR + 1):
        assert ProcessInstance.objects.count() == number
        [running] = ProcessInstance.objects.filter(state="ACTIVE")
        services.cancel_process_instance(running.key)
    assert not ProcessInstance.objects.filter(state="ACTIVE").exists()
    assert all(message.correlated_to == ["order"] for message in BufferedMessage.objects.all())


def test_a_message_published_while_the_instance_before_ends_is_not_lost():
    deploy(xml("order", Semantics.ZEEBE, ("message", "paid")))
    workspace = Workspace.objects.get(slug="<default>").pk

    def publish() -> services.PublishedMessage:
        return services.publish_message(
            "paid", workspace_id=workspace, correlation_key="C-1", time_to_live=timedelta(hours=1)
        )

    for number in range(1, 6):
        publish()
        [running] = ProcessInstance.objects.filter(state="ACTIVE")
        at_once(publish, lambda key=running.key: services.cancel_process_instance(key))
        assert ProcessInstance.objects.count() == 2 * number
        [running] = ProcessInstance.objects.filter(state="ACTIVE")
        services.cancel_process_instance(running.key)
