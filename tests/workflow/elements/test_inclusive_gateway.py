"""Inclusive gateways: every flow whose condition holds, and a join that knows whom to wait for."""

import pytest

from tests.support.events import loop, terminate, timer
from tests.support.processes import ProcessBuilder, Running, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def fork(semantics: Semantics, *, default: str | None = None) -> ProcessBuilder:
    """Tasks a, b and c for x greater than 1, 2 and 3."""
    builder = bpmn(semantics=semantics).start().inclusive("fork", default=default)
    for number, name in enumerate("abc", 1):
        builder.apart().user_task(name).flow("fork", name, id=f"to_{name}", when=f"x > {number}")
    return builder


def fork_and_join(semantics: Semantics) -> ProcessBuilder:
    builder = fork(semantics).apart().inclusive("join").user_task("after").end()
    return builder.flow("a", "join").flow("b", "join").flow("c", "join")


def outside_the_join(instance: Running) -> list[object]:
    return [each for each in instance.tree if each != "join"]


@BOTH
@pytest.mark.parametrize(("x", "taken"), [(2, ["a"]), (3, ["a", "b"]), (4, ["a", "b", "c"])])
def test_every_flow_whose_condition_holds_is_taken(semantics, x, taken):
    assert start(fork(semantics), x=x).tree == taken


@BOTH
def test_the_default_flow_is_the_last_resort(semantics):
    builder = fork(semantics, default="otherwise").apart().user_task("d").flow("fork", "d", id="otherwise")
    assert start(builder, x=0).tree == ["d"]
    assert start(builder, x=2).tree == ["a"]


def test_without_a_way_out_camunda_7_refuses_and_zeebe_raises_an_incident():
    with pytest.raises(Rejected, match="fork"):
        start(fork(Semantics.CAMUNDA_7), x=0)
    instance = start(fork(Semantics.ZEEBE), x=0)
    assert instance.incidents == [("fork", "CONDITION_ERROR")]


@BOTH
def test_a_join_waits_for_those_that_were_taken(semantics):
    instance = start(fork_and_join(semantics), x=3).complete("a")
    assert outside_the_join(instance) == ["b"]
    instance.complete("b")
    assert instance.tree == ["after"]
    assert instance.history("after") == ["ACTIVE"]


@BOTH
def test_a_single_token_passes_a_join_at_once(semantics):
    assert start(fork_and_join(semantics), x=2).complete("a").tree == ["after"]


@BOTH
def test_everything_is_counted_once_when_it_ends(semantics):
    instance = start(fork_and_join(semantics), x=4).complete("c", "a", "b", "after")
    assert instance.ended == "COMPLETED"
    assert instance.state.root.active_children == 0


@BOTH
def test_a_join_goes_on_when_the_last_other_token_ends_elsewhere(semantics):
    builder = bpmn(semantics=semantics).start().inclusive("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").user_task("b").exclusive("way", default="away").flow("way", "join", when="x > 5")
    builder.apart().end("gone").flow("way", "gone", id="away")
    instance = start(builder, x=1).complete("a")
    assert outside_the_join(instance) == ["b"]
    assert instance.complete("b").tree == ["after"]


@BOTH
def test_a_join_does_not_wait_for_a_token_that_cannot_reach_it(semantics):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join").after("fork").user_task("apart")
    instance = start(builder).complete("a", "b")
    assert instance.tree == ["apart", "after"]


@BOTH
def test_a_join_waits_for_a_token_in_a_sub_process_on_the_way_to_it(semantics):
    builder = bpmn(semantics=semantics).start().inclusive("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").sub_process("sub").start("in").user_task("b").end("out").up().flow("sub", "join")
    instance = start(builder).complete("a")
    assert outside_the_join(instance) == [{"sub": ["b"]}]
    assert instance.complete("b").tree == ["after"]


@BOTH
def test_a_join_waits_for_iterations_on_the_way_to_it(semantics):
    builder = bpmn(semantics=semantics).start().inclusive("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").user_task("b", loop=loop(2)).flow("b", "join")
    instance = start(builder).complete("a", "b")
    assert "after" not in instance.tree
    assert instance.complete("b").tree == ["after"]


@BOTH
def test_a_join_waits_for_an_event_based_gateway_on_the_way_to_it(semantics):
    builder = bpmn(semantics=semantics).start().inclusive("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").event_gateway("either").catch("soon", timer("PT1H")).flow("soon", "join")
    builder.after("either").catch("later", timer("PT2H")).end()
    instance = start(builder).complete("a")
    assert outside_the_join(instance) == ["either"]
    assert instance.fire("later").tree == ["after"]


