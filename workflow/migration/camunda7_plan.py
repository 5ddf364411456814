"""Whether a Camunda 7 migration plan can be right for any process instance: each rule names what is wrong with a mapping."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workflow.elements.job_task import InlineExpressionDetails
from workflow.graph import (
    CompensationEvent,
    ConditionalEvent,
    ElementType,
    ExecutableProcess,
    FlowNode,
    MessageEvent,
    SignalEvent,
    TimerEvent,
)
from workflow.migration.elements import (
    AWAITED,
    event_name,
    event_scope,
    is_compensation_boundary,
    is_event_sub_process_start,
    is_external,
    is_link,
    is_sequential,
)
from workflow.migration.plan import Mapping
from workflow.migration.report import MappingReport

JOINS = frozenset({ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY})
SUB_PROCESSES = frozenset({"SubProcessActivityBehavior", "EventSubProcessActivityBehavior"})
MIGRATABLE = frozenset(
    {
        *SUB_PROCESSES,
        "UserTaskActivityBehavior",
        "BoundaryEventActivityBehavior",
        "BoundaryConditionalEventActivityBehavior",
        "ParallelMultiInstanceActivityBehavior",
        "SequentialMultiInstanceActivityBehavior",
        "ReceiveTaskActivityBehavior",
        "CallActivityBehavior",
        "IntermediateCatchEventActivityBehavior",
        "IntermediateConditionalEventBehavior",
        "EventBasedGatewayActivityBehavior",
        "EventSubProcessStartEventActivityBehavior",
        "EventSubProcessStartConditionalEventActivityBehavior",
        "ExternalTaskActivityBehavior",
        "ParallelGatewayActivityBehavior",
        "InclusiveGatewayActivityBehavior",
    }
)
"""What an active instance of can be migrated; anything can that stands at an asynchronous continuation."""
PASSIVE_EVENTS = (MessageEvent, SignalEvent, TimerEvent, CompensationEvent, ConditionalEvent)

_BEHAVIOURS = {
    ElementType.PROCESS: "ProcessDefinition",
    ElementType.SUB_PROCESS: "SubProcessActivityBehavior",
    ElementType.TRANSACTION: "SubProcessActivityBehavior",
    ElementType.EVENT_SUB_PROCESS: "EventSubProcessActivityBehavior",
    ElementType.USER_TASK: "UserTaskActivityBehavior",
    ElementType.RECEIVE_TASK: "ReceiveTaskActivityBehavior",
    ElementType.CALL_ACTIVITY: "CallActivityBehavior",
    ElementType.TASK: "TaskActivityBehavior",
    ElementType.MANUAL_TASK: "ManualTaskActivityBehavior",
    ElementType.SCRIPT_TASK: "ScriptTaskActivityBehavior",
    ElementType.EXCLUSIVE_GATEWAY: "ExclusiveGatewayActivityBehavior",
    ElementType.PARALLEL_GATEWAY: "ParallelGatewayActivityBehavior",
    ElementType.INCLUSIVE_GATEWAY: "InclusiveGatewayActivityBehavior",
    ElementType.EVENT_BASED_GATEWAY: "EventBasedGatewayActivityBehavior",
}


def behaviour(node: FlowNode) -> str:
    """What an element does, by the name that Camunda 7 tells its users."""
    conditional = isinstance(node.event, ConditionalEvent)
    match node.type:
        case ElementType.MULTI_INSTANCE_BODY:
            return f"{'Sequential' if is_sequential(node) else 'Parallel'}MultiInstanceActivityBehavior"
        case ElementType.BOUNDARY_EVENT:
            return "BoundaryConditionalEventActivityBehavior" if conditional else "BoundaryEventActivityBehavior"
        case ElementType.INTERMEDIATE_CATCH_EVENT if is_link(node):
            return "IntermediateCatchLinkEventActivityBehavior"
        case ElementType.INTERMEDIATE_CATCH_EVENT:
            return "IntermediateConditionalEventBehavior" if conditional else "IntermediateCatchEventActivityBehavior"
        case ElementType.START_EVENT if is_event_sub_process_start(node):
            return f"EventSubProcessStart{'Conditional' if conditional else ''}EventActivityBehavior"
    if is_external(node):
        return "ExternalTaskActivityBehavior"
    if isinstance(node.details, InlineExpressionDetails):
        return "ServiceTaskExpressionActivityBehavior"
    return _BEHAVIOURS.get(node.type) or f"{node.type.value.title().replace('_', '')}ActivityBehavior"


def event_type(node: FlowNode) -> str:
    """The kind of an event, by the name that Camunda 7 tells its users."""
    kind = event_name(node).title()
    match node.type:
        case ElementType.BOUNDARY_EVENT if kind in ("Compensation", "Cancel"):
            return f"{kind.lower()}BoundaryCatch"
        case ElementType.BOUNDARY_EVENT:
            return f"boundary{kind}"
        case ElementType.START_EVENT:
            return "startTimerEvent" if kind == "Timer" else f"{kind.lower()}StartEvent"
        case ElementType.INTERMEDIATE_CATCH_EVENT if kind in ("Timer", "Conditional"):
            return f"intermediate{kind}"
        case ElementType.INTERMEDIATE_CATCH_EVENT:
            return f"intermediate{kind}Catch"
    return kind.lower()


def is_migratable(node: FlowNode) -> bool:
    """Whether active instances of this element can be migrated."""
    return behaviour(node) in MIGRATABLE


def has_event_trigger(node: FlowNode) -> bool:
    """Whether a subscription or timer belongs to this element, which could be renewed."""
    waits = node.type in (ElementType.BOUNDARY_EVENT, ElementType.INTERMEDIATE_CATCH_EVENT, ElementType.RECEIVE_TASK)
    return isinstance(node.event, AWAITED) and (waits or is_event_sub_process_start(node))


@dataclass(frozen=True, slots=True)
class Pair:
    """A mapping whose elements exist."""

    mapping: Mapping
    source: FlowNode
    target: FlowNode


class Pairs:
    """The mappings of a plan, by the elements that they name."""

    def __init__(self, pairs: list[Pair]) -> None:
        self.all = pairs
        self.by_source: dict[FlowNode, list[Pair]] = defaultdict(list)
        self.by_target: dict[FlowNode, list[Pair]] = defaultdict(list)
        for pair in pairs:
            self.by_source[pair.source].append(pair)
            self.by_target[pair.target].append(pair)

    def closest_mapped_scope(self, element: FlowNode) -> Pair | None:
        """The mapping of the nearest scope around an element of the source that has one."""
        return next((self.by_source[scope][0] for scope in element.flow_scopes() if scope in self.by_source), None)


Rule = Callable[[Pair, Pairs], Iterator[str]]


def same_behaviour(pair: Pair, pairs: Pairs) -> Iterator[str]:
    source, target = behaviour(pair.source), behaviour(pair.target)
    if source != target and not {source, target} <= SUB_PROCESSES:
        yield f"Activities have incompatible types ({source} is not compatible with {target})"


def same_event(pair: Pair, pairs: Pairs) -> Iterator[str]:
    source, target = pair.source.event, pair.target.event
    if source is not None and target is not None and type(source) is not type(target):
        yield f"Events are not of the same type ({event_type(pair.source)} != {event_type(pair.target)})"


def mapped_once(pair: Pair, pairs: Pairs) -> Iterator[str]:
    found = pairs.by_source[pair.source]
    if len(found) > 1:
        yield (
            f"There are multiple mappings for source activity id '{pair.source.id}': "
            f"{', '.join(str(each.mapping) for each in found)}"
        )


def no_new_body(pair: Pair, pairs: Pairs) -> Iterator[str]:
    for scope in pair.target.flow_scopes():
        if scope in pairs.by_target:
            return
        if scope.type is ElementType.MULTI_INSTANCE_BODY:
            yield (
                f"Target activity '{pair.target.id}' is a descendant of multi-instance body '{scope.id}' that is not mapped "
                "from the source process definition."
            )
            return


def body_with_inner_activity(pair: Pair, pairs: Pairs) -> Iterator[str]:
    for node, mapped, problem in (
        (pair.target, pairs.by_target, "Must map the inner activity of a multi-instance body when the body is mapped"),
        (
            pair.source,
            pairs.by_source,
            "Cannot remove the inner activity of a multi-instance body when the body is mapped",
        ),
    ):
        if node.type is ElementType.MULTI_INSTANCE_BODY and node.children[0] not in mapped:
            yield problem


def joins_take_all_tokens(pair: Pair, pairs: Pairs) -> Iterator[str]:
    if pair.target.type not in JOINS:
        return
    if len(pair.source.incoming) > len(pair.target.incoming):
        yield (
            "The target gateway must have at least the same number of incoming sequence flows that the source gateway has"
        )
    scope = pair.source.flow_scope
    if scope is not None and scope.flow_scope is not None and scope not in pairs.by_source:
        yield f"The gateway's flow scope '{scope.id}' must be mapped"
    if len(pairs.by_target[pair.target]) > 1:
        yield f"Only one gateway can be mapped to gateway '{pair.target.id}'"


def same_event_scope(pair: Pair, pairs: Pairs) -> Iterator[str]:
    scope = _watched_by(pair.source)
    if scope is None or is_compensation_boundary(pair.source) or is_event_sub_process_start(pair.source):
        return
    goal = _watched_by(pair.target)
    if goal is None:
        yield (
            f"The source activity's event scope ({scope.id}) must be mapped but the target activity has no event scope"
        )
    elif not any(each.target is goal for each in pairs.by_source.get(scope, ())):
        yield f"The source activity's event scope ({scope.id}) must be mapped to the target activity's event scope ({goal.id})"


def _watched_by(node: FlowNode) -> FlowNode | None:
    """Who waits for an event; what catches one by itself does."""
    catches = node.type in (ElementType.INTERMEDIATE_CATCH_EVENT, ElementType.RECEIVE_TASK)
    return event_scope(node) or (node if catches and isinstance(node.event, AWAITED) else None)


def trigger_to_update(pair: Pair, pairs: Pairs) -> Iterator[str]:
    if pair.mapping.update_event_trigger and not has_event_trigger(pair.source):
        yield "Cannot update event trigger because the activity does not define a persistent event trigger"
    if isinstance(pair.source.event, ConditionalEvent) and not pair.mapping.update_event_trigger:
        yield "Conditional event has to migrate with update event trigger."


def inside_mapped_scope(pair: Pair, pairs: Pairs) -> Iterator[str]:
    ancestor = pairs.closest_mapped_scope(pair.source)
    if ancestor is not None and not ancestor.target.encloses(pair.target):
        yield (
            f"The closest mapped ancestor '{ancestor.source.id}' is mapped to scope '{ancestor.target.id}' which "
            "is not an ancestor "
            f"of target scope '{pair.target.id}'"
        )


RULES: tuple[Rule, ...] = (
    same_behaviour,
    same_event,
    mapped_once,
    no_new_body,
    body_with_inner_activity,
    joins_take_all_tokens,
    same_event_scope,
    trigger_to_update,
    inside_mapped_scope,
)


def check_plan(
    mappings: tuple[Mapping, ...], source: ExecutableProcess, target: ExecutableProcess
) -> list[MappingReport]:
    """All that is wrong with these mappings, each with all of its problems; nothing for a valid plan."""
    found = {
        mapping: (_element(source, mapping.source_id), _element(target, mapping.target_id)) for mapping in mappings
    }
    pairs = Pairs([Pair(mapping, one, other) for mapping, (one, other) in found.items() if one and other])
    reports = []
    by_mapping = {pair.mapping: pair for pair in pairs.all}
    for mapping, (one, other) in found.items():
        failures = [] if one else [f"Source activity '{mapping.source_id}' does not exist"]
        failures += [] if other else [f"Target activity '{mapping.target_id}' does not exist"]
        if mapping in by_mapping:
            failures += [failure for rule in RULES for failure in rule(by_mapping[mapping], pairs)]
        if mappings.count(mapping) > 1:
            failures.append(
                f"There are multiple mappings for source activity id '{mapping.source_id}': {mapping} more than once"
            )
        if failures:
            reports.append(MappingReport(mapping, tuple(failures)))
    return reports


def valid_pairs(pairs: list[Pair]) -> list[Pair]:
    """The pairs that obey all rules among each other."""
    while True:
        known = Pairs(pairs)
        kept = [pair for pair in pairs if not any(failure for rule in RULES for failure in rule(pair, known))]
        if len(kept) == len(pairs):
            return kept
        pairs = kept


def _element(process: ExecutableProcess, element_id: str) -> FlowNode | None:
    element = process.elements.get(element_id)
    return element if element is not None and element.flow_scope is not None else None
