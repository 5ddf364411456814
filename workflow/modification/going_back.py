"""Going back to a user task: the process instance stands again where it stood when the task began to wait.

What has moved since stays where the task has nothing to do with it: a parallel branch keeps its progress. What lies behind the task
is cancelled. Where a token of another branch was joined with one from behind the task, so that it went with it, it starts again
where it stood. So the marking is one that the process can have, whatever the model looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from workflow.engine.commands import Terminate
from workflow.engine.errors import Conflict, Rejected
from workflow.engine.state import ElementInstance
from workflow.engine.values import TypedValue
from workflow.graph import ElementType, FlowNode
from workflow.graph.reaching import behind
from workflow.modification.base import Instruction, Modification

JOINS = frozenset({ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY})
Values = Mapping[str, TypedValue]
Place = tuple[int, str]
"""A scope's key and the id of a flow in it."""


@dataclass(frozen=True, slots=True)
class PastInstance:
    """An element instance that was open then."""

    key: int
    element_id: str
    scope_key: int


@dataclass(frozen=True, slots=True)
class PastFlow:
    """Tokens that waited on a sequence flow for a join then."""

    scope_key: int
    flow_id: str
    waiting: int


@dataclass(frozen=True, slots=True)
class PastState:
    """A process instance as it was when a user task began to wait; `variables` by scope, None if they are not brought back."""

    key: int
    element_id: str
    element_instance_key: int
    elements: tuple[PastInstance, ...]
    flows: tuple[PastFlow, ...] = ()
    variables: Mapping[int, Values] | None = field(default=None, repr=False)
    unchanged: frozenset[tuple[int, str]] = frozenset()
    """Variables by scope and name that are now, to the digit, what they were."""


@dataclass(frozen=True, slots=True)
class GoBack(Instruction):
    """Return to a user task, and to the variables of then if the task wants it."""

    past: PastState

    def apply(self, modification: Modification) -> None:
        _Return(modification, self.past).apply()

    def describe(self) -> str:
        return f"Go back to '{self.past.element_id}'"


