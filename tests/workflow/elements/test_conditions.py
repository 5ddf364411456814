"""Conditional events: they occur when a variable changes and their condition holds then."""

import pytest

from tests.support.events import condition, message
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.engine.errors import Conflict, Rejected
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def waiting(semantics: Semantics, formula: str = "x > 1") -> ProcessBuilder:
    return bpmn(semantics=semantics).start().catch("wait", condition(formula)).user_task("after")


def beside(semantics: Semantics, *names: str, changes: tuple[str, ...] = ()) -> ProcessBuilder:
    """A task with a non-interrupting conditional boundary event."""
    builder = bpmn(semantics=semantics).start().user_task("task")
    event = condition("x > 1", *names, changes=changes)
    return builder.boundary("event", event, on="task", interrupting=False).user_task("handle")


@BOTH
def test_a_catch_event_whose_condition_holds_already_does_not_wait(semantics):
    assert start(waiting(semantics), x=2).tree == ["after"]


@BOTH
def test_a_catch_event_waits_until_a_variable_makes_its_condition_true(semantics):
    instance = start(waiting(semantics), x=0)
    assert instance.set(x=1).tree == ["wait"]
    assert instance.set(x=2).tree == ["after"]


@BOTH
def test_what_another_token_sets_counts_too(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").catch("wait", condition("x > 1")).user_task("after")
    builder.after("fork").user_task("task")
    instance = start(builder, x=0).complete("task", variables={"x": 2})
    assert instance.tree == ["after"]


@BOTH
def test_a_condition_over_a_variable_that_does_not_exist_does_not_hold_yet(semantics):
    instance = start(waiting(semantics)).set(y=2)
    assert instance.tree == ["wait"]
    assert instance.set(x=2).tree == ["after"]
    builder = bpmn(semantics=semantics).start().user_task("task")
    instance = start(builder.boundary("event", condition("x > 1"), on="task").user_task("handle")).set(y=2)
    assert instance.tree == ["task"]
    assert instance.set(x=2).tree == ["handle"]


def test_a_condition_that_is_neither_true_nor_false_is_refused_in_camunda_7_and_does_not_hold_in_zeebe():
    with pytest.raises(Rejected, match="x"):
        start(waiting(Semantics.CAMUNDA_7), x=0).set(x="text")
    instance = start(waiting(Semantics.ZEEBE), x=0).set(x="text")
    assert (instance.tree, instance.incidents) == (["wait"], [])


@BOTH
def test_a_boundary_event_occurs_at_once_if_its_condition_holds_when_the_activity_begins(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task")
    instance = start(builder.boundary("event", condition("x > 1"), on="task").user_task("handle"), x=2)
    assert instance.tree == ["handle"]
    assert not [row for row in instance.state.user_tasks.values() if row.element_id == "task"]


@BOTH
def test_a_non_interrupting_event_occurs_at_every_change_while_its_condition_holds(semantics):
    instance = start(beside(semantics), x=0).set(x=2).set(x=3).set(x=0)
    assert instance.tree == ["task", "handle", "handle"]


@pytest.mark.parametrize(("semantics", "times"), [(Semantics.CAMUNDA_7, 2), (Semantics.ZEEBE, 1)])
def test_in_camunda_7_each_variable_that_was_set_lets_a_non_interrupting_event_occur(semantics, times):
    instance = start(beside(semantics), x=0).set(x=2, y=1)
    assert instance.tree == ["task", *["handle"] * times]


@BOTH
def test_an_event_that_names_variables_is_not_concerned_by_others(semantics):
    instance = start(beside(semantics, "y", "z"), x=0).set(x=2)
    assert instance.tree == ["task"]
    assert instance.set(y=1).set(z=1).tree == ["task", "handle", "handle"]


@BOTH
def test_an_event_may_be_concerned_by_the_creation_of_a_variable_alone(semantics):
    instance = start(beside(semantics, "y", changes=("create",)), x=2).set(y=1)
    handled = instance.history("handle")
    instance.set(y=2)
    assert instance.history("handle") == handled
    assert len(handled) >= 1


@BOTH
def test_a_local_variable_deeper_inside_concerns_nobody_further_out(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task")
    builder.event_sub_process("esp", condition("x > 1")).user_task("help").up()
    instance = start(builder, x=0).set("task", x=5)
    assert instance.tree == ["task"]
    assert instance.set(x=2).tree == [{"esp": ["help"]}]


@BOTH
def test_a_variable_that_comes_along_with_a_message_makes_it_true(semantics):
    builder = bpmn(semantics=semantics).start().catch("told", message("tell")).user_task("after")
    builder.event_sub_process("esp", condition("x > 1")).user_task("help").up()
    instance = start(builder, x=0).message("tell", x=2)
    assert instance.tree == [{"esp": ["help"]}]
    assert instance.history("after") == []


@BOTH
def test_an_event_sub_process_takes_over_in_the_middle_of_a_command(semantics):
    builder = bpmn(semantics=semantics).start()
    three = "=1 + 2" if semantics is Semantics.ZEEBE else "${1 + 2}"
    builder.script("compute", three, "x").user_task("task")
    builder.event_sub_process("esp", condition("x > 1")).user_task("help").up()
    instance = start(builder, x=0)
    assert instance.tree == [{"esp": ["help"]}]
    assert instance.history("task") == []


def test_a_condition_that_an_input_mapping_makes_true_occurs_once():
    builder = bpmn().start().user_task("before").user_task("task")
    builder.draft.nodes[-1].inputs = (builder.mapping("${x * 2}", "y"),)
    builder.boundary("event", condition("y > 1"), on="task", interrupting=False).user_task("handle")
    assert start(builder, x=1).complete("before").tree == ["task", "handle"]


@BOTH
def test_an_instance_on_hold_takes_no_variable_that_would_let_an_event_occur(semantics):
    instance = start(waiting(semantics), x=0)
    instance.state.suspended = True
    assert instance.set(x=1).tree == ["wait"]
    with pytest.raises(Conflict, match="on hold"):
        instance.set(x=2)


@BOTH
@pytest.mark.parametrize(("interrupting", "tree"), [(True, [{"esp": ["help"]}]), (False, [{"esp": ["help"]}, "task"])])
def test_an_event_sub_process_of_the_process_occurs_once_if_its_condition_holds_at_the_start(
    semantics, interrupting, tree
):
    builder = bpmn(semantics=semantics).start().user_task("task").end()
    builder.event_sub_process("esp", condition("2 > 1"), interrupting=interrupting).user_task("help").up()
    assert start(builder, x=2).tree == tree
