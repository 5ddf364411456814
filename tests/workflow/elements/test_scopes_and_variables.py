"""Sub-processes, variables, mappings and incidents in memory."""

import pytest

from tests.support.events import message
from tests.support.processes import Running, bpmn, start
from workflow.engine.errors import Rejected
from workflow.engine.values import TypedValue
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def variable(semantics: Semantics, name: str) -> str:
    return f"={name}" if semantics is Semantics.ZEEBE else f"${{{name}}}"


@BOTH
def test_a_sub_process_completes_with_its_last_token(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("inner").end("out").up()
    instance = start(builder.user_task("after").end())
    assert instance.tree == [{"sub": ["inner"]}]
    instance.complete("inner")
    assert instance.tree == ["after"]
    assert instance.history("sub") == ["COMPLETED"]
    instance.complete("after")
    assert instance.state.state == "COMPLETED"
    assert instance.state.root.active_children == 0


@BOTH
def test_inputs_are_local_and_outputs_go_outwards(semantics):
    builder = bpmn(semantics=semantics).start()
    io = {
        "inputs": (builder.mapping(variable(semantics, "outer"), "inner"),),
        "outputs": (builder.mapping(variable(semantics, "inner"), "result"),),
    }
    instance = start(builder.user_task("task", **io).user_task("after"), outer=7)
    assert instance.local_variables("task") == {"inner": 7}
    instance.complete("task")
    assert instance.variables == {"outer": 7, "result": 7}


@pytest.mark.parametrize(
    ("semantics", "kept"), [(Semantics.CAMUNDA_7, {"x": 1, "y": 2, "z": 2}), (Semantics.ZEEBE, {"z": 2})]
)
def test_output_mappings_hide_what_else_a_job_returned_in_zeebe_only(semantics, kept):
    builder = bpmn(semantics=semantics).start()
    outputs = (builder.mapping(variable(semantics, "y"), "z"),)
    instance = start(builder.service_task("task", outputs=outputs).user_task("after"))
    instance.complete("task", variables={"x": 1, "y": 2})
    assert instance.variables == kept


@BOTH
def test_a_variable_is_set_where_it_exists_and_else_in_the_process(semantics):
    builder = bpmn(semantics=semantics).start()
    inputs = (builder.mapping("local", "known"),)
    builder.sub_process("sub", inputs=inputs).start("in").user_task("inner").user_task("second").up()
    instance = start(builder).complete("inner", variables={"known": "changed", "new": 1})
    assert instance.local_variables("sub") == {"known": "changed"}
    assert instance.variables == {"new": 1}


def test_a_failing_expression_refuses_the_command_in_camunda_7():
    builder = bpmn().start()
    with pytest.raises(Rejected, match="missing"):
        start(builder.user_task("task", inputs=(builder.mapping("${missing}", "x"),)))


def test_a_failing_expression_leaves_an_incident_in_zeebe_and_nothing_half_made():
    instance = start(bpmn(semantics=Semantics.ZEEBE).start().user_task("task", assignee="=missing"))
    assert instance.incidents == [("task", "EXTRACT_VALUE_ERROR")]
    assert instance.history("task") == ["ACTIVATING"]
    assert not instance.state.user_tasks


def test_zeebe_takes_a_number_for_a_key_but_not_for_a_job_type():
    def waiting_for(key: int, kind: object) -> Running:
        builder = bpmn(semantics=Semantics.ZEEBE).start().catch("event", message("paid", "key"))
        return start(builder.service_task("task", type="=kind"), key=key, kind=kind)

    assert waiting_for(5, "work").message("paid", "5").incidents == []
    assert waiting_for(5, 7).message("paid", "5").incidents == [("task", "EXTRACT_VALUE_ERROR")]


def test_a_zeebe_mapping_to_a_path_builds_an_object_and_later_mappings_see_earlier_ones():
    builder = bpmn(semantics=Semantics.ZEEBE).start()
    inputs = (builder.mapping("=x", "order.id"), builder.mapping("=order.id + 1", "order.next"))
    instance = start(builder.user_task("task", inputs=inputs), x=1)
    assert instance.local_variables("task") == {"order": {"id": 1, "next": 2}}


def test_a_long_stays_a_long_when_a_plain_number_is_written():
    instance = start(bpmn().start().user_task("task"), n=TypedValue(1, "Long"))
    instance.engine.variables.set(instance.state.root, "n", 2)
    assert instance.state.root.variables["n"].type == "Long"
    instance.engine.variables.set(instance.state.root, "n", "text")
    assert instance.state.root.variables["n"].type == "String"


def test_writing_an_equal_value_changes_nothing_but_one_and_true_are_different_values():
    instance = start(bpmn().start().user_task("task"), n=1)
    row = instance.state.root.variables["n"]
    instance.engine.variables.set(instance.state.root, "n", 1)
    assert row.revision == 1
    instance.engine.variables.set(instance.state.root, "n", True)
    assert (row.revision, row.value) == (2, True)


def test_the_outcome_tells_the_first_value_before_and_the_last_one_after():
    instance = start(bpmn().start().user_task("task"), n=1)
    instance.state.variable_changes.clear()
    for value in (2, 3):
        instance.engine.variables.set(instance.state.root, "n", value)
    [change] = instance.state.variable_changes.values()
    assert (change.before, change.after, change.existed) == (1, 3, True)


def test_a_variable_set_and_deleted_by_one_command_tells_what_it_was_before():
    instance = start(bpmn().start().user_task("task"), n=1)
    instance.state.variable_changes.clear()
    root = instance.state.root
    instance.engine.variables.set(root, "n", 2)
    instance.engine.variables.delete(root, "n")
    [change] = instance.state.variable_changes.values()
    assert (change.before, change.deleted) == (1, True)
    instance.engine.variables.set(root, "other", 2)
    instance.engine.variables.delete(root, "other")
    assert len(instance.state.variable_changes) == 1


def test_a_variable_deleted_and_set_again_by_one_command_keeps_its_row():
    instance = start(bpmn().start().user_task("task"), n=1)
    root = instance.state.root
    row = root.variables["n"]
    row.is_new = False
    instance.engine.variables.delete(root, "n")
    instance.engine.variables.set_local(root, "n", 3)
    assert root.variables["n"] is row
    assert (row.value, instance.state.deleted_variables) == (3, [])


def test_a_date_stays_a_date_through_expressions_of_camunda_7():
    builder = bpmn().start()
    inputs = (builder.mapping("${due}", "same"), builder.mapping("${dateTime().plusDays(1)}", "later"))
    outputs = (builder.mapping("${later.after(due)}", "isLater"),)
    due = TypedValue("2026-03-02T10:00:00.000+0000", "Date")
    instance = start(builder.user_task("task", inputs=inputs, outputs=outputs).user_task("after"), due=due)
    [task] = [each for each in instance.state.elements.values() if each.element.id == "task"]
    assert {name: (row.value, row.type) for name, row in task.variables.items()} == {
        "same": ("2026-03-02T10:00:00.000+0000", "Date"),
        "later": ("2026-03-03T12:00:00.000+0000", "Date"),
    }
    instance.complete("task")
    assert instance.variables["isLater"] is True


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("${execution.currentActivityId} in ${execution.processInstanceId}", "task in 1"),
        ("${execution.getCurrentActivityName()}", "task"),
        ("${execution.parentId == execution.processInstanceId}", True),
        ("${execution.id == execution.activityInstanceId}", True),
        ("${execution.getVariable('n') + execution.variables.n + execution.getVariables().size()}", 3),
        ("${execution.variablesLocal.size()}", 0),
        ("${execution.hasVariable('n') && !execution.hasVariableLocal('n')}", True),
        ("${execution.processBusinessKey == null}", True),
    ],
)
def test_expressions_of_camunda_7_ask_the_execution(expression, value):
    builder = bpmn().start()
    instance = start(builder.user_task("task", inputs=(builder.mapping(expression, "result"),)), n=1)
    assert instance.local_variables("task") == {"result": value}


def test_expressions_of_camunda_7_write_and_remove_variables():
    builder = bpmn().start()
    writing = (
        "${execution.setVariable('n', 2)}${execution.setVariableLocal('here', 1)}${execution.removeVariable('old')}"
    )
    instance = start(builder.user_task("task", inputs=(builder.mapping(writing, "nothing"),)), n=1, old=1)
    assert instance.variables == {"n": 2}
    assert instance.local_variables("task") == {"here": 1, "nothing": ""}
