"""Asynchronous continuations (Camunda 7): a job goes on with the token, before an element or behind it."""

import pytest

from tests.support.events import loop, message, timer
from tests.support.processes import ProcessBuilder, bpmn, start
from workflow.engine.errors import Rejected
from workflow.graph import Asynchronous

BEFORE, AFTER = Asynchronous(before=True), Asynchronous(after=True)


def task(asynchronous: Asynchronous) -> ProcessBuilder:
    return bpmn().start().user_task("task", asynchronous=asynchronous).user_task("after").end()


def test_before_an_element_nothing_of_it_has_happened_until_the_job_runs():
    instance = start(task(BEFORE))
    assert instance.jobs == ["ASYNC_BEFORE task"]
    assert instance.open("task").state == "ACTIVATING"
    assert instance.open("task").started_at is None
    assert not instance.state.user_tasks
    instance.execute("task")
    assert (instance.open("task").state, len(instance.state.user_tasks)) == ("ACTIVE", 1)
    assert instance.open("task").started_at is not None


def test_after_an_element_its_work_is_done_until_the_job_goes_on():
    instance = start(task(AFTER)).complete("task")
    assert instance.jobs == ["ASYNC_AFTER task"]
    assert instance.open("task").state == "COMPLETING"
    assert instance.execute("task").tree == ["after"]


def test_both_make_two_jobs_one_after_the_other():
    instance = start(task(Asynchronous(before=True, after=True))).execute("task").complete("task")
    assert instance.jobs == ["ASYNC_AFTER task"]
    assert instance.execute("task").tree == ["after"]


def test_inputs_are_mapped_when_the_job_runs():
    builder = bpmn().start()
    instance = start(builder.user_task("task", inputs=(builder.mapping("${x}", "y"),), asynchronous=BEFORE), x=1)
    assert instance.local_variables("task") == {}
    instance.set(x=2).execute("task")
    assert instance.local_variables("task") == {"y": 2}


def test_events_are_waited_for_when_the_job_has_run_and_not_behind_the_element():
    builder = (
        task(Asynchronous(before=True, after=True)).boundary("event", timer("PT1H"), on="task").user_task("handle")
    )
    instance = start(builder)
    assert instance.jobs == ["ASYNC_BEFORE task"]
    instance.execute("task")
    assert instance.jobs == ["TIMER event"]
    assert instance.complete("task").jobs == ["ASYNC_AFTER task"]


def test_a_start_event_may_be_continued_later():
    builder = bpmn()
    builder.node("start", builder.draft.nodes[0].type.START_EVENT, asynchronous=BEFORE).user_task("task")
    instance = start(builder)
    assert (instance.tree, instance.jobs) == (["start"], ["ASYNC_BEFORE start"])
    assert instance.execute("start").tree == ["task"]


def test_an_end_event_may_be_continued_later():
    instance = start(bpmn().start().end(asynchronous=BEFORE))
    assert instance.ended is None
    assert instance.execute("end").ended == "COMPLETED"


def test_each_token_at_a_join_has_a_job_of_its_own():
    builder = bpmn().start().parallel("fork").user_task("a").parallel("join", asynchronous=BEFORE).user_task("after")
    builder.after("fork").user_task("b").flow("b", "join")
    instance = start(builder).complete("a", "b")
    assert instance.jobs == ["ASYNC_BEFORE join", "ASYNC_BEFORE join"]
    instance.execute("join")
    assert "after" not in instance.tree
    assert instance.execute("join").tree == ["after"]


def test_a_multi_instance_activity_is_continued_as_a_whole():
    builder = bpmn().start().user_task("task", loop=loop(2)).user_task("after")
    next(node for node in builder.draft.nodes if node.id == "task#multiInstanceBody").asynchronous = BEFORE
    instance = start(builder)
    assert instance.jobs == ["ASYNC_BEFORE task#multiInstanceBody"]
    instance.execute("task#multiInstanceBody")
    assert instance.tree == [{"task#multiInstanceBody": ["task", "task"]}]
    assert instance.jobs == []


