"""Whether events fit to where they stand and to each other: what can be told only when the whole process was read."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from workflow.bpmn.places import FlowPlace, NodePlace
from workflow.elements.reading import bpmn_name
from workflow.engine.timers import first_due
from workflow.expressions import Expression, Language
from workflow.graph import (
    CancelEvent,
    CatchDetails,
    CompensationEvent,
    ErrorEvent,
    EscalationEvent,
    LinkEvent,
    MessageEvent,
    SignalEvent,
    TimerEvent,
    TimerKind,
)

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


def is_event_sub_process(node: NodePlace) -> bool:
    """Whether this sub-process begins with an event instead of a token."""
    return node.reading.tag == "subProcess" and node.reading.attribute("triggeredByEvent") == "true"


def check_events(nodes: Sequence[NodePlace]) -> None:
    """Report events that stand in each other's way, and those that nothing can lead to or come from."""
    _check_boundary_events(nodes)
    _check_event_sub_processes(nodes)
    _check_starts_of_process(nodes)
    _check_compensation(nodes)
    _check_links(nodes)
    for node in nodes:
        if isinstance(node.event, TimerEvent):
            _check_timer(node, node.event)


def check_flow(flow: FlowPlace, source: NodePlace, target: NodePlace) -> None:
    """Report a flow that leads where no token goes, or comes from where none leaves."""
    if is_event_sub_process(source):
        flow.reading.problem(f"Invalid outgoing sequence flow of event subprocess '{source.reading.id}'.")
    elif is_event_sub_process(target):
        flow.reading.problem(f"Invalid incoming sequence flow of event subprocess '{target.reading.id}'.")
    elif source.draft is not None and source.draft.is_for_compensation:
        flow.reading.problem(f"Invalid outgoing sequence flow of compensation activity '{source.reading.id}'.")
    elif target.draft is not None and target.draft.is_for_compensation:
        flow.reading.problem(f"Invalid incoming sequence flow of compensation activity '{target.reading.id}'.")
    elif source.is_for_compensation:
        flow.reading.warning(
            "No token will ever take this flow: a compensation boundary event leads to its handler only."
        )


# ---- events beside each other


def _check_boundary_events(nodes: Sequence[NodePlace]) -> None:
    attached: dict[str, list[NodePlace]] = {}
    for node in nodes:
        if node.reading.tag == "boundaryEvent":
            attached.setdefault(node.reading.attribute("attachedToRef") or "", []).append(node)
    for activity, events in attached.items():
        _check_duplicates(events, f"boundary events on '{activity}'")
        for extra in [each for each in events if each.is_for_compensation][1:]:
            extra.reading.problem(f"Multiple compensation boundary events on '{activity}' are not allowed.")
        for extra in [each for each in events if isinstance(each.event, CancelEvent)][1:]:
            extra.reading.problem(f"Multiple cancel boundary events on '{activity}' are not allowed.")


def _check_event_sub_processes(nodes: Sequence[NodePlace]) -> None:
    starts: dict[str, list[NodePlace]] = {}
    scopes = {node.reading.id: node.scope_id for node in nodes if is_event_sub_process(node)}
    for node in nodes:
        if node.reading.tag == "startEvent" and node.scope_id in scopes:
            starts.setdefault(scopes[node.scope_id], []).append(node)
    for scope, events in starts.items():
        _check_duplicates(events, f"event sub-processes in '{scope}'")
    for node in nodes:
        if is_event_sub_process(node) and node.reading.child("multiInstanceLoopCharacteristics") is not None:
            node.reading.problem("An event sub-process cannot be multi-instance: it begins whenever its event occurs.")


def _check_starts_of_process(nodes: Sequence[NodePlace]) -> None:
    starts = [each for each in nodes if each.reading.tag == "startEvent" and _parent_tag(each) == "process"]
    _check_duplicates(starts, "start events")


def _check_duplicates(events: Sequence[NodePlace], where: str) -> None:
    """Of two events that wait for the very same thing nobody could tell which one occurs."""
    escalations = [node for node in events if isinstance(node.event, EscalationEvent)]
    if any(isinstance(node.event, EscalationEvent) and node.event.code is None for node in escalations):
        _check_catch_all(escalations, where)
    seen: set[str] = set()
    for node in events:
        described = _description(node.event)
        if described in seen:
            node.reading.problem(f"Multiple {where} with {described} are not allowed.")
        if described is not None:
            seen.add(described)


def _check_catch_all(escalations: Sequence[NodePlace], where: str) -> None:
    """Zeebe prefers the event with the code; Camunda 7 does not want to choose."""
    for node in escalations:
        event = node.event
        if not node.reading.is_zeebe and isinstance(event, EscalationEvent) and event.code is not None:
            node.reading.problem(
                f"Expected no other one beside {where} that catch escalations of any code, found one with a code."
            )


