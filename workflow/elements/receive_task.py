"""Receive task: waits for a message.

Zeebe correlates by name and one correlation key and needs both; in Camunda 7 the message reference is optional, and a
task without one waits for a signal to its execution.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.elements.reading import NOTHING, ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.errors import ElementFailure
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.expressions import Expression, Language
from workflow.graph import ElementType, Semantics


@dataclass(frozen=True, slots=True)
class MessageDetails:
    """The message that is waited for. Without a name: none, only a signal from outside."""

    name: Expression | None = None
    correlation_key: Expression | None = None


@reads("receiveTask", ElementType.RECEIVE_TASK)
def read_receive_task(reading: ElementReading) -> MessageDetails:
    """The message that it refers to."""
    reference = reading.attribute("messageRef")
    if reference is None:
        if reading.is_zeebe:
            reading.problem("Must reference a message: expected 'messageRef', found none.")
        return MessageDetails()
    message = reading.model.messages.get(reference) or reading.model.messages.get(reference.rpartition(":")[2])
    if message is None:
        reading.problem(f"Invalid 'messageRef': no message with id '{reference}' found.")
        return MessageDetails()
    return _read_message(reading, message)


def _read_message(reading: ElementReading, message: ElementReading) -> MessageDetails:
    missing = f"Expected message '{message.id}' to have a name, found none."
    name = reading.required(message.attribute("name"), f"the name of message '{message.id}'", missing)
    if not reading.is_zeebe:
        return MessageDetails(name)
    subscription = message.extension("subscription")
    key = subscription.get("correlationKey") if subscription is not None else None
    missing = (
        f"Expected message '{message.id}' to have a correlation key, found none. Must have exactly one 'zeebe:subscription' "
        "extension element with a 'correlationKey'."
    )
    correlation_key = reading.required(key or None, f"the correlation key of message '{message.id}'", missing)
    if correlation_key.language is Language.STATIC and correlation_key is not NOTHING:
        reading.problem(
            f"Expected the correlation key of message '{message.id}' to be an expression, found text: '{key}'."
        )
    return MessageDetails(name, correlation_key)


@element(ElementType.RECEIVE_TASK, semantics=Semantics.CAMUNDA_7)
class Camunda7ReceiveTask(Behaviour):
    """Waits for a message by name, or for a signal to its execution."""

    def on_activate(self, step: Step) -> None:
        details = step.details(MessageDetails)
        if details.name is not None:
            step.subscribe_to_message(step.evaluate_string(details.name), None)
        step.wait()


@element(ElementType.RECEIVE_TASK, semantics=Semantics.ZEEBE)
class ZeebeReceiveTask(Behaviour):
    """Waits for a message by name and correlation key; takes one that was buffered before."""

    def on_activate(self, step: Step) -> None:
        details = step.details(MessageDetails)
        if details.name is None or details.correlation_key is None:
            raise ElementFailure(EXTRACT_VALUE_ERROR, f"'{step.element.id}' has no message or no correlation key.")
        name = step.evaluate_string(details.name)
        step.subscribe_to_message(name, step.evaluate_string(details.correlation_key))
        step.wait()
