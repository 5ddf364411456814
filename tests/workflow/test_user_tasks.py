"""User tasks against PostgreSQL: delegated, resolved, with a form by reference."""

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Conflict, Rejected
from workflow.graph import Semantics
from workflow.models import ProcessInstance, UserTask, Variable

pytestmark = pytest.mark.django_db


def started(attributes: str = "camunda:assignee='ann'") -> UserTask:
    xml = model("order", Semantics.CAMUNDA_7, f"<startEvent id='start'/><userTask id='approve' {attributes}/>")
    [task] = services.start_process_instance(deploy(xml).key, variables={"ok": None}).user_tasks_created
    return UserTask.objects.get(pk=task.key)


def test_a_delegated_task_goes_back_to_its_owner_and_is_completed_then():
    # given
    task = started()
    # when
    services.delegate_user_task(task.key, "bob")
    services.delegate_user_task(task.key, "cleo")
    # then
    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation_state) == ("cleo", "ann", "PENDING")
    with pytest.raises(Conflict, match=r"A delegated task cannot be completed, but should be resolved instead"):
        services.complete_user_task(task.key)
    # when
    services.resolve_user_task(task.key, variables={"ok": True, "comment": "fine"})
    # then
    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation_state, task.state) == ("ann", "ann", "RESOLVED", "CREATED")
    variables = Variable.objects.filter(scope_key=task.process_instance_key)
    assert dict(variables.values_list("name", "value")) == {"ok": True, "comment": "fine"}
    # when
    services.complete_user_task(task.key)
    # then
    assert ProcessInstance.objects.get(pk=task.process_instance_key).state == "COMPLETED"


def test_a_task_of_nobody_has_no_owner_to_go_back_to():
    task = started("camunda:candidateGroups='sales'")
    services.delegate_user_task(task.key, "bob")
    services.resolve_user_task(task.key)
    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation_state) == (None, None, "RESOLVED")


def test_owner_and_delegation_can_be_set():
    task = started()
    services.update_user_task(task.key, {"owner": "dora", "delegation_state": "PENDING"})
    task.refresh_from_db()
    assert (task.assignee, task.owner, task.delegation_state) == ("ann", "dora", "PENDING")


def test_a_form_by_reference_is_kept_and_others_have_none():
    assert started("camunda:formRef='pack' camunda:formRefBinding='deployment'").form == {
        "key": "pack",
        "binding": "deployment",
        "version": None,
    }
    assert not UserTask.objects.filter(pk=started().key, form__isnull=False).exists()


def test_listeners_are_told_of_updates_and_of_another_assignee():
    # given
    told = "".join(
        f"<camunda:taskListener event='{event}' expression=\"${{execution.setVariable('{event}', task.assignee)}}\"/>"
        for event in ("update", "assignment", "complete")
    )
    task = started(
        "camunda:assignee='ann'><extensionElements>" + told + "</extensionElements></userTask><task id='other'"
    )

    def heard() -> dict[str, object]:
        variables = Variable.objects.filter(scope_key=task.process_instance_key).exclude(name="ok")
        found = dict(variables.values_list("name", "value"))
        variables.delete()
        return found

    assert heard() == {"assignment": "ann"}
    # when / then
    services.update_user_task(task.key, {"priority": 7, "assignee": "ann"})
    assert heard() == {"update": "ann"}
    services.assign_user_task(task.key, "bob")
    assert heard() == {"update": "bob", "assignment": "bob"}
    services.delegate_user_task(task.key, "cleo")
    assert heard() == {"update": "cleo", "assignment": "cleo"}
    services.resolve_user_task(task.key)
    assert heard() == {"update": "bob", "assignment": "bob"}
    services.complete_user_task(task.key)
    assert heard() == {"complete": "bob"}


def created_with(expression: str) -> UserTask:
    listener = f"<camunda:taskListener event='create' expression=\"${{{expression}}}\"/>"
    return started(f"camunda:assignee='ann'><extensionElements>{listener}</extensionElements></userTask><task id='x'")


def test_a_listener_changes_what_the_task_becomes():
    task = created_with("task.setOwner(task.assignee)}${task.setAssignee('bob')}${task.setDueDate(task.createTime)")
    assert (task.owner, task.assignee, task.due_at) == ("ann", "bob", task.created_at)


@pytest.mark.parametrize("expression", ["task.setAssignee(1)", "task.setDueDate('today')", "task.setOwner()"])
def test_a_listener_cannot_make_nonsense_of_a_task(expression):
    with pytest.raises(Rejected, match="these are not the parameters it takes"):
        created_with(expression)