@BOTH
def test_a_loop_through_fork_and_join_joins_in_every_round(semantics):
    builder = bpmn(semantics=semantics).start().exclusive("again").inclusive("fork").user_task("a")
    builder.inclusive("join").user_task("check").exclusive("enough", default="back").end()
    builder.after("fork").user_task("b").flow("b", "join").flow("enough", "again", id="back")
    next(flow for flow in builder.draft.flows if flow.target_id == "end").condition = builder.formula("done")
    instance = start(builder, done=False)
    for _ in range(2):
        instance.complete("a")
        assert "check" not in instance.tree
        instance.complete("b")
        assert instance.tree == ["check"]
        instance.complete("check")
    instance.complete("b", "a").complete("check", variables={"done": True})
    assert instance.ended == "COMPLETED"
    assert instance.history("join") == (["COMPLETED"] * (6 if semantics is Semantics.CAMUNDA_7 else 3))


@BOTH
def test_a_join_with_a_token_from_each_side_does_not_wait_for_a_token_further_behind(semantics):
    builder = (
        bpmn(semantics=semantics).start().parallel("split").user_task("early").exclusive("merge").inclusive("fork")
    )
    builder.user_task("a").inclusive("join").user_task("after").after("fork").user_task("b").flow("b", "join")
    builder.after("split").user_task("late").flow("late", "merge")
    instance = start(builder).complete("early", "a")
    assert "after" not in instance.tree
    instance.complete("b")
    assert outside_the_join(instance) == ["late", "after"]
    instance.complete("late", "a", "b")
    assert instance.tree == ["after", "after"]


@pytest.mark.parametrize(("semantics", "tree"), [(Semantics.CAMUNDA_7, ["c", "after"]), (Semantics.ZEEBE, ["c"])])
def test_two_tokens_over_one_flow_are_enough_for_a_join_in_camunda_7_and_not_in_zeebe(semantics, tree):
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").exclusive("merge").inclusive("join")
    builder.user_task("after").after("fork").user_task("b").flow("b", "merge")
    builder.after("fork").user_task("c").flow("c", "join")
    assert start(builder).complete("a", "b").tree == tree


@BOTH
def test_a_token_that_is_interrupted_is_not_waited_for(semantics):
    builder = bpmn(semantics=semantics).start().inclusive("fork").user_task("a").inclusive("join").user_task("after")
    builder.after("fork").user_task("b").flow("b", "join").boundary("event", timer("PT1H"), on="b").end("gone")
    instance = start(builder).complete("a").fire("event")
    assert instance.tree == ["after"]


@BOTH
def test_tokens_at_a_join_end_with_their_scope(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub").start("in").inclusive("fork").user_task("a")
    builder.inclusive("join").user_task("after").after("fork").user_task("b").flow("b", "join")
    builder.after("fork").user_task("c").end("stop", terminate()).up().user_task("next").end()
    instance = start(builder).complete("a", "c")
    assert instance.tree == ["next"]
    assert instance.complete("next").ended == "COMPLETED"


@BOTH
def test_a_join_in_one_iteration_does_not_wait_for_another_iteration(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(2)).start("in").inclusive("fork")
    builder.user_task("a").inclusive("join").user_task("after").after("fork").user_task("b").flow("b", "join").up()
    instance = start(builder).complete("a").complete("b")
    assert instance.history("after") == ["ACTIVE"]


@pytest.mark.parametrize("order", [("a", "b", "c"), ("b", "a", "c"), ("a", "c", "b")])
def test_a_token_that_waits_at_a_parallel_join_is_not_waited_for_although_a_loop_leads_back(order):
    builder = bpmn().start().exclusive("again").parallel("fork").user_task("a").inclusive("choose")
    builder.apart().user_task("c").flow("choose", "c", id="taken", when="x > 0")
    builder.apart().user_task("e").flow("choose", "e", id="left", when="x < 0")
    builder.apart().inclusive("join").flow("c", "join").flow("e", "join")
    builder.after("fork").user_task("b").parallel("all").user_task("after")
    builder.flow("join", "all").flow("after", "again")
    instance = start(builder, x=1)
    for task in order:
        instance.complete(task)
    assert instance.tree == ["after"]
