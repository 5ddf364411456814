"""Sub-processes, variables, mappings and incidents in memory."""

import pytest

from tests.support.processes import bpmn, start
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
