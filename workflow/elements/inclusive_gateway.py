"""Inclusive gateway: takes every flow whose condition holds; joins when no more token can come to it.

It does not wait for more either when as many tokens have come as there are incoming flows (Camunda 7), or one over each of
them (Zeebe).
"""

from __future__ import annotations

from collections.abc import Sequence

from workflow.elements.reading import reads_plainly
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import ElementType, Semantics, SequenceFlow

reads_plainly("inclusiveGateway", ElementType.INCLUSIVE_GATEWAY)


class InclusiveFork(Behaviour):
    """Takes the flows whose condition holds, or the default flow."""

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        return step.flows_with_true_conditions() if step.element.outgoing else ()


@element(ElementType.INCLUSIVE_GATEWAY, semantics=Semantics.CAMUNDA_7)
class MergingInclusiveGateway(InclusiveFork):
    """Each arriving token waits as an instance of its own until all have come that can."""

    def on_activate(self, step: Step) -> None:
        if len(step.element.incoming) <= 1:
            step.complete()
            return
        arrived = step.all_instances_here()
        if len(arrived) < len(step.element.incoming) and step.more_tokens_can_come():
            step.wait()
            return
        step.merge(arrived)
        step.complete()

    def on_siblings_moved(self, step: Step) -> None:
        step.try_waiting_instance()


@element(ElementType.INCLUSIVE_GATEWAY, semantics=Semantics.ZEEBE)
class HoldingInclusiveGateway(InclusiveFork):
    """Tokens wait on their sequence flows; the gateway is entered when no more can come."""

    def on_arrive(self, step: Step, flow: SequenceFlow) -> None:
        if len(step.element.incoming) == 1:
            step.enter()
            return
        step.hold(flow)
        self.on_siblings_moved(step)

    def on_siblings_moved(self, step: Step) -> None:
        if not step.any_incoming_flow_holds_a_token():
            return
        if not step.more_tokens_can_come():
            step.take_all_held_tokens()
            step.enter()
        elif step.every_incoming_flow_holds_a_token():
            step.take_one_token_from_each_flow()
            step.enter()
