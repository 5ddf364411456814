"""Boundary event: watches an activity, and takes over from it or goes beside it when its event occurs.

What it waits for belongs to the activity's instance; it is entered only when that has occurred.
"""

from __future__ import annotations

from workflow.elements.events import read_event
from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.graph import CancelEvent, CatchDetails, CompensationEvent, ElementType, ErrorEvent

KINDS = ("message", "timer", "signal", "error", "escalation", "conditional", "compensate", "cancel")


@reads("boundaryEvent", ElementType.BOUNDARY_EVENT)
def read_boundary_event(reading: ElementReading) -> CatchDetails:
    """What it waits for, and whether that ends the activity."""
    event = read_event(reading, KINDS)
    if event is None and not reading.event_definitions():
        reading.problem("A boundary event must have an event definition, found none.")
    interrupting = reading.attribute("cancelActivity") != "false"
    if isinstance(event, ErrorEvent | CancelEvent) and not interrupting:
        reading.problem("A boundary event for errors or cancellation has to be interrupting.")
    return CatchDetails(event, interrupting and not isinstance(event, CompensationEvent))


@element(ElementType.BOUNDARY_EVENT)
class BoundaryEvent(Behaviour):
    """Passes the token on that its event has made or taken over."""
