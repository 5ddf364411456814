"""Modification of events, loops, continuations and called processes, as each semantics has it."""

import pytest

from tests.support.events import compensation, loop, message, timer
from tests.support.processes import ProcessBuilder, Running, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import Asynchronous, Semantics
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    MoveElements,
    StartAfter,
    StartBefore,
    TerminateAll,
    TerminateElementInstance,
)

BOTH = pytest.mark.parametrize("semantics", Semantics)
C7, C8 = Semantics.CAMUNDA_7, Semantics.ZEEBE
BODY = "task#multiInstanceBody"


def cancel(instance: Running, element_id: str, nth: int = 0) -> object:
    """The instruction that ends one element instance."""
    key = instance.open(element_id, nth).key
    is_zeebe = instance.state.process.semantics is C8
    return TerminateElementInstance(key) if is_zeebe else CancelElementInstance(key)


def begin(semantics: Semantics, element_id: str) -> object:
    """The instruction that starts an element."""
    return ActivateElement(element_id) if semantics is C8 else StartBefore(element_id)


# ---- multi-instance


def looping(semantics: Semantics, **given: object) -> ProcessBuilder:
    return (
        bpmn(semantics=semantics).start().user_task("first").user_task("task", loop=loop(3, **given)).user_task("after")
    )


@pytest.mark.parametrize(("semantics", "target"), [(C7, BODY), (C8, "task")])
def test_a_loop_begins_with_all_its_iterations(semantics, target):
    instance = start(looping(semantics)).modify(begin(semantics, target))
    assert instance.tree == ["first", {BODY: ["task", "task", "task"]}]


def test_in_camunda_7_the_activity_alone_is_one_more_iteration_or_a_loop_of_one():
    instance = start(looping(C7)).modify(StartBefore("task"))
    assert instance.tree == ["first", {BODY: ["task"]}]
    assert instance.local_variables(BODY)["nrOfInstances"] == 1
    instance.modify(StartBefore("task"))
    assert instance.tree == ["first", {BODY: ["task", "task"]}]
    counters = [instance.local_variables("task", n)["loopCounter"] for n in (0, 1)]
    assert (instance.local_variables(BODY)["nrOfInstances"], counters) == (2, [0, 1])
    assert instance.complete("task", "task").tree == ["first", "after"]


def test_in_camunda_7_a_sequential_loop_that_runs_takes_no_iteration_more():
    instance = start(looping(C7, sequential=True)).complete("first")
    with pytest.raises(Rejected, match="Concurrent instantiation not possible"):
        instance.modify(StartBefore("task"))


def test_in_zeebe_nothing_opens_a_loop_around_an_element():
    builder = (
        bpmn(semantics=C8)
        .start()
        .user_task("first")
        .sub_process("sub", loop=loop(2))
        .start("in")
        .user_task("task")
        .up()
    )
    with pytest.raises(Rejected, match="multi-instance"):
        start(builder).modify(ActivateElement("task"))
    instance = start(builder).complete("first")
    instance.modify(ActivateElement("task", ancestor_key=instance.open("sub", 1).key))
    assert instance.tree == [{"sub#multiInstanceBody": [{"sub": ["task"]}, {"sub": ["task", "task"]}]}]


@BOTH
def test_ending_one_iteration_leaves_the_others_and_ending_the_last_one_ends_the_loop(semantics):
    instance = start(looping(semantics)).complete("first")
    instance.modify(cancel(instance, "task"))
    assert instance.tree == [{BODY: ["task", "task"]}]
    instance.complete("task").modify(cancel(instance, "task"))
    assert (instance.tree, instance.ended) == ([], "CANCELED")
    assert instance.history(BODY) == ["TERMINATED"]


@BOTH
def test_ending_the_body_ends_all_iterations(semantics):
    instance = start(looping(semantics)).complete("first")
    instance.modify(begin(semantics, "after"), cancel(instance, BODY))
    assert instance.tree == ["after"]


def test_all_that_leaves_a_loop_in_zeebe_makes_one_token():
    instance = start(looping(C8)).complete("first").modify(MoveElements("after", source_element_id="task"))
    assert instance.tree == ["after"]


