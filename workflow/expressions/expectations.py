"""Evaluate an expression where only one type of value makes sense, and say what came instead.

The wording is that of the original engines: it ends up in incidents that people search for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from workflow.expressions.expression import Evaluation, Expression, ExpressionError, Language


def expect_boolean(expression: Expression, variables: Mapping[str, object]) -> bool:
    """Return the boolean an expression evaluates to; anything else is an ExpressionError."""
    evaluation = expression.evaluate_with_warnings(variables)
    value = evaluation.value
    if isinstance(value, bool):
        return value
    if expression.language is Language.JUEL:
        raise ExpressionError(_not_a_condition(value), expression.source)
    raise _unexpected(expression, "BOOLEAN", evaluation)


def expect_string(expression: Expression, variables: Mapping[str, object]) -> str:
    """Return the string an expression evaluates to; anything else is an ExpressionError."""
    evaluation = expression.evaluate_with_warnings(variables)
    if isinstance(evaluation.value, str):
        return evaluation.value
    raise _unexpected(expression, "STRING", evaluation)


def expect_number(expression: Expression, variables: Mapping[str, object]) -> int | float:
    """Return the number an expression evaluates to; anything else is an ExpressionError.

    A static text counts as the number it spells: `retries="3"`.
    """
    evaluation = expression.evaluate_with_warnings(variables)
    value = evaluation.value
    if isinstance(value, str) and expression.language is Language.STATIC:
        value = _spelled_number(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise _unexpected(expression, "NUMBER", evaluation)


def expect_list(expression: Expression, variables: Mapping[str, object]) -> list[object]:
    """Return the list an expression evaluates to; anything else is an ExpressionError."""
    evaluation = expression.evaluate_with_warnings(variables)
    if isinstance(evaluation.value, list):
        return evaluation.value
    raise _unexpected(expression, "ARRAY", evaluation)


def _spelled_number(text: str) -> Decimal | str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _unexpected(expression: Expression, expected: str, evaluation: Evaluation) -> ExpressionError:
    reason = (
        f"Expected result of the expression '{expression.text}' to be '{expected}', "
        f"but was '{type_name(evaluation.value)}'."
    )
    if evaluation.warnings:
        reason += " The evaluation reported the following warnings:\n" + "\n".join(evaluation.warnings)
    return ExpressionError(reason, expression.source)


def _not_a_condition(value: object) -> str:
    if value is None:
        return "condition expression returns null: result is null"
    found = type_name(value)
    return f"condition expression returns non-Boolean: result isn't an instance of java.lang.Boolean but {found}"


def type_name(value: object) -> str:
    """Return the name that error messages use for the type of a value."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case int() | float() | Decimal():
            return "NUMBER"
        case str():
            return "STRING"
        case list() | tuple():
            return "ARRAY"
        case Mapping():
            return "OBJECT"
    return type(value).__name__.upper()
