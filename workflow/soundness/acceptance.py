"""An outcome together with what is wrong with it, and the red warnings that somebody has accepted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

from workflow.engine.errors import Conflict
from workflow.engine.outcome import Outcome
from workflow.soundness.judging import Judged
from workflow.soundness.warnings import SoundnessWarning

NOTHING_WRONG = Judged(())


@dataclass(frozen=True, slots=True)
class JudgedOutcome(Outcome):
    """What a modification has done, and what harm."""

    judged: Judged = NOTHING_WRONG

    @classmethod
    def of(cls, outcome: Outcome, judged: Judged) -> Self:
        """The outcome with its judgement."""
        return cls(**outcome.facts(), judged=judged)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A red warning that somebody takes the responsibility for: its code and its elements, in any order."""

    code: str
    elements: tuple[str, ...] = ()


class NotAccepted(Conflict):
    """A plan would do harm that nobody has accepted; nothing has changed."""

    def __init__(self, warnings: Sequence[SoundnessWarning]) -> None:
        reasons = " ".join(warning.reason for warning in warnings)
        super().__init__(
            f"Expected every red warning of the plan to be accepted, but {len(warnings)} are not: {reasons} Accept them by code "
            "and elements, or change the plan."
        )
        self.warnings = tuple(warnings)


def require_acceptance(judged: Judged, accepted: Collection[Acceptance]) -> tuple[SoundnessWarning, ...]:
    """The red warnings, all of them accepted; raises NotAccepted for those that are not."""
    known = {(each.code, frozenset(each.elements)) for each in accepted}
    missing = [warning for warning in judged.red if warning.identity not in known]
    if missing:
        raise NotAccepted(missing)
    return judged.red
