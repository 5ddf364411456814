"""Zeebe's instructions: activate, terminate, move. Activations keep their scopes alive whatever is terminated (D24)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from workflow.engine.commands import Activate
from workflow.engine.errors import Rejected
from workflow.engine.state import ElementInstance
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import ElementType, FlowNode
from workflow.modification.base import Instruction, Modification, merged

NOT_ACTIVATABLE = frozenset(
    {
        ElementType.START_EVENT,
        ElementType.BOUNDARY_EVENT,
        ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
    }
)


def _node(modification: Modification, element_id: str) -> FlowNode:
    """The element with this id; of a multi-instance activity its body."""
    element = modification.node(element_id)
    return element.body or element


@dataclass(frozen=True, slots=True)
class ScopedVariables:
    """Variables of an activation: local to the activated element or one of its flow scopes, else global (D16, D17)."""

    values: Variables = NO_VARIABLES
    scope_id: str | None = None


class AncestorKind(Enum):
    """How the scope to move into is chosen."""

    DIRECT = "direct"
    INFERRED = "inferred"
    SOURCE_PARENT = "sourceParent"


@dataclass(frozen=True, slots=True)
class AncestorChoice:
    """The scope to move into: one that is named, the nearest that also encloses the target, or the source's own."""

    kind: AncestorKind = AncestorKind.DIRECT
    key: int | None = None

    @classmethod
    def direct(cls, key: int | None = None) -> AncestorChoice:
        return cls(AncestorKind.DIRECT, key)

    @classmethod
    def inferred(cls) -> AncestorChoice:
        return cls(AncestorKind.INFERRED)

    @classmethod
    def source_parent(cls) -> AncestorChoice:
        return cls(AncestorKind.SOURCE_PARENT)

    def key_for(self, source: ElementInstance, target: FlowNode) -> int | None:
        """The ancestor key of one move; `None` means the only running instance of the target's scope."""
        match self.kind:
            case AncestorKind.DIRECT:
                return self.key
            case AncestorKind.SOURCE_PARENT:
                return source.scope.key if source.scope is not None else None
            case AncestorKind.INFERRED:
                around = (scope for scope in source.scopes() if scope is not source and scope.scope is not None)
                return next((scope.key for scope in around if scope.element.encloses(target)), None)


def why_not_activated(element: FlowNode) -> str:
    """Why no instruction activates this element (D26); empty if one can."""
    if element.type in NOT_ACTIVATABLE:
        return (
            f"Expected an element that can be activated, but '{element.id}' is of the unsupported type {element.type}: the "
            f"activation of elements with type '{element.type}' is not supported."
        )
    if any(flow.source.type is ElementType.EVENT_BASED_GATEWAY for flow in element.incoming):
        return (
            f"Expected an element that can be activated, but '{element.id}' belongs to an event-based gateway: the activation "
            "of events behind an event-based gateway is not supported. Activate the gateway."
        )
    return ""


def opens_multi_instance(scopes: Iterable[FlowNode]) -> bool:
    """Whether opening these scopes would begin a multi-instance, which no activation inside one does."""
    return any(each.type is ElementType.MULTI_INSTANCE_BODY or each.body is not None for each in scopes)


def activate(
    modification: Modification, element: FlowNode, ancestor_key: int | None, variables: Sequence[ScopedVariables]
) -> None:
    """Prepare an activation: variables first, then the scopes that are missing, then the element itself (D15)."""
    why_not = why_not_activated(element)
    if why_not:
        raise Rejected(why_not)
    scope, missing = modification.scope_for(element, ancestor_key)
    if opens_multi_instance(missing):
        raise Rejected(
            f"Expected to activate '{element.id}' in scopes that are active, but that would open a multi-instance: the "
            "activation of elements inside a multi-instance subprocess is not supported. Name a running iteration as ancestor."
        )
    local = _check_scopes(modification, element, variables)
    for part in variables:
        if part.scope_id in (None, modification.state.process.id):
            modification.set_global_variables(part.values)
    _set_in_running_scopes(modification, scope, local)
    opened = modification.open_scopes(scope, missing, local)
    scope = opened[-1] if opened else scope
    modification.count_token(scope)
    own = merged(values for scope_id, values in local if scope_id == element.id)
    modification.activate_later(element, scope, Activate(element, scope, own))


