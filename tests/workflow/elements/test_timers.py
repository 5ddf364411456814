"""Timers as events: when they are due, and how often."""

from datetime import timedelta

import pytest

from tests.support.events import timer
from tests.support.processes import NOON, Running, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def due(instance: Running) -> list[timedelta]:
    """When the timers that wait are due, counted from now."""
    return [row.due_at - NOON for row in instance.state.jobs.values() if row.state == "CREATED" and row.due_at]


@BOTH
def test_a_catch_event_waits_for_its_time(semantics):
    instance = start(bpmn(semantics=semantics).start().catch("wait", timer("PT90M")).user_task("after"))
    assert (instance.tree, due(instance)) == (["wait"], [timedelta(minutes=90)])
    assert instance.fire("wait").tree == ["after"]
    assert due(instance) == []


@BOTH
def test_a_date_in_the_past_is_due_at_once(semantics):
    instance = start(bpmn(semantics=semantics).start().catch("wait", timer("2026-03-02T11:00:00Z")))
    assert due(instance) == [timedelta(hours=-1)]
    assert instance.tree == ["wait"]


@BOTH
def test_the_time_may_be_an_expression(semantics):
    builder = bpmn(semantics=semantics)
    text = "=duration(time)" if builder.is_zeebe else "${time}"
    event = timer("PT1H")(builder)
    event = type(event)(event.kind, builder.expression(text))
    instance = start(builder.start().catch("wait", lambda _: event), time="PT5M")
    assert due(instance) == [timedelta(minutes=5)]


@BOTH
def test_a_cycle_beside_an_activity_repeats_as_often_as_it_says(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task")
    builder.boundary("event", timer("R2/PT1H"), on="task", interrupting=False).user_task("remind")
    instance = start(builder).fire("event")
    assert due(instance) == [timedelta(hours=2)]
    instance.fire("event")
    assert due(instance) == []
    assert instance.tree == ["task", "remind", "remind"]


@BOTH
def test_a_cycle_ends_with_its_activity(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task").user_task("after")
    builder.boundary("event", timer("R/PT1H"), on="task", interrupting=False).user_task("remind")
    instance = start(builder).fire("event").complete("task")
    assert instance.tree == ["remind", "after"]
    assert due(instance) == []


@BOTH
def test_a_duration_beside_an_activity_passes_once(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task")
    builder.boundary("event", timer("PT1H"), on="task", interrupting=False).user_task("remind")
    assert start(builder).fire("event").jobs == []


@BOTH
def test_a_cycle_of_an_event_sub_process_begins_it_again_and_again(semantics):
    builder = bpmn(semantics=semantics).start().user_task("task")
    builder.event_sub_process("esp", timer("R3/PT1H"), interrupting=False).user_task("remind").up()
    instance = start(builder).fire("esp_start").fire("esp_start")
    assert instance.tree == ["task", {"esp": ["remind"]}, {"esp": ["remind"]}]


def test_a_time_that_cannot_be_read_is_refused_in_camunda_7_and_an_incident_in_zeebe():
    with pytest.raises(Rejected, match="soon"):
        start(bpmn().start().catch("wait", timer("Psoon")))
    instance = start(bpmn(semantics=Semantics.ZEEBE).start().catch("wait", timer("Psoon")))
    assert instance.incidents == [("wait", "EXTRACT_VALUE_ERROR")]
    assert instance.jobs == []
