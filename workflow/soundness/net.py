"""The token game of one scope: places for its elements and for flows into joins, and how tokens move between them.

What one kind of element does with a token is told once, here, for both semantics; decisions are open both ways, waits may be
answered, and boundary events may or may not occur. Sub-processes, multi-instance bodies and called processes are one place each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from workflow.engine.step import elements_leading_to
from workflow.expressions import Language
from workflow.graph import (
    CancelEvent,
    CatchDetails,
    CompensationEvent,
    ElementType,
    ErrorEvent,
    FlowNode,
    LinkEvent,
    Semantics,
    SequenceFlow,
    TerminateEvent,
    TimerEvent,
    TimerKind,
)

ALL_SUBSETS = 4
"""Of more flows than these, single ones and all together stand for every choice."""
HOLDERS = frozenset(
    {
        ElementType.SUB_PROCESS,
        ElementType.TRANSACTION,
        ElementType.EVENT_SUB_PROCESS,
        ElementType.MULTI_INSTANCE_BODY,
        ElementType.AD_HOC_SUB_PROCESS,
        ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
    }
)
NEITHER: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One way in which a token goes on."""

    to: tuple[int, ...]
    clears: bool = False
    """The whole scope ends with it, or leaves by an event."""


@dataclass(frozen=True, slots=True)
class Join:
    """A gateway that waits for tokens."""

    node: FlowNode
    inputs: tuple[int, ...]
    outputs: tuple[tuple[int, ...], ...]
    is_inclusive: bool
    upstream: frozenset[int]
    """The places from which a token can still come."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token can stand: at an element, or on a flow into a join."""

    node: FlowNode
    flow: SequenceFlow | None = None
    is_blocked: bool = False
    """At a scope that cannot complete by itself."""
    is_disarmed: bool = False
    """At an activity whose event that occurs once has occurred."""


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """The places of one scope, those first from which tokens move by themselves, in the order in which it pays to move them."""

    scope: FlowNode
    semantics: Semantics
    places: tuple[Place, ...]
    moving: int
    """How many places tokens move from by themselves."""
    moves: tuple[tuple[Move, ...], ...]
    joins: tuple[Join, ...]
    index: dict[Place, int]

    @property
    def counts_tokens(self) -> bool:
        """Whether a join takes as many tokens as flows lead to it, whichever they came by."""
        return self.semantics is Semantics.CAMUNDA_7

    def at(self, node: FlowNode, *, blocked: bool = False) -> int:
        """The place of a token that stands at an element."""
        return self.index[Place(node, is_blocked=blocked and node.type in HOLDERS)]

    def on(self, flow: SequenceFlow) -> int:
        """The place that a token comes to over a flow."""
        return self.index[Place(flow.target, flow)] if is_join(flow.target) else self.at(flow.target)


def is_join(node: FlowNode) -> bool:
    """Whether tokens wait for each other at this element."""
    return len(node.incoming) > 1 and node.type in (ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY)


@lru_cache(maxsize=1000)
def net_of(scope: FlowNode, semantics: Semantics) -> Net:
    """The token game inside a scope."""
    return _Drawing(scope, semantics).net()


