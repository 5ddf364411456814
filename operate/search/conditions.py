"""Conditions on the data of process instances: how they are written, and the rows that they leave.

A condition is `path:operator:value`, as in `customer.name:like:smith`, `amount:between:100,200` or `approved:exists:true`. Without
an operator it is `eq`: `country:DE`. It holds where at least one value at the path satisfies it; `neq` where there are values
and none is equal. Texts are compared by their first 500 characters; `like` looks inside of them, whatever the case, and `*` stands
for anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from operate.masking.masks import Masks
from operate.search.hiding import Place, is_masked
from workflow.engine.errors import Rejected
from workflow.graph import DataType, why_no_path
from workflow.models import ProcessDataPath, ProcessDataValue
from workflow.persistence.data_values import Comparable, comparable

Rows = TypeVar("Rows", bound=QuerySet[Any])
MAX_CONDITIONS = 20
MAX_CHOICES = 1_000


class Operator(StrEnum):
    """How a value is compared."""

    EQ = "eq"
    NEQ = "neq"
    LIKE = "like"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    IN = "in"
    EXISTS = "exists"


OPERATORS = tuple(each.value for each in Operator)
ALIASES = {"contains": Operator.LIKE, "ne": Operator.NEQ, "ge": Operator.GTE, "le": Operator.LTE}
ORDERED = {Operator.GT: "gt", Operator.GTE: "gte", Operator.LT: "lt", Operator.LTE: "lte"}


@dataclass(frozen=True, slots=True)
class Condition:
    """What stands at a path compared with one value, or with some."""

    path: str
    operator: Operator
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path}:{self.operator}:{','.join(self.values)}"


def parse_conditions(texts: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions of all `search` parameters; blank ones are passed over. Raises Rejected for the first wrong one."""
    found = tuple(parse_condition(text) for text in texts if text.strip())
    if len(found) > MAX_CONDITIONS:
        raise Rejected(f"Expected at most {MAX_CONDITIONS} conditions, found {len(found)}.")
    return found


def parse_condition(text: str) -> Condition:
    """One condition as it is written in an address; raises Rejected."""
    path, colon, rest = text.strip().partition(":")
    word, second, value = rest.partition(":")
    operator = _operator(word) if second else None
    if operator is None:
        operator, value = Operator.EQ, rest
    problem = why_no_path(path)
    if problem or not colon or "\x00" in text:
        raise Rejected(problem or f"Expected a condition as in 'customer.name:like:smith', found '{text[:100]}'.")
    condition = Condition(path, operator, _values(operator, value))
    _check(condition)
    return condition


def conditions_text(conditions: Iterable[Condition]) -> list[str]:
    """The conditions as parameters of an address."""
    return [str(each) for each in conditions]


def narrow(rows: Rows, conditions: Sequence[Condition], *, process_id: str = "", masks: Masks | None = None) -> Rows:
    """Only the process instances (or what has a `process_instance`) for which all conditions hold.

    The types are those configured for the path, in whichever process that is; raises Rejected where nobody has configured it, or
    where the value does not fit. What `masks` hide is not searched. Who may see which rows is the caller's business.
    """
    if not conditions:
        return rows
    known = _configured({each.path for each in conditions}, process_id)
    for condition in conditions:
        places = known.get(condition.path, {})
        hidden = [place for place in places if masks is not None and is_masked(masks, place, condition.path)]
        types = {kind for place, kind in places.items() if place not in hidden}
        rows = rows.filter(_holds(condition, types, hidden, _reference(rows)))
    return rows


def _reference(rows: QuerySet[Any]) -> str:
    names = {field.name for field in rows.model._meta.get_fields()}
    return "process_instance_key" if "process_instance" in names else "key"


def _configured(paths: Collection[str], process_id: str) -> dict[str, dict[Place, DataType]]:
    rows = ProcessDataPath.objects.filter(path__in=paths, is_searchable=True)
    if process_id:
        rows = rows.filter(process_id=process_id)
    found: dict[str, dict[Place, DataType]] = {}
    for path, workspace_id, process, kind in rows.values_list("path", "workspace_id", "process_id", "type"):
        found.setdefault(path, {})[workspace_id, process] = DataType(kind)
    return found


def _holds(condition: Condition, types: Collection[DataType], hidden: Iterable[Place], reference: str) -> Q:
    if not types:
        raise Rejected(
            f"Expected a searchable path, but '{condition.path}' is configured for no process that is meant. An administrator of "
            "the workspace can make it searchable on the process definition's page."
        )
    at_path = ProcessDataValue.objects.filter(process_instance_key=OuterRef(reference), path=condition.path)
    for workspace_id, process_id in hidden:
        at_path = at_path.exclude(workspace_id=workspace_id, process_id=process_id)
    if condition.operator is Operator.EXISTS:
        found = Q(Exists(at_path))
        return found if comparable(DataType.BOOLEAN, condition.values[0]) else ~found
    tests = [test for kind in sorted(types) for test in _tests(condition, kind)]
    if not tests:
        kinds = " or ".join(sorted(kind.value.lower() for kind in types))
        raise Rejected(
            f"Expected '{condition.path}' to be compared with a {kinds}, found '{','.join(condition.values)[:100]}'."
        )
    matching = Q()
    for test in tests:
        matching |= test
    if condition.operator is Operator.NEQ:
        return Q(Exists(at_path)) & ~Q(Exists(at_path.filter(matching)))
    return Q(Exists(at_path.filter(matching)))


def _tests(condition: Condition, kind: DataType) -> Iterator[Q]:
    """What the column of one type is compared with; nothing where the value is none of that type."""
    column, operator = kind.value.lower(), condition.operator
    if operator is Operator.LIKE:
        if kind is DataType.TEXT:
            yield Q(text__ilike=condition.values[0])
        return
    values = [found for each in condition.values if (found := comparable(kind, each)) is not None]
    if len(values) != len(condition.values):
        return
    if kind is DataType.BOOLEAN and operator in (*ORDERED, Operator.BETWEEN):
        return
    yield Q(**_lookup(column, operator, values))


def _lookup(column: str, operator: Operator, values: Sequence[Comparable]) -> dict[str, object]:
    if operator in ORDERED:
        return {f"{column}__{ORDERED[operator]}": values[0]}
    if operator is Operator.BETWEEN:
        return {f"{column}__gte": values[0], f"{column}__lte": values[1]}
    if operator is Operator.IN:
        return {f"{column}__in": values}
    return {column: values[0]}


def _operator(word: str) -> Operator | None:
    word = word.strip().lower()
    return ALIASES.get(word) or (Operator(word) if word in OPERATORS else None)


def _values(operator: Operator, value: str) -> tuple[str, ...]:
    if operator in (Operator.IN, Operator.BETWEEN):
        return tuple(part.strip() for part in value.split(","))
    if operator is Operator.EXISTS:
        return (value.strip() or "true",)
    return (value.strip(),)


def _check(condition: Condition) -> None:
    expected = ""
    match condition.operator:
        case Operator.BETWEEN if len(condition.values) != 2:
            expected = "two values separated by a comma"
        case Operator.IN if len(condition.values) > MAX_CHOICES:
            expected = f"at most {MAX_CHOICES} values"
        case Operator.EXISTS if comparable(DataType.BOOLEAN, condition.values[0]) is None:
            expected = "true or false"
        case _ if not all(condition.values):
            expected = "a value"
    if expected:
        raise Rejected(f"Expected {expected} for '{condition.path}:{condition.operator}', found '{condition}'.")


__all__ = ["OPERATORS", "Condition", "Operator", "conditions_text", "narrow", "parse_condition", "parse_conditions"]
