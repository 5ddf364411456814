"""Signals: everybody who waits for one gets it."""

import pytest

from tests.support.events import loop, signal
from tests.support.processes import bpmn, start
from workflow.graph import PassedVariable, Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


@BOTH
def test_a_signal_reaches_all_who_wait_in_a_process_instance(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").catch("a", signal("go")).user_task("after_a")
    builder.after("fork").catch("b", signal("go")).user_task("after_b").after("fork").catch("c", signal("other"))
    instance = start(builder)
    assert instance.tree == ["a", "b", "c"]
    assert instance.signal("go").tree == ["c", "after_a", "after_b"]


@BOTH
def test_its_variables_go_to_the_process(semantics):
    instance = start(bpmn(semantics=semantics).start().catch("a", signal("go")).user_task("after")).signal("go", x=1)
    assert instance.variables == {"x": 1}


@BOTH
def test_a_thrown_signal_is_caught_in_the_same_process_instance(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").catch("wait", signal("go")).user_task("reached")
    builder.after("fork").user_task("task").throw("tell", signal("go")).user_task("after")
    instance = start(builder).complete("task")
    assert sorted(instance.tree) == ["after", "reached"]


@BOTH
def test_an_end_event_throws_too_and_is_caught_at_a_boundary(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("wait")
    builder.after("fork").user_task("task").end("tell", signal("go"))
    builder.boundary("event", signal("go"), on="wait").user_task("handle")
    assert start(builder).complete("task").tree == ["handle"]


@BOTH
def test_a_called_process_signals_its_caller(semantics):
    child = bpmn("child", semantics).start().throw("tell", signal("go")).user_task("work")
    builder = bpmn(semantics=semantics).start().call("call", "child")
    instance = start(builder.boundary("event", signal("go"), on="call").user_task("handle"), child)
    assert instance.tree == ["handle"]
    assert instance.called().ended == "CANCELED"


@BOTH
def test_who_waits_only_after_it_was_thrown_misses_it(semantics):
    instance = start(bpmn(semantics=semantics).start().throw("tell", signal("go")).catch("late", signal("go")).end())
    assert instance.tree == ["late"]
    assert instance.signal("go").ended == "COMPLETED"


@BOTH
def test_every_iteration_waits_for_itself(semantics):
    instance = start(
        bpmn(semantics=semantics).start().sub_process("sub", loop=loop(2)).start("in").catch("wait", signal("go")).up()
    )
    assert instance.waits_for == ["SIGNAL wait", "SIGNAL wait"]
    assert instance.signal("go").ended == "COMPLETED"


@BOTH
def test_the_name_may_be_an_expression(semantics):
    text = "=name" if semantics is Semantics.ZEEBE else "${name}"
    builder = bpmn(semantics=semantics).start().catch("wait", signal(text)).user_task("after")
    assert start(builder, name="go").signal("go").tree == ["after"]


def test_camunda_7_sends_the_variables_along_that_the_model_names():
    payload = (PassedVariable("given", "own"), PassedVariable("constant", expression=bpmn().expression("${1 + 1}")))
    builder = bpmn().start().parallel("fork").catch("wait", signal("go")).user_task("reached")
    child = bpmn("child").start().throw("tell", signal("go", *payload))
    builder.after("fork").call("call", "child", passed_in=(PassedVariable(),))
    instance = start(builder, child, own="x")
    assert instance.variables == {"own": "x", "given": "x", "constant": 2}


def test_zeebe_sends_along_what_input_mappings_have_made():
    builder = bpmn(semantics=Semantics.ZEEBE).start().parallel("fork").catch("wait", signal("go")).user_task("reached")
    builder.after("fork").throw("tell", signal("go"), inputs=(builder.mapping("=2", "given"),))
    assert start(builder).variables == {"given": 2}
