"""The commands on the agenda. Behaviours issue them, and children tell their scope by them; nothing recurses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workflow.engine.state import ACTIVE, ElementInstance
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import FlowNode, SequenceFlow

if TYPE_CHECKING:
    from workflow.engine.engine import Engine


class Command(Protocol):
    """One step of the engine."""

    def perform(self, engine: Engine) -> None: ...


@dataclass(slots=True, eq=False)
class Arrive:
    """A token has been counted in `scope` and stands at the end of `flow`."""

    flow: SequenceFlow
    scope: ElementInstance
    local_variables: Variables = NO_VARIABLES

    def perform(self, engine: Engine) -> None:
        if self.scope.is_open:
            engine.given = self.local_variables
            engine.arrive(self.flow, self.scope)


@dataclass(slots=True, eq=False)
class Activate:
    """A token has been counted in `scope` and enters `element` without a flow."""

    element: FlowNode
    scope: ElementInstance
    local_variables: Variables = NO_VARIABLES
    loop_counter: int | None = None
    """Of an iteration: its number."""

    def perform(self, engine: Engine) -> None:
        if self.scope.is_open:
            engine.given = self.local_variables
            engine.activate(self.element, self.scope, self.loop_counter)


@dataclass(slots=True, eq=False)
class Enter:
    """An element instance that exists tries (again) to become active."""

    instance: ElementInstance

    def perform(self, engine: Engine) -> None:
        if self.instance.is_open:
            engine.enter(self.instance)


@dataclass(slots=True, eq=False)
class Complete:
    """An element instance is done, or tries (again) to be; not a scope in which something has begun meanwhile."""

    instance: ElementInstance

    def perform(self, engine: Engine) -> None:
        if self.instance.is_open and self.instance.active_children:
            engine.set_state(self.instance, ACTIVE)
        elif self.instance.is_open:
            engine.complete(self.instance)


@dataclass(slots=True, eq=False)
class Leave:
    """An element instance that is done goes on after its asynchronous continuation."""

    instance: ElementInstance
    flow_id: str | None = None
    """The flow that was chosen before, where there are several."""

    def perform(self, engine: Engine) -> None:
        if self.instance.is_open:
            engine.leave(self.instance, self.flow_id)


@dataclass(slots=True, eq=False)
class Begin:
    """An asynchronous continuation before an element instance has come."""

    instance: ElementInstance

    def perform(self, engine: Engine) -> None:
        if self.instance.is_open:
            engine.begin(self.instance)


@dataclass(slots=True, eq=False)
class Occur:
    """An event that `holder` waits for has happened."""

    holder: ElementInstance
    event: FlowNode
    variables: Variables = NO_VARIABLES

    def perform(self, engine: Engine) -> None:
        if self.holder.is_open:
            engine.events.occur(self.holder, self.event, self.variables)


@dataclass(slots=True, eq=False)
class Return:
    """The process that a call activity has called is done."""

    instance: ElementInstance
    results: Variables

    def perform(self, engine: Engine) -> None:
        if self.instance.is_open:
            engine.returned(self.instance, self.results)


@dataclass(slots=True, eq=False)
class CheckJoins:
    """A token in `scope` has moved, which may be what an inclusive gateway waits for."""

    scope: ElementInstance

    def perform(self, engine: Engine) -> None:
        if self.scope.is_open:
            engine.check_joins(self.scope)


@dataclass(slots=True, eq=False)
class Terminate:
    """An element instance ends without being done."""

    instance: ElementInstance

    def perform(self, engine: Engine) -> None:
        if self.instance.is_open:
            engine.terminate(self.instance)


@dataclass(slots=True, eq=False)
class ChildrenEnded:
    """The last token of a scope has ended in it."""

    scope: ElementInstance

    def perform(self, engine: Engine) -> None:
        if self.scope.state == ACTIVE and self.scope.active_children == 0:
            engine.children_ended(self.scope)
