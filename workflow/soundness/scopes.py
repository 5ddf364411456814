"""One scope instance after another: what it can still reach, compared with before the plan and with the model itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import lru_cache

from workflow.elements.ad_hoc_sub_process import AdHocDetails
from workflow.elements.multi_instance import LoopDetails
from workflow.engine.step import elements_leading_to
from workflow.graph import ElementType, FlowNode, Semantics, SequenceFlow
from workflow.soundness.exploring import Budget, Exploration, doubled, explore
from workflow.soundness.marking import Marking, Token
from workflow.soundness.net import Net, is_join, net_of

LOOPS = (ElementType.MULTI_INSTANCE_BODY, ElementType.AD_HOC_SUB_PROCESS)
Key = tuple[FlowNode, tuple[tuple[int, int], ...]]


class Trouble(IntEnum):
    """How a join fares, from good to bad."""

    NONE = 0
    MAY_NOT_FIRE = 1
    KEEPS_A_TOKEN = 2
    NEVER_FIRES = 3


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a scope can still reach."""

    completes: bool
    is_complete: bool
    joins: Mapping[FlowNode, Trouble]
    missing: Mapping[FlowNode, frozenset[SequenceFlow]]
    """Of a join in trouble, the flows that lack a token."""
    dead: frozenset[FlowNode]
    """Elements that a token never leaves."""
    doubled: frozenset[FlowNode]
    """Elements that may hold two tokens at once."""
    surplus: frozenset[FlowNode]
    """Joins that two tokens may come to over one flow."""
    order: Mapping[FlowNode, int]

    def renamed(self, names: Mapping[FlowNode, FlowNode]) -> Prospect:
        """The same, told of what stands for the elements elsewhere; what nothing stands for is left out."""

        def known(nodes: Iterable[FlowNode]) -> frozenset[FlowNode]:
            return frozenset(names[node] for node in nodes if node in names)

        return replace(
            self,
            joins={names[node]: trouble for node, trouble in self.joins.items() if node in names},
            missing={},
            dead=known(self.dead),
            doubled=known(self.doubled),
            surplus=known(self.surplus),
            order={},
        )


def prospect(net: Net, marking: Mapping[int, int], budget: Budget) -> Prospect:
    """Play from a marking, and tell what has shown of joins and elements."""
    played = explore(net, marking, budget)
    twice = doubled(net, marking)
    joins, missing = _joins(net, played)
    return Prospect(
        played.completes,
        played.is_complete,
        joins,
        missing,
        frozenset(
            net.places[place].node for state in played.stuck for place in state if net.places[place].flow is None
        ),
        frozenset(net.places[place].node for place in twice if net.places[place].flow is None),
        frozenset(net.places[place].node for place in twice if net.places[place].flow is not None),
        {net.places[number].node: number for number in range(len(net.places) - 1, -1, -1)},
    )


def _joins(net: Net, played: Exploration) -> tuple[dict[FlowNode, Trouble], dict[FlowNode, frozenset[SequenceFlow]]]:
    found: dict[FlowNode, Trouble] = {}
    missing: dict[FlowNode, frozenset[SequenceFlow]] = {}
    for number, join in enumerate(net.joins):
        waiting = [state for state in played.stuck if any(place in state for place in join.inputs)]
        if not waiting:
            continue
        if number not in played.fired and played.is_complete:
            found[join.node] = Trouble.NEVER_FIRES
        else:
            found[join.node] = Trouble.MAY_NOT_FIRE if played.completes else Trouble.KEEPS_A_TOKEN
        lacking = {net.places[place].flow for place in join.inputs if place not in waiting[0]}
        missing[join.node] = frozenset(flow for flow in lacking if flow is not None)
    return found, missing


@lru_cache(maxsize=1000)
def regular(scope: FlowNode, semantics: Semantics) -> Prospect:
    """What a scope that begins as the model wants can reach: what is wrong here is the model's fault."""
    net = net_of(scope, semantics)
    budget = Budget(seconds=0.1)
    found = [prospect(net, {net.at(entry): 1}, budget) for entry in _entries(scope)]
    joins = {node: max(each.joins.get(node, Trouble.NONE) for each in found) for each in found for node in each.joins}
    return Prospect(
        any(each.completes for each in found),
        all(each.is_complete for each in found),
        joins,
        {},
        frozenset[FlowNode]().union(*(each.dead for each in found)),
        frozenset[FlowNode]().union(*(each.doubled for each in found)),
        frozenset[FlowNode]().union(*(each.surplus for each in found)),
        {},
    )


