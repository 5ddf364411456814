"""Start event: where a process, sub-process or event sub-process begins.

One with an event is entered when that event has occurred; by then it only passes its token on.
"""

from __future__ import annotations

from workflow.elements.events import read_event
from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import CatchDetails, ElementType, ErrorEvent

OF_PROCESS = ("message", "timer", "signal", "conditional")
OF_EVENT_SUB_PROCESS = (*OF_PROCESS, "error", "escalation", "compensate")


@reads("startEvent", ElementType.START_EVENT)
def read_start_event(reading: ElementReading) -> CatchDetails:
    """The event that begins its scope; none in embedded sub-processes."""
    parent = reading.element.getparent()
    if parent is not None and parent.get("triggeredByEvent") == "true":
        event = read_event(reading, OF_EVENT_SUB_PROCESS)
        if event is None and not reading.event_definitions():
            reading.problem("The start event of an event sub-process must have an event definition, found none.")
        interrupting = reading.attribute("isInterrupting") != "false"
        if isinstance(event, ErrorEvent) and not interrupting:
            reading.problem("The error start event of an event subprocess must be interrupting.")
        return CatchDetails(event, interrupting)
    is_process = parent is not None and parent.tag == f"{{{parent.nsmap.get(parent.prefix)}}}process"
    event = read_event(reading, OF_PROCESS if is_process else (), is_start=True)
    initiator = None if reading.is_zeebe else reading.variable(reading.camunda("initiator"), "'camunda:initiator'")
    return CatchDetails(event, initiator=initiator)


@element(ElementType.START_EVENT)
class StartEvent(Behaviour):
    """Passes its token on."""

    def on_activate(self, step: Step) -> None:
        step.complete()
