"""Boundary events: what they wait for, whether they end their activity, and what is left when it has ended."""

import pytest

from tests.support.events import condition, error, escalation, loop, message, signal, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)
EVENTS = {
    "timer": (timer("PT1H"), lambda instance: instance.fire("event")),
    "message": (message("hurry"), lambda instance: instance.message("hurry")),
    "signal": (signal("hurry"), lambda instance: instance.signal("hurry")),
    "condition": (condition("x > 1"), lambda instance: instance.set(x=2)),
    "error": (error("E"), lambda instance: instance.error("task", "E")),
    "escalation": (escalation("E"), lambda instance: instance.escalate("task", "E")),
}
EVERY_EVENT = pytest.mark.parametrize("event", EVENTS)
NON_INTERRUPTING = pytest.mark.parametrize("event", [name for name in EVENTS if name != "error"])


def watched(semantics: Semantics, event: str, *, interrupting: bool = True) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().user_task("task").user_task("after").end()
    builder.boundary("event", EVENTS[event][0], on="task", interrupting=interrupting)
    return builder.user_task("handle").end("handled")


@BOTH
@EVERY_EVENT
def test_an_interrupting_event_ends_the_activity_and_goes_on_by_its_own_flow(semantics, event):
    instance = start(watched(semantics, event), x=1)
    EVENTS[event][1](instance)
    assert instance.tree == ["handle"]
    assert instance.history("task") == ["TERMINATED"]
    assert instance.history("event") == ["COMPLETED"]
    instance.complete("handle")
    assert instance.ended == "COMPLETED"


@BOTH
@NON_INTERRUPTING
def test_a_non_interrupting_event_goes_on_beside_the_activity(semantics, event):
    instance = start(watched(semantics, event, interrupting=False), x=1)
    EVENTS[event][1](instance)
    assert instance.tree == ["task", "handle"]
    instance.complete("task", "handle", "after")
    assert instance.ended == "COMPLETED"
    assert instance.state.root.active_children == 0


@BOTH
@pytest.mark.parametrize("event", ["message", "signal", "escalation", "condition"])
def test_a_non_interrupting_event_may_occur_again(semantics, event):
    instance = start(watched(semantics, event, interrupting=False), x=1)
    EVENTS[event][1](instance)
    instance.set(x=1)
    EVENTS[event][1](instance)
    assert instance.tree == ["task", "handle", "handle"]


@BOTH
@EVERY_EVENT
def test_nothing_waits_any_more_when_the_activity_is_done(semantics, event):
    instance = start(watched(semantics, event), x=1).complete("task")
    assert instance.tree == ["after"]
    assert (instance.jobs, instance.waits_for) == ([], [])


@BOTH
def test_an_event_that_interrupts_takes_the_others_of_its_activity_with_it(semantics):
    builder = watched(semantics, "message").boundary("late", timer("PT1H"), on="task").user_task("complain")
    instance = start(builder).message("hurry")
    assert instance.tree == ["handle"]
    assert (instance.jobs, instance.waits_for) == ([], [])


@BOTH
def test_an_event_on_a_sub_process_ends_all_that_is_in_it(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("outer").start("s1").parallel("fork").user_task("a")
    builder.after("fork").sub_process("inner").start("s2").user_task("b").up().up().user_task("after")
    instance = start(builder.boundary("event", message("stop"), on="outer").user_task("handle"))
    instance.message("stop")
    assert instance.tree == ["handle"]
    assert [instance.history(each) for each in ("outer", "inner", "a", "b")] == [["TERMINATED"]] * 4


@BOTH
def test_a_non_interrupting_event_keeps_the_scope_around_it_open(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("task").end("out")
    builder.boundary("event", timer("PT1H"), on="task", interrupting=False).user_task("remind").up().user_task("after")
    instance = start(builder).fire("event").complete("task")
    assert instance.tree == [{"sub": ["remind"]}]
    assert instance.complete("remind").tree == ["after"]


@BOTH
def test_an_event_without_outgoing_flow_ends_its_token(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task").end()
    builder.boundary("event", timer("PT1H"), on="task")
    assert start(builder).fire("event").ended == "COMPLETED"


@BOTH
def test_an_event_may_lead_back_to_its_own_activity(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task").end()
    builder.boundary("event", message("again"), on="task").flow("event", "task")
    instance = start(builder).message("again").message("again")
    assert instance.tree == ["task"]
    assert instance.history("task") == ["TERMINATED", "TERMINATED", "ACTIVE"]
    assert instance.waits_for == ["MESSAGE event"]


@BOTH
def test_variables_of_a_message_go_to_the_process(semantics):
    instance = start(watched(semantics, "message")).message("hurry", answer=42)
    assert instance.variables == {"answer": 42}


@pytest.mark.parametrize(("semantics", "found"), [(Semantics.CAMUNDA_7, "inner"), (Semantics.ZEEBE, "outer")])
def test_what_a_boundary_event_waits_for_is_found_inside_its_activity_in_camunda_7_and_outside_in_zeebe(
    semantics, found
):
    builder = bpmn(semantics=semantics).start()
    inputs = (builder.mapping("inner", "name"),)
    builder.user_task("task", inputs=inputs)
    builder.boundary("event", signal("=name" if semantics is Semantics.ZEEBE else "${name}"), on="task")
    instance = start(builder, name="outer")
    assert [row.name for row in instance.state.subscriptions.values()] == [found]


def test_a_boundary_event_whose_timer_cannot_be_read_is_an_incident_at_its_activity_in_zeebe():
    builder = bpmn(semantics=Semantics.ZEEBE).start().user_task("task").boundary("event", timer("=soon"), on="task")
    instance = start(builder, soon="never")
    assert instance.incidents == [("task", "EXTRACT_VALUE_ERROR")]
    assert not instance.state.user_tasks


@BOTH
def test_an_event_on_a_multi_instance_activity_ends_all_its_iterations(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task", loop=loop(3)).user_task("after")
    instance = start(builder.boundary("event", timer("PT1H"), on="task").user_task("handle"))
    assert instance.tree == [{"task#multiInstanceBody": ["task", "task", "task"]}]
    assert instance.jobs == ["TIMER event"]
    instance.complete("task").fire("event")
    assert instance.tree == ["handle"]
    assert instance.history("task") == ["COMPLETED", "TERMINATED", "TERMINATED"]
    assert instance.history("task#multiInstanceBody") == ["TERMINATED"]


@BOTH
def test_an_interrupted_token_does_not_come_to_a_join_a_second_time(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("task").parallel("join").user_task("after")
    builder.after("fork").user_task("other").flow("other", "join")
    builder.boundary("event", timer("PT1H"), on="task").flow("event", "join")
    # the join has three incoming flows now: one way or another, the third never comes
    instance = start(builder).fire("event").complete("other")
    assert "after" not in instance.tree
    assert instance.state.root.active_children == 2


@BOTH
def test_an_exclusive_merge_takes_either_way_out_of_the_activity(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task").exclusive("merge").user_task("after").end()
    builder.boundary("event", timer("PT1H"), on="task").flow("event", "merge")
    assert start(builder).fire("event").tree == ["after"]
    assert start(builder).complete("task").tree == ["after"]
