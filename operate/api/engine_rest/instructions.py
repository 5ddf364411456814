"""Modification instructions in JSON, as commands of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from operate.api.engine_rest.bodies import VALUE_SCHEMA, Body, body, flag, refusal, text
from operate.api.engine_rest.ids import key_of
from operate.api.engine_rest.values import json_kind, read_variables
from workflow.engine.errors import Rejected
from workflow.modification import (
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    StartAfter,
    StartBefore,
    StartTransition,
)

MAX_INSTRUCTIONS = 10_000
CANCEL = "cancel"
STARTS = {"startBeforeActivity": "activityId", "startAfterActivity": "activityId", "startTransition": "transitionId"}
TYPES = (CANCEL, *STARTS)


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {
            **VALUE_SCHEMA,
            "properties": {**VALUE_SCHEMA["properties"], "local": {"type": "boolean"}},
        },
    }
)
class ScopedVariables(serializers.Field[Any, Any, Any, Any]):
    """Typed values by name, each `local` or not: two dictionaries, global ones first."""

    def to_internal_value(self, data: Any) -> tuple[dict[str, object], dict[str, object]]:
        try:
            values = read_variables(data, "variables")
        except Rejected as error:
            raise serializers.ValidationError(error.message) from None
        local = {name for name in values if self._is_local(name, data[name].get("local"))}
        return (
            {name: value for name, value in values.items() if name not in local},
            {name: value for name, value in values.items() if name in local},
        )

    @staticmethod
    def _is_local(name: str, mark: Any) -> bool:
        if mark not in (None, True, False) or (isinstance(mark, int) and not isinstance(mark, bool)):
            raise serializers.ValidationError(
                f"Expected 'local' of '{name}' to be true or false, found {json_kind(mark)}."
            )
        return bool(mark)

    def to_representation(self, value: Any) -> Any:
        return value


class InstructionField(Body):
    """One instruction."""

    type = serializers.ChoiceField(choices=TYPES)

    def to_internal_value(self, data: Any) -> Instruction:
        given = super().to_internal_value(data)
        try:
            return instruction(given)
        except Rejected as error:
            raise refusal(error.message) from None


InstructionBody = type(
    "InstructionBody",
    (InstructionField,),
    {
        "activityId": text(),
        "transitionId": text(),
        "activityInstanceId": text(),
        "transitionInstanceId": text(),
        "ancestorActivityInstanceId": text(),
        "ancestorTransitionInstanceId": text(),
        "cancelCurrentActiveActivityInstances": flag(),
        "variables": ScopedVariables(required=False, allow_null=True, default=None),
        "__module__": __name__,
    },
)


def instructions_field() -> serializers.ListField:
    return serializers.ListField(
        child=InstructionBody(), max_length=MAX_INSTRUCTIONS, required=False, allow_null=True, default=None
    )


def instruction(given: Mapping[str, Any]) -> Instruction:
    """The command that a checked JSON object means; Rejected where a field is missing or does not belong."""
    kind = given["type"]
    if kind == CANCEL:
        return _cancellation(given)
    target = STARTS[kind]
    if not given[target]:
        raise Rejected(f"For instruction type '{kind}': '{target}' must be set")
    _refuse_others(given, target, "ancestorActivityInstanceId", "variables")
    ancestor = given["ancestorActivityInstanceId"]
    ancestor_key = key_of(ancestor)
    if ancestor is not None and ancestor_key is None:
        raise Rejected(f"Ancestor activity instance '{ancestor}' does not exist.")
    everywhere, local = given["variables"] or ({}, {})
    start = {"startBeforeActivity": StartBefore, "startAfterActivity": StartAfter, "startTransition": StartTransition}[
        kind
    ]
    return start(given[target], ancestor_key, everywhere, local)


def _cancellation(given: Mapping[str, Any]) -> Instruction:
    named = [name for name in ("activityId", "activityInstanceId", "transitionInstanceId") if given[name]]
    if len(named) != 1:
        raise Rejected(
            "For instruction type 'cancel': exactly one, 'activityId', 'activityInstanceId', or 'transitionInstanceId', is "
            f"required; found {len(named)}"
        )
    [name] = named
    _refuse_others(given, name, "cancelCurrentActiveActivityInstances")
    if name == "activityId":
        return CancelAll(given[name], only_current=bool(given["cancelCurrentActiveActivityInstances"]))
    key = key_of(given[name])
    what = "activity instance" if name == "activityInstanceId" else "transition instance"
    if key is None:
        raise Rejected(f"Cancel {what} '{given[name]}': {what} with id '{given[name]}' does not exist.")
    return CancelElementInstance(key) if name == "activityInstanceId" else CancelTransitionInstance(key)


def _refuse_others(given: Mapping[str, Any], *expected: str) -> None:
    for name, value in given.items():
        if value and name != "type" and name not in expected:
            raise Rejected(f"For instruction type '{given['type']}': '{name}' must not be set")


def refuse_cancellations(instructions: Sequence[Instruction]) -> None:
    """A process instance that is about to start has nothing to cancel."""
    for each in instructions:
        if not isinstance(each, StartBefore | StartAfter | StartTransition):
            raise Rejected(f"{each.describe()}: a start instruction must start something; nothing runs yet.")


ModificationBody = body(
    "Modification",
    skipCustomListeners=flag(),
    skipIoMappings=flag(),
    instructions=instructions_field(),
    annotation=text(max_length=4000),
)

__all__ = ["ModificationBody", "instruction", "instructions_field", "refuse_cancellations"]
