"""Compensation: what was completed is undone, newest first, by its handlers."""

import pytest

from tests.support.events import compensation, error, loop, message, timer
from tests.support.processes import ProcessBuilder, Running, bpmn, start
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def booked(semantics: Semantics, activity: str | None = None) -> ProcessBuilder:
    """Hotel and flight are booked one after the other, then both or one of them undone."""
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel")
    builder.user_task("flight").undone_by("cancel_flight").throw("undo", compensation(activity))
    return builder.user_task("after").end()


def undoing(instance: Running) -> list[str]:
    """The handlers that run, in the order in which they were started."""
    return [
        each.element.id
        for each in instance.state.elements.values()
        if each.is_open and each.element.is_for_compensation
    ]


@BOTH
def test_all_that_is_done_is_undone_newest_first_and_then_the_event_goes_on(semantics):
    instance = start(booked(semantics)).complete("hotel", "flight")
    assert undoing(instance) == ["cancel_flight", "cancel_hotel"]
    assert "undo" in instance.tree
    instance.complete("cancel_flight")
    assert undoing(instance) == ["cancel_hotel"]
    assert "after" not in instance.tree
    assert instance.complete("cancel_hotel").tree == ["after"]
    instance.complete("after")
    assert (instance.ended, instance.state.root.active_children) == ("COMPLETED", 0)


@BOTH
def test_one_activity_is_undone_if_it_is_named(semantics):
    instance = start(booked(semantics, "hotel")).complete("hotel", "flight")
    assert undoing(instance) == ["cancel_hotel"]
    assert instance.complete("cancel_hotel").tree == ["after"]


@BOTH
def test_where_nothing_is_done_there_is_nothing_to_undo(semantics):
    builder = bpmn(semantics=semantics).start().throw("undo", compensation()).user_task("after")
    builder.user_task("hotel").undone_by("cancel_hotel")
    assert start(builder).tree == ["after"]