def test_its_iterations_are_continued_each_for_itself():
    builder = bpmn().start().user_task("task", loop=loop(2), asynchronous=BEFORE).user_task("after")
    instance = start(builder)
    assert instance.jobs == ["ASYNC_BEFORE task", "ASYNC_BEFORE task"]
    instance.execute("task").complete("task").execute("task").complete("task", nth=0)
    assert instance.tree == ["after"]


def test_the_job_of_what_is_ended_is_ended_too():
    builder = bpmn().start().sub_process("sub").start("in").user_task("task", asynchronous=BEFORE).up()
    instance = start(builder.boundary("stop", message("stop"), on="sub").user_task("handle")).message("stop")
    assert (instance.tree, instance.jobs) == (["handle"], [])
    assert instance.history("task") == ["TERMINATED"]


def test_what_fails_behind_a_continuation_fails_its_job_alone():
    builder = bpmn().start().user_task("first").script("broken", "${missing}", "x", asynchronous=BEFORE)
    instance = start(builder).complete("first")
    assert instance.tree == ["broken"]
    with pytest.raises(Rejected, match="missing"):
        instance.execute("broken")


def test_a_sub_process_may_be_continued_before_and_after():
    builder = bpmn().start().sub_process("sub", asynchronous=Asynchronous(before=True, after=True)).start("in")
    instance = start(builder.user_task("task").end("out").up().user_task("after"))
    assert instance.jobs == ["ASYNC_BEFORE sub"]
    instance.execute("sub").complete("task")
    assert instance.jobs == ["ASYNC_AFTER sub"]
    assert instance.execute("sub").tree == ["after"]


def test_a_call_activity_calls_when_the_job_runs():
    builder = bpmn().start()
    builder.call("call", "child")
    builder.draft.nodes[-1].asynchronous = BEFORE
    instance = start(builder.user_task("after"), bpmn("child").start().user_task("work").end())
    assert instance.jobs == ["ASYNC_BEFORE call"]
    instance.execute("call").called().complete("work")
    assert instance.tree == ["after"]


def test_after_an_element_a_job_goes_on_over_each_flow_that_was_chosen_when_it_was_done():
    builder = bpmn().start().user_task("task", asynchronous=AFTER)
    builder.apart().user_task("a").apart().user_task("b").apart().user_task("c")
    builder.flow("task", "a").flow("task", "b", when="x == 1").flow("task", "c", when="x == 2")
    instance = start(builder, x=1).complete("task")
    assert instance.jobs == ["ASYNC_AFTER task", "ASYNC_AFTER task"]
    instance.set(x=2).execute("task")
    assert sorted(instance.tree) == ["a", "task"]
    instance.execute("task")
    assert sorted(instance.tree) == ["a", "b"]
    assert instance.complete("a", "b").ended == "COMPLETED"
    assert instance.state.root.active_children == 0


@pytest.mark.parametrize("gateway", ["parallel", "inclusive"])
def test_a_gateway_that_forks_is_left_by_a_job_for_each_flow(gateway):
    builder = bpmn().start()
    getattr(builder, gateway)("fork", asynchronous=AFTER).user_task("a").after("fork").user_task("b")
    instance = start(builder)
    assert instance.jobs == ["ASYNC_AFTER fork", "ASYNC_AFTER fork"]
    assert sorted(instance.execute("fork").tree) == ["a", "fork"]
    instance.complete("a").execute("fork")
    assert instance.complete("b").ended == "COMPLETED"


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_event_that_has_happened_may_be_entered_later(interrupting):
    builder = bpmn().start().user_task("task")
    builder.boundary("event", message("m"), on="task", interrupting=interrupting, asynchronous=BEFORE).user_task("next")
    instance = start(builder).message("m")
    assert instance.jobs == ["ASYNC_BEFORE event"]
    assert "next" not in instance.tree
    assert "next" in instance.execute("event").tree
