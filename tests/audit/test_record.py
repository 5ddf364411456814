"""What is recorded is what is read back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent, Channel, Event, Result, Subject, VariableSnapshot
from audit.record import Snapshot, to_json
from tests.audit.conftest import NOON
from tests.support.wire import wire_traffic
from workflow.engine.values import TypedValue
from workflow.models import Workspace

pytestmark = pytest.mark.django_db


def test_an_event_keeps_all_that_was_said(recorded):
    # given
    user = get_user_model().objects.create(username="anna")
    workspace = Workspace.objects.create(slug="loans", name="Loans")
    facts = {
        "event": Event.MODIFY,
        "subject": Subject.PROCESS_INSTANCE,
        "channel": Channel.V2,
        "at": NOON,
        "workspace_id": workspace.pk,
        "actor_id": user.pk,
        "actor_name": "anna",
        "on_behalf_of": "Ben",
        "request_id": UUID(int=5),
        "url": "/v2/process-instances/7/modification",
        "entity_type": Subject.PROCESS_INSTANCE,
        "entity_key": 7,
        "process_instance_key": 7,
        "definition_key": 3,
        "process_id": "loan",
        "reason": "ticket 4711",
        "body": {"plan": [{"text": "Cancel all instances of activity 'a'"}]},
        "result": Result.REFUSED,
        "message": "no such element",
    }
    # when
    event = recorded(**facts)
    # then
    assert {name: getattr(event, name) for name in facts} == facts
    assert (event.sequence, event.hash) == (None, None)


def test_snapshots_come_with_their_event(recorded):
    # when
    event = recorded(
        Snapshot(
            process_instance_key=7, scope_key=9, name="a", existed=True, value={"x": [1]}, type="Json", revision=4
        ),
        Snapshot(process_instance_key=7, scope_key=7, name="b", existed=False),
        process_instance_key=7,
    )
    # then
    rows = VariableSnapshot.objects.order_by("name").values_list(
        "audit_event_key",
        "process_instance_key",
        "scope_key",
        "name",
        "existed",
        "value",
        "type",
        "revision",
        "taken_at",
    )
    assert list(rows) == [
        (event.key, 7, 9, "a", True, {"x": [1]}, "Json", 4, NOON),
        (event.key, 7, 7, "b", False, None, "", None, NOON),
    ]


def test_a_null_value_is_kept_apart_from_no_value(recorded):
    # when
    recorded(Snapshot(process_instance_key=7, scope_key=7, name="a", existed=True, value=None, type="Null"))
    # then
    assert VariableSnapshot.objects.get().existed is True
    assert VariableSnapshot.objects.get().value is None


@pytest.mark.parametrize("snapshots", [0, 1, 50])
def test_recording_costs_one_statement_whatever_comes_with_it(snapshots, recorded):
    # when
    with wire_traffic() as traffic:
        recorded(
            *(Snapshot(process_instance_key=7, scope_key=7, name=f"v{n}", existed=False) for n in range(snapshots)),
        )
    # then
    assert sum("INSERT INTO" in statement for statement in traffic.statements) == 1


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "?"),
        (float("nan"), "nan"),
        ({"\x00": [float("inf"), "x"]}, {"\ufffd": ["inf", "x"]}),
        ("😀", "😀"),
        ("\\u0000", "\\u0000"),
    ],
)
def test_what_the_database_cannot_store_is_replaced(value, stored, recorded):
    assert recorded(body={"value": value}).body == {"value": stored}


def test_texts_are_stored_without_what_the_database_refuses(recorded):
    event = recorded(reason="a\x00", message="\ud800", url="/\x00", actor_name="\x00", on_behalf_of="\x00")
    assert (event.reason, event.message, event.url) == ("a\ufffd", "?", "/\ufffd")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (TypedValue(5, "Long"), '{"value":5,"type":"Long"}'),
        (timedelta(minutes=1), "60.0"),
        (NOON, '"2026-03-02T12:00:00+00:00"'),
        (Decimal("1.5"), "1.5"),
        (frozenset({"b", "a"}), '["a","b"]'),
        (Event.START, '"Start"'),
    ],
)
def test_plain_forms_of_what_bodies_hold(value, text):
    assert to_json(value) == text


def test_events_of_a_process_instance_come_newest_first(recorded):
    # given
    first = recorded(process_instance_key=7)
    recorded(process_instance_key=8)
    second = recorded(process_instance_key=7)
    # then
    assert list(AuditEvent.objects.of_process_instance(7)) == [second, first]


def test_an_event_outlives_its_actor(recorded):
    # given
    user = get_user_model().objects.create(username="anna")
    event = recorded(actor_id=user.pk, actor_name="anna")
    # when
    user.delete()
    # then
    event.refresh_from_db()
    assert event.actor_name == "anna"
