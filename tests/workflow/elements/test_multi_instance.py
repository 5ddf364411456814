"""Multi-instance: one activity, several times; at once or one by one, until all or enough are done."""

from dataclasses import replace

import pytest

from tests.support.events import condition, error, loop, message, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.elements.multi_instance import LoopDetails
from workflow.engine.errors import Rejected
from workflow.graph import Semantics

BOTH = pytest.mark.parametrize("semantics", Semantics)
BODY = "task#multiInstanceBody"


def tasks(semantics: Semantics, *args: object, **given: object) -> ProcessBuilder:
    return bpmn(semantics=semantics).start().user_task("task", loop=loop(*args, **given)).user_task("after").end()


@BOTH
def test_at_once_all_iterations_are_there(semantics):
    instance = start(tasks(semantics, 3))
    assert instance.tree == [{BODY: ["task", "task", "task"]}]
    instance.complete("task", "task")
    assert instance.tree == [{BODY: ["task"]}]
    assert instance.complete("task").tree == ["after"]
    assert instance.history("task") == ["COMPLETED"] * 3
    assert instance.history(BODY) == ["COMPLETED"]


@BOTH
def test_one_by_one_there_is_always_one(semantics):
    instance = start(tasks(semantics, 3, sequential=True))
    for begun in (1, 2, 3):
        assert instance.tree == [{BODY: ["task"]}]
        assert len(instance.history("task")) == begun
        instance.complete("task")
    assert instance.tree == ["after"]


@BOTH
@pytest.mark.parametrize("sequential", [False, True])
def test_nothing_to_do_is_done_at_once(semantics, sequential):
    instance = start(tasks(semantics, over="items", sequential=sequential), items=[])
    assert instance.tree == ["after"]
    assert (instance.history(BODY), instance.history("task")) == (["COMPLETED"], [])


@BOTH
@pytest.mark.parametrize("sequential", [False, True])
def test_every_iteration_has_its_own_item(semantics, sequential):
    instance = start(tasks(semantics, over="items", each="item", sequential=sequential), items=["a", "b"])
    first = instance.local_variables("task")
    assert first["item"] == "a"
    instance.complete("task")
    assert instance.local_variables("task")["item"] == "b"
    assert "item" not in instance.variables


@pytest.mark.parametrize(("semantics", "counters"), [(Semantics.CAMUNDA_7, [0, 1, 2]), (Semantics.ZEEBE, [1, 2, 3])])
def test_iterations_are_counted_from_0_in_camunda_7_and_from_1_in_zeebe(semantics, counters):
    instance = start(tasks(semantics, 3))
    assert [instance.local_variables("task", n)["loopCounter"] for n in range(3)] == counters


def test_camunda_7_counts_in_variables_of_the_body():
    instance = start(tasks(Semantics.CAMUNDA_7, 3)).complete("task")
    assert instance.local_variables(BODY) == {
        "nrOfInstances": 3,
        "nrOfCompletedInstances": 1,
        "nrOfActiveInstances": 2,
    }
    instance = start(tasks(Semantics.CAMUNDA_7, 3, sequential=True)).complete("task")
    assert instance.local_variables(BODY) == {
        "nrOfInstances": 3,
        "nrOfCompletedInstances": 1,
        "nrOfActiveInstances": 1,
    }


@pytest.mark.parametrize(
    ("semantics", "until"),
    [(Semantics.CAMUNDA_7, "nrOfCompletedInstances == 2"), (Semantics.ZEEBE, "numberOfCompletedInstances = 2")],
)
@pytest.mark.parametrize(
    ("sequential", "history"),
    [(False, ["COMPLETED", "COMPLETED", "TERMINATED", "TERMINATED"]), (True, ["COMPLETED", "COMPLETED"])],
)
def test_enough_is_enough(semantics, until, sequential, history):
    instance = start(tasks(semantics, 4, until=until, sequential=sequential)).complete("task", "task")
    assert instance.tree == ["after"]
    assert instance.history("task") == history
    assert instance.history(BODY) == ["COMPLETED"]


@BOTH
def test_the_completion_condition_sees_the_variables_of_the_iteration_that_is_done(semantics):
    until = 'item = "b"' if semantics is Semantics.ZEEBE else "item == 'b'"
    instance = start(tasks(semantics, over="items", each="item", until=until), items=["a", "b", "c"])
    instance.complete("task")
    assert instance.tree == [{BODY: ["task", "task"]}]
    assert instance.complete("task").tree == ["after"]


