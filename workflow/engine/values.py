"""Values of variables and their Camunda 7 type names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

INTEGER_LIMIT = 2**31
LONG_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value whose type the caller named, such as a small number that is a Long."""

    value: object
    type: str


@dataclass(frozen=True, slots=True)
class ExactValue(TypedValue):
    """A value with the JSON to store for it, because the value alone would lose digits of a number."""

    text: str


Variables = Mapping[str, object]


class _NoVariables(Mapping[str, object]):
    """An empty mapping that can be a default value because nobody can put anything into it."""

    __slots__ = ()

    def __getitem__(self, name: str) -> object:
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and not other


NO_VARIABLES: Variables = _NoVariables()


def type_of(value: object) -> str:
    """The Camunda 7 value type of a plain value."""
    match value:
        case None:
            return "Null"
        case bool():
            return "Boolean"
        case str():
            return "String"
        case int():
            return "Integer" if -INTEGER_LIMIT <= value < INTEGER_LIMIT else "Long"
        case float() | Decimal():
            return "Double"
        case datetime():
            return "Date"
        case _:
            return "Json"


def date_text(moment: datetime) -> str:
    """A moment as variables of type Date keep it: `2025-01-02T03:04:05.678+0000`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}+0000"


def typed(value: object, former_type: str = "") -> tuple[object, str]:
    """Split into plain value and type name.

    A plain value keeps the type that the variable had where the value still fits it, so that a Long stays a Long.
    """
    if isinstance(value, TypedValue):
        return value.value, value.type
    if isinstance(value, datetime):
        return date_text(value), "Date"
    found = type_of(value)
    if found == former_type or not former_type:
        return value, found
    return value, former_type if found in _FITS.get(former_type, ()) else found


_FITS = {
    "Long": ("Integer",),
    "Short": ("Integer",),
    "Double": ("Integer",),
    "Date": ("String",),
    "Xml": ("String",),
    "Json": ("Json",),
    "Object": ("Json",),
}
