"""Call activities: another process runs, and its caller waits for it."""

import pytest

from tests.support.events import error, loop, message, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import PassedVariable, Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)
ALL = PassedVariable()


def child(semantics: Semantics) -> ProcessBuilder:
    return bpmn("child", semantics).start().user_task("work").end()


def caller(semantics: Semantics, **given: object) -> ProcessBuilder:
    return bpmn(semantics=semantics).start().call("call", "child", **given).user_task("after").end()


@BOTH
def test_the_caller_waits_until_the_called_process_is_done(semantics):
    instance = start(caller(semantics), child(semantics))
    assert (instance.tree, instance.called().tree) == (["call"], ["work"])
    instance.called().complete("work")
    assert (instance.tree, instance.called().ended) == (["after"], "COMPLETED")


@BOTH
def test_a_called_process_that_does_not_wait_is_passed_through(semantics):
    instance = start(caller(semantics), bpmn("child", semantics).start().task("pass").end())
    assert instance.tree == ["after"]


@BOTH
def test_the_called_process_knows_its_caller(semantics):
    instance = start(caller(semantics), child(semantics))
    state = instance.called().state
    assert (state.parent_key, state.root_key) == (instance.state.key, instance.state.key)
    assert state.parent_element_instance_key == instance.open("call").key


@pytest.mark.parametrize(("semantics", "inside"), [(Semantics.CAMUNDA_7, {}), (Semantics.ZEEBE, {"x": 1})])
def test_without_being_told_camunda_7_hands_nothing_over_and_zeebe_everything(semantics, inside):
    instance = start(caller(semantics), child(semantics), x=1)
    assert instance.called().variables == inside
    instance.called().complete("work", variables={"y": 2})
    assert instance.variables == ({"x": 1} if semantics is Semantics.CAMUNDA_7 else {"x": 1, "y": 2})


def test_camunda_7_hands_all_variables_over_when_told():
    instance = start(caller(Semantics.CAMUNDA_7, passed_in=(ALL,), passed_out=(ALL,)), child(Semantics.CAMUNDA_7), x=1)
    assert instance.called().variables == {"x": 1}
    instance.called().complete("work", variables={"y": 2})
    assert instance.variables == {"x": 1, "y": 2}


def test_camunda_7_hands_over_single_variables_and_values_under_new_names():
    builder = bpmn()
    passed_in = (PassedVariable("given", "x"), PassedVariable("twice", expression=builder.expression("${x * 2}")))
    passed_out = (PassedVariable("result", "y"), PassedVariable("more", expression=builder.expression("${y + 1}")))
    instance = start(
        caller(Semantics.CAMUNDA_7, passed_in=passed_in, passed_out=passed_out), child(Semantics.CAMUNDA_7), x=3
    )
    assert instance.called().variables == {"given": 3, "twice": 6}
    instance.called().complete("work", variables={"y": 4})
    assert instance.variables == {"x": 3, "result": 4, "more": 5}


def test_camunda_7_takes_what_is_marked_local_from_the_activity_alone():
    builder = bpmn().start().user_task("before")
    passed_in = (
        PassedVariable("given", "x", local=True),
        PassedVariable("more", expression=builder.expression("${inner + 1}"), local=True),
    )
    builder.call("call", "child", passed_in=passed_in)
    builder.draft.nodes[-1].inputs = (builder.mapping("${x * 2}", "inner"),)
    instance = start(builder, child(Semantics.CAMUNDA_7), x=3).complete("before")
    assert instance.called().variables == {"given": None, "more": 7}


def test_camunda_7_refuses_a_local_expression_about_a_variable_further_out():
    builder = bpmn().start().user_task("before")
    outside = PassedVariable("more", expression=builder.expression("${x + 1}"), local=True)
    instance = start(builder.call("call", "child", passed_in=(outside,)), child(Semantics.CAMUNDA_7), x=3)
    with pytest.raises(Rejected, match="Cannot resolve identifier 'x'"):
        instance.complete("before")


def test_camunda_7_hands_a_missing_variable_over_as_null():
    instance = start(caller(Semantics.CAMUNDA_7, passed_in=(PassedVariable("given", "x"),)), child(Semantics.CAMUNDA_7))
    assert instance.called().variables == {"given": None}


