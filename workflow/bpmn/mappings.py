"""Input and output mappings, which every activity may have: `zeebe:ioMapping` and `camunda:inputOutput`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from workflow.elements.reading import NOTHING, NULL, ElementReading, text_of, vocabulary_name
from workflow.elements.script_task import read_script
from workflow.graph import ListValue, MapValue, ValueSource, VariableMapping

Mappings = tuple[VariableMapping, ...]

_PATH: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_WITHOUT_MAPPINGS: Final = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway")


def read_mappings(reading: ElementReading) -> tuple[Mappings, Mappings]:
    """The inputs and the outputs of an element."""
    return _read_zeebe(reading) if reading.is_zeebe else _read_camunda7(reading)


def _read_zeebe(reading: ElementReading) -> tuple[Mappings, Mappings]:
    container = reading.extension("ioMapping")
    if container is None:
        return (), ()
    return (
        tuple(_zeebe_mapping(reading, each) for each in _named(container, "input")),
        tuple(_zeebe_mapping(reading, each) for each in _named(container, "output")),
    )


def _zeebe_mapping(reading: ElementReading, mapping: etree._Element) -> VariableMapping:
    source, target = mapping.get("source"), mapping.get("target") or ""
    what = f"the source of the mapping to '{target}'"
    reading.variable(target, "the target of a mapping")
    if not _PATH.fullmatch(target):
        reading.problem(
            f"Expected the target of a mapping to be a variable or a path like 'order.id', found '{target}'."
        )
    if not source:
        reading.problem(
            f"Expected {what} to be an expression or text, found none: 'source' must be present and not empty."
        )
        return VariableMapping(NOTHING, target)
    return VariableMapping(reading.expression(source, what), target)


def _read_camunda7(reading: ElementReading) -> tuple[Mappings, Mappings]:
    container = reading.extension("inputOutput")
    if container is None:
        return (), ()
    if reading.tag in _WITHOUT_MAPPINGS:
        reading.problem(f"camunda:inputOutput mapping unsupported for element type '{reading.tag}'.")
    if reading.tag == "subProcess" and reading.attribute("triggeredByEvent") == "true":
        reading.problem(
            "camunda:inputOutput mapping unsupported for element type 'subProcess' with attribute 'triggeredByEvent = true'."
        )
    inputs = tuple(_camunda7_mapping(reading, each) for each in _named(container, "inputParameter"))
    outputs = tuple(_camunda7_mapping(reading, each) for each in _named(container, "outputParameter"))
    if outputs and reading.tag == "endEvent":
        reading.problem("camunda:outputParameter not allowed for element type 'endEvent'.")
    elif outputs and reading.child("multiInstanceLoopCharacteristics") is not None:
        reading.problem("camunda:outputParameter not allowed for multi-instance constructs.")
    return inputs, outputs


def _camunda7_mapping(reading: ElementReading, parameter: etree._Element) -> VariableMapping:
    name = (parameter.get("name") or "").strip()
    if not name:
        reading.problem(f"Expected 'camunda:{vocabulary_name(parameter)[1]}' to have a name, found none.")
    reading.variable(name, "the name of a parameter")
    return VariableMapping(_value(reading, parameter, name), name)


def _value(reading: ElementReading, holder: etree._Element, name: str) -> ValueSource:
    """The value inside a parameter or an entry of a map: text, or one element that tells how to build it."""
    nested = next(holder.iterchildren("*"), None)
    return _text(reading, holder, name) if nested is None else _built(reading, nested, name)


def _built(reading: ElementReading, builder: etree._Element, name: str) -> ValueSource:
    kind = vocabulary_name(builder)[1]
    if kind == "value":
        return _text(reading, builder, name)
    if kind == "script":
        return _script(reading, builder)
    if kind == "list":
        return ListValue(tuple(_built(reading, each, name) for each in builder.iterchildren("*")))
    if kind == "map":
        return MapValue(tuple(_entry(reading, each, name) for each in _named(builder, "entry")))
    reading.problem(f"Expected the value of '{name}' to be text, a list, a map or a script, found 'camunda:{kind}'.")
    return NOTHING


def _entry(reading: ElementReading, entry: etree._Element, name: str) -> tuple[str, ValueSource]:
    key = entry.get("key") or ""
    if not key or "${" in key or "#{" in key:
        reading.problem(f"Expected the keys of the map '{name}' to be plain text, found '{key}'.")
    return key, _value(reading, entry, name)


def _text(reading: ElementReading, holder: etree._Element, name: str) -> ValueSource:
    text = text_of(holder)
    return NULL if text is None else reading.expression(text, f"the value of '{name}'")


def _script(reading: ElementReading, script: etree._Element) -> ValueSource:
    if script.get("resource"):
        reading.problem("A script in an external resource ('resource') is not supported. Put it into the model.")
        return NOTHING
    return read_script(reading, text_of(script), script.get("scriptFormat"))


def _named(container: etree._Element, name: str) -> Iterator[etree._Element]:
    return (each for each in container.iterchildren("*") if vocabulary_name(each)[1] == name)
