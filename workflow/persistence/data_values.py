"""Values at data paths, made comparable: what cannot be compared as its path wants it is not found by it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from workflow.graph import DataPath, DataType

MAX_TEXT_LENGTH = 500
"""Texts are indexed and compared by as many characters."""
MAX_ITEMS = 100
"""Of a list, as many items are indexed."""
MAX_DIGITS = 100

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}

Comparable = str | Decimal | datetime | bool


@dataclass(frozen=True, slots=True)
class IndexedValue:
    """One value at a path, in the column of its type."""

    text: str | None = None
    number: Decimal | None = None
    date: datetime | None = None
    boolean: bool | None = None


def indexed_values(path: DataPath, value: object) -> Iterator[IndexedValue]:
    """What stands at a path in the value of its variable, each item of a list by itself."""
    column = path.type.value.lower()
    for found in _compared(path, value):
        yield IndexedValue(**{column: found})


def keyword_text(path: DataPath, value: object) -> str:
    """What stands at a path as people read it; empty if there is nothing."""
    texts = (_readable(found) for found in values_at(value, path.steps[1:]))
    return ", ".join(text for text in texts if text)[:MAX_TEXT_LENGTH]


def values_at(value: object, steps: Sequence[str]) -> list[object]:
    """The values at the end of these steps, not lists themselves; at most `MAX_ITEMS`."""
    found = [value]
    for step in (*steps, None):
        found = [item for each in found for item in _items(each)][:MAX_ITEMS]
        if step is not None:
            found = [each[step] for each in map(_opened, found) if isinstance(each, dict) and step in each]
    return found


def comparable(kind: DataType, value: object) -> Comparable | None:
    """A value as the index holds it; None for what is not of the type."""
    return _CONVERT[kind](value)


def _compared(path: DataPath, value: object) -> Iterator[Comparable]:
    for each in values_at(value, path.steps[1:]):
        found = comparable(path.type, each)
        if found is not None:
            yield found


def _items(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for item in value:
            yield from _items(item)
    else:
        yield value


def _opened(value: object) -> object:
    """An object that a worker has sent as text (Camunda 7: serialized)."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _text(value: object) -> str | None:
    return _readable(value)[:MAX_TEXT_LENGTH] if isinstance(value, str | int | float | Decimal) else None


def _readable(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float | Decimal) else ""


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
        return None
    if not isinstance(value, str | int | float | Decimal):
        return None
    text = value.strip() if isinstance(value, str) else str(value)
    try:
        found = Decimal(text[: MAX_DIGITS + 1])
    except InvalidOperation:
        return None
    return found if len(text) <= MAX_DIGITS and found.is_finite() and abs(found.adjusted()) <= MAX_DIGITS else None


def _date(value: object) -> datetime | None:
    """A moment; a date alone is its midnight in UTC, a moment without offset is in UTC."""
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    else:
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def _boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None


_CONVERT = {DataType.TEXT: _text, DataType.NUMBER: _number, DataType.DATE: _date, DataType.BOOLEAN: _boolean}


__all__ = ["IndexedValue", "comparable", "indexed_values", "keyword_text", "values_at"]
