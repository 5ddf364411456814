"""Pages of what is sorted by time, without counting: the thousandth costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from operate.forms.keys import key_of

NEWER, OLDER = "after", "before"
Place = tuple[datetime, int]


def older_than(place: Place) -> Q:
    """Rows that come after this place in a list that begins with the newest."""
    at, key = place
    return Q(at__lt=at) | Q(at=at, key__lt=key)


def newer_than(place: Place) -> Q:
    """Rows that come before this place."""
    at, key = place
    return Q(at__gt=at) | Q(at=at, key__gt=key)


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """Some rows with `at` and `key`, newest first, and where the neighbouring ones are."""

    rows: Sequence[Any]
    newer: str = ""
    older: str = ""

    @classmethod
    def of(cls, rows: QuerySet[Any], request: HttpRequest, size: int) -> Self:
        """Read one row more than is shown: that tells whether there are others."""
        before, after = _place(request, OLDER), _place(request, NEWER)
        if after is not None:
            found = list(rows.filter(newer_than(after)).order_by("at", "key")[: size + 1])
            has_newer, has_older = len(found) > size, True
            found = found[:size][::-1]
        else:
            older = rows if before is None else rows.filter(older_than(before))
            found = list(older.order_by("-at", "-key")[: size + 1])
            has_newer, has_older = before is not None, len(found) > size
            found = found[:size]
        if not found:
            return cls((), newer=_link(request) if before is not None or after is not None else "")
        return cls(
            found,
            newer=_link(request, NEWER, found[0]) if has_newer else "",
            older=_link(request, OLDER, found[-1]) if has_older else "",
        )


def _place(request: HttpRequest, name: str) -> Place | None:
    moment, _, key = request.GET.get(name, "").rpartition("_")
    number = key_of(key)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if number is None or at.tzinfo is None else (at, number)


def _link(request: HttpRequest, name: str = "", row: Any = None) -> str:
    query = request.GET.copy()
    for each in (NEWER, OLDER):
        query.pop(each, None)
    if name:
        query[name] = f"{row.at.isoformat()}_{row.key}"
    return f"?{query.urlencode()}"
