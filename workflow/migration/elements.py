"""What the graph says about elements that matters to migrations of both semantics."""

from __future__ import annotations

from workflow.elements.job_task import JobDetails
from workflow.elements.multi_instance import LoopDetails
from workflow.graph import (
    CompensationEvent,
    ConditionalEvent,
    ElementType,
    FlowNode,
    LinkEvent,
    MessageEvent,
    SignalEvent,
    ThrowDetails,
    TimerEvent,
)

CATCHING = frozenset(
    {
        ElementType.RECEIVE_TASK,
        ElementType.INTERMEDIATE_CATCH_EVENT,
        ElementType.BOUNDARY_EVENT,
        ElementType.START_EVENT,
    }
)
AWAITED = (MessageEvent, SignalEvent, TimerEvent, ConditionalEvent)
"""Events that something in the database waits for; errors, escalations and the like are found when thrown."""


def catch_events(element: FlowNode) -> tuple[FlowNode, ...]:
    """The events that an instance of this element may hold, whatever they are: what is attached, inside, "
    "behind, or itself."""
    own = (element,) if element.type in CATCHING and element.event is not None else ()
    behind = element.outgoing if element.type is ElementType.EVENT_BASED_GATEWAY else ()
    inside = tuple(each.start_events[0] for each in element.event_sub_processes)
    return (*own, *element.boundary_events, *inside, *(flow.target for flow in behind))


def awaited_events(element: FlowNode) -> tuple[FlowNode, ...]:
    """Those of them that leave something waiting: a subscription or a timer."""
    return tuple(node for node in catch_events(element) if isinstance(node.event, AWAITED))


def event_scope(node: FlowNode) -> FlowNode | None:
    """Who holds an event that happens to something else: the activity watched, the scope around, the gateway before."""
    if node.type is ElementType.BOUNDARY_EVENT:
        return node.attached_to
    if is_event_sub_process_start(node):
        return node.flow_scope.flow_scope if node.flow_scope is not None else None
    gateways = (flow.source for flow in node.incoming if flow.source.type is ElementType.EVENT_BASED_GATEWAY)
    return next(gateways, None)


def is_event_sub_process_start(node: FlowNode) -> bool:
    """Whether this is the start event of an event sub-process."""
    scope = node.flow_scope
    return node.type is ElementType.START_EVENT and scope is not None and scope.type is ElementType.EVENT_SUB_PROCESS


def is_compensation_boundary(node: FlowNode) -> bool:
    """Whether this ties an activity to what undoes it."""
    return node.type is ElementType.BOUNDARY_EVENT and isinstance(node.event, CompensationEvent)


def is_sequential(body: FlowNode) -> bool:
    """Whether a multi-instance body runs its iterations one after the other."""
    return isinstance(body.details, LoopDetails) and body.details.sequential


def event_name(node: FlowNode) -> str:
    """What kind of event this is, in the words of Camunda 8: MESSAGE, TIMER … or NONE."""
    return type(node.event).__name__.removesuffix("Event").upper() if node.event is not None else "NONE"


def is_external(node: FlowNode) -> bool:
    """Whether a worker does this (Camunda 7: an external task)."""
    details = node.details.work if isinstance(node.details, ThrowDetails) else node.details
    return isinstance(details, JobDetails)


def is_link(node: FlowNode) -> bool:
    """Whether this is one end of a link."""
    return isinstance(node.event, LinkEvent)
