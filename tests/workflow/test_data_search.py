"""Values of variables become searchable with the command that writes them, and keywords of user tasks follow them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import ModelProblems, Rejected
from workflow.engine.values import TypedValue
from workflow.graph import DataPath, DataType, Semantics
from workflow.models import (
    ProcessDataPath,
    ProcessDataValue,
    ProcessDefinition,
    Reindexing,
    TaskKeywords,
    UserTask,
    Variable,
)
from workflow.persistence import data_paths

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("semantics", Semantics)


def one_task(semantics: Semantics = Semantics.ZEEBE) -> ProcessDefinition:
    return deploy(model("order", semantics, "<startEvent id='start'/><userTask id='approve'/><endEvent id='end'/>"))


def configure(definition: ProcessDefinition, *paths: DataPath) -> Reindexing | None:
    return services.configure_data_paths(definition.workspace_id, definition.process_id, paths)


def reindex() -> None:
    for run in services.waiting_reindexings():
        while services.reindex_some(run, size=2):
            pass


def values(key: int, column: str = "text") -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    rows = ProcessDataValue.objects.filter(process_instance_key=key).order_by("path", "position")
    for path, value in rows.values_list("path", column):
        found.setdefault(path, []).append(value)
    return found


def keywords(key: int) -> list[dict[str, str]]:
    return list(TaskKeywords.objects.filter(process_instance_key=key).order_by("pk").values_list("values", flat=True))


NAME = DataPath("customer.name", is_keyword=True)


@BOTH
def test_values_are_found_as_soon_as_they_are_written(semantics):
    definition = one_task(semantics)
    configure(
        definition,
        NAME,
        DataPath("amount", DataType.NUMBER),
        DataPath("due", DataType.DATE),
        DataPath("express", DataType.BOOLEAN),
        DataPath("items.sku"),
    )
    key = services.start_process_instance(
        definition.key,
        variables={
            "customer": {"name": "Jane Smith"},
            "amount": 2**53 + 1,
            "due": "2026-03-02",
            "express": True,
            "items": [{"sku": "A"}, {"sku": "B"}, {"other": 1}],
        },
    ).process_instance_key
    assert values(key)["customer.name"] == ["Jane Smith"]
    assert values(key)["items.sku"] == ["A", "B"]
    assert values(key, "number")["amount"] == [Decimal(2**53 + 1)]
    assert values(key, "date")["due"] == [datetime(2026, 3, 2, tzinfo=UTC)]
    assert values(key, "boolean")["express"] == [True]


@BOTH
def test_an_edit_and_a_deletion_are_followed(semantics):
    definition = one_task(semantics)
    configure(definition, NAME, DataPath("items.sku"))
    given = {"customer": {"name": "Jane"}, "items": [{"sku": "A"}, {"sku": "B"}]}
    key = services.start_process_instance(definition.key, variables=given).process_instance_key
    services.set_variables(key, {"customer": {"name": "Joan"}, "items": [{"sku": "C"}]})
    assert values(key) == {"customer.name": ["Joan"], "items.sku": ["C"]}
    services.set_variables(key, {}, delete=["customer"], local=True)
    assert values(key) == {"items.sku": ["C"]}


def test_what_is_not_of_the_type_is_not_found():
    definition = one_task()
    configure(definition, DataPath("amount", DataType.NUMBER), DataPath("due", DataType.DATE))
    given = {"amount": "a lot", "due": "soon"}
    key = services.start_process_instance(definition.key, variables=given).process_instance_key
    assert values(key) == {}
    services.set_variables(key, {"amount": "12.50"})
    assert values(key, "number") == {"amount": [Decimal("12.50")]}


def test_long_texts_are_cut_and_huge_numbers_left_out():
    definition = one_task()
    configure(definition, DataPath("text"), DataPath("number", DataType.NUMBER))
    given = {"text": "漢" * 10_000, "number": 10**150}
    key = services.start_process_instance(definition.key, variables=given).process_instance_key
    assert values(key) == {"text": ["漢" * 500]}


def test_variables_of_inner_scopes_are_not_those_of_the_instance():
    definition = one_task()
    configure(definition, NAME)
    key = services.start_process_instance(definition.key).process_instance_key
    task = UserTask.objects.get(process_instance=key)
    services.set_variables(task.element_instance_key, {"customer": {"name": "Jane"}}, local=True)
    assert values(key) == {}
    assert keywords(key) == [{"customer.name": "Jane"}]


@BOTH
def test_keywords_of_tasks_follow_the_variables_that_they_see(semantics):
    definition = one_task(semantics)
    configure(definition, NAME)
    key = services.start_process_instance(definition.key, variables={"customer": {"name": "Jane"}}).process_instance_key
    assert keywords(key) == [{"customer.name": "Jane"}]
    services.set_variables(key, {"customer": {"name": "Joan"}})
    assert keywords(key) == [{"customer.name": "Joan"}]
    services.set_variables(key, {}, delete=["customer"], local=True)
    assert keywords(key) == [{}]


def test_keywords_follow_in_branches_that_the_command_did_not_load():
    fork = "<startEvent id='start'/><parallelGateway id='fork'/><userTask id='one'/><userTask id='two'/>"
    xml = model("order", Semantics.CAMUNDA_7, fork).replace(
        "sourceRef='one' targetRef='two'", "sourceRef='fork' targetRef='two'"
    )
    definition = deploy(xml)
    configure(definition, NAME)
    given = {"customer": {"name": "Jane"}}
    key = services.start_process_instance(definition.key, variables=given).process_instance_key
    one = UserTask.objects.get(element_id="one")
    services.complete_user_task(one.key, variables={"customer": {"name": "Joan"}})
    found = {row.user_task.element_id: row for row in TaskKeywords.objects.filter(process_instance_key=key)}
    assert found["two"].values == {"customer.name": "Joan"}
    assert (found["one"].values, found["one"].is_open) == ({"customer.name": "Jane"}, False)


def test_a_refused_command_and_a_dry_run_change_nothing():
    definition = one_task()
    configure(definition, NAME)
    key = services.start_process_instance(definition.key, variables={"customer": {"name": "Jane"}}).process_instance_key
    services.set_variables(key, {"customer": {"name": "Joan"}}, context=services.Context(dry_run=True))
    assert values(key) == {"customer.name": ["Jane"]}
    assert keywords(key) == [{"customer.name": "Jane"}]


@BOTH
def test_reindexing_finds_what_was_there_before(semantics):
    definition = one_task(semantics)
    given = [{"customer": {"name": name}} for name in ("Ann", "Bob", "Cem")]
    keys = [services.start_process_instance(definition.key, variables=each).process_instance_key for each in given]
    services.cancel_process_instance(keys[0])
    run = configure(definition, NAME)
    assert [values(key) for key in keys] == [{}, {}, {}]
    reindex()
    run.refresh_from_db()
    assert (run.done, run.total, run.ended_at is not None) == (3, 3, True)
    assert [values(key) for key in keys] == [{"customer.name": [name]} for name in ("Ann", "Bob", "Cem")]
    assert [keywords(key) for key in keys] == [[], [{"customer.name": "Bob"}], [{"customer.name": "Cem"}]]
    configure(definition)
    reindex()
    assert [values(key) for key in keys] == [{}, {}, {}]
    assert [keywords(key) for key in keys] == [[], [], []]


def test_a_migrated_instance_is_found_as_its_new_process_wants_it():
    old = one_task(Semantics.CAMUNDA_7)
    new = deploy(model("invoice", Semantics.CAMUNDA_7, "<startEvent id='start'/><userTask id='approve'/>"))
    configure(old, NAME)
    configure(new, DataPath("amount", DataType.NUMBER))
    given = {"customer": {"name": "Jane"}, "amount": 5}
    key = services.start_process_instance(old.key, variables=given).process_instance_key
    plan = services.generate_migration_plan(old.key, new.key)
    services.migrate_process_instance(key, plan)
    assert values(key, "number") == {"amount": [5]}
    assert set(ProcessDataValue.objects.values_list("process_id", flat=True)) == {"invoice"}


DECLARED = {
    Semantics.CAMUNDA_7: "<camunda:properties><camunda:property name='{}' value='{}'/></camunda:properties>",
    Semantics.ZEEBE: "<zeebe:properties><zeebe:property name='{}' value='{}'/></zeebe:properties>",
}


def declaring(semantics: Semantics, value: str) -> str:
    xml = model("order", semantics, "<startEvent id='start'/><userTask id='approve'/>")
    declared = DECLARED[semantics].format("fettle.searchable", value)
    return xml.replace("<startEvent", f"<extensionElements>{declared}</extensionElements><startEvent", 1)


@BOTH
def test_a_model_may_declare_what_is_searchable_and_people_overrule_it(semantics):
    definition = deploy(declaring(semantics, "customer.name, amount: number"))
    assert dict(ProcessDataPath.objects.values_list("path", "type")) == {"customer.name": "TEXT", "amount": "NUMBER"}
    configure(definition, DataPath("amount", DataType.TEXT))
    deploy(declaring(semantics, "customer.name, amount: number") + "<!-- again -->")
    assert dict(ProcessDataPath.objects.values_list("path", "type")) == {"customer.name": "TEXT", "amount": "TEXT"}


@BOTH
def test_a_wrong_declaration_is_a_problem_of_the_model(semantics):
    with pytest.raises(ModelProblems, match="one of text, number, date, boolean"):
        deploy(declaring(semantics, "amount: money"))


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([DataPath("")], "separated by dots"),
        ([DataPath("a..b")], "separated by dots"),
        ([DataPath("a:b")], "without"),
        ([DataPath("a"), DataPath("a")], "twice"),
        ([DataPath("a", is_searchable=False)], "neither"),
    ],
)
def test_wrong_paths_are_refused(paths, message):
    with pytest.raises(Rejected, match=message):
        configure(one_task(), *paths)


def test_the_configuration_is_read_again_when_it_is_old(monkeypatch):
    definition = one_task()
    ProcessDataPath.objects.create(workspace_id=definition.workspace_id, process_id="order", path="a")
    key = services.start_process_instance(definition.key, variables={"a": "x"}).process_instance_key
    assert values(key) == {}  # another server process has configured it a moment ago
    monkeypatch.setattr(data_paths, "MAX_AGE", -1.0)
    services.set_variables(key, {"a": "y"})
    assert values(key) == {"a": ["y"]}


def test_the_type_of_a_variable_does_not_matter():
    definition = one_task(Semantics.CAMUNDA_7)
    configure(definition, DataPath("order.id"))
    given = {"order": TypedValue('{"id": "A-1"}', "Json")}
    key = services.start_process_instance(definition.key, variables=given).process_instance_key
    assert Variable.objects.get(scope_key=key, name="order").type == "Json"
    assert values(key) == {"order.id": ["A-1"]}
