"""Typed values: what comes in and what goes out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from operate.api.engine_rest.values import date_text, read_date, read_value, typed_value
from workflow.engine.errors import Rejected
from workflow.engine.values import TypedValue


@pytest.mark.parametrize(
    ("value", "type", "stored"),
    [
        (True, "Boolean", True),
        ("false", "Boolean", False),
        (32767, "Short", 32767),
        (-(2**31), "Integer", -(2**31)),
        ("42", "integer", 42),
        (2**63 - 1, "LONG", 2**63 - 1),
        (1, "Double", 1.0),
        ("1.5", "double", 1.5),
        ("text", "string", "text"),
        (5, "String", "5"),
        ("2025-01-02T03:04:05.678+0200", "Date", "2025-01-02T01:04:05.678+0000"),
        ("2025-01-02T03:04:05", "date", "2025-01-02T03:04:05.000+0000"),
        (None, "Null", None),
        (None, "Integer", None),
        ('{"a": [1, null]}', "Json", {"a": [1, None]}),
        ('"text"', "json", "text"),
        ({"a": 1}, "Json", {"a": 1}),
        ("[1]", "Object", [1]),
        ("<a/>", "Xml", "<a/>"),
    ],
)
def test_values_of_each_type(value: Any, type: str, stored: Any) -> None:
    found = read_value({"value": value, "type": type}, "x")
    assert found == TypedValue(stored, type[:1].upper() + type[1:].lower())
    assert isinstance(found, TypedValue)
    assert found.value.__class__ is stored.__class__


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "x", [1], {"a": 1}])
def test_a_value_without_type_is_what_its_json_says(value: Any) -> None:
    assert read_value({"value": value}, "x") == value
    assert read_value({"value": value, "type": None, "valueInfo": None}, "x") == value


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            {"value": "x", "type": "Integer"},
            "Cannot convert value 'x' of type 'Integer' to java type java.lang.Integer",
        ),
        ({"value": 1.5, "type": "Integer"}, "Cannot convert value '1.5'"),
        ({"value": True, "type": "Integer"}, "Cannot convert value 'true'"),
        ({"value": 2**31, "type": "Integer"}, "expected a number from -2147483648 to 2147483647"),
        ({"value": 32768, "type": "Short"}, "java.lang.Short"),
        ({"value": 2**63, "type": "Long"}, "java.lang.Long"),
        ({"value": "9" * 400, "type": "Double"}, "expected a finite number"),
        ({"value": "NaN", "type": "Double"}, "expected a finite number"),
        ({"value": 1, "type": "Boolean"}, "java.lang.Boolean"),
        ({"value": {"a": 1}, "type": "String"}, "java.lang.String"),
        ({"value": "2025-02-30T00:00:00", "type": "Date"}, "java.util.Date"),
        ({"value": "0001-01-01T00:00:00+2359", "type": "Date"}, "java.util.Date"),
        ({"value": 0, "type": "Null"}, "expected null"),
        ({"value": "{", "type": "Json"}, "Cannot convert value '{' of type 'Json'"),
        ({"value": "NaN", "type": "Json"}, "NaN is not a JSON value"),
        ({"value": "[" * 5000, "type": "Json"}, "of type 'Json'"),
        ({"value": "x", "type": "Object"}, "java.lang.Object"),
        (
            {"value": "rO0", "type": "Object", "valueInfo": {"serializationDataFormat": "application/x-java"}},
            "application/x-java",
        ),
        ({"value": "A", "type": "Bytes"}, "expected base64 text"),
        ({"value": 5, "type": "Bytes"}, "byte[]"),
        ({"value": "AA==", "type": "File"}, "to have the file's name as 'filename'"),
        ({"value": "A", "type": "File", "valueInfo": {"filename": "a"}}, "as base64 text"),
        ({"value": "AA==", "type": "File", "valueInfo": {"filename": "a", "encoding": 5}}, "Expected 'encoding'"),
        ({"value": 1, "type": "Colour"}, "Unsupported value type 'Colour'"),
        ({"value": 1, "type": 5}, "Expected the type of 'x' to be text, found a number"),
        ({"value": 1, "valueInfo": []}, "Expected the valueInfo of 'x' to be an object, found a list"),
        ({"value": 1, "valueInfo": {"transient": True}}, "transient"),
        (5, "found a number"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(given: Any, reason: str) -> None:
    with pytest.raises(Rejected) as refusal:
        read_value(given, "x")
    assert reason in refusal.value.message
    assert "'x'" in refusal.value.message


@pytest.mark.parametrize(
    ("value", "type", "shown"),
    [
        ({"a": "ä"}, "Json", {"type": "Json", "value": '{"a":"ä"}', "valueInfo": {}}),
        (None, "Json", {"type": "Json", "value": None, "valueInfo": {}}),
        (3, "Double", {"type": "Double", "value": 3.0, "valueInfo": {}}),
        (3, "Integer", {"type": "Integer", "value": 3, "valueInfo": {}}),
        (
            [1],
            "Object",
            {
                "type": "Object",
                "value": "[1]",
                "valueInfo": {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": "application/json"},
            },
        ),
    ],
)
def test_what_is_stored_goes_out_with_its_type(value: Any, type: str, shown: Any) -> None:
    assert typed_value(value, type) == shown


def test_an_object_may_go_out_as_json() -> None:
    assert typed_value({"a": 1}, "Object", deserialize=True)["value"] == {"a": 1}
    assert typed_value({"a": 1}, "Json", deserialize=True)["value"] == '{"a":1}'


def test_dates_go_out_in_milliseconds_of_utc() -> None:
    assert date_text(datetime(2025, 1, 2, 3, 4, 5, 678_999, UTC)) == "2025-01-02T03:04:05.678+0000"
    assert date_text(None) is None


@pytest.mark.parametrize(
    "text", ["", "x", "2025-01-01", "2025-01-01T00", "2025-13-01T00:00:00", "٢٠٢٥-01-01T00:00:00", 5, None]
)
def test_what_is_no_date(text: Any) -> None:
    assert read_date(text) is None
