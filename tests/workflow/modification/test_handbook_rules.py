"""What the engines' handbooks promise of a modification, where no other test shows it."""

import pytest

from tests.support.events import loop, message, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import Asynchronous, Semantics
from workflow.modification import (
    ActivateElement,
    CancelAll,
    CancelElementInstance,
    ScopedVariables,
    StartAfter,
    StartBefore,
    StartTransition,
    TerminateAll,
    TerminateElementInstance,
)

BOTH = pytest.mark.parametrize("semantics", Semantics)
C7, C8 = Semantics.CAMUNDA_7, Semantics.ZEEBE


def begin(semantics: Semantics, element_id: str) -> object:
    """The instruction that starts an element."""
    return ActivateElement(element_id) if semantics is C8 else StartBefore(element_id)


def end(semantics: Semantics, element_id: str) -> object:
    """The instruction that ends all of an element."""
    return TerminateAll(element_id) if semantics is C8 else CancelAll(element_id)


def delivery(semantics: Semantics) -> ProcessBuilder:
    builder = bpmn("order", semantics).start().user_task("approve").sub_process("delivery").start("in")
    return builder.user_task("pack").user_task("ship").up().end()


# ---- starting


def test_what_zeebe_activates_is_entered_like_over_its_flow():
    builder = bpmn(semantics=C8).start().user_task("first")
    builder.node("work", *_service(builder), inputs=(builder.mapping("=1", "x"),))
    builder.boundary("late", timer("PT1H"), on="work").end("e2")
    instance = start(builder).modify(ActivateElement("work"))
    assert instance.local_variables("work") == {"x": 1}
    assert sorted(instance.jobs) == ["EXTERNAL work", "TIMER late"]


def _service(builder: ProcessBuilder) -> tuple[object, object]:
    node = bpmn(semantics=builder.semantics).service_task("work").draft.nodes[-1]
    return node.type, node.details


@BOTH
def test_variables_are_there_before_the_element_and_its_events_ask_for_them(semantics):
    builder = bpmn(semantics=semantics).start().user_task("first")
    builder.node("task", *_user_task(semantics), inputs=(builder.mapping(*_twice(semantics)),))
    builder.boundary("late", message("paid", "order" if semantics is C8 else None), on="task").end("e2")
    if semantics is C8:
        plan = ActivateElement("task", variables=(ScopedVariables({"n": 2, "order": "A"}),))
    else:
        plan = StartBefore("task", variables={"n": 2, "order": "A"})
    instance = start(builder).modify(plan)
    assert instance.local_variables("task") == {"double": 4}
    assert instance.waits_for == ["MESSAGE late"]


def _user_task(semantics: Semantics) -> tuple[object, object]:
    node = bpmn(semantics=semantics).user_task("task").draft.nodes[-1]
    return node.type, node.details


def _twice(semantics: Semantics) -> tuple[str, str]:
    return ("=n * 2" if semantics is C8 else "${n * 2}", "double")


@BOTH
def test_what_is_nested_goes_into_the_scope_that_runs(semantics):
    instance = start(delivery(semantics)).complete("approve")
    scope = instance.open("delivery").key
    instance.modify(begin(semantics, "ship"))
    assert instance.tree == [{"delivery": ["pack", "ship"]}]
    assert instance.open("delivery").key == scope


@BOTH
def test_two_running_scopes_are_never_guessed_at(semantics):
    instance = start(delivery(semantics)).modify(begin(semantics, "delivery"), begin(semantics, "delivery"))
    with pytest.raises(Rejected, match="2 are active"):
        instance.modify(begin(semantics, "ship"))


def test_an_event_sub_process_that_zeebe_activates_begins_at_its_event_and_interrupts_nothing():
    builder = bpmn(semantics=C8).start().user_task("task")
    builder.event_sub_process("esp", message("help")).user_task("help").up()
    instance = start(builder).modify(ActivateElement("esp"))
    assert (instance.tree, instance.history("esp_start")) == (["task", {"esp": ["help"]}], ["COMPLETED"])
    # and like the event with one instruction more
    instance = start(builder).modify(ActivateElement("esp"), TerminateAll("task"))
    assert instance.tree == [{"esp": ["help"]}]


@pytest.mark.parametrize("element_id", ["flow1", "start", "late", "inner", "first_message"])
def test_what_zeebe_never_activates(element_id):
    builder = bpmn(semantics=C8).start().user_task("task")
    builder.boundary("late", timer("PT1H"), on="task").end("e2")
    builder.after("task").sub_process("sub", loop=loop(2)).start("in").user_task("inner").up()
    builder.event_gateway("either").catch("first_message", message("m")).end("e3")
    builder.after("either").catch("second", timer("PT1H")).end("e4")
    with pytest.raises(Rejected, match=f"'{element_id}'"):
        start(builder).modify(ActivateElement(element_id))


@pytest.mark.parametrize(
    ("target", "tree"),
    [
        ("delivery", ["approve", {"delivery": ["pack"]}]),
        ("in", ["approve", {"delivery": ["pack"]}]),
        ("ship", ["approve", {"delivery": ["ship"]}]),
        ("start", ["approve", "approve"]),
    ],
)
def test_camunda_7_starts_sub_processes_start_events_and_what_is_in_them(target, tree):
    assert start(delivery(C7)).modify(StartBefore(target)).tree == tree


