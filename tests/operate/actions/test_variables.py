"""Editing variables: before and after in the event, and the values from before as snapshots."""

from __future__ import annotations

import pytest

from audit.models import Channel, Event, Result, Subject, VariableSnapshot
from operate.actions import DeleteVariables, ModifyProcessInstance, SetVariables
from operate.workspaces import Forbidden, Role
from workflow.engine.errors import Conflict
from workflow.engine.values import TypedValue
from workflow.models import Variable
from workflow.modification import CancelAll, StartBefore

pytestmark = pytest.mark.django_db


def values(shop):
    return dict(Variable.objects.filter(scope_key=shop.instance_key).values_list("name", "value"))


def snapshots():
    return list(VariableSnapshot.objects.order_by("name").values_list("name", "existed", "value", "type"))


def test_an_edit_keeps_what_was_there_before(shop, new_events):
    # given
    admin = shop.people[Role.WORKSPACE_ADMIN]
    new_events()
    # when
    SetVariables(admin, channel=Channel.ADMIN, reason="typing error").execute(
        shop.instance_key, {"amount": TypedValue(90, "Long"), "note": {"by": ["phone"]}}
    )
    # then
    assert values(shop) == {"amount": 90, "note": {"by": ["phone"]}}
    assert snapshots() == [("amount", True, 100, "Integer"), ("note", False, None, "")]
    [event] = new_events()
    assert (event.event, event.subject, event.entity_type) == (
        Event.UPDATE,
        Subject.PROCESS_VARIABLES,
        Subject.PROCESS_INSTANCE,
    )
    assert (event.event, event.subject) == ("Update", "Process variables")
    changes = {change["name"]: (change["before"], change["after"]) for change in event.body["variables"]}
    assert changes == {"amount": (100, 90), "note": (None, {"by": ["phone"]})}
    snapshot = VariableSnapshot.objects.first()
    assert (snapshot.audit_event, snapshot.process_instance_key, snapshot.scope_key) == (
        event,
        shop.instance_key,
        shop.instance_key,
    )


def test_setting_and_deleting_are_one_edit(shop, new_events):
    # given
    new_events()
    # when
    SetVariables(shop.people[Role.ORG_ADMIN], channel=Channel.ENGINE_REST).execute(
        shop.instance_key, {"note": 1}, delete=["amount"]
    )
    # then
    assert values(shop) == {"note": 1}
    assert snapshots() == [("amount", True, 100, "Integer"), ("note", False, None, "")]
    assert len(new_events()) == 1


def test_deleted_variables_stay_as_snapshots(shop, new_events):
    # given
    new_events()
    # when
    DeleteVariables(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN).execute(shop.instance_key, ["amount"])
    # then
    assert values(shop) == {}
    assert snapshots() == [("amount", True, 100, "Integer")]
    assert [event.event for event in new_events()] == [Event.DELETE]


def test_an_edit_on_an_old_revision_is_refused_and_changes_nothing(shop, new_events):
    # given
    revision = Variable.objects.get(scope_key=shop.instance_key, name="amount").revision
    admin = SetVariables(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN)
    admin.execute(shop.instance_key, {"amount": 1}, expected={"amount": revision})
    new_events()
    # when
    with pytest.raises(Conflict):
        admin.execute(shop.instance_key, {"amount": 2}, expected={"amount": revision})
    # then
    assert values(shop) == {"amount": 1}
    assert VariableSnapshot.objects.count() == 1
    assert [event.result for event in new_events()] == [Result.REFUSED]


def test_a_plan_is_recorded_with_its_variables_and_what_came_of_it(shop, new_events):
    # given
    new_events()
    plan = [StartBefore("approve", variables={"amount": 7}), CancelAll("ship")]
    # when
    ModifyProcessInstance(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN).execute(shop.instance_key, plan)
    # then
    [event] = new_events()
    assert [(step["instruction"], step["text"], step["element_id"]) for step in event.body["plan"]] == [
        ("StartBefore", "Start before activity 'approve'", "approve"),
        ("CancelAll", "Cancel all instances of activity 'ship'", "ship"),
    ]
    assert event.body["plan"][0]["variables"] == {"amount": 7}
    assert [fact["element_id"] for fact in event.body["activated"]["elements"]] == ["approve"]
    assert [fact["element_id"] for fact in event.body["terminated"]["elements"]] == ["ship"]
    assert event.body["state"] == "ACTIVE"
    assert snapshots() == [("amount", True, 100, "Integer")]


def test_a_plan_with_variables_needs_the_right_to_edit_them(shop, new_events):
    # given
    operator = ModifyProcessInstance(shop.people[Role.OPERATOR], channel=Channel.ADMIN)
    new_events()
    # when
    operator.execute(shop.instance_key, [StartBefore("approve")])
    with pytest.raises(Forbidden, match="edit_variables"):
        operator.execute(shop.instance_key, [StartBefore("approve", local_variables={"amount": 1})])
    operator.execute(shop.instance_key, [CancelAll("approve")])
    # then
    assert [event.result for event in new_events()] == [Result.SUCCESS, Result.REFUSED, Result.SUCCESS]
    assert values(shop) == {"amount": 100}
