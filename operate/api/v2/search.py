"""Searches: one table of fields a resource serves filter, sort, cursor and rendering.

Pages are keyset pages: a cursor holds the sort values of a row, so the millionth page costs what the first one does.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.v2.base import V2View, date_text, key_text
from operate.api.v2.bodies import Body, kind_of, moment, shown
from operate.api.v2.errors import InvalidArgument

DEFAULT_LIMIT = 100
MOST = 10_000
COUNTED = 10_000
Row = Mapping[str, Any]


class Kind(Enum):
    """What values of a field are, and which operators it knows."""

    KEY = ("a key", ("$eq", "$neq", "$exists", "$in", "$notIn"))
    TEXT = ("a string", ("$eq", "$neq", "$exists", "$in", "$notIn", "$like"))
    WHOLE = ("a whole number", ("$eq", "$neq", "$exists", "$gt", "$gte", "$lt", "$lte", "$in"))
    DATE = ("a date (ISO 8601)", ("$eq", "$neq", "$exists", "$gt", "$gte", "$lt", "$lte", "$in"))
    FLAG = ("true or false", ("$eq",))
    CHOICE = ("a known value", ("$eq", "$neq", "$exists", "$in", "$notIn", "$like"))

    def __init__(self, label: str, operators: tuple[str, ...]) -> None:
        self.label = label
        self.operators = operators


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a resource: its name in the API and where it comes from.

    `choices` gives the condition of each value of an enumeration, `flag` that of true. `render` makes the value from the row's
    columns `needs`; without it the column itself is told.
    """

    name: str
    column: str = ""
    kind: Kind = Kind.TEXT
    sort: bool = True
    filter: bool = True
    choices: Mapping[str, Q] | None = None
    flag: Q | None = None
    needs: tuple[str, ...] = ()
    render: Callable[[Row], Any] | None = None
    shown: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        return self.needs or ((self.column,) if self.column else ())

    def value(self, row: Row) -> Any:
        """The value that the API tells."""
        if self.render is not None:
            return self.render(row)
        found = row[self.column]
        match self.kind:
            case Kind.KEY:
                return key_text(found)
            case Kind.DATE:
                return date_text(found)
        return found


def condition(field: Field, value: object, path: str) -> Q:
    """What a filter on a field demands: a plain value, or an object of operators that must all hold."""
    if not isinstance(value, Mapping):
        return _operator(field, "$eq", value, path)
    found = Q()
    for operator, operand in value.items():
        if operator not in field.kind.operators:
            known = ", ".join(field.kind.operators)
            raise InvalidArgument(f"Expected the operators of '{path}' to be among {known}, found '{operator}'.")
        found &= _operator(field, operator, operand, f"{path}.{operator}")
    return found


def _operator(field: Field, operator: str, operand: object, path: str) -> Q:
    match operator:
        case "$eq":
            return _equals(field, operand, path)
        case "$neq":
            return ~_equals(field, operand, path)
        case "$in" | "$notIn":
            if not isinstance(operand, list):
                raise InvalidArgument(f"Expected '{path}' to be a list, found {kind_of(operand)}.")
            among = _any_of([_equals(field, each, path) for each in operand])
            return ~among if operator == "$notIn" else among
        case "$exists":
            if not isinstance(operand, bool):
                raise InvalidArgument(f"Expected '{path}' to be true or false, found {shown(operand)}.")
            return Q(**{f"{field.column}__isnull": not operand}) if field.column else Q()
        case "$like":
            return _like(field, operand, path)
    return Q(**{f"{field.column}__{operator[1:]}": _value(field, operand, path)})


def _any_of(conditions: Sequence[Q]) -> Q:
    found = Q(pk__in=[])
    for each in conditions:
        found |= each
    return found


def _equals(field: Field, value: object, path: str) -> Q:
    if field.choices is not None:
        if value not in field.choices:
            known = ", ".join(field.choices)
            raise InvalidArgument(f"Unexpected value {shown(value)} for enum field '{path}'. Use any of: {known}.")
        return field.choices[str(value)]
    if field.flag is not None:
        if not isinstance(value, bool):
            raise InvalidArgument(f"Expected '{path}' to be true or false, found {shown(value)}.")
        return field.flag if value else ~field.flag
    return Q(**{field.column: _value(field, value, path)})