class _Return:
    """One return, in two steps: what has to be ended and started is found first, and nothing is changed before that."""

    def __init__(self, modification: Modification, past: PastState) -> None:
        self.modification = modification
        self.state = modification.state
        self.past = past
        self.then = {each.key: each for each in past.elements}
        self.target = modification.node(past.element_id)
        self.origin = self.then[past.element_instance_key]
        self.scopes: dict[int, ElementInstance] = {}
        self.known: dict[FlowNode, frozenset[FlowNode]] = {}

    def apply(self) -> None:
        self._check()
        new = self._new_since()
        lost = [each for each in new if self._came_from(each, self.origin)]
        lost = self._without_tokens_of_others(lost)
        kept = [each for each in new if each not in lost]
        dropped = self._flows_behind()
        starting = [each for each in self.past.elements if self._starts_again(each, lost, kept, dropped)]
        refilled = [each for each in self.past.flows if self._is_refilled(each, lost, kept, dropped)]
        self._bring_variables_back()
        self._drop(dropped)
        commands = []
        for each in starting:
            element = self.modification.node(each.element_id)
            commands.append(self.modification.activation(element, self._scope(each.scope_key), {}))
        for flow in refilled:
            self._refill(flow)
        self.modification.run(*commands)
        self._end(lost)

    def _end(self, lost: list[ElementInstance]) -> None:
        """Cancel what lies behind. It has never been: output mappings of Camunda 7 must not write what it has come to."""
        engine = self.modification.engine
        options, engine.options = engine.options, replace(engine.options, skip_io_mappings=True)
        self.modification.run(*(Terminate(each) for each in lost))
        engine.options = options

    def _check(self) -> None:
        instance = self.state.elements.get(self.past.element_instance_key)
        if instance is not None and instance.is_open:
            raise Conflict(
                f"Expected '{self.past.element_id}' to be left, but it is still active: nothing to go back to."
            )
        unknown = [each.element_id for each in self.past.elements if each.element_id not in self.state.process.elements]
        if unknown:
            raise Rejected(
                f"Expected the elements that were active then in process '{self.state.process.id}', but '{unknown[0]}' is not in "
                "it any more: the process instance was migrated since."
            )

    # -- what there is now

    def _new_since(self) -> list[ElementInstance]:
        """The outermost open element instances that were not there then."""
        return [
            each
            for each in self.state.elements.values()
            if each.is_open and each.scope is not None and each.key not in self.then and self._was_there(each.scope)
        ]

    def _was_there(self, scope: ElementInstance) -> bool:
        return scope.is_open and (scope.scope is None or scope.key in self.then)

    def _came_from(self, instance: ElementInstance, past: PastInstance) -> bool:
        """Whether a token that stood there then may have become this element instance: it leaves scopes at most."""
        key = None if instance.scope is None else instance.scope.key
        return key in self._around(past.scope_key) and self._is_behind(instance.element, self._node(past))

    def _node(self, past: PastInstance) -> FlowNode:
        return self.modification.node(past.element_id)

    def _around(self, scope_key: int) -> set[int]:
        """The keys of a scope of then and of those around it."""
        found = {scope_key, self.state.key}
        while scope_key in self.then:
            scope_key = self.then[scope_key].scope_key
            found.add(scope_key)
        return found

    def _is_behind(self, element: FlowNode, other: FlowNode) -> bool:
        if other not in self.known:
            self.known[other] = behind(other)
        return element in self.known[other]

    def _without_tokens_of_others(self, lost: list[ElementInstance]) -> list[ElementInstance]:
        """Of tokens that wait at a join nobody can tell whence they came. They are the other branches' if the task's own is
        elsewhere."""
        elsewhere = any(each.element.type not in JOINS for each in lost)
        return [
            each
            for each in lost
            if not (elsewhere and each.element.type in JOINS and self._others_come_to(each.element))
        ]

    def _others_come_to(self, join: FlowNode) -> bool:
        others = (
            each for each in self.past.elements if each is not self.origin and each.scope_key == self.origin.scope_key
        )
        return any(self._is_behind(join, self._node(other)) for other in others)

    # -- what there was then

    def _starts_again(
        self, past: PastInstance, lost: list[ElementInstance], kept: list[ElementInstance], dropped: Mapping[Place, int]
    ) -> bool:
        if past.key == self.past.element_instance_key:
            return True
        element = self.modification.node(past.element_id)
        if self._is_open(past.key) or not self._is_unit(past, element):
            return False
        return self._went_along(past, element, lost, kept, dropped)

    def _is_open(self, key: int) -> bool:
        instance = self.state.elements.get(key)
        return instance is not None and instance.is_open

    def _is_unit(self, past: PastInstance, element: FlowNode) -> bool:
        """Whether it starts as a whole: a leaf, or a multi-instance with all that is in it."""
        if element.is_scope and element.type is not ElementType.MULTI_INSTANCE_BODY:
            return False
        around = self.then.get(past.scope_key)
        while around is not None:
            node = self.modification.node(around.element_id)
            if node.type is ElementType.MULTI_INSTANCE_BODY and not node.encloses(self.target):
                return False
            around = self.then.get(around.scope_key)
        return True

    def _went_along(
        self,
        past: PastInstance,
        element: FlowNode,
        lost: list[ElementInstance],
        kept: list[ElementInstance],
        dropped: Mapping[Place, int],
    ) -> bool:
        """Whether a token that stood here is lost now, and nothing is left of it."""
        around = self._around(past.scope_key)
        waiting = [
            self.state.process.flows[count.flow_id].target
            for place, count in self.state.flows.items()
            if count.waiting > dropped.get(place, 0) and count.scope_key in around
        ]
        if any(self._came_from(each, past) for each in kept):
            return False
        if any(node is element or self._is_behind(node, element) for node in waiting):
            return False
        return any(self._came_from(each, past) or self._stands_at(each, past) for each in lost)

    def _stands_at(self, instance: ElementInstance, past: PastInstance) -> bool:
        scope = instance.scope
        return instance.element is self._node(past) and scope is not None and scope.key == past.scope_key

    # -- tokens on flows

    def _flows_behind(self) -> dict[Place, int]:
        """The tokens that wait on flows behind the task, but those that waited there then."""
        before = {(each.scope_key, each.flow_id): each.waiting for each in self.past.flows}
        found = {}
        for place, count in self.state.flows.items():
            source = self.state.process.flows[count.flow_id].source
            surplus = count.waiting - before.get(place, 0)
            is_behind = source is self.target or self._is_behind(source, self.target)
            is_behind = is_behind and count.scope_key in self._around(self.origin.scope_key)
            if surplus > 0 and is_behind and self._was_there(self.state.elements[count.scope_key]):
                found[place] = surplus
        return found

    def _drop(self, dropped: Mapping[Place, int]) -> None:
        for place, surplus in dropped.items():
            count = self.state.flows[place]
            count.waiting -= surplus
            count.is_changed = True
            scope = self.state.elements[count.scope_key]
            scope.active_children -= surplus
            scope.is_changed = True

    def _is_refilled(
        self, past: PastFlow, lost: list[ElementInstance], kept: list[ElementInstance], dropped: Mapping[Place, int]
    ) -> bool:
        now = self.state.flows.get((past.scope_key, past.flow_id))
        if now is not None and now.waiting >= past.waiting:
            return False
        join = self.state.process.flows[past.flow_id].target
        return self._went_along(PastInstance(0, join.id, past.scope_key), join, lost, kept, dropped)

    def _refill(self, past: PastFlow) -> None:
        scope = self._scope(past.scope_key)
        count = self.state.flow_count(scope, self.state.process.flows[past.flow_id])
        scope.active_children += past.waiting - count.waiting
        scope.is_changed = True
        count.waiting = past.waiting
        count.is_changed = True

    # -- scopes and variables

    def _scope(self, key: int) -> ElementInstance:
        """The scope that had this key, or the one that is opened in its place."""
        instance = self.state.elements.get(key)
        if instance is not None and instance.is_open:
            return instance
        if key not in self.scopes:
            past = self.then[key]
            element = self.modification.node(past.element_id)
            if element.type is ElementType.MULTI_INSTANCE_BODY or element.body is not None:
                raise Rejected(
                    f"Expected the iteration around '{self.past.element_id}' to be active, but '{element.id}' has ended: "
                    "it cannot be opened again."
                )
            variables = (self.past.variables or {}).get(key, {})
            [self.scopes[key]] = self.modification.open_scopes(
                self._scope(past.scope_key), [element], [(element.id, variables)]
            )
        return self.scopes[key]

    def _bring_variables_back(self) -> None:
        writer = self.modification.engine.variables
        for key, values in (self.past.variables or {}).items():
            scope = self.state.elements.get(key)
            if scope is None or not scope.is_open or scope.element.type is ElementType.MULTI_INSTANCE_BODY:
                continue
            for name in [name for name in scope.variables if name not in values]:
                writer.delete(scope, name)
            for name, value in values.items():
                if (key, name) not in self.past.unchanged:
                    writer.set_local(scope, name, value)


__all__ = ["GoBack", "PastFlow", "PastInstance", "PastState"]
