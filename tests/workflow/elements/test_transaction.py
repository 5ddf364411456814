"""Transactions (Camunda 7): sub-processes that can be canceled, which undoes what was done in them."""

import pytest

from tests.support.events import cancel, error, loop, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.engine.errors import Rejected


def trip(*, boundary: bool = True) -> ProcessBuilder:
    """Hotel and flight side by side; `decide` leads to success or to the cancel end event."""
    builder = (
        bpmn().start().transaction("trip").start("in").parallel("fork").user_task("hotel").undone_by("cancel_hotel")
    )
    builder.user_task("decide").exclusive("way", default="good").end("done").flow("way", "canceled", when="bad")
    next(flow for flow in builder.draft.flows if flow.target_id == "done").id = "good"
    builder.apart().end("canceled", cancel()).after("fork").user_task("flight").undone_by("cancel_flight").end(
        "flown"
    ).up()
    builder.user_task("after").end()
    if boundary:
        builder.boundary("given_up", cancel(), on="trip").user_task("tell").end("told")
    return builder


def test_a_transaction_that_succeeds_goes_on():
    instance = start(trip(), bad=False).complete("hotel", "flight", "decide")
    assert instance.tree == ["after"]
    assert instance.history("trip") == ["COMPLETED"]
    assert instance.history("cancel_hotel") == []


def test_a_canceled_transaction_undoes_what_was_done_before_its_boundary_event_goes_on():
    instance = start(trip(), bad=True).complete("hotel", "flight", "decide")
    assert sorted(instance.history("cancel_hotel") + instance.history("cancel_flight")) == ["ACTIVE", "ACTIVE"]
    assert "tell" not in instance.tree
    instance.complete("cancel_hotel", "cancel_flight")
    assert instance.tree == ["tell"]
    assert instance.history("trip") == ["TERMINATED"]
    assert instance.complete("tell").ended == "COMPLETED"


def test_what_is_still_going_on_is_ended_and_not_undone():
    instance = start(trip(), bad=True).complete("hotel", "decide")
    assert instance.history("flight") == ["TERMINATED"]
    assert instance.history("cancel_flight") == []
    assert instance.complete("cancel_hotel").tree == ["tell"]


def test_a_canceled_transaction_with_nothing_to_undo_goes_on_at_once():
    builder = bpmn().start().transaction("trip").start("in").user_task("decide").end("canceled", cancel()).up()
    instance = start(builder.boundary("given_up", cancel(), on="trip").user_task("tell")).complete("decide")
    assert instance.tree == ["tell"]


def test_a_transaction_that_completed_is_undone_when_the_one_around_it_is_canceled():
    builder = bpmn().start().transaction("outer").start("s1").transaction("inner").start("s2").user_task("hotel")
    builder.undone_by("cancel_hotel").end("done").up().user_task("decide").end("canceled", cancel()).up()
    instance = start(builder.boundary("given_up", cancel(), on="outer").user_task("tell")).complete("hotel", "decide")
    assert instance.history("cancel_hotel") == ["ACTIVE"]
    assert instance.complete("cancel_hotel").tree == ["tell"]


def test_canceling_the_inner_transaction_leaves_the_outer_one_going_on():
    builder = bpmn().start().transaction("outer").start("s1").user_task("flight").undone_by("cancel_flight")
    builder.transaction("inner").start("s2").user_task("hotel").undone_by("cancel_hotel").end("canceled", cancel()).up()
    builder.boundary("given_up", cancel(), on="inner").user_task("tell").up().user_task("after")
    instance = start(builder).complete("flight", "hotel", "cancel_hotel")
    assert instance.tree == [{"outer": ["tell"]}]
    assert instance.history("cancel_flight") == []
    assert instance.complete("tell").tree == ["after"]


def test_canceling_needs_a_boundary_event():
    with pytest.raises(Rejected, match="canceled"):
        start(trip(boundary=False), bad=True).complete("hotel", "decide").complete("cancel_hotel")


def test_an_error_or_timer_on_a_transaction_undoes_nothing():
    for event, occur in ((error("E"), lambda i: i.error("decide", "E")), (timer("PT1H"), lambda i: i.fire("event"))):
        builder = trip().boundary("event", event, on="trip").user_task("handle")
        instance = start(builder, bad=True).complete("hotel")
        occur(instance)
        assert instance.tree == ["handle"]
        assert instance.history("cancel_hotel") == []


def test_interrupting_a_transaction_while_it_is_being_undone_ends_its_handlers():
    builder = trip().boundary("late", timer("PT1H"), on="trip").user_task("handle")
    instance = start(builder, bad=True).complete("hotel", "decide").fire("late")
    assert instance.tree == ["handle"]
    assert instance.history("cancel_hotel") == ["TERMINATED"]


def test_canceling_one_iteration_undoes_it_and_ends_the_others():
    builder = bpmn().start().transaction("trip", loop=loop(3)).start("s").user_task("hotel").undone_by("cancel_hotel")
    builder.user_task("decide").end("canceled", cancel()).up().user_task("after")
    builder.boundary("given_up", cancel(), on="trip").user_task("tell")
    instance = start(builder).complete("hotel", "hotel", "hotel").complete("decide")
    assert instance.history("cancel_hotel") == ["ACTIVE"]
    assert instance.complete("cancel_hotel").tree == ["tell"]
    assert instance.history("decide") == ["COMPLETED", "TERMINATED", "TERMINATED"]
    assert instance.waits_for == []