def _entries(scope: FlowNode) -> list[FlowNode]:
    if scope.type is ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE:
        return [each for each in scope.children if not each.incoming and each.attached_to is None]
    return list(scope.start_events)


@dataclass(slots=True)
class Analysis:
    """The prospects of all scope instances of one marking."""

    marking: Marking
    budget: Budget
    cache: dict[Key, Prospect] = field(default_factory=dict)
    """Of scope instances that look alike; shared by the analyses that are compared."""
    _completes: dict[int, bool] = field(default_factory=dict)

    @property
    def semantics(self) -> Semantics:
        return self.marking.process.semantics

    def net(self, scope_key: int) -> Net:
        """The token game of a scope instance."""
        return net_of(self.marking.scope_element(scope_key), self.semantics)

    def scopes(self) -> list[int]:
        """The scope instances in which a token game is played, the outermost first."""
        return [key for key in self.marking.scopes() if self.marking.scope_element(key).type not in LOOPS]

    def places(self, scope_key: int, *, as_if_whole: bool = False) -> Counter[int]:
        """The tokens of a scope instance by place; with `as_if_whole` all scopes inside it can complete."""
        net = self.net(scope_key)
        found: Counter[int] = Counter()
        come: Counter[FlowNode] = Counter()
        for token in self.marking.children.get(scope_key, ()):
            if token.is_undoing and token.element.is_scope:
                continue
            if self.has_come(token):
                come[token.element] += 1
            else:
                blocked = not as_if_whole and token.element.is_scope and not self.completes(token.key)
                found[net.at(token.element, blocked=blocked)] += 1
        for flow_id, count in self.marking.held.get(scope_key, {}).items():
            flow = self.marking.process.flows.get(flow_id)
            if flow is not None and is_join(flow.target):
                found[net.on(flow)] += count
        for gateway, number in come.items():
            for place in self._flows_come_by(net, gateway, number, found):
                found[place] += 1
        return found

    def has_come(self, token: Token) -> bool:
        """Whether a token waits at a join, as an element instance of it (Camunda 7)."""
        return self.semantics is Semantics.CAMUNDA_7 and is_join(token.element) and not token.has_passed

    def _flows_come_by(self, net: Net, gateway: FlowNode, number: int, others: Mapping[int, int]) -> list[int]:
        """The flows over which tokens have come, as far as one can tell: those first that no other token can bring."""

        def suppliers(flow: SequenceFlow) -> int:
            leading = elements_leading_to(flow.source) | {flow.source}
            return sum(count for place, count in others.items() if net.places[place].node in leading)

        flows = sorted(gateway.incoming, key=suppliers)
        return [net.on(flows[position % len(flows)]) for position in range(number)]

    def prospect(self, scope_key: int, *, as_if_whole: bool = True) -> Prospect:
        """What a scope instance can still reach."""
        return self.of(scope_key, self.places(scope_key, as_if_whole=as_if_whole))

    def of(self, scope_key: int, places: Mapping[int, int]) -> Prospect:
        """What a scope instance could reach with these tokens."""
        net = self.net(scope_key)
        key = (net.scope, tuple(sorted((place, count) for place, count in places.items() if count > 0)))
        found = self.cache.get(key)
        if found is None:
            found = self.cache[key] = prospect(net, dict(key[1]), self.budget)
        return found

    def completes(self, key: int) -> bool:
        """Whether a scope instance can come to its end; what was not explored to the end is taken to."""
        found = self._completes.get(key)
        if found is None:
            found = self._completes[key] = self._can_complete(key)
        return found

    def _can_complete(self, key: int) -> bool:
        element = self.marking.scope_element(key)
        if element.type in LOOPS:
            inside = [token for token in self.marking.children.get(key, ()) if token.element.is_scope]
            if not inside:
                return True
            enough = any if _may_be_enough(element) else all
            return enough(self.completes(token.key) for token in inside)
        found = self.prospect(key, as_if_whole=False)
        return found.completes or not found.is_complete


def _may_be_enough(element: FlowNode) -> bool:
    """Whether not everything in a loop has to complete."""
    details = element.details
    if isinstance(details, LoopDetails | AdHocDetails):
        return details.completion_condition is not None
    return False
