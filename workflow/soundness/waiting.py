"""Tokens that wait at joins: what has come, what is missing, and whether it can still come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workflow.engine.step import elements_leading_to
from workflow.graph import FlowNode, SequenceFlow
from workflow.soundness.exploring import Budget
from workflow.soundness.judging import mending
from workflow.soundness.marking import Marking
from workflow.soundness.scopes import Analysis, Trouble
from workflow.soundness.warnings import Fix


@dataclass(frozen=True, slots=True)
class Missing:
    """A flow into a join over which no token has come."""

    flow: SequenceFlow
    may_come_from: tuple[FlowNode, ...]
    """Where tokens stand that can still come over it."""


@dataclass(frozen=True, slots=True)
class WaitingJoin:
    """A join at which tokens wait, in one scope instance."""

    gateway: FlowNode
    scope_key: int
    come: tuple[SequenceFlow, ...]
    """The flows that tokens have come by, as far as one can tell."""
    missing: tuple[Missing, ...]
    never_fires: bool
    """On no way that is left."""
    may_wait_forever: bool
    fixes: tuple[Fix, ...] = ()
    """What would let it go on, where it waits for ever."""


def waiting_joins(marking: Marking) -> Iterator[WaitingJoin]:
    """The joins of a process instance at which tokens wait."""
    analysis = Analysis(marking, Budget())
    for scope_key in analysis.scopes():
        net, places = analysis.net(scope_key), analysis.places(scope_key, as_if_whole=True)
        found = analysis.prospect(scope_key)
        standing = [token.element for token in marking.children.get(scope_key, ())]
        for join in net.joins:
            if not any(places.get(place) for place in join.inputs):
                continue
            flows = [net.places[place].flow for place in join.inputs]
            come = [flow for flow, place in zip(flows, join.inputs, strict=True) if flow is not None and places[place]]
            trouble = found.joins.get(join.node, Trouble.NONE)
            missing = [
                Missing(flow, _who(flow, standing, join.node))
                for flow in flows
                if flow is not None and flow not in come
            ]
            fixes = mending(marking, scope_key, join.node) if trouble >= Trouble.KEEPS_A_TOKEN else ()
            yield WaitingJoin(
                join.node,
                scope_key,
                tuple(come),
                tuple(missing),
                trouble is Trouble.NEVER_FIRES,
                trouble is not Trouble.NONE,
                fixes,
            )


def _who(flow: SequenceFlow, standing: list[FlowNode], gateway: FlowNode) -> tuple[FlowNode, ...]:
    leading = (elements_leading_to(flow.source) | {flow.source}) - {gateway}
    return tuple(dict.fromkeys(node for node in standing if node in leading))
