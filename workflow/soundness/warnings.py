"""What is found out about a modification, as plain facts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workflow.graph import BODY_SUFFIX, INNER_INSTANCE_SUFFIX
from workflow.modification import Instruction


class Severity(StrEnum):
    """How bad it is; what is red has to be accepted explicitly."""

    RED = "red"
    YELLOW = "yellow"
    INFO = "info"


class Code(StrEnum):
    """What is wrong."""

    JOIN_NEVER_FIRES = "join_never_fires"
    JOIN_MAY_NOT_FIRE = "join_may_not_fire"
    JOIN_HAS_ONE_TOO_MANY = "join_has_one_too_many"
    JOIN_FIRES_EARLY = "join_fires_early"
    ENDS_NOWHERE = "ends_nowhere"
    NO_COMPLETION = "no_completion"
    RUNS_TWICE = "runs_twice"
    VARIABLE_MISSING = "variable_missing"
    BESIDE_INTERRUPTING = "beside_interrupting"
    INSTANCE_ENDS = "instance_ends"
    CALLER_ENDS = "caller_ends"
    WORK_LOST = "work_lost"
    NOT_FINISHED = "not_finished"


class FixKind(StrEnum):
    """What a suggested fix does to the plan."""

    ACTIVATE = "activate"
    CANCEL = "cancel"
    SET_VARIABLES = "set_variables"
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the plan that takes care of a warning; the analysis has tried those that add instructions."""

    kind: FixKind
    label: str
    add: tuple[Instruction, ...] = ()
    leave_out: tuple[int, ...] = ()
    """Positions of instructions, counted from 0."""
    variables: tuple[str, ...] = ()
    """Names that need a value, in the instruction at `position`."""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class SoundnessWarning:
    """One harm that a plan would do."""

    code: Code
    severity: Severity
    element_ids: tuple[str, ...]
    """To be highlighted, as drawn; the one that matters most first."""
    reason: str
    positions: tuple[int, ...] = ()
    """The instructions that it is due to, counted from 0."""
    fixes: tuple[Fix, ...] = ()
    variables: tuple[str, ...] = ()
    scope_key: int | None = None

    @property
    def identity(self) -> tuple[str, frozenset[str]]:
        """What an acceptance names: the code and the elements."""
        return self.code.value, frozenset(self.element_ids)


def drawn(element_id: str) -> str:
    """The id of an element as it is drawn."""
    return element_id.removesuffix(BODY_SUFFIX).removesuffix(INNER_INSTANCE_SUFFIX)
