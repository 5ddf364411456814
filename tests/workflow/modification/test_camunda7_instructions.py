"""Camunda 7's modification instructions, in the order written."""

import pytest

from tests.support.events import message
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.engine.errors import Conflict, Rejected
from workflow.graph import Semantics
from workflow.modification import (
    ActivateElement,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    ModificationOptions,
    StartAfter,
    StartBefore,
    StartTransition,
)


def delivery() -> ProcessBuilder:
    builder = bpmn("order").start().user_task("approve").sub_process("delivery").start("in").user_task("pack")
    return builder.user_task("ship").end("out").up().end()


def test_starting_inside_a_sub_process_opens_it():
    instance = start(delivery()).modify(StartBefore("pack"))
    assert instance.tree == ["approve", {"delivery": ["pack"]}]


def test_a_second_start_goes_into_the_same_scope_instance():
    instance = start(delivery()).modify(StartBefore("pack")).modify(StartBefore("ship"))
    assert instance.tree == ["approve", {"delivery": ["pack", "ship"]}]


def test_with_an_ancestor_all_scopes_below_it_are_opened_anew():
    instance = start(delivery()).modify(StartBefore("pack"))
    instance.modify(StartBefore("pack", ancestor_key=instance.state.key))
    assert instance.tree == ["approve", {"delivery": ["pack"]}, {"delivery": ["pack"]}]


def test_two_running_scopes_are_ambiguous_and_named():
    instance = start(delivery()).modify(StartBefore("delivery"), StartBefore("delivery"))
    keys = [row.key for row in instance.state.open_instances(instance.state.process.elements["delivery"])]
    with pytest.raises(Rejected, match="2 are active") as refused:
        instance.modify(CancelAll("approve"), StartBefore("ship"))
    assert all(f"'{key}'" in refused.value.message for key in keys)
    assert refused.value.instruction == 1


def test_an_ancestor_that_does_not_enclose_the_element_is_refused():
    instance = start(delivery())
    with pytest.raises(Rejected, match="not an ancestor"):
        instance.modify(StartBefore("pack", ancestor_key=instance.open("approve").key))


def test_the_order_decides_whether_a_scope_survives():
    kept = start(delivery()).complete("approve")
    scope = kept.open("delivery").key
    kept.modify(StartBefore("ship"), CancelAll("pack"))
    assert (kept.tree, kept.open("delivery").key) == ([{"delivery": ["ship"]}], scope)

    renewed = start(delivery()).complete("approve")
    scope = renewed.open("delivery").key
    renewed.modify(CancelAll("pack"), StartBefore("ship"))
    assert renewed.tree == [{"delivery": ["ship"]}]
    assert renewed.open("delivery").key != scope
    assert renewed.history("delivery") == ["TERMINATED", "ACTIVE"]


def test_cancelling_the_last_token_cancels_all_scopes_around_it():
    instance = start(delivery()).complete("approve").modify(CancelAll("pack"))
    assert instance.state.state == "CANCELED"
    assert instance.history("delivery") == ["TERMINATED"]


def test_the_instance_survives_being_empty_between_two_instructions():
    instance = start(bpmn().start().user_task("task").end())
    instance.modify(CancelElementInstance(instance.open("task").key), StartAfter("task"), StartBefore("task"))
    assert instance.tree == ["task"]


def test_an_instance_whose_last_token_ends_regularly_is_completed():
    instance = start(bpmn().start().user_task("task").end())
    instance.modify(CancelAll("task"), StartAfter("task"))
    assert instance.state.state == "COMPLETED"


def test_cancelling_the_root_cancels_everything():
    instance = start(delivery()).modify(StartBefore("pack"))
    instance.modify(CancelElementInstance(instance.state.key))
    assert (instance.tree, instance.state.state) == ([], "CANCELED")


@pytest.mark.parametrize("only_current", [False, True])
def test_cancel_all_takes_those_started_by_the_same_command_unless_told_otherwise(only_current):
    instance = start(delivery()).modify(StartBefore("approve"), CancelAll("approve", only_current), StartBefore("pack"))
    assert instance.tree == (["approve"] if only_current else []) + [{"delivery": ["pack"]}]


