"""Modification of stored process instances: all of it or nothing, and what it makes is as good as any other."""

from __future__ import annotations

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import ElementInstance, Job, ProcessInstance, UserTask, Variable
from workflow.modification import (
    ActivateElement,
    CancelAll,
    CancelElementInstance,
    Instruction,
    ScopedVariables,
    StartBefore,
    TerminateAll,
    TerminateElementInstance,
)

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("semantics", Semantics)]


def started(semantics: Semantics, elements: str, **variables: object) -> int:
    """The key of an instance of a process with these elements in a row."""
    definition = deploy(model("trip", semantics, f"<startEvent id='s'/>{elements}"))
    return services.start_process_instance(definition.key, variables=variables).process_instance_key


def task(element_id: str, semantics: Semantics, **assigned: str) -> str:
    """A user task; in Zeebe one that is no job."""
    if semantics is Semantics.CAMUNDA_7:
        more = " ".join(f"camunda:{name}='{value}'" for name, value in assigned.items())
        return f"<userTask id='{element_id}' {more}/>"
    names = {"assignee": "assignee", "candidateGroups": "candidateGroups"}
    more = " ".join(f"{names[name]}='{value}'" for name, value in assigned.items())
    extensions = f"<zeebe:userTask/><zeebe:assignmentDefinition {more}/>" if more else "<zeebe:userTask/>"
    return f"<userTask id='{element_id}'><extensionElements>{extensions}</extensionElements></userTask>"


def picture(key: int) -> object:
    """Everything that a modification could have changed."""
    return (
        list(ProcessInstance.objects.filter(pk=key).values()),
        list(ElementInstance.objects.filter(process_instance=key).order_by("key").values()),
        list(Variable.objects.filter(process_instance=key).order_by("key").values()),
        list(UserTask.objects.filter(process_instance=key).order_by("key").values()),
        list(Job.objects.filter(process_instance=key).order_by("key").values()),
    )


def test_if_one_instruction_cannot_be_nothing_has_happened_not_even_to_variables(semantics: Semantics):
    # given
    key = started(semantics, task("book", semantics) + task("pay", semantics), fare=5)
    before = picture(key)
    plan: list[Instruction] = [
        StartBefore("pay", variables={"fare": 7, "late": True}),
        CancelAll("book"),
        CancelElementInstance(4711),
    ]
    if semantics is Semantics.ZEEBE:
        given = (ScopedVariables({"fare": 7, "late": True}), ScopedVariables({"own": 1}, "pay"))
        plan = [ActivateElement("pay", variables=given), TerminateAll("book"), TerminateElementInstance(4711)]
    # when
    with pytest.raises(Rejected, match="4711") as refused:
        services.modify_process_instance(key, plan)
    # then
    assert refused.value.instruction == 2
    assert picture(key) == before


def test_a_task_that_is_begun_again_has_its_assignee_and_its_groups_and_is_completed_like_any_other(
    semantics: Semantics,
):
    # given
    groups = "clerks" if semantics is Semantics.CAMUNDA_7 else '=["clerks"]'
    assigned = {"assignee": "${who}" if semantics is Semantics.CAMUNDA_7 else "=who", "candidateGroups": groups}
    key = started(semantics, task("book", semantics, **assigned) + task("pay", semantics), who="anna")
    services.complete_user_task(UserTask.objects.get(process_instance=key, state="CREATED").key)
    # when
    begin: Instruction = StartBefore("book", variables={"who": "bert"})
    end: Instruction = CancelAll("pay")
    if semantics is Semantics.ZEEBE:
        begin, end = ActivateElement("book", variables=(ScopedVariables({"who": "bert"}),)), TerminateAll("pay")
    made = services.modify_process_instance(key, [begin, end])
    # then
    again = UserTask.objects.get(process_instance=key, state="CREATED")
    assert (again.element_id, again.assignee, list(again.candidate_groups)) == ("book", "bert", ["clerks"])
    assert [each.key for each in made.user_tasks_created] == [again.key]
    # and
    services.complete_user_task(again.key)
    assert UserTask.objects.get(process_instance=key, state="CREATED").element_id == "pay"
