"""End events: the token ends, having thrown what the event throws; the scope completes with its last token."""

from __future__ import annotations

from collections.abc import Sequence

from workflow.elements.events import read_event
from workflow.elements.job_task import JobTask, read_work
from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import (
    CancelEvent,
    CompensationEvent,
    ElementType,
    ErrorEvent,
    EscalationEvent,
    MessageEvent,
    SequenceFlow,
    SignalEvent,
    TerminateEvent,
    ThrowDetails,
)

KINDS = ("message", "error", "escalation", "signal", "terminate", "cancel", "compensate")


@reads("endEvent", ElementType.END_EVENT)
def read_end_event(reading: ElementReading) -> ThrowDetails:
    """What it throws; a message is thrown by a worker, or by an expression (Camunda 7)."""
    event = read_event(reading, KINDS)
    if isinstance(event, CancelEvent):
        parent = reading.element.getparent()
        if parent is None or not str(parent.tag).endswith("}transaction"):
            reading.problem("A cancel end event is only supported directly inside a transaction.")
    return ThrowDetails(event, read_work(reading) if isinstance(event, MessageEvent) else None)


@element(ElementType.END_EVENT)
class EndEvent(Behaviour):
    """Throws its event, then consumes its token."""

    def on_activate(self, step: Step) -> None:
        match step.element.event:
            case MessageEvent():
                JobTask().work(step, step.details(ThrowDetails).work)
            case ErrorEvent(code=code, message=message) if code is not None:
                step.throw_error(step.evaluate_string(code), step.evaluate_string(message) if message else "")
            case CompensationEvent(activity_id=activity_id):
                step.compensate(activity_id)
            case CancelEvent():
                step.cancel_transaction()
            case TerminateEvent():
                step.terminate_siblings()
                step.complete()
            case EscalationEvent(code=code) if code is not None:
                step.throw_escalation(step.evaluate_string(code))
            case SignalEvent() as signal:
                step.throw_signal(signal)
                step.complete()
            case _:
                step.complete()

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        if isinstance(step.element.event, CancelEvent):
            step.leave_transaction()
        return ()
