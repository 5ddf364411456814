"""What lies behind an element: wherever a token that leaves it may come to, by whatever way out of it there is."""

from __future__ import annotations

from collections.abc import Iterator

from workflow.graph.events import CatchDetails, LinkEvent
from workflow.graph.process import FlowNode
from workflow.graph.types import ElementType


def behind(element: FlowNode) -> frozenset[FlowNode]:
    """All elements that may follow this one, itself if a loop leads back to it.

    What is inside of an element that follows is meant with it. Non-interrupting events of the scopes around do not follow: they
    go on beside it.
    """
    found: set[FlowNode] = set()
    ahead = list(_out_of(element))
    for scope in element.flow_scopes():
        ahead += _out_of(scope)
        ahead += (each for each in scope.event_sub_processes if _interrupts(each))
    while ahead:
        node = ahead.pop()
        if node not in found:
            found.add(node)
            ahead += _out_of(node)
    return frozenset(found)


def _out_of(node: FlowNode) -> Iterator[FlowNode]:
    yield from (flow.target for flow in node.outgoing)
    yield from node.boundary_events
    link = node.event
    if (
        isinstance(link, LinkEvent)
        and node.type is ElementType.INTERMEDIATE_THROW_EVENT
        and node.flow_scope is not None
    ):
        for other in node.flow_scope.children:
            if other.type is ElementType.INTERMEDIATE_CATCH_EVENT and other.event == link:
                yield other


def _interrupts(event_sub_process: FlowNode) -> bool:
    return any(
        not isinstance(start.details, CatchDetails) or start.details.interrupting
        for start in event_sub_process.start_events
    )


__all__ = ["behind"]
