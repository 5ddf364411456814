"""Variables of a scope that runs, set by the command that moves tokens: both happen, or neither (C7 and C8 alike)."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine.state import ElementInstance
from workflow.engine.values import Variables
from workflow.modification.base import Instruction, Modification


@dataclass(frozen=True, slots=True)
class SetScopeVariables(Instruction):
    """Set variables of exactly one running scope, the process instance or an element instance in it (A17).

    Neither Camunda API has this instruction; there it takes a call of its own, which stays if the modification is refused.
    """

    scope_key: int
    variables: Variables

    def apply(self, modification: Modification) -> None:
        modification.engine.variables.set_all_local(self._scope(modification), self.variables)
        modification.run()

    def _scope(self, modification: Modification) -> ElementInstance:
        root = modification.state.root
        return root if self.scope_key == root.key else modification.open_instance(self.scope_key, what="scope")

    def describe(self) -> str:
        names = ", ".join(f"'{name}'" for name in sorted(self.variables))
        return f"Set {names} in scope '{self.scope_key}'"
