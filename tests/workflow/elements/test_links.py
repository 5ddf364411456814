"""Link events: a jump within a scope."""

import pytest

from tests.support.events import link
from tests.support.processes import bpmn, start
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


@BOTH
def test_the_token_goes_on_at_the_catching_event_of_the_same_name(semantics):
    builder = bpmn(semantics=semantics).start().throw("out", link("a")).apart().catch("in", link("a"))
    builder.user_task("after").end().apart().catch("other", link("b")).user_task("wrong")
    instance = start(builder)
    assert instance.tree == ["after"]
    assert [instance.history(each) for each in ("out", "in", "other")] == [["COMPLETED"], ["COMPLETED"], []]
    assert instance.complete("after").ended == "COMPLETED"


@BOTH
def test_several_jumps_may_lead_to_one_place(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").throw("out1", link("a"))
    builder.after("fork").throw("out2", link("a")).apart().catch("in", link("a")).user_task("after").end()
    instance = start(builder)
    assert instance.tree == ["after", "after"]
    instance.complete("after", "after")
    assert (instance.ended, instance.state.root.active_children) == ("COMPLETED", 0)


@BOTH
def test_a_jump_stays_in_its_sub_process(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("s").throw("out", link("a"))
    builder.apart().catch("in", link("a")).user_task("inside").up().user_task("after")
    builder.apart().catch("elsewhere", link("a")).user_task("outside")
    assert start(builder).tree == [{"sub": ["inside"]}]


@BOTH
def test_a_jump_may_lead_back(semantics):
    builder = bpmn(semantics=semantics).start().exclusive("again").user_task("task").throw("out", link("a"))
    builder.apart().catch("in", link("a")).flow("in", "again")
    instance = start(builder).complete("task").complete("task")
    assert instance.history("task") == ["COMPLETED", "COMPLETED", "ACTIVE"]


@BOTH
def test_an_inclusive_join_waits_for_a_token_that_may_come_by_a_jump(semantics):
    builder = bpmn(semantics=semantics).start().inclusive("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").user_task("b").throw("out", link("l")).apart().catch("in", link("l")).flow("in", "join")
    instance = start(builder).complete("a")
    assert "after" not in instance.tree
    instance.complete("b")
    assert instance.tree == ["after"]
