"""Event-based gateways: the first event decides."""

import pytest

from tests.support.events import condition, message, signal, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)
OCCUR = {
    "paid": lambda instance: instance.message("paid", amount=7),
    "alarm": lambda instance: instance.signal("alarm"),
    "late": lambda instance: instance.fire("late"),
    "big": lambda instance: instance.set(x=2),
}


def waiting(semantics: Semantics) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start().event_gateway("either")
    events = {"paid": message("paid"), "alarm": signal("alarm"), "late": timer("PT1H"), "big": condition("x > 1")}
    for name, event in events.items():
        builder.after("either").catch(name, event).user_task(f"after_{name}").end(f"end_{name}")
    return builder


@BOTH
def test_it_waits_itself_for_all_the_events_behind_it(semantics):
    instance = start(waiting(semantics), x=0)
    assert instance.tree == ["either"]
    assert instance.waits_for == ["MESSAGE paid", "SIGNAL alarm", "CONDITIONAL big"]
    assert instance.jobs == ["TIMER late"]


@BOTH
@pytest.mark.parametrize("event", OCCUR)
def test_the_first_event_decides_and_the_others_wait_no_longer(semantics, event):
    instance = start(waiting(semantics), x=0)
    OCCUR[event](instance)
    assert instance.tree == [f"after_{event}"]
    assert (instance.waits_for, instance.jobs) == ([], [])
    assert (instance.history("either"), instance.history(event)) == (["COMPLETED"], ["COMPLETED"])
    assert [instance.history(other) for other in OCCUR if other != event] == [[], [], []]
    assert instance.complete(f"after_{event}").ended == "COMPLETED"


@BOTH
def test_variables_of_a_message_go_to_the_process(semantics):
    instance = start(waiting(semantics), x=0)
    OCCUR["paid"](instance)
    assert instance.variables == {"x": 0, "amount": 7}


@BOTH
def test_a_condition_that_holds_already_decides_at_once(semantics):
    assert start(waiting(semantics), x=2).tree == ["after_big"]


@BOTH
def test_output_mappings_of_the_event_that_has_occurred_are_applied(semantics):
    builder = bpmn(semantics=semantics).start().event_gateway("either")
    source = "=amount + 1" if semantics is Semantics.ZEEBE else "${amount + 1}"
    builder.catch("paid", message("paid"), outputs=(builder.mapping(source, "total"),)).user_task("after")
    builder.after("either").catch("late", timer("PT1H"))
    instance = start(builder).message("paid", amount=7)
    assert instance.variables["total"] == 8


@BOTH
def test_a_receive_task_behind_it_is_an_event_like_others(semantics):
    builder = bpmn(semantics=semantics).start().event_gateway("either")
    builder.receive("wait", "paid", "=1" if semantics is Semantics.ZEEBE else None).user_task("after")
    builder.after("either").catch("late", timer("PT1H"))
    assert start(builder).message("paid").tree == ["after"]


@BOTH
def test_one_in_a_sub_process_ends_with_it(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").event_gateway("either")
    builder.catch("paid", message("paid")).after("either").catch("late", timer("PT1H")).up()
    instance = start(builder.boundary("stop", signal("stop"), on="sub").user_task("handle")).signal("stop")
    assert instance.tree == ["handle"]
    assert (instance.waits_for, instance.jobs) == ([], [])


@BOTH
def test_a_loop_waits_anew_in_every_round(semantics):
    builder = bpmn(semantics=semantics).start().exclusive("again").event_gateway("either")
    builder.catch("paid", message("paid")).flow("paid", "again").after("either").catch("late", timer("PT1H")).end()
    instance = start(builder).message("paid").message("paid")
    assert instance.tree == ["either"]
    assert instance.fire("late").ended == "COMPLETED"
