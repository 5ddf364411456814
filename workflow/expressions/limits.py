"""How much an expression may make. What it only passes on, such as a large variable, does not count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MAX_CHARACTERS: Final = 12_000_000
"""Of a text, or of a list or context as JSON: room for values of 10 MB. As in feel/numbers.js."""
MAX_DIGITS: Final = 1000


class TooLarge(Exception):
    """A value that is larger than expressions may make it."""


def check_text(characters: int) -> None:
    """Raise TooLarge for a text that would get too long."""
    if characters > MAX_CHARACTERS:
        raise TooLarge(f"a text of {characters} characters would come about, {MAX_CHARACTERS} are allowed")


def check_size(value: object) -> None:
    """Raise TooLarge for a value that would get too large as JSON."""
    total, ahead = 0, [value]
    while ahead:
        each = ahead.pop()
        total += 1
        match each:
            case str():
                total += len(each)
            case list() | tuple():
                ahead.extend(each)
            case Mapping():
                total += sum(len(str(key)) for key in each)
                ahead.extend(each.values())
        if total + len(ahead) > MAX_CHARACTERS:
            raise TooLarge(f"a value of more than {MAX_CHARACTERS} characters would come about")


def check_number(number: float) -> None:
    """Raise TooLarge for an integer that has more digits than anybody can mean."""
    if isinstance(number, int) and number.bit_length() > MAX_DIGITS * 3.4:
        raise TooLarge(f"a number of more than {MAX_DIGITS} digits would come about")