@BOTH
def test_a_sub_process_may_be_run_several_times(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(2)).start("in").user_task("a")
    builder.user_task("b").end("out").up().user_task("after")
    instance = start(builder).complete("a")
    assert instance.tree == [{"sub#multiInstanceBody": [{"sub": ["b"]}, {"sub": ["a"]}]}]
    assert instance.complete("a", "b", "b").tree == ["after"]


@BOTH
def test_loops_may_be_nested(semantics):
    builder = bpmn(semantics=semantics).start()
    builder.sub_process("sub", loop=loop(over="rows", each="row")).start("in")
    builder.user_task("task", loop=loop(over="row", each="cell", sequential=True)).up().user_task("after")
    instance = start(builder, rows=[["a", "b"], [], ["c"]])
    assert instance.tree == [{"sub#multiInstanceBody": [{"sub": [{BODY: ["task"]}]}, {"sub": [{BODY: ["task"]}]}]}]
    assert [instance.local_variables("task", n)["cell"] for n in (0, 1)] == ["a", "c"]
    instance.complete("task", "task", "task")
    assert instance.tree == ["after"]
    assert instance.history("sub") == ["COMPLETED"] * 3


@BOTH
def test_iterations_that_do_not_wait_are_all_done_at_once(semantics):
    builder = bpmn(semantics=semantics).start().task("pass", loop=loop(5)).user_task("after")
    instance = start(builder)
    assert instance.tree == ["after"]
    assert instance.history("pass") == ["COMPLETED"] * 5


@BOTH
def test_inputs_are_mapped_for_every_iteration(semantics):
    builder = bpmn(semantics=semantics).start()
    source = "=item + 1" if semantics is Semantics.ZEEBE else "${item + 1}"
    builder.user_task("task", loop=loop(over="items", each="item"), inputs=(builder.mapping(source, "next"),))
    instance = start(builder, items=[1, 2])
    assert [instance.local_variables("task", n)["next"] for n in (0, 1)] == [2, 3]


@BOTH
def test_a_non_interrupting_event_on_it_occurs_once_for_all(semantics):
    builder = tasks(semantics, 2).boundary("event", timer("PT1H"), on="task", interrupting=False).user_task("remind")
    instance = start(builder).fire("event")
    assert instance.tree == [{BODY: ["task", "task"]}, "remind"]
    assert instance.complete("task", "task", "remind").tree == ["after"]


@BOTH
def test_an_error_of_one_iteration_ends_all(semantics):
    instance = start(tasks(semantics, 3).boundary("event", error("E"), on="task").user_task("handle"))
    assert instance.error("task", "E", nth=2).tree == ["handle"]
    assert instance.history(BODY) == ["TERMINATED"]


@BOTH
def test_every_iteration_of_a_receive_task_waits_for_its_own_message(semantics):
    builder = bpmn(semantics=semantics).start()
    builder.sub_process("sub", loop=loop(2)).start("in").catch("wait", message("paid")).up().user_task("after")
    instance = start(builder).message("paid")
    assert instance.history("sub") == ["COMPLETED", "ACTIVE"]
    assert instance.message("paid").tree == ["after"]


@BOTH
def test_an_event_sub_process_in_each_iteration_listens_for_itself(semantics):
    builder = bpmn(semantics=semantics).start().sub_process("sub", loop=loop(2)).start("in").user_task("task")
    builder.event_sub_process("esp", message("help")).user_task("help").up().up().user_task("after")
    instance = start(builder).message("help")
    assert instance.tree == [{"sub#multiInstanceBody": [{"sub": [{"esp": ["help"]}]}, {"sub": ["task"]}]}]
    assert instance.complete("help", "task").tree == ["after"]


@BOTH
def test_a_loop_in_the_flow_begins_a_new_body_in_every_round(semantics):
    builder = bpmn(semantics=semantics).start().exclusive("again").user_task("task", loop=loop(2)).flow("task", "again")
    instance = start(builder).complete("task", "task")
    assert instance.tree == [{BODY: ["task", "task"]}]
    assert instance.history(BODY) == ["COMPLETED", "ACTIVE"]


