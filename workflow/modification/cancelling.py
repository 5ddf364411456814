"""Camunda 7's instructions that cancel: one activity instance, one transition instance, or all of an activity."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine.commands import Terminate
from workflow.engine.errors import Rejected
from workflow.modification.base import Instruction, Modification


@dataclass(frozen=True, slots=True)
class CancelElementInstance(Instruction):
    """Cancel one activity instance and what is in it; scopes that become empty go too (E15, E28)."""

    key: int

    def apply(self, modification: Modification) -> None:
        if self.key == modification.state.key:
            for child in modification.state.open_children(modification.state.root):
                modification.run(Terminate(child))
            return
        instance = modification.open_instance(self.key, what="activity instance")
        if modification.is_transition(instance):
            raise Rejected(
                f"Expected an activity instance, but '{self.key}' is a transition instance of '{instance.element.id}'. Cancel it "
                "as such."
            )
        modification.run(Terminate(instance))

    def describe(self) -> str:
        return f"Cancel activity instance '{self.key}'"


@dataclass(frozen=True, slots=True)
class CancelTransitionInstance(Instruction):
    """Cancel a token that stands at an asynchronous continuation, about to enter or leave an activity (E16)."""

    key: int

    def apply(self, modification: Modification) -> None:
        instance = modification.state.elements.get(self.key)
        if instance is None or not instance.is_open or not modification.is_transition(instance):
            raise Rejected(
                f"Expected a transition instance of process instance '{modification.state.key}', but transition instance with "
                f"id '{self.key}' does not exist."
            )
        modification.run(Terminate(instance))

    def describe(self) -> str:
        return f"Cancel transition instance '{self.key}'"


@dataclass(frozen=True, slots=True)
class CancelAll(Instruction):
    """Cancel all instances of an activity (E17); with `only_current` those alone that were there before the command."""

    element_id: str
    only_current: bool = False

    def apply(self, modification: Modification) -> None:
        element = modification.node(self.element_id)
        for instance in modification.open_instances(element, only_current=self.only_current):
            modification.run(Terminate(instance))

    def describe(self) -> str:
        return f"Cancel all instances of activity '{self.element_id}'"
