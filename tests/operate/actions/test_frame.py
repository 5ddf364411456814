"""The frame around every action: requests, dry runs, failures, the system itself, and what it costs."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import RequestFactory

from audit.models import AuditEvent, Channel, Result
from operate import actions
from operate.actions import CancelProcessInstance, CompleteUserTask, SetVariables, SuspendProcessInstance
from operate.workspaces import Forbidden, Role
from tests.support.wire import wire_traffic
from workflow import services
from workflow.engine.errors import Conflict, NotFound
from workflow.models import UserTask, Variable
from workflow.persistence.transaction import transaction

pytestmark = pytest.mark.django_db


def request(user, **headers):
    made = RequestFactory().post("/engine-rest/task/7/complete?async=true", **headers)
    made.user = user
    return made


def test_an_action_of_a_request_carries_who_whence_and_which(shop, new_events):
    # given
    sent = request(shop.people[Role.OPERATOR])
    new_events()
    # when
    SuspendProcessInstance.of(sent, Channel.ENGINE_REST, reason="wait").execute(shop.instance_key)
    CancelProcessInstance.of(sent, Channel.ENGINE_REST).execute(shop.instance_key)
    # then
    first, second = new_events()
    assert (first.actor_name, first.url, first.channel, first.reason) == (
        "operator",
        "/engine-rest/task/7/complete?async=true",
        Channel.ENGINE_REST,
        "wait",
    )
    assert first.request_id == second.request_id is not None


@pytest.mark.parametrize(
    ("sent", "kept"), [("6c6f9a4e-6f0e-4b8b-9d3a-5b1e6c1d2f00", True), ("nonsense", False), ("", False)]
)
def test_a_request_id_of_the_client_is_kept_if_it_is_one(sent, kept, shop):
    action = SuspendProcessInstance.of(request(None, HTTP_X_REQUEST_ID=sent), Channel.SYSTEM)
    assert isinstance(action.request_id, UUID)
    assert (str(action.request_id) == sent) is kept


def test_a_dry_run_changes_and_records_nothing(shop, new_events):
    # given
    new_events()
    action = CompleteUserTask(shop.people[Role.OPERATOR], channel=Channel.ADMIN, dry_run=True)
    # when
    outcome = action.execute(shop.task_key, variables={"approved": True})
    # then
    assert [fact.element_id for fact in outcome.completed] == ["approve", "approved"]
    assert UserTask.objects.get(pk=shop.task_key).state == "CREATED"
    assert not Variable.objects.filter(name="approved").exists()
    assert new_events() == []


def test_a_refused_dry_run_is_recorded_only_for_a_missing_right(shop, new_events):
    # given
    new_events()
    key = shop.task_key
    # when
    with pytest.raises(NotFound):
        CompleteUserTask(shop.people[Role.OPERATOR], channel=Channel.ADMIN, dry_run=True).execute(1)
    with pytest.raises(Forbidden):
        CompleteUserTask(shop.people[Role.SUPPORT], channel=Channel.ADMIN, dry_run=True).execute(key)
    # then
    assert [(event.result, event.actor_name) for event in new_events()] == [(Result.REFUSED, "support")]


def test_a_refusal_by_the_engine_is_recorded_with_what_was_asked(shop, new_events):
    # given
    SuspendProcessInstance(None).execute(shop.instance_key)
    new_events()
    # when
    with pytest.raises(Conflict) as refusal:
        CompleteUserTask(shop.people[Role.OPERATOR], channel=Channel.V2).execute(
            shop.task_key, variables={"approved": True}
        )
    # then
    [event] = new_events()
    assert (event.result, event.message) == (Result.REFUSED, refusal.value.message)
    assert (event.workspace, event.entity_key, event.body) == (
        shop.workspace,
        shop.task_key,
        {"variables": {"approved": True}},
    )


def test_a_defect_is_recorded_as_failed_and_raised(shop, new_events, monkeypatch):
    # given
    def explode(*args, **kwargs):
        raise RuntimeError("boom")

    monkeypatch.setattr(services, "cancel_process_instance", explode)
    new_events()
    # when
    with pytest.raises(RuntimeError, match="boom"):
        CancelProcessInstance(shop.people[Role.OPERATOR], channel=Channel.ADMIN).execute(shop.instance_key)
    # then
    [event] = new_events()
    assert (event.result, event.message) == (Result.FAILED, "RuntimeError: boom")


def test_what_cannot_be_recorded_does_not_happen(shop, monkeypatch):
    # given
    def refuse(*args):
        raise OSError("the audit log is full")

    monkeypatch.setattr("operate.actions.base.record", refuse)
    # when
    with pytest.raises(OSError, match="full"):
        CancelProcessInstance(shop.people[Role.OPERATOR], channel=Channel.ADMIN).execute(shop.instance_key)
    # then
    assert shop.instance.state == "ACTIVE"


def test_an_action_can_be_executed_again_after_a_refusal(shop, new_events):
    # given
    action = CompleteUserTask(shop.people[Role.OPERATOR], channel=Channel.BATCH)
    new_events()
    # when
    with pytest.raises(NotFound):
        action.execute(1, variables={"a": 1})
    action.execute(shop.task_key)
    # then
    refused, done = new_events()
    assert (refused.result, refused.entity_key) == (Result.REFUSED, 1)
    assert (done.result, done.entity_key, done.message, done.body) == (Result.SUCCESS, shop.task_key, "", {})


def test_the_system_acts_for_itself_only(shop, new_events):
    # given
    new_events()
    # when
    SuspendProcessInstance(None).execute(shop.instance_key)
    # then
    [event] = new_events()
    assert (event.actor, event.actor_name, event.channel) == (None, "", Channel.SYSTEM)
    with pytest.raises(ValueError, match="Expected an actor"):
        SuspendProcessInstance(None, channel=Channel.V2)


def test_actions_in_one_transaction_are_stored_together(shop):
    # given
    operator = shop.people[Role.OPERATOR]
    before = AuditEvent.objects.count()

    def suspend_and_fail() -> None:
        with transaction():
            SuspendProcessInstance(operator, channel=Channel.BATCH).execute(shop.instance_key)
            raise RuntimeError

    # when
    with pytest.raises(RuntimeError):
        suspend_and_fail()
    # then
    assert not shop.instance.suspended
    assert AuditEvent.objects.count() == before


def test_time_of_the_event_is_the_time_of_the_command(shop, new_events):
    # given
    moment = shop.instance.started_at.replace(year=2020)
    new_events()
    # when
    SuspendProcessInstance(None, now=moment).execute(shop.instance_key)
    # then
    assert [event.at for event in new_events()] == [moment]


@pytest.mark.parametrize("by", ["service", "action"])
def test_an_action_costs_no_more_round_trips_than_its_service(by, shop, django_assert_num_queries):
    """Reading the command's part, writing everything with the audit event: the right was read before."""
    # given
    operator = shop.people[Role.OPERATOR]
    key = shop.task_key
    action = CompleteUserTask(operator, channel=Channel.V2)
    # when
    with wire_traffic() as traffic:
        if by == "service":
            services.complete_user_task(key)
        else:
            action.execute(key)
    # then
    assert traffic.round_trips - traffic.preparations == 4
    with django_assert_num_queries(0):
        assert CompleteUserTask(operator, channel=Channel.V2).access is action.access


@pytest.mark.parametrize("name", sorted(actions.__all__))
def test_every_name_that_is_offered_exists(name):
    assert getattr(actions, name)


def test_setting_variables_of_two_scopes_by_one_action_object(shop):
    action = SetVariables(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN)
    action.execute(shop.instance_key, {"a": 1})
    action.execute(shop.receive_key, {"b": 2}, local=True)
    assert set(Variable.objects.filter(name__in="ab").values_list("scope_key", "name")) == {
        (shop.instance_key, "a"),
        (shop.receive_key, "b"),
    }
