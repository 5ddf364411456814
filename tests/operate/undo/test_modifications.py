"""Taking back modifications and edits of variables: what is planned, what is done, and what is honestly said to stay."""

from __future__ import annotations

from decimal import Decimal

import pytest

from operate.actions import CompleteUserTask, DeleteVariables
from operate.actions import SetVariables as SetOnes
from operate.undo import undo_of
from tests.operate.admin.test_modification import active, row, send
from tests.operate.undo.conftest import act, apply, latest, undo
from workflow.engine.errors import Conflict, Rejected
from workflow.graph import Semantics
from workflow.models import UserTask, Variable
from workflow.services import set_variables

BOTH = pytest.mark.parametrize("semantics", Semantics)


@BOTH
def test_a_move_is_undone_with_its_variables(office, semantics):
    instance = office.start(semantics)
    plan = [row("set", "", key=str(instance.key), variables='{"amount": 7}'), row("move", "approve", target="pack")]
    set_variables(instance.key, {"amount": 1})
    instance.refresh_from_db()
    assert send(office, "stella", instance, *plan).status_code == 200
    assert active(instance) == ["delivery", "pack"]
    found = undo(instance.key, "Modify")
    apply(office, found)
    assert active(instance) == ["approve"]
    assert Variable.objects.get(scope_key=instance.key, name="amount").value == 1
    assert found.notes == (
        "'Approve' begins anew: tasks and jobs are new ones, with nothing of the work that was done.",
    )


@BOTH
def test_what_has_gone_on_since_is_told_and_left_alone(office, semantics):
    instance = office.start(semantics)
    assert send(office, "stella", instance, row("add", "pack")).status_code == 200
    task = UserTask.objects.get(process_instance_key=instance.key, element_id="pack", state="CREATED")
    act(office, CompleteUserTask).execute(task.key)
    instance.refresh_from_db()
    with pytest.raises(Rejected, match="'Pack' has run to its end; what it did, and what came of it, stays"):
        undo(instance.key, "Modify")


@BOTH
def test_an_edit_is_undone_with_what_it_made_but_for_what_was_changed_since(office, semantics):
    instance = office.start(semantics)
    act(office, SetOnes).execute(instance.key, {"old": 1, "other": 1})
    act(office, SetOnes).execute(instance.key, {"old": 2, "other": 2, "new": 3})
    set_variables(instance.key, {"other": 9})
    found = undo(instance.key, "Update")
    assert found.notes == ("'other' has been changed since; that value stays.",)
    assert sorted(found.plan.describe()) == [
        "Delete variable 'new', which did not exist",
        "Set variable 'old' to what it was",
    ]
    apply(office, found)
    values = dict(Variable.objects.filter(scope_key=instance.key).values_list("name", "value"))
    assert {name: values.get(name) for name in ("old", "other", "new")} == {"old": 1, "other": 9, "new": None}
    # and the undo is undone
    apply(office, undo(instance.key, "Update"))
    values = dict(Variable.objects.filter(scope_key=instance.key).values_list("name", "value"))
    assert {name: values.get(name) for name in ("old", "other", "new")} == {"old": 2, "other": 9, "new": 3}


def test_what_was_deleted_is_there_again_with_all_its_digits(office):
    instance = office.start(Semantics.CAMUNDA_7)
    act(office, SetOnes).execute(instance.key, {"rate": Decimal("1.100"), "name": "x"})
    before = Variable.objects.get(scope_key=instance.key, name="name")
    act(office, DeleteVariables).execute(instance.key, ["name"])
    apply(office, undo(instance.key, "Delete"))
    again = Variable.objects.get(scope_key=instance.key, name="name")
    assert (again.value, again.type) == (before.value, before.type)


@BOTH
def test_an_event_is_undone_once_and_its_undo_can_be_undone(office, semantics):
    instance = office.start(semantics)
    assert send(office, "stella", instance, row("move", "approve", target="pack")).status_code == 200
    first = latest(instance.key, "Modify")
    found = undo(instance.key, "Modify")
    apply(office, found)
    assert active(instance) == ["approve"]
    second = latest(instance.key, "Modify")
    assert second.body["undo_of"] == first.key
    # not twice, not even by who has made the plan before
    with pytest.raises(
        Conflict, match=f"Event '{first.key}' has been undone already, by event '{second.key}' of stella"
    ):
        apply(office, found)
    assert latest(instance.key, "Modify").result == "REFUSED"
    # but the undo itself
    apply(office, undo_of(second))
    assert active(instance) == ["delivery", "pack"]


def test_the_page_plans_it_and_strangers_see_nothing(office):
    instance = office.start(Semantics.CAMUNDA_7)
    assert send(office, "stella", instance, row("move", "approve", target="pack")).status_code == 200
    path = f"/workflow/processinstance/{instance.key}/undo/{latest(instance.key, 'Modify').key}/"
    answer = office.of("stella").get(path).json()
    assert [each["kind"] for each in answer["rows"]] == ["add", "cancel"]
    assert answer["reason"].startswith("Undo of modify by stella")
    assert office.of("paul").get(path).status_code == 404
    assert office.of("petra").get(path).status_code == 404  # who may not read the audit log
    api = f"/api/process-instances/{instance.key}/undo/{latest(instance.key, 'Modify').key}"
    plan = office.of("stella").get(api).json()["plan"]
    assert [each["type"] for each in plan["instructions"]] == ["start_before", "cancel_element_instance"]
    instance.refresh_from_db()
    assert plan["expected_revision"] == instance.revision


def test_what_is_planned_from_an_event_names_it_when_it_is_applied(office):
    instance = office.start(Semantics.CAMUNDA_7)
    assert send(office, "stella", instance, row("move", "approve", target="pack")).status_code == 200
    first = latest(instance.key, "Modify").key
    rows = office.of("stella").get(f"/workflow/processinstance/{instance.key}/undo/{first}/").json()["rows"]
    instance.refresh_from_db()
    assert send(office, "stella", instance, *rows, undoOf=str(first)).status_code == 200
    assert latest(instance.key, "Modify").body["undo_of"] == first
    instance.refresh_from_db()
    again = send(office, "stella", instance, row("move", "approve", target="pack"), undoOf=str(first))
    assert again.status_code == 409
    other = office.start(Semantics.CAMUNDA_7)
    assert send(office, "stella", other, row("move", "approve", target="pack"), undoOf=str(first)).status_code == 404
