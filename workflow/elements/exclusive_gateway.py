"""Exclusive gateway: the first flow whose condition holds, or else the default flow. As a join it lets every token
pass."""

from __future__ import annotations

from collections.abc import Sequence

from workflow.elements.reading import reads_plainly
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import ElementType, SequenceFlow

reads_plainly("exclusiveGateway", ElementType.EXCLUSIVE_GATEWAY)


@element(ElementType.EXCLUSIVE_GATEWAY)
class ExclusiveGateway(Behaviour):
    """Decides when it is left, so that a resolved incident decides anew."""

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        return [step.flow_with_true_condition()] if step.element.outgoing else ()
