"""Inclusive gateway: takes every flow whose condition holds; joins when no more token can come to it."""

from __future__ import annotations

from collections.abc import Sequence

from workflow.elements.reading import reads_plainly
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import ElementType, SequenceFlow

reads_plainly("inclusiveGateway", ElementType.INCLUSIVE_GATEWAY)


@element(ElementType.INCLUSIVE_GATEWAY)
class InclusiveGateway(Behaviour):
    """Each arriving token waits as an instance of its own until all have come that can."""

    def on_activate(self, step: Step) -> None:
        if len(step.element.incoming) <= 1:
            step.complete()
        elif step.more_tokens_can_come():
            step.wait()
        else:
            step.merge(step.instances_here())
            step.complete()

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        return step.flows_with_true_conditions() if step.element.outgoing else ()
