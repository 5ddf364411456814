"""Intermediate events: catching ones wait, throwing ones throw and go on."""

from __future__ import annotations

from workflow.elements.events import read_event
from workflow.elements.job_task import JobTask, read_work
from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import (
    CatchDetails,
    CompensationEvent,
    ElementType,
    EscalationEvent,
    LinkEvent,
    MessageEvent,
    SignalEvent,
    ThrowDetails,
)

CATCHING = ("message", "timer", "signal", "conditional", "link")
THROWING = ("message", "signal", "escalation", "compensate", "link")


@reads("intermediateCatchEvent", ElementType.INTERMEDIATE_CATCH_EVENT)
def read_catch_event(reading: ElementReading) -> CatchDetails:
    """What it waits for."""
    event = read_event(reading, CATCHING)
    if event is None and not reading.event_definitions():
        reading.problem("An intermediate catch event must have an event definition, found none.")
    return CatchDetails(event)


@reads("intermediateThrowEvent", ElementType.INTERMEDIATE_THROW_EVENT)
def read_throw_event(reading: ElementReading) -> ThrowDetails:
    """What it throws; a message is thrown by a worker, or by an expression (Camunda 7)."""
    event = read_event(reading, THROWING)
    return ThrowDetails(event, read_work(reading) if isinstance(event, MessageEvent) else None)


@element(ElementType.INTERMEDIATE_CATCH_EVENT)
class CatchEvent(Behaviour):
    """Waits for its event; a link has been followed already."""

    def on_activate(self, step: Step) -> None:
        if isinstance(step.element.event, LinkEvent):
            step.complete()
        else:
            step.wait_for_event()


@element(ElementType.INTERMEDIATE_THROW_EVENT)
class ThrowEvent(Behaviour):
    """Throws its event and goes on; a message when its worker is done, compensation when its handlers are."""

    def on_activate(self, step: Step) -> None:
        match step.element.event:
            case MessageEvent():
                JobTask().work(step, step.details(ThrowDetails).work)
            case CompensationEvent(activity_id=activity_id, waits=waits):
                step.compensate(activity_id, waits=waits)
            case EscalationEvent(code=code) if code is not None:
                step.throw_escalation(step.evaluate_string(code))
            case SignalEvent() as signal:
                step.throw_signal(signal)
                step.complete()
            case LinkEvent(name=name):
                step.follow_link(name)
            case _:
                step.complete()
