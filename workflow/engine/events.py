"""Events of one process instance: who waits for what, and what happens when it occurs or is thrown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from workflow.engine.commands import Complete, Occur
from workflow.engine.errors import Conflict, ElementFailure
from workflow.engine.evaluation import EXTRACT_VALUE_ERROR
from workflow.engine.state import ACTIVE, CREATED, ElementInstance, JobRow, SubscriptionRow
from workflow.engine.timers import Due, first_due
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.engine.variables import VariableEvent
from workflow.expressions import Expression
from workflow.graph import (
    CatchDetails,
    ConditionalEvent,
    ElementType,
    ErrorEvent,
    EscalationEvent,
    FlowNode,
    MessageEvent,
    Semantics,
    SignalEvent,
    TimerEvent,
)

if TYPE_CHECKING:
    from workflow.engine.engine import Engine

CONDITION_ERROR = "CONDITION_ERROR"
DEFAULT_RETRIES = 3

Catcher = tuple["Engine", ElementInstance, FlowNode]
"""Who catches something: in which process instance, who holds the event, and the event."""


class ThrownSignal(NamedTuple):
    """A signal for everybody in the workspace who waits for it already."""

    name: str
    variables: Variables
    key: int
    """Greater than the keys of all who have begun to wait before it was thrown."""
    business_key: str | None = None
    """Of process instances that it starts."""
    is_delivered_later: bool = False
    """By a job for each who waits; at once to those who cannot have one."""


class Events:
    """Subscribes, lets events occur, and finds who catches errors and escalations."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._state = engine.state
        self._is_zeebe = engine.rules.semantics is Semantics.ZEEBE
        self._considered: dict[int, int] = {}
        """How many of the changes that wait to be looked at a conditional event has answered already, by its subscription."""

    # ---- waiting

    def subscribe(self, instance: ElementInstance) -> None:
        """Wait for the boundary events of an element instance and for the event sub-processes inside it."""
        for boundary in instance.element.boundary_events:
            self.wait_for(instance, boundary)
        for event_sub_process in instance.element.event_sub_processes:
            self.wait_for(instance, event_sub_process.start_events[0])

    def wait_for(self, holder: ElementInstance, node: FlowNode) -> None:
        """Let `holder` wait for the event of `node`; errors, escalations and the like need no waiting."""
        scope = self._seen_by(holder, node)
        match node.event:
            case MessageEvent(name=name, correlation_key=key):
                self._wait_for_message(holder, node, scope, name, key)
            case SignalEvent(name=name):
                self._attach_subscription(holder, node, "SIGNAL", self._text(name, scope, node))
            case TimerEvent():
                due = self.due(holder, node, self._engine.now)
                self._engine.attach_job(holder, "TIMER", node, due_at=due.at, repeat=due.repeat)
            case ConditionalEvent():
                self._attach_subscription(holder, node, "CONDITIONAL", "")
            case _:
                pass

    def _seen_by(self, holder: ElementInstance, node: FlowNode) -> ElementInstance:
        """The scope whose variables an event sees."""
        # Zeebe evaluates what a boundary event waits for outside its activity: input mappings are not seen.
        around = holder.scope if self._is_zeebe and node.type is ElementType.BOUNDARY_EVENT else None
        return around or holder

    def _wait_for_message(
        self, holder: ElementInstance, node: FlowNode, scope: ElementInstance, name: Expression, key: Expression | None
    ) -> None:
        text = self._text(name, scope, node)
        correlation_key = self._engine.expressions.text(key, scope, node, is_key=True) if key is not None else None
        self._attach_subscription(holder, node, "MESSAGE", text, correlation_key)

    def _attach_subscription(
        self, holder: ElementInstance, node: FlowNode, kind: str, name: str, correlation_key: str | None = None
    ) -> None:
        engine = self._engine
        engine.attach(
            SubscriptionRow(
                engine.next_key(),
                holder.key,
                node.id,
                kind,
                name,
                CREATED,
                engine.now,
                correlation_key=correlation_key,
                is_new=True,
            )
        )

    def due(self, holder: ElementInstance, node: FlowNode, now: datetime) -> Due:
        """When the timer of `node` is due for `holder`, counted from `now`; raises ElementFailure if nobody can tell."""
        event, engine = node.event, self._engine
        if not isinstance(event, TimerEvent):
            raise ElementFailure(EXTRACT_VALUE_ERROR, f"Expected '{node.id}' to wait for a timer, but it does not.")
        value = engine.expressions.value(event.time, self._seen_by(holder, node), EXTRACT_VALUE_ERROR)
        try:
            return first_due(event.kind, value, now=now, semantics=engine.rules.semantics)
        except ValueError as error:
            raise ElementFailure(
                EXTRACT_VALUE_ERROR, f"Invalid timer '{event.time.source}' of '{node.id}': {error}"
            ) from None

    def _text(self, expression: Expression, scope: ElementInstance, node: FlowNode) -> str:
        return self._engine.expressions.text(expression, scope, node)

    # ---- occurring

    def occur(
        self, holder: ElementInstance, node: FlowNode, variables: Variables = NO_VARIABLES, *, local: bool = False
    ) -> None:
        """Let an event happen that `holder` waits for; `variables` come along and may stay with a boundary event."""
        if node is holder.element:
            self._engine.set_result(holder, variables)
            self._engine.issue(Complete(holder))
        elif holder.element.type is ElementType.EVENT_BASED_GATEWAY:
            self._engine.choose(holder, node, variables)
        elif node.type is ElementType.BOUNDARY_EVENT:
            self._occur_at_boundary(holder, node, variables, local)
        else:
            self._occur_in_event_sub_process(holder, node, variables)

    def _occur_at_boundary(
        self, holder: ElementInstance, boundary: FlowNode, variables: Variables, local: bool
    ) -> None:
        scope = holder.scope
        if scope is None:
            raise RuntimeError(f"'{holder.element.id}' has no scope around it")
        if is_interrupting(boundary):
            self._engine.interrupt(holder)
        else:
            self._engine.count_token(scope)
        self.pass_through(boundary, scope, variables, local=local)

    def _occur_in_event_sub_process(self, scope: ElementInstance, start: FlowNode, variables: Variables) -> None:
        event_sub_process = start.flow_scope
        if event_sub_process is None:
            raise RuntimeError(f"'{start.id}' is in no event sub-process")
        if is_interrupting(start):
            self.interrupt_scope(scope)
        self._engine.count_token(scope)
        opened = self._engine.create(event_sub_process, scope)
        if self._engine.open(opened):
            self._engine.count_token(opened)
            self.pass_through(start, opened, variables)

    def interrupt_scope(self, scope: ElementInstance) -> None:
        """Empty a scope whose event sub-process takes over; its other event sub-processes wait no longer."""
        engine = self._engine
        for child in self._state.open_children(scope):
            engine.terminate_content(child)
        engine.agenda.discard_tokens(scope)
        engine.release_held_tokens(scope)
        scope.is_changed = True
        inside = {node.start_events[0].id for node in scope.element.event_sub_processes}
        for row in self._state.attached.get(scope.key, ()):
            if isinstance(row, JobRow | SubscriptionRow) and row.element_id in inside:
                engine.close_row(row)

    def pass_through(
        self, node: FlowNode, scope: ElementInstance, variables: Variables = NO_VARIABLES, *, local: bool = False
    ) -> None:
        """Let an event that has happened pass its token on; the token is counted in `scope` already."""
        engine = self._engine
        instance = engine.create(node, scope)
        if local:
            engine.variables.set_all_local(instance, variables)
        else:
            engine.set_result(instance, variables)
        if node.asynchronous.before and node.type is not ElementType.INTERMEDIATE_CATCH_EVENT:
            instance.started_at = None
            engine.continue_later(instance, "ASYNC_BEFORE")
            return
        engine.set_state(instance, ACTIVE)
        engine.notify(instance, "start")
        engine.issue(Complete(instance))

    # ---- conditions

    def check_conditions(self) -> None:
        """Let the conditional events occur whose condition a changed variable has made true."""
        changes = self._engine.variables.take_events()
        considered, self._considered = self._considered, {}
        if not changes or not self._state.is_active:
            return
        self._state.need_everything()
        for row in list(self._state.subscriptions.values()):
            if row.kind == "CONDITIONAL" and row.state == CREATED:
                holder = self._state.elements.get(row.element_instance_key)
                if holder is not None and holder.is_open:
                    node = self._state.process.elements[row.element_id]
                    self._check_condition(holder, node, changes[considered.get(row.key, 0) :])

    def _check_condition(self, holder: ElementInstance, node: FlowNode, changes: Sequence[VariableEvent]) -> None:
        event = node.event
        if not isinstance(event, ConditionalEvent):
            return
        seen = {scope.key for scope in holder.scopes()}
        concerned = sum(change.scope_key in seen and _concerns(event, change) for change in changes)
        if not concerned or not self.holds(holder, event):
            return
        if self._state.suspended:
            raise Conflict(
                f"Expected process instance '{self._state.key}' to be active, for the condition of '{node.id}' has become true, "
                "but it is on hold. Resume it first."
            )
        once = is_interrupting(node) or self._is_zeebe
        for _ in range(1 if once else concerned):  # to Camunda 7 each variable that is set is an event of its own
            self._engine.issue(Occur(holder, node))

    def occur_at_once(self, instance: ElementInstance) -> bool:
        """Let conditional events occur that are true as the instance is entered; whether one has ended it."""
        for row in list(self._state.attached.get(instance.key, ())):
            if not (isinstance(row, SubscriptionRow) and row.kind == "CONDITIONAL" and row.state == CREATED):
                continue
            node = self._state.process.elements[row.element_id]
            event = node.event
            if node is not instance.element and isinstance(event, ConditionalEvent) and self.holds(instance, event):
                self._considered[row.key] = len(self._engine.variables.events)
                self._engine.set_state(instance, ACTIVE)  # an event sub-process runs in it
                self.occur(instance, node)
                if is_interrupting(node):
                    return True
        return False

    def holds(self, holder: ElementInstance, event: ConditionalEvent) -> bool:
        """Whether the condition of an event is true; over variables that do not exist yet it is not.

        In Zeebe nothing that is neither true nor false is: whoever sets a variable cannot be told of it.
        """
        try:
            return self._engine.expressions.holds(event.condition, holder, CONDITION_ERROR)
        except ElementFailure:
            visible = self._engine.expressions.visible(holder)
            if self._is_zeebe or not all(name in visible for name in event.condition.names):
                return False
            raise

    # ---- throwing

    def throw_error(
        self, source: ElementInstance, code: str, message: str, variables: Variables = NO_VARIABLES
    ) -> bool:
        """Let the nearest error event catch this; False if nobody does."""

        def catches(engine: Engine, holder: ElementInstance, node: FlowNode) -> int:
            event = node.event
            return _precision(engine, holder, event.code, code) if isinstance(event, ErrorEvent) else 0

        found = self._catcher(source, catches)
        if found is None:
            return False
        engine, holder, node = found
        event = node.event
        if isinstance(event, ErrorEvent):
            given = {event.code_variable: code, event.message_variable: message or None}
            variables = {**variables, **{name: value for name, value in given.items() if name is not None}}
        engine.events.occur(holder, node, variables, local=self._is_zeebe)
        return True

    def throw_escalation(
        self, source: ElementInstance, code: str, variables: Variables = NO_VARIABLES
    ) -> FlowNode | None:
        """Let the nearest escalation event catch this; returns it, or None if nobody does."""

        def catches(engine: Engine, holder: ElementInstance, node: FlowNode) -> int:
            event = node.event
            return _precision(engine, holder, event.code, code) if isinstance(event, EscalationEvent) else 0

        found = self._catcher(source, catches)
        if found is None:
            return None
        engine, holder, node = found
        event = node.event
        if isinstance(event, EscalationEvent) and event.code_variable:
            variables = {**variables, event.code_variable: code}
        engine.events.occur(holder, node, variables, local=self._is_zeebe)
        return node

    def _catcher(
        self, source: ElementInstance, catches: Callable[[Engine, ElementInstance, FlowNode], int]
    ) -> Catcher | None:
        """Walk outwards, through calling processes too: event sub-processes first, then boundary events."""
        engine, instance = self._engine, source
        while True:
            for holder, nodes in _places(instance, self._is_zeebe):
                found = max(nodes, key=lambda node: catches(engine, holder, node), default=None)
                if found is not None and catches(engine, holder, found):
                    return engine, holder, found
            if engine.state.parent_key is None or engine.neighbours is None:
                return None
            called = engine
            engine, instance = engine.neighbours.caller_of(engine)
            engine.thrown_out_of(called, instance)


