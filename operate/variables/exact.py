"""JSON that keeps its digits, and says in people's words what is wrong with it.

A number is what was typed: 1.10 stays 1.10 and 9007199254740993 is not rounded. The engine calculates with the floats that
`Exact` values are; what is stored and shown is their text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import uuid4

from workflow.engine.errors import Rejected

INDENT = 2
MAX_DEPTH = 200
MAX_DIGITS = 4_000
SHOWN = 40


class Exact(float):
    """A number whose digits a float alone would not keep."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Exact:
        made = super().__new__(cls, text)
        made.text = text
        return made


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a JSON text, and where: lines and columns are counted from 1."""

    code: str
    message: str
    line: int = 1
    column: int = 1
    path: str = ""


class Flawed(Rejected):
    """A text that is not the JSON that was expected."""

    def __init__(self, flaw: Flaw, name: str = "") -> None:
        self.flaws = (flaw,)
        where = f" of '{name}'" if name else ""
        super().__init__(f"Invalid JSON format{where}, line {flaw.line}, column {flaw.column}: {flaw.message}")


def parse(text: str, name: str = "") -> Any:
    """The value of a JSON text; `name` says in errors whose it is. Raises Flawed."""
    if not text.strip():
        raise Flawed(Flaw("nothing", "Expected a value, found nothing.", path=name), name)
    try:
        value = json.loads(text, parse_float=_number, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
        check_depth(value)
    except json.JSONDecodeError as error:
        raise Flawed(_flaw(text, error, name), name) from None
    except _Duplicate as duplicate:
        raise Flawed(_duplicate_flaw(text, duplicate.name, name), name) from None
    except _BadNumber as bad:
        raise Flawed(_found_at(text, bad.text, "bad_number", bad.message, name), name) from None
    except RecursionError:
        raise Flawed(Flaw("too_deep", f"It is more than {MAX_DEPTH} levels deep.", path=name), name) from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise Flawed(Flaw("bad_number", f"A number is too long: {error}.", path=name), name) from None
    _check_characters(text, name)
    return value


def parse_object(text: str, name: str = "") -> dict[str, Any]:
    """The variables of a document, which has to be one JSON object."""
    value = parse(text, name)
    if not isinstance(value, dict):
        raise Flawed(
            Flaw("not_an_object", 'Expected all variables as one object, like {"amount": 100}.', path=name), name
        )
    return value


def dump(value: Any, indent: int | None = None) -> str:
    """JSON text with all digits."""
    marks: dict[str, str] = {}
    mark = uuid4().hex
    plain = _marked(value, marks, mark)
    separators = (",", ":") if indent is None else None
    text = json.dumps(plain, ensure_ascii=False, indent=indent, separators=separators, allow_nan=False)
    return re.sub(f'"{mark}(\\d+)"', lambda found: marks[found[1]], text) if marks else text


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1, 1.0 and true are three different values, and so are 1.1 and 1.10."""
    if isinstance(one, float) and isinstance(other, float):
        return _digits(one) == _digits(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)


def is_alike(one: Any, other: Any) -> bool:
    """As `is_same`, for what may have lost digits on the way: floats are compared as floats."""
    if isinstance(one, float) and isinstance(other, float):
        return float(one) == float(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_alike(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_alike, one, other))
    return bool(one == other)


def has_floats(value: Any) -> bool:
    """Whether digits could have been lost in it."""
    return any(isinstance(leaf, float) for leaf in _leaves(value))


