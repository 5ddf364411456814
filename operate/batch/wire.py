"""Plans as JSON and back, so that a batch can be carried out by another process, days later, exactly as it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from workflow.engine.values import TypedValue
from workflow.migration import Mapping as ElementMapping
from workflow.migration import MigrationOptions, MigrationPlan
from workflow.modification import (
    CAMUNDA_7_INSTRUCTIONS,
    ZEEBE_INSTRUCTIONS,
    AncestorChoice,
    AncestorKind,
    ModificationOptions,
    ScopedVariables,
)
from workflow.services import RestartOptions
from workflow.soundness import Acceptance

KIND = "is"
VARIABLES = "variables"
KINDS = {
    kind.__name__: kind
    for kind in (
        *CAMUNDA_7_INSTRUCTIONS,
        *ZEEBE_INSTRUCTIONS,
        AncestorChoice,
        ScopedVariables,
        ModificationOptions,
        RestartOptions,
        ElementMapping,
        MigrationPlan,
        MigrationOptions,
        Acceptance,
    )
}


def to_wire(value: object) -> Any:
    """What a plan is made of, as JSON: dataclasses with their name, variables with their types."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {KIND: type(value).__name__} | {each.name: to_wire(getattr(value, each.name)) for each in fields(value)}
    match value:
        case Mapping():
            return {KIND: VARIABLES, "values": {name: _variable_to_wire(given) for name, given in value.items()}}
        case list() | tuple():
            return [to_wire(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"A plan cannot hold a {type(value).__name__}.")


def from_wire(wire: Any) -> Any:
    """What `to_wire` was given; lists come back as tuples."""
    match wire:
        case list():
            return tuple(from_wire(each) for each in wire)
        case {"is": str() as kind, **rest}:
            return _made(kind, rest)
    return wire


def _made(kind: str, rest: Mapping[str, Any]) -> Any:
    if kind == VARIABLES:
        return {name: _variable_from_wire(wire) for name, wire in rest["values"].items()}
    arguments = {name: from_wire(wire) for name, wire in rest.items()}
    if kind == AncestorChoice.__name__:
        arguments["kind"] = AncestorKind(arguments["kind"])
    return KINDS[kind](**arguments)


def _variable_to_wire(value: object) -> list[Any]:
    """The value, and its type if it was named: the value itself may be any JSON."""
    return [value.value, value.type] if isinstance(value, TypedValue) else [value]


def _variable_from_wire(wire: list[Any]) -> object:
    return wire[0] if len(wire) == 1 else TypedValue(*wire)


__all__ = ["from_wire", "to_wire"]
