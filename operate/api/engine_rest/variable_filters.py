"""Variables as filters of lists: `amount_gteq_100` in an address, `{"name", "operator", "value"}` in a body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Upper

from operate.api.engine_rest.queries import NOTHING, Filter, Kind, always, like
from operate.api.engine_rest.values import date_text, json_kind, read_date
from workflow.models import Variable

MAX_CONDITIONS = 100
OPERATORS = ("eq", "neq", "gt", "gteq", "lt", "lteq", "like", "notLike")
LOOKUPS = {"gt": "gt", "gteq": "gte", "lt": "lt", "lteq": "lte"}
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "operator": {"type": "string", "enum": list(OPERATORS)},
            "value": {"description": "text, number, boolean or null"},
        },
        "required": ["name", "operator"],
    },
}
IGNORE_CASE = {"variableNamesIgnoreCase": always(), "variableValuesIgnoreCase": always()}


@dataclass(frozen=True, slots=True)
class VariableCondition:
    """One condition on a variable.

    An address gives its value no type, so it stands for all that its text can mean: `100` is a number and a text.
    """

    name: str
    operator: str
    values: tuple[object, ...]
    names_ignore_case: bool = False
    values_ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class VariableFilter(Filter):
    """A filter whose value is a list of conditions on variables, all of which must hold."""

    @property
    def schema(self) -> dict[str, Any]:
        return SCHEMA

    def from_address(self, value: str, given: Mapping[str, Any]) -> list[VariableCondition]:
        return [_from_text(each, given) for each in _limited(value.split(","))]

    def from_json(self, value: Any, given: Mapping[str, Any]) -> list[VariableCondition]:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, found {json_kind(value)}")
        return [_from_object(each, given) for each in _limited(value)]


def variables(scope: str) -> VariableFilter:
    """Variables of the scope whose key is in this column fulfil the conditions."""

    def condition(wanted: Sequence[VariableCondition]) -> Q:
        found = Q()
        for each in wanted:
            found &= Q(Exists(_that(each).filter(scope_key=OuterRef(scope))))
        return found

    return VariableFilter(Kind.TEXT, condition, "`name_operator_value`, several separated by commas")


def variable_values() -> VariableFilter:
    """For lists of variables themselves: those that fulfil one of the conditions."""

    def condition(wanted: Sequence[VariableCondition]) -> Q:
        found = Q()
        for each in wanted:
            found |= Q(pk__in=_that(each).values("pk"))
        return found

    return VariableFilter(Kind.TEXT, condition, "`name_operator_value`, several separated by commas")


# ---- reading


def _limited(conditions: list[Any]) -> list[Any]:
    if len(conditions) > MAX_CONDITIONS:
        raise ValueError(f"expected at most {MAX_CONDITIONS} conditions, found {len(conditions)}")
    return conditions


def _from_text(text: str, given: Mapping[str, Any]) -> VariableCondition:
    parts = text.split("_")
    if len(parts) != 3:
        raise ValueError("variable query parameter has to have format KEY_OPERATOR_VALUE")
    name, operator, value = parts
    meanings: list[object] = [value]
    with suppress(ValueError, RecursionError):
        found = json.loads(value)
        if isinstance(found, int | float):
            meanings.append(found)
    return _condition(name, operator, meanings, given)


def _from_object(condition: Any, given: Mapping[str, Any]) -> VariableCondition:
    if not isinstance(condition, Mapping):
        raise ValueError(f'expected conditions like {{"name", "operator", "value"}}, found {json_kind(condition)}')
    name, operator, value = condition.get("name"), condition.get("operator"), condition.get("value")
    if not isinstance(name, str):
        raise ValueError(f"expected the name of the variable to be text, found {json_kind(name)}")
    if isinstance(value, dict | list):
        raise ValueError(f"expected a plain value for variable '{name}', found {json_kind(value)}")
    return _condition(name, operator, [value], given)


def _condition(name: str, operator: Any, values: list[object], given: Mapping[str, Any]) -> VariableCondition:
    if operator not in OPERATORS:
        raise ValueError(f"Invalid variable comparator specified: {operator}; expected one of {', '.join(OPERATORS)}")
    if operator in ("like", "notLike") and not isinstance(values[0], str):
        raise ValueError(f"expected a text to compare variable '{name}' with, found {json_kind(values[0])}")
    if (moment := read_date(values[0])) is not None:
        values.append(date_text(moment))
    return VariableCondition(
        name,
        operator,
        tuple(values),
        str(given.get("variableNamesIgnoreCase")).lower() == "true",
        str(given.get("variableValuesIgnoreCase")).lower() == "true",
    )


# ---- finding


class JsonText(Func):
    """A JSON string without its quotes."""

    template = "(%(expressions)s #>> '{}')"
    output_field = TextField()


class JsonKind(Func):
    """What kind of JSON value it is."""

    function = "jsonb_typeof"
    output_field = TextField()


def _that(condition: VariableCondition) -> QuerySet[Variable]:
    """The variables of this name that fulfil a condition."""
    rows = Variable.objects.order_by().alias(kind=JsonKind(F("value")), plain=JsonText(F("value")))
    rows = rows.filter(**{"name__iexact" if condition.names_ignore_case else "name": condition.name})
    match condition.operator:
        case "eq":
            return rows.filter(_any(condition, _equals))
        case "neq":
            return rows.exclude(_any(condition, _equals))
        case "like":
            return rows.filter(_is_like(condition))
        case "notLike":
            return rows.filter(kind="string").exclude(_is_like(condition))
    return rows.filter(_any(condition, _compares))


def _any(condition: VariableCondition, build: Callable[[VariableCondition, object], Q]) -> Q:
    found = Q()
    for value in condition.values:
        found |= build(condition, value)
    return found


def _equals(condition: VariableCondition, value: object) -> Q:
    if value is None:
        return Q(kind="null") | Q(value__isnull=True)
    if isinstance(value, str) and condition.values_ignore_case:
        return Q(kind="string", plain__iexact=value)
    return Q(value__same=value)


def _compares(condition: VariableCondition, value: object) -> Q:
    """Only values of one kind compare: a number is neither less nor greater than a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return NOTHING
    kind = "string" if isinstance(value, str) else "number"
    return Q(**{"kind": kind, f"value__{LOOKUPS[condition.operator]}": value})


def _is_like(condition: VariableCondition) -> Q:
    wanted = str(condition.values[0])
    if condition.values_ignore_case:
        return Q(kind="string") & like(Upper(F("plain")), wanted.upper())
    return Q(kind="string") & like(F("plain"), wanted)


__all__ = ["IGNORE_CASE", "OPERATORS", "VariableCondition", "VariableFilter", "variable_values", "variables"]