@BOTH
def test_what_is_no_list_is_refused_in_camunda_7_and_an_incident_in_zeebe(semantics):
    if semantics is Semantics.CAMUNDA_7:
        with pytest.raises(Rejected, match="items"):
            start(tasks(semantics, over="items"), items=7)
        return
    instance = start(tasks(semantics, over="items"), items=7)
    assert instance.incidents == [(BODY, "EXTRACT_VALUE_ERROR")]


def test_a_negative_number_of_iterations_is_refused():
    with pytest.raises(Rejected, match="-1"):
        start(tasks(Semantics.CAMUNDA_7, -1))


@pytest.mark.parametrize("sequential", [False, True])
def test_zeebe_collects_results_in_the_order_of_the_items(sequential):
    builder = tasks(Semantics.ZEEBE, over="items", each="item", results=("results", "result"), sequential=sequential)
    instance = start(builder, items=[1, 2, 3])
    assert "results" not in instance.variables
    for number in (2, 1, 0) if not sequential else (0, 0, 0):
        item = instance.local_variables("task", number)["item"]
        instance.complete("task", nth=number, variables={"result": item * 10})
    assert instance.variables == {"items": [1, 2, 3], "results": [10, 20, 30]}


@pytest.mark.parametrize(
    ("broken", "why"), [("text", "it is no list any more"), ([1, 2], "at position 3 of output collection")]
)
def test_a_collection_of_zeebe_that_was_spoilt_is_an_incident_until_it_is_mended(broken, why):
    builder = tasks(Semantics.ZEEBE, over="items", results=("results", "result"))
    instance = start(builder, items=[1, 2, 3]).complete("task", "task")
    instance.complete("task", variables={"result": 3, "results": broken})
    (incident,) = instance.state.incidents.values()
    assert (incident.element_id, why in incident.message) == ("task", True)
    assert instance.tree == [{BODY: ["task"]}]
    instance.set(BODY, results=[1, 2, None])
    instance.engine.close_incident(incident)
    instance.engine.retry(instance.open("task"))
    assert (instance.tree, instance.variables["results"]) == (["after"], [1, 2, 3])


@pytest.mark.parametrize(("sequential", "done"), [(False, 1), (True, 2)])
def test_zeebe_counts_only_the_iterations_that_have_begun(sequential, done):
    number = 2 if sequential else 3
    builder = tasks(Semantics.ZEEBE, 3, until=f"numberOfInstances = {number}", sequential=sequential)
    assert start(builder).complete(*["task"] * done).tree == ["after"]


def test_zeebe_leaves_null_where_an_iteration_was_not_needed():
    until = "numberOfCompletedInstances = 1"
    builder = tasks(Semantics.ZEEBE, over="items", results=("results", "result"), until=until)
    instance = start(builder, items=[1, 2, 3]).complete("task", nth=1, variables={"result": "x"})
    assert instance.variables["results"] == [None, "x", None]


def test_zeebe_results_of_nothing_are_an_empty_list():
    instance = start(tasks(Semantics.ZEEBE, over="items", results=("results", "result")), items=[])
    assert instance.variables == {"items": [], "results": []}


@BOTH
def test_one_iteration_does_not_see_the_local_variables_of_another(semantics):
    builder = bpmn(semantics=semantics).start()
    builder.sub_process("sub", loop=loop(2), inputs=(builder.mapping("none", "x"),)).start("in").user_task("task").up()
    instance = start(builder).complete("task", variables={"x": "mine"})
    assert instance.local_variables("sub")["x"] == "none"
    assert "x" not in instance.variables


@BOTH
def test_a_condition_that_one_iteration_makes_true_ends_them_all(semantics):
    builder = tasks(semantics, 3).boundary("event", condition("x > 1"), on="task").user_task("handle")
    instance = start(builder, x=0).complete("task", variables={"x": 2})
    assert instance.tree == ["handle"]


def test_with_a_collection_and_a_cardinality_camunda_7_takes_the_first_items():
    def both(b: ProcessBuilder) -> LoopDetails:
        given = loop(over="items", each="item")(b)
        return replace(given, cardinality=b.expression("${n}"))

    builder = bpmn().start().user_task("task", loop=both)
    instance = start(builder, items=["a", "b", "c"], n=2)
    seen = [instance.open("task", nth).variables["item"].value for nth in range(2)]
    assert (seen, instance.tree) == (["a", "b"], [{"task#multiInstanceBody": ["task", "task"]}])
    with pytest.raises(Rejected, match="at least 4 items"):
        start(builder, items=["a", "b", "c"], n=4)
