"""What variables were: at any moment, before any edit, and brought back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit.models import AuditEvent, VariableSnapshot
from operate.actions import CancelProcessInstance, CompleteUserTask
from operate.variables.edits import NothingChanged, VariablesChanged
from operate.variables.snapshots import (
    compare,
    restoring,
    snapshot,
    snapshots,
    state_at,
    state_before,
    state_now,
    state_of,
)
from operate.workspaces import Access, Role
from tests.support.models import model
from workflow.engine.errors import NotFound, Rejected
from workflow.graph import Semantics
from workflow.models import ElementInstance, UserTask
from workflow.services import NotEditable

pytestmark = pytest.mark.django_db


def text(value):
    return {"text": value}


@pytest.fixture
def access(loans):
    return Access.of(loans.people[Role.WORKSPACE_ADMIN])


def texts(state, scope_key=None):
    key = scope_key or state.instance.key
    found = next((scope.variables for scope in state.scopes if scope.key == key), {})
    return {name: was.text for name, was in found.items()}


def test_every_edit_has_its_snapshot_and_the_state_before_and_after_it(loans, access):
    # given
    loans.act(reason="first").execute(loans.edit(set={"amount": text("1.10"), "new": text("true")}, accept_types=True))
    loans.act(reason="second").execute(loans.edit(delete=["amount"], set={"customer": text('{"name": "Bob"}')}))
    # when
    [second, first] = snapshots(loans.instance, access)
    # then
    assert (first.names, second.names) == (["amount", "new"], ["amount", "customer"])
    assert (first.reason, first.actor, first.event, first.subject) == (
        "first",
        "workspace_admin",
        "Update",
        "Process variables",
    )
    initial = {"amount": "100", "customer": '{"city": "Rome", "name": "Ann"}'}
    between = {"amount": "1.10", "customer": '{"city": "Rome", "name": "Ann"}', "new": "true"}
    assert texts(state_before(loans.instance, first.at)) == initial
    assert texts(state_at(loans.instance, first.at)) == between == texts(state_before(loans.instance, second.at))
    assert texts(state_at(loans.instance, second.at)) == {"customer": '{"name": "Bob"}', "new": "true"}
    assert texts(state_now(loans.instance)) == texts(state_at(loans.instance, second.at))
    assert texts(state_at(loans.instance, datetime(2020, 1, 1, tzinfo=UTC))) == {}


def test_states_are_compared_part_by_part(loans, access):
    # given
    loans.save(set={"amount": text("7"), "list": text("[1, 2]")})
    loans.save(
        set={"customer": text('{"name": "Bob", "city": "Rome", "vip": true}'), "list": text("[1]")}, delete=["amount"]
    )
    [second, first] = snapshots(loans.instance, access)
    # when
    found = compare(state_of(f"before:{first.key}", access), state_of(f"after:{second.key}", access))
    # then
    assert [(each.path, each.kind, each.left, each.right) for each in found] == [
        ("amount", "removed", "100", None),
        ("customer.name", "changed", '"Ann"', '"Bob"'),
        ("customer.vip", "added", None, "true"),
        ("list", "added", None, "[1]"),
    ]
    between = compare(state_of(f"after:{first.key}", access), state_of(f"now:{loans.key}", access))
    assert ("list[1]", "removed") in [(each.path, each.kind) for each in between]
    moment = compare(
        state_of(f"at:{loans.key}:{first.at.isoformat()}", access), state_of(f"before:{second.key}", access)
    )
    assert moment == []


def test_two_process_instances_are_compared_scope_by_scope(loans, access):
    # given
    task = ElementInstance.objects.get(process_instance=loans.key, element_id="approve")
    loans.save(scope_key=task.key, set={"own": text("1")})
    other = loans.start(loans.instance.definition_key, amount=5, customer={"name": "Ann", "city": "Rome"})
    # when
    found = compare(state_of(f"now:{loans.key}", access), state_of(f"now:{other}", access))
    # then
    assert [(each.scope_name, each.path, each.left, each.right) for each in found] == [
        ("Process", "amount", "100", "5"),
        ("Approve", "own", "1", None),
    ]


def test_restoring_is_an_edit_with_a_snapshot_and_an_event_of_its_own(loans, access):
    # given
    loans.save(set={"amount": text("1.50"), "new": text("1")}, delete=["customer"], accept_types=True)
    loans.save(set={"other": text("1")})
    instance, row = snapshot(snapshots(loans.instance, access)[-1].key, access)
    # when
    edited = loans.act(reason="undo").execute(restoring(instance, row))
    # then what that edit has changed is as before, and nothing else
    assert loans.texts() == {"amount": "100", "customer": '{"city": "Rome", "name": "Ann"}', "other": "1"}
    assert loans.types()["amount"] == "Integer"
    assert sorted((each.name, each.kind) for each in edited.changes) == [
        ("amount", "changed"),
        ("customer", "added"),
        ("new", "deleted"),
    ]
    event = AuditEvent.objects.latest("key")
    assert (event.body["restored_from"], event.snapshots.count()) == (row.key, 3)
    # when that one is restored in turn
    instance, undone = snapshot(event.key, access)
    loans.act().execute(restoring(instance, undone))
    # then
    assert loans.texts() == {"amount": "1.50", "new": "1", "other": "1"}


def test_restoring_the_whole_scope(loans, access):
    # given
    loans.save(set={"amount": text("1")})
    loans.save(set={"other": text("1")})
    instance, row = snapshot(snapshots(loans.instance, access)[-1].key, access)
    # when
    loans.act().execute(restoring(instance, row, whole=True))
    # then
    assert loans.texts() == {"amount": "100", "customer": '{"city": "Rome", "name": "Ann"}'}
    with pytest.raises(NothingChanged):
        loans.act().execute(restoring(instance, row, whole=True))


def test_restoring_loses_nobodys_change(loans, access):
    # given
    loans.save(set={"amount": text("1")})
    seen = loans.seen()
    loans.save(set={"amount": text("2")})
    instance, row = snapshot(snapshots(loans.instance, access)[-1].key, access)
    # when, then
    with pytest.raises(VariablesChanged):
        loans.act().execute(restoring(instance, row, seen=seen))


def test_what_has_ended_keeps_its_snapshots_and_is_not_restored(loans, access):
    # given
    loans.save(set={"amount": text("1")})
    CancelProcessInstance(None).execute(loans.key)
    instance, row = snapshot(snapshots(loans.instance, access)[0].key, access)
    # when, then
    assert texts(state_before(instance, row.at))["amount"] == "100"
    with pytest.raises(NotEditable):
        loans.act().execute(restoring(instance, row))


def test_scopes_that_have_ended_are_in_the_states_of_their_time(loans, access):
    # given
    sub = "<startEvent id='start'/><userTask id='one' name='One'/><userTask id='two'/>"
    loans.key = loans.start(loans.deploy(model("steps", Semantics.CAMUNDA_7, sub)), a=1)
    one = ElementInstance.objects.get(process_instance=loans.key, element_id="one")
    loans.save(scope_key=one.key, set={"own": text("1")})
    loans.save(scope_key=one.key, set={"own": text("2")})
    [second, _first] = snapshots(loans.instance, access)
    CompleteUserTask(None).execute(UserTask.objects.get(element_id="one").key)
    # when, then
    assert texts(state_before(loans.instance, second.at), one.key) == {"own": "1"}
    assert texts(state_now(loans.instance), one.key) == {}


def test_what_does_not_exist_or_is_nonsense(loans, access):
    for reference in ("now:1", "before:1", f"at:{loans.key}:yesterday", "never:1", "now:x", "", f"now:{loans.key}:x"):
        with pytest.raises((NotFound, Rejected)):
            state_of(reference, access)
    stranger = Access.of(loans.people["stranger"])
    loans.save(set={"amount": text("1")})
    key = VariableSnapshot.objects.get().audit_event_key
    for reference in (f"now:{loans.key}", f"before:{key}"):
        with pytest.raises(NotFound):
            state_of(reference, stranger)
