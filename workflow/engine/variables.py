"""Writing variables: where a value goes, what kind it has, and what the command has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from workflow.engine.state import ElementInstance, ProcessInstanceState, VariableChange, VariableRow
from workflow.engine.values import ExactValue, Variables, typed
from workflow.graph import ConditionalEvent


@dataclass(frozen=True, slots=True)
class VariableEvent:
    """A variable of a scope was created, updated or deleted."""

    scope_key: int
    name: str
    kind: str


class VariableWriter:
    """Sets and deletes variables of one process instance and keeps note of each one's value before the command."""

    def __init__(self, state: ProcessInstanceState, now: datetime, next_key: Callable[[], int]) -> None:
        self._state = state
        self._now = now
        self._next_key = next_key
        self._is_watched = state.process.has(ConditionalEvent)
        self.events: list[VariableEvent] = []
        """What conditional events have not been told yet; nothing where the process has none."""

    def set(self, scope: ElementInstance, name: str, value: object) -> None:
        """Set a variable where it exists, looking outwards from `scope`; a new one in the process instance."""
        for place in scope.scopes():
            if name in place.variables:
                self.set_local(place, name, value)
                return
        self.set_local(self._state.root, name, value)

    def set_all(self, scope: ElementInstance, variables: Variables) -> None:
        """Set several variables, each where it exists."""
        for name, value in variables.items():
            self.set(scope, name, value)

    def set_initial(self, variables: Variables) -> None:
        """Set the variables that a new process instance is given."""
        self.set_all_local(self._state.root, variables)
        for name in variables:
            self._state.root.variables[name].is_initial = True

    def keep_initial(self) -> None:
        """Take all that the process instance has for what it was started with: its start event is done."""
        for row in self._state.root.variables.values():
            row.is_initial = True

    def set_all_local(self, scope: ElementInstance, variables: Variables) -> None:
        """Set several variables in exactly this scope."""
        for name, value in variables.items():
            self.set_local(scope, name, value)

    def set_local(self, scope: ElementInstance, name: str, value: object) -> None:
        """Set a variable in exactly this scope; nothing happens if it has that value already."""
        row = scope.variables.get(name) or self._undeleted(scope, name)
        if row is None:
            scope.variables[name] = self._new(scope, name, value)
            self._tell(scope, name, "create")
            return
        self._tell(scope, name, "update")
        plain, kind = typed(value, row.type)
        text = _text(value)
        if text is None and kind == row.type and same(plain, row.value):
            return
        before, type_before = row.value, row.type
        if row.is_new and row.is_initial and row.first is None:
            row.first = (row.value, row.type, row.text)
        row.value, row.type, row.text = plain, kind, text
        row.revision += 1
        row.updated_at = self._now
        row.is_changed = True
        self._note_change(row, before, type_before, existed=True)

    def delete(self, scope: ElementInstance, name: str) -> None:
        """Remove a variable from exactly this scope; nothing happens if there is none."""
        row = scope.variables.pop(name, None)
        if row is None:
            return
        self._tell(scope, name, "delete")
        if not row.is_new:
            self._state.deleted_variables.append(row)
        place = (scope.key, name)
        first = self._state.variable_changes.get(place)
        if first is not None and not first.existed:
            del self._state.variable_changes[place]  # set and deleted by the same command: nothing has happened
            return
        before, type_before = (first.before, first.type_before) if first is not None else (row.value, row.type)
        self._state.variable_changes[place] = VariableChange(
            scope.key,
            name,
            before,
            None,
            existed=True,
            type_before=type_before,
            deleted=True,
            variable_key=row.key,
            revision=first.revision if first is not None else row.revision,
            is_initial=row.is_initial,
        )

    def _tell(self, scope: ElementInstance, name: str, kind: str) -> None:
        if self._is_watched:
            self.events.append(VariableEvent(scope.key, name, kind))

    def take_events(self) -> list[VariableEvent]:
        """What has happened since this was asked last."""
        events, self.events = self.events, []
        return events

    def _new(self, scope: ElementInstance, name: str, value: object) -> VariableRow:
        plain, kind = typed(value)
        row = VariableRow(
            self._next_key(), scope.key, name, plain, kind, created_at=self._now, updated_at=self._now, is_new=True
        )
        row.text = _text(value)
        self._note_change(row, None, "", existed=False)
        return row

    def _undeleted(self, scope: ElementInstance, name: str) -> VariableRow | None:
        """The row of a variable that this command has deleted, put back: its name may be written only once."""
        for row in self._state.deleted_variables:
            if row.scope_key == scope.key and row.name == name:
                self._state.deleted_variables.remove(row)
                scope.variables[name] = row
                return row
        return None

    def _note_change(self, row: VariableRow, before: object, type_before: str, *, existed: bool) -> None:
        place = (row.scope_key, row.name)
        first = self._state.variable_changes.get(place)
        if first is not None and not first.deleted:
            first.after, first.type_after = row.value, row.type
            return
        revision = row.revision - 1
        if first is not None:
            before, type_before, existed, revision = first.before, first.type_before, first.existed, first.revision
        self._state.variable_changes[place] = VariableChange(
            row.scope_key,
            row.name,
            before,
            row.value,
            existed,
            type_before,
            row.type,
            variable_key=row.key,
            revision=revision,
            is_initial=row.is_initial,
        )


def _text(value: object) -> str | None:
    return value.text if isinstance(value, ExactValue) else None


def same(one: object, other: object) -> bool:
    """Equal in value and kind: 1, 1.0 and true are three different values in JSON."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
