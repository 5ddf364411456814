"""Embedded sub-process: a scope of its own for variables and tokens."""

from __future__ import annotations

from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.errors import ElementFailure
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.graph import ElementType


@reads("subProcess", ElementType.SUB_PROCESS)
def read_sub_process(reading: ElementReading) -> None:
    """Only the embedded sub-process is known; what lies inside is read by the reader of the process."""
    if reading.attribute("triggeredByEvent") == "true":
        reading.problem("An event sub-process ('triggeredByEvent') is not supported yet.")


@element(ElementType.SUB_PROCESS)
class SubProcess(Behaviour):
    """Begins with its none start event and completes when its last token has ended."""

    def on_activate(self, step: Step) -> None:
        start = step.element.none_start_event
        if start is None:
            raise ElementFailure(EXTRACT_VALUE_ERROR, f"Sub-process '{step.element.id}' has no none start event.")
        step.start_child(start)
