"""What differs between two versions of a model, element by element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from lxml import etree

from workflow.bpmn.parser import parse_trusted

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
NODES = frozenset(
    f"{BPMN}{name}"
    for name in (
        *("task", "userTask", "serviceTask", "sendTask", "receiveTask", "scriptTask", "businessRuleTask", "manualTask"),
        *("callActivity", "subProcess", "transaction", "adHocSubProcess"),
        *("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
        *("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"),
    )
)
FLOW = f"{BPMN}sequenceFlow"
NOT_ITS_OWN = frozenset({*NODES, FLOW, f"{BPMN}incoming", f"{BPMN}outgoing", f"{BPMN}laneSet", f"{BPMN}association"})
MAX_SHOWN = 120


@dataclass(slots=True)
class Difference:
    """One element that only one of both has, or that is not the same in both."""

    id: str
    name: str
    kind: str
    """`added`, `removed` or `changed`."""
    is_flow: bool = False
    details: list[str] = field(default_factory=list)


def compare(before: bytes | str, after: bytes | str) -> list[Difference]:
    """Elements and sequence flows that were added, removed or changed; where things are drawn does not matter."""
    old, new = _elements(before), _elements(after)
    found = [Difference(id, _name(new[id]), "added", new[id].tag == FLOW) for id in new if id not in old]
    found += [Difference(id, _name(old[id]), "removed", old[id].tag == FLOW) for id in old if id not in new]
    for id, element in new.items():
        if id in old and (details := list(_changes(old[id], element))):
            found.append(Difference(id, _name(element), "changed", element.tag == FLOW, details))
    order = {"removed": 0, "changed": 1, "added": 2}
    return sorted(found, key=lambda each: (each.is_flow, order[each.kind], each.name.lower()))


def _elements(xml: bytes | str) -> dict[str, etree._Element]:
    root = parse_trusted(xml.encode() if isinstance(xml, str) else xml)
    return {element.get("id", ""): element for element in root.iter(*NODES, FLOW) if element.get("id")}


def _name(element: etree._Element) -> str:
    return element.get("name") or (
        f"{element.get('sourceRef')} → {element.get('targetRef')}" if element.tag == FLOW else element.get("id", "")
    )


def _changes(old: etree._Element, new: etree._Element) -> Iterator[str]:
    if old.tag != new.tag:
        yield _("type: %(old)s → %(new)s") % {"old": _local(old.tag), "new": _local(new.tag)}
    for name in sorted({*map(str, old.keys()), *map(str, new.keys())}):
        before, after = old.get(name), new.get(name)
        if before != after:
            yield f"{_local(name)}: {_shown(before)} → {_shown(after)}"
    if _parent(old) != _parent(new):
        yield _("inside: %(old)s → %(new)s") % {"old": _parent(old), "new": _parent(new)}
    before_parts, after_parts = dict(_parts(old)), dict(_parts(new))
    for part in sorted({*before_parts, *after_parts}):
        if before_parts.get(part) != after_parts.get(part):
            if part not in before_parts:
                yield _("%(part)s: added") % {"part": part}
            elif part not in after_parts:
                yield _("%(part)s: removed") % {"part": part}
            else:
                yield _("%(part)s: changed") % {"part": part}


def _parts(element: etree._Element) -> Iterator[tuple[str, str]]:
    """What stands in an element besides other elements of the process, each in a form in which layout does not matter."""
    texts: dict[str, list[str]] = {}
    for child in element:
        if not isinstance(child.tag, str) or child.tag in NOT_ITS_OWN:
            continue
        parts = list(child) if _local(child.tag) == "extensionElements" else [child]
        for part in parts:
            if isinstance(part.tag, str):
                texts.setdefault(_local(part.tag), []).append(_canonical(part))
    for name, found in texts.items():
        yield name, "\n".join(found)


def _canonical(element: etree._Element) -> str:
    attributes = " ".join(f"{name}={value!r}" for name, value in sorted(element.items()))
    inside = "".join(_canonical(child) for child in element if isinstance(child.tag, str))
    return f"<{element.tag} {attributes}>{(element.text or '').strip()}{inside}"


def _parent(element: etree._Element) -> str:
    parent = element.getparent()
    return "" if parent is None or parent.tag not in NODES else parent.get("id", "")


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def _shown(value: str | None) -> str:
    if value is None:
        return "none"
    return f"“{value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + '…'}”"


__all__ = ["Difference", "compare"]
