"""Lists: which parameters a resource knows, what each one means, and how it is sorted and paged.

One declaration serves the parameters of GET, the JSON body of POST, the count, and the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import Combinable, OrderBy
from django.db.models.lookups import BuiltinLookup
from rest_framework.request import Request

from operate.api.engine_rest.ids import definition_key_of, key_of
from operate.api.engine_rest.values import json_kind, read_date
from workflow.engine.errors import Rejected
from workflow.models import DEFAULT_WORKSPACE

INTEGER_LIMIT = 2**31
MAX_LISTED = 30_000  # what one statement can carry and still be planned quickly
NOTHING = Q(pk__in=[])

Rows = TypeVar("Rows", bound="QuerySet[Any]")


class Kind(Enum):
    """What the value of a parameter is: its type in Java, for errors, and its JSON schema."""

    TEXT = ("java.lang.String", {"type": "string"})
    TEXTS = ("java.util.List", {"type": "array", "items": {"type": "string"}})
    FLAG = ("java.lang.Boolean", {"type": "boolean"})
    NUMBER = ("java.lang.Integer", {"type": "integer", "format": "int32"})
    DATE = ("java.util.Date", {"type": "string", "format": "date-time"})

    def __init__(self, java: str, schema: dict[str, Any]) -> None:
        self.java = java
        self.schema = schema

    def from_address(self, value: str) -> Any:
        """The value that a parameter's text stands for; raises ValueError."""
        match self:
            case Kind.TEXTS:
                return _listed(value.split(","))
            case Kind.FLAG | Kind.NUMBER:
                return self.from_json(value)
        return self.from_json(value)

    def from_json(self, value: Any) -> Any:
        """The value that a JSON value stands for; raises ValueError."""
        match self:
            case Kind.TEXT if isinstance(value, str):
                return value
            case Kind.TEXTS if isinstance(value, list) and all(isinstance(each, str) for each in value):
                return _listed(value)
            case Kind.FLAG if value in (True, False) and isinstance(value, bool):
                return value
            case Kind.FLAG if isinstance(value, str) and value.lower() in ("true", "false"):
                return value.lower() == "true"
            case Kind.NUMBER:
                return _whole(value)
            case Kind.DATE if (moment := read_date(value)) is not None:
                return moment
        raise ValueError(f'Cannot convert value "{str(value)[:100]}" to java type {self.java}')


def _listed(values: list[str]) -> list[str]:
    if len(values) > MAX_LISTED:
        raise ValueError(f"expected at most {MAX_LISTED} values, found {len(values)}")
    return values


def _whole(value: Any) -> int:
    if isinstance(value, str) and value.lstrip("-").isdecimal() and value.isascii() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        raise ValueError(f'Cannot convert value "{str(value)[:100]}" to java type java.lang.Integer')
    return value


@dataclass(frozen=True, slots=True)
class Filter:
    """One parameter: what its value is, and which rows it leaves."""

    kind: Kind
    condition: Callable[[Any], Q]
    description: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        return self.kind.schema

    def from_address(self, value: str, given: Mapping[str, Any]) -> Any:
        return self.kind.from_address(value)

    def from_json(self, value: Any, given: Mapping[str, Any]) -> Any:
        return self.kind.from_json(value)


# ---- the filters that resources are declared with


def text(path: str) -> Filter:
    """The column is exactly this."""
    return Filter(Kind.TEXT, lambda value: Q(**{path: value}))


def texts(path: str) -> Filter:
    """The column is one of these."""
    return Filter(Kind.TEXTS, lambda values: Q(**{f"{path}__in": values}))


def not_texts(path: str) -> Filter:
    """The column is none of these."""
    return Filter(Kind.TEXTS, lambda values: ~Q(**{f"{path}__in": values}))


def pattern(path: str) -> Filter:
    """The column matches this SQL pattern."""
    return Filter(Kind.TEXT, lambda value: like(F(path), value), "a pattern with `%` and `_`")


def key(path: str) -> Filter:
    """The key column has this id; what cannot be an id is nobody's."""
    return Filter(Kind.TEXT, lambda value: having(path, [key_of(value)]))


def keys(path: str) -> Filter:
    """The key column has one of these ids."""
    return Filter(Kind.TEXTS, lambda values: having(path, [key_of(value) for value in values]))


def definition(path: str = "definition") -> Filter:
    """The key column has this process definition id."""
    return Filter(Kind.TEXT, lambda value: having(path, [definition_key_of(value)]))


def definitions(path: str = "definition") -> Filter:
    """The key column has one of these process definition ids."""
    return Filter(Kind.TEXTS, lambda values: having(path, [definition_key_of(value) for value in values]))


def having(path: str, found: Sequence[int | None]) -> Q:
    """The column holds one of these keys; None is no key and holds nowhere."""
    known = [each for each in found if each is not None]
    return Q(**{f"{path}__in": known}) if known else NOTHING


def flag(condition: Q | Callable[[], Q]) -> Filter:
    """If true, only these rows; false is as if it were absent, as in Camunda 7."""

    def apply(value: bool) -> Q:
        if not value:
            return Q()
        return condition() if callable(condition) else condition

    return Filter(Kind.FLAG, apply)


