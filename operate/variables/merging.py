"""What two people made of the same value: put together where they changed different parts of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from operate.variables.exact import is_same


class Missing:
    """There is nothing: neither null nor any other value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(slots=True)
class Merged:
    """Both changes in one value, and the paths that both have changed, each to something else.

    Where they overlap, `value` has mine.
    """

    value: Any
    overlaps: list[str] = field(default_factory=list)


def merge(was: Any, theirs: Any, mine: Any, path: str = "") -> Merged:
    """Put two changes of one value together, objects by their keys and lists of one length by their items."""
    if _same(theirs, mine) or _same(was, theirs):
        return Merged(mine)
    if _same(was, mine):
        return Merged(theirs)
    if isinstance(was, dict) and isinstance(theirs, dict) and isinstance(mine, dict):
        return _merge_objects(was, theirs, mine, path)
    if _are_lists_of_one_length(was, theirs, mine):
        return _merge_lists(was, theirs, mine, path)
    return Merged(mine, [path])


def unmask(mine: Any, shown: Any, stored: Any) -> Any:
    """What somebody made of a value of which they were shown only a part: what they left as shown is as stored."""
    if _same(mine, shown):
        return stored
    if isinstance(mine, dict) and isinstance(shown, dict) and isinstance(stored, dict):
        return {
            name: unmask(value, shown[name], stored[name]) if name in shown and name in stored else value
            for name, value in mine.items()
        }
    if _are_lists_of_one_length(mine, shown, stored):
        return [unmask(*three) for three in zip(mine, shown, stored, strict=True)]
    return mine


def _merge_objects(was: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any], path: str) -> Merged:
    merged = Merged({})
    for name in _names(theirs, mine):
        inner = merge(
            was.get(name, MISSING),
            theirs.get(name, MISSING),
            mine.get(name, MISSING),
            f"{path}.{name}" if path else name,
        )
        merged.overlaps += inner.overlaps
        if inner.value is not MISSING:
            merged.value[name] = inner.value
    return merged


def _names(*objects: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for each in objects for name in each))


def _merge_lists(was: list[Any], theirs: list[Any], mine: list[Any], path: str) -> Merged:
    merged = Merged([])
    for number, three in enumerate(zip(was, theirs, mine, strict=True)):
        inner = merge(*three, f"{path}[{number}]")
        merged.overlaps += inner.overlaps
        merged.value.append(inner.value)
    return merged


def _are_lists_of_one_length(*values: Any) -> bool:
    return all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1


def _same(one: Any, other: Any) -> bool:
    return one is other or is_same(one, other)


__all__ = ["MISSING", "Merged", "Missing", "merge", "unmask"]
