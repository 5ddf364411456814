"""All that is wrong with a plan, not just the first thing, each tied to its instruction.

The instructions are tried together in a dry run. Where one cannot be applied, it is left out and the others are tried again from
the beginning, so that each is judged after those before it that can be applied, and never hidden by one that cannot. What only
shows when all instructions are done (a called instance that would be empty) belongs to none of them, and ends the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workflow.engine.errors import BpmnError, Conflict, ElementFailure, Outdated, Rejected
from workflow.modification import Instruction

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a plan; without `instruction` it concerns the plan as a whole."""

    message: str
    instruction: int | None = None
    path: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a plan; incomplete if the search ended before all instructions were judged."""

    flaws: Sequence[Flaw]
    is_complete: bool


def check(
    instructions: Iterable[tuple[int, Instruction]], attempt: Callable[[Sequence[Instruction]], object]
) -> Verdict:
    """Judge instructions, given with their positions; `attempt` applies some of them in a dry run or raises why not.

    NotFound, a missing right and an outdated plan are raised: they are no matter of the instructions.
    """
    left = list(instructions)
    flaws: list[Flaw] = []
    while left or not flaws:
        try:
            attempt([instruction for _position, instruction in left])
        except Outdated:
            raise
        except (Rejected, Conflict, ElementFailure, BpmnError) as refusal:
            place = getattr(refusal, "instruction", None)
            if place is None:
                return Verdict([Flaw(str(refusal)), *_in_order(flaws)], is_complete=len(left) <= 1)
            position, instruction = left.pop(place)
            flaws.append(Flaw(str(refusal), position, f"instructions[{position}]", instruction.describe()))
            if len(flaws) == MAX_PROBLEMS:
                return Verdict(_in_order(flaws), is_complete=not left)
        else:
            break
    return Verdict(_in_order(flaws), is_complete=True)


def _in_order(flaws: Iterable[Flaw]) -> list[Flaw]:
    return sorted(flaws, key=lambda flaw: flaw.instruction or 0)


__all__ = ["MAX_PROBLEMS", "Flaw", "Verdict", "check"]
