"""What an element's file sees of the model's XML when it reads its element, and the table of who reads what.

Problems are collected, never raised: one mistake in a model must not hide the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, cast

from lxml import etree

from workflow.engine.errors import Problem
from workflow.expressions import Expression, ExpressionError, Language, parse_camunda7, parse_feel, parse_zeebe
from workflow.graph import ElementType, Semantics

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CAMUNDA: Final = (
    "http://camunda.org/schema/1.0/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
    "http://activiti.org/bpmn",
)
"""One vocabulary under three names: the others are its fork's and its ancestor's, which Camunda 7 reads too."""
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
VOCABULARIES: Final = {**dict.fromkeys(CAMUNDA, Semantics.CAMUNDA_7), ZEEBE: Semantics.ZEEBE}
PREFIXES: Final = {Semantics.CAMUNDA_7: "camunda", Semantics.ZEEBE: "zeebe"}

MAX_NAME_LENGTH: Final = 255
"""What the database has room for: ids, names, names of variables."""

_BPMN_TAG: Final = f"{{{BPMN}}}"
_NAMESPACES: Final = {Semantics.CAMUNDA_7: CAMUNDA, Semantics.ZEEBE: (ZEEBE,)}

NOTHING: Final = parse_camunda7("")
"""Stands for an expression that is a problem; a model with problems is never frozen."""
NULL: Final = parse_feel("null")


def bpmn_name(element: etree._Element) -> str:
    """The local name of a BPMN element, or nothing for elements of other vocabularies."""
    tag = element.tag
    return tag[len(_BPMN_TAG) :] if isinstance(tag, str) and tag.startswith(_BPMN_TAG) else ""


def line_of(element: etree._Element) -> int:
    """The line of the file that an element begins in, or 0."""
    return cast("int | None", element.sourceline) or 0


def vocabulary_name(element: etree._Element) -> tuple[str, str]:
    """The namespace and the local name of any element."""
    namespace, _, name = str(element.tag).rpartition("}")
    return namespace.removeprefix("{"), name


@dataclass
class ModelReading:
    """What all elements of one file share: whose rules it follows, its messages, and what was found wrong so far."""

    root: etree._Element
    semantics: Semantics
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @cached_property
    def _referable(self) -> dict[tuple[str, str], ElementReading]:
        found: dict[tuple[str, str], ElementReading] = {}
        for name in ("message", "signal", "error", "escalation"):
            for each in self.root.iterchildren(_BPMN_TAG + name):
                if identifier := each.get("id"):
                    found[name, identifier] = ElementReading(each, self)
        return found

    def referred(self, name: str, reference: str) -> ElementReading | None:
        """The message, signal, error or escalation that an element refers to, with or without a namespace prefix."""
        found = self._referable
        return found.get((name, reference)) or found.get((name, reference.rpartition(":")[2]))


class ElementReading:
    """One XML element of a model. Texts are stripped; what is missing or blank is None."""

    __slots__ = ("element", "id", "model")

    def __init__(self, element: etree._Element, model: ModelReading, element_id: str | None = None) -> None:
        self.element = element
        self.model = model
        self.id = element_id if element_id is not None else (element.get("id") or "")

    # -- what it is

    @property
    def tag(self) -> str:
        """The BPMN name of the element, as in 'userTask'."""
        return bpmn_name(self.element)

    @property
    def name(self) -> str:
        return self.element.get("name") or ""

    @property
    def line(self) -> int:
        return line_of(self.element)

    @property
    def semantics(self) -> Semantics:
        return self.model.semantics

    @property
    def is_zeebe(self) -> bool:
        """Whether the model follows Zeebe's rules."""
        return self.model.semantics is Semantics.ZEEBE

    # -- attributes and children

    def attribute(self, name: str, namespace: str = "") -> str | None:
        """The attribute's text."""
        value = self.element.get(f"{{{namespace}}}{name}" if namespace else name)
        return (value.strip() or None) if value is not None else None

    def camunda(self, name: str) -> str | None:
        """The text of an attribute of the Camunda 7 vocabulary."""
        for namespace in CAMUNDA:
            value = self.attribute(name, namespace)
            if value is not None:
                return value
        return None

    def children(self, name: str) -> Iterator[etree._Element]:
        """The BPMN elements of this name right inside this one."""
        return self.element.iterchildren(_BPMN_TAG + name)

    def child(self, name: str) -> etree._Element | None:
        """The first BPMN element of this name right inside this one."""
        return self.element.find(_BPMN_TAG + name)

    def text(self, name: str) -> str | None:
        """The text of the first BPMN element of this name right inside this one."""
        child = self.child(name)
        return text_of(child) if child is not None else None

    def extensions(self) -> Iterator[etree._Element]:
        """All extension elements, of whatever vocabulary."""
        for container in self.children("extensionElements"):
            yield from container

    def extension(self, name: str) -> etree._Element | None:
        """The first extension element of this name in the vocabulary of the model's semantics."""
        container = self.child("extensionElements")
        if container is None:
            return None
        for namespace in _NAMESPACES[self.semantics]:
            found = container.find(f"{{{namespace}}}{name}")
            if found is not None:
                return found
        return None

    def properties(self) -> dict[str, str]:
        """The extension properties (`camunda:properties`, `zeebe:properties`), by name."""
        extension = self.extension("properties")
        if extension is None:
            return {}
        return {
            each.get("name", ""): (each.get("value") or "").strip() for each in extension.iterchildren("{*}property")
        }

    def event_definitions(self) -> list[str]:
        """What kinds of event this is, by the names of the BPMN elements; none for a none event."""
        names = (bpmn_name(child) for child in self.element)
        return [name for name in names if name.endswith(("EventDefinition", "eventDefinitionRef"))]

    def event_definition(self) -> ElementReading | None:
        """The definition of the one event that this is; the problem with several is reported."""
        found = [child for child in self.element if bpmn_name(child).endswith("EventDefinition")]
        if len(found) > 1 or (found and self.child("eventDefinitionRef") is not None):
            self.problem("Expected at most one event definition, found several.")
        return ElementReading(found[0], self.model, self.id) if found else None

    # -- expressions

    def expression(self, text: str, what: str) -> Expression:
        """Parse `text` in the language of the model's semantics; `what` names it in the problem."""
        return self._parsed(parse_zeebe if self.is_zeebe else parse_camunda7, text, what)

    def feel(self, text: str, what: str) -> Expression:
        """Parse `text` as FEEL without the `=` in front."""
        return self._parsed(parse_feel, text, what)

    def optional(self, text: str | None, what: str) -> Expression | None:
        """Parse `text` if there is any."""
        return self.expression(text, what) if text is not None else None

    def required(self, text: str | None, what: str, missing: str) -> Expression:
        """Parse `text`; without it the problem is `missing`."""
        if text is None:
            self.problem(missing)
            return NOTHING
        return self.expression(text, what)

    def whole_number(self, text: str | None, what: str, *, at_most: int | None = None) -> Expression | None:
        """Parse `text`, which has to be a whole number where it is no expression."""
        expression = self.optional(text, what)
        if expression is not None and expression.language is Language.STATIC and expression is not NOTHING:
            value = expression.source.strip()
            limit = "" if at_most is None else f" between 0 and {at_most}"
            if not value.lstrip("+-").isdecimal() or (at_most is not None and not 0 <= int(value) <= at_most):
                self.problem(f"Expected {what} to be a whole number{limit} or an expression, found '{value}'.")
        return expression

    def variable(self, name: str | None, what: str) -> str | None:
        """The name of a variable that will be written."""
        if name is not None and len(name) > MAX_NAME_LENGTH:
            self.problem(f"Expected {what} to have at most {MAX_NAME_LENGTH} characters, found {len(name)}.")
        return name

    def _parsed(self, parse: Callable[[str], Expression], text: str, what: str) -> Expression:
        try:
            return parse(text)
        except ExpressionError as error:
            self.problem(f"Expected {what} to be a valid expression: {error}.")
            return NOTHING

    # -- findings

    def problem(self, message: str) -> None:
        """The model cannot be deployed, because of this."""
        self.model.problems.append(Problem(message, self.id, self.line))

    def warning(self, message: str) -> None:
        """The model can be deployed, but its author may expect something else of this."""
        self.model.warnings.append(Problem(message, self.id, self.line))


def text_of(element: etree._Element) -> str | None:
    """The text inside an element."""
    return (element.text or "").strip() or None


@dataclass(frozen=True, slots=True)
class Reader:
    """What a BPMN element becomes, and who reads what only its kind has."""

    type: ElementType
    details: Callable[[ElementReading], object]


READERS: Final[dict[str, Reader]] = {}


def reads(
    tag: str, element_type: ElementType
) -> Callable[[Callable[[ElementReading], object]], Callable[[ElementReading], object]]:
    """Register a function as the reader of a BPMN element."""

    def register(details: Callable[[ElementReading], object]) -> Callable[[ElementReading], object]:
        READERS[tag] = Reader(element_type, details)
        return details

    return register


def reads_plainly(tag: str, element_type: ElementType) -> None:
    """Register a BPMN element that has nothing of its own."""
    READERS[tag] = Reader(element_type, lambda reading: None)
