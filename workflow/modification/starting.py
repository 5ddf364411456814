"""Camunda 7's instructions that start something: before an element, after it, or on a sequence flow.

They run one after the other, each up to its next wait states, so their order can change the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine.commands import Activate, Arrive
from workflow.engine.errors import Rejected
from workflow.engine.state import ElementInstance
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import FlowNode, SequenceFlow
from workflow.modification.base import Instruction, Modification


@dataclass(frozen=True, slots=True)
class Start(Instruction):
    """What the three share: the scope to start in, and variables.

    `variables` go to the process instance. `local_variables` go to the topmost scope that has to be opened, else to
    the element instance that the token makes first (E20).
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
        modification.set_global_variables(variables)
        if not missing:
            return scope, local_variables
        opened = modification.open_scopes(scope, missing, [(missing[0].id, local_variables)])
        return opened[-1], NO_VARIABLES

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
        element = modification.node(self.element_id)
        scope, local = self._open(modification, element, self.ancestor_key, self.variables, self.local_variables)
        modification.count_token(scope)
        modification.run(Activate(element, scope, local))

    def describe(self) -> str:
        return f"Start before activity '{self.element_id}'"


@dataclass(frozen=True, slots=True)
class StartAfter(Start):
    """Start a token on the single sequence flow that leaves an element (E13)."""

    element_id: str
    ancestor_key: int | None = None
    variables: Variables = NO_VARIABLES
    local_variables: Variables = NO_VARIABLES

    def apply(self, modification: Modification) -> None:
        element = modification.node(self.element_id)
        if len(element.outgoing) != 1:
            flows = ", ".join(f"'{flow.id}'" for flow in element.outgoing) or "none"
            raise Rejected(
                f"Expected exactly one sequence flow to leave activity '{element.id}', but there are "
                f"{len(element.outgoing)}, so it is ambiguous where to go on. Start one of its transitions: {flows}."
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
