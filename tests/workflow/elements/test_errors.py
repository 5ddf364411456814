"""BPMN errors: thrown by end events and workers, caught by the nearest event that fits."""

import pytest

from tests.support.events import error, loop, message
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.graph import PassedVariable, Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def failing_sub_process(semantics: Semantics, code: str = "E") -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("task")
    return builder.end("fail", error(code)).up().user_task("after").end()


def caught(builder: ProcessBuilder, element_id: str, code: str | None = None, *, on: str = "sub", **more: str):
    return builder.boundary(element_id, error(code, **more), on=on).user_task(f"handle_{element_id}")


@BOTH
def test_an_error_end_event_is_caught_at_the_boundary_of_its_sub_process(semantics):
    instance = start(caught(failing_sub_process(semantics), "event", "E")).complete("task")
    assert instance.tree == ["handle_event"]
    assert instance.history("sub") == ["TERMINATED"]


@BOTH
def test_an_event_without_code_catches_every_error(semantics):
    assert start(caught(failing_sub_process(semantics), "event")).complete("task").tree == ["handle_event"]


@BOTH
def test_the_exact_code_wins_over_an_event_that_catches_every_error(semantics):
    builder = caught(caught(failing_sub_process(semantics), "any"), "exact", "E")
    assert start(builder).complete("task").tree == ["handle_exact"]