def _description(event: object) -> str | None:
    """What an event waits for, as far as the model tells; None where several may wait side by side."""
    match event:
        case MessageEvent(name=name):
            return _named("the message name", name)
        case SignalEvent(name=name):
            return _named("the signal name", name)
        case ErrorEvent(code=None):
            return "an error of any code"
        case ErrorEvent(code=Expression() as code):
            return _named("the error code", code)
        case EscalationEvent(code=None):
            return "an escalation of any code"
        case EscalationEvent(code=Expression() as code):
            return _named("the escalation code", code)
    return None


def _named(what: str, expression: Expression) -> str | None:
    is_plain = expression.language is Language.STATIC and expression.source
    return f"{what} '{expression.source}'" if is_plain else None


# ---- compensation (Camunda 7)


def _check_compensation(nodes: Sequence[NodePlace]) -> None:
    places = {node.reading.id: node for node in nodes}
    handled = {node.reading.attribute("attachedToRef") for node in nodes if node.is_for_compensation}
    deciding: set[str] = set()
    for node in nodes:
        if node.reading.is_zeebe or not isinstance(node.event, CompensationEvent):
            continue
        if node.reading.tag == "startEvent":
            scope = places[node.scope_id].scope_id
            _check_compensation_start(node, scope, places, handled | deciding)
            deciding.add(scope)
        elif node.event.activity_id is not None and node.reading.tag != "boundaryEvent":
            _check_activity_reference(node, node.event.activity_id, places)


def _check_compensation_start(
    start: NodePlace, scope: str, places: Mapping[str, NodePlace], handled: Container[str | None]
) -> None:
    """Compensation reaches an event sub-process only inside a sub-process, and nothing else may handle it there."""
    if scope not in places:
        start.reading.problem(
            "An event sub-process with a compensation start event is only supported in an embedded sub-process, found it in "
            "the process."
        )
    elif scope in handled:
        start.reading.problem(
            f"Expected one event sub-process or boundary event for the compensation of '{scope}', found several."
        )


def _check_activity_reference(node: NodePlace, activity_id: str, places: Mapping[str, NodePlace]) -> None:
    activity, scope = places.get(activity_id), places.get(node.scope_id)
    scopes = [node.scope_id]
    if scope is not None and is_event_sub_process(scope):
        scopes.append(scope.scope_id)
    if activity is not None and activity.scope_id not in scopes:
        node.reading.problem(f"Invalid 'activityRef': no activity with id '{activity_id}' in scope '{scopes[-1]}'.")


# ---- links


def _check_links(nodes: Sequence[NodePlace]) -> None:
    targets: set[tuple[str, str]] = set()
    for node, name in _links(nodes, "intermediateCatchEvent"):
        if (node.scope_id, name) in targets:
            node.reading.problem(
                f"Multiple intermediate catch events with the same link event name '{name}' are not allowed."
            )
        targets.add((node.scope_id, name))
    for node, name in _links(nodes, "intermediateThrowEvent"):
        if (node.scope_id, name) not in targets:
            node.reading.problem(
                f"Can't find a catch link event for the throw link event with the name '{name}': expected one in the same scope."
            )


def _links(nodes: Sequence[NodePlace], tag: str) -> Iterator[tuple[NodePlace, str]]:
    for node in nodes:
        if node.reading.tag == tag and isinstance(node.event, LinkEvent):
            yield node, node.event.name


# ---- timers


def _check_timer(node: NodePlace, timer: TimerEvent) -> None:
    """Zeebe wants to know when it deploys whether a timer can be read, and has no cycles where one time is enough."""
    if not node.reading.is_zeebe:
        return
    if timer.kind is TimerKind.CYCLE and node.reading.tag == "intermediateCatchEvent":
        node.reading.problem(
            "Intermediate timer catch event must have a time duration or a time date, found a time cycle."
        )
    elif timer.kind is TimerKind.CYCLE and _is_interrupting_in_a_process(node):
        node.reading.problem("Interrupting timer event with time cycle is not allowed.")
    if timer.time.language is Language.STATIC and timer.time.source:
        try:
            first_due(timer.kind, timer.time.source, now=_ANY_TIME, semantics=node.reading.semantics)
        except ValueError as error:
            node.reading.problem(f"Invalid timer '{timer.time.source}': {error}")


def _parent_tag(node: NodePlace) -> str:
    parent = node.reading.element.getparent()
    return bpmn_name(parent) if parent is not None else ""


def _is_interrupting_in_a_process(node: NodePlace) -> bool:
    """A start event of the process itself interrupts nothing."""
    details = node.draft.details if node.draft is not None else None
    if not isinstance(details, CatchDetails) or not details.interrupting:
        return False
    parent = node.reading.element.getparent()
    return node.reading.tag == "boundaryEvent" or (parent is not None and parent.get("triggeredByEvent") == "true")


__all__ = ["check_events", "check_flow", "is_event_sub_process"]
