"""Fields of a resource: where each one comes from, what a filter on it demands, and what is told of it.

A resource's table of fields serves filter, sort, cursor, rendering and the OpenAPI document.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.db.models import F, Lookup, Q, TextField, Value
from django.db.models.functions import Cast

from operate.api.v2.base import date_text, key_text
from operate.api.v2.bodies import key, kind_of, moment, shown
from operate.api.v2.errors import InvalidArgument

MOST_LISTED = 10_000
MOST_PARTS = 500
"""How many values or alternatives that each become a condition of their own one filter may have."""
INTEGER_LIMIT = 2**31
NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING  # an empty Q would not do: it stays empty when it is negated or combined
Row = Mapping[str, Any]

EQUALITY = ("$eq", "$neq", "$exists", "$in", "$notIn")
COMPARISON = ("$eq", "$neq", "$exists", "$gt", "$gte", "$lt", "$lte", "$in")


class Kind(Enum):
    """What the values of a field are, which operators it knows, and how OpenAPI calls it."""

    KEY = ("a key (digits in a string)", (*EQUALITY, "$like"), {"type": "string"})
    TEXT = ("a string", (*EQUALITY, "$like"), {"type": "string"})
    TEXTS = ("a name", (*EQUALITY, "$like"), {"type": "string"})  # a list, of which one must match
    SERIALIZED = (
        'a value serialized as JSON, such as "\\"text\\"" for a string',
        (*EQUALITY, "$like"),
        {"type": "string"},
    )
    CHOICE = ("a known value", (*EQUALITY, "$like"), {"type": "string"})
    WHOLE = ("a whole number", COMPARISON, {"type": "integer"})
    DATE = ("a date (ISO 8601)", COMPARISON, {"type": "string", "format": "date-time"})
    FLAG = ("true or false", ("$eq",), {"type": "boolean"})

    def __init__(self, label: str, operators: tuple[str, ...], schema: Mapping[str, str]) -> None:
        self.label = label
        self.operators = operators
        self.schema = schema


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource.

    `choices` has the condition of each value of an enumeration, `flag` that of true. `blank`: an empty text in the column
    stands for no value. `sort` may name another column than the one that is shown. `render` makes the value from the columns
    in `needs`; without it the column itself is told. A field with no column, choices or flag never has a value here.
    """

    name: str
    column: str = ""
    kind: Kind = Kind.TEXT
    sort: bool | str = True
    filter: bool = True
    shown: bool = True
    blank: bool = False
    choices: Mapping[str, Q] | None = None
    flag: Q | None = None
    needs: tuple[str, ...] = ()
    render: Callable[[Row], Any] | None = None
    schema: Mapping[str, Any] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that showing it needs."""
        if not self.shown:
            return ()
        return self.needs or ((self.column,) if self.column else ())

    @property
    def sort_column(self) -> str:
        """The column that it is sorted by; none for what has the same value everywhere."""
        return self.sort if isinstance(self.sort, str) else self.column

    @property
    def _is_always_absent(self) -> bool:
        return not self.column and self.choices is None and self.flag is None

    def value(self, row: Row) -> Any:
        """The value that the API tells."""
        if self.render is not None:
            return self.render(row)
        found = row[self.column] if self.column else None
        match self.kind:
            case Kind.KEY:
                return key_text(found)
            case Kind.DATE:
                return date_text(found)
        return None if self.blank and found == "" else found

    @property
    def item_schema(self) -> Mapping[str, Any]:
        """What OpenAPI says of the value that is told."""
        return self.schema or {**self._schema, "nullable": True}

    @property
    def filter_schema(self) -> Mapping[str, Any]:
        """What OpenAPI says of a filter: a plain value, or operators."""
        if self.kind is Kind.FLAG:
            return self._schema
        listed, flag = {"type": "array", "items": self._schema}, {"type": "boolean"}
        schemas = {"$in": listed, "$notIn": listed, "$exists": flag, "$like": {"type": "string"}}
        operators = {operator: schemas.get(operator, self._schema) for operator in self.kind.operators}
        return {"oneOf": [self._schema, {"type": "object", "properties": operators}]}

    @property
    def _schema(self) -> Mapping[str, Any]:
        return {"type": "string", "enum": list(self.choices)} if self.choices is not None else self.kind.schema

    def condition(self, value: object, path: str) -> Q:
        """What a filter demands: a plain value, or an object of operators that must all hold."""
        if not isinstance(value, Mapping):
            return self._equals([value], path)
        found = Q()
        for operator, operand in value.items():
            if operator not in self.kind.operators:
                known = ", ".join(self.kind.operators)
                raise InvalidArgument(f"Expected the operators of '{path}' to be among {known}, found '{operator}'.")
            if operand is not None:
                found &= self._operator(operator, operand, f"{path}.{operator}")
        return found

    def _operator(self, operator: str, operand: object, path: str) -> Q:
        match operator:
            case "$eq":
                return self._equals([operand], path)
            case "$neq":
                return ~self._equals([operand], path)
            case "$in":
                return self._equals(_listed(operand, path), path)
            case "$notIn":
                return ~self._equals(_listed(operand, path), path)
            case "$exists":
                return self._exists() if flag_value(operand, path) else ~self._exists()
            case "$like":
                return self._like(_pattern(operand, path))
        typed = self._typed(operand, path)
        return NOTHING if self._is_always_absent else Q(**{f"{self.column}__{operator[1:]}": typed})

    def _exists(self) -> Q:
        if self._is_always_absent:
            return NOTHING
        if self.kind is Kind.TEXTS:
            return Q(**{f"{self.column}__len__gt": 0})
        if not self.column or self.choices is not None:
            return EVERYTHING
        present = Q(**{f"{self.column}__isnull": False})
        return present & ~Q(**{self.column: ""}) if self.blank else present

    def _equals(self, values: list[object], path: str) -> Q:
        typed = [self._typed(value, path) for value in values]
        if self._is_always_absent:
            return NOTHING
        if self.choices is not None:
            return any_of(self.choices[name] for name in typed)
        if self.flag is not None:
            return any_of(self.flag if value else ~self.flag for value in typed)
        match self.kind:
            case Kind.TEXTS:
                return Q(**{f"{self.column}__overlap": typed})
            case Kind.SERIALIZED:
                if len(typed) > MOST_PARTS:
                    raise InvalidArgument(f"Expected '{path}' to have at most {MOST_PARTS} values, found {len(typed)}.")
                return any_of(Q(**{f"{self.column}__same": value}) for value in typed)
        return Q(**{f"{self.column}__in": typed}) if len(typed) != 1 else Q(**{self.column: typed[0]})

    def _like(self, pattern: str) -> Q:
        if self._is_always_absent:
            return NOTHING
        if self.choices is not None:
            return any_of(self.choices[name] for name in self.choices if matches(name, pattern))
        if self.kind is Kind.TEXTS:
            return Q(AnyLike(F(self.column), Value(sql_pattern(pattern))))
        column = F(self.column) if self.kind is Kind.TEXT else Cast(self.column, TextField())
        return Q(Like(column, Value(sql_pattern(pattern))))

    def _typed(self, value: object, path: str) -> Any:
        found = _read(self.kind, value)
        if self.choices is not None and found is not None and found not in self.choices:
            known = ", ".join(self.choices)
            raise InvalidArgument(f"Unexpected value '{found[:80]}' for enum field '{path}'. Use any of: {known}.")
        if found is None:
            raise InvalidArgument(f"Expected '{path}' to be {self.kind.label}, found {shown(value)}.")
        return found[0] if self.kind is Kind.SERIALIZED else found


def _read(kind: Kind, value: object) -> Any:
    """The value as the database knows it, a serialized one in a list; None for one of another kind."""
    match kind:
        case Kind.KEY:
            return key(value)
        case Kind.WHOLE:
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            return value if is_whole and -INTEGER_LIMIT <= value < INTEGER_LIMIT else None  # type: ignore[operator]
        case Kind.DATE:
            return moment(value)
        case Kind.FLAG:
            return value if isinstance(value, bool) else None
        case Kind.SERIALIZED:
            return _deserialized(value)
    return value if isinstance(value, str) else None


def _deserialized(value: object) -> list[Any] | None:
    try:
        return [json.loads(value)] if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


def _listed(operand: object, path: str) -> list[object]:
    if not isinstance(operand, list):
        raise InvalidArgument(f"Expected '{path}' to be a list, found {kind_of(operand)}.")
    if len(operand) > MOST_LISTED:
        raise InvalidArgument(f"Expected '{path}' to have at most {MOST_LISTED} values, found {len(operand)}.")
    return operand


def flag_value(operand: object, path: str) -> bool:
    """True or false, of a filter."""
    if not isinstance(operand, bool):
        raise InvalidArgument(f"Expected '{path}' to be true or false, found {shown(operand)}.")
    return operand


def any_of(conditions: Iterable[Q]) -> Q:
    """What one of the conditions demands; nothing fulfils none."""
    found = NOTHING
    for each in conditions:
        found |= each
    return found


# ---- patterns: `*` stands for any text, `?` for any character, a backslash takes a character as it is


class Like(Lookup):
    """SQL's LIKE."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} LIKE {right}", (*left_params, *right_params)


