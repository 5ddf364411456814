"""What the instructions of a plan touch, and instructions that would repair it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflow.engine.step import elements_leading_to
from workflow.graph import BODY_SUFFIX, ElementType, ExecutableProcess, FlowNode, Semantics, SequenceFlow
from workflow.modification import (
    ActivateElement,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    MoveElements,
    StartAfter,
    StartBefore,
    StartTransition,
    TerminateAll,
    TerminateElementInstance,
)
from workflow.modification.zeebe import why_not_activated
from workflow.soundness.marking import Marking
from workflow.soundness.warnings import drawn


@dataclass(frozen=True, slots=True)
class Touched:
    """The elements that one step of a plan starts and ends, and those that running instances become."""

    started: tuple[FlowNode, ...] = ()
    ended: tuple[FlowNode, ...] = ()
    moved: tuple[FlowNode, ...] = ()


def touched(instruction: Instruction, before: Marking) -> Touched:
    """What an instruction starts and ends."""
    process = before.process
    match instruction:
        case StartBefore() | ActivateElement():
            return Touched(_nodes(process, instruction.element_id))
        case StartAfter():
            flows = [flow for node in _nodes(process, instruction.element_id) for flow in node.outgoing]
            return Touched(tuple(flow.target for flow in flows))
        case StartTransition():
            flow = process.flows.get(instruction.flow_id)
            return Touched((flow.target,) if flow is not None else ())
        case CancelElementInstance() | CancelTransitionInstance() | TerminateElementInstance():
            return Touched((), _instance(before, instruction.key))
        case CancelAll() | TerminateAll():
            return Touched((), _nodes(process, instruction.element_id))
        case MoveElements():
            ended = _instance(before, instruction.source_key) or _nodes(process, instruction.source_element_id or "")
            return Touched(_nodes(process, instruction.target_element_id), ended)
    return Touched()


def _nodes(process: ExecutableProcess, element_id: str) -> tuple[FlowNode, ...]:
    found = process.elements.get(element_id + BODY_SUFFIX) or process.elements.get(element_id)
    return (found,) if found is not None else ()


def _instance(before: Marking, key: int | None) -> tuple[FlowNode, ...]:
    token = before.tokens.get(key) if key is not None else None
    return (token.element,) if token is not None else ()


def due_to(plan: Sequence[Touched], elements: Iterable[FlowNode]) -> tuple[int, ...]:
    """The instructions that something about these elements is due to: those upstream of them, beside or right there."""
    concerned = set(elements)
    found = tuple(position for position, each in enumerate(plan) if _concerns(each, concerned))
    return found or tuple(range(len(plan)))


def _concerns(touched: Touched, elements: set[FlowNode]) -> bool:
    for element in elements:
        leading = elements_leading_to(element) | {element}
        for node in (*touched.started, *touched.ended, *touched.moved):
            seen = {node, *node.flow_scopes()}
            if seen & leading or element in seen:
                return True
        if any(element in elements_leading_to(node) for node in touched.started):
            return True
    return False


def bringing(flow: SequenceFlow, semantics: Semantics, ancestor_key: int | None) -> tuple[Instruction, FlowNode] | None:
    """The instruction that brings a token over a flow, and what it starts; None if none can."""
    if semantics is Semantics.CAMUNDA_7:
        return StartTransition(flow.id, ancestor_key), flow.target
    node: FlowNode | None = flow.source
    for _ in range(len(flow.source.flow_scope.children) if flow.source.flow_scope is not None else 0):
        if node is None:
            return None
        if node.type is not ElementType.START_EVENT and not why_not_activated(node) and len(node.outgoing) == 1:
            return ActivateElement(drawn(node.id), ancestor_key), node
        sources = node.incoming or ()
        node = node.attached_to or (sources[0].source if sources else None)
    return None


def canceling(key: int, semantics: Semantics) -> Instruction:
    """The instruction that ends one element instance."""
    return CancelElementInstance(key) if semantics is Semantics.CAMUNDA_7 else TerminateElementInstance(key)
