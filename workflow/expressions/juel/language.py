"""JUEL expressions as Camunda 7 models write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from workflow.expressions.expression import Evaluation, Expression, ExpressionError, Language, static
from workflow.expressions.juel.coercion import to_text
from workflow.expressions.juel.compiler import Node, SyntaxFailure, compile_expression
from workflow.expressions.juel.failure import Failure, NoSuchMethod, Unresolved
from workflow.expressions.limits import TooLarge, check_text

MAX_LENGTH: Final = 10_000

Value = Callable[[Mapping[str, object]], object]


@lru_cache(maxsize=4096)
def parse_camunda7(text: str) -> Expression:
    """Return a value expression for one `${…}`, a text with values in it for several, and static text for none.

    Raises ExpressionError with the position of the first mistake. White space around a single `${…}` does not count.
    """
    if "${" not in text and "#{" not in text:
        return static(text)
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"Error parsing expression: {len(text)} characters, {MAX_LENGTH} are allowed", text)
    parts = _split(text)
    nodes = [part for part in parts if isinstance(part, Node)]
    if not nodes:
        return static("".join(part for part in parts if isinstance(part, str)))
    names = frozenset[str]().union(*(node.names for node in nodes))
    texts = [part for part in parts if isinstance(part, str)]
    if len(nodes) == 1 and not "".join(texts).strip():
        return _expression(text.strip(), nodes[0].run, names)
    return _expression(text, _composed(parts), names)


def _expression(source: str, value: Value, names: frozenset[str]) -> Expression:
    def program(variables: Mapping[str, object]) -> Evaluation:
        try:
            return Evaluation(value(variables))
        except Unresolved as failure:
            raise ExpressionError(f"Unknown property used in expression: {source}. Cause: {failure}", source) from None
        except NoSuchMethod as failure:
            raise ExpressionError(f"Unknown method used in expression: {source}. Cause: {failure}", source) from None
        except (Failure, TooLarge, ArithmeticError, ValueError) as failure:
            raise ExpressionError(f"Error while evaluating expression: {source}. Cause: {failure}", source) from failure

    return Expression(source, Language.JUEL, source, program, names)


def _composed(parts: list[str | Node]) -> Value:
    values: list[Value] = [part.run if isinstance(part, Node) else _fixed(part) for part in parts]

    def value(variables: Mapping[str, object]) -> str:
        texts, characters = [], 0
        for each in values:
            text = to_text(each(variables))
            characters += len(text)
            check_text(characters)
            texts.append(text)
        return "".join(texts)

    return value


def _fixed(text: str) -> Value:
    return lambda variables: text


def _split(text: str) -> list[str | Node]:
    """Return the literal and the compiled parts of a text, in order; `\\${` is a literal `${`."""
    parts: list[str | Node] = []
    literal, position = "", 0
    while position < len(text):
        if text.startswith(("\\${", "\\#{"), position):
            literal += text[position + 1 : position + 3]
            position += 3
        elif text.startswith(("${", "#{"), position):
            end = _closing_brace(text, position + 2)
            parts += [literal] if literal else []
            parts.append(_compiled(text, position + 2, end))
            literal, position = "", end + 1
        else:
            literal += text[position]
            position += 1
    return [*parts, literal] if literal else parts


def _closing_brace(text: str, start: int) -> int:
    quote, position = "", start
    while position < len(text):
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character == "}":
            return position
        position += 1
    expected = f"the string that is closed by {quote}" if quote else "'}'"
    raise ExpressionError(
        f"Error parsing '{text}': syntax error at position {len(text) + 1}, the text ends before {expected}", text
    )


def _compiled(text: str, start: int, end: int) -> Node:
    try:
        return compile_expression(text[start:end])
    except SyntaxFailure as failure:
        position = start + failure.position + 1
        raise ExpressionError(f"Error parsing '{text}': syntax error at position {position}, {failure}", text) from None
    except Failure as failure:
        raise ExpressionError(f"Error parsing '{text}': {failure}", text) from None
