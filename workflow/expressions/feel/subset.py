"""The part of FEEL that models use most, evaluated in Python: some hundred times faster than a call of the interpreter.

Literals, lists, contexts, variables and paths, comparison, arithmetic, `and`, `or`, `not(…)`, `if`. `compile_subset`
returns None for everything else, and a compiled expression raises `OutsideSubset` for values it leaves to the
interpreter, so that a doubt costs time, never a different result.

Numbers are counted as on paper, 0.1 + 0.2 is 0.3: `numbers.js` tells how and counts in the same way.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any, Final, NamedTuple

from workflow.expressions.limits import check_size, check_text

MAX_TOKENS: Final = 200
MAX_DEPTH: Final = 20

Scope = Mapping[str, object]
Notes = list[str]
Run = Callable[[Scope, Notes], object]

_MISSING: Final = object()
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?![\w.]))
      | (?P<string>"[^"\\\n\r]*")
      | (?P<name>[A-Za-z_]\w*)
      | (?P<symbol>!=|<=|>=|\*\*|[-+*/=<>().,:\[\]{}])
    )""",
    re.VERBOSE | re.ASCII,
)
_RESERVED: Final = frozenset(
    {
        *("and", "between", "else", "every", "external", "false", "for", "function", "if", "in", "instance", "not"),
        *("null", "of", "or", "return", "satisfies", "some", "then", "true"),
    }
)
_SCALARS: Final = (int, float, str, bool)
_EXACT: Final = 10**34
"""Products beyond are a matter of rounding."""


class OutsideSubset(Exception):
    """An expression or a value that is the interpreter's business."""


class CompiledSubset(NamedTuple):
    """A function of the variables that also notes the warnings, and the names it reads.

    It raises OutsideSubset, or TooLarge.
    """

    run: Run
    names: frozenset[str]


def compile_subset(text: str) -> CompiledSubset | None:
    """Return the compiled expression, or None if it is not of the subset (or not FEEL at all)."""
    try:
        return _Parser(_tokens(text)).parse()
    except OutsideSubset:
        return None


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise OutsideSubset
        kind = match.lastgroup or ""
        token = match[kind]
        tokens.append((token if kind == "symbol" or token in _RESERVED else kind, token))
        position = match.end()
    if len(tokens) > MAX_TOKENS:
        raise OutsideSubset
    return [*tokens, ("end", "")]


