"""The plan of a modification: ordered instructions, and what holds while they are applied."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.modification import (
    CAMUNDA_7_INSTRUCTIONS,
    ZEEBE_INSTRUCTIONS,
    Instruction,
    ModificationOptions,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered instructions for one process instance, in the words of its semantics."""

    instructions: tuple[Instruction, ...]
    skip_io_mappings: bool = False
    skip_listeners: bool = False
    expected_revision: int | None = None

    @property
    def options(self) -> ModificationOptions:
        """What holds for the modifying command alone."""
        return ModificationOptions(self.skip_io_mappings, self.skip_listeners, self.expected_revision)

    def describe(self) -> list[str]:
        """One sentence for each instruction."""
        return [instruction.describe() for instruction in self.instructions]

    def semantics(self) -> Semantics:
        """Whose instructions these are; Rejected where they are of both semantics, or none at all."""
        if not self.instructions:
            raise Rejected("Expected a plan with at least one instruction, but it has none.")
        if all(isinstance(each, CAMUNDA_7_INSTRUCTIONS) for each in self.instructions):
            return Semantics.CAMUNDA_7
        if all(isinstance(each, ZEEBE_INSTRUCTIONS) for each in self.instructions):
            return Semantics.ZEEBE
        raise Rejected(
            "Expected instructions of one semantics, but the plan has some of Camunda 7 and some of Camunda 8; no process "
            "instance could take both."
        )
