"""Expressions of an element instance: what they see, what their failures say, and input and output mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workflow.engine.errors import ElementFailure
from workflow.engine.scopes import ExecutionView, VisibleVariables
from workflow.engine.state import ElementInstance
from workflow.expressions import Expression, ExpressionError, expect_boolean
from workflow.graph import ListValue, MapValue, Semantics, ValueSource, VariableMapping

if TYPE_CHECKING:
    from workflow.engine.engine import Engine

IO_MAPPING_ERROR = "IO_MAPPING_ERROR"


class Evaluation:
    """Evaluates the expressions of one process instance, at the command's time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_zeebe = engine.rules.semantics is Semantics.ZEEBE

    def visible(self, instance: ElementInstance, overlay: Mapping[str, object] | None = None) -> VisibleVariables:
        """The variables that expressions of this element instance see, and the command's time for `now()`."""
        seen: dict[str, object] = {**overlay} if overlay else {}
        seen["__now__"] = self._now
        if not self._is_zeebe:
            seen["execution"] = ExecutionView(self._engine, instance)
        return VisibleVariables(instance, seen)

    def _now(self) -> datetime:
        return self._engine.now

    def value(self, expression: Expression, instance: ElementInstance, error_type: str) -> object:
        """The value of an expression; raises ElementFailure."""
        try:
            return expression.evaluate(self.visible(instance))
        except ExpressionError as error:
            raise ElementFailure(error_type, explain(expression, error)) from None

    def holds(self, condition: Expression, instance: ElementInstance, error_type: str) -> bool:
        """Whether a condition is true; raises ElementFailure where it is neither true nor false."""
        try:
            return expect_boolean(condition, self.visible(instance))
        except ExpressionError as error:
            raise ElementFailure(error_type, explain(condition, error)) from None

    def map_inputs(self, instance: ElementInstance) -> None:
        """Apply the input mappings: local variables of the element instance."""
        mapped = self._mapped(instance, instance.element.inputs, extend=False)
        self._engine.variables.set_all_local(instance, mapped)

    def map_outputs(self, instance: ElementInstance) -> None:
        """Apply the output mappings: variables of the scope around, or where they exist further out."""
        mapped = self._mapped(instance, instance.element.outputs, extend=True)
        self._engine.variables.set_all(instance.scope or instance, mapped)

    def _mapped(
        self, instance: ElementInstance, mappings: Sequence[VariableMapping], *, extend: bool
    ) -> dict[str, object]:
        """All mappings' results by variable name; each mapping sees the results of those before it."""
        results: dict[str, object] = {}
        for mapping in mappings:
            value = self._mapping_value(mapping.source, self.visible(instance, results), instance)
            name, *path = mapping.target.split(".") if self._is_zeebe else [mapping.target]
            if path:
                before = results.get(name, self.visible(instance).get(name) if extend else None)
                value = _with_path(before, path, value)
            results[name] = value
        return results

    def _mapping_value(self, source: ValueSource, visible: VisibleVariables, instance: ElementInstance) -> object:
        match source:
            case ListValue():
                return [self._mapping_value(item, visible, instance) for item in source.items]
            case MapValue():
                return {name: self._mapping_value(entry, visible, instance) for name, entry in source.entries}
            case Expression():
                try:
                    return source.evaluate(visible)
                except ExpressionError as error:
                    message = f"{explain(source, error)} (mapping of '{instance.element.id}')"
                    raise ElementFailure(IO_MAPPING_ERROR, message) from None


def explain(expression: Expression, error: ExpressionError) -> str:
    """The message of an expression's failure, naming the expression once."""
    text = str(error)
    return text if expression.source in text else f"Failed to evaluate expression '{expression.source}': {text}"


def _with_path(before: object, path: Sequence[str], value: object) -> object:
    """`before` as an object in which `path` leads to `value`; what is beside the path stays."""
    base = dict(before) if isinstance(before, dict) else {}
    first, *rest = path
    base[first] = _with_path(base.get(first), rest, value) if rest else value
    return base