class AnyLike(Like):
    """SQL's LIKE for one of the texts in an array."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"EXISTS (SELECT 1 FROM unnest({left}) one WHERE one LIKE {right})", (*left_params, *right_params)


def _pattern(operand: object, path: str) -> str:
    if not isinstance(operand, str):
        raise InvalidArgument(f"Expected '{path}' to be a string, found {shown(operand)}.")
    return operand


def _translated(pattern: str, any_text: str, any_character: str, escape: Callable[[str], str]) -> str:
    parts = re.findall(r"\\.|\\$|.", pattern, re.DOTALL)
    wild = {"*": any_text, "?": any_character}
    return "".join(wild.get(part) or escape(part[1:] if len(part) == 2 else part) for part in parts)


def sql_pattern(pattern: str) -> str:
    """The pattern as LIKE knows it."""
    return _translated(pattern, "%", "_", lambda character: re.sub(r"([\\%_])", r"\\\1", character))


def matches(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern; takes no longer for a malicious one."""
    return fnmatch.fnmatchcase(text, _translated(pattern, "*", "?", lambda each: re.sub(r"([*?\[])", r"[\1]", each)))


# ---- places in a sort


def plain(value: Any) -> Any:
    """A column's value for a cursor."""
    return value.isoformat() if isinstance(value, datetime) else value


def placed(kind: Kind, value: object) -> Any:
    """The column's value in a cursor; raises ValueError for one that no column of this kind has."""
    if value is None:
        return None
    if kind is Kind.KEY:
        found: Any = value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None
    else:
        found = _read(Kind.TEXT if kind in (Kind.CHOICE, Kind.SERIALIZED) else kind, value)
    if found is None or (isinstance(found, str) and "\x00" in found.encode().decode()):
        raise ValueError
    return found