def test_camunda_7_hands_over_the_business_key_that_the_model_names():
    builder = bpmn()
    instance = start(
        caller(Semantics.CAMUNDA_7, business_key=builder.expression("${order}")),
        child(Semantics.CAMUNDA_7),
        order="A-1",
    )
    assert instance.called().state.business_key == "A-1"


def test_zeebe_hands_over_its_own_variables_alone_when_told():
    builder = bpmn(semantics=Semantics.ZEEBE).start()
    builder.call("call", "child", everything_in=False)
    builder.draft.nodes[-1].inputs = (builder.mapping("=x + 1", "given"),)
    assert start(builder, child(Semantics.ZEEBE), x=1).called().variables == {"given": 2}


def test_zeebe_takes_nothing_back_when_told():
    instance = start(caller(Semantics.ZEEBE, everything_out=False), child(Semantics.ZEEBE))
    instance.called().complete("work", variables={"y": 2})
    assert instance.variables == {}


def test_zeebe_takes_back_what_output_mappings_name():
    builder = bpmn(semantics=Semantics.ZEEBE).start().call("call", "child")
    builder.draft.nodes[-1].outputs = (builder.mapping("=y", "result"),)
    instance = start(builder.user_task("after"), child(Semantics.ZEEBE))
    instance.called().complete("work", variables={"y": 2, "z": 3})
    assert instance.variables == {"result": 2}


@BOTH
def test_canceling_the_caller_cancels_all_that_it_has_called(semantics):
    middle = bpmn("middle", semantics).start().call("further", "child").end()
    builder = bpmn(semantics=semantics).start().call("call", "middle")
    instance = start(builder, middle, child(semantics))
    instance.engine.terminate(instance.state.root)
    assert [instance.ended, instance.called().ended, instance.called().called().ended] == ["CANCELED"] * 3


@BOTH
def test_an_event_on_the_call_activity_cancels_the_called_process(semantics):
    instance = start(
        caller(semantics).boundary("event", timer("PT1H"), on="call").user_task("handle"), child(semantics)
    )
    instance.fire("event")
    assert (instance.tree, instance.called().ended) == (["handle"], "CANCELED")


@BOTH
def test_a_called_process_that_is_canceled_from_outside_takes_the_call_activity_with_it(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").call("call", "child").after("fork").user_task("other")
    instance = start(builder, child(semantics))
    called = instance.called()
    called.engine.terminate(called.state.root)
    called.engine.run()
    assert instance.tree == ["other"]
    assert instance.history("call") == ["TERMINATED"]


@BOTH
def test_every_iteration_calls_for_itself(semantics):
    given = {"passed_in": (PassedVariable("item", "item"),)} if semantics is Semantics.CAMUNDA_7 else {}
    builder = caller(semantics, loop=loop(over="items", each="item"), **given)
    instance = start(builder, child(semantics), items=["a", "b"])
    assert [instance.called(n).variables["item"] for n in (0, 1)] == ["a", "b"]
    instance.called(1).complete("work")
    instance.called(0).complete("work")
    assert instance.tree == ["after"]


@BOTH
def test_an_interrupting_event_sub_process_of_the_called_process_ends_inside(semantics):
    called = child(semantics)
    called.event_sub_process("esp", message("help")).user_task("help").up()
    instance = start(caller(semantics), called)
    instance.called().message("help").complete("help")
    assert instance.tree == ["after"]


def test_an_unknown_process_is_refused_in_camunda_7_and_an_incident_in_zeebe():
    with pytest.raises(Rejected, match="'child'"):
        start(caller(Semantics.CAMUNDA_7))
    instance = start(caller(Semantics.ZEEBE))
    assert instance.incidents == [("call", "CALLED_ELEMENT_ERROR")]
    assert instance.tree == ["call"]


@BOTH
def test_an_uncaught_error_of_the_called_process_does_not_end_the_caller(semantics):
    called = bpmn("child", semantics).start().user_task("work").end("fail", error("E"))
    instance = start(caller(semantics), called)
    instance.called().complete("work")
    if semantics is Semantics.CAMUNDA_7:
        assert instance.tree == ["after"]
    else:
        assert (instance.tree, instance.called().incidents) == (["call"], [("fail", "UNHANDLED_ERROR_EVENT")])
