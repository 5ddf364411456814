"""Types of the Camunda 7 API: which values a type can hold, so that an edited Long stays a Long."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from workflow.engine.errors import Rejected
from workflow.engine.values import type_of

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def kept_type(former: str, value: Any) -> str | None:
    """The type that a variable keeps with this value; None if the value does not fit it.

    A variable that was null takes any type.
    """
    if value is None:
        return former
    if former in ("", "Null"):
        return type_of(value)
    return former if _fits(former, value) else None


def check_type(name: str, kind: str, value: Any) -> None:
    """Raise Rejected unless a value of that type can be this one."""
    if kind not in FITS:
        raise Rejected(f"Expected the type of '{name}' to be one of {', '.join(FITS)}, found '{kind}'.")
    if value is not None and not _fits(kind, value):
        raise Rejected(f"Expected a value of type {kind} for '{name}': {EXPECTED[kind]}.")


def _fits(kind: str, value: Any) -> bool:
    return kind in FITS and FITS[kind](value)


def _whole(bits: int) -> Callable[[Any], bool]:
    limit = 2 ** (bits - 1)
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("filename"), str) and _is_base64(value.get("data"))


FITS: Mapping[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "Short": _whole(16),
    "Integer": _whole(32),
    "Long": _whole(64),
    "Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Date": _is_date,
    "Json": lambda value: True,
    "Object": lambda value: isinstance(value, dict | list),
    "Xml": lambda value: isinstance(value, str),
    "Bytes": _is_base64,
    "File": _is_file,
    "Null": lambda value: value is None,
}
EXPECTED: Mapping[str, str] = {
    "String": "text in quotation marks",
    "Boolean": "true or false",
    "Short": "a whole number from -32768 to 32767",
    "Integer": "a whole number from -2147483648 to 2147483647",
    "Long": "a whole number of at most 64 bits",
    "Double": "a number",
    "Date": 'a date like "2025-01-02T03:04:05.678+0000"',
    "Json": "any JSON",
    "Object": "an object or a list",
    "Xml": "text in quotation marks",
    "Bytes": "bytes as base64 text",
    "File": 'a file like {"filename": "a.txt", "mimetype": "text/plain", "data": "aGk="}',
    "Null": "null",
}

__all__ = ["EXPECTED", "FITS", "check_type", "kept_type"]