def _value(field: Field, value: object, path: str) -> Any:
    found: Any = None
    match field.kind:
        case Kind.KEY:
            found = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
            found = found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**63 else None
        case Kind.WHOLE:
            found = value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31 else None
        case Kind.DATE:
            found = moment(value)
        case _:
            found = value if isinstance(value, str) else None
    if found is None:
        raise InvalidArgument(f"Expected '{path}' to be {field.kind.label}, found {shown(value)}.")
    return found


def _like(field: Field, pattern: object, path: str) -> Q:
    if not isinstance(pattern, str):
        raise InvalidArgument(f"Expected '{path}' to be a string, found {shown(pattern)}.")
    expression = like_expression(pattern)
    if field.choices is not None:
        return _any_of([each for name, each in field.choices.items() if re.fullmatch(expression, name)])
    return Q(**{f"{field.column}__regex": f"^{expression}$"})


def like_expression(pattern: str) -> str:
    """A regular expression for a pattern in which `*` and `?` stand for any text and any character."""
    parts, characters = [], iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append({"*": ".*", "?": "."}.get(character) or re.escape(character))
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Order:
    """The sort of one search: columns with their directions, ending with the key, so that no two rows are equal."""

    columns: tuple[tuple[str, bool], ...]

    @classmethod
    def read(cls, body: Body, fields: Mapping[str, Field], key: str) -> Order:
        columns: list[tuple[str, bool]] = []
        sortable = [name for name, field in fields.items() if field.sort and field.column]
        for part in body.bodies("sort"):
            name = part.name("field")
            if name not in sortable:
                raise InvalidArgument(
                    f"Unexpected value '{name}' for enum field {part.at('field')}. Use any of: {', '.join(sorted(sortable))}."
                )
            direction = part.text("order", "ASC").upper()
            if direction not in ("ASC", "DESC"):
                raise InvalidArgument(f"Expected {part.at('order')} to be ASC or DESC, found '{direction}'.")
            columns.append((fields[name].column, direction == "DESC"))
        if key not in [column for column, _ in columns]:
            columns.append((key, False))
        return cls(tuple(columns))

    def reversed(self) -> Order:
        return Order(tuple((column, not descending) for column, descending in self.columns))

    @property
    def expressions(self) -> list[Any]:
        return [F(column).desc() if descending else F(column).asc() for column, descending in self.columns]

    def after(self, values: Sequence[Any]) -> Q:
        """Rows that come after one with these values; PostgreSQL puts nulls last, or first when descending."""
        found, equal = Q(pk__in=[]), Q()
        for (column, descending), value in zip(self.columns, values, strict=True):
            found |= equal & self._beyond(column, descending, value)
            equal &= Q(**{f"{column}__isnull": True}) if value is None else Q(**{column: value})
        return found

    @staticmethod
    def _beyond(column: str, descending: bool, value: Any) -> Q:
        if value is None:
            return Q(**{f"{column}__isnull": False}) if descending else Q(pk__in=[])
        if descending:
            return Q(**{f"{column}__lt": value})
        return Q(**{f"{column}__gt": value}) | Q(**{f"{column}__isnull": True})

    def cursor(self, row: Row) -> str:
        """An opaque text for the place of a row."""
        values = [_plain(row[column]) for column, _ in self.columns]
        return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()

    def values(self, cursor: str, path: str) -> list[Any]:
        """The sort values in a cursor."""
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
            if not isinstance(values, list) or len(values) != len(self.columns):
                raise ValueError
        except (ValueError, TypeError):
            raise InvalidArgument(
                f"Expected {path} to be a cursor of this search with this sort, found '{cursor}'."
            ) from None
        return [_moment_or_plain(value) for value in values]


def _plain(value: Any) -> Any:
    return {"at": value.isoformat()} if isinstance(value, datetime) else value


def _moment_or_plain(value: Any) -> Any:
    return datetime.fromisoformat(value["at"]) if isinstance(value, dict) else value


