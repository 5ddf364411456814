"""What the search for broken invariants has found, each as a plain example."""

from __future__ import annotations

import pytest

from tests.support.events import compensation, condition, error, loop, message
from tests.support.processes import Running, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import Asynchronous, PassedVariable, Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def retry(running: Running, element_id: str) -> Running:
    """Resolve the incident of an element."""
    instance = running.open(element_id)
    incident = running.state.open_incident_of(instance)
    assert incident is not None
    running.engine.close_incident(incident)
    running.engine.retry(instance)
    return running


def test_an_uncaught_error_lets_an_inclusive_gateway_join_that_has_waited_for_its_token():
    builder = bpmn().start().parallel("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join")
    assert start(builder).complete("a").error("b", "NOBODY_CATCHES").tree == ["after"]


def test_the_token_before_an_asynchronous_parallel_join_has_not_arrived_yet():
    builder = bpmn().start().parallel("fork").parallel("join", asynchronous=Asynchronous(before=True)).task("after")
    builder.user_task("end").after("fork").user_task("b").flow("b", "join")
    instance = start(builder).complete("b").execute("join")
    assert instance.tree == ["join", "join"]
    assert instance.execute("join").tree == ["end"]


def test_the_token_before_an_asynchronous_inclusive_join_has_not_arrived_yet():
    builder = bpmn().start().parallel("fork").inclusive("join", asynchronous=Asynchronous(before=True)).task("after")
    builder.user_task("end").after("fork").user_task("b").flow("b", "join")
    instance = start(builder).execute("join").complete("b")
    assert instance.tree == ["join", "join"]
    assert instance.execute("join").tree == ["end"]


def test_the_token_behind_an_asynchronous_parallel_join_has_left_it():
    builder = bpmn().start().exclusive("again").parallel("fork")
    builder.parallel("join", asynchronous=Asynchronous(after=True)).exclusive("behind", default="done")
    builder.flow("behind", "again", when="once").flow("behind", "end", id="done").apart().user_task("end")
    builder.after("fork").user_task("b").flow("b", "join")
    instance = start(builder, once=True).complete("b")
    assert (instance.tree, instance.jobs) == (["join"], ["ASYNC_AFTER join"])
    instance.execute("join").set(once=False)
    assert instance.tree == ["join", "b"]
    assert instance.complete("b").execute("join").tree == ["end"]


@BOTH
@pytest.mark.parametrize("sequential", [False, True])
def test_undoing_iterations_is_no_iterating(semantics, sequential):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(3, sequential=sequential, until="enough"))
    builder.start("in").user_task("hotel").undone_by("cancel_hotel").up()
    builder.user_task("after").throw("undo", compensation()).user_task("end")
    instance = start(builder, enough=False).complete("hotel").set(enough=True).complete("hotel").complete("after")
    iterations = len(instance.history("sub"))
    instance.complete("cancel_hotel").set(enough=False).complete("cancel_hotel")
    assert (instance.tree, instance.waits_for) == (["end"], [])
    assert len(instance.history("sub")) == iterations


def test_compensation_goes_on_without_a_handler_that_an_uncaught_error_has_ended():
    builder = bpmn().start().user_task("hotel").undone_by("cancel_hotel").throw("undo", compensation()).user_task("end")
    instance = start(builder).complete("hotel").error("cancel_hotel", "NOBODY_CATCHES")
    assert (instance.tree, instance.waits_for) == (["end"], [])


def test_an_event_that_interrupts_what_is_being_undone_ends_the_throwing_event_too():
    builder = bpmn().start().sub_process("sub").start("in").user_task("hotel").undone_by("cancel_hotel").up()
    builder.boundary("caught", error("E"), on="sub").user_task("handle")
    builder.after("sub").throw("undo", compensation()).user_task("end")
    instance = start(builder).complete("hotel").error("cancel_hotel", "E")
    assert (instance.tree, instance.waits_for) == (["handle"], [])


def test_what_an_asynchronously_left_sub_process_has_done_can_be_undone():
    builder = bpmn().start().sub_process("sub", asynchronous=Asynchronous(after=True)).start("in")
    builder.user_task("hotel").undone_by("cancel_hotel").up().throw("undo", compensation()).user_task("end")
    instance = start(builder).complete("hotel").execute("sub")
    assert "cancel_hotel" in instance.tree[0]["sub"]
    assert instance.complete("cancel_hotel").tree == ["end"]


def test_an_ad_hoc_sub_process_with_a_wrong_element_activates_none():
    builder = bpmn(semantics=Semantics.ZEEBE).start().ad_hoc("ad_hoc", active="names").user_task("a").up()
    instance = start(builder.user_task("end"), names=["a", "nothing"])
    assert instance.tree == [{"ad_hoc": []}]
    assert instance.incidents == [("ad_hoc", "EXTRACT_VALUE_ERROR")]
    retry(instance.set(names=["a"]), "ad_hoc")
    assert instance.tree == [{"ad_hoc": [{"ad_hoc#innerInstance": ["a"]}]}]
    assert instance.complete("a").tree == ["end"]


def test_a_condition_that_cannot_be_evaluated_refuses_the_change():
    builder = bpmn().start().user_task("a")
    builder.event_sub_process("note", condition("x > 5"), interrupting=False).user_task("b").up()
    instance = start(builder, x=1)
    with pytest.raises(Rejected, match="x > 5"):
        instance.set(x="many")


def test_results_that_cannot_be_handed_back_refuse_the_end_of_the_called_process():
    builder = bpmn()
    out = PassedVariable(target="result", expression=builder.formula("nothing"))
    instance = start(builder.start().call("call", "child", passed_out=(out,)), bpmn("child").start().user_task("a"))
    with pytest.raises(Rejected, match="nothing"):
        instance.called().complete("a")


def test_an_event_sub_process_that_begins_with_the_last_token_keeps_its_scope_open():
    builder = bpmn(semantics=Semantics.ZEEBE)
    builder.start().sub_process("sub").start("in").user_task("a", outputs=(builder.mapping("=true", "go"),))
    builder.event_sub_process("note", condition("go"), interrupting=False).user_task("b").up().up().user_task("end")
    instance = start(builder, go=False).complete("a")
    assert instance.tree == [{"sub": [{"note": ["b"]}]}]
    assert instance.complete("b").tree == ["end"]


@BOTH
def test_a_scope_that_a_condition_interrupts_as_it_is_entered_ends_with_its_event_sub_process(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("a")
    builder.event_sub_process("instead", condition("go")).user_task("b").up().up().user_task("end")
    instance = start(builder, go=True)
    assert instance.tree == [{"sub": [{"instead": ["b"]}]}]
    assert instance.complete("b").tree == ["end"]


@BOTH
def test_an_event_sub_process_that_a_condition_interrupts_as_it_is_entered_does_not_begin(semantics):
    builder = bpmn(semantics=semantics).start().user_task("a").event_sub_process("outer", message("m"))
    builder.user_task("b").event_sub_process("inner", condition("go")).user_task("c").up().up()
    instance = start(builder, go=True, key="k").message("m")
    assert instance.tree == [{"outer": [{"inner": ["c"]}]}]
    assert instance.complete("c").ended == "COMPLETED"
