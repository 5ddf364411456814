"""Zeebe's modification instructions: all activations, then all terminations."""

import pytest

from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.elements.call_activity import CallDetails
from workflow.engine.errors import Rejected
from workflow.graph import ElementType, Semantics
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    MoveElements,
    ScopedVariables,
    TerminateAll,
    TerminateElementInstance,
)


def nested() -> ProcessBuilder:
    builder = bpmn("p", Semantics.ZEEBE).start().sub_process("outer").start("s1").user_task("first")
    builder.sub_process("inner").start("s2").user_task("a").user_task("b").end("e2").up().end("e1").up()
    return builder.user_task("after").end()


def test_a_scope_that_gains_an_element_survives_whatever_the_order_written():
    instance = start(nested())
    key = instance.open("first").key
    instance.modify(TerminateElementInstance(key), ActivateElement("b"))
    assert instance.tree == [{"outer": [{"inner": ["b"]}]}]
    assert instance.history("outer") == ["ACTIVE"]


def test_two_activations_share_the_scope_that_the_first_opens():
    instance = start(nested()).modify(ActivateElement("a"), ActivateElement("b"))
    assert instance.tree == [{"outer": ["first", {"inner": ["a", "b"]}]}]


def test_an_opened_scope_does_not_enter_its_start_event_and_gets_no_input_mappings():
    builder = bpmn("p", Semantics.ZEEBE).start().user_task("task")
    builder.sub_process("sub", inputs=(builder.mapping("=1", "x"),)).start("in").user_task("inner").up()
    instance = start(builder).modify(ActivateElement("inner"))
    assert instance.tree == ["task", {"sub": ["inner"]}]
    assert (instance.history("in"), instance.local_variables("sub")) == ([], {})


def test_an_activation_into_a_scope_that_the_command_terminates_is_refused():
    instance = start(nested())
    with pytest.raises(Rejected, match="terminated by the same command"):
        instance.modify(ActivateElement("a"), TerminateElementInstance(instance.open("outer").key))


def test_start_events_cannot_be_activated():
    with pytest.raises(Rejected, match="START_EVENT"):
        start(nested()).modify(ActivateElement("s2"))


def test_variables_reach_their_scope_or_the_process():
    given = (ScopedVariables({"g": 1}), ScopedVariables({"l": 2}, "inner"), ScopedVariables({"own": 3}, "a"))
    outer = ScopedVariables({"o": 4}, "outer")
    instance = start(nested()).modify(ActivateElement("a", variables=(*given, outer)))
    assert instance.variables == {"g": 1}
    assert instance.local_variables("outer") == {"o": 4}
    assert instance.local_variables("inner") == {"l": 2}
    assert instance.local_variables("a") == {"own": 3}


def test_a_variable_scope_that_is_no_flow_scope_is_refused():
    with pytest.raises(Rejected, match="not a flow scope"):
        start(nested()).modify(ActivateElement("after", variables=(ScopedVariables({"x": 1}, "inner"),)))


def test_terminating_the_last_token_terminates_all_scopes_and_the_instance():
    instance = start(nested()).modify(TerminateAll("first"))
    assert instance.state.state == "CANCELED"
    assert instance.history("outer") == ["TERMINATED"]


@pytest.mark.parametrize(
    ("ancestor", "tree"),
    [
        (AncestorChoice.direct(), [{"outer": [{"inner": ["b"]}]}]),
        (AncestorChoice.source_parent(), [{"outer": [{"inner": ["b"]}]}]),
        (AncestorChoice.inferred(), [{"outer": [{"inner": ["b"]}]}]),
    ],
)
def test_moving_within_a_scope_keeps_it(ancestor, tree):
    instance = start(nested()).complete("first")
    scope = instance.open("inner").key
    instance.modify(MoveElements("b", source_element_id="a", ancestor=ancestor))
    assert instance.tree == tree
    assert instance.open("inner").key == scope


def test_moving_to_an_outer_scope_leaves_the_inner_one():
    instance = start(nested()).complete("first")
    instance.modify(MoveElements("first", source_element_id="a", ancestor=AncestorChoice.inferred()))
    assert instance.tree == [{"outer": ["first"]}]
    assert instance.history("inner") == ["TERMINATED"]


