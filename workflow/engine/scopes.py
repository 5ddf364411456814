"""What an expression sees: the variables of a scope and of those around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        return row.value

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

    def getVariable(self, name: str) -> object:
        row = find_variable(self._instance, name)
        return row.value if row is not None else None

    def hasVariable(self, name: str) -> bool:
        return find_variable(self._instance, name) is not None

    def getVariableLocal(self, name: str) -> object:
        row = self._instance.variables.get(name)
        return row.value if row is not None else None

    def setVariable(self, name: str, value: object) -> None:
        self._engine.variables.set(self._instance, name, value)

    def setVariableLocal(self, name: str, value: object) -> None:
        self._engine.variables.set_local(self._instance, name, value)
