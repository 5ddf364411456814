"""Pages of the task list in other orders than by key: by the place of the last row, without counting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from operate.admin.paging import KeySlice
from operate.forms.keys import key_of

AFTER = "from"
NO_DATE = "-"


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in an order: what it is ordered by, and its key."""

    value: str
    key: int

    @classmethod
    def read(cls, text: str) -> Place | None:
        value, _tilde, key = text.rpartition("~")
        found = key_of(key)
        return cls(value, found) if value and found is not None else None


def slice_of(rows: QuerySet[Any], request: HttpRequest, size: int, sort: str) -> KeySlice:
    """One page in the order that is asked for, and the way to the next one; back to the first if this is another."""
    if sort == "due":
        return _sliced(rows.order_by(F("due_at").asc(nulls_last=True), "key"), request, size, _after_due, _due)
    if sort == "priority":
        return _sliced(rows.order_by("-priority", "-key"), request, size, _after_priority, _priority)
    return KeySlice.of(rows, request, size)


def _sliced(rows: QuerySet[Any], request: HttpRequest, size: int, after: Any, value: Any) -> KeySlice:
    place = Place.read(request.GET.get(AFTER, ""))
    if place is not None:
        condition = after(place)
        rows = rows.filter(condition) if condition is not None else rows
    found = list(rows[: size + 1])
    more, found = len(found) > size, found[:size]
    older = _link(request, f"{value(found[-1])}~{found[-1].key}") if more else ""
    return KeySlice(found, newer=_link(request, "") if place is not None else "", older=older)


def _after_due(place: Place) -> Q | None:
    if place.value == NO_DATE:
        return Q(due_at=None, key__gt=place.key)
    try:
        moment = datetime.fromisoformat(place.value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return Q(due_at__gt=moment) | Q(due_at=moment, key__gt=place.key) | Q(due_at=None)


def _due(row: Any) -> str:
    return row.due_at.isoformat() if row.due_at else NO_DATE


def _after_priority(place: Place) -> Q | None:
    try:
        priority = int(place.value)
    except ValueError:
        return None
    return Q(priority__lt=priority) | Q(priority=priority, key__lt=place.key) if abs(priority) < 2**31 else None


def _priority(row: Any) -> str:
    return str(row.priority)


def _link(request: HttpRequest, place: str) -> str:
    query = request.GET.copy()
    query.pop(AFTER, None)
    if place:
        query[AFTER] = place
    return f"?{query.urlencode()}"


__all__ = ["slice_of"]