def test_camunda_7_starts_behind_an_activity_without_its_continuation():
    builder = bpmn().start().user_task("first").user_task("task", asynchronous=Asynchronous(after=True))
    instance = start(builder.user_task("after")).modify(StartAfter("task"))
    assert (instance.tree, instance.jobs) == (["first", "after"], [])


def test_camunda_7_runs_to_a_wait_state_before_the_next_instruction():
    builder = bpmn("loan").start().exclusive("gateway").user_task("decline").end("e1")
    builder.apart().task("note").user_task("accept").end("e2")
    instance = start(builder).modify(StartBefore("note"), CancelAll("decline"))
    assert (instance.tree, instance.history("note"), instance.state.state) == (["accept"], ["COMPLETED"], "ACTIVE")


@pytest.mark.parametrize("kind", [StartBefore, StartAfter, StartTransition])
def test_every_way_to_start_takes_many_variables_of_both_kinds_and_an_ancestor(kind):
    instance = start(delivery(C7)).complete("approve")
    place = {StartBefore: "ship", StartAfter: "pack", StartTransition: "flow4"}[kind]
    given = {"variables": {"a": 1, "b": 2}, "local_variables": {"c": 3, "d": 4}, "ancestor_key": instance.state.key}
    instance.modify(kind(place, **given))
    assert instance.tree == [{"delivery": ["pack"]}, {"delivery": ["ship"]}]
    assert (instance.variables, instance.local_variables("delivery", 1)) == ({"a": 1, "b": 2}, {"c": 3, "d": 4})


def test_an_ancestor_that_has_ended_is_none():
    instance = start(delivery(C7)).complete("approve")
    ended = instance.open("delivery").key
    instance.complete("pack").modify(StartBefore("approve"), CancelAll("ship"))
    with pytest.raises(Rejected, match=f"'{ended}'"):
        instance.modify(StartBefore("ship", ancestor_key=ended))


def test_an_iteration_that_is_added_does_not_ask_the_collection():
    builder = bpmn().start().user_task("task", loop=loop(over="items", each="item")).user_task("after")
    instance = start(builder, items=["x", "y"])
    instance.modify(StartBefore("task"), StartBefore("task", local_variables={"item": "z"}))
    items = [instance.local_variables("task", nth).get("item") for nth in range(4)]
    assert items == ["x", "y", None, "z"]
    assert instance.local_variables("task#multiInstanceBody")["nrOfInstances"] == 4


# ---- ending


@BOTH
def test_ending_a_scope_ends_all_in_it(semantics):
    instance = start(delivery(semantics)).complete("approve").modify(begin(semantics, "ship"))
    instance.modify(begin(semantics, "approve"), end(semantics, "delivery"))
    assert instance.tree == ["approve"]
    assert instance.history("pack") + instance.history("ship") == ["TERMINATED", "TERMINATED"]


def test_a_leaf_or_any_scope_around_it_may_be_canceled_by_its_key():
    builder = bpmn().start().sub_process("outer").start("s1").sub_process("inner").start("s2").user_task("a").up().up()
    for element_id, nth in (("a", 0), ("inner", 0), ("outer", 0)):
        instance = start(builder).modify(StartBefore("outer", ancestor_key=start(builder).state.key))
        instance.modify(CancelElementInstance(instance.open(element_id, nth).key))
        assert instance.tree == [{"outer": [{"inner": ["a"]}]}]


def test_a_token_that_waits_at_a_join_of_camunda_7_is_canceled_without_a_trace():
    builder = bpmn().start().parallel("fork").user_task("a").parallel("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join")
    instance = start(builder).complete("a")
    assert instance.tree == ["b", "join"]
    instance.modify(CancelAll("join"))
    assert instance.tree == ["b"]
    assert instance.complete("b").tree == ["join"]


# ---- what is at one's own risk


@BOTH
def test_a_task_before_a_join_that_is_done_again_is_stuck_there_and_nothing_says_so(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").parallel("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join")
    instance = start(builder).complete("a", "b")
    assert instance.tree == ["after"]
    instance.modify(begin(semantics, "a")).complete("a", "after")
    assert (instance.tree, instance.ended, instance.incidents) == ([] if semantics is C8 else ["join"], None, [])
    # and a modification repairs it
    instance.modify(begin(semantics, "b")).complete("b")
    assert instance.tree == ["after"]


@BOTH
def test_a_join_is_arrived_at_in_camunda_7_and_fired_in_zeebe(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").parallel("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join")
    instance = start(builder).modify(begin(semantics, "join"))
    assert instance.tree == ["a", "b", "join" if semantics is C7 else "after"]


def test_what_a_message_would_have_brought_has_to_be_given():
    builder = bpmn(semantics=C8).start().catch("paid", message("paid", "1"))
    builder.node("task", *_user_task(C8), inputs=(builder.mapping("=sum * 2", "double"),))
    assert start(builder).modify(ActivateElement("task")).incidents == []
    given = ActivateElement("task", variables=(ScopedVariables({"sum": 2}),))
    assert start(builder).modify(given).local_variables("task") == {"double": 4}


@BOTH
def test_ending_what_has_ended_is_refused(semantics):
    instance = start(delivery(semantics))
    key = instance.open("approve").key
    instance.complete("approve")
    with pytest.raises(Rejected, match=f"'{key}'"):
        instance.modify(TerminateElementInstance(key) if semantics is C8 else CancelElementInstance(key))
