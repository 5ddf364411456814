"""What differs between two JSON values, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operate.variables import exact
from operate.variables.edits import ADDED, CHANGED
from operate.variables.merging import MISSING

REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Part:
    """One place that differs; a side is None where it has nothing there."""

    path: str
    kind: str
    left: str | None
    right: str | None


def parts(left: Any, right: Any, path: str) -> Iterator[Part]:
    """The innermost places where two values differ: objects are compared by key, lists by position."""
    if left is MISSING or right is MISSING:
        if left is not right:
            yield Part(path, ADDED if left is MISSING else REMOVED, _text(left), _text(right))
    elif isinstance(left, Mapping) and isinstance(right, Mapping):
        for name in dict.fromkeys([*left, *right]):
            yield from parts(left.get(name, MISSING), right.get(name, MISSING), f"{path}.{name}")
    elif isinstance(left, list) and isinstance(right, list):
        for number in range(max(len(left), len(right))):
            yield from parts(_item(left, number), _item(right, number), f"{path}[{number}]")
    elif not exact.is_same(left, right):
        yield Part(path, CHANGED, _text(left), _text(right))


def _item(items: list[Any], number: int) -> Any:
    return items[number] if number < len(items) else MISSING


def _text(value: Any) -> str | None:
    return None if value is MISSING else exact.dump(value)


__all__ = ["REMOVED", "Part", "parts"]
