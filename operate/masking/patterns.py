"""What is masked, by patterns such as `customer.iban`: pure functions on JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

MASK = "••••••"
LONGEST = 500
_ANY_DEPTH = "**"

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps from the name of a variable inwards.

    A step is a name in which `*` stands for any characters; `**` stands for any number of steps. Lists are passed
    through: a step applies to each of their items.
    """

    steps: Steps

    @classmethod
    def read(cls, text: str) -> Pattern:
        """The pattern that a text means; raises ValueError with what is wrong."""
        cleaned = text.strip().removeprefix("$.")
        if not cleaned:
            raise ValueError("Expected a variable's name or a path such as 'customer.iban', found nothing.")
        if len(cleaned) > LONGEST:
            raise ValueError(f"Expected at most {LONGEST} characters, found {len(cleaned)}.")
        steps = tuple(step.removesuffix("[*]").strip() for step in cleaned.split("."))
        if not all(steps):
            raise ValueError(f"Expected names between the dots, found an empty one in '{cleaned}'.")
        if "[" in cleaned.replace("[*]", ""):
            raise ValueError(
                f"Expected no positions of list items in '{cleaned}': a name applies to every item of a list."
            )
        return cls(steps)

    def __str__(self) -> str:
        return ".".join(self.steps)


def masked(name: str, value: Any, patterns: Iterable[Pattern]) -> Any:
    """The variable's value with what the patterns name replaced; the very same object if they name nothing in it."""
    return _masked(value, _inwards((pattern.steps for pattern in patterns), name))


def touches(name: str, patterns: Iterable[Pattern]) -> bool:
    """Whether something in a variable of this name may be masked."""
    return bool(_inwards((pattern.steps for pattern in patterns), name))


def has_mask(value: Any) -> bool:
    """Whether a value holds a mask somewhere, so that storing it would lose what the mask stands for."""
    match value:
        case str():
            return MASK in value
        case Mapping():
            return any(has_mask(item) for item in value.values())
        case list() | tuple():
            return any(has_mask(item) for item in value)
    return False


def _inwards(paths: Iterable[Steps], name: str) -> set[Steps]:
    """What is left of the paths after this name; an empty one names the value itself."""
    left: set[Steps] = set()
    for steps in paths:
        if not steps:
            continue
        if steps[0] == _ANY_DEPTH:
            left.add(steps)
            left |= _inwards([steps[1:]], name) if len(steps) > 1 else {()}
        elif fnmatchcase(name, steps[0]):
            left.add(steps[1:])
    return left


def _masked(value: Any, paths: set[Steps]) -> Any:
    if not paths:
        return value
    if () in paths:
        return MASK
    match value:
        case Mapping():
            found = {name: _masked(item, _inwards(paths, name)) for name, item in value.items()}
            return found if any(found[name] is not item for name, item in value.items()) else value
        case list() | tuple():
            items = [_masked(item, paths) for item in value]
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        case str() if value.lstrip()[:1] in ("{", "["):
            return _masked_text(value, paths)
    return value


def _masked_text(text: str, paths: set[Steps]) -> str:
    """JSON inside a text is masked as JSON; what only looks like it is masked whole, as nobody can look into it."""
    try:
        document = json.loads(text)
        found = _masked(document, paths)
    except (ValueError, RecursionError):
        return MASK
    return text if found is document else json.dumps(found, ensure_ascii=False)
