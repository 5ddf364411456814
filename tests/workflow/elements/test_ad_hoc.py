"""Ad-hoc sub-processes (Zeebe): what is done in them is decided while they run."""

import pytest

from tests.support.events import message, timer
from tests.support.processes import ProcessBuilder, Running, bpmn, start
from workflow.engine.errors import NotFound, Rejected
from workflow.graph import Semantics
from workflow.services.ad_hoc import AdHocResult, go_on

INNER = "hoc#innerInstance"


def ad_hoc(*, active: str | None = None, until: str | None = None, **details: object) -> ProcessBuilder:
    """Tasks a, b, and c behind b."""
    builder = bpmn(semantics=Semantics.ZEEBE).start().ad_hoc("hoc", active=active, until=until, **details)
    builder.user_task("a").apart().user_task("b").user_task("c").up()
    return builder.user_task("after").end()


def activate(instance: Running, *names: str, cancel_remaining: bool = False, **variables: object) -> Running:
    result = AdHocResult([(name, variables) for name in names], cancel_remaining=cancel_remaining)
    go_on(instance.engine, instance.open("hoc"), result)
    return instance


def test_the_elements_that_a_collection_names_are_activated():
    instance = start(ad_hoc(active="names"), names=["a", "b"])
    assert instance.tree == [{"hoc": [{INNER: ["a"]}, {INNER: ["b"]}]}]


def test_it_is_done_when_nothing_is_active_in_it():
    instance = start(ad_hoc(active="names"), names=["a", "b"]).complete("a", "b")
    assert instance.tree == [{"hoc": [{INNER: ["c"]}]}]
    assert instance.complete("c").tree == ["after"]


def test_nothing_to_activate_is_done_at_once():
    assert start(ad_hoc(active="names"), names=[]).tree == ["after"]


def test_without_a_collection_it_waits_for_somebody_to_decide():
    instance = start(ad_hoc())
    assert instance.tree == [{"hoc": []}]
    activate(instance, "a")
    assert instance.tree == [{"hoc": [{INNER: ["a"]}]}]
    assert instance.complete("a").tree == ["after"]


def test_elements_may_be_added_while_others_run_and_run_twice_at_once():
    instance = activate(activate(start(ad_hoc(active="names"), names=["a"]), "a"), "b")
    assert instance.tree == [{"hoc": [{INNER: ["a"]}, {INNER: ["a"]}, {INNER: ["b"]}]}]


def test_what_is_added_has_variables_of_its_own():
    instance = activate(start(ad_hoc()), "a", x=1)
    assert instance.local_variables(INNER) == {"x": 1}
    assert "x" not in instance.variables


def test_the_rest_may_be_ended_when_something_is_added():
    instance = activate(start(ad_hoc(active="names"), names=["a"]), "b", cancel_remaining=True)
    assert instance.tree == [{"hoc": [{INNER: ["b"]}]}]
    assert instance.history("a") == ["TERMINATED"]


@pytest.mark.parametrize(("cancels", "rest"), [(True, ["after"]), (False, [{"hoc": [{INNER: ["b"]}]}])])
def test_when_it_is_enough_the_rest_is_ended_or_may_come_to_its_end(cancels, rest):
    instance = start(ad_hoc(active="names", until="enough", cancels_rest=cancels), names=["a", "b"], enough=False)
    instance.complete("a", variables={"enough": True})
    assert instance.tree == rest


def test_it_goes_on_while_its_condition_does_not_hold():
    instance = start(ad_hoc(active="names", until="enough"), names=["a"], enough=False).complete("a")
    assert instance.tree == [{"hoc": []}]
    activate(instance, "a").complete("a", variables={"enough": True})
    assert instance.tree == ["after"]


def test_results_are_collected_in_the_order_in_which_they_come():
    builder = bpmn(semantics=Semantics.ZEEBE)
    details = {"output_collection": "results", "output_element": builder.formula("result")}
    instance = start(ad_hoc(active="names", **details), names=["a", "b"])
    instance.complete("b").complete("c", variables={"result": 1}).complete("a", variables={"result": 2})
    assert instance.variables["results"] == [1, 2]


@pytest.mark.parametrize("names", [["nobody"], [1], None, "a"])
def test_anything_but_a_list_of_elements_that_there_are_is_an_incident(names):
    instance = start(ad_hoc(active="names"), names=names)
    assert instance.incidents == [("hoc", "EXTRACT_VALUE_ERROR")]
    assert instance.tree == [{"hoc": []}]


def test_only_elements_that_no_flow_leads_to_can_be_added():
    instance = start(ad_hoc())
    with pytest.raises(NotFound, match="'c'"):
        activate(instance, "c")
    with pytest.raises(Rejected, match="more than once"):
        activate(instance, "a", "a")


def test_it_tells_expressions_and_workers_what_can_be_activated():
    instance = start(ad_hoc())
    assert [each["elementId"] for each in instance.local_variables("hoc")["adHocSubProcessElements"]] == ["a", "b"]


def test_events_at_its_boundary_end_all_that_is_in_it():
    instance = start(
        ad_hoc(active="names").boundary("late", timer("PT1H"), on="hoc").user_task("handle"), names=["a", "b"]
    )
    assert instance.fire("late").tree == ["handle"]
    assert instance.history("hoc") == ["TERMINATED"]


def test_a_message_may_be_waited_for_inside():
    builder = bpmn(semantics=Semantics.ZEEBE).start().ad_hoc("hoc", active='["wait"]')
    builder.catch("wait", message("paid")).user_task("a").up().user_task("after")
    instance = start(builder).message("paid")
    assert instance.tree == [{"hoc": [{INNER: ["a"]}]}]
