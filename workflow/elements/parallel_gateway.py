"""Parallel gateway: fork and join.

The two engines join differently. Camunda 7 counts tokens: as many as there are incoming flows, whichever flow they
came by. Zeebe wants one token on *each* incoming flow and keeps a surplus for the next round. Two tokens over one
flow tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from workflow.elements.reading import reads_plainly
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import ElementType, Semantics, SequenceFlow

reads_plainly("parallelGateway", ElementType.PARALLEL_GATEWAY)


class Fork(Behaviour):
    """A parallel gateway ignores conditions: every outgoing flow gets a token."""

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        return step.element.outgoing


@element(ElementType.PARALLEL_GATEWAY, semantics=Semantics.CAMUNDA_7)
class CountingParallelGateway(Fork):
    """Each arriving token becomes an element instance, which waits until enough have come."""

    def on_activate(self, step: Step) -> None:
        if len(step.element.incoming) <= 1:
            step.complete()
            return
        arrived = step.instances_here()
        if len(arrived) < len(step.element.incoming):
            step.wait()
            return
        step.merge(arrived)
        step.complete()


@element(ElementType.PARALLEL_GATEWAY, semantics=Semantics.ZEEBE)
class PerFlowParallelGateway(Fork):
    """Tokens wait on their sequence flows; the gateway is entered when every incoming flow holds one."""

    def on_arrive(self, step: Step, flow: SequenceFlow) -> None:
        if len(step.element.incoming) == 1:
            step.enter()
            return
        step.hold(flow)
        if step.every_incoming_flow_holds_a_token():
            step.take_one_token_from_each_flow()
            step.enter()