# ---- boundary events and event sub-processes


def watched(semantics: Semantics, *, interrupting: bool = True) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().user_task("task").user_task("after")
    return builder.boundary("late", timer("PT1H"), on="task", interrupting=interrupting).user_task("handle")


@BOTH
def test_an_activity_that_is_started_waits_for_its_events(semantics):
    instance = start(watched(semantics)).modify(begin(semantics, "task"))
    assert instance.jobs == ["TIMER late", "TIMER late"]
    instance.modify(cancel(instance, "task"))
    assert instance.jobs == ["TIMER late"]


@pytest.mark.parametrize(("interrupting", "tree"), [(True, ["handle"]), (False, ["task", "handle"])])
def test_starting_a_boundary_event_in_camunda_7_does_to_its_activity_what_the_event_would(interrupting, tree):
    instance = start(watched(C7, interrupting=interrupting)).modify(StartBefore("late"))
    assert instance.tree == tree


def test_a_boundary_event_cannot_be_activated_in_zeebe():
    with pytest.raises(Rejected, match="BOUNDARY_EVENT"):
        start(watched(C8)).modify(ActivateElement("late"))


def helped(semantics: Semantics, *, interrupting: bool = True) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().user_task("task")
    return builder.event_sub_process("esp", message("help"), interrupting=interrupting).user_task("help").up()


@BOTH
def test_something_inside_an_event_sub_process_starts_beside_what_runs(semantics):
    instance = start(helped(semantics)).modify(begin(semantics, "help"))
    assert instance.tree == ["task", {"esp": ["help"]}]


@pytest.mark.parametrize("target", ["esp", "esp_start"])
@pytest.mark.parametrize(("interrupting", "beside"), [(True, []), (False, ["task"])])
def test_an_event_sub_process_that_camunda_7_starts_interrupts_like_its_event(target, interrupting, beside):
    instance = start(helped(C7, interrupting=interrupting)).modify(StartBefore(target))
    assert instance.tree == [*beside, {"esp": ["help"]}]


@BOTH
def test_scopes_that_are_opened_wait_for_their_events(semantics):
    builder = bpmn(semantics=semantics).start().user_task("first").sub_process("sub").start("in").user_task("task")
    builder.event_sub_process("esp", message("help")).user_task("help").up().up()
    instance = start(builder.boundary("late", timer("PT1H"), on="sub").user_task("handle"))
    instance.modify(begin(semantics, "task"))
    assert (instance.waits_for, instance.jobs) == (["MESSAGE esp_start"], ["TIMER late"])


def test_an_event_behind_an_event_based_gateway_cannot_be_activated_in_zeebe():
    builder = bpmn(semantics=C8).start().user_task("first").event_gateway("either").catch("a", message("m")).end()
    with pytest.raises(Rejected, match="event-based gateway"):
        start(builder.after("either").catch("b", timer("PT1H"))).modify(ActivateElement("a"))


# ---- asynchronous continuations


def later(asynchronous: Asynchronous) -> ProcessBuilder:
    return bpmn().start().user_task("first").user_task("task", asynchronous=asynchronous).user_task("after")


def test_starting_before_a_continuation_makes_its_job():
    instance = start(later(Asynchronous(before=True))).modify(StartBefore("task"))
    assert (instance.jobs, len(instance.state.user_tasks)) == (["ASYNC_BEFORE task"], 1)


@pytest.mark.parametrize("asynchronous", [Asynchronous(before=True), Asynchronous(after=True)])
def test_a_token_at_a_continuation_is_canceled_as_such(asynchronous):
    instance = start(later(asynchronous)).complete("first").modify(StartBefore("first"))
    if asynchronous.after:
        instance.complete("task")
    key = instance.open("task").key
    with pytest.raises(Rejected, match="transition instance"):
        instance.modify(CancelTransitionInstance(instance.open("first").key))
    instance.modify(CancelTransitionInstance(key))
    assert (instance.tree, instance.jobs) == (["first"], [])


