"""Migration with Zeebe's rules: all that is active is mapped, to the same type in the same scope."""

from __future__ import annotations

import pytest

from tests.support.events import compensation, condition, loop, message, signal, timer
from tests.support.processes import ProcessBuilder, Running, bpmn, start
from tests.workflow.migration.conftest import TARGET, Migrate
from workflow.engine.errors import Conflict, EngineError, Rejected
from workflow.graph import Semantics
from workflow.migration import MappingsRefused, MigrationOptions, StateRefused


def zeebe(process_id: str = "process") -> ProcessBuilder:
    return bpmn(process_id, Semantics.ZEEBE)


def one_task(task: str = "a", process_id: str = "process") -> ProcessBuilder:
    return zeebe(process_id).start().user_task(task).end()


def problems(refused: pytest.ExceptionInfo[EngineError]) -> list[str]:
    assert isinstance(refused.value, MappingsRefused | StateRefused)
    return [problem.message for problem in refused.value.problems]


def test_an_instance_goes_on_in_the_target(migrated: Migrate):
    # given
    instance = start(one_task("a"))
    # when
    migrated(instance, zeebe("next").start().user_task("b").user_task("c").end(), {"a": "b"})
    # then
    assert instance.tree == ["b"]
    state = instance.state
    assert (state.process.id, state.definition_key, state.version, state.is_migrated) == ("next", TARGET, 7, True)
    assert state.root.element is state.process.root
    assert instance.complete("b").tree == ["c"]


def test_jobs_tasks_and_incidents_move_with_their_element(migrated: Migrate):
    instance = start(zeebe().start().service_task("a", type="first").end())
    instance.engine.raise_incident(
        instance.open("a"), "JOB_NO_RETRIES", "printer on fire", next(iter(instance.state.jobs))
    )
    migrated(instance, zeebe().start().service_task("b", type="second").end(), {"a": "b"})
    assert instance.jobs == ["EXTERNAL b"]
    assert [row.type for row in instance.state.jobs.values()] == ["first"]
    assert instance.incidents == [("b", "JOB_NO_RETRIES")]


def test_variables_are_kept(migrated: Migrate):
    instance = start(one_task(), x=1)
    instance.set("a", y=2)
    migrated(instance, one_task("b"), {"a": "b"})
    assert (instance.variables, instance.local_variables("b")) == ({"x": 1}, {"y": 2})


def test_scopes_are_mapped_with_what_is_in_them(migrated: Migrate):
    def process(scope: str, task: str) -> ProcessBuilder:
        return zeebe().start().sub_process(scope).start("s").user_task(task).end("e").up().end()

    instance = migrated(start(process("one", "a")), process("two", "b"), {"one": "two", "a": "b"})
    assert instance.tree == [{"two": ["b"]}]
    assert instance.complete("b").ended == "COMPLETED"


def test_one_mapping_is_for_a_multi_instance_body_and_its_iterations(migrated: Migrate):
    def process(task: str, sequential: bool = False) -> ProcessBuilder:
        return zeebe().start().user_task(task, loop=loop(2, sequential=sequential)).user_task("after").end()

    instance = migrated(start(process("a")), process("b"), {"a": "b"})
    assert instance.tree == [{"b#multiInstanceBody": ["b", "b"]}]
    assert instance.complete("b", "b").tree == ["after"]
    with pytest.raises(Conflict, match="either sequential or parallel loop characteristics"):
        migrated(start(process("a")), process("b", sequential=True), {"a": "b"})


def test_everything_that_is_wrong_is_told_at_once(migrated: Migrate):
    # given
    source = zeebe().start().parallel("fork").user_task("a").end("e1").after("fork").service_task("b").end("e2")
    target = zeebe().start().sub_process("sub").start("s").user_task("a").end("e").up().end()
    # when
    with pytest.raises(MappingsRefused) as refused:
        migrated(start(source), target, {"a": "a", "nobody": "a", "fork": "nowhere"})
    # then
    found = problems(refused)
    assert len(found) == 4
    for text in (
        "non-existing source element id 'nobody'",
        "non-existing target element id 'nowhere'",
        "flow scope of active element with id 'a' is changed",
        "is expected to be 'process' but was 'sub'",
        "no mapping instruction defined for active element with id 'b'",
    ):
        assert any(text in each for each in found)
    assert all(each in refused.value.message for each in found)


