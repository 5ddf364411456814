"""Plans that are made from what two processes have in common."""

from __future__ import annotations

import pytest

from tests.support.events import Made, compensation, condition, error, loop, signal, timer
from tests.support.processes import ProcessBuilder, bpmn
from workflow.graph import Semantics
from workflow.migration import Mapping, MigrationPlan, generate_mappings, plan_problems


def rich(semantics: Semantics, scope: str = "sub") -> ProcessBuilder:
    builder = bpmn("p", semantics).start().user_task("a").sub_process(scope).start("s").user_task("b").end("e").up()
    builder.service_task("c", loop=loop(2)).exclusive("x").end()
    builder.boundary("late", timer("PT1H"), on="a").end("e2")
    builder.boundary("failed", error("E"), on="a").end("e3")
    return builder.event_sub_process("esp", signal("s")).user_task("d").up()


def generated(source: ProcessBuilder, target: ProcessBuilder, *, update: bool = False) -> list[Mapping]:
    return list(generate_mappings(source.build(), target.build(), update_event_triggers=update))


def test_camunda_7_maps_what_can_be_active_and_what_waits():
    found = generated(rich(Semantics.CAMUNDA_7), rich(Semantics.CAMUNDA_7))
    assert sorted(each.source_id for each in found) == [
        *("a", "b", "c", "c#multiInstanceBody", "d", "esp", "esp_start", "late", "sub")
    ]
    assert all(each.source_id == each.target_id and not each.update_event_trigger for each in found)


def test_zeebe_maps_activities_once_and_all_events():
    found = generated(rich(Semantics.ZEEBE), rich(Semantics.ZEEBE))
    assert sorted(each.source_id for each in found) == [
        *("a", "b", "c", "d", "esp", "esp_start", "failed", "late", "sub", "x")
    ]


@pytest.mark.parametrize("semantics", Semantics)
def test_what_is_in_another_scope_is_not_the_same(semantics: Semantics):
    found = {each.source_id for each in generated(rich(semantics), rich(semantics, "other"))}
    assert not found & {"sub", "b"}
    assert "a" in found


@pytest.mark.parametrize("semantics", Semantics)
def test_what_is_of_another_kind_is_not_the_same(semantics: Semantics):
    one = bpmn("p", semantics).start().user_task("a").user_task("b").end()
    other = bpmn("p", semantics).start().service_task("a").user_task("b").end()
    assert [each.source_id for each in generated(one, other)] == ["b"]


def test_event_triggers_are_updated_on_demand_and_those_of_conditions_always():
    builder = bpmn().start().user_task("a").end().boundary("when", condition("x > 1"), on="a").end("e1")
    builder.boundary("late", timer("PT1H"), on="a").end("e2")
    updated = {each.source_id for each in generated(builder, builder) if each.update_event_trigger}
    assert updated == {"when"}
    updated = {each.source_id for each in generated(builder, builder, update=True) if each.update_event_trigger}
    assert updated == {"when", "late"}


@pytest.mark.parametrize("scope", ["sub", "other"])
def test_a_generated_plan_is_valid(scope: str):
    source, target = rich(Semantics.CAMUNDA_7), rich(Semantics.CAMUNDA_7, scope)
    plan = MigrationPlan(2, tuple(generated(source, target)), 1)
    assert plan_problems(plan, source.build(), target.build()) == []


def with_event_sub_process(event: Made, scope: str = "esp", start: str = "esp_start") -> ProcessBuilder:
    builder = bpmn().start().user_task("a").end().event_sub_process(scope, event).user_task("b").up()
    for node in builder.draft.nodes:
        if node.id == f"{scope}_start":
            node.id = start
    for flow in builder.draft.flows:
        if flow.source_id == f"{scope}_start":
            flow.source_id = start
    return builder


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        (with_event_sub_process(timer("PT1H")), with_event_sub_process(timer("PT1H")), ["a", "b", "esp", "esp_start"]),
        (with_event_sub_process(timer("PT1H")), with_event_sub_process(signal("s")), ["a", "b", "esp"]),
        (with_event_sub_process(error("E")), with_event_sub_process(error("E")), ["a", "b", "esp"]),
        (
            with_event_sub_process(timer("PT1H")),
            with_event_sub_process(timer("PT1H"), "other", "esp_start"),
            ["a", "esp_start"],
        ),
    ],
)
def test_what_starts_an_event_sub_process_is_mapped_by_itself(
    source: ProcessBuilder, target: ProcessBuilder, found: list[str]
):
    assert sorted(each.source_id for each in generated(source, target)) == found


def test_what_undoes_something_is_not_mapped_but_what_ties_it_to_that_is():
    builder = bpmn().start().sub_process("sub").start("s").user_task("a").undone_by("undo_a").end("e")
    builder.event_sub_process("esp", compensation()).user_task("c").up().up().user_task("b").end()
    assert sorted(each.source_id for each in generated(builder, builder)) == [
        *("a", "a_undone", "b", "esp_start", "sub")
    ]
