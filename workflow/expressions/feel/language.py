"""FEEL expressions: what can be decided in Python is, the rest runs in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, cast

from workflow.expressions.expression import Evaluation, Expression, ExpressionError, Language
from workflow.expressions.feel.sandbox import Sandbox, SandboxError

MAX_LENGTH: Final = 10_000
NOW: Final = "__now__"

sandbox: Final = Sandbox()

_MISSING: Final = object()


@lru_cache(maxsize=4096)
def parse_feel(text: str) -> Expression:
    """Return the FEEL expression, or raise ExpressionError with the position of the first mistake."""
    return feel_expression(text, text)


def feel_expression(source: str, text: str) -> Expression:
    """Like `parse_feel`, for an expression that the model marks in its own way."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"failed to parse expression: it has {len(text)} characters, {MAX_LENGTH} are allowed", source
        )
    checked = _call(source, text, f"fettleFeel.check({json.dumps(text)})")
    if error := checked.get("error"):
        raise ExpressionError(
            f"failed to parse expression '{text}': {error['message']} at position {error['from'] + 1}", source
        )
    names = frozenset(checked["names"])
    return Expression(source, Language.FEEL, text, Interpreted(source, text, names), names)


class Interpreted:
    """A program for the interpreter in the sandbox."""

    __slots__ = ("names", "source", "text")

    def __init__(self, source: str, text: str, names: frozenset[str]) -> None:
        self.source = source
        self.text = text
        self.names = names

    def __call__(self, variables: Mapping[str, object]) -> Evaluation:
        known = {name: value for name in self.names if (value := variables.get(name, _MISSING)) is not _MISSING}
        now = variables.get(NOW)
        arguments = [self.text, known, list(self.names - known.keys()), now() if callable(now) else None]
        answer = _call(self.source, self.text, f"fettleFeel.evaluate(...{_json(arguments)})")
        if cause := answer.get("assertion"):
            raise ExpressionError(f"Assertion failure on evaluate the expression '{self.text}': {cause}", self.source)
        if failure := answer.get("failure"):
            raise ExpressionError(f"Failed to evaluate expression '{self.text}': {failure}", self.source)
        return Evaluation(answer["value"], tuple(answer["warnings"]))


def _call(source: str, text: str, script: str) -> dict[str, Any]:
    try:
        answer = sandbox.call(script)
    except SandboxError as failure:
        raise ExpressionError(f"Failed to evaluate expression '{text}': the evaluation {failure}", source) from None
    return cast(dict[str, Any], json.loads(answer, parse_float=_number))


def _number(literal: str) -> int | float:
    number = float(literal)
    return int(number) if number.is_integer() else number


def _json(value: object) -> str:
    return json.dumps(value, default=_plain, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
