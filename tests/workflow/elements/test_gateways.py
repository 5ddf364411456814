"""Gateways; where the two engines differ, both outcomes are stated."""

import pytest

from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)


def fork_and_join(semantics: Semantics) -> ProcessBuilder:
    builder = (
        bpmn(semantics=semantics).start().parallel("fork").user_task("a").parallel("join").user_task("after").end()
    )
    return builder.after("fork").user_task("b").flow("b", "join")


@BOTH
def test_a_parallel_join_waits_for_every_branch(semantics):
    instance = start(fork_and_join(semantics))
    assert instance.tree == ["a", "b"]
    instance.complete("b").complete("a")
    assert instance.tree == ["after"]


@pytest.mark.parametrize(("semantics", "waiting"), [(Semantics.CAMUNDA_7, ["b", "join"]), (Semantics.ZEEBE, ["b"])])
def test_a_token_at_a_join_is_an_element_instance_in_camunda_7_and_waits_on_its_flow_in_zeebe(semantics, waiting):
    instance = start(fork_and_join(semantics)).complete("a")
    assert instance.tree == waiting
    assert sum(count.waiting for count in instance.state.flows.values()) == (semantics is Semantics.ZEEBE)


@pytest.mark.parametrize(("semantics", "after_two"), [(Semantics.CAMUNDA_7, ["c", "after"]), (Semantics.ZEEBE, ["c"])])
def test_two_tokens_over_one_flow_fire_a_counting_join_but_not_a_per_flow_join(semantics, after_two):
    # given a merge that sends two tokens over the same flow into the join
    builder = bpmn(semantics=semantics).start().parallel("fork").user_task("a").exclusive("merge").parallel("join")
    builder.user_task("after").end()
    builder.after("fork").user_task("b").flow("b", "merge").after("fork").user_task("c").flow("c", "join")
    # when
    instance = start(builder).complete("a").complete("b")
    # then
    assert [each for each in instance.tree if each != "join"] == after_two


@BOTH
def test_an_exclusive_gateway_takes_the_first_flow_whose_condition_holds(semantics):
    text = "=x > 1" if semantics is Semantics.ZEEBE else "${x > 1}"
    builder = bpmn(semantics=semantics).start().exclusive("choice", default="other")
    builder.apart().user_task("a").apart().user_task("b")
    builder.flow("choice", "b", id="other").flow("choice", "a", condition=text)
    assert start(builder, x=2).tree == ["a"]
    assert start(builder, x=1).tree == ["b"]


@BOTH
def test_without_a_way_out_of_an_exclusive_gateway_camunda_7_refuses_and_zeebe_raises_an_incident(semantics):
    text = "=x > 1" if semantics is Semantics.ZEEBE else "${x > 1}"
    builder = bpmn(semantics=semantics).start().exclusive("choice")
    builder.apart().user_task("a").flow("choice", "a", condition=text)
    if semantics is Semantics.CAMUNDA_7:
        with pytest.raises(Rejected, match="choice"):
            start(builder, x=0)
        return
    instance = start(builder, x=0)
    assert instance.incidents == [("choice", "CONDITION_ERROR")]
    assert instance.tree == ["choice"]
    instance.engine.variables.set(instance.state.root, "x", 5)
    incident = next(iter(instance.state.incidents.values()))
    instance.engine.close_incident(incident)
    instance.engine.retry(instance.open("choice"))
    assert instance.tree == ["a"]
    assert instance.incidents == []


@BOTH
def test_every_branch_of_an_uncontrolled_split_gets_a_token(semantics):
    builder = bpmn(semantics=semantics).start().task("split").user_task("a").end()
    builder.after("split").user_task("b")
    instance = start(builder)
    assert instance.tree == ["a", "b"]
    instance.complete("a")
    assert instance.state.state == "ACTIVE"
    instance.complete("b")
    assert instance.state.state == "COMPLETED"


def test_in_camunda_7_any_element_chooses_among_its_outgoing_flows_by_conditions():
    builder = bpmn().start().user_task("ask")
    builder.apart().user_task("yes").apart()
    builder.user_task("always").flow("ask", "yes", condition="${answer == 'yes'}").flow("ask", "always")
    assert start(builder, answer="yes").complete("ask").tree == ["yes", "always"]
    assert start(builder, answer="no").complete("ask").tree == ["always"]


@pytest.mark.parametrize(
    ("semantics", "order"),
    [(Semantics.CAMUNDA_7, ["fork", "a1", "a2", "b1", "b2"]), (Semantics.ZEEBE, ["fork", "a1", "b1", "a2", "b2"])],
)
def test_camunda_7_runs_a_branch_to_its_wait_state_first_and_zeebe_steps_all_branches_in_turn(semantics, order):
    builder = bpmn(semantics=semantics).start().parallel("fork").task("a1").task("a2")
    builder.after("fork").task("b1").task("b2")
    instance = start(builder)
    assert [row.element.id for row in instance.engine.activated][1:] == order


def test_a_process_that_loops_without_waiting_is_refused_instead_of_hanging():
    builder = bpmn().start().exclusive("again").task("step").flow("step", "again")
    with pytest.raises(Rejected, match="did not reach a wait state"):
        start(builder)
