"""Pages of what is ordered by a time, the newest first; keys decide between rows of the same moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from operate.admin.paging import Order
from operate.forms.keys import key_of

Place = tuple[datetime, int]


def older_than(place: Place, column: str = "at") -> Q:
    """Rows that come after this place in a list that begins with the newest."""
    at, key = place
    return Q(**{f"{column}__lte": at}) & (Q(**{f"{column}__lt": at}) | Q(key__lt=key))


def newer_than(place: Place, column: str = "at") -> Q:
    """Rows that come before this place."""
    at, key = place
    return Q(**{f"{column}__gte": at}) & (Q(**{f"{column}__gt": at}) | Q(key__gt=key))


def by_time(column: str) -> Order:
    """The order by a column with times, which no row of the list is without."""

    def text_of(row: Any) -> str:
        return f"{getattr(row, column).isoformat()}_{row.key}"

    return Order(
        (column, "key"),
        _place_in,
        text_of,
        lambda place: newer_than(place, column),
        lambda place: older_than(place, column),
    )


def _place_in(text: str) -> Place | None:
    moment, _, key = text.rpartition("_")
    number = key_of(key)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if number is None or at.tzinfo is None else (at, number)


BY_TIME = by_time("at")