class _Parser:
    """Recursive descent, one method per level of precedence, loosest first."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0
        self.names: set[str] = set()
        self.builds = False

    def parse(self) -> CompiledSubset:
        run = self.expression()
        self.expect("end")
        return CompiledSubset(_measured(run) if self.builds else run, frozenset(self.names))

    def peek(self) -> str:
        return self.tokens[self.position][0]

    def take(self) -> str:
        self.position += 1
        return self.tokens[self.position - 1][1]

    def accept(self, kind: str) -> bool:
        found = self.peek() == kind
        self.position += found
        return found

    def expect(self, kind: str) -> None:
        if not self.accept(kind):
            raise OutsideSubset

    def expression(self) -> Run:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise OutsideSubset
        run = self.conditional() if self.peek() == "if" else self.disjunction()
        self.depth -= 1
        return run

    def conditional(self) -> Run:
        self.expect("if")
        condition = self.expression()
        self.expect("then")
        then = self.expression()
        self.expect("else")
        return _conditional(condition, then, self.expression())

    def disjunction(self) -> Run:
        run = self.conjunction()
        while self.accept("or"):
            run = _logical(run, self.conjunction(), decisive=True)
        return run

    def conjunction(self) -> Run:
        run = self.comparison()
        while self.accept("and"):
            run = _logical(run, self.comparison(), decisive=False)
        return run

    def comparison(self) -> Run:
        left = self.sum()
        if self.peek() in _COMPARISONS:
            left = _COMPARISONS[self.take()](left, self.sum())
        return left

    def sum(self) -> Run:
        run = self.product()
        while self.peek() in ("+", "-"):
            run = _ARITHMETIC[self.take()](run, self.product())
        return run

    def product(self) -> Run:
        run = self.unary()
        while self.peek() in ("*", "/"):
            run = _ARITHMETIC[self.take()](run, self.unary())
        return run

    def unary(self) -> Run:
        if not self.accept("-"):
            return self.path()
        if self.peek() == "number":
            return _constant(-_number(self.take()))
        return _ARITHMETIC["-"](_constant(0), self.path())

    def path(self) -> Run:
        run = self.primary()
        while self.accept("."):
            if self.peek() != "name":
                raise OutsideSubset
            run = _entry(run, self.take())
        return run

    def primary(self) -> Run:
        kind, token = self.peek(), self.take()
        match kind:
            case "number":
                return _constant(_number(token))
            case "string":
                return _constant(token[1:-1])
            case "true" | "false":
                return _constant(kind == "true")
            case "null":
                return _constant(None)
            case "name" if not token.startswith("__"):
                self.names.add(token)
                return _variable(token)
            case "(":
                return self.closed(")")
            case "not":
                self.expect("(")
                return _negation(self.closed(")"))
            case "[":
                return self.list()
            case "{":
                return self.context()
        raise OutsideSubset

    def closed(self, bracket: str) -> Run:
        run = self.expression()
        self.expect(bracket)
        return run

    def context(self) -> Run:
        self.builds = True
        entries: dict[str, Run] = {}
        if not self.accept("}"):
            self.entry(entries)
            while self.accept(","):
                self.entry(entries)
            self.expect("}")
        return lambda scope, notes: {key: whole(run(scope, notes)) for key, run in entries.items()}

    def entry(self, entries: dict[str, Run]) -> None:
        if self.peek() not in ("name", "string"):
            raise OutsideSubset
        key = self.take().strip('"')
        self.expect(":")
        outside, self.names = self.names, set()
        run = self.expression()
        if key in entries or not self.names.isdisjoint(entries):
            raise OutsideSubset  # later entries see earlier ones
        self.names |= outside
        entries[key] = run

    def list(self) -> Run:
        self.builds = True
        items: list[Run] = []
        if not self.accept("]"):
            items.append(self.expression())
            while self.accept(","):
                items.append(self.expression())
            self.expect("]")
        return lambda scope, notes: [whole(item(scope, notes)) for item in items]


def whole(value: object) -> object:
    """Return a number as JSON has it: without a fraction if it is whole, null if it is not a number any more."""
    if type(value) is not float:
        return value
    if value.is_integer() and abs(value) < 1e21:
        return int(value) if abs(value) < 2**53 else int(Decimal(repr(value)))  # the digits that it is written with
    return value if abs(value) < float("inf") else None


def _measured(run: Run) -> Run:
    def measure(scope: Scope, notes: Notes) -> object:
        value = run(scope, notes)
        if type(value) is list or type(value) is dict:
            check_size(value)
        return value

    return measure


def _number(token: str) -> int | float:
    return float(token) if "." in token else int(token)


def _constant(value: object) -> Run:
    return lambda scope, notes: value


def _variable(name: str) -> Run:
    def run(scope: Scope, notes: Notes) -> object:
        value = scope.get(name, _MISSING)
        if value is _MISSING:
            notes.append(f"[NO_VARIABLE_FOUND] No variable found with name '{name}'")
            return None
        return value

    return run


def _entry(base: Run, key: str) -> Run:
    def run(scope: Scope, notes: Notes) -> object:
        target = base(scope, notes)
        if type(target) is dict and key in target:
            return target[key]
        if type(target) is list:
            return [_read(item, key, notes) for item in target]
        return _read(target, key, notes)

    return run


def _read(target: object, key: str, notes: Notes) -> object:
    if target is None:
        notes.append(f"[NO_CONTEXT_ENTRY_FOUND] No context entry found with key '{key}'. The context is null")
        return None
    if type(target) is not dict:
        raise OutsideSubset
    if key in target:
        return target[key]
    available = "Available keys: " + ", ".join(f"'{name}'" for name in target) if target else "The context is empty"
    notes.append(f"[NO_CONTEXT_ENTRY_FOUND] No context entry found with key '{key}'. {available}")
    return None


def _conditional(condition: Run, then: Run, otherwise: Run) -> Run:
    def run(scope: Scope, notes: Notes) -> object:
        return (then if condition(scope, notes) is True else otherwise)(scope, notes)

    return run


def _logical(left: Run, right: Run, *, decisive: bool) -> Run:
    """`or` if true decides the result, `and` if false does; a result that nothing decides is null."""

    def run(scope: Scope, notes: Notes) -> object:
        first, second = left(scope, notes), right(scope, notes)
        if first is decisive or second is decisive:
            return decisive
        return (not decisive) if first is second is (not decisive) else None

    return run


def _negation(operand: Run) -> Run:
    def run(scope: Scope, notes: Notes) -> object:
        value = operand(scope, notes)
        return (not value) if isinstance(value, bool) else None

    return run


def _arithmetic(
    word: str, operation: Callable[[Any, Any], object], *, joins_text: bool = False
) -> Callable[[Run, Run], Run]:
    def build(left: Run, right: Run) -> Run:
        def run(scope: Scope, notes: Notes) -> object:
            first, second = left(scope, notes), right(scope, notes)
            one, other = type(first), type(second)
            if (one is int or one is float) and (other is int or other is float):
                try:
                    return operation(first, second)
                except OverflowError:
                    raise OutsideSubset from None
            if joins_text and one is other is str:
                check_text(len(first) + len(second))  # type: ignore[arg-type]  # both are text
                return operation(first, second)
            _refuse(f"[INVALID_TYPE] Can't {word} {{1}} to {{0}}", first, second, notes)
            return None

        return run

    return build


def _add(first: Any, second: Any) -> object:
    result = first + second
    return result if type(result) is not float else _rounded(result, max(_places(first), _places(second)))


def _subtract(first: float, second: float) -> float:
    result = first - second
    return result if type(result) is not float else _rounded(result, max(_places(first), _places(second)))


def _multiply(first: float, second: float) -> float:
    result = first * second
    if type(result) is float:
        return _rounded(result, _places(first) + _places(second))
    if abs(result) > _EXACT:
        raise OutsideSubset
    return result


def _divide(dividend: float, divisor: float) -> float | None:
    if not divisor:
        return None
    if type(dividend) is int and type(divisor) is int and dividend % divisor == 0:
        return dividend // divisor
    quotient = dividend / divisor
    short = float(f"{quotient:.15g}")
    return short if _multiply(short, divisor) == dividend else quotient


def _places(number: float) -> int:
    """How many digits a number has after the point."""
    if type(number) is int or number.is_integer():
        return 0
    digits, _, exponent = repr(number).partition("e")
    return max(0, len(digits.partition(".")[2]) - int(exponent or 0))


def _rounded(number: float, places: int) -> float:
    return number if places > 100 or not isfinite(number) else round(number, places)


def _equality(*, equal: bool) -> Callable[[Run, Run], Run]:
    def build(left: Run, right: Run) -> Run:
        def run(scope: Scope, notes: Notes) -> object:
            first, second = left(scope, notes), right(scope, notes)
            if first is None or second is None:
                return (first is second) is equal
            one, other = type(first), type(second)
            if one is other if one in (str, bool) else _both_numbers(one, other):
                return (first == second) is equal
            _refuse(_NOT_COMPARABLE, first, second, notes)
            return None

        return run

    return build


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Run, Run], Run]:
    def build(left: Run, right: Run) -> Run:
        def run(scope: Scope, notes: Notes) -> object:
            first, second = left(scope, notes), right(scope, notes)
            if _both_numbers(type(first), type(second)):
                return compare(first, second)
            if first is None or second is None:
                return None
            if isinstance(first, str) and isinstance(second, str) and first.isascii() and second.isascii():
                return compare(first, second)
            if isinstance(first, str) and isinstance(second, str):
                raise OutsideSubset  # the interpreter orders UTF-16 code units
            _refuse(_NOT_COMPARABLE, first, second, notes)
            return None

        return run

    return build


def _both_numbers(one: type, other: type) -> bool:
    return (one is int or one is float) and (other is int or other is float)


_NOT_COMPARABLE: Final = "[NOT_COMPARABLE] Can't compare {0} with {1}"


def _refuse(note: str, first: object, second: object, notes: Notes) -> None:
    """Note that an operator does not take these values, whose result is null; values of other types go outside."""
    for value in (first, second):
        if value is not None and type(value) not in _SCALARS:
            raise OutsideSubset
    notes.append(note.format(_shown(first), _shown(second)))


def _shown(value: object) -> str:
    match value:
        case None:
            return "'null'"
        case bool():
            return "'true'" if value else "'false'"
        case str():
            return f"'\"{value}\"'"
    return f"'{whole(value)}'"


_ARITHMETIC: Final = {
    "+": _arithmetic("add", _add, joins_text=True),
    "-": _arithmetic("subtract", _subtract),
    "*": _arithmetic("multiply", _multiply),
    "/": _arithmetic("divide", _divide),
}
_COMPARISONS: Final = {
    "=": _equality(equal=True),
    "!=": _equality(equal=False),
    "<": _order(operator.lt),
    "<=": _order(operator.le),
    ">": _order(operator.gt),
    ">=": _order(operator.ge),
}
