"""Execution and task listeners of Camunda 7: expressions and scripts that run as an element begins or ends.

What names a Java class is refused: it would run code inside the engine.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from workflow.elements.reading import NOTHING, ElementReading, text_of, vocabulary_name
from workflow.elements.script_task import read_script
from workflow.expressions import Expression
from workflow.graph import Listener

EXECUTION_EVENTS = ("start", "end", "take")
TASK_EVENTS = ("create", "assignment", "complete", "update", "delete")


def read_listeners(reading: ElementReading) -> tuple[Listener, ...]:
    """What runs when an element starts or ends, a flow is taken ('start' and 'take' if not said), or in a task's life."""
    default = "take" if reading.tag == "sequenceFlow" else "start"
    of_execution = _listeners(reading, "executionListener", EXECUTION_EVENTS, default)
    of_task = _listeners(reading, "taskListener", TASK_EVENTS, None)
    return (*of_execution, *(Listener(f"task {each.event}", each.expression) for each in of_task))


def _listeners(reading: ElementReading, name: str, events: tuple[str, ...], default: str | None) -> Iterator[Listener]:
    if reading.is_zeebe:
        return
    for extension in reading.extensions():
        if vocabulary_name(extension)[1] != name:
            continue
        event = extension.get("event") or default
        if event not in events:
            reading.problem(
                f"Expected 'camunda:{name}' to have an event of {', '.join(events)}, found '{event or 'none'}'."
            )
            continue
        yield Listener(event, _expression(reading, extension, name))


def _expression(reading: ElementReading, extension: etree._Element, name: str) -> Expression:
    for attribute in ("class", "delegateExpression"):
        if extension.get(attribute) is not None:
            reading.problem(
                f"'camunda:{name}' with '{attribute}' is not supported. It would run code inside the engine. Use an expression, "
                "or an external task."
            )
            return NOTHING
    if (text := extension.get("expression")) is not None:
        return reading.expression(text, f"'camunda:{name}'")
    script = next((each for each in extension if vocabulary_name(each)[1] == "script"), None)
    if script is None:
        reading.problem(f"Expected 'camunda:{name}' to have an 'expression' or a 'camunda:script', found neither.")
        return NOTHING
    if script.get("resource") is not None:
        reading.problem("A script in an external resource is not supported. Put it into the model.")
        return NOTHING
    return read_script(reading, text_of(script), script.get("scriptFormat"))