@pytest.mark.parametrize(
    ("target", "mappings", "message_part"),
    [
        (one_task("a"), {}, "no mapping instruction"),
        (zeebe().start().service_task("a").end(), {"a": "a"}, "different type 'SERVICE_TASK'"),
        (zeebe().start().user_task("a", loop=loop(1)).end(), {"a": "a"}, "different type 'MULTI_INSTANCE_BODY'"),
    ],
)
def test_an_element_needs_one_of_its_own_type(migrated: Migrate, target, mappings, message_part):
    instance = start(one_task("a"))
    with pytest.raises(StateRefused, match=message_part):
        migrated(instance, target, mappings)
    assert (instance.tree, instance.state.definition_key) == (["a"], 1)


def test_semantics_are_never_mixed(migrated: Migrate):
    with pytest.raises(Rejected, match="never mixed"):
        migrated(start(one_task()), bpmn().start().user_task("a").end(), {"a": "a"})


def test_a_plan_for_another_revision_is_refused(migrated: Migrate):
    with pytest.raises(Conflict, match="revision 5"):
        migrated(start(one_task()), one_task(), {"a": "a"}, options=MigrationOptions(expected_revision=5))


# ---- events


def with_boundary(task: str, event: str | None, name: str = "m", key: str = "x", **more: object) -> ProcessBuilder:
    builder = zeebe().start().user_task(task).end()
    if event is None:
        return builder
    return builder.boundary(event, message(name, key), on=task, **more).user_task("late").end("e2")


def correlation_keys(instance: Running) -> list[tuple[str, str | None]]:
    rows = instance.state.subscriptions.values()
    return [(row.element_id, row.correlation_key) for row in rows if row.state == "CREATED"]


def test_a_mapped_event_keeps_what_it_waits_for(migrated: Migrate):
    instance = start(with_boundary("a", "one", key="x"), x="first", y="second")
    migrated(instance, with_boundary("b", "two", key="y", interrupting=False), {"a": "b", "one": "two"})
    assert correlation_keys(instance) == [("two", "first")]
    assert instance.message("m", "first").tree == ["b", "late"]


def test_an_event_that_is_not_mapped_is_closed(migrated: Migrate):
    instance = migrated(start(with_boundary("a", "one"), x="1"), with_boundary("b", None), {"a": "b"})
    assert instance.waits_for == []


def test_an_event_that_the_target_adds_is_opened(migrated: Migrate):
    instance = migrated(start(with_boundary("a", None), x="1"), with_boundary("b", "two"), {"a": "b"})
    assert correlation_keys(instance) == [("two", "1")]
    assert instance.message("m", "1").tree == ["late"]


def test_an_event_that_cannot_be_opened_refuses_the_migration(migrated: Migrate):
    with pytest.raises(StateRefused, match="must be subscribed to a catch event.*correlation key"):
        migrated(start(with_boundary("a", None)), with_boundary("b", "two"), {"a": "b"})


def test_the_same_message_needs_a_mapping(migrated: Migrate):
    with pytest.raises(StateRefused, match="provide a mapping instruction to message catch event with id 'two'"):
        migrated(start(with_boundary("a", "one"), x="1"), with_boundary("b", "two"), {"a": "b"})


def test_a_mapped_timer_keeps_its_due_date(migrated: Migrate):
    def process(event: str, time: str) -> ProcessBuilder:
        return zeebe().start().user_task("a").end().boundary(event, timer(time), on="a").end("late")

    instance = start(process("one", "PT1H"))
    [due] = [row.due_at for row in instance.state.jobs.values()]
    migrated(instance, process("two", "PT5H"), {"a": "a", "one": "two"})
    assert instance.jobs == ["TIMER two"]
    assert [row.due_at for row in instance.state.jobs.values()] == [due]
    assert instance.fire("two").ended == "COMPLETED"


def test_an_event_stays_at_its_element(migrated: Migrate):
    def process(host: str) -> ProcessBuilder:
        builder = zeebe().start().parallel("fork").user_task("a").end("e1").after("fork").user_task("b").end("e2")
        return builder.boundary("event", signal("s"), on=host).end("e3")

    with pytest.raises(StateRefused, match="detach the catch event"):
        migrated(start(process("a")), process("b"), {"a": "a", "b": "b", "event": "event"})


def test_two_events_do_not_become_one(migrated: Migrate):
    def process(*events: str) -> ProcessBuilder:
        builder = zeebe().start().user_task("a").end()
        for each in events:
            builder.boundary(each, signal(each), on="a").end(f"after_{each}")
        return builder

    with pytest.raises(StateRefused, match="multiple mapping instructions that target this catch event: 'one', 'two'"):
        migrated(start(process("one", "two")), process("goal"), {"a": "a", "one": "goal", "two": "goal"})