def test_a_token_at_a_continuation_is_no_activity_instance_but_among_all_of_the_activity():
    instance = start(later(Asynchronous(before=True))).complete("first").modify(StartBefore("first"))
    with pytest.raises(Rejected, match="transition instance"):
        instance.modify(CancelElementInstance(instance.open("task").key))
    instance.modify(CancelAll("task"))
    assert (instance.tree, instance.jobs) == (["first"], [])


# ---- called processes


def called_by(semantics: Semantics) -> Running:
    child = bpmn("child", semantics).start().user_task("work").user_task("more").end()
    return start(bpmn(semantics=semantics).start().call("call", "child").user_task("after"), child)


@BOTH
def test_ending_a_call_activity_cancels_what_it_has_called(semantics):
    instance = called_by(semantics)
    instance.modify(begin(semantics, "after"), cancel(instance, "call"))
    assert (instance.tree, instance.called().ended) == (["after"], "CANCELED")


@BOTH
def test_a_called_process_may_be_modified_while_something_stays_active(semantics):
    instance = called_by(semantics)
    called = instance.called()
    called.modify(begin(semantics, "more"), cancel(called, "work"))
    assert (called.tree, instance.tree) == (["more"], ["call"])
    called.complete("more")
    assert instance.tree == ["after"]


def test_emptying_a_called_process_ends_its_call_activity_in_camunda_7_and_is_refused_in_zeebe():
    instance = called_by(C7)
    called = instance.called()
    called.modify(cancel(called, "work"))
    assert (called.ended, instance.ended) == ("CANCELED", "CANCELED")
    called = called_by(C8).called()
    with pytest.raises(Rejected, match="called by a call activity"):
        called.modify(cancel(called, "work"))


# ---- ad-hoc, compensation, gateways


def test_an_element_of_an_ad_hoc_sub_process_gets_an_inner_instance_in_zeebe():
    builder = bpmn(semantics=C8).start().user_task("first").ad_hoc("hoc").user_task("a").apart().user_task("b").up()
    instance = start(builder).modify(ActivateElement("a"))
    assert instance.tree == ["first", {"hoc": [{"hoc#innerInstance": ["a"]}]}]


@BOTH
def test_a_handler_that_is_ended_is_not_waited_for(semantics):
    builder = (
        bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").throw("undo", compensation())
    )
    instance = start(builder.user_task("after")).complete("hotel").modify(begin(semantics, "hotel"))
    instance.modify(cancel(instance, "cancel_hotel"))
    assert instance.tree == (["hotel"] if semantics is C7 else ["hotel", "after"])


@BOTH
def test_what_a_modification_ends_is_not_undone(semantics):
    builder = (
        bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").throw("undo", compensation())
    )
    instance = start(builder.user_task("after"))
    instance.modify(begin(semantics, "undo"), cancel(instance, "hotel"))
    assert instance.tree == ["after"]


@BOTH
def test_an_inclusive_join_goes_on_when_the_token_that_it_waits_for_is_ended(semantics):
    builder = bpmn(semantics=semantics).start().inclusive("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join")
    instance = start(builder).complete("a")
    instance.modify(cancel(instance, "b"))
    assert instance.tree == ["after"]


def test_a_move_into_the_scope_of_its_source_stays_in_each_iteration():
    builder = bpmn(semantics=C8).start().sub_process("sub", loop=loop(2)).start("in").user_task("a").user_task("b").up()
    move = MoveElements("b", source_element_id="a", ancestor=AncestorChoice.source_parent())
    assert start(builder).modify(move).tree == [{"sub#multiInstanceBody": [{"sub": ["b"]}, {"sub": ["b"]}]}]


def test_start_after_an_activity_with_a_boundary_event_takes_its_own_flow():
    instance = start(watched(C7)).modify(StartAfter("task"))
    assert instance.tree == ["task", "after"]
    assert start(watched(C7)).modify(StartAfter("late")).tree == ["task", "handle"]


def test_all_instances_of_a_loop_are_terminated_by_its_name_in_zeebe():
    instance = start(looping(C8)).complete("first").modify(ActivateElement("first"), TerminateAll("task"))
    assert instance.tree == ["first"]
