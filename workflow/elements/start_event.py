"""None start event: where an ordinary activation of a process or sub-process begins."""

from __future__ import annotations

from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType


@reads("startEvent", ElementType.START_EVENT)
def read_start_event(reading: ElementReading) -> None:
    """Only the none start event is known."""
    parent = reading.element.getparent()
    inside_event_sub_process = parent is not None and parent.get("triggeredByEvent") == "true"
    for name in () if inside_event_sub_process else reading.event_definitions():  # that is a problem of its own
        reading.problem(f"A start event with '{name}' is not supported yet; only the none start event is.")
    if not reading.is_zeebe and (variable := reading.camunda("initiator")):
        reading.warning(f"'camunda:initiator' is not supported yet: the variable '{variable}' is not set.")


@element(ElementType.START_EVENT)
class NoneStartEvent(Behaviour):
    """Passes its token on."""
