"""What audit events tell of modifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from workflow.modification import Instruction, ScopedVariables
from workflow.services import ElementFact
from workflow.soundness import SoundnessWarning

MAX_LISTED = 1_000
"""More elements than these are counted, not listed: the rows of the element instances tell of each."""


def plan(instructions: Sequence[Instruction]) -> list[dict[str, Any]]:
    """The instructions as people read them and as programs can make them again."""
    return [
        {"text": instruction.describe(), "instruction": type(instruction).__name__}
        | {each.name: getattr(instruction, each.name) for each in fields(instruction)}
        for instruction in instructions
    ]


def sets_variables(instructions: Sequence[Instruction]) -> bool:
    """Whether one of the instructions brings variables along."""
    return any(_brings_variables(instruction) for instruction in instructions)


def elements(facts: Sequence[ElementFact]) -> dict[str, Any]:
    """How many element instances, and which."""
    listed = [{"key": fact.key, "element_id": fact.element_id} for fact in facts[:MAX_LISTED]]
    return {"total": len(facts), "elements": listed}


def accepted(warnings: Sequence[SoundnessWarning]) -> list[dict[str, Any]]:
    """The red warnings that the actor has accepted."""
    return [{"code": each.code.value, "elements": list(each.element_ids), "reason": each.reason} for each in warnings]


def _brings_variables(instruction: Instruction) -> bool:
    if getattr(instruction, "local_variables", None):
        return True
    match getattr(instruction, "variables", None):
        case tuple() as parts:
            return any(isinstance(part, ScopedVariables) and part.values for part in parts)
        case variables:
            return bool(variables)
