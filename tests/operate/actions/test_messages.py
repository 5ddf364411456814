"""Messages: who gets them, and an audit event at each process instance that did."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.models import Channel, Event, Result
from operate.actions import CorrelateMessage, PublishMessage
from operate.workspaces import Role
from tests.operate.actions.conftest import REMINDER
from workflow.engine.errors import Rejected
from workflow.models import BufferedMessage, ProcessInstance
from workflow.services import MessageCorrelation

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def test_each_instance_that_gets_a_message_has_an_event(shop, new_events):
    # given
    other = shop.start()
    new_events()
    # when
    CorrelateMessage(shop.people[Role.WORKER], channel=Channel.ENGINE_REST).execute(
        MessageCorrelation("paid", all=True), variables={"by": "card"}
    )
    # then
    events = new_events()
    assert {event.process_instance_key for event in events} == {shop.instance_key, other}
    assert {event.event for event in events} == {Event.CORRELATE}
    assert all(event.body["variables"] == {"by": "card"} for event in events)


def test_a_message_that_nobody_waits_for_is_recorded_as_refused(shop, new_events):
    # given
    new_events()
    # when
    with pytest.raises(Rejected):
        CorrelateMessage(shop.people[Role.WORKER], channel=Channel.ENGINE_REST).execute(MessageCorrelation("unheard"))
    # then
    [event] = new_events()
    assert event.result == Result.REFUSED
    assert event.body["correlation"]["name"] == "unheard"


def test_a_published_message_is_recorded_at_who_gets_it(shop, new_events):
    # given
    reminder = shop.deploy(REMINDER, "reminder.bpmn").definitions[0].key
    waiting = shop.start(reminder, variables={"customer": "C1"})
    new_events()
    # when
    PublishMessage(shop.people[Role.OPERATOR], channel=Channel.V2).execute(
        "answer", workspace_id=shop.workspace.pk, correlation_key="C1"
    )
    # then
    assert ProcessInstance.objects.get(pk=waiting).state == "COMPLETED"
    [event] = new_events()
    assert (event.event, event.process_instance_key, event.process_id) == (Event.PUBLISH, waiting, "reminder")
    assert event.body["correlation_key"] == "C1"


def test_a_buffered_message_is_recorded_in_its_workspace(shop, new_events):
    # given
    new_events()
    # when
    published = PublishMessage(shop.people[Role.OPERATOR], channel=Channel.V2).execute(
        "answer", workspace_id=shop.workspace.pk, correlation_key="C2", time_to_live=MINUTE
    )
    # then
    assert BufferedMessage.objects.get().key == published.key
    [event] = new_events()
    assert (event.workspace, event.entity_key, event.process_instance_key) == (shop.workspace, published.key, None)
