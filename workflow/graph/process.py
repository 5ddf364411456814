"""A deployed process as the engine walks it: flow nodes, sequence flows and what they carry.

Frozen once built, shared by every process instance of the definition, and ignorant of XML and of state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workflow.expressions import Expression
from workflow.graph.data_paths import DataPath
from workflow.graph.types import BODY_SUFFIX, SCOPE_TYPES, ElementType, Semantics


@dataclass(frozen=True, slots=True)
class ListValue:
    """A list built from parts (`camunda:list`)."""

    items: tuple[ValueSource, ...]


@dataclass(frozen=True, slots=True)
class MapValue:
    """A map built from parts (`camunda:map`)."""

    entries: tuple[tuple[str, ValueSource], ...]


ValueSource = Expression | ListValue | MapValue


@dataclass(frozen=True, slots=True)
class VariableMapping:
    """One input or output parameter: what is evaluated and the variable it is written to.

    In Zeebe semantics `target` may be a path (`order.id`), which builds or extends an object.
    """

    source: ValueSource
    target: str


@dataclass(frozen=True, slots=True, eq=False)
class SequenceFlow:
    """A directed edge between two flow nodes of the same scope."""

    id: str
    name: str
    source: FlowNode
    target: FlowNode
    condition: Expression | None = None
    listeners: tuple[Listener, ...] = ()

    def __repr__(self) -> str:
        return f"<SequenceFlow {self.id}>"


@dataclass(frozen=True, slots=True)
class Asynchronous:
    """Where a job continues the work in a transaction of its own (Camunda 7), and how such jobs are run."""

    before: bool = False
    after: bool = False
    exclusive: bool = True
    retry_cycle: Expression | None = None
    priority: Expression | None = None


SYNCHRONOUS = Asynchronous()


@dataclass(frozen=True, slots=True)
class Listener:
    """An expression that is evaluated for its effects when something happens (Camunda 7)."""

    event: str
    expression: Expression


@dataclass(frozen=True, slots=True, eq=False)
class FlowNode:
    """One element of a process; the process itself is the outermost one.

    `details` is what only this kind of element has: a dataclass from the element's own file.
    """

    id: str
    name: str
    type: ElementType
    flow_scope: FlowNode | None
    details: object = None
    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    incoming: tuple[SequenceFlow, ...] = ()
    outgoing: tuple[SequenceFlow, ...] = ()
    default_flow: SequenceFlow | None = None
    children: tuple[FlowNode, ...] = ()
    documentation: str = ""
    asynchronous: Asynchronous = SYNCHRONOUS
    attached_to: FlowNode | None = None
    """The activity that a boundary event watches; with multi-instance its body."""
    boundary_events: tuple[FlowNode, ...] = ()
    event_sub_processes: tuple[FlowNode, ...] = ()
    compensation_handler: FlowNode | None = None
    """What undoes this activity; tied to it by a compensation boundary event."""
    is_for_compensation: bool = False
    listeners: tuple[Listener, ...] = ()
    has_events: bool = False
    """Whether entering it opens subscriptions: of boundary events, or of event sub-processes inside."""
    inclusive_joins: tuple[FlowNode, ...] = ()
    """Inclusive gateways right inside that several flows lead to."""

    def __repr__(self) -> str:
        return f"<{self.type} {self.id}>"

    @property
    def is_scope(self) -> bool:
        """Whether other elements live inside this one."""
        return self.type in SCOPE_TYPES

    @property
    def none_start_event(self) -> FlowNode | None:
        """The start event that an ordinary activation of this scope begins with."""
        return next(
            (child for child in self.children if child.type is ElementType.START_EVENT and child.event is None), None
        )

    @property
    def event(self) -> object:
        """What this event catches or throws; None for none events and everything else."""
        return getattr(self.details, "event", None)

    @property
    def start_events(self) -> tuple[FlowNode, ...]:
        """All start events right inside this scope."""
        return tuple(child for child in self.children if child.type is ElementType.START_EVENT)

    @property
    def body(self) -> FlowNode | None:
        """The multi-instance body around one iteration."""
        scope = self.flow_scope
        return scope if scope is not None and scope.type is ElementType.MULTI_INSTANCE_BODY else None

    def flow_scopes(self) -> Iterator[FlowNode]:
        """The scopes around this element, innermost first, ending with the process."""
        scope = self.flow_scope
        while scope is not None:
            yield scope
            scope = scope.flow_scope

    def encloses(self, element: FlowNode) -> bool:
        """Whether `element` lies inside this scope, directly or deeper."""
        return any(scope is self for scope in element.flow_scopes())


@dataclass(frozen=True, slots=True, eq=False)
class ExecutableProcess:
    """One executable process of a deployed model."""

    id: str
    name: str
    semantics: Semantics
    root: FlowNode
    elements: Mapping[str, FlowNode]
    flows: Mapping[str, SequenceFlow]
    version_tag: str = ""
    history_time_to_live_days: int | None = None
    startable: bool = True
    kinds_of_event: frozenset[type] = frozenset()
    data_paths: tuple[DataPath, ...] = ()
    """What the model wants people to search by."""
    back_targets: Mapping[str, bool] = field(default_factory=dict)
    """User tasks that one may go back to, and whether that brings the variables back too."""

    def has(self, kind: type) -> bool:
        """Whether any event of the process is of this kind."""
        return kind in self.kinds_of_event

    def __repr__(self) -> str:
        return f"<ExecutableProcess {self.id} ({self.semantics})>"


@dataclass(slots=True)
class NodeDraft:
    """A flow node while its model is being read."""

    id: str
    name: str
    type: ElementType
    scope_id: str | None
    details: object = None
    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    default_flow_id: str | None = None
    documentation: str = ""
    asynchronous: Asynchronous = SYNCHRONOUS
    attached_to_id: str | None = None
    compensation_handler_id: str | None = None
    is_for_compensation: bool = False
    listeners: tuple[Listener, ...] = ()


@dataclass(slots=True)
class FlowDraft:
    """A sequence flow while its model is being read."""

    id: str
    name: str
    source_id: str
    target_id: str
    condition: Expression | None = None
    listeners: tuple[Listener, ...] = ()


@dataclass(slots=True)
class ProcessDraft:
    """Collects a process and freezes it; nodes must be added outside-in, the process first."""

    id: str
    name: str
    semantics: Semantics
    version_tag: str = ""
    history_time_to_live_days: int | None = None
    startable: bool = True
    data_paths: tuple[DataPath, ...] = ()
    nodes: list[NodeDraft] = field(default_factory=list)
    flows: list[FlowDraft] = field(default_factory=list)

    def freeze(self) -> ExecutableProcess:
        """Return the process, with every node and flow knowing its neighbours."""
        elements: dict[str, FlowNode] = {}
        for draft in self.nodes:
            scope = elements[draft.scope_id] if draft.scope_id is not None else None
            elements[draft.id] = FlowNode(
                id=draft.id,
                name=draft.name,
                type=draft.type,
                flow_scope=scope,
                details=draft.details,
                inputs=draft.inputs,
                outputs=draft.outputs,
                documentation=draft.documentation,
                asynchronous=draft.asynchronous,
                is_for_compensation=draft.is_for_compensation,
                listeners=draft.listeners,
            )

        def outside(element_id: str) -> FlowNode:
            """What flows and events refer to: of a multi-instance activity its body."""
            return elements.get(element_id + BODY_SUFFIX) or elements[element_id]

        flows = {
            flow.id: SequenceFlow(
                flow.id, flow.name, outside(flow.source_id), outside(flow.target_id), flow.condition, flow.listeners
            )
            for flow in self.flows
        }
        self._connect(elements, flows, outside)
        root = elements[self.nodes[0].id]
        return ExecutableProcess(
            self.id,
            self.name,
            self.semantics,
            root,
            elements,
            flows,
            self.version_tag,
            self.history_time_to_live_days,
            self.startable,
            frozenset(type(node.event) for node in elements.values() if node.event is not None),
            self.data_paths,
            {
                node.id: bool(getattr(node.details, "resets_variables", False))
                for node in elements.values()
                if node.body is None and getattr(node.details, "allows_back", False)
            },
        )

    def _connect(
        self,
        elements: Mapping[str, FlowNode],
        flows: Mapping[str, SequenceFlow],
        outside: Callable[[str], FlowNode],
    ) -> None:
        incoming: dict[str, list[SequenceFlow]] = {}
        outgoing: dict[str, list[SequenceFlow]] = {}
        children: dict[str, list[FlowNode]] = {}
        for flow in flows.values():
            outgoing.setdefault(flow.source.id, []).append(flow)
            incoming.setdefault(flow.target.id, []).append(flow)
        for node in elements.values():
            if node.flow_scope is not None:
                children.setdefault(node.flow_scope.id, []).append(node)
        for draft in self.nodes:
            node = elements[draft.id]
            self._set(node, "incoming", incoming.get(node.id, ()))
            self._set(node, "outgoing", outgoing.get(node.id, ()))
            self._set(node, "children", children.get(node.id, ()))
            if draft.compensation_handler_id is not None:
                object.__setattr__(outside(draft.id), "compensation_handler", outside(draft.compensation_handler_id))
            if draft.attached_to_id is not None:
                host = outside(draft.attached_to_id)
                object.__setattr__(node, "attached_to", host)
                self._set(host, "boundary_events", (*host.boundary_events, node))
            if draft.default_flow_id is not None:
                object.__setattr__(node, "default_flow", flows[draft.default_flow_id])

        for node in elements.values():
            event_sub_processes = [each for each in node.children if each.type is ElementType.EVENT_SUB_PROCESS]
            self._set(node, "event_sub_processes", event_sub_processes)
            self._set(node, "inclusive_joins", [each for each in node.children if _is_inclusive_join(each)])
            object.__setattr__(node, "has_events", bool(event_sub_processes or node.boundary_events))

    @staticmethod
    def _set(node: FlowNode, name: str, values: Sequence[object]) -> None:
        """Frozen dataclasses that point at each other can only be tied together here."""
        object.__setattr__(node, name, tuple(values))


def _is_inclusive_join(node: FlowNode) -> bool:
    return node.type is ElementType.INCLUSIVE_GATEWAY and len(node.incoming) > 1
