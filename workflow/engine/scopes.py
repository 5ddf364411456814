"""What an expression sees: the variables of a scope and of those around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflow.engine.state import ElementInstance, ProcessInstanceState, VariableRow

if TYPE_CHECKING:
    from workflow.engine.engine import Engine


class VisibleVariables(Mapping[str, object]):
    """Variables by name, the nearest scope first; read lazily, so that a large instance costs nothing."""

    __slots__ = ("_overlay", "_scope")

    def __init__(self, scope: ElementInstance, overlay: Mapping[str, object] | None = None) -> None:
        self._scope = scope
        self._overlay = overlay

    def __getitem__(self, name: str) -> object:
        if self._overlay is not None and name in self._overlay:
            return self._overlay[name]
        row = find_variable(self._scope, name)
        if row is None:
            raise KeyError(name)
        return seen_value(row)

    def __contains__(self, name: object) -> bool:
        if self._overlay is not None and name in self._overlay:
            return True
        return isinstance(name, str) and find_variable(self._scope, name) is not None

    def __iter__(self) -> Iterator[str]:
        seen = set(self._overlay or ())
        yield from seen
        for scope in self._scope.scopes():
            for name in scope.variables:
                if name not in seen:
                    seen.add(name)
                    yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)


def find_variable(scope: ElementInstance, name: str) -> VariableRow | None:
    """The variable that `name` means in this scope."""
    for place in scope.scopes():
        row = place.variables.get(name)
        if row is not None:
            return row
    return None


def seen_value(row: VariableRow) -> object:
    """The value as expressions see it: a variable of type Date is a date there, not its text."""
    if row.type == "Date" and isinstance(row.value, str):
        return _date(row.value)
    return row.value


def _date(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text  # written without a type, which nobody has checked
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class ExecutionView:
    """What a Camunda 7 expression may ask of `execution`."""

    def __init__(self, engine: Engine, instance: ElementInstance) -> None:
        self._engine = engine
        self._instance = instance

    @property
    def _state(self) -> ProcessInstanceState:
        return self._engine.state

    @property
    def id(self) -> str:
        return str(self._instance.key)

    @property
    def processInstanceId(self) -> str:
        return str(self._state.key)

    @property
    def activityInstanceId(self) -> str:
        return str(self._instance.key)

    @property
    def currentActivityId(self) -> str:
        return self._instance.element.id

    @property
    def currentActivityName(self) -> str:
        return self._instance.element.name

    @property
    def processBusinessKey(self) -> str | None:
        return self._state.business_key

    @property
    def businessKey(self) -> str | None:
        return self._state.business_key

    @property
    def processDefinitionId(self) -> str:
        return str(self._state.definition_key)

    @property
    def parentId(self) -> str | None:
        scope = self._instance.scope
        return str(scope.key) if scope is not None else None

    @property
    def parentActivityInstanceId(self) -> str | None:
        return self.parentId

    @property
    def variables(self) -> Mapping[str, object]:
        return dict(VisibleVariables(self._instance))

    @property
    def variablesLocal(self) -> Mapping[str, object]:
        return {name: seen_value(row) for name, row in self._instance.variables.items()}

    def getVariable(self, name: str) -> object:
        row = find_variable(self._instance, name)
        return seen_value(row) if row is not None else None

    def hasVariable(self, name: str) -> bool:
        return find_variable(self._instance, name) is not None

    def hasVariableLocal(self, name: str) -> bool:
        return name in self._instance.variables

    def getVariableLocal(self, name: str) -> object:
        row = self._instance.variables.get(name)
        return seen_value(row) if row is not None else None

    def setVariable(self, name: str, value: object) -> None:
        self._engine.variables.set(self._instance, name, value)

    def setVariableLocal(self, name: str, value: object) -> None:
        self._engine.variables.set_local(self._instance, name, value)

    def setVariables(self, values: Mapping[str, object]) -> None:
        self._engine.variables.set_all(self._instance, values)

    def setVariablesLocal(self, values: Mapping[str, object]) -> None:
        self._engine.variables.set_all_local(self._instance, values)

    def removeVariable(self, name: str) -> None:
        row = find_variable(self._instance, name)
        if row is not None:
            self._engine.variables.delete(self._state.elements[row.scope_key], name)

    def removeVariableLocal(self, name: str) -> None:
        self._engine.variables.delete(self._instance, name)
