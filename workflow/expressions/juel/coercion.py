"""How the expression language turns values into the type an operator needs.

It is generous by specification: null counts as 0, "" and false, and text as the number it spells. `+` never joins text.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from workflow.expressions.juel.failure import Failure
from workflow.expressions.limits import MAX_DIGITS, check_number

Number = int | float


def to_number(value: object) -> Number:
    """Return the number a value stands for in arithmetic, or raise Failure."""
    if value is None or value == "":
        return 0
    if isinstance(value, bool):
        raise Failure(f"Cannot coerce {to_text(value)} of type boolean to a number")
    if isinstance(value, int | float):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, str):
        return _spelled_number(value)
    raise Failure(f"Cannot coerce a value of type {type_name(value)} to a number")


_SPELLED: Final = re.compile(r"[+-]?(?P<whole>\d+)|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def _spelled_number(text: str) -> Number:
    spelled = _SPELLED.fullmatch(text)
    if spelled is not None and len(text) <= MAX_DIGITS:
        number = int(text) if spelled["whole"] else float(text)
        if math.isfinite(number):
            return number
    raise Failure(f"Cannot coerce '{text[:MAX_DIGITS]}' of type string to a number")


def to_boolean(value: object) -> bool:
    """Return the truth of a value: null and "" are false, text is true if it says so; raise Failure for the rest."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, str):
        return value.lower() == "true"
    raise Failure(f"Cannot coerce {to_text(value)} of type {type_name(value)} to boolean")


def to_text(value: object) -> str:
    """Return a value as it appears inside a text; null is the empty text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return _java_text(value)
        case int() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case list() | dict():
            return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)


def _java_text(number: float) -> str:
    """Return a floating number as Java writes it: 1.0E7, not 10000000.0."""
    size = abs(number)
    if size == 0 or 1e-3 <= size < 1e7 or not math.isfinite(number):
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' if sign else ''}{first}.{''.join(rest) or '0'}E{int(exponent) + len(rest)}"


def type_name(value: object) -> str:
    """Return the name that messages use for the type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case str():
            return "string"
        case list() | tuple():
            return "list"
        case datetime():
            return "date"
        case Mapping():
            return "map"
    return type(value).__name__


def is_empty(value: object) -> bool:
    """Tell whether a value is null, an empty text, or an empty collection."""
    return value is None or (isinstance(value, str | list | tuple | Mapping) and len(value) == 0)


def _bounded(number: Number) -> Number:
    check_number(number)
    return number


def add(left: object, right: object) -> Number:
    return _bounded(to_number(left) + to_number(right))


def subtract(left: object, right: object) -> Number:
    return _bounded(to_number(left) - to_number(right))


def multiply(left: object, right: object) -> Number:
    return _bounded(to_number(left) * to_number(right))


def divide(left: object, right: object) -> Number:
    """Return the quotient, which is a floating number even of two integers; raise Failure when dividing by zero."""
    if left is None and right is None:
        return 0
    divisor = to_number(right)
    if divisor == 0:
        raise Failure("Division by zero")
    return to_number(left) / divisor


def modulo(left: object, right: object) -> Number:
    """Return the remainder with the sign of the dividend, as Java does."""
    if left is None and right is None:
        return 0
    dividend, divisor = to_number(left), to_number(right)
    if divisor == 0:
        raise Failure("Division by zero")
    if isinstance(dividend, int) and isinstance(divisor, int):
        remainder = abs(dividend) % abs(divisor)
        return -remainder if dividend < 0 else remainder
    return math.fmod(dividend, divisor)


def negate(value: object) -> Number:
    return -to_number(value)


def equal(left: object, right: object) -> bool:
    """Tell whether two values are equal after the coercion that the stronger type asks for: number, boolean, text."""
    if left is None or right is None:
        return left is right
    if _is_number(left) or _is_number(right):
        return to_number(left) == to_number(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return to_boolean(left) == to_boolean(right)
    if isinstance(left, str) or isinstance(right, str):
        return to_text(left) == to_text(right)
    return left == right


def different(left: object, right: object) -> bool:
    return not equal(left, right)


def ordering(compare: Callable[[Any, Any], bool], *, holds_for_equal: bool) -> Callable[[object, object], bool]:
    """Return the operator that compares values by `compare` once they are of one type."""

    def compare_coerced(left: object, right: object) -> bool:
        if left is None or right is None:
            return holds_for_equal and left is right
        if _is_number(left) or _is_number(right):
            return compare(to_number(left), to_number(right))
        if isinstance(left, str) or isinstance(right, str):
            return compare(to_text(left), to_text(right))
        if isinstance(left, datetime) and isinstance(right, datetime):
            return compare(left, right)
        raise Failure(f"Cannot compare values of types {type_name(left)} and {type_name(right)}")

    return compare_coerced


less = ordering(operator.lt, holds_for_equal=False)
greater = ordering(operator.gt, holds_for_equal=False)
less_or_equal = ordering(operator.le, holds_for_equal=True)
greater_or_equal = ordering(operator.ge, holds_for_equal=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
