"""Escalations: like errors they look for the nearest event, unlike them they may go on beside, or nowhere."""

import pytest

from tests.support.events import escalation, loop
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.graph import PassedVariable, Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def escalating(semantics: Semantics) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").throw("tell", escalation("E"))
    return builder.user_task("go_on").end("out").up().user_task("after").end()


@BOTH
def test_who_throws_goes_on_if_nobody_catches(semantics):
    instance = start(escalating(semantics))
    assert instance.tree == [{"sub": ["go_on"]}]
    assert instance.incidents == []


@BOTH
def test_who_throws_goes_on_beside_a_non_interrupting_event(semantics):
    builder = escalating(semantics).boundary("event", escalation("E"), on="sub", interrupting=False).user_task("handle")
    instance = start(builder)
    assert sorted(map(str, instance.tree)) == sorted(map(str, [{"sub": ["go_on"]}, "handle"]))


@BOTH
def test_an_interrupting_event_ends_who_throws(semantics):
    instance = start(escalating(semantics).boundary("event", escalation("E"), on="sub").user_task("handle"))
    assert instance.tree == ["handle"]
    assert instance.history("tell") == ["TERMINATED"]
    assert instance.history("go_on") == []


@BOTH
def test_an_end_event_throws_and_its_scope_completes(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").end("tell", escalation("E")).up()
    builder.user_task("after").boundary("event", escalation("E"), on="sub", interrupting=False).user_task("handle")
    instance = start(builder)
    assert sorted(instance.tree) == ["after", "handle"]
    assert instance.history("sub") == ["COMPLETED"]


@BOTH
def test_an_end_event_that_is_interrupted_leads_nowhere_else(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").end("tell", escalation("E")).up()
    builder.user_task("after").boundary("event", escalation("E"), on="sub").user_task("handle")
    assert start(builder).tree == ["handle"]


@BOTH
def test_an_event_without_code_catches_every_escalation(semantics):
    builder = escalating(semantics).boundary("event", escalation(), on="sub").user_task("handle")
    assert start(builder).tree == ["handle"]


@BOTH
def test_an_event_for_another_code_lets_it_pass(semantics):
    builder = escalating(semantics).boundary("event", escalation("OTHER"), on="sub").user_task("handle")
    assert start(builder).tree == [{"sub": ["go_on"]}]


@BOTH
def test_the_nearest_event_alone_catches(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("outer").start("s1").sub_process("sub").start("s2")
    builder.throw("tell", escalation("E")).user_task("go_on").up()
    builder.boundary("near", escalation("E"), on="sub").user_task("handle_near").up()
    instance = start(builder.boundary("far", escalation("E"), on="outer").user_task("handle_far"))
    assert instance.tree == [{"outer": ["handle_near"]}]


@BOTH
def test_an_event_sub_process_comes_before_the_boundary_of_its_scope(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").throw("tell", escalation("E"))
    builder.user_task("go_on").event_sub_process("esp", escalation("E"), interrupting=False).user_task("help").up().up()
    instance = start(builder.boundary("event", escalation("E"), on="sub").user_task("handle"))
    assert instance.history("event") == []
    assert len(instance.tree[0]["sub"]) == 2


@BOTH
def test_thrown_again_out_of_an_event_sub_process_it_is_caught_further_out(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").throw("tell", escalation("E"))
    builder.user_task("go_on").event_sub_process("esp", escalation("E")).end("again", escalation("E")).up().up()
    instance = start(builder.boundary("event", escalation("E"), on="sub").user_task("handle"))
    assert instance.tree == ["handle"]


@BOTH
def test_every_iteration_may_throw(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(3)).start("in")
    builder.throw("tell", escalation("E")).user_task("go_on").up()
    builder.boundary("event", escalation("E"), on="sub", interrupting=False).user_task("handle")
    assert start(builder).history("handle") == ["ACTIVE"] * 3


@BOTH
def test_an_interrupting_event_ends_all_iterations_at_the_first_one(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(3)).start("in").user_task("task")
    builder.end("tell", escalation("E")).up()
    instance = start(builder.boundary("event", escalation("E"), on="sub").user_task("handle")).complete("task")
    assert instance.tree == ["handle"]


@BOTH
def test_a_called_process_escalates_to_its_caller_and_goes_on(semantics):
    child = bpmn("child", semantics).start().throw("tell", escalation("E")).user_task("work").end()
    builder = bpmn(semantics=semantics).start().call("call", "child").user_task("after")
    builder.boundary("event", escalation("E"), on="call", interrupting=False).user_task("handle")
    instance = start(builder, child)
    assert instance.tree == ["call", "handle"]
    instance.called().complete("work")
    assert instance.tree == ["handle", "after"]


@BOTH
def test_an_interrupting_event_on_a_call_activity_cancels_the_called_process(semantics):
    child = bpmn("child", semantics).start().throw("tell", escalation("E")).user_task("work").end()
    builder = bpmn(semantics=semantics).start().call("call", "child")
    instance = start(builder.boundary("event", escalation("E"), on="call").user_task("handle"), child)
    assert instance.tree == ["handle"]
    assert instance.called().ended == "CANCELED"
    assert instance.called().tree == []


def test_camunda_7_keeps_the_code_in_the_variable_that_the_event_names():
    builder = escalating(Semantics.CAMUNDA_7).boundary("event", escalation(None, "code"), on="sub").user_task("handle")
    assert start(builder).variables == {"code": "E"}


def test_an_escalation_brings_the_output_variables_of_the_called_process_along_in_camunda_7():
    child = (
        bpmn("child").start().script("compute", "${3 + 4}", "inner").throw("tell", escalation("E")).user_task("work")
    )
    builder = bpmn().start().call("call", "child", passed_out=(PassedVariable("result", "inner"),))
    builder.boundary("event", escalation("E"), on="call", interrupting=False).user_task("handle")
    assert start(builder, child).variables == {"result": 7}