@BOTH
def test_the_nearest_event_wins_even_if_another_one_is_more_exact(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("s1").sub_process("inner").start("s2")
    builder.user_task("task").up()
    caught(builder, "near", on="inner").up()
    caught(builder, "far", "E")
    assert start(builder).error("task", "E").tree == [{"sub": ["handle_near"]}]


@BOTH
def test_an_event_for_another_code_lets_the_error_pass_outwards(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("s1").user_task("task")
    caught(builder, "wrong", "OTHER", on="task").up()
    caught(builder, "right", "E")
    assert start(builder).error("task", "E").tree == ["handle_right"]


@BOTH
def test_an_event_sub_process_in_the_scope_comes_before_its_boundary(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("task")
    builder.event_sub_process("esp", error("E")).user_task("help").up().up()
    caught(builder, "event", "E")
    assert start(builder).error("task", "E").tree == [{"sub": [{"esp": ["help"]}]}]


@BOTH
def test_an_error_out_of_an_event_sub_process_is_caught_further_out_only(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("task")
    builder.event_sub_process("esp", error("E")).user_task("help").end("again", error("E")).up().up()
    caught(builder, "event", "E")
    instance = start(builder).error("task", "E").complete("help")
    assert instance.tree == ["handle_event"]
    assert instance.history("esp") == ["TERMINATED"]


@pytest.mark.parametrize(
    ("semantics", "tree"), [(Semantics.CAMUNDA_7, [{"other": ["repair"]}]), (Semantics.ZEEBE, [{"esp": ["fail"]}])]
)
def test_an_interrupted_scope_still_catches_errors_in_camunda_7_and_not_in_zeebe(semantics, tree):
    builder = bpmn(semantics=semantics).start().user_task("task")
    builder.event_sub_process("esp", message("help")).user_task("help").end("fail", error("E")).up()
    builder.event_sub_process("other", error("E")).user_task("repair").up()
    assert start(builder).message("help").complete("help").tree == tree


@BOTH
def test_an_error_in_one_iteration_ends_all_of_them(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(3)).start("in").user_task("task").up()
    instance = start(caught(builder, "event", "E")).error("task", "E", nth=1)
    assert instance.tree == ["handle_event"]
    assert instance.history("task") == ["TERMINATED"] * 3


@BOTH
def test_siblings_in_the_scope_end_with_it(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").parallel("fork").user_task("task")
    builder.end("fail", error("E")).after("fork").user_task("sibling").up()
    instance = start(caught(builder, "event", "E")).complete("task")
    assert instance.tree == ["handle_event"]
    assert instance.history("sibling") == ["TERMINATED"]


@BOTH
def test_a_worker_s_error_ends_its_job(semantics):
    builder = bpmn(semantics=semantics).start().service_task("task")
    instance = start(caught(builder, "event", "E", on="task")).error("task", "E")
    assert (instance.tree, instance.jobs) == (["handle_event"], [])


def test_an_uncaught_error_ends_only_its_token_in_camunda_7():
    builder = bpmn().start().parallel("fork").user_task("task").end("fail", error("E"))
    instance = start(builder.after("fork").user_task("other")).complete("task")
    assert instance.tree == ["other"]
    assert instance.complete("other").ended == "COMPLETED"


def test_an_uncaught_error_is_an_incident_at_its_end_event_in_zeebe():
    instance = start(bpmn(semantics=Semantics.ZEEBE).start().user_task("task").end("fail", error("E"))).complete("task")
    assert instance.incidents == [("fail", "UNHANDLED_ERROR_EVENT")]
    assert instance.tree == ["fail"]


def test_camunda_7_keeps_code_and_message_in_the_variables_that_the_event_names():
    builder = bpmn().start().user_task("task")
    caught(builder, "event", on="task", code_variable="code", message_variable="why")
    assert start(builder).error("task", "E", "broken").variables == {"code": "E", "why": "broken"}


@pytest.mark.parametrize(("semantics", "in_process"), [(Semantics.CAMUNDA_7, {"x": 1}), (Semantics.ZEEBE, {})])
def test_variables_of_a_reported_error_go_to_the_process_in_camunda_7_and_stay_at_the_event_in_zeebe(
    semantics, in_process
):
    builder = bpmn(semantics=semantics).start().user_task("task")
    instance = start(caught(builder, "event", "E", on="task")).error("task", "E", x=1)
    assert instance.variables == in_process


@BOTH
def test_variables_of_an_error_that_an_event_sub_process_catches_go_to_the_process(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task")
    builder.event_sub_process("esp", error("E")).user_task("handle").up()
    instance = start(builder).error("task", "E", x=1)
    assert (instance.tree, instance.variables) == ([{"esp": ["handle"]}], {"x": 1})


@BOTH
def test_an_error_of_a_called_process_is_caught_at_the_call_activity(semantics):
    child = bpmn("child", semantics).start().user_task("work").end("fail", error("E"))
    builder = bpmn(semantics=semantics).start().call("call", "child").user_task("after")
    instance = start(caught(builder, "event", "E", on="call"), child)
    instance.called().complete("work")
    assert instance.tree == ["handle_event"]
    assert instance.called().ended == "CANCELED"


@BOTH
def test_an_error_passes_through_several_calling_processes(semantics):
    grandchild = bpmn("grandchild", semantics).start().user_task("work").end("fail", error("E"))
    child = bpmn("child", semantics).start().call("further", "grandchild").end()
    builder = caught(bpmn(semantics=semantics).start().call("call", "child"), "event", "E", on="call")
    instance = start(builder, child, grandchild)
    instance.called().called().complete("work")
    assert instance.tree == ["handle_event"]
    assert (instance.called().ended, instance.called().called().ended) == ("CANCELED", "CANCELED")


@pytest.mark.parametrize(("semantics", "variables"), [(Semantics.CAMUNDA_7, {"result": 7}), (Semantics.ZEEBE, {})])
def test_an_error_brings_the_output_variables_of_the_called_process_along_in_camunda_7_only(semantics, variables):
    child = bpmn("child", semantics).start().user_task("work").end("fail", error("E"))
    builder = bpmn(semantics=semantics).start()
    builder.call("call", "child", passed_out=(PassedVariable("result", "inner"),))
    instance = start(caught(builder, "event", "E", on="call"), child)
    instance.called().complete("work", variables={"inner": 7})
    assert instance.variables == variables


@BOTH
def test_the_scope_around_an_error_event_sub_process_is_interrupted_once_only(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").after("fork").user_task("b")
    builder.event_sub_process("esp", error("E")).user_task("help").up()
    builder.event_sub_process("ask", message("ask"), interrupting=False).user_task("answer").up()
    instance = start(builder).message("ask").error("a", "E")
    assert instance.tree == [{"esp": ["help"]}]
    assert instance.waits_for == []
