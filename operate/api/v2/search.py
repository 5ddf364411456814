"""Searches: `{filter?, sort?, page?}` → `{items, page}`, and single rows told the same way.

Pages are keyset pages: a cursor holds the sort values of a row, so the millionth page costs what the first one does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import F, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.base import key_of
from operate.api.v2.base import V2View, nothing_found
from operate.api.v2.bodies import Body
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.fields import EVERYTHING, MOST_PARTS, NOTHING, Field, Kind, any_of, placed, plain
from operate.api.v2.schema import FLAG, TEXT, WHOLE, Schema, all_of, array, enum, nullable, record

DEFAULT_LIMIT = 100
MOST = 10_000
"""The most rows of a page, the most that are skipped by number, and the most that are counted."""

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """The sort of one search: columns with kind and direction, ending with the key, so that no two rows are equal."""

    columns: tuple[tuple[str, Kind, bool], ...]

    @classmethod
    def read(cls, body: Body, fields: Mapping[str, Field], key_column: str, usual: str | None = None) -> Order:
        """The sort that is asked for; without one the usual field's, and that of the keys."""
        columns: dict[str, tuple[str, Kind, bool]] = {}
        named: set[str] = set()
        for part in body.bodies("sort"):
            name, field = part.name("field"), fields.get(part.name("field"))
            if field is None or not field.sort:
                known = ", ".join(sorted(each.name for each in fields.values() if each.sort))
                raise InvalidArgument(
                    f"Unexpected value '{name}' for enum field {part.at('field')}. Use any of: {known}."
                )
            if name in named:
                raise InvalidArgument(
                    f"Expected each field once in 'sort', found '{name}' again at {part.at('field')}."
                )
            named.add(name)
            direction = part.text("order", "ASC").upper()
            if direction not in ("ASC", "DESC"):
                raise InvalidArgument(f"Expected {part.at('order')} to be ASC or DESC, found '{direction[:80]}'.")
            if column := field.sort_column:
                columns.setdefault(column, (column, field.kind, direction == "DESC"))
        if not named and usual:
            columns[fields[usual].sort_column] = (fields[usual].sort_column, fields[usual].kind, False)
        columns.setdefault(key_column, (key_column, Kind.KEY, False))
        return cls(tuple(columns.values()))

    @property
    def names(self) -> set[str]:
        """The columns that are sorted by."""
        return {column for column, _kind, _descending in self.columns}

    def reversed(self) -> Order:
        return Order(tuple((column, kind, not descending) for column, kind, descending in self.columns))

    @property
    def expressions(self) -> list[Any]:
        return [F(column).desc() if descending else F(column).asc() for column, _kind, descending in self.columns]

    def after(self, values: Sequence[Any]) -> Q:
        """Rows that come after one with these values; PostgreSQL puts nulls last, or first when descending."""
        found, equal = NOTHING, Q()
        for (column, _kind, descending), value in zip(self.columns, values, strict=True):
            found |= equal & self._beyond(column, descending, value)
            equal &= Q(**{f"{column}__isnull": True}) if value is None else Q(**{column: value})
        return found & self._not_before(values[0])

    def _not_before(self, value: Any) -> Q:
        """What follows from the rest, in a form that an index knows: of newest rows first, only those that are not newer."""
        column, _kind, descending = self.columns[0]
        return Q(**{f"{column}__lte": value}) if descending and value is not None and len(self.columns) > 1 else Q()

    @staticmethod
    def _beyond(column: str, descending: bool, value: Any) -> Q:
        if value is None:
            return Q(**{f"{column}__isnull": False}) if descending else NOTHING
        if descending:
            return Q(**{f"{column}__lt": value})
        return Q(**{f"{column}__gt": value}) | Q(**{f"{column}__isnull": True})

    # -- cursors

    @property
    def _mark(self) -> str:
        """What cursors of this sort begin with, so that one of another sort is not taken for one of this."""
        return hashlib.sha256(repr([(column, down) for column, _kind, down in self.columns]).encode()).hexdigest()[:8]

    def cursor(self, row: Columns) -> str:
        """An opaque text for the place of a row."""
        values = [plain(row[column]) for column, _kind, _descending in self.columns]
        return base64.b64encode(json.dumps([self._mark, *values]).encode()).decode()

    def values(self, cursor: str, path: str) -> list[Any]:
        """The sort values in a cursor."""
        try:
            mark, *values = json.loads(base64.b64decode(cursor, validate=True))
            if mark != self._mark:
                raise ValueError
            return [placed(kind, value) for (_column, kind, _down), value in zip(self.columns, values, strict=True)]
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise InvalidArgument(
                f"Expected {path} to be a cursor of this search with this sort, found '{cursor[:80]}'."
            ) from None