@BOTH
def test_what_is_still_going_on_is_not_undone(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("hotel").undone_by("cancel_hotel")
    builder.after("fork").user_task("task").throw("undo", compensation()).user_task("after")
    instance = start(builder).complete("task")
    assert sorted(instance.tree) == ["after", "hotel"]


@BOTH
def test_what_was_terminated_is_not_undone(semantics):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel")
    builder.boundary("late", timer("PT1H"), on="hotel").throw("undo", compensation()).user_task("after")
    assert start(builder).fire("late").tree == ["after"]


@BOTH
def test_nothing_is_undone_twice(semantics):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel")
    builder.throw("first", compensation()).throw("second", compensation()).user_task("after")
    instance = start(builder).complete("hotel", "cancel_hotel")
    assert instance.tree == ["after"]
    assert instance.history("cancel_hotel") == ["COMPLETED"]


@BOTH
def test_what_was_done_twice_is_undone_twice(semantics):
    builder = bpmn(semantics=semantics).start().exclusive("again").user_task("hotel").undone_by("cancel_hotel")
    builder.exclusive("enough", default="on").throw("undo", compensation()).user_task("after")
    builder.flow("enough", "again", when="more")
    next(flow for flow in builder.draft.flows if flow.target_id == "undo").id = "on"
    instance = start(builder, more=True).complete("hotel").complete("hotel", variables={"more": False})
    assert undoing(instance) == ["cancel_hotel", "cancel_hotel"]
    assert instance.complete("cancel_hotel", "cancel_hotel").tree == ["after"]


@BOTH
def test_an_end_event_waits_for_the_handlers_before_its_scope_is_done(semantics):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").end("undo", compensation())
    instance = start(builder).complete("hotel")
    assert undoing(instance) == ["cancel_hotel"]
    assert instance.complete("cancel_hotel").ended == "COMPLETED"


@pytest.mark.parametrize(("semantics", "times"), [(Semantics.CAMUNDA_7, 3), (Semantics.ZEEBE, 1)])
def test_a_multi_instance_activity_is_undone_for_each_iteration_in_camunda_7_and_once_in_zeebe(semantics, times):
    builder = bpmn(semantics=semantics).start().user_task("hotel", loop=loop(3)).undone_by("cancel_hotel")
    instance = start(builder.throw("undo", compensation()).user_task("after")).complete("hotel", "hotel", "hotel")
    assert undoing(instance) == ["cancel_hotel"] * times
    assert instance.complete(*["cancel_hotel"] * times).tree == ["after"]


def in_sub_process(semantics: Semantics) -> ProcessBuilder:
    builder = bpmn(semantics=semantics).start()
    builder.sub_process("trip", inputs=(builder.mapping("mine", "local"),)).start("in")
    return (
        builder.user_task("hotel")
        .undone_by("cancel_hotel")
        .user_task("flight")
        .undone_by("cancel_flight")
        .end("out")
        .up()
    )


@BOTH
def test_a_completed_sub_process_is_undone_by_the_handlers_inside(semantics):
    instance = start(in_sub_process(semantics).throw("undo", compensation()).user_task("after")).complete(
        "hotel", "flight"
    )
    assert undoing(instance) == ["cancel_flight", "cancel_hotel"]
    assert instance.complete("cancel_flight", "cancel_hotel").tree == ["after"]


@BOTH
def test_its_handlers_see_the_variables_that_it_had(semantics):
    instance = start(in_sub_process(semantics).throw("undo", compensation())).complete("hotel", "flight")
    handler = instance.open("cancel_hotel")
    assert instance.engine.expressions.visible(handler)["local"] == "mine"


@BOTH
def test_what_is_done_in_a_sub_process_that_goes_on_is_not_undone_from_outside(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").sub_process("trip").start("in").user_task("hotel")
    builder.undone_by("cancel_hotel").user_task("flight").up()
    builder.after("fork").user_task("task").throw("undo", compensation()).user_task("after")
    instance = start(builder).complete("hotel", "task")
    assert undoing(instance) == []
    assert "after" in instance.tree


@BOTH
def test_a_sub_process_undoes_only_what_was_done_in_it(semantics):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").sub_process("trip")
    builder.start("in").user_task("flight").undone_by("cancel_flight").throw("undo", compensation()).end("out").up()
    instance = start(builder.user_task("after")).complete("hotel", "flight")
    assert undoing(instance) == ["cancel_flight"]
    assert instance.complete("cancel_flight").tree == ["after"]


@BOTH
def test_an_event_sub_process_undoes_what_the_scope_around_it_has_done(semantics):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").user_task("task")
    builder.event_sub_process("esp", error("E")).throw("undo", compensation()).user_task("tell").up()
    instance = start(builder).complete("hotel").error("task", "E")
    assert undoing(instance) == ["cancel_hotel"]
    assert instance.complete("cancel_hotel").tree == [{"esp": ["tell"]}]


@BOTH
def test_a_handler_sets_variables_of_the_process(semantics):
    instance = start(booked(semantics, "hotel")).complete("hotel", "flight")
    instance.complete("cancel_hotel", variables={"refund": 80})
    assert instance.variables == {"refund": 80}


@BOTH
@pytest.mark.parametrize("sequential", [False, True])
def test_every_iteration_of_a_sub_process_is_undone_whatever_its_completion_condition_says(semantics, sequential):
    until = "nrOfCompletedInstances >= 2" if semantics is Semantics.CAMUNDA_7 else "numberOfCompletedInstances >= 2"
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(3, until=until, sequential=sequential))
    builder.start("in").user_task("hotel").undone_by("cancel_hotel").up().throw("undo", compensation())
    instance = start(builder.user_task("after")).complete("hotel", "hotel")
    assert undoing(instance) == ["cancel_hotel", "cancel_hotel"]
    instance.complete("cancel_hotel")
    assert undoing(instance) == ["cancel_hotel"]
    assert instance.complete("cancel_hotel").tree == ["after"]


@BOTH
def test_two_throwing_events_do_not_undo_the_same_thing(semantics):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").parallel("fork")
    builder.throw("first", compensation()).user_task("a").after("fork").throw("second", compensation()).user_task("b")
    instance = start(builder).complete("hotel")
    assert (undoing(instance), instance.history("b")) == (["cancel_hotel"], ["ACTIVE"])
    assert sorted(instance.complete("cancel_hotel").tree) == ["a", "b"]


@BOTH
def test_an_error_of_a_handler_is_caught_around_it(semantics):
    builder = (
        bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("hotel").undone_by("cancel_hotel")
    )
    builder.throw("undo", compensation()).up().boundary("broken", error("E"), on="sub").user_task("handle")
    assert start(builder).complete("hotel").error("cancel_hotel", "E").tree == ["handle"]


@BOTH
def test_nothing_of_it_is_left_when_the_process_is_done(semantics):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").end()
    instance = start(builder).complete("hotel")
    assert (instance.ended, instance.waits_for) == ("COMPLETED", [])


@BOTH
def test_an_event_that_interrupts_the_scope_ends_its_handlers(semantics):
    builder = (
        bpmn(semantics=semantics).start().sub_process("sub").start("in").user_task("hotel").undone_by("cancel_hotel")
    )
    builder.throw("undo", compensation()).up().boundary("stop", message("stop"), on="sub").user_task("handle")
    instance = start(builder).complete("hotel").message("stop")
    assert instance.tree == ["handle"]
    assert instance.history("cancel_hotel") == ["TERMINATED"]
    assert instance.waits_for == []


@BOTH
def test_what_a_called_process_has_done_is_not_undone_by_its_caller(semantics):
    child = bpmn("child", semantics).start().user_task("hotel").undone_by("cancel_hotel").end()
    builder = bpmn(semantics=semantics).start().call("call", "child").throw("undo", compensation()).user_task("after")
    instance = start(builder, child)
    instance.called().complete("hotel")
    assert instance.tree == ["after"]


def test_a_compensation_event_sub_process_decides_itself_in_camunda_7():
    builder = bpmn().start().sub_process("trip").start("in").user_task("hotel").undone_by("cancel_hotel")
    builder.event_sub_process("esp", compensation(), interrupting=False).user_task("first").throw("all", compensation())
    builder.user_task("last").up().up()
    instance = start(builder.throw("undo", compensation()).user_task("after")).complete("hotel")
    assert undoing(instance) == []
    assert {"trip": [{"esp": ["first"]}]} in instance.tree
    instance.complete("first")
    assert undoing(instance) == ["cancel_hotel"]
    instance.complete("cancel_hotel").complete("last")
    assert instance.tree == ["after"]


@BOTH
def test_a_handler_may_wait_and_be_repeated_for_another_round_of_the_loop(semantics):
    builder = bpmn(semantics=semantics).start().exclusive("again").user_task("hotel").undone_by("cancel_hotel")
    builder.throw("undo", compensation()).flow("undo", "again")
    instance = start(builder).complete("hotel", "cancel_hotel", "hotel", "cancel_hotel")
    assert instance.tree == ["hotel"]
    assert instance.history("cancel_hotel") == ["COMPLETED", "COMPLETED"]


def test_an_iteration_is_undone_inside_its_body_in_camunda_7():
    builder = bpmn().start().user_task("hotel", loop=loop(2)).undone_by("cancel_hotel")
    builder.throw("undo", compensation("hotel")).user_task("after")
    instance = start(builder).complete("hotel", "hotel")
    assert {"hotel#multiInstanceBody": ["cancel_hotel", "cancel_hotel"]} in instance.tree
    assert instance.complete("cancel_hotel", "cancel_hotel").tree == ["after"]


def test_an_iteration_is_not_undone_while_others_go_on_in_camunda_7():
    builder = bpmn().start().parallel("fork").user_task("hotel", loop=loop(2)).undone_by("cancel_hotel")
    builder.after("fork").user_task("task").throw("undo", compensation("hotel")).user_task("after")
    instance = start(builder).complete("hotel", "task")
    assert undoing(instance) == []
    assert "after" in instance.tree


@BOTH
@pytest.mark.parametrize("activity", [None, "car"])
def test_an_event_sub_process_undoes_what_it_has_done_itself_too(semantics, activity):
    builder = bpmn(semantics=semantics).start().user_task("hotel").undone_by("cancel_hotel").user_task("task")
    builder.event_sub_process("esp", error("E")).user_task("car").undone_by("cancel_car")
    builder.throw("undo", compensation(activity)).user_task("tell").up()
    instance = start(builder).complete("hotel").error("task", "E").complete("car")
    expected = ["cancel_car", "cancel_hotel"] if activity is None else ["cancel_car"]
    assert undoing(instance) == expected
    assert instance.complete(*expected).tree == [{"esp": ["tell"]}]


def test_an_event_sub_process_inside_another_undoes_what_both_and_the_scope_around_have_done():
    builder = bpmn().start().user_task("hotel").undone_by("cancel_hotel").user_task("task")
    builder.event_sub_process("outer", error("E")).user_task("car").undone_by("cancel_car").user_task("inside")
    builder.event_sub_process("inner", error("F")).throw("undo", compensation()).user_task("tell").up().up()
    instance = start(builder).complete("hotel").error("task", "E").complete("car").error("inside", "F")
    assert undoing(instance) == ["cancel_car", "cancel_hotel"]
    assert instance.complete("cancel_hotel", "cancel_car").tree == [{"outer": [{"inner": ["tell"]}]}]


def test_zeebe_undoes_a_sub_process_by_its_own_handler_and_by_those_inside():
    builder = in_sub_process(Semantics.ZEEBE).undone_by("cancel_trip").throw("undo", compensation("trip"))
    builder.user_task("after")
    instance = start(builder).complete("hotel", "flight")
    assert sorted(undoing(instance)) == ["cancel_flight", "cancel_hotel", "cancel_trip"]
    assert instance.complete("cancel_flight", "cancel_hotel", "cancel_trip").tree == ["after"]


def test_what_an_event_sub_process_of_zeebe_has_done_is_not_undone_from_outside():
    builder = bpmn(semantics=Semantics.ZEEBE).start().user_task("task").throw("undo", compensation()).user_task("after")
    builder.event_sub_process("esp", message("note"), interrupting=False).user_task("car").undone_by("cancel_car").up()
    instance = start(builder).message("note").complete("car", "task")
    assert (undoing(instance), instance.tree) == ([], ["after"])


def test_camunda_7_undoes_a_sub_process_that_is_named_by_its_own_handler_alone():
    builder = in_sub_process(Semantics.CAMUNDA_7).undone_by("cancel_trip").throw("undo", compensation("trip"))
    instance = start(builder.user_task("after")).complete("hotel", "flight")
    assert undoing(instance) == ["cancel_trip"]
    assert instance.complete("cancel_trip").tree == ["after"]