def test_an_event_keeps_its_kind(migrated: Migrate):
    source = zeebe().start().user_task("a").end().boundary("event", signal("s"), on="a").end("e2")
    target = zeebe().start().user_task("a").end().boundary("event", timer("PT1H"), on="a").end("e2")
    with pytest.raises(StateRefused, match="different event types: 'SIGNAL' and 'TIMER'"):
        migrated(start(source), target, {"a": "a", "event": "event"})


def test_events_behind_an_event_based_gateway(migrated: Migrate):
    def process(gateway: str, first: str, second: str) -> ProcessBuilder:
        builder = zeebe().start().event_gateway(gateway).catch(first, signal("one")).user_task("t1").end("e1")
        return builder.after(gateway).catch(second, signal("two")).user_task("t2").end("e2")

    instance = migrated(start(process("g", "a", "b")), process("h", "c", "d"), {"g": "h", "a": "c"})
    assert instance.waits_for == ["SIGNAL c", "SIGNAL d"]
    assert instance.signal("two").tree == ["t2"]


def test_event_sub_processes_of_the_process_itself(migrated: Migrate):
    def process(*events: str, interrupting: bool = True) -> ProcessBuilder:
        builder = zeebe().start().user_task("a").end()
        for each in events:
            builder.event_sub_process(each, signal(each), interrupting=interrupting).user_task(f"in_{each}").up()
        return builder

    instance = start(process("kept", "gone"))
    mapped = {"a": "a", "kept_start": "new_start"}
    migrated(instance, process("new", "added"), mapped)
    assert instance.waits_for == ["SIGNAL new_start", "SIGNAL added_start"]
    assert [row.name for row in instance.state.subscriptions.values() if row.state == "CREATED"] == ["kept", "added"]
    assert instance.signal("kept").tree == [{"new": ["in_new"]}]


def test_a_scope_that_an_event_sub_process_has_taken_over_waits_for_nothing_new(migrated: Migrate):
    def process(*events: str) -> ProcessBuilder:
        builder = zeebe().start().user_task("a").end()
        for each in events:
            builder.event_sub_process(each, signal(each)).user_task(f"in_{each}").up()
        return builder

    instance = start(process("one")).signal("one")
    migrated(instance, process("one", "two"), {"one": "one", "in_one": "in_one"})
    assert (instance.tree, instance.waits_for) == ([{"one": ["in_one"]}], [])


def test_an_unsupported_element_is_named(migrated: Migrate):
    source = zeebe().start().throw("a", message("m"), work="job").end()
    with pytest.raises(StateRefused, match="'a' has an unsupported type. The migration of a INTERMEDIATE_THROW_EVENT"):
        migrated(start(source), source, {"a": "a"})


def test_a_called_process_stays_with_its_caller(migrated: Migrate):
    child = bpmn("child", Semantics.ZEEBE).start().user_task("c").end()
    instance = start(zeebe().start().call("one", "child").end(), child)
    migrated(instance, zeebe().start().call("two", "child").user_task("after").end(), {"one": "two"})
    assert instance.tree == ["two"]
    instance.called().complete("c")
    assert instance.tree == ["after"]


# ---- tokens at joins


def fork(
    join: str, *, tasks: tuple[str, ...] = ("a", "b"), flows: str = "to_", inclusive: bool = False
) -> ProcessBuilder:
    builder = zeebe().start().parallel("fork")
    for each in tasks:
        builder.after("fork").user_task(each)
    builder.apart()
    (builder.inclusive if inclusive else builder.parallel)(join)
    for number, each in enumerate(tasks, 1):
        builder.flow(each, join, id=f"{flows}{number}")
    return builder.user_task("after").end()


def test_tokens_that_wait_at_a_join_wait_at_the_new_one(migrated: Migrate):
    instance = start(fork("join")).complete("a")
    migrated(instance, fork("meet"), {"b": "b", "join": "meet"})
    assert instance.tree == ["b"]
    assert instance.complete("b").tree == ["after"]


def test_a_taken_flow_may_be_mapped_to_another_id(migrated: Migrate):
    instance = start(fork("join")).complete("a")
    migrated(instance, fork("join", flows="new_"), {"b": "b", "join": "join", "to_1": "new_1"})
    waiting = {place[1]: count.waiting for place, count in instance.state.flows.items() if count.waiting}
    assert waiting == {"new_1": 1}
    assert instance.complete("b").tree == ["after"]