def _check_scopes(
    modification: Modification, element: FlowNode, variables: Sequence[ScopedVariables]
) -> list[tuple[str, Variables]]:
    allowed = {element.id, *(scope.id for scope in element.flow_scopes())}
    local = []
    for part in variables:
        if part.scope_id is None or part.scope_id == modification.state.process.id:
            continue
        if part.scope_id not in modification.state.process.elements:
            raise Rejected(f"The variable scope '{part.scope_id}' could not be found: the process has no such element.")
        if part.scope_id not in allowed:
            raise Rejected(
                f"Expected the variable scope '{part.scope_id}' to be '{element.id}' or one of its flow scopes, but it is not "
                "a flow scope of the activating element."
            )
        local.append((part.scope_id, part.values))
    return local


def _set_in_running_scopes(
    modification: Modification, scope: ElementInstance, local: Sequence[tuple[str, Variables]]
) -> None:
    for running in scope.scopes():
        for scope_id, values in local:
            if running.element.id == scope_id:
                modification.engine.variables.set_all_local(running, values)


@dataclass(frozen=True, slots=True)
class ActivateElement(Instruction):
    """Activate an element as if its incoming flow had been taken (D5)."""

    element_id: str
    ancestor_key: int | None = None
    variables: tuple[ScopedVariables, ...] = ()

    def apply(self, modification: Modification) -> None:
        activate(modification, _node(modification, self.element_id), self.ancestor_key, self.variables)

    def describe(self) -> str:
        return f"Activate element '{self.element_id}'"


@dataclass(frozen=True, slots=True)
class TerminateElementInstance(Instruction):
    """Terminate one element instance and what is in it; scopes that become empty go too (D18, D20)."""

    key: int

    def apply(self, modification: Modification) -> None:
        modification.terminate_later(modification.open_instance(self.key))

    def describe(self) -> str:
        return f"Terminate element instance '{self.key}'"


@dataclass(frozen=True, slots=True)
class TerminateAll(Instruction):
    """Terminate all active instances of an element."""

    element_id: str

    def apply(self, modification: Modification) -> None:
        element = _node(modification, self.element_id)
        instances = modification.open_instances(element)
        if not instances:
            raise Rejected(f"Expected active instances of element '{element.id}', but there are none.")
        for instance in instances:
            modification.terminate_later(instance)

    def describe(self) -> str:
        return f"Terminate all instances of element '{self.element_id}'"


def _left_multi_instance(source: ElementInstance, target: FlowNode) -> ElementInstance | None:
    """The outermost multi-instance body that a move leaves: all that leaves one body makes one target together."""
    bodies = (scope for scope in source.scopes() if scope.element.type is ElementType.MULTI_INSTANCE_BODY)
    left = [body for body in bodies if not body.element.encloses(target)]
    return left[-1] if left else None


@dataclass(frozen=True, slots=True)
class MoveElements(Instruction):
    """Terminate instances of a source, each of them activating the target once (D2)."""

    target_element_id: str
    source_element_id: str | None = None
    source_key: int | None = None
    ancestor: AncestorChoice = AncestorChoice()
    variables: tuple[ScopedVariables, ...] = ()

    def apply(self, modification: Modification) -> None:
        target = _node(modification, self.target_element_id)
        moved: set[ElementInstance] = set()
        for source in self._sources(modification):
            ancestor_key = self.ancestor.key_for(source, target)
            origin = _left_multi_instance(source, target) or source
            if origin not in moved:
                moved.add(origin)
                activate(modification, target, ancestor_key, self.variables)
            modification.terminate_later(source)

    def _sources(self, modification: Modification) -> list[ElementInstance]:
        if self.source_key is not None:
            return [modification.open_instance(self.source_key, what="source element instance")]
        element = _node(modification, self.source_element_id or "")
        modification.move_all_once(element)
        sources = modification.open_instances(element)
        if not sources:
            raise Rejected(f"Expected active instances of element '{element.id}' to move, but there are none.")
        return sources

    def describe(self) -> str:
        source = f"instance '{self.source_key}'" if self.source_key is not None else f"'{self.source_element_id}'"
        return f"Move {source} to '{self.target_element_id}'"
