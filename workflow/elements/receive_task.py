"""Receive task: waits for a message.

Zeebe correlates by name and one correlation key and needs both; in Camunda 7 the message reference is optional, and a
task without one waits for a signal to its execution.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.elements.events import read_message
from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.expressions import Expression
from workflow.graph import ElementType, MessageEvent


@dataclass(frozen=True, slots=True)
class MessageDetails:
    """The message that is waited for. Without a name: none, only a signal from outside."""

    name: Expression | None = None
    correlation_key: Expression | None = None

    @property
    def event(self) -> MessageEvent | None:
        """The message as an event like any other."""
        return MessageEvent(self.name, self.correlation_key) if self.name is not None else None


@reads("receiveTask", ElementType.RECEIVE_TASK)
def read_receive_task(reading: ElementReading) -> MessageDetails:
    """The message that it refers to; Camunda 7 can do without."""
    reference = reading.attribute("messageRef")
    if reference is None and not reading.is_zeebe:
        return MessageDetails()
    event = read_message(reading, reference)
    return MessageDetails(event.name, event.correlation_key)


@element(ElementType.RECEIVE_TASK)
class ReceiveTask(Behaviour):
    """Waits for its message, or for a signal to its execution."""

    def on_activate(self, step: Step) -> None:
        step.wait_for_event()
