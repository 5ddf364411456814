"""Migration with Camunda 7's rules: leaves are mapped, scopes around them may come and go, a plan is checked by itself."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly

import pytest

from tests.support.events import compensation, condition, loop, message, signal, timer
from tests.support.processes import NOON, ProcessBuilder, bpmn, start
from tests.workflow.migration.conftest import TARGET, Migrate
from workflow.graph import Asynchronous, CatchDetails, ElementType
from workflow.migration import InstanceRefused, Mapping, MigrationPlan, PlanRefused, plan_problems

BEFORE = Asynchronous(before=True)
AFTER = Asynchronous(after=True)


def flat(task: str = "a") -> ProcessBuilder:
    return bpmn().start().user_task(task).end()


def nested(scope: str = "sub", task: str = "a") -> ProcessBuilder:
    return bpmn().start().sub_process(scope).start("s").user_task(task).end("e").up().user_task("after").end()


def twice(scope: str, inner: str, task: str = "a") -> ProcessBuilder:
    builder = bpmn().start().sub_process(scope).start("s1").sub_process(inner).start("s2")
    return builder.user_task(task).end("e2").up().end("e1").up().end()


def wrong(source: ProcessBuilder, target: ProcessBuilder, mappings: ReadOnly[str, str]) -> dict[str, tuple[str, ...]]:
    """What is wrong with a plan, by the source activity of each mapping."""
    plan = MigrationPlan(TARGET, tuple(Mapping(one, other) for one, other in mappings.items()), 1)
    return {report.mapping.source_id: report.failures for report in plan_problems(plan, source.build(), target.build())}


# ---- the plan


@pytest.mark.parametrize(
    ("source", "target", "mappings", "failure"),
    [
        (flat(), flat(), {"x": "a"}, "Source activity 'x' does not exist"),
        (flat(), flat(), {"a": "x"}, "Target activity 'x' does not exist"),
        (
            flat(),
            bpmn().start().receive("a", "m").end(),
            {"a": "a"},
            "(UserTaskActivityBehavior is not compatible with ReceiveTaskActivityBehavior)",
        ),
        (
            twice("outer", "inner"),
            twice("inner", "outer"),
            {"outer": "outer", "inner": "inner"},
            "The closest mapped ancestor 'outer' is mapped to scope 'outer' which is not an ancestor of target scope 'inner'",
        ),
        (
            flat(),
            bpmn().start().user_task("a", loop=loop(2)).end(),
            {"a": "a"},
            "'a#multiInstanceBody' that is not mapped from the source process definition.",
        ),
        (
            bpmn().start().user_task("a", loop=loop(2)).end(),
            bpmn().start().user_task("a", loop=loop(2)).end(),
            {"a#multiInstanceBody": "a#multiInstanceBody"},
            "Must map the inner activity of a multi-instance body",
        ),
        (
            bpmn().start().user_task("a", loop=loop(2)).end(),
            bpmn().start().user_task("a", loop=loop(2, sequential=True)).end(),
            {"a#multiInstanceBody": "a#multiInstanceBody", "a": "a"},
            "(ParallelMultiInstanceActivityBehavior is not compatible with SequentialMultiInstanceActivityBehavior)",
        ),
        (
            flat().boundary("b", signal("s"), on="a").end("e2"),
            flat().boundary("b", signal("s"), on="a").end("e2"),
            {"b": "b"},
            "The source activity's event scope (a) must be mapped to the target activity's event scope (a)",
        ),
        (
            flat().boundary("b", signal("s"), on="a").end("e2"),
            flat().boundary("b", timer("PT1H"), on="a").end("e2"),
            {"a": "a", "b": "b"},
            "Events are not of the same type (boundarySignal != boundaryTimer)",
        ),
        (
            bpmn().start().catch("c", timer("PT1H")).end(),
            bpmn().start().event_gateway("g").catch("c", timer("PT1H")).end(),
            {"c": "c"},
            "The source activity's event scope (c) must be mapped to the target activity's event scope (g)",
        ),
        (
            bpmn().start().event_gateway("g").catch("c", timer("PT1H")).end(),
            bpmn().start().catch("c", timer("PT1H")).end(),
            {"c": "c"},
            "The source activity's event scope (g) must be mapped to the target activity's event scope (c)",
        ),
        (
            bpmn().start().user_task("a").end().event_sub_process("esp", signal("s")).user_task("b").up(),
            bpmn().start().user_task("a").end().event_sub_process("esp", timer("PT1H")).user_task("b").up(),
            {"esp_start": "esp_start"},
            "Events are not of the same type (signalStartEvent != startTimerEvent)",
        ),
        (
            bpmn().start().catch("c", timer("PT1H")).end(),
            bpmn().start().catch("c", message("m")).end(),
            {"c": "c"},
            "Events are not of the same type (intermediateTimer != intermediateMessageCatch)",
        ),
        (
            flat().boundary("b", condition("x > 1"), on="a").end("e2"),
            flat().boundary("b", condition("x > 1"), on="a").end("e2"),
            {"a": "a", "b": "b"},
            "Conditional event has to migrate with update event trigger.",
        ),
    ],
)
def test_what_is_wrong_with_a_plan(source, target, mappings, failure):
    found = wrong(source, target, mappings)
    assert any(failure in each for failures in found.values() for each in failures), found


def test_all_problems_of_all_mappings_are_told():
    target = bpmn().start().receive("a", "m").sub_process("sub").start("s").user_task("b").end("e").up().end()
    found = wrong(nested(), target, {"sub": "sub", "a": "a", "after": "nowhere", "nobody": "b"})
    assert {element: len(failures) for element, failures in found.items()} == {"a": 2, "after": 1, "nobody": 1}


def test_a_plan_that_is_wrong_is_not_carried_out(migrated: Migrate):
    with pytest.raises(PlanRefused) as refused:
        migrated(start(flat()), flat("b"), {"a": "x"})
    assert [report.failures for report in refused.value.reports] == [("Target activity 'x' does not exist",)]


def test_only_one_gateway_with_room_enough():
    def joining(tasks: int) -> ProcessBuilder:
        builder = bpmn().start().parallel("fork")
        for number in range(tasks):
            builder.after("fork").user_task(f"t{number}")
        builder.apart().parallel("join")
        for number in range(tasks):
            builder.flow(f"t{number}", "join")
        return builder.end()

    assert wrong(joining(3), joining(2), {"join": "join"})["join"] == (
        "The target gateway must have at least the same number of incoming sequence flows that the source gateway has",
    )
    assert (
        "Only one gateway can be mapped to gateway 'join'"
        in wrong(joining(2), joining(2), {"join": "join", "fork": "join"})["fork"]
    )


# ---- what is active


def test_a_leaf_without_mapping_is_named(migrated: Migrate):
    instance = start(bpmn().start().parallel("f").user_task("a").end("e1").after("f").user_task("b").end("e2"))
    keys = instance.open("a").key, instance.open("b").key
    with pytest.raises(InstanceRefused) as refused:
        migrated(instance, flat(), {})
    reports = {report.element_id: report for report in refused.value.reports}
    assert {(each.element_instance_key, each.element_id) for each in reports.values()} == set(
        zip(keys, ("a", "b"), strict=True)
    )
    assert reports["a"].failures == ("There is no migration instruction for this instance's activity",)


def test_an_activity_that_cannot_be_migrated(migrated: Migrate):
    process = bpmn().start().user_task("t").undone_by("u").throw("a", compensation()).end()
    instance = start(process).complete("t")
    with pytest.raises(InstanceRefused, match="type of the source activity is not supported"):
        migrated(instance, process, {"a": "a", "u": "u", "t_undone": "t_undone"})


def test_an_instance_goes_on_in_the_target(migrated: Migrate):
    instance = migrated(start(flat()), nested(), {"a": "after"})
    assert (instance.tree, instance.state.definition_key, instance.state.version) == (["after"], TARGET, 7)
    assert instance.complete("after").ended == "COMPLETED"


def test_a_scope_that_the_target_adds_is_opened_once_for_all_in_it(migrated: Migrate):
    # given
    source = bpmn().start().parallel("f").user_task("a").end("e1").after("f").user_task("b").end("e2")
    target = bpmn().start()
    target.sub_process("sub", inputs=(target.mapping("${1 + 1}", "two"),)).start("s").parallel("f")
    target.user_task("a").end("e1").after("f").user_task("b").end("e2").up().user_task("after").end()
    # when
    instance = migrated(start(source), target, {"a": "a", "b": "b"})
    # then
    assert instance.tree == [{"sub": ["a", "b"]}]
    assert instance.local_variables("sub") == {"two": 2}
    assert instance.complete("a", "b").tree == ["after"]


def test_a_scope_that_is_not_mapped_ends_and_what_is_in_it_moves_out(migrated: Migrate):
    instance = migrated(start(nested()), flat(), {"a": "a"})
    assert (instance.tree, instance.history("sub")) == (["a"], ["TERMINATED"])
    assert instance.state.root.active_children == 1
    assert instance.complete("a").ended == "COMPLETED"


def test_a_scope_of_the_same_name_is_a_new_one_if_it_is_not_mapped(migrated: Migrate):
    instance = start(nested())
    former = instance.open("sub").key
    migrated(instance, nested(), {"a": "a"})
    assert instance.tree == [{"sub": ["a"]}]
    assert instance.open("sub").key != former


def test_scopes_come_and_go_in_the_middle(migrated: Migrate):
    instance = migrated(start(twice("outer", "inner")), nested("sub"), {"outer": "sub", "a": "a"})
    assert instance.tree == [{"sub": ["a"]}]
    assert instance.complete("a").tree == ["after"]


def test_multi_instance_with_body_and_iterations(migrated: Migrate):
    def process(task: str) -> ProcessBuilder:
        return bpmn().start().user_task(task, loop=loop(2)).user_task("after").end()

    both = {"a#multiInstanceBody": "b#multiInstanceBody", "a": "b"}
    instance = migrated(start(process("a")), process("b"), both)
    assert instance.tree == [{"b#multiInstanceBody": ["b", "b"]}]
    assert instance.complete("b", "b").tree == ["after"]


def test_a_multi_instance_body_may_be_left_behind(migrated: Migrate):
    instance = migrated(start(bpmn().start().user_task("a", loop=loop(2)).end()), flat(), {"a": "a"})
    assert instance.tree == ["a", "a"]
    assert "loopCounter" not in instance.local_variables("a")
    assert instance.open("a").loop_counter is None
    assert instance.complete("a", "a").ended == "COMPLETED"


def test_tokens_at_a_join(migrated: Migrate):
    def process(join: str) -> ProcessBuilder:
        builder = bpmn().start().parallel("f").user_task("a").after("f").user_task("b").apart().parallel(join)
        return builder.flow("a", join).flow("b", join).user_task("after").end()

    instance = migrated(start(process("one")).complete("a"), process("two"), {"b": "b", "one": "two"})
    assert sorted(map(str, instance.tree)) == ["b", "two"]
    assert instance.complete("b").tree == ["after"]


def test_variables_of_the_plan_are_set_in_the_process_instance(migrated: Migrate):
    instance = migrated(start(flat(), x=1), flat("b"), {"a": "b"}, y=2)
    assert instance.variables == {"x": 1, "y": 2}


# ---- asynchronous continuations


@pytest.mark.parametrize("asynchronous", [BEFORE, AFTER])
def test_a_transition_instance_needs_the_same_continuation(migrated: Migrate, asynchronous: Asynchronous):
    def process(task: str, asynchronous: Asynchronous | None = None) -> ProcessBuilder:
        more = {"asynchronous": asynchronous} if asynchronous else {}
        return bpmn().start().user_task(task, **more).user_task("after").end()

    def waiting():
        instance = start(process("a", asynchronous))
        return instance.complete("a") if asynchronous.after else instance

    with pytest.raises(InstanceRefused, match="Target activity is not async") as refused:
        migrated(waiting(), process("b"), {"a": "b"})
    assert [report.is_transition for report in refused.value.reports] == [True]
    instance = migrated(waiting(), process("b", asynchronous), {"a": "b"}).execute("b")
    assert instance.tree == (["after"] if asynchronous.after else ["b"])


def leaving(**flows: str) -> ProcessBuilder:
    """A task with an asynchronous continuation after it; each flow leads on to a user task."""
    builder = bpmn().start().user_task("a", asynchronous=AFTER).apart()
    for flow, target in flows.items():
        builder.apart().user_task(target).end(f"end_{target}").flow("a", target, id=flow)
    return builder


@pytest.mark.parametrize(
    ("source", "target", "then"),
    [
        ({"one": "b"}, {"one": "b", "two": "c"}, ["b"]),
        ({"one": "b"}, {"other": "c"}, ["c"]),
        ({"one": "b", "two": "c"}, {"one": "x", "two": "y"}, ["x", "y"]),
        ({"one": "b", "two": "c"}, {"other": "x"}, ["x", "x"]),
    ],
)
def test_a_token_behind_an_activity_keeps_its_sequence_flow(
    migrated: Migrate, source: dict[str, str], target: dict[str, str], then: list[str]
):
    instance = migrated(start(leaving(**source)).complete("a"), leaving(**target), {"a": "a"})
    for _ in source:
        instance.execute("a")
    assert sorted(map(str, instance.tree)) == then
    for task in then:
        instance.complete(task)
    assert instance.state.state == "COMPLETED"


@pytest.mark.parametrize(
    ("source", "failure"),
    [
        (
            {"one": "b"},
            "Transition instance is assigned to a sequence flow that cannot be matched in the target activity",
        ),
        ({}, "Transition instance is assigned to no sequence flow and target activity has more than one outgoing"),
    ],
)
def test_a_token_behind_an_activity_needs_a_sequence_flow_there(
    migrated: Migrate, source: dict[str, str], failure: str
):
    with pytest.raises(InstanceRefused) as refused:
        migrated(start(leaving(**source)).complete("a"), leaving(other="b", another="c"), {"a": "a"})
    [report] = refused.value.reports
    assert report.failures[0].startswith(failure)


def test_where_nothing_follows_in_the_target_a_token_behind_an_activity_ends(migrated: Migrate):
    instance = migrated(start(leaving(one="b")).complete("a"), leaving(), {"a": "a"}).execute("a")
    assert instance.state.state == "COMPLETED"


def test_what_begins_the_process_instance_stays_at_the_level_of_the_process(migrated: Migrate):
    def begin(builder: ProcessBuilder) -> ProcessBuilder:
        return builder.node("begin", ElementType.START_EVENT, CatchDetails(None), asynchronous=BEFORE).user_task("a")

    source = begin(bpmn()).end()
    inside = begin(bpmn().start().sub_process("sub")).end("e").up().end()
    with pytest.raises(InstanceRefused) as refused:
        migrated(start(source), inside, {"begin": "begin"})
    failure = "A transition instance that instantiates the process can only be migrated to a process-level flow node"
    assert [report.failures for report in refused.value.reports] == [(failure,)]
    assert migrated(start(source), source, {"begin": "begin"}).execute("begin").tree == ["a"]


# ---- events


def with_boundary(event: str | None, made, task: str = "a") -> ProcessBuilder:
    builder = flat(task)
    return builder.boundary(event, made, on=task).user_task("late").end("e2") if event else builder


def test_events_are_kept_closed_and_opened(migrated: Migrate):
    source = with_boundary("one", signal("kept")).boundary("gone", signal("gone"), on="a").end("e3")
    target = with_boundary("two", signal("other")).boundary("new", signal("new"), on="a").end("e3")
    instance = migrated(start(source), target, {"a": "a", "one": "two"})
    assert instance.waits_for == ["SIGNAL two", "SIGNAL new"]
    assert [row.name for row in instance.state.subscriptions.values() if row.state == "CREATED"] == ["kept", "new"]


def test_an_event_trigger_is_updated_if_the_plan_says_so(migrated: Migrate):
    mappings = {"a": "a", "one": "two"}
    instance = start(with_boundary("one", message("old")))
    [key] = instance.state.subscriptions
    migrated(instance, with_boundary("two", message("new")), mappings, renewed=("one",))
    row = instance.state.subscriptions[key]
    assert (row.element_id, row.name, row.state) == ("two", "new", "CREATED")
    timed = start(with_boundary("one", timer("PT1H")))
    [before] = timed.state.jobs.values()
    assert (before.due_at or NOON).hour == 13
    migrated(timed, with_boundary("two", timer("PT5H")), mappings, renewed=("one",))
    [after] = timed.state.jobs.values()
    assert (after.key, (after.due_at or NOON).hour) == (before.key, 17)


def test_a_timer_that_has_fired_does_not_fire_again(migrated: Migrate):
    def process(event: str) -> ProcessBuilder:
        return flat().boundary(event, timer("PT1H"), on="a", interrupting=False).user_task("late").end("e2")

    instance = start(process("one")).fire("one")
    migrated(instance, process("two"), {"a": "a", "late": "late", "one": "two"})
    assert instance.jobs == []


def test_events_of_event_sub_processes_and_catch_events(migrated: Migrate):
    def process(event: str, catch: str) -> ProcessBuilder:
        builder = bpmn().start().catch(catch, message("m")).end()
        return builder.event_sub_process(event, signal("s")).user_task(f"in_{event}").up()

    mappings = {"c": "d", "e": "f", "e_start": "f_start"}
    instance = migrated(start(process("e", "c")), process("f", "d"), mappings)
    assert sorted(instance.waits_for) == ["MESSAGE d", "SIGNAL f_start"]
    assert instance.signal("s").tree == [{"f": ["in_f"]}]


def test_an_event_that_cannot_be_opened_is_told_with_its_activity(migrated: Migrate):
    with pytest.raises(InstanceRefused, match="'a'"):
        migrated(start(flat()), with_boundary("new", message("${noSuchVariable}")), {"a": "a"})


# ---- what can be undone


def undoable(task: str, undo: str) -> ProcessBuilder:
    return bpmn().start().user_task(task).undone_by(undo).user_task("b").throw("undo", compensation()).end()


def test_what_can_be_undone_needs_a_mapping(migrated: Migrate):
    instance = start(undoable("a", "u")).complete("a")
    with pytest.raises(InstanceRefused, match="compensation handler 'u'. There is no migration instruction"):
        migrated(instance, undoable("a", "u"), {"b": "b"})


def test_what_was_completed_is_undone_by_the_new_handler(migrated: Migrate):
    instance = start(undoable("a", "u")).complete("a")
    migrated(instance, undoable("c", "v"), {"b": "b", "a_undone": "c_undone"})
    assert instance.waits_for == ["COMPENSATION v"]
    assert "v" in instance.complete("b").tree


def test_compensation_moves_with_scopes_that_come_and_go(migrated: Migrate):
    def process(scope: str) -> ProcessBuilder:
        builder = bpmn().start().sub_process(scope).start("s").user_task("a").undone_by("u").user_task("b")
        return builder.throw("undo", compensation()).end("e").up().end()

    instance = start(process("one")).complete("a")
    migrated(instance, process("two"), {"b": "b", "a_undone": "a_undone"})
    assert instance.tree == [{"two": ["b"]}]
    assert "u" in str(instance.complete("b").tree)


@pytest.mark.parametrize("times", [0, 2])
def test_iterations_are_undone_one_by_one(migrated: Migrate, times: int):
    def process(task: str, undo: str, times: int) -> ProcessBuilder:
        builder = bpmn().start().user_task(task, loop=loop(times) if times else None).undone_by(undo)
        return builder.user_task("b").throw("undo", compensation()).end()

    instance = start(process("a", "u", 2)).complete("a", "a")
    migrated(instance, process("c", "v", times), {"b": "b", "a_undone": "c_undone"})
    handlers = ["COMPENSATION v", "COMPENSATION v"]
    assert sorted(instance.waits_for) == sorted([*handlers, *["COMPENSATION c#multiInstanceBody"][: times // 2]])
    assert instance.history("c") == ["COMPLETED", "COMPLETED"]
    inside = [{"c#multiInstanceBody": ["v", "v"]}] if times else ["v", "v"]
    assert sorted(map(str, instance.complete("b").tree)) == sorted(map(str, ["undo", *inside]))
    assert instance.complete("v", "v").ended == "COMPLETED"


def test_compensation_without_a_place_is_refused(migrated: Migrate):
    source = undoable("a", "u")
    target = (
        bpmn().start().user_task("b").sub_process("sub").start("s").user_task("a").undone_by("u").end("e").up().end()
    )
    with pytest.raises(InstanceRefused, match="in flow scope 'sub', where nothing of the process instance is active"):
        migrated(start(source).complete("a"), target, {"b": "b", "a_undone": "a_undone"})
