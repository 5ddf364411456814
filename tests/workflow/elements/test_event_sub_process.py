"""Event sub-processes: they begin when their event occurs, inside the scope that they belong to."""

import pytest

from tests.support.events import condition, error, escalation, message, signal, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)
EVENTS = {
    "timer": (timer("PT1H"), lambda instance: instance.fire("esp_start")),
    "message": (message("help"), lambda instance: instance.message("help")),
    "signal": (signal("help"), lambda instance: instance.signal("help")),
    "condition": (condition("x > 1"), lambda instance: instance.set(x=2)),
    "error": (error("E"), lambda instance: instance.error("task", "E")),
    "escalation": (escalation("E"), lambda instance: instance.escalate("task", "E")),
}


def with_help(semantics: Semantics, event: str, *, interrupting: bool = True) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().user_task("task").end()
    builder.event_sub_process("esp", EVENTS[event][0], interrupting=interrupting)
    return builder.user_task("help").end("helped").up()


def in_sub_process(semantics: Semantics, *, interrupting: bool = True) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("task").end("out")
    builder.event_sub_process("esp", message("help"), interrupting=interrupting).user_task("help").end("helped").up()
    return builder.up().user_task("after").end()


@BOTH
@pytest.mark.parametrize("event", EVENTS)
def test_an_interrupting_one_ends_all_else_in_its_scope(semantics, event):
    instance = start(with_help(semantics, event), x=1)
    EVENTS[event][1](instance)
    assert instance.tree == [{"esp": ["help"]}]
    assert instance.history("task") == ["TERMINATED"]
    assert (instance.jobs, instance.waits_for) == ([], [])
    assert instance.complete("help").ended == "COMPLETED"


@BOTH
@pytest.mark.parametrize("event", [name for name in EVENTS if name != "error"])
def test_a_non_interrupting_one_runs_beside_and_its_scope_waits_for_it(semantics, event):
    instance = start(with_help(semantics, event, interrupting=False), x=1)
    EVENTS[event][1](instance)
    assert instance.tree == ["task", {"esp": ["help"]}]
    instance.complete("task")
    assert instance.ended is None
    assert instance.complete("help").ended == "COMPLETED"


@BOTH
def test_a_non_interrupting_one_may_run_several_times_at_once(semantics):
    instance = start(with_help(semantics, "message", interrupting=False)).message("help").message("help")
    assert instance.tree == ["task", {"esp": ["help"]}, {"esp": ["help"]}]
    instance.complete("help").message("help")
    assert instance.tree == ["task", {"esp": ["help"]}, {"esp": ["help"]}]


@BOTH
def test_one_in_a_sub_process_waits_as_long_as_that_is_active(semantics):
    instance = start(in_sub_process(semantics))
    assert instance.waits_for == ["MESSAGE esp_start"]
    instance.complete("task")
    assert (instance.tree, instance.waits_for) == (["after"], [])


@BOTH
def test_the_sub_process_goes_on_when_its_interrupting_one_is_done(semantics):
    instance = start(in_sub_process(semantics)).message("help")
    assert instance.tree == [{"sub": [{"esp": ["help"]}]}]
    instance.complete("help")
    assert instance.tree == ["after"]
    assert instance.history("sub") == ["COMPLETED"]


@BOTH
def test_an_interrupted_scope_does_not_listen_to_its_other_event_sub_processes(semantics):
    builder = with_help(semantics, "message")
    builder.event_sub_process("other", signal("more"), interrupting=False).user_task("more").up()
    instance = start(builder).message("help").signal("more")
    assert instance.tree == [{"esp": ["help"]}]


@BOTH
def test_a_non_interrupting_one_that_runs_is_ended_by_an_interrupting_one(semantics):
    builder = with_help(semantics, "message", interrupting=False)
    builder.event_sub_process("stop", signal("stop")).user_task("clean").up()
    instance = start(builder).message("help").signal("stop")
    assert instance.tree == [{"stop": ["clean"]}]
    assert instance.history("esp") == ["TERMINATED"]


@BOTH
def test_the_boundary_events_of_an_interrupted_sub_process_still_count(semantics):
    builder = in_sub_process(semantics).boundary("late", timer("PT1H"), on="sub").user_task("escalate")
    instance = start(builder).message("help").fire("late")
    assert instance.tree == ["escalate"]
    assert instance.history("esp") == ["TERMINATED"]


@BOTH
def test_one_inside_another_listens_while_that_runs(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task").end()
    builder.event_sub_process("outer", message("first")).user_task("a")
    builder.event_sub_process("inner", message("second")).user_task("b").up().up()
    instance = start(builder)
    assert instance.waits_for == ["MESSAGE outer_start"]
    instance.message("first").message("second")
    assert instance.tree == [{"outer": [{"inner": ["b"]}]}]
    assert instance.complete("b").ended == "COMPLETED"


@BOTH
def test_it_sees_and_changes_the_variables_of_its_scope(semantics):
    builder = bpmn(semantics=semantics).start()
    builder.sub_process("sub", inputs=(builder.mapping("old", "state"),)).start("in").user_task("task")
    builder.event_sub_process("esp", message("help")).user_task("help").up().up()
    instance = start(builder).message("help").complete("help", variables={"state": "new"})
    assert instance.variables == {}
    [sub] = [row for row in instance.state.elements.values() if row.element.id == "sub"]
    assert sub.variables["state"].value == "new"


@BOTH
def test_variables_of_its_message_go_to_the_process(semantics):
    instance = start(with_help(semantics, "message")).message("help", answer=42)
    assert instance.variables == {"answer": 42}


def test_inputs_are_local_to_it_in_zeebe():
    builder = bpmn(semantics=Semantics.ZEEBE).start().user_task("task")
    builder.event_sub_process("esp", message("help"), inputs=(builder.mapping("given", "x"),)).user_task("help").up()
    instance = start(builder).message("help")
    assert instance.local_variables("esp") == {"x": "given"}
    assert instance.variables == {}


@BOTH
def test_a_token_on_its_way_to_a_join_is_interrupted_too(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").parallel("join").end()
    builder.after("fork").user_task("b").flow("b", "join")
    builder.event_sub_process("esp", message("help")).user_task("help").up()
    instance = start(builder).complete("a").message("help")
    assert instance.tree == [{"esp": ["help"]}]
    assert instance.complete("help").ended == "COMPLETED"


def test_a_process_of_zeebe_that_cannot_wait_for_its_events_has_an_incident_and_begins_when_it_can():
    builder = bpmn(semantics=Semantics.ZEEBE).start().user_task("task")
    builder.event_sub_process("esp", message("paid", "id")).user_task("handle").up()
    instance = start(builder)
    (incident,) = instance.state.incidents.values()
    assert (incident.element_id, incident.error_type, instance.tree) == ("process", "EXTRACT_VALUE_ERROR", [])
    instance.set(id="a")
    instance.engine.close_incident(incident)
    instance.engine.retry(instance.state.root)
    assert (instance.tree, instance.ended) == (["task"], None)
    assert instance.message("paid", "a").tree == [{"esp": ["handle"]}]
