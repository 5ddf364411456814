"""Pages of what is ordered by time: rows with `at` and `key`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from operate.admin.paging import Order
from operate.forms.keys import key_of

Place = tuple[datetime, int]


def older_than(place: Place) -> Q:
    """Rows that come after this place in a list that begins with the newest."""
    at, key = place
    return Q(at__lte=at) & (Q(at__lt=at) | Q(key__lt=key))


def newer_than(place: Place) -> Q:
    """Rows that come before this place."""
    at, key = place
    return Q(at__gte=at) & (Q(at__gt=at) | Q(key__gt=key))


def _place_in(text: str) -> Place | None:
    moment, _, key = text.rpartition("_")
    number = key_of(key)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if number is None or at.tzinfo is None else (at, number)


def _text_of(row: Any) -> str:
    return f"{row.at.isoformat()}_{row.key}"


BY_TIME = Order(("at", "key"), _place_in, _text_of, newer_than, older_than)
