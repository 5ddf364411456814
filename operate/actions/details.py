"""What audit events tell of modifications."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from workflow.modification import Instruction, ScopedVariables
from workflow.services import ElementFact, Outcome
from workflow.soundness import Acceptance, JudgedOutcome, SoundnessWarning, require_acceptance

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


def accepted_in(outcome: Outcome, given: Collection[Acceptance] | None) -> dict[str, Any]:
    """The red warnings of a judged outcome, for its audit event; raises NotAccepted unless all are among those given.

    With None nobody asks.
    """
    if given is None or not isinstance(outcome, JudgedOutcome):
        return {}
    found = require_acceptance(outcome.judged, given)
    return {"accepted_warnings": accepted(found)} if found else {}


def _brings_variables(instruction: Instruction) -> bool:
    if getattr(instruction, "local_variables", None):
        return True
    match getattr(instruction, "variables", None):
        case tuple() as parts:
            return any(isinstance(part, ScopedVariables) and part.values for part in parts)
        case variables:
            return bool(variables)
