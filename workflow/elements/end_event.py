"""None end event: a token ends; the scope completes with its last one."""

from __future__ import annotations

from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType


@reads("endEvent", ElementType.END_EVENT)
def read_end_event(reading: ElementReading) -> None:
    """Only the none end event is known."""
    for name in reading.event_definitions():
        reading.problem(f"An end event with '{name}' is not supported yet; only the none end event is.")


@element(ElementType.END_EVENT)
class NoneEndEvent(Behaviour):
    """Consumes its token."""
