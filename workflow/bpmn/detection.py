"""Whose rules a model follows: what it says itself, else the vocabulary it uses, else the API it came through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from workflow.bpmn.parser import parse
from workflow.elements.reading import PREFIXES, VOCABULARIES
from workflow.graph import Semantics

_PLATFORM: Final = "{http://camunda.org/schema/modeler/1.0}executionPlatform"
_PLATFORMS: Final = {
    "Camunda Platform": Semantics.CAMUNDA_7,
    "Camunda Cloud": Semantics.ZEEBE,
}


@dataclass(frozen=True, slots=True)
class Detection:
    """The semantics a model asks for, and how that was found out.

    `semantics` is None when nothing tells. `is_ambiguous` when the model uses both vocabularies: then somebody has to
    choose.
    """

    semantics: Semantics | None
    reason: str
    is_ambiguous: bool = False


def detect_semantics(content: bytes, *, fallback: Semantics | None) -> Detection:
    """Say which semantics a file asks for; raises ModelProblems if it cannot be parsed."""
    return detect(parse(content), fallback)


def detect(root: etree._Element, fallback: Semantics | None) -> Detection:
    """Say which semantics a parsed model asks for."""
    used = vocabularies_in_use(root)
    platform = root.get(_PLATFORM) or ""
    declared = _PLATFORMS.get(platform)
    if len(used) > 1:
        return Detection(declared or fallback, "it uses both the camunda: and the zeebe: vocabulary", is_ambiguous=True)
    if declared is not None:
        return Detection(declared, f"its execution platform is '{platform}'")
    if used:
        semantics = used.pop()
        return Detection(semantics, f"it uses the {PREFIXES[semantics]}: vocabulary")
    if fallback is not None:
        return Detection(fallback, "of the API it came through; the model itself does not tell")
    return Detection(None, "the model does not tell")


def vocabularies_in_use(root: etree._Element) -> set[Semantics]:
    """The vocabularies with an element or attribute in the model; merely declaring a prefix is no use."""
    used: set[Semantics] = set()
    for element in root.iter():
        for name in (str(element.tag), *map(str, element.attrib)):
            namespace = name[1:].partition("}")[0] if name[0] == "{" else ""
            if namespace in VOCABULARIES:
                used.add(VOCABULARIES[namespace])
        if len(used) == len(Semantics):
            break
    return used
