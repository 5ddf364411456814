"""Event-based gateway: waits until the first of the events behind it occurs, and goes on there."""

from __future__ import annotations

from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import ElementType


@reads("eventBasedGateway", ElementType.EVENT_BASED_GATEWAY)
def read_event_based_gateway(reading: ElementReading) -> None:
    """The exclusive one alone is executable; what it leads to is checked with the whole process."""
    if reading.attribute("instantiate") == "true":
        reading.problem(
            "An event-based gateway that starts a process ('instantiate') is not supported. Use start events."
        )
    if reading.attribute("eventGatewayType") == "Parallel":
        reading.problem("A parallel event-based gateway is not supported. Use a parallel gateway before catch events.")


@element(ElementType.EVENT_BASED_GATEWAY)
class EventBasedGateway(Behaviour):
    """Waits for all the events behind it at once."""

    def on_activate(self, step: Step) -> None:
        step.wait_for_events_behind()
