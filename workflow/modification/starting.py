"""Camunda 7's instructions that start something: before an element, after it, or on a sequence flow.

They run one after the other, each up to its next wait states, so their order can change the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine.commands import Arrive
from workflow.engine.errors import Rejected
from workflow.engine.events import is_interrupting
from workflow.engine.state import ElementInstance
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import CatchDetails, CompensationEvent, ElementType, FlowNode, SequenceFlow
from workflow.modification.base import Instruction, Modification


@dataclass(frozen=True, slots=True)
class Start(Instruction):
    """What the three share: the scope to start in, and variables.

    `variables` go to where they exist, seen from the scope, else to the process instance (E19). `local_variables` go to
    the topmost scope that has to be opened, else to the element instance that the token makes first (E20).
    """

    def _open(
        self,
        modification: Modification,
        element: FlowNode,
        ancestor_key: int | None,
        variables: Variables,
        local_variables: Variables,
    ) -> tuple[ElementInstance, Variables]:
        scope, missing = modification.scope_for(element, ancestor_key)
        if missing:
            scope = modification.open_scopes(scope, missing, [(missing[0].id, local_variables)])[-1]
            local_variables = NO_VARIABLES
        modification.engine.variables.set_all(scope, variables)
        return scope, local_variables

    def _send(self, modification: Modification, flow: SequenceFlow, start: StartAfter | StartTransition) -> None:
        scope, local = self._open(modification, flow.source, start.ancestor_key, start.variables, start.local_variables)
        modification.count_token(scope)
        count = modification.state.flow_count(scope, flow)
        count.taken += 1
        count.is_changed = True
        modification.run(Arrive(flow, scope, local))


@dataclass(frozen=True, slots=True)
class StartBefore(Start):
    """Start a token right before an element, in the nearest running instance of its flow scope (E12)."""

    element_id: str
    ancestor_key: int | None = None
    variables: Variables = NO_VARIABLES
    local_variables: Variables = NO_VARIABLES

    def apply(self, modification: Modification) -> None:
        element = _startable(modification, modification.node(self.element_id), self.ancestor_key)
        scope, local = self._open(modification, element, self.ancestor_key, self.variables, self.local_variables)
        self._interrupt(modification, element, scope)
        modification.run(modification.activation(element, scope, local))

    def _interrupt(self, modification: Modification, element: FlowNode, scope: ElementInstance) -> None:
        """What an interrupting event would end if it occurred, ends here too (E30)."""
        if element.type is ElementType.BOUNDARY_EVENT and is_interrupting(element):
            hosts = modification.state.open_instances(element.attached_to, scope) if element.attached_to else []
            if len(hosts) > 1:
                raise Rejected(
                    f"Expected one instance of '{hosts[0].element.id}' for boundary event '{element.id}' to interrupt, but "
                    f"{len(hosts)} are active: ambiguous. Cancel the right one, and start after the boundary event."
                )
            for host in hosts:
                modification.engine.interrupt(host)
                scope.active_children -= 1
        if element.type is ElementType.EVENT_SUB_PROCESS and is_interrupting(element.start_events[0]):
            modification.engine.events.interrupt_scope(scope)

    def describe(self) -> str:
        return f"Start before activity '{self.element_id}'"


def _catches_compensation(element: FlowNode) -> bool:
    return isinstance(element.details, CatchDetails) and isinstance(element.details.event, CompensationEvent)


def _startable(modification: Modification, element: FlowNode, ancestor_key: int | None) -> FlowNode:
    """What is started in place of an element: the start event of an event sub-process starts that one (E30).

    One that does not interrupt and runs already gets one token more.
    """
    if element.type is ElementType.BOUNDARY_EVENT and _catches_compensation(element):
        raise Rejected(
            f"Expected an element that a token can be at, but '{element.id}' is a compensation boundary event: it only ties "
            "a handler to its activity. Start the handler."
        )
    scope = element.flow_scope
    if element.type is not ElementType.START_EVENT or scope is None or scope.type is not ElementType.EVENT_SUB_PROCESS:
        return element
    running, _ = modification.scope_for(element, ancestor_key)
    return element if running.element is scope and not is_interrupting(element) else scope


@dataclass(frozen=True, slots=True)
class StartAfter(Start):
    """Start a token on the single sequence flow that leaves an element (E13)."""

    element_id: str
    ancestor_key: int | None = None
    variables: Variables = NO_VARIABLES
    local_variables: Variables = NO_VARIABLES

    def apply(self, modification: Modification) -> None:
        element = modification.node(self.element_id)
        if not element.outgoing:
            raise Rejected(
                f"Expected one sequence flow to leave '{element.id}', but the activity has no outgoing sequence flow to take. "
                "Start before an element instead."
            )
        if len(element.outgoing) > 1:
            flows = ", ".join(f"'{flow.id}'" for flow in element.outgoing)
            raise Rejected(
                f"Expected one sequence flow to leave '{element.id}', but the activity has more than one outgoing sequence flow, "
                f"so it is ambiguous where to go on. Start one of its transitions: {flows}."
            )
        self._send(modification, element.outgoing[0], self)

    def describe(self) -> str:
        return f"Start after activity '{self.element_id}'"


@dataclass(frozen=True, slots=True)
class StartTransition(Start):
    """Start a token on a sequence flow (E14)."""

    flow_id: str
    ancestor_key: int | None = None
    variables: Variables = NO_VARIABLES
    local_variables: Variables = NO_VARIABLES

    def apply(self, modification: Modification) -> None:
        self._send(modification, modification.flow(self.flow_id), self)

    def describe(self) -> str:
        return f"Start transition '{self.flow_id}'"