def _places(source: ElementInstance, is_zeebe: bool) -> Iterator[tuple[ElementInstance, list[FlowNode]]]:
    """Where something thrown by `source` may be caught, nearest first.

    An event sub-process catches nothing that comes out of itself, and in Zeebe none does in a scope that one has
    interrupted.
    """
    came_from: ElementInstance | None = None
    for holder in source.scopes():
        is_deaf = is_zeebe and came_from is not None and _was_interrupted_by(came_from)
        if came_from is not None and holder.element.event_sub_processes and not is_deaf:
            starts = [each.start_events[0] for each in holder.element.event_sub_processes]
            yield holder, [start for start in starts if start.flow_scope is not came_from.element]
        yield holder, list(holder.element.boundary_events)
        came_from = holder


def _was_interrupted_by(child: ElementInstance) -> bool:
    return child.element.type is ElementType.EVENT_SUB_PROCESS and is_interrupting(child.element.start_events[0])


def _precision(engine: Engine, holder: ElementInstance, expected: Expression | None, code: str) -> int:
    """2 for an event of exactly this code, 1 for one that catches all, 0 for others."""
    if expected is None:
        return 1
    return 2 if engine.expressions.value(expected, holder, EXTRACT_VALUE_ERROR) == code else 0


def _concerns(event: ConditionalEvent, change: VariableEvent) -> bool:
    if event.variable_names and change.name not in event.variable_names:
        return False
    return not event.variable_events or change.kind in event.variable_events


def is_interrupting(node: FlowNode) -> bool:
    """Whether the event ends what it watches."""
    return not isinstance(node.details, CatchDetails) or node.details.interrupting


__all__ = ["Events", "is_interrupting"]