def test_every_moved_token_makes_one_target():
    instance = start(nested()).modify(ActivateElement("first"))
    instance.modify(MoveElements("after", source_element_id="first"))
    assert instance.tree == ["after", "after"]


def test_moving_one_instance_leaves_the_others():
    instance = start(nested()).modify(ActivateElement("first"))
    instance.modify(MoveElements("after", source_key=instance.open("first", 1).key))
    assert instance.tree == [{"outer": ["first"]}, "after"]


@pytest.mark.parametrize(
    "instruction",
    [ActivateElement("noSuch"), TerminateAll("noSuch"), MoveElements("noSuch", source_element_id="first")]
    + [TerminateElementInstance(4711), ActivateElement("a", ancestor_key=4711), MoveElements("a", source_key=4711)]
    + [TerminateAll("after"), MoveElements("a", source_element_id="after")],
)
def test_what_is_not_there_is_refused_and_nothing_is_applied(instruction):
    instance = start(nested())
    with pytest.raises(Rejected) as refused:
        instance.modify(ActivateElement("b"), instruction)
    assert refused.value.instruction == 1


def test_an_ancestor_that_stands_in_an_incident_of_its_own_is_refused():
    builder = bpmn("p", Semantics.ZEEBE).start()
    builder.sub_process("sub", inputs=(builder.mapping("=assert(x, x != null)", "y"),)).start("in").user_task("a").up()
    instance = start(builder)
    with pytest.raises(Rejected, match="not in an active state"):
        instance.modify(ActivateElement("a", ancestor_key=instance.open("sub").key))


def test_what_is_terminated_is_gone_before_what_is_activated_moves_on():
    builder = bpmn("p", Semantics.ZEEBE).start().sub_process("sub").start("in").user_task("a").end("out").up()
    instance = start(builder.user_task("after").end())
    instance.modify(ActivateElement("out"), TerminateAll("a"))
    assert (instance.history("sub"), instance.tree) == (["COMPLETED"], ["after"])
    instance.modify(TerminateAll("after"), ActivateElement("end"))
    assert instance.ended == "COMPLETED"


def test_what_ends_with_another_is_terminated_once():
    instance = start(nested()).complete("first").modify(ActivateElement("after"), ActivateElement("b"))
    keys = [instance.open(each).key for each in ("outer", "inner", "a", "a")]
    instance.modify(*map(TerminateElementInstance, keys), TerminateAll("b"))
    assert (instance.tree, instance.history("a")) == (["after"], ["TERMINATED"])


def test_a_call_activity_whose_called_process_has_ended_is_terminated():
    called = bpmn("called", Semantics.ZEEBE).start().end()
    builder = bpmn("p", Semantics.ZEEBE).start()
    outputs = (builder.mapping("=assert(x, x != null)", "y"),)
    details = CallDetails(builder.expression("called"))
    builder.node("call", ElementType.CALL_ACTIVITY, details, outputs=outputs).user_task("after").end()
    instance = start(builder, called)
    assert [element for element, _ in instance.incidents] == ["call"]
    instance.modify(ActivateElement("after"), TerminateElementInstance(instance.open("call").key))
    assert (instance.tree, instance.incidents) == (["after"], [])


def test_all_of_an_element_go_to_one_place():
    instance = start(nested()).modify(ActivateElement("first"))
    with pytest.raises(Rejected, match="identical source element ids: 'first'") as refused:
        instance.modify(*(MoveElements(each, source_element_id="first") for each in ("after", "a")))
    assert refused.value.instruction == 1


def test_the_scope_that_runs_is_inferred_for_what_comes_from_outside_of_it():
    instance = start(nested()).modify(ActivateElement("after"))
    scope = instance.open("outer").key
    instance.modify(MoveElements("first", source_element_id="after", ancestor=AncestorChoice.inferred()))
    assert instance.tree == [{"outer": ["first", "first"]}]
    assert instance.open("outer").key == scope
