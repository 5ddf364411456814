"""FEEL expressions: the common part runs in Python, the rest in the sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, cast

from workflow.expressions.expression import Evaluation, Expression, ExpressionError, Language
from workflow.expressions.feel.sandbox import Sandbox, SandboxError
from workflow.expressions.feel.subset import CompiledSubset, OutsideSubset, compile_subset, whole
from workflow.expressions.limits import TooLarge, check_text

MAX_LENGTH: Final = 10_000
NOW: Final = "__now__"
NO_ALIASES: Final[Mapping[str, str]] = {}

_MISSING: Final = object()
_sandbox: Final = Sandbox()


@lru_cache(maxsize=4096)
def parse_feel(text: str) -> Expression:
    """Return the FEEL expression, or raise ExpressionError with the position of the first mistake."""
    return feel_expression(text, text)


def feel_expression(source: str, text: str) -> Expression:
    """Return the FEEL expression `text`, written as `source` in the model; raise ExpressionError if it is not FEEL."""
    if len(text) > MAX_LENGTH:
        reason = f"failed to parse expression: it has {len(text)} characters, {MAX_LENGTH} are allowed"
        raise ExpressionError(reason, source)
    compiled = compile_subset(text)
    if compiled is not None:
        interpreted = Interpreted(source, text, compiled.names)
        return Expression(source, Language.FEEL, text, Compiled(compiled, interpreted), compiled.names)
    interpreted = _interpreted(source, text)
    return Expression(source, Language.FEEL, text, interpreted, interpreted.names)


def _interpreted(source: str, text: str) -> Interpreted:
    answer = _ask(source, f"failed to parse expression '{text}'", "check", text)
    if error := answer.get("error"):
        reason = f"failed to parse expression '{text}': {error['message']} at position {error['from'] + 1}"
        raise ExpressionError(reason, source)
    return Interpreted(source, text, frozenset(answer["names"]) - {NOW}, answer["script"], answer["aliases"])


class Interpreted:
    """A program for the interpreter in the sandbox."""

    __slots__ = ("aliases", "names", "script", "source", "text")

    def __init__(
        self,
        source: str,
        text: str,
        names: frozenset[str],
        script: str | None = None,
        aliases: Mapping[str, str] = NO_ALIASES,
    ) -> None:
        self.source = source
        self.text = text
        self.names = names
        self.script = text if script is None else script
        self.aliases = aliases

    def __call__(self, variables: Mapping[str, object]) -> Evaluation:
        failed = f"Failed to evaluate expression '{self.text}'"
        known = {name: value for name in self.names if (value := variables.get(name, _MISSING)) is not _MISSING}
        missing = sorted(self.names - known.keys())
        clock = variables.get(NOW)
        now = clock() if callable(clock) else None
        answer = _ask(self.source, failed, "evaluate", self.script, known, missing, self.aliases, now)
        if cause := answer.get("assertion"):
            reason = f"Assertion failure on evaluate the expression '{self.text}': {cause}"
            raise ExpressionError(reason, self.source)
        if cause := answer.get("failure"):
            raise ExpressionError(f"{failed}: {cause}", self.source)
        return Evaluation(answer["value"], tuple(answer["warnings"]))


class Compiled:
    """A program in Python, and the interpreter for the values that the program leaves to it."""

    __slots__ = ("interpreted", "run")

    def __init__(self, compiled: CompiledSubset, interpreted: Interpreted) -> None:
        self.run = compiled.run
        self.interpreted = interpreted

    def __call__(self, variables: Mapping[str, object]) -> Evaluation:
        notes: list[str] = []
        try:
            return Evaluation(whole(self.run(variables, notes)), tuple(notes))
        except OutsideSubset:
            return self.interpreted(variables)
        except TooLarge as failure:
            interpreted = self.interpreted
            raise ExpressionError(
                f"Failed to evaluate expression '{interpreted.text}': {failure}", interpreted.source
            ) from None


def _ask(source: str, failed: str, function: str, *arguments: object) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", ask(function, *arguments))
    except (SandboxError, TooLarge, ValueError, RecursionError) as failure:
        raise ExpressionError(f"{failed}: {failure}", source) from None


def ask(function: str, *arguments: object) -> Any:
    """Return what a function of the bundle answers; raises SandboxError, TooLarge, ValueError or RecursionError."""
    request = json.dumps(arguments, default=_plain, allow_nan=False)
    # as text, because an object literal is not JSON: "__proto__" means something else there
    answer = _sandbox.call(f"fettleFeel.{function}(...JSON.parse({json.dumps(request)}))")
    check_text(len(answer))
    return json.loads(answer)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
