"""Compensation: what was completed and can be undone, and undoing it.

A completed activity with a handler leaves a subscription in its scope; for an iteration that is the body. A completed
scope with such subscriptions inside leaves one of its own in the scope around; undoing it opens the scope again, with its
variables, for the handlers inside. While handlers run, the throwing event holds a row for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workflow.engine.commands import Complete, Enter, Terminate
from workflow.engine.state import ACTIVE, CORRELATED, CREATED, DELETED, ElementInstance, SubscriptionRow
from workflow.graph import CompensationEvent, ElementType, FlowNode, Semantics

if TYPE_CHECKING:
    from workflow.engine.engine import Engine

UNDOABLE = "COMPENSATION"
UNDOING = "COMPENSATING"


class Compensation:
    """Keeps and uses the compensation subscriptions of one process instance."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._state = engine.state
        self._is_zeebe = engine.rules.semantics is Semantics.ZEEBE
        self._is_used = engine.state.process.has(CompensationEvent)

    # ---- what can be undone

    def completed(self, instance: ElementInstance) -> None:
        """An element instance is done: remember how to undo it, or that it has undone something."""
        if not self._is_used or instance.scope is None:
            return
        if self._finish_undoing(instance, done=True):
            return
        handler = self._handler_of(instance)
        if handler is not None:
            self._attach(instance.scope, UNDOABLE, handler, instance)
        if instance.element.is_scope and not (self._is_zeebe and _is_event_sub_process(instance)):
            self._remember_scope(instance)

    def _handler_of(self, instance: ElementInstance) -> FlowNode | None:
        """Camunda 7 undoes each iteration of a multi-instance activity, Zeebe the activity as a whole."""
        element = instance.element
        if self._is_zeebe:
            return element.compensation_handler
        if element.type is ElementType.MULTI_INSTANCE_BODY:
            return None
        return (element.body or element).compensation_handler

    def _remember_scope(self, instance: ElementInstance) -> None:
        own = next((each for each in instance.element.event_sub_processes if _compensates(each)), None)
        if instance.scope is not None and (own is not None or self._undoable_in(instance)):
            self._attach(instance.scope, UNDOABLE, own or instance.element, instance)

    def _attach(self, holder: ElementInstance, kind: str, element: FlowNode, instance: ElementInstance) -> None:
        engine = self._engine
        engine.attach(
            SubscriptionRow(
                engine.next_key(),
                holder.key,
                element.id,
                kind,
                "",
                CREATED,
                engine.now,
                compensated_key=instance.key,
                is_new=True,
            )
        )

    def _undoable_in(self, scope: ElementInstance) -> list[SubscriptionRow]:
        """Newest first."""
        rows = [row for row in self._state.attached.get(scope.key, ()) if isinstance(row, SubscriptionRow)]
        found = [row for row in rows if row.kind == UNDOABLE and row.state == CREATED]
        found.sort(key=lambda row: -row.key)
        return found

    # ---- undoing

    def throw(self, source: ElementInstance, activity_id: str | None) -> bool:
        """Begin to undo what was completed in the scope of `source`, or one activity of it; False if there is nothing."""
        self._state.need_everything()
        found = [(row, scope) for scope in self._scopes_of(source) for row in self._undoable_in(scope)]
        found = [(row, scope) for row, scope in found if activity_id is None or self._undoes(row, activity_id)]
        found.sort(key=lambda each: -each[0].key)
        for row, scope in found:
            self._undo(source, row, scope)
        return bool(found)

    def _scopes_of(self, source: ElementInstance) -> Iterator[ElementInstance]:
        """An event sub-process undoes what the scope around it has done, too; Zeebe looks no further than that."""
        scope = source.scope
        while scope is not None:
            yield scope
            is_last = not _is_event_sub_process(scope) or (self._is_zeebe and scope is not source.scope)
            scope = None if is_last else scope.scope

    def _undoes(self, row: SubscriptionRow, activity_id: str) -> bool:
        """With a handler of its own, an activity that is named is undone by that alone; in Zeebe inside, too."""
        undone = self._state.elements.get(row.compensated_key or 0)
        if undone is None or (undone.element.body or undone.element).id.partition("#")[0] != activity_id:
            return False
        handler = self._handler_of(undone)
        return self._is_zeebe or handler is None or row.element_id == handler.id

    def _undo(self, source: ElementInstance, row: SubscriptionRow, scope: ElementInstance) -> None:
        engine = self._engine
        engine.end_row(row, CORRELATED)
        element = self._state.process.elements[row.element_id]
        undone = self._state.elements[row.compensated_key or 0]
        if element is undone.element:
            inside = self._undoable_in(undone)
            self._reopen(source, undone, scope)
            for each in inside:
                self._undo(source, each, undone)
            return
        if _compensates(element):
            self._reopen(source, undone, scope)
            self._begin_event_sub_process(element, undone)
            return
        if self._is_zeebe:
            self._note_boundary_event(undone.element, scope)
        engine.count_token(scope)
        handler = engine.create(element, scope)
        self._attach(source, UNDOING, element, handler)
        if element.asynchronous.before:
            handler.started_at = None
            engine.continue_later(handler, "ASYNC_BEFORE")
        else:
            engine.issue(Enter(handler))

    def _note_boundary_event(self, element: FlowNode, scope: ElementInstance) -> None:
        """Zeebe lets the boundary event between activity and handler happen visibly."""
        for boundary in element.boundary_events:
            if isinstance(boundary.event, CompensationEvent):
                engine = self._engine
                engine.count_token(scope)
                engine.events.pass_through(boundary, scope)

    def _reopen(self, source: ElementInstance, undone: ElementInstance, scope: ElementInstance) -> None:
        engine = self._engine
        engine.count_token(scope)
        undone.ended_at = None
        undone.active_children = 0
        engine.set_state(undone, ACTIVE)
        self._attach(source, UNDOING, undone.element, undone)

    def _begin_event_sub_process(self, element: FlowNode, scope: ElementInstance) -> None:
        """Let an event sub-process decide what of its scope is undone, instead of all the handlers inside."""
        engine = self._engine
        engine.count_token(scope)
        opened = engine.create(element, scope)
        if engine.open(opened):
            engine.count_token(opened)
            engine.events.pass_through(element.start_events[0], opened)

    # ---- when it is done

    def is_undoing(self, instance: ElementInstance) -> bool:
        """Whether this element instance runs to undo something, so that no flow leaves it."""
        return self._is_used and self._row_of(instance) is not None

    def _row_of(self, instance: ElementInstance) -> SubscriptionRow | None:
        element = instance.element
        if not (element.is_for_compensation or element.is_scope):
            return None
        self._state.need_everything()
        rows = self._state.subscriptions.values()
        return next(
            (r for r in rows if r.kind == UNDOING and r.state == CREATED and r.compensated_key == instance.key), None
        )

    def _finish_undoing(self, instance: ElementInstance, *, done: bool) -> bool:
        row = self._row_of(instance)
        if row is None:
            return False
        self._engine.end_row(row, CORRELATED if done else DELETED)
        source = self._state.elements.get(row.element_instance_key)
        if source is not None and source.is_open and not self.is_waiting(source):
            # Camunda 7 runs handlers inside the throwing event: without the last one it ends too.
            self._engine.issue(Complete(source) if done or self._is_zeebe else Terminate(source))
        return True

    def is_waiting(self, source: ElementInstance) -> bool:
        """Whether handlers run that this event has called for."""
        rows = self._state.attached.get(source.key, ())
        return any(isinstance(row, SubscriptionRow) and row.kind == UNDOING and row.state == CREATED for row in rows)

    def terminated(self, instance: ElementInstance, *, done: bool = False) -> None:
        """A handler that was terminated will not finish, and the throwing event does not wait for it any more.

        With `done` it goes on as if the handler had completed.
        """
        if self._is_used:
            self._finish_undoing(instance, done=done)


def _is_event_sub_process(instance: ElementInstance) -> bool:
    return instance.element.type is ElementType.EVENT_SUB_PROCESS


def _compensates(event_sub_process: FlowNode) -> bool:
    """Whether this is an event sub-process that begins with a compensation event."""
    return event_sub_process.type is ElementType.EVENT_SUB_PROCESS and isinstance(
        event_sub_process.start_events[0].event, CompensationEvent
    )