def test_taken_flows_may_change_places(migrated: Migrate):
    instance = start(fork("join", tasks=("a", "b", "c"))).complete("a", "b")
    migrated(instance, fork("join", tasks=("a", "b", "c")), {"c": "c", "join": "join", "to_1": "to_2", "to_2": "to_1"})
    assert instance.complete("c").tree == ["after"]


@pytest.mark.parametrize(
    ("target", "mappings", "message_part"),
    [
        (fork("join"), {}, "gateway 'join' has at least one incoming sequence flow taken"),
        (fork("join", inclusive=True), {"join": "join"}, "different type 'INCLUSIVE_GATEWAY'"),
        (
            fork("join", tasks=("a", "b", "c"), flows="new_"),
            {"join": "join"},
            "'join' has a taken incoming sequence flow mismatch",
        ),
        (
            fork("join", tasks=("a", "b", "c"), flows="new_"),
            {"join": "join", "to_1": "new_1", "to_2": "new_1"},
            "one and the same",
        ),
        (fork("join", tasks=("a", "c")), {"join": "join"}, "less incoming sequence flows than the source gateway"),
    ],
)
def test_a_join_that_does_not_fit_is_refused(migrated: Migrate, target, mappings, message_part):
    instance = start(fork("join", tasks=("a", "b", "c"))).complete("a", "b")
    with pytest.raises(MappingsRefused, match=message_part):
        migrated(instance, target, {"c": "c", **mappings})


# ---- what can be undone


def test_what_was_completed_is_undone_by_the_new_handler(migrated: Migrate):
    def process(task: str, undo: str, then: str) -> ProcessBuilder:
        builder = zeebe().start().user_task(task).undone_by(undo).user_task(then)
        return builder.throw("undo", compensation()).end()

    instance = start(process("a", "undo_a", "b")).complete("a")
    migrated(instance, process("c", "undo_c", "d"), {"b": "d", "a_undone": "c_undone"})
    assert instance.waits_for == ["COMPENSATION undo_c"]
    assert "undo_c" in instance.complete("d").tree


def test_what_is_not_mapped_is_not_undone(migrated: Migrate):
    instance = start(zeebe().start().user_task("a").undone_by("u").user_task("b").end()).complete("a")
    migrated(instance, zeebe().start().user_task("a").undone_by("u").user_task("b").end(), {"b": "b"})
    assert instance.waits_for == []


def inside(scope: str, task: str, *, deeper: bool = False) -> ProcessBuilder:
    builder = zeebe().start().sub_process(scope).start(f"s_{scope}")
    if deeper:
        builder.sub_process("deep").start("s_deep")
    builder.user_task(task).undone_by(f"undo_{task}").end(f"e_{task}")
    if deeper:
        builder.up().end("e_deep")
    return builder.up().user_task("b").throw("undo", compensation()).end()


def test_a_completed_scope_moves_with_what_can_be_undone_in_it(migrated: Migrate):
    instance = start(inside("one", "a")).complete("a")
    migrated(instance, inside("two", "c"), {"b": "b", "a_undone": "c_undone"})
    assert sorted(instance.waits_for) == ["COMPENSATION two", "COMPENSATION undo_c"]
    assert instance.complete("b").tree == [{"two": ["undo_c"]}, "undo"]


def test_compensation_does_not_change_its_level(migrated: Migrate):
    instance = start(inside("one", "a")).complete("a")
    with pytest.raises(StateRefused, match="Flow scope 'one' is not in the same level as 'deep'"):
        migrated(instance, inside("two", "c", deeper=True), {"b": "b", "a_undone": "c_undone"})


def test_conditions_wait_on(migrated: Migrate):
    def process(event: str) -> ProcessBuilder:
        return zeebe().start().catch(event, condition("x > 1")).user_task("t").end()

    instance = migrated(start(process("a"), x=0), process("b"), {"a": "b"})
    assert instance.waits_for == ["CONDITIONAL b"]
    assert instance.set(x=2).tree == ["t"]


def test_an_ad_hoc_sub_process_moves_with_its_inner_instances(migrated: Migrate):
    def process(scope: str, task: str) -> ProcessBuilder:
        builder = zeebe().start().ad_hoc(scope, active='["a", "b"]').user_task(task).apart().user_task(f"more_{task}")
        return builder.up().user_task("after").end()

    source = zeebe().start().ad_hoc("one", active='["a"]').user_task("a").up().user_task("after").end()
    instance = migrated(start(source), process("two", "b"), {"one": "two", "a": "b"})
    assert instance.tree == [{"two": [{"two#innerInstance": ["b"]}]}]
    assert instance.complete("b").tree == ["after"]
