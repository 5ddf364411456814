"""A plan made from what two processes have in common: elements of the same id and kind, in scopes that correspond."""

from __future__ import annotations

from collections.abc import Iterator

from workflow.graph import (
    BODY_SUFFIX,
    CatchDetails,
    CompensationEvent,
    ConditionalEvent,
    ElementType,
    ExecutableProcess,
    FlowNode,
    Semantics,
)
from workflow.migration.camunda7_plan import (
    PASSIVE_EVENTS,
    Pair,
    Pairs,
    has_event_trigger,
    is_migratable,
    same_behaviour,
    same_event,
    valid_pairs,
)
from workflow.migration.elements import is_event_sub_process_start
from workflow.migration.plan import Mapping
from workflow.migration.zeebe import MIGRATABLE


def generate_mappings(
    source: ExecutableProcess, target: ExecutableProcess, *, update_event_triggers: bool = False
) -> tuple[Mapping, ...]:
    """Mappings of all elements that can be told to be the same; they make a valid plan, though not one for every instance."""
    if source.semantics is Semantics.ZEEBE:
        return tuple(Mapping(element_id, element_id) for element_id in _zeebe(source, target))
    pairs = list(_camunda7(source.root, target.root, update_event_triggers))
    return tuple(pair.mapping for pair in valid_pairs(pairs))


def _camunda7(source: FlowNode, target: FlowNode, update: bool) -> Iterator[Pair]:
    """What is in these scopes, and what starts their event sub-processes, whatever those are called."""
    for one, other in ((_own(source), _own(target)), (_triggers(source), _triggers(target))):
        there = {node.id: node for node in other}
        for node in one:
            match = there.get(node.id)
            if match is None or not (_can_be_generated(node) and _can_be_generated(match)):
                continue
            renew = isinstance(node.event, ConditionalEvent) or (update and has_event_trigger(node))
            pair = Pair(Mapping(node.id, match.id, renew), node, match)
            if not any(failure for rule in (same_behaviour, same_event) for failure in rule(pair, Pairs([pair]))):
                yield pair
                yield from _camunda7(node, match, update)


def _own(scope: FlowNode) -> list[FlowNode]:
    return [node for node in scope.children if not is_event_sub_process_start(node)]


def _triggers(scope: FlowNode) -> list[FlowNode]:
    return [each.start_events[0] for each in scope.event_sub_processes]


def _can_be_generated(node: FlowNode) -> bool:
    passive = node.type is ElementType.BOUNDARY_EVENT or is_event_sub_process_start(node)
    if passive and not isinstance(node.event, PASSIVE_EVENTS):
        return False
    asynchronous = node.asynchronous.before or node.asynchronous.after
    return not _compensates(node) and (asynchronous or is_migratable(node))


def _compensates(node: FlowNode) -> bool:
    """Whether this undoes something: a handler, its multi-instance body, or an event sub-process."""
    inner = node.children[0] if node.type is ElementType.MULTI_INSTANCE_BODY else node
    starts = node.start_events if node.type is ElementType.EVENT_SUB_PROCESS else ()
    return inner.is_for_compensation or any(isinstance(each.event, CompensationEvent) for each in starts)


def _zeebe(source: ExecutableProcess, target: ExecutableProcess) -> Iterator[str]:
    """By ids of the model; a multi-instance activity counts as what it is inside and out."""
    ids = [each for each in source.elements if "#" not in each and each in target.elements and each != source.root.id]
    fitting = {each for each in ids if _fits(source.elements[each], target.elements[each])}
    for each in ids:
        around = [scope.id.partition("#")[0] for scope in source.elements[each].flow_scopes()][:-1]
        if each in fitting and all(scope in fitting or scope == each for scope in around):
            yield each


def _fits(one: FlowNode, other: FlowNode) -> bool:
    if one.type is not other.type or type(one.event) is not type(other.event) or _scope_id(one) != _scope_id(other):
        return False
    if (one.body is None) is not (other.body is None):
        return False
    if one.attached_to is not None and other.attached_to is not None and one.attached_to.id != other.attached_to.id:
        return False
    return one.type in MIGRATABLE or (isinstance(one.details, CatchDetails) and one.event is not None)


def _scope_id(node: FlowNode) -> str | None:
    """The scope around by its id in the model; the process goes by no id, for it may have another one."""
    scope = node.flow_scope
    return None if scope is None or scope.flow_scope is None else scope.id.removesuffix(BODY_SUFFIX)
