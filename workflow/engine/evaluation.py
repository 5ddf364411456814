"""Expressions of an element instance: what they see, what their failures say, and input and output mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workflow.engine.errors import ElementFailure, Rejected
from workflow.engine.scopes import ExecutionView, VisibleVariables, find_variable
from workflow.engine.state import ElementInstance
from workflow.engine.values import TypedValue, Variables
from workflow.expressions import Expression, ExpressionError, expect_boolean
from workflow.graph import FlowNode, ListValue, MapValue, PassedVariable, Semantics, ValueSource, VariableMapping

if TYPE_CHECKING:
    from workflow.engine.engine import Engine

IO_MAPPING_ERROR = "IO_MAPPING_ERROR"
EXTRACT_VALUE_ERROR = "EXTRACT_VALUE_ERROR"
TEXT_LIMIT = 255


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
            seen["__user__"] = self._engine.user
        return VisibleVariables(instance, seen)

    def _now(self) -> datetime:
        return self._engine.now

    def value(self, expression: Expression, instance: ElementInstance, error_type: str) -> object:
        """The value of an expression; raises ElementFailure."""
        try:
            return expression.evaluate(self.visible(instance))
        except ExpressionError as error:
            raise ElementFailure(error_type, explain(expression, error)) from None

    def run(
        self, expression: Expression, instance: ElementInstance, overlay: Mapping[str, object] | None = None
    ) -> None:
        """Evaluate a listener for its effects; a failing one refuses the command, as Camunda 7 rolls back."""
        try:
            expression.evaluate(self.visible(instance, overlay))
        except ExpressionError as error:
            raise Rejected(f"{explain(expression, error)} (listener of '{instance.element.id}')") from None

    def holds(
        self,
        condition: Expression,
        instance: ElementInstance,
        error_type: str,
        overlay: Mapping[str, object] | None = None,
    ) -> bool:
        """Whether a condition is true; raises ElementFailure where it is neither true nor false."""
        try:
            return expect_boolean(condition, self.visible(instance, overlay))
        except ExpressionError as error:
            raise ElementFailure(error_type, explain(condition, error)) from None

    def text(
        self,
        expression: Expression,
        instance: ElementInstance,
        element: FlowNode | None = None,
        *,
        is_key: bool = False,
    ) -> str:
        """The value of an expression that has to be a string short enough for a name.

        A number is taken for one in Camunda 7, and in Zeebe where it is a correlation key.
        """
        value = self.value(expression, instance, EXTRACT_VALUE_ERROR)
        place = (element or instance.element).id
        kinds = str if self._is_zeebe and not is_key else str | int | float
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise ElementFailure(EXTRACT_VALUE_ERROR, wrong_type(expression, place, "STRING", value))
        text = str(value)
        if len(text) > TEXT_LIMIT:
            expected = f"at most {TEXT_LIMIT} characters"
            raise ElementFailure(EXTRACT_VALUE_ERROR, wrong_type(expression, place, expected, text))
        return text

    def whole_number(self, expression: Expression, instance: ElementInstance) -> int:
        """The value of an expression that has to be a whole number."""
        value = self.value(expression, instance, EXTRACT_VALUE_ERROR)
        try:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise ValueError
            number = float(value)
            if number != int(number):
                raise ValueError
            return int(value) if isinstance(value, str) else int(number)
        except (ValueError, OverflowError):
            raise ElementFailure(
                EXTRACT_VALUE_ERROR, wrong_type(expression, instance.element.id, "NUMBER", value)
            ) from None

    def map_inputs(self, instance: ElementInstance) -> None:
        """Apply the input mappings: local variables of the element instance."""
        mapped = self._mapped(instance, instance.element.inputs, extend=False)
        self._engine.variables.set_all_local(instance, mapped)

    def map_outputs(self, instance: ElementInstance) -> None:
        """Apply the output mappings: variables of the scope around, or where they exist further out.

        In Zeebe an iteration writes to its own scope, where its output element is read.
        """
        mapped = self._mapped(instance, instance.element.outputs, extend=True)
        is_iteration = self._is_zeebe and instance.element.body is not None
        self._engine.variables.set_all(instance if is_iteration else instance.scope or instance, mapped)

    def passed(self, mappings: Sequence[PassedVariable], instance: ElementInstance) -> dict[str, object]:
        """What Camunda 7 hands over to another scope: variables by name, by expression, or all that are seen."""
        results: dict[str, object] = {}
        for mapping in mappings:
            if mapping.target is None:
                scopes = [instance] if mapping.local else list(instance.scopes())
                for scope in reversed(scopes):
                    results.update({name: row.typed_value for name, row in scope.variables.items()})
            elif mapping.expression is not None:
                results[mapping.target] = self._passed_value(mapping.expression, instance, mapping.local)
            else:
                source = mapping.source or ""
                row = instance.variables.get(source) if mapping.local else find_variable(instance, source)
                results[mapping.target] = row.typed_value if row is not None else None
        return results

    def _passed_value(self, expression: Expression, instance: ElementInstance, local: bool) -> object:
        if not local:
            return self.value(expression, instance, IO_MAPPING_ERROR)
        alone = {name: row.value for name, row in instance.variables.items()}
        try:
            return expression.evaluate({**alone, "__now__": self._now})
        except ExpressionError as error:
            raise ElementFailure(IO_MAPPING_ERROR, explain(expression, error)) from None

    def handed_back(self, mapping: PassedVariable, results: Variables, instance: ElementInstance) -> dict[str, object]:
        """What one `camunda:out` takes from a called process."""
        if mapping.target is None:
            return dict(results)
        if mapping.expression is None:
            return {mapping.target: results.get(mapping.source or "")}
        plain = {name: value.value if isinstance(value, TypedValue) else value for name, value in results.items()}
        try:
            return {mapping.target: mapping.expression.evaluate(plain)}
        except ExpressionError as error:
            message = f"{explain(mapping.expression, error)} (mapping of '{instance.element.id}')"
            raise ElementFailure(IO_MAPPING_ERROR, message) from None

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


def wrong_type(expression: Expression, element_id: str, expected: str, value: object) -> str:
    """The message for a value of another kind than expected."""
    found = repr(value)
    found = found if len(found) <= TEXT_LIMIT else f"{found[:TEXT_LIMIT]}…"
    return f"Expected result of the expression '{expression.source}' of '{element_id}' to be '{expected}', but was {found}."


def _with_path(before: object, path: Sequence[str], value: object) -> object:
    """`before` as an object in which `path` leads to `value`; what is beside the path stays."""
    base = dict(before) if isinstance(before, dict) else {}
    first, *rest = path
    base[first] = _with_path(base.get(first), rest, value) if rest else value
    return base
