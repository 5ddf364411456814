"""Process instances found by conditions on their data, and user tasks by their keywords."""

from __future__ import annotations

import pytest

from operate.search import Condition, Operator, conditions_text, narrow, parse_condition, parse_conditions, with_words
from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Rejected
from workflow.graph import DataPath, DataType, Semantics
from workflow.models import ProcessInstance, UserTask

PATHS = (
    DataPath("customer.name", is_keyword=True),
    DataPath("amount", DataType.NUMBER),
    DataPath("due", DataType.DATE),
    DataPath("express", DataType.BOOLEAN),
    DataPath("tags", is_keyword=True),
)
GIVEN = {
    "Smith": {"amount": 100, "due": "2026-03-01", "express": True, "tags": ["new", "vip"]},
    "Smithers": {"amount": 250.5, "due": "2026-03-02T10:00:00Z", "express": False, "tags": ["old"]},
    "O'Hara 50%": {"amount": 2**53 + 1},
    "": {"other": 1},
}


@pytest.fixture
def instances(db: None) -> dict[int, str]:
    """Process instances by key, with the customer's name."""
    definition = deploy(model("order", Semantics.ZEEBE, "<startEvent id='start'/><userTask id='approve'/>"))
    services.configure_data_paths(definition.workspace_id, "order", PATHS)
    found = {}
    for name, more in GIVEN.items():
        variables = {**more, "customer": {"name": name}} if name else more
        found[services.start_process_instance(definition.key, variables=variables).process_instance_key] = name
    return found


def names(instances: dict[int, str], *texts: str) -> list[str]:
    rows = narrow(ProcessInstance.objects.all(), parse_conditions(texts))
    return [instances[row.key] for row in rows.order_by("key")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.name:Smith", ["Smith"]),
        ("customer.name:eq:Smith", ["Smith"]),
        ("customer.name:neq:Smith", ["Smithers", "O'Hara 50%"]),
        ("customer.name:like:SMITH", ["Smith", "Smithers"]),
        ("customer.name:contains:it*rs", ["Smithers"]),
        ("customer.name:like:50%", ["O'Hara 50%"]),
        ("customer.name:like:_mith", []),
        ("customer.name:in:Smith,Smithers,Nobody", ["Smith", "Smithers"]),
        ("customer.name:exists:true", ["Smith", "Smithers", "O'Hara 50%"]),
        ("customer.name:exists:false", [""]),
        ("amount:gt:100", ["Smithers", "O'Hara 50%"]),
        ("amount:gte:100", ["Smith", "Smithers", "O'Hara 50%"]),
        ("amount:lt:250.5", ["Smith"]),
        ("amount:lte:250.50", ["Smith", "Smithers"]),
        ("amount:between:100,251", ["Smith", "Smithers"]),
        ("amount:9007199254740993", ["O'Hara 50%"]),
        ("amount:9007199254740992", []),
        ("due:eq:2026-03-01", ["Smith"]),
        ("due:gt:2026-03-01", ["Smithers"]),
        ("due:between:2026-03-01,2026-03-02T12:00:00+02:00", ["Smith", "Smithers"]),
        ("express:true", ["Smith"]),
        ("express:neq:true", ["Smithers"]),
        ("tags:vip", ["Smith"]),
        ("tags:neq:vip", ["Smithers"]),
    ],
)
def test_operators(instances, text, expected):
    assert names(instances, text) == expected


def test_all_conditions_have_to_hold(instances):
    assert names(instances, "customer.name:like:smith", "express:true") == ["Smith"]


def test_rows_that_belong_to_instances_are_narrowed_too(instances):
    rows = narrow(UserTask.objects.all(), parse_conditions(["customer.name:Smith"]))
    assert [instances[row.process_instance_key] for row in rows] == ["Smith"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "Expected a condition"),
        ("a..b:1", "separated by dots"),
        ("amount:between:1", "two values"),
        ("amount:gt:", "a value"),
        ("amount:exists:perhaps", "true or false"),
        ("amount:gt:much", "compared with a number"),
        ("amount:like:1", "compared with a number"),
        ("express:gt:true", "compared with a boolean"),
        ("secret:1", "is configured for no process"),
    ],
)
def test_what_cannot_be_meant_is_refused(instances, text, message):
    with pytest.raises(Rejected, match=message):
        names(instances, text)


def test_a_condition_is_written_as_it_is_read():
    condition = parse_condition("amount:between: 1 , 2")
    assert condition == Condition("amount", Operator.BETWEEN, ("1", "2"))
    assert conditions_text([condition]) == ["amount:between:1,2"]
    assert parse_conditions(["", " "]) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smith", ["Smith", "Smithers"]),
        ("SMITH vip", ["Smith"]),
        ("hara", ["O'Hara 50%"]),
        ("o'h", ["O'Hara 50%"]),
        ("nobody", []),
        ("smith & | ! ( :*", ["Smith", "Smithers"]),
        ("\\ ' ''", ["Smith", "Smithers", "O'Hara 50%", ""]),
        ("", ["Smith", "Smithers", "O'Hara 50%", ""]),
    ],
)
def test_tasks_are_found_by_the_words_of_their_keywords(instances, text, expected):
    rows = with_words(UserTask.objects.all(), text)
    assert [instances[row.process_instance_key] for row in rows.order_by("key")] == expected
