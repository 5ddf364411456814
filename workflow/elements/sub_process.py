"""Sub-processes: scopes of their own for variables and tokens, entered by their start event or, if they are event
sub-processes, by the event that happens; transactions can be cancelled too."""

from __future__ import annotations

from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.errors import ElementFailure
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.graph import ElementType


@reads("subProcess", ElementType.SUB_PROCESS)
def read_sub_process(reading: ElementReading) -> None:
    """What lies inside is read by the reader of the process, which also tells event sub-processes."""


@reads("transaction", ElementType.TRANSACTION)
def read_transaction(reading: ElementReading) -> None:
    """A sub-process that can be cancelled; Zeebe has none."""
    if reading.is_zeebe:
        reading.problem("A transaction is not supported in Camunda 8. Use a sub-process with compensation.")


@element(ElementType.SUB_PROCESS, ElementType.TRANSACTION)
class SubProcess(Behaviour):
    """Begins with its none start event and completes when its last token has ended."""

    def on_activate(self, step: Step) -> None:
        start = step.element.none_start_event
        if start is None:
            raise ElementFailure(EXTRACT_VALUE_ERROR, f"Sub-process '{step.element.id}' has no none start event.")
        step.start_child(start)


@element(ElementType.EVENT_SUB_PROCESS)
class EventSubProcess(Behaviour):
    """Begins at the event that has happened."""

    def on_activate(self, step: Step) -> None:
        step.start_child(step.element.start_events[0])
