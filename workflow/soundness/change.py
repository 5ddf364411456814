"""What a command is to do to one process instance, as far as soundness is concerned: modify it, begin it anew, or migrate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workflow.graph import BODY_SUFFIX, INNER_INSTANCE_SUFFIX, ExecutableProcess, FlowNode
from workflow.migration import Mapping as ElementMapping
from workflow.modification import Instruction
from workflow.soundness.marking import Marking
from workflow.soundness.plan import Touched, touched

SUFFIXES = ("", BODY_SUFFIX, INNER_INSTANCE_SUFFIX)


@dataclass(frozen=True, slots=True)
class Change:
    """The steps of a plan: instructions, or the mappings of a migration; positions in warnings count them."""

    steps: tuple[Touched, ...]
    is_start: bool = False
    """The process instance is a new one, begun at the plan's elements."""
    renamed: Mapping[FlowNode, FlowNode] | None = field(default=None, compare=False)
    """Of a migration: what stands for the elements of the source in the target."""

    @property
    def is_migration(self) -> bool:
        return self.renamed is not None

    def after(self, node: FlowNode) -> FlowNode | None:
        """What an element is after the command; None if nothing stands for it."""
        return node if self.renamed is None else self.renamed.get(node)


def modifying(instructions: Sequence[Instruction], before: Marking) -> Change:
    """A modification of a running process instance."""
    return Change(tuple(touched(instruction, before) for instruction in instructions))


def starting(instructions: Sequence[Instruction], before: Marking) -> Change:
    """A new process instance that begins at the elements of the instructions; before, nothing stands in it."""
    return Change(tuple(touched(instruction, before) for instruction in instructions), is_start=True)


def migrating(mappings: Sequence[ElementMapping], before: Marking, target: ExecutableProcess) -> Change:
    """A migration; what is not mapped and is the same in both keeps its name, as gateways do."""
    source = before.process
    standing = {token.element for token in before.tokens.values()}
    pairs = [list(_pairs(mapping, source, target)) for mapping in mappings]
    renamed = {
        node: target.elements[id]
        for id, node in source.elements.items()
        if id in target.elements and target.elements[id].type is node.type
    }
    renamed |= {one: other for found in pairs for one, other in found}
    steps = tuple(Touched(moved=tuple(other for one, other in found if one in standing)) for found in pairs)
    return Change(steps, renamed={**renamed, source.root: target.root})


def _pairs(
    mapping: ElementMapping, source: ExecutableProcess, target: ExecutableProcess
) -> list[tuple[FlowNode, FlowNode]]:
    """The elements that a mapping ties: of a drawn activity its multi-instance body too."""
    names = [(mapping.source_id + suffix, mapping.target_id + suffix) for suffix in SUFFIXES]
    return [
        (source.elements[one], target.elements[other])
        for one, other in names
        if one in source.elements and other in target.elements
    ]


__all__ = ["Change", "migrating", "modifying", "starting"]
