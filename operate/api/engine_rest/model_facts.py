"""What this API tells of a model that the engine does not need: read from the XML once per definition and server process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from lxml import etree

from workflow.bpmn.parser import parse_trusted
from workflow.elements.reading import BPMN, CAMUNDA, vocabulary_name
from workflow.models import ProcessDefinition

CAPACITY = 2_000


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One process as its file describes it."""

    category: str | None = None
    description: str | None = None
    start_form_key: str | None = None
    startable_in_tasklist: bool = True
    properties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The extension properties of each element that has some."""


NO_FACTS = ModelFacts()
"""Of a definition that was deleted a moment ago."""

_known: OrderedDict[int, ModelFacts] = OrderedDict()
_lock = Lock()


def model_facts(definition_keys: Iterable[int]) -> dict[int, ModelFacts]:
    """The facts of these definitions; one query for those that were not read yet, none if all were."""
    wanted = set(definition_keys)
    with _lock:
        found = {key: _known[key] for key in wanted if key in _known}
    missing = wanted - found.keys()
    if missing:
        rows = ProcessDefinition.objects.filter(pk__in=missing).order_by().values_list("key", "process_id", "xml")
        fresh = {key: _read(xml, process_id) for key, process_id, xml in rows}
        found |= fresh
        _remember(fresh)
    return found


def _remember(fresh: Mapping[int, ModelFacts]) -> None:
    with _lock:
        _known.update(fresh)
        while len(_known) > CAPACITY:
            _known.popitem(last=False)


def _read(xml: str, process_id: str) -> ModelFacts:
    root = parse_trusted(xml.encode())
    process = next((each for each in root.iterfind(f"{{{BPMN}}}process") if each.get("id") == process_id), None)
    if process is None:
        return ModelFacts(root.get("targetNamespace"))
    documentation = process.findtext(f"{{{BPMN}}}documentation")
    return ModelFacts(
        root.get("targetNamespace"),
        documentation.strip() if documentation else None,
        _start_form_key(process),
        _camunda(process, "isStartableInTasklist") != "false",
        {element.get("id", ""): found for element in process.iter(f"{{{BPMN}}}*") if (found := _properties(element))},
    )


def _camunda(element: etree._Element, name: str) -> str | None:
    return next((text for namespace in CAMUNDA if (text := element.get(f"{{{namespace}}}{name}"))), None)


def _start_form_key(process: etree._Element) -> str | None:
    starts = process.iterfind(f"{{{BPMN}}}startEvent")
    return next((found for start in starts if (found := _camunda(start, "formKey"))), None)


def _properties(element: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for container in element.iterfind(f"{{{BPMN}}}extensionElements/*"):
        if vocabulary_name(container)[1] != "properties" or vocabulary_name(container)[0] not in CAMUNDA:
            continue
        for each in container:
            name = each.get("name")
            if name:
                found[name] = each.get("value") or ""
    return found
