"""Turns the text of one expression into a function of the variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

from workflow.expressions.juel import coercion
from workflow.expressions.juel.failure import Failure, NoSuchMethod, Unresolved
from workflow.expressions.juel.members import call_method, read_item, read_member

MAX_DEPTH: Final = 200
NOW: Final = "__now__"
USER: Final = "__user__"
AUTHENTICATED_USER: Final = "authenticatedUserId"
_SPIN: Final = frozenset({"S", "JSON", "XML"})

Scope = Mapping[str, object]
Run = Callable[[Scope], object]
_MISSING: Final = object()
_READS_A_VARIABLE: Final = {"getVariable", "getVariableLocal", "hasVariable", "hasVariableLocal"}


class Node(NamedTuple):
    """A compiled part of an expression."""

    run: Run
    names: frozenset[str] = frozenset()
    depth: int = 1
    literal: object = None


class SyntaxFailure(Exception):
    """Text that is not an expression; `position` counts from 0."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.position = position


def compile_expression(text: str) -> Node:
    """Return the compiled expression, or raise SyntaxFailure or Failure."""
    try:
        return _parser().parse(text)  # type: ignore[return-value]  # the transformer's type is not known to lark
    except UnexpectedInput as error:
        raise _syntax_failure(error, text) from None


def _syntax_failure(error: UnexpectedInput, text: str) -> SyntaxFailure:
    position = error.pos_in_stream if error.pos_in_stream is not None and error.pos_in_stream >= 0 else len(text)
    token = getattr(error, "token", None)
    if token is None:
        return SyntaxFailure(f"encountered invalid character '{text[position]}'", position)
    if token.type == "$END":
        return SyntaxFailure("the expression is incomplete", len(text))
    return SyntaxFailure(f"encountered '{token}'", position)


@cache
def _parser() -> Lark:
    grammar = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=Compiler())


def _node(run: Run, *parts: Node, names: frozenset[str] = frozenset()) -> Node:
    depth = 1 + max((part.depth for part in parts), default=0)
    if depth > MAX_DEPTH:
        raise Failure(f"it is nested more than {MAX_DEPTH} levels deep")
    return Node(run, names.union(*(part.names for part in parts)), depth)


def _binary(operation: Callable[[object, object], object]) -> Callable[[Compiler, Node, Node], Node]:
    def build(self: Compiler, left: Node, right: Node) -> Node:
        run_left, run_right = left.run, right.run
        return _node(lambda scope: operation(run_left(scope), run_right(scope)), left, right)

    return build


def _unary(operation: Callable[[object], object]) -> Callable[[Compiler, Node], Node]:
    def build(self: Compiler, operand: Node) -> Node:
        run = operand.run
        return _node(lambda scope: operation(run(scope)), operand)

    return build


def _constant(value: object) -> Node:
    return Node(lambda scope: value, literal=value)


@v_args(inline=True)
class Compiler(Transformer[Token, Node]):
    """One method per rule of the grammar."""

    equal = _binary(coercion.equal)
    different = _binary(coercion.different)
    less = _binary(coercion.less)
    greater = _binary(coercion.greater)
    less_or_equal = _binary(coercion.less_or_equal)
    greater_or_equal = _binary(coercion.greater_or_equal)
    plus = _binary(coercion.add)
    minus = _binary(coercion.subtract)
    times = _binary(coercion.multiply)
    divided = _binary(coercion.divide)
    remainder = _binary(coercion.modulo)
    item = _binary(read_item)
    negative = _unary(coercion.negate)
    negation = _unary(lambda value: not coercion.to_boolean(value))
    is_empty = _unary(coercion.is_empty)

    def conditional(self, condition: Node, then: Node, otherwise: Node) -> Node:
        test, yes, no = condition.run, then.run, otherwise.run
        return _node(
            lambda scope: yes(scope) if coercion.to_boolean(test(scope)) else no(scope), condition, then, otherwise
        )

    def either(self, left: Node, right: Node) -> Node:
        first, second = left.run, right.run
        return _node(lambda scope: coercion.to_boolean(first(scope)) or coercion.to_boolean(second(scope)), left, right)

    def both(self, left: Node, right: Node) -> Node:
        first, second = left.run, right.run
        return _node(
            lambda scope: coercion.to_boolean(first(scope)) and coercion.to_boolean(second(scope)), left, right
        )

    def member(self, base: Node, name: Token) -> Node:
        run, key = base.run, str(name)
        return _node(lambda scope: read_member(run(scope), key), base)

    def method(self, base: Node, name: Token, arguments: list[Node]) -> Node:
        run, key, values = base.run, str(name), [argument.run for argument in arguments]
        names = frozenset(
            argument.literal
            for argument in arguments[:1]
            if key in _READS_A_VARIABLE and isinstance(argument.literal, str)
        )
        return _node(
            lambda scope: call_method(run(scope), key, [value(scope) for value in values]),
            base,
            *arguments,
            names=names,
        )

    def arguments(self, *parts: Node | None) -> list[Node]:
        return [part for part in parts if part is not None]

    def variable(self, name: Token) -> Node:
        key = str(name)
        if key in (NOW, USER):
            raise Failure(f"'{key}' is not a variable")

        def run(scope: Scope) -> object:
            value = scope.get(key, _MISSING)
            if value is not _MISSING:
                return value
            if key == AUTHENTICATED_USER:
                return scope.get(USER)
            raise Unresolved(f"Cannot resolve identifier '{key}'")

        return Node(run, frozenset([key]))

    def function(self, name: Token, arguments: list[Node]) -> Node:
        if name in _SPIN:
            raise NoSuchMethod(
                f"function '{name}' of Spin is not supported; a JSON variable is a value with properties here, "
                "as in ${order.customer.name}"
            )
        function = _FUNCTIONS.get(name)
        if function is None or arguments:
            raise NoSuchMethod(f"Could not resolve function '{name}'")
        return Node(function)

    def integer(self, token: Token) -> Node:
        try:
            return _constant(int(token))
        except ValueError as error:
            raise Failure("a number has too many digits") from error

    def floating(self, token: Token) -> Node:
        return _constant(float(token))

    def string(self, token: Token) -> Node:
        return _constant(_unescaped(token[1:-1]))

    def true(self) -> Node:
        return _constant(True)

    def false(self) -> Node:
        return _constant(False)

    def null(self) -> Node:
        return _constant(None)


def _now(scope: Scope) -> object:
    clock = scope.get(NOW)
    if not callable(clock):
        raise Failure("Function 'now' has no clock here")
    return clock()


_FUNCTIONS: Final[Mapping[str, Run]] = {
    "now": _now,
    "dateTime": _now,
    "currentUser": lambda scope: scope.get(USER),
}


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    parts = iter(text)
    return "".join(next(parts) if part == "\\" else part for part in parts)
