"""What was completed and can be undone moves too: by the compensation boundary event that ties an activity to its handler.

An ended element instance keeps its old id in history, unless it can still be undone: then the engine has to know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from workflow.engine.engine import Engine
from workflow.engine.state import CREATED, ElementInstance, SubscriptionRow
from workflow.graph import ElementType, ExecutableProcess, FlowNode
from workflow.migration.elements import is_compensation_boundary

UNDOABLE = "COMPENSATION"


@dataclass(slots=True)
class Undoable:
    """One compensation subscription, where it goes, and those of the completed scope that it stands for."""

    row: SubscriptionRow
    undone: ElementInstance
    trigger: FlowNode | None
    """The boundary or start event that a mapping has to name; none for a scope without handler of its own."""
    inner: list[Undoable] = field(default_factory=list)
    goal: FlowNode | None = None
    """The event of the target that `trigger` is mapped to."""
    handler: FlowNode | None = None
    element: FlowNode | None = None
    """What was undone becomes this element."""
    home: FlowNode | None = None
    """The scope of the target that holds the subscription."""
    left_body: SubscriptionRow | None = None
    """What stands for the multi-instance body around it, which the target does not have."""

    def all(self) -> Iterator[Undoable]:
        """This one and those inside."""
        yield self
        for each in self.inner:
            yield from each.all()

    @property
    def is_unmapped(self) -> bool:
        """Whether nothing in the target could undo it."""
        return self.element is None


class Compensations:
    """The compensation subscriptions of one process instance, read with the source process."""

    def __init__(self, engine: Engine, targets: dict[str, str], target: ExecutableProcess) -> None:
        self._engine = engine
        self._state = engine.state
        self._process = engine.state.process
        self._targets = targets
        self._target = target

    def held_by(self, holder: ElementInstance) -> list[Undoable]:
        """What can be undone in an open scope."""
        return [each for row in self._rows(holder) for each in self._without_body(self._read(row))]

    def _rows(self, holder: ElementInstance) -> list[SubscriptionRow]:
        rows = self._state.attached.get(holder.key, ())
        return [r for r in rows if isinstance(r, SubscriptionRow) and r.kind == UNDOABLE and r.state == CREATED]

    def _read(self, row: SubscriptionRow) -> Undoable:
        undone = self._state.elements[row.compensated_key or 0]
        handler = self._process.elements[row.element_id]
        found = Undoable(row, undone, self._trigger(undone.element, handler))
        if undone.element.is_scope:
            found.inner = [self._read(each) for each in self._rows(undone)]
        self._place(found)
        return found

    def _without_body(self, found: Undoable) -> list[Undoable]:
        """The iterations themselves where the target does it without multi-instance."""
        is_body = found.undone.element.type is ElementType.MULTI_INSTANCE_BODY
        single = [each for each in found.inner if each.element is not None and each.element.body is None]
        if not (is_body and single and found.trigger is None):
            return [found]
        for each in single:
            each.left_body = found.row
        return single

    def _trigger(self, undone: FlowNode, handler: FlowNode) -> FlowNode | None:
        if handler is undone:
            return None
        if handler in undone.event_sub_processes:
            return handler.start_events[0]
        host = undone.body or undone
        return next((each for each in host.boundary_events if is_compensation_boundary(each)), None)

    def _place(self, found: Undoable) -> None:
        """Find the element and the handler in the target."""
        if found.trigger is None:
            found.home = next((each.home for each in found.inner if each.home is not None), None)
            found.element = found.handler = found.home
            found.home = found.home.flow_scope if found.home is not None else None
            return
        goal = self._target.elements.get(self._targets.get(found.trigger.id, ""))
        if goal is None or type(goal.event) is not type(found.trigger.event):
            return
        found.goal, host = goal, goal.attached_to
        if host is not None:
            found.handler, found.home = host.compensation_handler, host.flow_scope
            found.element = host
            if found.undone.element.body is not None and host.type is ElementType.MULTI_INSTANCE_BODY:
                found.element, found.home = host.children[0], host
        elif goal.flow_scope is not None and goal.flow_scope.flow_scope is not None:
            found.handler, found.element = goal.flow_scope, goal.flow_scope.flow_scope
            found.home = found.element.flow_scope

    def move(self, found: Undoable) -> None:
        """Let a subscription undo by the target's handler; those inside that are not mapped are closed."""
        if found.element is None or found.handler is None:
            for each in found.all():
                self._engine.close_row(each.row)
            return
        if found.left_body is not None:
            self._engine.close_row(found.left_body)
        found.row.element_id = found.handler.id
        found.row.is_changed = True
        self._become(found.undone, found.element)
        for each in found.inner:
            self.move(each)

    def _become(self, undone: ElementInstance, element: FlowNode) -> None:
        if undone.element is not element:
            self._engine.migrated.append((undone, undone.element))
            undone.element = element
            undone.is_changed = True


def misplaced(found: Undoable, home: FlowNode) -> Iterator[tuple[FlowNode, FlowNode]]:
    """Flow scopes of source and target that do not correspond: the target holds a subscription in another scope "
    "than `home`."""
    if found.is_unmapped or found.undone.scope is None:
        return
    if found.home is not home:
        yield found.undone.scope.element, found.home or home
        return
    if found.element is not None:
        for inner in found.inner:
            yield from misplaced(inner, found.element)


def on_other_levels(found: Undoable) -> Iterator[tuple[FlowNode, FlowNode]]:
    """Flow scopes of mapped events that lie deeper in one process than in the other."""
    for each in found.all():
        if each.trigger is not None and each.goal is not None and _depth(each.trigger) != _depth(each.goal):
            yield _scope(each.trigger), _scope(each.goal)


def _depth(node: FlowNode) -> int:
    return len(list(node.flow_scopes()))


def _scope(node: FlowNode) -> FlowNode:
    if node.flow_scope is None:
        raise RuntimeError(f"'{node.id}', which triggers compensation, is outside of any scope")
    return node.flow_scope