def number(path: str) -> Filter:
    """A whole number compared with the column."""
    return Filter(Kind.NUMBER, lambda value: Q(**{path: value}))


def date(path: str) -> Filter:
    """A moment compared with the column."""
    return Filter(Kind.DATE, lambda value: Q(**{path: value}))


MOMENTS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "operator": {"type": "string", "enum": ["gt", "lt"]},
            "value": {"type": "string", "format": "date-time"},
        },
        "required": ["operator", "value"],
    },
}


@dataclass(frozen=True, slots=True)
class _Moments(Filter):
    """Bounds of a moment: `gt_2025-01-02T03:04:05.678+0000` in an address, `{"operator", "value"}` in a body."""

    @property
    def schema(self) -> dict[str, Any]:
        return MOMENTS

    def from_address(self, value: str, given: Mapping[str, Any]) -> Any:
        return [self._bound(*each.partition("_")[::2]) for each in value.split(",")]

    def from_json(self, value: Any, given: Mapping[str, Any]) -> Any:
        if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
            raise ValueError('expected a list like [{"operator": "gt", "value": "2025-01-02T03:04:05.678+0000"}]')
        return [self._bound(each.get("operator"), each.get("value")) for each in value]

    def _bound(self, operator: Any, value: Any) -> tuple[str, Any]:
        if operator not in ("gt", "lt"):
            raise ValueError(f"Invalid due date comparator specified: {str(operator)[:100]}; expected gt or lt")
        return operator, self.kind.from_json(value)


def moments(path: str) -> Filter:
    """The column lies within these bounds."""

    def apply(bounds: Sequence[tuple[str, Any]]) -> Q:
        where = Q()
        for operator, moment in bounds:
            where &= Q(**{f"{path}__{operator}": moment})
        return where

    return _Moments(Kind.DATE, apply, "`gt_` or `lt_` and a date, several separated by commas")


@dataclass(frozen=True, slots=True)
class _Tenants(Filter):
    """The tenants asked for; another parameter may add those without tenant."""

    include: str = ""

    def from_address(self, value: str, given: Mapping[str, Any]) -> Any:
        return self._slugs(self.kind.from_address(value), given)

    def from_json(self, value: Any, given: Mapping[str, Any]) -> Any:
        return self._slugs(self.kind.from_json(value), given)

    def _slugs(self, named: list[str], given: Mapping[str, Any]) -> list[str]:
        slugs = [each for each in named if each != DEFAULT_WORKSPACE]
        return [*slugs, DEFAULT_WORKSPACE] if str(given.get(self.include)).lower() == "true" else slugs


def tenants(path: str = "workspace", *, include: str = "") -> Filter:
    """The workspace is one of these tenants; the default one is no tenant, and meant only if `include` is true."""
    return _Tenants(Kind.TEXTS, lambda slugs: Q(**{f"{path}__slug__in": slugs}), include=include)


def without_tenant(path: str = "workspace") -> Filter:
    """Only the default workspace, which is no tenant."""
    return flag(Q(**{f"{path}__slug": DEFAULT_WORKSPACE}))


def never(kind: Kind = Kind.TEXT) -> Filter:
    """Cases, decisions and other things that are not here: nothing belongs to one."""
    return Filter(kind, lambda value: NOTHING if value else Q(), "nothing here has one, so nothing is found")


def always(description: str = "") -> Filter:
    """A parameter whose condition everything here fulfils, or that another parameter looks at."""
    return Filter(Kind.FLAG, lambda value: Q(), description)


def unsupported(kind: Kind = Kind.TEXT) -> Filter:
    """A parameter of Camunda 7 that this release does not know: refused, because to ignore it would be a lie."""

    def refuse(value: Any) -> Q:
        if value is False:
            return Q()
        raise ValueError("this parameter is not supported yet")

    return Filter(kind, refuse, "not supported yet")


class Like(BuiltinLookup):
    """SQL's LIKE with the caller's own `%` and `_`."""

    lookup_name = "sql_like"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = compiler.compile(self.lhs)
        right, right_params = compiler.compile(self.rhs)
        return f"({left})::text LIKE {right}", (*left_params, *right_params)


def like(expression: Combinable, wanted: str) -> Q:
    """The expression matches an SQL pattern; one with a lone backslash at its end matches nothing."""
    if (len(wanted) - len(wanted.rstrip("\\"))) % 2:
        return NOTHING
    return Q(Like(expression, Value(wanted)))


# ---- the whole list


