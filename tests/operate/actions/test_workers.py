"""Job workers: what they may reach, and when their traffic is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from audit.models import Channel, Event, Result
from operate.actions import ActivateJobs, CompleteJob, FailJob, UpdateJob
from operate.models import WorkspaceSettings
from operate.workspaces import Forbidden, Role, add_member
from tests.operate.actions.conftest import ORDER, deploy
from workflow.engine.errors import NotFound
from workflow.models import Job, Workspace
from workflow.services import JobRequest, start_process_instance

pytestmark = pytest.mark.django_db

SHIP = [JobRequest("ship", timedelta(minutes=1))]


@pytest.fixture
def cards() -> Workspace:
    """A second workspace with an order of its own."""
    workspace = Workspace.objects.create(slug="cards", name="Cards")
    start_process_instance(deploy(workspace, ORDER, "order.bpmn").definitions[0].key)
    return workspace


def fresh(user):
    return get_user_model().objects.get(pk=user.pk)


def activate(user, **arguments):
    action = ActivateJobs(fresh(user), channel=Channel.ENGINE_REST)
    return action.execute(SHIP, **({"worker": "w", "max_jobs": 9} | arguments))


def test_a_worker_gets_jobs_only_where_it_may_work(shop, cards):
    jobs = activate(shop.people[Role.WORKER])
    assert [each.job.workspace_id for each in jobs] == [shop.workspace.pk]


def test_asking_for_more_workspaces_does_not_help(shop, cards):
    jobs = activate(shop.people[Role.WORKER], workspace_ids=[shop.workspace.pk, cards.pk])
    assert [each.job.workspace_id for each in jobs] == [shop.workspace.pk]


def test_asking_for_a_hidden_workspace_finds_none(shop, cards):
    with pytest.raises(NotFound, match="Expected to find a workspace with id 'cards', but there is none"):
        activate(shop.people[Role.WORKER], workspace_ids=[cards.pk])


def test_who_may_work_nowhere_is_told_so(shop):
    with pytest.raises(Forbidden, match="'work_jobs'"):
        activate(shop.people[Role.SUPPORT])


def test_no_workspace_asked_for_is_no_job(shop):
    assert activate(shop.people[Role.WORKER], workspace_ids=[]) == []
    assert activate(shop.people[Role.ORG_ADMIN], workspace_ids=[]) == []


def test_the_organisations_administrator_reaches_all(shop, cards):
    jobs = activate(shop.people[Role.ORG_ADMIN])
    assert {each.job.workspace_id for each in jobs} == {shop.workspace.pk, cards.pk}


def work(shop) -> None:
    """What a worker does with a job, first in vain."""
    worker = fresh(shop.people[Role.WORKER])
    [each] = activate(worker)
    UpdateJob(worker, channel=Channel.V2).execute(each.job.key, lock_for=timedelta(minutes=2))
    FailJob(worker, channel=Channel.V2).execute(each.job.key, retries=1, worker="w")
    [each] = activate(worker)
    CompleteJob(worker, channel=Channel.V2).execute(each.job.key, worker="w")


def test_worker_traffic_is_not_recorded_by_default(shop, new_events):
    new_events()
    work(shop)
    assert new_events() == []


def test_worker_traffic_is_recorded_where_that_is_switched_on(shop, cards, new_events):
    # given
    WorkspaceSettings.objects.create(workspace=shop.workspace, audit_worker_traffic=True)
    job = shop.job_key
    new_events()
    # when
    work(shop)
    # then
    events = new_events()
    assert [event.event for event in events] == [
        Event.ACTIVATE,
        Event.UPDATE,
        Event.FAIL,
        Event.ACTIVATE,
        Event.COMPLETE,
    ]
    assert events[0].body == {"worker": "w", "types": ["ship"], "jobs": [job]}


def test_activation_in_several_workspaces_is_recorded_in_each_that_wants_it(shop, cards, new_events):
    # given
    for workspace in (shop.workspace, cards):
        WorkspaceSettings.objects.create(workspace=workspace, audit_worker_traffic=True)
    new_events()
    # when
    activate(shop.people[Role.ORG_ADMIN])
    # then
    assert {event.workspace for event in new_events()} == {shop.workspace, cards}


def test_a_missing_right_is_recorded_also_of_a_worker(shop, new_events):
    # given
    new_events()
    # when
    with pytest.raises(Forbidden):
        CompleteJob(shop.people[Role.SUPPORT], channel=Channel.V2).execute(shop.job_key)
    # then
    assert [event.result for event in new_events()] == [Result.REFUSED]


def test_people_who_do_a_workers_job_are_recorded(shop, new_events):
    # given
    new_events()
    # when
    CompleteJob(shop.people[Role.OPERATOR], channel=Channel.ADMIN).execute(shop.job_key)
    # then
    assert [(event.event, event.actor_name) for event in new_events()] == [(Event.COMPLETE, "operator")]


def test_new_retries_are_recorded_whoever_gives_them(shop, new_events):
    # given
    new_events()
    # when
    UpdateJob(shop.people[Role.WORKER], channel=Channel.V2).execute(shop.job_key, retries=5)
    # then
    assert [event.event for event in new_events()] == [Event.RETRY]
    assert Job.objects.get(pk=shop.job_key).retries == 5


def test_a_role_that_is_given_later_counts_from_the_next_request(shop, cards):
    # given
    worker = shop.people[Role.WORKER]
    activate(worker)
    # when
    add_member(worker, cards, Role.WORKER)
    # then
    assert [each.job.workspace_id for each in activate(worker)] == [cards.pk]