class _Drawing:
    def __init__(self, scope: FlowNode, semantics: Semantics) -> None:
        self._scope = scope
        self._semantics = semantics
        self._places = list(self._all_places())
        self._index = {place: number for number, place in enumerate(self._places)}

    def _all_places(self) -> Iterator[Place]:
        for node in self._scope.children:
            yield Place(node)
            if node.type in HOLDERS:
                yield Place(node, is_blocked=True)
            if any(_occurs_once(boundary) for boundary in node.boundary_events):
                yield Place(node, is_disarmed=True)
            if is_join(node):
                for flow in node.incoming:
                    yield Place(node, flow)

    def net(self) -> Net:
        moves = {place: () if place.flow is not None else tuple(self._moves(place)) for place in self._places}
        joins = [node for node in self._scope.children if is_join(node)]
        order = self._order({place: moves[place] for place in self._places}, joins)
        ordered = [each for each in order if moves[each]] + [each for each in order if not moves[each]]
        renamed = {self._index[place]: number for number, place in enumerate(ordered)}

        def new(numbers: Iterable[int]) -> tuple[int, ...]:
            return tuple(renamed[number] for number in numbers)

        index = {place: number for number, place in enumerate(ordered)}
        return Net(
            self._scope,
            self._semantics,
            tuple(ordered),
            sum(1 for place in ordered if moves[place]),
            tuple(tuple(Move(new(move.to), move.clears) for move in moves[place]) for place in ordered),
            tuple(
                Join(
                    node,
                    tuple(index[Place(node, flow)] for flow in node.incoming),
                    tuple(new(output) for output in self._outputs(node)),
                    node.type is ElementType.INCLUSIVE_GATEWAY,
                    self._upstream(node, index),
                )
                for node in joins
            ),
            index,
        )

    def _upstream(self, node: FlowNode, index: dict[Place, int]) -> frozenset[int]:
        leading = elements_leading_to(node)
        return frozenset(number for place, number in index.items() if place.node in leading and place.node is not node)

    def _order(self, moves: dict[Place, tuple[Move, ...]], joins: Sequence[FlowNode]) -> list[Place]:
        """Upstream first, and one branch after the other, so that different ways meet before the next token moves."""
        after: dict[Place, list[Place]] = {
            place: [self._places[number] for move in moves[place] for number in move.to] for place in self._places
        }
        for node in joins:
            behind = [self._places[number] for output in self._outputs(node) for number in output]
            for flow in node.incoming:
                after[Place(node, flow)] = behind
        seen: set[Place] = set()
        done: list[Place] = []
        entries = sorted(
            self._places, key=lambda place: bool(place.node.incoming) or place.node.attached_to is not None
        )
        for entry in entries:
            if entry in seen:
                continue
            seen.add(entry)
            path = [(entry, iter(after[entry]))]
            while path:
                place, rest = path[-1]
                following = next((each for each in rest if each not in seen), None)
                if following is None:
                    done.append(place)
                    path.pop()
                else:
                    seen.add(following)
                    path.append((following, iter(after[following])))
        return done[::-1]

    # ---- what an element does with a token

    def _moves(self, place: Place) -> Iterator[Move]:
        node = place.node
        if not place.is_blocked:
            yield from self._own_moves(node)
        for boundary in node.boundary_events:
            if isinstance(boundary.event, CompensationEvent):
                continue
            there = self._index[Place(boundary)]
            if not isinstance(boundary.details, CatchDetails) or boundary.details.interrupting:
                yield Move((there,))
            elif not _occurs_once(boundary):
                yield Move((self._index[place], there))
            elif not place.is_disarmed and not place.is_blocked:
                yield Move((self._index[Place(node, is_disarmed=True)], there))

    def _own_moves(self, node: FlowNode) -> Iterator[Move]:
        match node.event if node.type is ElementType.END_EVENT else None:
            case TerminateEvent() | CancelEvent():
                yield Move(NEITHER, clears=True)
            case ErrorEvent() as event:
                if _is_caught(node, event):
                    yield Move(NEITHER, clears=True)
                elif self._semantics is Semantics.CAMUNDA_7:
                    yield Move(NEITHER)
            case _:
                for output in self._outputs(node):
                    yield Move(output)

    def _outputs(self, node: FlowNode) -> list[tuple[int, ...]]:
        flows = node.outgoing
        if node.is_for_compensation or node.type is ElementType.EVENT_SUB_PROCESS:
            return [NEITHER]
        if isinstance(node.event, LinkEvent) and node.type is ElementType.INTERMEDIATE_THROW_EVENT:
            targets = [each for each in self._scope.children if each.event == node.event and each is not node]
            return [(self._index[Place(each)],) for each in targets if each.type is not node.type]
        if not flows:
            return [NEITHER]
        if node.type in (ElementType.EXCLUSIVE_GATEWAY, ElementType.EVENT_BASED_GATEWAY):
            return [(self._to(flow),) for flow in flows]
        if node.type is ElementType.PARALLEL_GATEWAY:
            return [tuple(map(self._to, flows))]
        if node.type is ElementType.INCLUSIVE_GATEWAY or self._semantics is Semantics.CAMUNDA_7:
            return [tuple(map(self._to, chosen)) for chosen in _choices(node)]
        return [tuple(map(self._to, flows))]

    def _to(self, flow: SequenceFlow) -> int:
        return self._index[Place(flow.target, flow) if is_join(flow.target) else Place(flow.target)]


def _choices(node: FlowNode) -> list[tuple[SequenceFlow, ...]]:
    """The sets of flows that conditions may choose."""
    default = node.default_flow
    always = tuple(flow for flow in node.outgoing if flow.condition is None and flow is not default)
    conditional = [flow for flow in node.outgoing if flow.condition is not None and flow is not default]
    sizes = range(1, len(conditional) + 1) if len(conditional) <= ALL_SUBSETS else (1, len(conditional))
    chosen = [always + some for size in sizes for some in combinations(conditional, size)]
    if always:
        chosen.insert(0, always)
    elif default is not None:
        chosen.insert(0, (default,))
    return chosen


def _occurs_once(boundary: FlowNode) -> bool:
    """Whether an event that does not interrupt can occur only once while its activity runs."""
    details, event = boundary.details, boundary.event
    if not isinstance(details, CatchDetails) or details.interrupting:
        return False
    return isinstance(event, TimerEvent) and event.kind is not TimerKind.CYCLE


def _is_caught(node: FlowNode, event: ErrorEvent) -> bool:
    """Whether some error event around catches what an end event throws; of codes that are not constant, that is assumed."""
    came_from: FlowNode = node
    for scope in node.flow_scopes():
        catching = [each.start_events[0] for each in scope.event_sub_processes if each is not came_from]
        if any(_catches(each, event) for each in (*catching, *scope.boundary_events)):
            return True
        came_from = scope
    return False


def _catches(node: FlowNode, thrown: ErrorEvent) -> bool:
    event = node.event
    if not isinstance(event, ErrorEvent):
        return False
    if event.code is None or thrown.code is None:
        return True
    constants = event.code.language is Language.STATIC and thrown.code.language is Language.STATIC
    return not constants or event.code.source == thrown.code.source
