"""XML to graph: reads every executable process of a model, and everything that is wrong with it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

from lxml import etree

import workflow.elements  # noqa: F401  registers the readers of all elements
from workflow.bpmn.asynchronous import read_asynchronous, read_loop_asynchronous
from workflow.bpmn.detection import detect, vocabularies_in_use
from workflow.bpmn.extensions import check_extensions
from workflow.bpmn.mappings import read_mappings
from workflow.bpmn.parser import parse, parse_trusted
from workflow.bpmn.places import FlowPlace, NodePlace
from workflow.bpmn.structure import ProcessPlaces
from workflow.elements.listeners import read_listeners
from workflow.elements.multi_instance import LoopDetails, read_loop
from workflow.elements.process import read_process_attributes
from workflow.elements.reading import (
    MAX_NAME_LENGTH,
    NOTHING,
    PREFIXES,
    READERS,
    ElementReading,
    ModelReading,
    bpmn_name,
    line_of,
    text_of,
)
from workflow.engine.errors import ModelProblems, Problem
from workflow.expressions import Expression, Language
from workflow.graph import (
    BODY_SUFFIX,
    INNER_INSTANCE_SUFFIX,
    Asynchronous,
    ElementType,
    ExecutableProcess,
    FlowDraft,
    NodeDraft,
    ProcessDraft,
    Semantics,
)

MAX_PROBLEMS: Final = 1000
MAX_FLOW_ELEMENTS: Final = 20_000
"""Flow nodes and sequence flows of one file. Reading as many takes some seconds."""

_ID: Final = re.compile(r"[^\W\d][\w.\-]*")
_FEEL: Final = (
    "feel",
    "https://www.omg.org/spec/FEEL/",
    "http://www.omg.org/spec/FEEL/",
    "http://www.omg.org/spec/DMN/",
)
_DESCRIPTIVE: Final = frozenset(
    {
        "artifact",
        "auditing",
        "category",
        "correlationSubscription",
        "dataInputAssociation",
        "dataObject",
        "dataObjectReference",
        "dataOutputAssociation",
        "dataStoreReference",
        "documentation",
        "extensionElements",
        "group",
        "humanPerformer",
        "incoming",
        "ioBinding",
        "ioSpecification",
        "laneSet",
        "monitoring",
        "outgoing",
        "performer",
        "potentialOwner",
        "property",
        "resourceRole",
        "supportedInterfaceRef",
        "supports",
        "textAnnotation",
        "",  # other vocabularies
    }
)
"""Inside a process or sub-process, without effect on what happens."""
_OF_ACTIVITIES: Final = frozenset(
    {"completionCondition", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"}
)
_NOT_YET: Final = frozenset(
    {
        "callChoreography",
        "choreographyTask",
        "complexGateway",
        "implicitThrowEvent",
        "subChoreography",
    }
)
_SCOPES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})


@dataclass(frozen=True, slots=True)
class ParsedModel:
    """A model that can be deployed: its executable processes and what its author may want to know."""

    semantics: Semantics
    detected_from: str
    processes: tuple[ExecutableProcess, ...]
    warnings: tuple[Problem, ...]


def read_model(
    content: bytes, *, resource_name: str, fallback: Semantics | None, chosen: Semantics | None = None
) -> ParsedModel:
    """Return the executable processes of a file; raises ModelProblems with everything that is wrong with it.

    `chosen` overrules what the model says about its semantics, `fallback` holds where it says nothing.
    """
    try:
        if len(resource_name) > MAX_NAME_LENGTH:
            raise ModelProblems([Problem(f"Expected a file name of at most {MAX_NAME_LENGTH} characters.")])
        return _read(parse(content), fallback, chosen)
    except ModelProblems as error:
        raise ModelProblems([Problem(p.message, p.element_id, p.line, resource_name) for p in error.problems]) from None


def read_process(xml: str | bytes, process_id: str, semantics: Semantics) -> ExecutableProcess:
    """Return one process of a model that was deployed before, without asking again whether all of it fits."""
    root = parse_trusted(xml.encode() if isinstance(xml, str) else xml)
    model = ModelReading(root, semantics)
    element = next((each for each in _processes(root) if each.get("id") == process_id), None)
    if element is None:
        raise ModelProblems([Problem(f"Expected a process '{process_id}' in the model, found none.", process_id)])
    draft, _ = _ProcessReader(model, ElementReading(element, model)).read()
    _raise_problems(model)
    return draft.freeze()


def _read(root: etree._Element, fallback: Semantics | None, chosen: Semantics | None) -> ParsedModel:
    semantics, reason = _semantics(root, fallback, chosen)
    model = ModelReading(root, semantics)
    _check_size(root)
    _check_ids(model)
    drafts = []
    for element in _executable(model):
        draft, places = _ProcessReader(model, ElementReading(element, model)).read()
        places.check()
        drafts.append(draft)
    _warn_of_other_vocabulary(model)
    _raise_problems(model)
    return ParsedModel(semantics, reason, tuple(draft.freeze() for draft in drafts), tuple(model.warnings))


def _semantics(root: etree._Element, fallback: Semantics | None, chosen: Semantics | None) -> tuple[Semantics, str]:
    if chosen is not None:
        return chosen, "chosen when it was deployed"
    detection = detect(root, fallback)
    if detection.is_ambiguous:
        raise ModelProblems(
            [
                Problem(
                    "Expected extensions of one vocabulary, found both camunda: and zeebe:. Remove those of one of them, or choose "
                    "explicitly between Camunda 7 and Camunda 8 when deploying."
                )
            ]
        )
    if detection.semantics is None:
        raise ModelProblems(
            [
                Problem(
                    "Expected to find out whether this is a Camunda 7 or a Camunda 8 model, but nothing in it tells. Choose one."
                )
            ]
        )
    return detection.semantics, detection.reason


def _processes(root: etree._Element) -> list[etree._Element]:
    return [child for child in root if bpmn_name(child) == "process"]


def _executable(model: ModelReading) -> list[etree._Element]:
    executable = []
    for element in _processes(model.root):
        if element.get("isExecutable") in ("true", "1"):
            executable.append(element)
        else:
            ElementReading(element, model).warning(
                'The process is not deployed, because it is not marked isExecutable="true".'
            )
    if not executable:
        model.problems.append(
            Problem(
                "Must contain at least one executable process: expected a 'process' with isExecutable=\"true\", found none."
            )
        )
    return executable


def _check_size(root: etree._Element) -> None:
    count = 0
    for process in _processes(root):
        for element in process.iterdescendants():
            name = bpmn_name(element)
            count += name == "sequenceFlow" or name in READERS or name in _NOT_YET
            if count > MAX_FLOW_ELEMENTS:
                message = f"Expected at most {MAX_FLOW_ELEMENTS} flow nodes and sequence flows, found more."
                raise ModelProblems([Problem(message, "", line_of(element))])


def _check_ids(model: ModelReading) -> None:
    """Ids are unique in the whole file, because the parts of a model refer to each other by them."""
    first: dict[str, int] = {}
    for element in model.root.iter():
        identifier = element.get("id")
        if identifier is None or not bpmn_name(element):
            continue
        line = line_of(element)
        if identifier in first:
            message = f"Expected ids to be unique, found '{identifier}' in line {first[identifier]} already."
            model.problems.append(Problem(message, identifier, line))
        first.setdefault(identifier, line)


def _warn_of_other_vocabulary(model: ModelReading) -> None:
    for other in vocabularies_in_use(model.root) - {model.semantics}:
        message = (
            f"The {PREFIXES[other]}: extensions have no effect, because the model is deployed with the other semantics."
        )
        model.warnings.append(Problem(message))


def _raise_problems(model: ModelReading) -> None:
    problems = sorted(model.problems, key=lambda problem: problem.line)
    if len(problems) > MAX_PROBLEMS:
        more = Problem(f"… and {len(problems) - MAX_PROBLEMS} more problems.")
        problems = [*problems[:MAX_PROBLEMS], more]
    if problems:
        raise ModelProblems(problems)


class _ProcessReader:
    """Reads one process, outside-in."""

    def __init__(self, model: ModelReading, process: ElementReading) -> None:
        self.model = model
        self.process = process
        self.draft = ProcessDraft(process.id, process.name, model.semantics)
        self.places = ProcessPlaces(process)
        self.made_up_ids: Counter[str] = Counter()

    def read(self) -> tuple[ProcessDraft, ProcessPlaces]:
        """Return the process and where all its parts stand."""
        attributes = read_process_attributes(self.process)
        self.draft.version_tag = attributes.version_tag
        self.draft.history_time_to_live_days = attributes.history_time_to_live_days
        self.draft.startable = attributes.startable
        self.draft.data_paths = attributes.data_paths
        _check_id(self.process)
        check_extensions(self.process)
        self.draft.nodes.append(
            NodeDraft(
                self.process.id,
                self.process.name,
                ElementType.PROCESS,
                None,
                documentation=_documentation(self.process),
                listeners=read_listeners(self.process),
            )
        )
        self._read_scope(self.process)
        self.places.tie_compensation_handlers()
        return self.draft, self.places

    def _read_scope(self, scope: ElementReading) -> None:
        for element in scope.element:
            tag = bpmn_name(element)
            if tag in _DESCRIPTIVE or tag in _OF_ACTIVITIES:
                continue
            if tag == "sequenceFlow":
                self._read_flow(element, scope.id)
            elif tag == "association":
                self.places.associations.append(ElementReading(element, self.model))
            elif tag in READERS:
                self._read_node(ElementReading(element, self.model), scope.id)
            else:
                self._refuse(ElementReading(element, self.model), scope.id)

    # -- flow nodes

    def _read_node(self, reading: ElementReading, scope_id: str) -> None:
        reader = READERS[reading.tag]
        _check_id(reading)
        check_extensions(reading)
        inputs, outputs = read_mappings(reading)
        loop = read_loop(reading)
        own = read_asynchronous(reading)
        draft = NodeDraft(
            reading.id,
            reading.name,
            _type(reading, reader.type),
            scope_id if loop is None else reading.id + BODY_SUFFIX,
            reader.details(reading),
            inputs,
            outputs,
            documentation=_documentation(reading),
            is_for_compensation=reading.attribute("isForCompensation") == "true",
            asynchronous=own if loop is None else read_loop_asynchronous(reading),
            listeners=read_listeners(reading),
        )
        outside = draft if loop is None else self._body(reading, scope_id, draft, loop, own)
        outside.default_flow_id = reading.attribute("default")
        outside.attached_to_id = reading.attribute("attachedToRef") if reading.tag == "boundaryEvent" else None
        self.draft.nodes.append(draft)
        self.places.nodes.setdefault(reading.id, NodePlace(reading, scope_id, outside))
        if reading.tag in _SCOPES:
            self._read_inside(reading)

    def _body(
        self, reading: ElementReading, scope_id: str, inside: NodeDraft, loop: LoopDetails, own: Asynchronous
    ) -> NodeDraft:
        """The multi-instance body around an activity, which flows and events are tied to."""
        body = NodeDraft(
            reading.id + BODY_SUFFIX,
            reading.name,
            ElementType.MULTI_INSTANCE_BODY,
            scope_id,
            loop,
            is_for_compensation=inside.is_for_compensation,
            asynchronous=own,
        )
        self.draft.nodes.append(body)
        return body

    def _read_inside(self, reading: ElementReading) -> None:
        """What lies in a sub-process; in an ad-hoc one it lies in the inner instances."""
        if reading.tag != "adHocSubProcess":
            self._read_scope(reading)
            return
        inner_id = reading.id + INNER_INSTANCE_SUFFIX
        kind = ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE
        self.draft.nodes.append(NodeDraft(inner_id, reading.name, kind, reading.id))
        self._read_scope(ElementReading(reading.element, self.model, inner_id))

    def _refuse(self, reading: ElementReading, scope_id: str) -> None:
        """Report an element that this release cannot run, and go on with what is inside it."""
        known = reading.tag in _NOT_YET
        reading.problem(f"'{reading.tag}' is not {'supported yet' if known else 'an element of BPMN'}.")
        if known:
            self.places.nodes.setdefault(reading.id, NodePlace(reading, scope_id, None))
            check_extensions(reading)
        if reading.tag in _SCOPES:
            self._read_scope(reading)

    # -- sequence flows

    def _read_flow(self, element: etree._Element, scope_id: str) -> None:
        source, target = (element.get("sourceRef") or "").strip(), (element.get("targetRef") or "").strip()
        reading = ElementReading(element, self.model, element.get("id") or self._made_up_id(source, target))
        _check_id(reading, is_made_up=not element.get("id"))
        check_extensions(reading)
        draft = FlowDraft(reading.id, reading.name, source, target, _condition(reading), read_listeners(reading))
        self.draft.flows.append(draft)
        self.places.flows.append(FlowPlace(reading, scope_id, draft))

    def _made_up_id(self, source: str, target: str) -> str:
        """Flows may go without id; the one they get is the same at every reading."""
        wanted = f"{source}->{target}"
        self.made_up_ids[wanted] += 1
        return wanted if self.made_up_ids[wanted] == 1 else f"{wanted}#{self.made_up_ids[wanted]}"


def _type(reading: ElementReading, known: ElementType) -> ElementType:
    """Event sub-processes are written as sub-processes."""
    is_event_sub_process = reading.tag == "subProcess" and reading.attribute("triggeredByEvent") == "true"
    return ElementType.EVENT_SUB_PROCESS if is_event_sub_process else known


def _check_id(reading: ElementReading, *, is_made_up: bool = False) -> None:
    if not reading.id:
        reading.problem(f"Expected '{reading.tag}' to have an id, found none.")
    elif len(reading.id) > MAX_NAME_LENGTH:
        reading.problem(f"Expected an id of at most {MAX_NAME_LENGTH} characters, found {len(reading.id)}.")
    elif not is_made_up and not _ID.fullmatch(reading.id):
        reading.problem(
            f"Expected an id that begins with a letter and has only letters, digits, '_', '-' and '.', found '{reading.id}'."
        )
    if len(reading.name) > MAX_NAME_LENGTH:
        reading.problem(f"Expected a name of at most {MAX_NAME_LENGTH} characters, found {len(reading.name)}.")


def _condition(reading: ElementReading) -> Expression | None:
    element = reading.child("conditionExpression")
    if element is None:
        return None
    text, language = text_of(element), element.get("language")
    if text is None:
        reading.problem("Expected a condition, found an empty one. Write an expression, or remove it.")
        return NOTHING
    return _zeebe_condition(reading, text) if reading.is_zeebe else _camunda7_condition(reading, text, language)


def _zeebe_condition(reading: ElementReading, text: str) -> Expression:
    condition = reading.expression(text, "the condition")
    if condition.language is Language.STATIC and condition is not NOTHING:
        reading.problem(
            f"Expected expression but found static value '{text}'. An expression must start with '=' (e.g. '={text}')."
        )
    return condition


def _camunda7_condition(reading: ElementReading, text: str, language: str | None) -> Expression:
    if language is None or language.lower() == "juel":
        condition = reading.expression(text, "the condition")
        if condition.language is Language.STATIC and condition is not NOTHING:
            reading.warning(f"The condition '{text}' is no expression and will fail; write it as '${{{text}}}'.")
        return condition
    if language.startswith(_FEEL) or language.lower() == "feel":
        return reading.feel(text, "the condition")
    reading.problem(f"Conditions in '{language}' are not supported. Write it in JUEL (${{…}}) or in 'feel'.")
    return NOTHING


def _documentation(reading: ElementReading) -> str:
    return reading.text("documentation") or ""
