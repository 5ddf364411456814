"""Taking back what the audit log tells of: what is planned, what is done, and what is honestly said to stay."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import AuditEvent, Channel
from operate.actions import CompleteUserTask, ModifyProcessInstance, SuspendProcessInstance
from operate.actions import SetVariables as SetOnes
from operate.undo import Undo, undo_of, why_not_undone
from tests.operate.admin.conftest import Office
from tests.operate.admin.test_modification import active, row, send
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import ProcessInstance, UserTask, Variable
from workflow.services import set_variables

BOTH = pytest.mark.parametrize("semantics", Semantics)


def act(office: Office, kind: Any) -> Any:
    return kind(office.people["stella"], channel=Channel.ADMIN)


def latest(instance: ProcessInstance, event: str = "Modify") -> AuditEvent:
    return AuditEvent.objects.filter(process_instance_key=instance.key, event=event).latest("key")


def undo(instance: ProcessInstance, event: str = "Modify") -> Undo:
    instance.refresh_from_db()
    return undo_of(latest(instance, event), instance)


def apply(office: Office, instance: ProcessInstance, found: Undo) -> None:
    act(office, ModifyProcessInstance).execute(instance.key, found.instructions)


@BOTH
def test_a_move_is_undone_with_its_variables(office, semantics):
    instance = office.start(semantics)
    plan = [row("set", "", key=str(instance.key), variables='{"amount": 7}'), row("move", "approve", target="pack")]
    set_variables(instance.key, {"amount": 1})
    instance.refresh_from_db()
    assert send(office, "stella", instance, *plan).status_code == 200
    assert active(instance) == ["delivery", "pack"]
    found = undo(instance)
    apply(office, instance, found)
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
        undo(instance)


@BOTH
def test_a_value_that_was_changed_since_stays(office, semantics):
    instance = office.start(semantics)
    act(office, SetOnes).execute(instance.key, {"old": 1, "other": 1})
    act(office, SetOnes).execute(instance.key, {"old": 2, "other": 2, "new": 3})
    set_variables(instance.key, {"other": 9})
    found = undo(instance, "Update")
    assert sorted(found.notes) == [
        "'new' did not exist before; it is deleted on the variables page.",
        "'other' has been changed since; that value stays.",
    ]
    apply(office, instance, found)
    values = dict(Variable.objects.filter(scope_key=instance.key).values_list("name", "value"))
    assert {name: values[name] for name in ("old", "other", "new")} == {"old": 1, "other": 9, "new": 3}


def test_what_cannot_be_undone_says_why(office):
    instance = office.start(Semantics.ZEEBE)
    act(office, SuspendProcessInstance).execute(instance.key)
    assert "not this" in why_not_undone(latest(instance, "Suspend"), instance)
    with pytest.raises(Rejected, match="cannot be undone"):
        undo(instance, "Suspend")


def test_the_page_plans_it_and_strangers_see_nothing(office):
    instance = office.start(Semantics.CAMUNDA_7)
    assert send(office, "stella", instance, row("move", "approve", target="pack")).status_code == 200
    path = f"/workflow/processinstance/{instance.key}/undo/{latest(instance).key}/"
    answer = office.of("stella").get(path).json()
    assert [each["kind"] for each in answer["rows"]] == ["add", "cancel"]
    assert answer["reason"].startswith("Undo of modify by stella")
    assert office.of("paul").get(path).status_code == 404
    assert office.of("petra").get(path).status_code == 404  # who may not read the audit log
    api = f"/api/process-instances/{instance.key}/undo/{latest(instance).key}"
    plan = office.of("stella").get(api).json()["plan"]
    assert [each["type"] for each in plan["instructions"]] == ["start_before", "cancel_element_instance"]
    instance.refresh_from_db()
    assert plan["expected_revision"] == instance.revision