@dataclass(frozen=True, slots=True)
class Selection:
    """What one request asks for: which rows, in which order, and how many of them."""

    where: Q
    order: tuple[OrderBy | str, ...]
    first: int = 0
    limit: int | None = None

    def page(self, rows: Rows) -> Rows:
        """The rows asked for. Nothing is counted."""
        end = None if self.limit is None else self.first + self.limit
        return rows.filter(self.where).order_by(*self.order)[self.first : end]

    def count(self, rows: QuerySet[Any]) -> int:
        """How many rows there are on all pages."""
        return rows.filter(self.where).order_by().count()


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The parameters of one list. Rows that are equal in the order asked for come oldest first."""

    filters: Mapping[str, Filter]
    sorting: Mapping[str, str | Combinable]
    default_order: tuple[str, ...] = ("key",)
    has_or_queries: bool = False

    def from_address(self, request: Request) -> Selection:
        """Read the query parameters of a GET; those that are unknown are passed over."""
        given = request.query_params
        where = Q()
        for name, known in self.filters.items():
            if name in given:
                where &= self._condition(name, known, given[name], given, known.from_address)
        return Selection(where, self._address_order(given), *paging(request))

    def from_body(self, request: Request) -> Selection:
        """Read the JSON body of a POST, in which nothing may be unknown."""
        body = request.data
        if not isinstance(body, Mapping):
            raise Rejected(f"Expected the body to be a JSON object, found {json_kind(body)}.")
        return Selection(self.condition(body), self._body_order(body.get("sorting")), *paging(request))

    def condition(self, body: Mapping[str, Any]) -> Q:
        """Which rows a JSON query means, such as one inside of a command's body."""
        where = self._where(body)
        if self.has_or_queries and (alternatives := body.get("orQueries")) is not None:
            where &= self._or_queries(alternatives)
        return where

    def _where(self, body: Mapping[str, Any]) -> Q:
        where = Q()
        for condition in self._conditions(body, ("sorting", "orQueries") if self.has_or_queries else ("sorting",)):
            where &= condition
        return where

    def _or_queries(self, alternatives: Any) -> Q:
        if not isinstance(alternatives, list) or not all(isinstance(each, Mapping) for each in alternatives):
            raise Rejected("Expected 'orQueries' to be a list of objects.")
        where = Q()
        for each in alternatives:
            one_of = Q()
            for condition in self._conditions(each, ()):
                one_of |= condition
            where &= one_of
        return where

    def _conditions(self, body: Mapping[str, Any], others: Sequence[str]) -> Iterator[Q]:
        unknown = sorted(str(name) for name in given_names(body) - self.filters.keys() - set(others))
        if unknown:
            raise Rejected(f"Unrecognized field '{unknown[0]}'. Known are: {', '.join(sorted(self.filters))}.")
        for name, value in body.items():
            if value is not None and name in self.filters:
                known = self.filters[name]
                yield self._condition(name, known, value, body, known.from_json)

    @staticmethod
    def _condition(
        name: str, known: Filter, value: Any, given: Mapping[str, Any], read: Callable[[Any, Mapping[str, Any]], Any]
    ) -> Q:
        try:
            return known.condition(read(value, given))
        except ValueError as error:
            raise _bad_parameter(name, value, str(error)) from None

    def _address_order(self, given: Mapping[str, str]) -> tuple[OrderBy | str, ...]:
        by, direction = given.get("sortBy"), given.get("sortOrder")
        if by is None and direction is None:
            return self.default_order
        if by is None or direction is None:
            raise Rejected("Only a single sorting parameter specified. sortBy and sortOrder required")
        return self._ordered([(by, direction)])

    def _body_order(self, sorting: Any) -> tuple[OrderBy | str, ...]:
        if not sorting:
            return self.default_order
        if not isinstance(sorting, list) or not all(isinstance(each, Mapping) for each in sorting):
            raise Rejected('Expected \'sorting\' to be a list like [{"sortBy": "…", "sortOrder": "asc"}].')
        return self._ordered([(each.get("sortBy"), each.get("sortOrder")) for each in sorting])

    def _ordered(self, wanted: Sequence[tuple[Any, Any]]) -> tuple[OrderBy | str, ...]:
        order: list[OrderBy | str] = []
        for by, direction in wanted:
            if not isinstance(by, str) or by not in self.sorting:
                raise _bad_parameter("sortBy", by, f"Expected one of {', '.join(sorted(self.sorting))}.")
            if direction not in ("asc", "desc"):
                raise _bad_parameter("sortOrder", direction, "Expected asc or desc.")
            path = self.sorting[by]
            expression: Any = F(path) if isinstance(path, str) else path
            order.append(expression.asc() if direction == "asc" else expression.desc())
        return (*order, *self.default_order)


def given_names(body: Mapping[str, Any]) -> set[str]:
    """The fields of a JSON object that say something; many clients send all that they know, most of them null."""
    return {name for name, value in body.items() if value is not None}


def paging(request: Request) -> tuple[int, int | None]:
    """firstResult and maxResults, which are address parameters also of a POST."""
    numbers = []
    for name in ("firstResult", "maxResults"):
        value = request.query_params.get(name)
        try:
            numbers.append(None if value in (None, "") else _whole(value))
        except ValueError as error:
            raise _bad_parameter(name, value, str(error)) from None
        if (numbers[-1] or 0) < 0:
            raise _bad_parameter(name, value, "Expected a number that is not negative.")
    return numbers[0] or 0, numbers[1]


def _bad_parameter(name: str, value: Any, reason: str) -> Rejected:
    return Rejected(f"Cannot set query parameter '{name}' to value '{str(value)[:100]}': {reason}")
