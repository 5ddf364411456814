"""Receive task: waits for a message.

Zeebe correlates by name and one correlation key and needs both; in Camunda 7 the message reference is optional, and a task
without one waits for a signal to its execution.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine.behaviour import Behaviour, element
from workflow.engine.errors import ElementFailure
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.expressions import Expression
from workflow.graph import ElementType, Semantics


@dataclass(frozen=True, slots=True)
class MessageDetails:
    """The message that is waited for. Without a name: none, only a signal from outside."""

    name: Expression | None = None
    correlation_key: Expression | None = None


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