def indented(pretty: str) -> str:
    """A value as PostgreSQL's `jsonb_pretty` writes it, which indents by four, as everything here is written."""
    closed = re.sub(
        r"([{\[])\n *([}\]])", r"\1\2", pretty
    )  # no text has a line break in it: in JSON that is written \n
    return re.sub(r"^ +", lambda spaces: " " * (len(spaces[0]) // 4 * INDENT), closed, flags=re.MULTILINE)


def check_depth(value: Any) -> None:
    """Raise RecursionError for what is nested too deep."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inner(outer)]
        if not level:
            return
    raise RecursionError


def _inner(outer: dict[str, Any] | list[Any]) -> list[Any]:
    values = outer.values() if isinstance(outer, dict) else outer
    return [value for value in values if isinstance(value, dict | list)]


def _leaves(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        match found:
            case dict():
                waiting += found.values()
            case list():
                waiting += found
            case _:
                yield found


def _digits(number: float) -> str:
    return number.text if isinstance(number, Exact) else repr(number)


def _marked(value: Any, marks: dict[str, str], mark: str) -> Any:
    match value:
        case Exact():
            number = str(len(marks))
            marks[number] = value.text
            return f"{mark}{number}"
        case dict():
            return {name: _marked(inner, marks, mark) for name, inner in value.items()}
        case list():
            return [_marked(inner, marks, mark) for inner in value]
    return value


# -- reading


class _Duplicate(Exception):
    def __init__(self, name: str) -> None:
        self.name = name


class _BadNumber(Exception):
    def __init__(self, text: str, message: str) -> None:
        self.text, self.message = text, message


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or len(text) > MAX_DIGITS:
        raise _BadNumber(text, f"{text[:SHOWN]} is beyond all numbers that can be stored.")
    return number if repr(number) == text else Exact(text)


def _no_constant(name: str) -> NoReturn:
    raise _BadNumber(name, f'{name} is no JSON value. Write null, or the text "{name}".')


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _value in pairs:
            if name in seen:
                raise _Duplicate(name)
            seen.add(name)
    return found


def _check_characters(text: str, name: str) -> None:
    """What PostgreSQL cannot store; an escaped backslash before u0000 is no NUL."""
    if "\\u0000" in text and (found := re.search(r"(?<!\\)(?:\\\\)*\\u0000", text)):
        raise Flawed(_at(text, found.start(), "nul", "The character U+0000 cannot be stored.", name), name)
    if "\\ud" in text.lower():
        try:
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            message = "It has half of a surrogate pair, which is no character."
            raise Flawed(Flaw("nul", message, path=name), name) from None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "Here is half of a surrogate pair, which is no character."
        raise Flawed(_at(text, error.start, "nul", message, name), name) from None


# -- saying what is wrong


def _at(text: str, position: int, code: str, message: str, name: str) -> Flaw:
    line = text.count("\n", 0, position) + 1
    return Flaw(code, message, line, position - text.rfind("\n", 0, position), name)


def _found_at(text: str, part: str, code: str, message: str, name: str) -> Flaw:
    for token in _tokens(text):
        if token[0] == part:
            return _at(text, token.start(), code, message, name)
    return Flaw(code, message, path=name)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return _TOKEN.finditer(text)


def _duplicate_flaw(text: str, name: str, path: str) -> Flaw:
    """Where a name stands a second time in one object."""
    message = f"'{name[:SHOWN]}' stands twice in one object. Keep one of them."
    names: list[set[str]] = []
    tokens = list(_tokens(text))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        match token[0][0]:
            case "{" | "[":
                names.append(set())
            case "}" | "]":
                names.pop()
            case '"' if following is not None and following[0] == ":" and json.loads(token[0]) == name:
                if name in names[-1]:
                    return _at(text, token.start(), "duplicate_key", message, path)
                names[-1].add(name)
    return Flaw("duplicate_key", message, path=path)


def _flaw(text: str, error: json.JSONDecodeError, name: str) -> Flaw:
    """Python's finding in the words of somebody who wants to put it right."""
    position = error.pos
    rest = text[position:].lstrip()
    position = len(text) - len(rest) if rest else len(text)
    before = text[:position].rstrip()
    last = len(before) - 1

    def flaw(code: str, message: str, place: int = position) -> Flaw:
        return _at(text, max(place, 0), code, message, name)

    if error.msg.startswith(("Unterminated string", "Invalid control character")):
        opened = error.pos if error.msg.startswith("Unterminated") else text.rfind('"', 0, error.pos)
        return flaw("missing_quotes", "The closing quotation mark of this text is missing.", opened)
    if error.msg.startswith("Invalid"):
        return flaw("unexpected", 'A backslash has to be followed by one of " \\ / b f n r t or u and four digits.')
    if not rest:
        return _unclosed(text, flaw)
    if rest[0] in "}]":
        return _wrong_end(text, before, rest[0], position, flaw)
    if error.msg.startswith("Extra data"):
        return flaw("unexpected", "Something follows after the end of the document.")
    if error.msg.startswith("Expecting ',' delimiter"):
        if rest[0] == ":":
            return flaw("unexpected", "Expected a comma, found a colon.")
        return flaw("missing_comma", "A comma is missing after this value.", last)
    if error.msg.startswith("Expecting ':' delimiter"):
        return flaw("unexpected", "Expected a colon between name and value.")
    return _wrong_word(rest, error, flaw)


def _unclosed(text: str, flaw: Callable[..., Flaw]) -> Flaw:
    """The text ends too early: name the bracket that nothing closes."""
    opened: list[re.Match[str]] = []
    for token in _tokens(text):
        if token[0] in ("{", "["):
            opened.append(token)
        elif token[0] in ("}", "]") and opened:
            opened.pop()
    if not opened:
        return flaw("unexpected", "The document ends where a value was expected.")
    bracket = opened[-1]
    closing = "}" if bracket[0] == "{" else "]"
    return flaw("unclosed", f"This '{bracket[0]}' is never closed: '{closing}' is missing.", bracket.start())


def _wrong_end(text: str, before: str, found: str, position: int, flaw: Callable[..., Flaw]) -> Flaw:
    if before.endswith(","):
        return flaw("trailing_comma", f"There is a comma too many before '{found}'.", len(before) - 1)
    if before.endswith(":"):
        return flaw("unexpected", f"Expected a value before '{found}'.")
    opened: list[re.Match[str]] = []
    for token in _tokens(text[:position]):
        if token[0] in ("{", "["):
            opened.append(token)
        elif token[0] in ("}", "]") and opened:
            opened.pop()
    if not opened:
        return flaw("unclosed", f"Nothing is open that this '{found}' could close.")
    line = text.count("\n", 0, opened[-1].start()) + 1
    closing = "}" if opened[-1][0] == "{" else "]"
    if closing == found:
        return flaw("unexpected", f"Expected a colon and a value before '{found}'.")
    return flaw("unclosed", f"Expected '{closing}' to close '{opened[-1][0]}' of line {line}, found '{found}'.")


def _wrong_word(rest: str, error: json.JSONDecodeError, flaw: Callable[..., Flaw]) -> Flaw:
    """Where a name or a value should begin, something else does."""
    word = re.match(r"[^\s,:{}\[\]]+", rest)
    shown = word[0][:SHOWN] if word else rest[0]
    if rest.startswith(("//", "/*", "#")):
        return flaw("unexpected", "JSON has no comments. Take it out.")
    if rest[0] == ",":
        return flaw("trailing_comma", "There is a comma too many.")
    if rest[0] in "'\u201c\u201d\u2018\u2019\u201e`":
        return flaw("missing_quotes", f'Expected straight double quotation marks (") instead of {rest[0]}.')
    if error.msg.startswith("Expecting property name"):
        return flaw("missing_quotes", f'Expected a name in quotation marks, like "{shown.strip(chr(34))}".')
    if re.match(r"[+.]?\d|-", rest):
        return flaw("bad_number", f"'{shown}' is no JSON number.")
    if shown.lower() in ("true", "false", "null", "none", "undefined"):
        known = "null" if shown.lower() in ("none", "undefined") else shown.lower()
        return flaw("unexpected", f"Expected {known}, found {shown}.")
    return flaw("missing_quotes", f'Text has to stand in quotation marks: "{shown.strip(chr(34))}".')


__all__ = [
    "Exact",
    "Flaw",
    "Flawed",
    "check_depth",
    "dump",
    "has_floats",
    "indented",
    "is_alike",
    "is_same",
    "parse",
    "parse_object",
]
