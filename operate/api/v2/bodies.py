"""Reading JSON bodies: each value is taken by name and kind, and a wrong one is refused by its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from operate.api.base import KEY_LIMIT, key_of
from operate.api.v2.errors import InvalidArgument

MISSING: Any = object()
LONGEST_MS = 20 * 365 * 24 * 3_600_000
LONGEST_NAME = 255
LARGEST = 2**31 - 1
_DIGITS = re.compile(r"-?[0-9]{1,18}")
T = TypeVar("T")


class Body:
    """A JSON object of a request. Unknown fields are ignored, as the original API does."""

    def __init__(self, values: object, path: str = "") -> None:
        if not isinstance(values, Mapping):
            raise InvalidArgument(f"Expected {path or 'the body'} to be a JSON object, found {kind_of(values)}.")
        self._values = values
        self.path = path

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> list[str]:
        """The names of the fields that were sent."""
        return list(self._values)

    def _take(self, name: str, expected: str, read: Callable[[Any], T | None], default: Any) -> Any:
        value = self._values.get(name)
        if value is None:
            if default is MISSING:
                raise InvalidArgument(f"No {self.at(name)} provided.")
            return default
        found = read(value)
        if found is None:
            raise InvalidArgument(f"Expected {self.at(name)} to be {expected}, found {shown(value)}.")
        return found

    def at(self, name: str) -> str:
        """The path of a field, for messages."""
        return f"'{self.path}.{name}'" if self.path else f"'{name}'"

    def text(self, name: str, default: Any = MISSING, *, at_most: int | None = None) -> Any:
        found = self._take(name, "a string", lambda value: value if isinstance(value, str) else None, default)
        if at_most is not None and found is not None and len(found) > at_most:
            raise InvalidArgument(f"Expected {self.at(name)} to have at most {at_most} characters, found {len(found)}.")
        return found

    def name(self, name: str) -> str:
        """A string that must not be empty, and not longer than any name may be."""
        found: str = self.text(name, at_most=LONGEST_NAME)
        if not found:
            raise InvalidArgument(f"No {self.at(name)} provided: it is empty.")
        return found

    def key(self, name: str, default: Any = MISSING) -> Any:
        return self._take(name, "a key (digits in a string)", key, default)

    def whole(self, name: str, default: Any = MISSING, *, at_least: int | None = None, at_most: int = LARGEST) -> Any:
        found = self._take(name, "a whole number", _whole, default)
        if found is None:
            return None
        if at_least is not None and found < at_least:
            raise InvalidArgument(f"The value for {self.at(name)} is '{found}' but must be at least {at_least}.")
        if found > at_most:
            raise InvalidArgument(f"The value for {self.at(name)} is '{found}' but must be at most {at_most}.")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        found = self._take(name, "true or false", lambda value: [value] if isinstance(value, bool) else None, [default])
        return bool(found[0])

    def milliseconds(self, name: str, default: Any = MISSING, *, at_least: int | None = None) -> Any:
        if name not in self and default is not MISSING:
            return default
        found = self.whole(name, at_least=-LONGEST_MS if at_least is None else at_least, at_most=LONGEST_MS)
        return timedelta(milliseconds=found)

    def object(self, name: str, default: Any = MISSING) -> Any:
        return self._take(
            name, "a JSON object", lambda value: dict(value) if isinstance(value, Mapping) else None, default
        )

    def body(self, name: str) -> Body:
        """An object inside, empty if it is missing."""
        return Body(self.object(name, {}), self._inner(name))

    def bodies(self, name: str) -> list[Body]:
        """A list of objects inside, empty if it is missing."""
        found = self._take(name, "a list", lambda value: value if isinstance(value, list) else None, [])
        return [Body(each, f"{self._inner(name)}[{position}]") for position, each in enumerate(found)]

    def texts(self, name: str, default: Any = MISSING) -> Any:
        return self._take(name, "a list of strings", _texts, default)

    def raw(self, name: str) -> Any:
        """The value as it was sent, of whatever kind."""
        return self._values.get(name)

    def _inner(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def key(value: object) -> int | None:
    """A key, written as a string or, as some clients do, as a number; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value < KEY_LIMIT else None
    return key_of(value)


def _whole(value: object) -> int | None:
    """A whole number. The npm client, when it validates what it sends, writes 64-bit numbers as text."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _texts(value: object) -> list[str] | None:
    return list(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else None


def moment(value: object) -> datetime | None:
    """A point in time, in UTC where no zone is told; None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is not None:
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
    return "an object"


def shown(value: object) -> str:
    """A value for a message, shortened."""
    text = repr(value)
    return f"{kind_of(value)}: {text if len(text) <= 80 else text[:80] + '…'}"