class Search(V2View):
    """A resource as a search tells it."""

    what: ClassVar[str]
    """How errors call one of it, with its article."""
    fields: ClassVar[tuple[Field, ...]]
    key_column: ClassVar[str] = "key"
    own_filters: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Filters that no field stands for, by name, and their schemas; see `own_filter`."""
    has_alternatives: ClassVar[bool] = False
    """Whether filters may have `$or`."""

    # -- for resources

    def rows(self) -> QuerySet[Any]:
        """What there is to search, as far as the caller may see it."""
        raise NotImplementedError

    def sources(self, conditions: Q) -> list[QuerySet[Any]]:
        """Where the items come from; several querysets have the same columns."""
        return [self.rows().filter(conditions)]

    def own_filter(self, name: str, value: Any, path: str) -> Q:
        """The condition of a filter that no field stands for."""
        raise NotImplementedError

    def usual_sort(self, filters: Body) -> str | None:
        """The field by which is sorted if nothing is asked for, before the key."""
        return None

    def completed(self, rows: list[Columns]) -> list[Columns]:
        """The rows of a page with what the database does not know."""
        return rows

    # -- for OpenAPI

    def body_schema(self, method: str) -> Schema | None:
        filters = {field.name: field.filter_schema for field in self.fields if field.filter} | dict(self.own_filters)
        more = {"$or": array(record(**filters))} if self.has_alternatives else {}
        sortable = enum(*sorted(field.name for field in self.fields if field.sort))
        return record(
            filter=record(**filters, **more),
            sort=array(record(("field",), field=sortable, order=enum("ASC", "DESC"))),
            page=record(limit=WHOLE, after=TEXT, before=TEXT, **{"from": WHOLE}),
        )

    def answer_schema(self, method: str) -> Schema | None:
        page = all_of(totalItems=WHOLE, hasMoreTotalItems=FLAG, startCursor=nullable(TEXT), endCursor=nullable(TEXT))
        return all_of(items=array(self.item_schema()), page=page)

    @classmethod
    def item_schema(cls) -> Schema:
        """What OpenAPI says of one item."""
        return all_of(**{field.name: field.item_schema for field in cls.fields if field.shown})

    # -- the search

    def post(self, request: Request, **path: str) -> Response:
        body = self.body()
        conditions = self.conditions(body.body("filter"))
        return Response(self.page(body, conditions))

    def conditions(self, filters: Body) -> Q:
        """All that a filter demands."""
        found = self.simple_conditions(filters)
        if "$or" not in filters:
            return found
        if not self.has_alternatives:
            raise InvalidArgument(self._unknown(f"{filters.path}.$or"))
        parts = filters.bodies("$or")
        if len(parts) > MOST_PARTS:
            raise InvalidArgument(
                f"Expected {filters.at('$or')} to have at most {MOST_PARTS} parts, found {len(parts)}."
            )
        return found & any_of(EVERYTHING & self.simple_conditions(part, is_alternative=True) for part in parts)

    def simple_conditions(self, filters: Body, *, is_alternative: bool = False) -> Q:
        """All that a filter demands besides its alternatives."""
        by_name = self.by_name()
        found = Q()
        for name in filters.names():
            value, path = filters.raw(name), f"{filters.path}.{name}"
            if value is None or (name == "$or" and not is_alternative):
                continue
            if name in self.own_filters:
                found &= self.own_filter(name, value, path)
            elif name in by_name and by_name[name].filter:
                found &= by_name[name].condition(value, path)
            else:
                raise InvalidArgument(self._unknown(path))
        return found

    def _unknown(self, path: str) -> str:
        known = sorted({*self.own_filters, *(name for name, field in self.by_name().items() if field.filter)})
        return f"Unknown filter '{path[:200]}'. Use any of: {', '.join(known)}."

    @classmethod
    def by_name(cls) -> dict[str, Field]:
        """The fields by their names in the API."""
        return {field.name: field for field in cls.fields}

    def page(self, body: Body, conditions: Q) -> dict[str, Any]:
        """One page of what fulfils the conditions, as the API tells it."""
        order = Order.read(body, self.by_name(), self.key_column, self.usual_sort(body.body("filter")))
        place = _Place.read(body.body("page"), order)
        sources = self.sources(conditions)
        total = sum(source.order_by()[: MOST + 1].values(self.key_column).count() for source in sources)
        found = self.completed(self._select(sources, order, place))
        return {
            "items": [self.told(row) for row in found],
            "page": {
                "totalItems": min(total, MOST),
                "hasMoreTotalItems": total > MOST,
                "startCursor": order.cursor(found[0]) if found else None,
                "endCursor": order.cursor(found[-1]) if found else None,
            },
        }

    def _select(self, sources: Sequence[QuerySet[Any]], order: Order, place: _Place) -> list[Columns]:
        forwards = (order.reversed() if place.is_backwards else order).expressions
        columns = sorted({*order.names, *self.columns()})
        end = place.start + place.limit
        first, *others = (source.filter(place.where).order_by(*forwards).values(*columns)[:end] for source in sources)
        rows = first.union(*others, all=True).order_by(*forwards)[:end] if others else first
        found = list(rows)[place.start :]
        return found[::-1] if place.is_backwards else found

    @classmethod
    def columns(cls) -> set[str]:
        """The columns that showing a row needs."""
        return {cls.key_column, *(column for field in cls.fields for column in field.columns)}

    def told(self, row: Columns) -> dict[str, Any]:
        """One item."""
        return {field.name: field.value(row) for field in self.fields if field.shown}

    def one(self, key: str) -> dict[str, Any]:
        """The item with this key; NotFound."""
        number = key_of(key)
        for source in self.sources(Q(**{self.key_column: number})) if number is not None else ():
            for row in source.order_by().values(*sorted(self.columns())):
                return self.told(self.completed([row])[0])
        raise nothing_found(self.what, key)


@dataclass(frozen=True, slots=True)
class _Place:
    """Which part of the rows a page is."""

    limit: int
    start: int = 0
    where: Q = EVERYTHING
    is_backwards: bool = False

    @classmethod
    def read(cls, page: Body, order: Order) -> _Place:
        given = [name for name in ("from", "after", "before") if name in page]
        if len(given) > 1:
            raise InvalidArgument(f"Expected only one of {page.at(given[0])} and {page.at(given[1])}, found both.")
        limit = page.whole("limit", DEFAULT_LIMIT, at_least=1, at_most=MOST)
        match given:
            case ["after"]:
                return cls(limit, where=order.after(order.values(page.text("after"), page.at("after"))))
            case ["before"]:
                values = order.values(page.text("before"), page.at("before"))
                return cls(limit, where=order.reversed().after(values), is_backwards=True)
        return cls(limit, page.whole("from", 0, at_least=0, at_most=MOST))


class Item(V2View):
    """One row of a resource: GET …/{key}."""

    search: ClassVar[type[Search]]

    def answer_schema(self, method: str) -> Schema | None:
        return self.search.item_schema()

    def get(self, request: Request, key: str) -> Response:
        return Response(self.search(request=request).one(key))
