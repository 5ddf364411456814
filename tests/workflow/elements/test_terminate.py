"""Terminate end events: everything in their scope ends, and the scope is done."""

import pytest

from tests.support.events import loop, message, terminate, timer
from tests.support.processes import bpmn, start
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


@BOTH
def test_at_the_top_it_ends_the_process_instance(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").end("stop", terminate())
    builder.after("fork").sub_process("sub").start("in").user_task("b").up()
    instance = start(builder).complete("a")
    assert (instance.ended, instance.tree) == ("COMPLETED", [])
    assert [instance.history(each) for each in ("stop", "sub", "b")] == [["COMPLETED"], ["TERMINATED"], ["TERMINATED"]]


@BOTH
def test_in_a_sub_process_it_ends_that_alone(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").sub_process("sub").start("in").parallel("inner")
    builder.user_task("a").end("stop", terminate()).after("inner").user_task("b").up().user_task("after")
    instance = start(builder.after("fork").user_task("beside")).complete("a")
    assert sorted(instance.tree) == ["after", "beside"]
    assert instance.history("sub") == ["COMPLETED"]
    assert instance.history("b") == ["TERMINATED"]


@BOTH
def test_in_one_iteration_it_ends_that_iteration_alone(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(2)).start("in").parallel("fork")
    builder.user_task("a").end("stop", terminate()).after("fork").user_task("b").up().user_task("after")
    instance = start(builder).complete("a")
    assert instance.tree == [{"sub#multiInstanceBody": [{"sub": ["a", "b"]}]}]
    assert instance.complete("a").tree == ["after"]


@BOTH
def test_in_a_called_process_it_ends_that_and_the_caller_goes_on(semantics):
    child = bpmn("child", semantics).start().parallel("fork").user_task("a").end("stop", terminate())
    child.after("fork").user_task("b")
    instance = start(bpmn(semantics=semantics).start().call("call", "child").user_task("after"), child)
    instance.called().complete("a")
    assert instance.called().ended == "COMPLETED"
    assert instance.tree == ["after"]


@BOTH
def test_in_an_event_sub_process_it_ends_that_alone(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task")
    builder.event_sub_process("esp", message("help"), interrupting=False).parallel("fork").user_task("a")
    builder.end("stop", terminate()).after("fork").user_task("b").up()
    instance = start(builder).message("help").complete("a")
    assert instance.tree == ["task"]
    assert instance.history("esp") == ["COMPLETED"]


@BOTH
def test_event_sub_processes_beside_it_end_too(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task").end("stop", terminate())
    builder.event_sub_process("esp", message("help"), interrupting=False).user_task("help").up()
    instance = start(builder).message("help").complete("task")
    assert instance.ended == "COMPLETED"
    assert instance.history("esp") == ["TERMINATED"]
    assert instance.waits_for == []


@BOTH
def test_tokens_that_wait_at_a_join_end_too(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").parallel("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join").after("fork").user_task("c").end("stop", terminate())
    instance = start(builder).complete("a", "c")
    assert instance.ended == "COMPLETED"
    assert instance.state.root.active_children == 0
    assert not any(count.waiting for count in instance.state.flows.values())


@BOTH
def test_called_processes_and_timers_end_too(semantics):
    child = bpmn("child", semantics).start().user_task("work")
    builder = bpmn(semantics=semantics).start().parallel("fork").call("call", "child")
    builder.after("fork").catch("wait", timer("PT1H")).after("fork").user_task("task").end("stop", terminate())
    instance = start(builder, child).complete("task")
    assert (instance.ended, instance.jobs) == ("COMPLETED", [])
    assert instance.called().ended == "CANCELED"


@BOTH
def test_a_branch_that_has_just_begun_to_wait_ends_too(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").after("fork").end("stop", terminate())
    instance = start(builder)
    assert instance.ended == "COMPLETED"
    assert instance.history("a") == ["TERMINATED"]