def test_start_after_names_the_flows_where_there_are_several():
    builder = bpmn().start().parallel("fork").user_task("a").after("fork").user_task("b")
    with pytest.raises(Rejected, match="more than one outgoing sequence flow.*'flow2', 'flow3'"):
        start(builder).modify(StartAfter("fork"))
    with pytest.raises(Rejected, match="no outgoing sequence flow"):
        start(builder).modify(StartAfter("a"))


def test_start_transition_takes_the_flow():
    instance = start(delivery()).modify(StartTransition("flow2"))
    assert instance.tree == ["approve", {"delivery": ["pack"]}]
    assert instance.state.flows[instance.state.key, "flow2"].taken == 1


def test_variables_go_to_the_process_and_local_ones_to_the_topmost_new_scope():
    instance = start(delivery())
    instance.modify(StartBefore("pack", variables={"a": 1}, local_variables={"b": 2}))
    assert instance.variables == {"a": 1}
    assert instance.local_variables("delivery") == {"b": 2}
    instance.modify(StartBefore("ship", local_variables={"c": 3}))
    assert instance.local_variables("ship") == {"c": 3}


def test_outputs_of_a_cancelled_element_are_applied_unless_skipped():
    builder = bpmn().start()
    task = {"outputs": (builder.mapping("done", "result"),)}
    builder.user_task("task", **task).user_task("after")
    assert start(builder).modify(StartBefore("after"), CancelAll("task")).variables == {"result": "done"}
    skipped = start(builder)
    skipped.modify(StartBefore("after"), CancelAll("task"), options=ModificationOptions(skip_io_mappings=True))
    assert skipped.variables == {}


@pytest.mark.parametrize(
    "instruction",
    [StartBefore("noSuch"), StartAfter("noSuch"), StartTransition("noSuch"), CancelAll("noSuch")]
    + [CancelElementInstance(4711), CancelTransitionInstance(4711), StartBefore("pack", ancestor_key=4711)],
)
def test_what_does_not_exist_is_refused_by_its_name(instruction):
    with pytest.raises(Rejected, match="noSuch|4711") as refused:
        start(delivery()).modify(instruction)
    assert refused.value.message.startswith(instruction.describe())


def test_a_plan_made_on_another_revision_is_refused():
    instance = start(delivery())
    with pytest.raises(Conflict, match="revision 7"):
        instance.modify(StartBefore("pack"), options=ModificationOptions(expected_revision=7))


def test_an_empty_plan_is_refused():
    with pytest.raises(Rejected, match="at least one"):
        start(delivery()).modify()


def test_a_start_event_runs_once_more_in_its_event_sub_process_that_interrupts_nothing():
    builder = bpmn().start().user_task("task")
    builder.event_sub_process("esp", message("help"), interrupting=False).user_task("help").up()
    instance = start(builder).modify(StartBefore("esp_start")).modify(StartBefore("esp_start"))
    assert instance.tree == ["task", {"esp": ["help", "help"]}]
    instance.modify(StartBefore("esp_start", ancestor_key=instance.state.key))
    assert instance.tree == ["task", {"esp": ["help", "help"]}, {"esp": ["help"]}]


def test_a_compensation_boundary_event_is_no_place_for_a_token():
    builder = bpmn().start().user_task("hotel").undone_by("cancel_hotel").user_task("after")
    with pytest.raises(Rejected, match="compensation boundary event"):
        start(builder).modify(StartBefore("hotel_undone"))
    with pytest.raises(Rejected, match="no outgoing sequence flow"):
        start(builder).modify(StartAfter("hotel_undone"))


@pytest.mark.parametrize("semantics", Semantics)
def test_the_only_running_scope_is_found_wherever_it_is_in_camunda_7_and_inwards_in_zeebe(semantics):
    builder = bpmn(semantics=semantics).start().user_task("first").sub_process("outer").start("s1").user_task("x")
    builder.sub_process("inner").start("s2").user_task("a").user_task("b").up().up()
    begin = ActivateElement if semantics is Semantics.ZEEBE else StartBefore
    instance = start(builder).modify(begin("outer")).modify(begin("outer", start(builder).state.key))
    instance.modify(begin("a", instance.open("outer", 1).key))
    if semantics is Semantics.ZEEBE:
        with pytest.raises(Rejected, match="instance of 'outer', but 2 are active"):
            instance.modify(begin("b"))
    else:
        instance.modify(begin("b"))
        assert instance.tree == ["first", {"outer": ["x"]}, {"outer": ["x", {"inner": ["a", "b"]}]}]
