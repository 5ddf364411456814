"""Pages of long tables without counting: from a row's place in the order, so that the thousandth costs what the first does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from operate.forms.keys import key_of

NEWER, OLDER = "after", "before"


@dataclass(frozen=True, slots=True)
class Order:
    """What rows are ordered by, and how an address names the place of one of them."""

    columns: Sequence[str]
    place_in: Callable[[str], Any]
    """The place that a text names; None if it names none."""
    text_of: Callable[[Any], str]
    newer_than: Callable[[Any], Q]
    older_than: Callable[[Any], Q]


BY_KEY = Order(("pk",), key_of, lambda row: str(row.pk), lambda place: Q(pk__gt=place), lambda place: Q(pk__lt=place))


@dataclass(frozen=True, slots=True)
class KeySlice:
    """Some rows, newest first, and where the neighbouring ones are."""

    rows: Sequence[Any]
    newer: str = ""
    older: str = ""

    @classmethod
    def of(cls, rows: QuerySet[Any], request: HttpRequest, size: int, order: Order = BY_KEY) -> Self:
        """Read one row more than is shown: that tells whether there are others."""
        before, after = (order.place_in(request.GET.get(name, "")) for name in (OLDER, NEWER))
        if after is not None:
            found = list(rows.filter(order.newer_than(after)).order_by(*order.columns)[: size + 1])
            has_newer, has_older = len(found) > size, True
            found = found[:size][::-1]
        else:
            older = rows if before is None else rows.filter(order.older_than(before))
            found = list(older.order_by(*(f"-{column}" for column in order.columns))[: size + 1])
            has_newer, has_older = before is not None, len(found) > size
            found = found[:size]
        if not found:
            return cls((), newer=_link(request) if before is not None or after is not None else "")
        return cls(
            found,
            newer=_link(request, NEWER, order.text_of(found[0])) if has_newer else "",
            older=_link(request, OLDER, order.text_of(found[-1])) if has_older else "",
        )


def _link(request: HttpRequest, name: str = "", place: str = "") -> str:
    query = request.GET.copy()
    for each in (NEWER, OLDER):
        query.pop(each, None)
    if name:
        query[name] = place
    return f"?{query.urlencode()}"
