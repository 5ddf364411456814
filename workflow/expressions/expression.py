"""What the rest of the engine sees of an expression: its source, its language and how to evaluate it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

NO_NAMES: frozenset[str] = frozenset()


class ExpressionError(Exception):
    """An expression that cannot be parsed or evaluated; `str()` is the reason to show, `expression` the source text."""

    def __init__(self, reason: str, expression: str) -> None:
        super().__init__(reason)
        self.expression = expression

    def __reduce__(self) -> tuple[type[ExpressionError], tuple[str, str]]:
        return type(self), (str(self), self.expression)


class Language(StrEnum):
    """The languages of the expressions in BPMN models; STATIC is text that is its own value."""

    FEEL = "feel"
    JUEL = "juel"
    STATIC = "static"


class Evaluation(NamedTuple):
    """A value and, for FEEL, the warnings that tell why it may be null: `[TYPE] what happened`."""

    value: object
    warnings: tuple[str, ...] = ()


Program = Callable[[Mapping[str, object]], Evaluation]


@dataclass(frozen=True, slots=True)
class Expression:
    """One parsed expression of a model; immutable, equal to any other with the same source and language."""

    source: str
    language: Language
    text: str = field(repr=False, compare=False)
    """The expression without the mark of its dialect (`=`), as messages quote it."""
    program: Program = field(repr=False, compare=False)
    names: frozenset[str] = field(default=NO_NAMES, repr=False, compare=False)
    """The variables it may read at top level; may hold more than it does read."""

    def evaluate(self, variables: Mapping[str, object]) -> object:
        """Return the value for these variables, or raise ExpressionError.

        In FEEL most failures are the value None; `evaluate_with_warnings` says which.
        """
        return self.program(variables).value

    def evaluate_with_warnings(self, variables: Mapping[str, object]) -> Evaluation:
        """Return the value and the warnings of the evaluation, or raise ExpressionError."""
        return self.program(variables)


def static(text: str) -> Expression:
    """Return an expression whose value is always this text."""
    evaluation = Evaluation(text)
    return Expression(text, Language.STATIC, text, lambda variables: evaluation)