class Search(V2View):
    """POST …/search of a resource: `{filter?, sort?, page?}` → `{items, page}`."""

    fields: ClassVar[tuple[Field, ...]]
    key_column: ClassVar[str] = "key"
    own_filters: ClassVar[tuple[str, ...]] = ()
    """Filters that no field stands for; see `own_filter`."""

    def rows(self) -> QuerySet[Any]:
        """What there is to search, as far as the caller may see it."""
        raise NotImplementedError

    def own_filter(self, name: str, value: Any, path: str) -> Q:
        """The condition of a filter that no field stands for."""
        raise NotImplementedError

    def post(self, request: Request, **path: str) -> Response:
        body = self.body()
        return Response(self.page_of([self.rows().filter(self.conditions(body.body("filter")))], body))

    def conditions(self, filters: Body, path: str = "filter") -> Q:
        """All that a filter demands."""
        by_name = self.by_name()
        found = Q()
        for name in filters.names():
            value, where = filters.raw(name), f"{path}.{name}"
            if value is None:
                continue
            if name == "$or":
                parts = filters.bodies("$or")
                found &= _any_of([self.conditions(part, f"{where}[{i}]") for i, part in enumerate(parts)])
            elif name in self.own_filters:
                found &= self.own_filter(name, value, where)
            elif name in by_name and by_name[name].filter:
                found &= condition(by_name[name], value, where)
            else:
                known = sorted([*self.own_filters, *(n for n, field in by_name.items() if field.filter)])
                raise InvalidArgument(f"Unknown filter '{where}'. Use any of: {', '.join(known)}.")
        return found

    @classmethod
    def by_name(cls) -> dict[str, Field]:
        """The fields by their names in the API."""
        return {field.name: field for field in cls.fields}

    def page_of(self, sources: Sequence[QuerySet[Any]], body: Body) -> dict[str, Any]:
        """One page of what the sources hold together, as the API tells it."""
        order = Order.read(body, self.by_name(), self.key_column)
        page = body.body("page")
        limit = page.whole("limit", DEFAULT_LIMIT, at_least=1)
        if limit > MOST:
            raise InvalidArgument(f"Expected {page.at('limit')} to be at most {MOST}, found {limit}.")
        total = sum(source[: COUNTED + 1].values(self.key_column).count() for source in sources)
        found = self._found(sources, order, page, limit)
        return {
            "items": [self.render(row) for row in found],
            "page": {
                "totalItems": min(total, COUNTED),
                "hasMoreTotalItems": total > COUNTED,
                "startCursor": order.cursor(found[0]) if found else None,
                "endCursor": order.cursor(found[-1]) if found else None,
            },
        }

    def _found(self, sources: Sequence[QuerySet[Any]], order: Order, page: Body, limit: int) -> list[Row]:
        if "before" in page:
            backwards = order.reversed()
            at = order.values(page.text("before"), page.at("before"))
            return self._select(sources, backwards.after(at), backwards, slice(limit))[::-1]
        if "after" in page:
            at = order.values(page.text("after"), page.at("after"))
            return self._select(sources, order.after(at), order, slice(limit))
        start = page.whole("from", 0, at_least=0)
        return self._select(sources, Q(), order, slice(start, start + limit))

    def _select(self, sources: Sequence[QuerySet[Any]], where: Q, order: Order, part: slice) -> list[Row]:
        columns = sorted({column for column, _ in order.columns} | {c for field in self.fields for c in field.columns})
        first, *others = (source.filter(where).order_by().values(*columns) for source in sources)
        rows = first.union(*others, all=True) if others else first
        return list(rows.order_by(*order.expressions)[part])

    def render(self, row: Row) -> dict[str, Any]:
        """One item."""
        return {field.name: field.value(row) for field in self.fields if field.shown}

    @classmethod
    def item(cls, rows: QuerySet[Any], key: int) -> dict[str, Any] | None:
        """The item with this key, or None."""
        columns = {column for field in cls.fields for column in field.columns}
        row = rows.filter(**{cls.key_column: key}).values(*sorted(columns)).first()
        return None if row is None else {field.name: field.value(row) for field in cls.fields if field.shown}
