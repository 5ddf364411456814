"""Two values side by side, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _

from operate.forms.json_values import json_text
from operate.masking.patterns import MASK

MOST_LINES = 3_000
"""Longer values are shown without looking for what is the same in them."""
CONTEXT = 3
"""Lines around a change; what is the same further off is left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line before and the same line after; `kind` says what happened to it: same, changed, added, removed, gap."""

    kind: str
    before: str = ""
    after: str = ""
    before_number: int | None = None
    after_number: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one variable."""

    name: str
    scope_key: int | None
    rows: Sequence[Row]
    is_new: bool
    is_deleted: bool
    hides_change: bool = False
    """Whether something differs that is masked before and after."""


def changes(body: dict[str, Any], stored: dict[str, Any]) -> list[Change]:
    """The variables that an audit event tells before and after; `stored` is the body with nothing masked."""
    found = body.get("variables")
    if not isinstance(found, list):
        return []
    return [
        _change(each, whole)
        for each, whole in zip(found, stored["variables"], strict=True)
        if isinstance(each, dict) and "name" in each
    ]


def _hides_change(before: Any, after: Any, stored_before: Any, stored_after: Any) -> bool:
    if before == MASK and after == MASK:
        return bool(stored_before != stored_after)
    match before, after:
        case dict(), dict():
            return any(
                _hides_change(before[name], after[name], stored_before[name], stored_after[name])
                for name in before.keys() & after.keys()
            )
        case list(), list():
            parts = zip(before, after, stored_before, stored_after, strict=False)
            return any(_hides_change(*part) for part in parts)
    return False


def _change(told: dict[str, Any], stored: dict[str, Any]) -> Change:
    existed, deleted = bool(told.get("existed", True)), bool(told.get("deleted"))
    before = _lines(told.get("before")) if existed else []
    after = [] if deleted else _lines(told.get("after"))
    hides = _hides_change(told.get("before"), told.get("after"), stored.get("before"), stored.get("after"))
    return Change(str(told["name"]), told.get("scope_key"), list(compare(before, after)), not existed, deleted, hides)


def _lines(value: Any) -> list[str]:
    return json_text(value).split("\n")


def compare(before: Sequence[str], after: Sequence[str]) -> Iterator[Row]:
    """The lines beside each other, with what has changed and some lines around it."""
    if len(before) + len(after) > MOST_LINES:
        operations = [("replace", 0, len(before), 0, len(after))]
    else:
        operations = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for position, (tag, low, high, left, right) in enumerate(operations):
        if tag == "equal":
            is_last = position == len(operations) - 1
            yield from _same(before, low, high, left, is_first=position == 0, is_last=is_last)
        else:
            yield from _different(before, low, high, after, left, right)


def _same(before: Sequence[str], low: int, high: int, left: int, *, is_first: bool, is_last: bool) -> Iterator[Row]:
    head = 0 if is_first else CONTEXT
    tail = 0 if is_last else CONTEXT
    shift = left - low
    if high - low <= head + tail + 1:
        head, tail = high - low, 0
    for number in range(low, low + head):
        yield Row("same", before[number], before[number], number + 1, number + shift + 1)
    if high - low > head + tail:
        yield Row("gap", _("%(number)s lines are the same") % {"number": high - low - head - tail})
    for number in range(high - tail, high):
        yield Row("same", before[number], before[number], number + 1, number + shift + 1)


def _different(
    before: Sequence[str], low: int, high: int, after: Sequence[str], left: int, right: int
) -> Iterator[Row]:
    for old, new in zip_longest(range(low, high), range(left, right)):
        if new is None:
            yield Row("removed", before[old], "", old + 1)
        elif old is None:
            yield Row("added", "", after[new], None, new + 1)
        else:
            yield Row("changed", before[old], after[new], old + 1, new + 1)
