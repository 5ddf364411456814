"""Dataclasses as JSON and back: instructions, plans, commands. Their fields are the names in JSON; keys are strings there.

What is written is short: a field that has its default is left out. What is read is checked as a whole: each problem names its path,
and a field that nobody knows is one. A class of `Instruction` is told by `type`. Values whose type was named keep it beside
them: `{"variables": {"n": 1}, "variables_types": {"n": "Long"}}`, because a value itself may be any JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from workflow.engine.errors import Rejected
from workflow.engine.values import TypedValue, Variables
from workflow.modification import CAMUNDA_7_INSTRUCTIONS, ZEEBE_INSTRUCTIONS, Instruction, MoveElements

T = TypeVar("T")
Schema = Mapping[str, Any]
Problems = list["Problem"]

TYPE = "type"
TYPES_SUFFIX = "_types"
KEY_LIMIT = 2**63
WHOLE_LIMIT = 2**31
MAX_TEXT = 4_000
MAX_NAME = 255
MAX_ITEMS = 10_000
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_INSIDE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with JSON."""

    path: str
    message: str


class Malformed(Rejected):
    """JSON that cannot be read; `problems` are all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


def name_of(kind: type) -> str:
    """The name of a class in JSON: `start_before` for StartBefore."""
    return _INSIDE.sub("_", kind.__name__).lower()


INSTRUCTIONS: Mapping[str, type[Instruction]] = {
    name_of(kind): kind for kind in (*CAMUNDA_7_INSTRUCTIONS, *ZEEBE_INSTRUCTIONS)
}


# ---- in


def read(kind: type[T], values: object, path: str = "") -> T:
    """The dataclass that a JSON object means; Malformed with all that is wrong."""
    problems: Problems = []
    found = read_object(kind, values, path, problems)
    if problems:
        raise Malformed(problems)
    return found  # type: ignore[return-value]  # without a problem there is one


def read_object(kind: type[T], values: object, path: str, problems: Problems) -> T | None:
    """The same; what is wrong goes to `problems`, and None comes back if there is anything."""
    if not isinstance(values, Mapping):
        problems.append(Problem(path, f"Expected {path or 'the body'} to be a JSON object, found {json_kind(values)}."))
        return None
    known = len(problems)
    arguments = {each.name: _field(each, hint, values, path, problems) for each, hint in hinted_fields(kind)}
    allowed = _names(kind)
    for name in values:
        if name not in allowed:
            at = _inner(path, str(name)[:80])
            problems.append(
                Problem(at, f"Unknown field '{at}'. Expected one of {', '.join(sorted(allowed)) or 'none'}.")
            )
    if len(problems) > known:
        return None
    return kind(**{name: value for name, value in arguments.items() if value is not MISSING})


def _names(kind: type) -> set[str]:
    names = {each.name for each, _hint in hinted_fields(kind)}
    typed = {name + TYPES_SUFFIX for name in (each.name for each, hint in hinted_fields(kind) if hint == Variables)}
    return names | typed | ({TYPE} if issubclass(kind, Instruction) else set())


@cache
def hinted_fields(kind: type) -> tuple[tuple[Field[Any], Any], ...]:
    """The fields of a dataclass with what they hold."""
    hints = get_type_hints(kind)
    return tuple((each, hints[each.name]) for each in fields(kind))


def is_required(field: Field[Any]) -> bool:
    """Whether a field has no default."""
    return field.default is MISSING and field.default_factory is MISSING


def _field(field: Field[Any], hint: Any, values: Mapping[str, Any], path: str, problems: Problems) -> Any:
    value, at = values.get(field.name), _inner(path, field.name)
    if value is None:
        if is_required(field):
            problems.append(Problem(at, f"Expected '{at}', but it is missing."))
        return MISSING
    if hint == Variables:
        types = field.name + TYPES_SUFFIX
        return _variables(value, values.get(types), at, _inner(path, types), problems)
    return _value(field.name, hint, value, at, problems)


def _value(name: str, hint: Any, value: Any, path: str, problems: Problems) -> Any:
    if get_origin(hint) is UnionType:
        [hint] = [each for each in get_args(hint) if each is not NoneType]
    if get_origin(hint) in (tuple, Sequence):
        return _items(name, get_args(hint)[0], value, path, problems)
    if hint is Instruction:
        return read_instruction(value, path, problems)
    if is_dataclass(hint):
        return read_object(hint, value, path, problems)  # type: ignore[arg-type]
    expected, check = _reader(name, hint)
    found = check(value)
    if found is None:
        problems.append(Problem(path, f"Expected '{path}' to be {expected}, found {_shown(value)}."))
    return found


def _items(name: str, hint: Any, value: Any, path: str, problems: Problems) -> tuple[Any, ...]:
    if not isinstance(value, list):
        problems.append(Problem(path, f"Expected '{path}' to be a list, found {_shown(value)}."))
        return ()
    if len(value) > MAX_ITEMS:
        problems.append(Problem(path, f"Expected at most {MAX_ITEMS} items in '{path}', found {len(value)}."))
        return ()
    singular = name.removesuffix("s")
    return tuple(_value(singular, hint, each, f"{path}[{i}]", problems) for i, each in enumerate(value))


def read_instruction(value: object, path: str, problems: Problems) -> Instruction | None:
    """The instruction that a JSON object means; None if something is wrong with it."""
    if not isinstance(value, Mapping):
        problems.append(Problem(path, f"Expected '{path}' to be a JSON object, found {json_kind(value)}."))
        return None
    name = value.get(TYPE)
    kind = INSTRUCTIONS.get(name) if isinstance(name, str) else None
    if kind is None:
        at = _inner(path, TYPE)
        known = ", ".join(INSTRUCTIONS)
        problems.append(Problem(at, f"Expected '{at}' to be one of {known}; found {_shown(name)}."))
        return None
    found = read_object(kind, value, path, problems)
    if isinstance(found, MoveElements) and (found.source_key is None) == (found.source_element_id is None):
        message = f"Expected exactly one of 'source_element_id' and 'source_key' in '{path}'."
        problems.append(Problem(path, message))
        return None
    return found


def _reader(name: str, hint: Any) -> tuple[str, Callable[[Any], Any]]:
    if hint is bool:
        return "true or false", lambda value: value if isinstance(value, bool) else None
    if hint is int and is_key(name):
        return "a key (digits in a string)", key
    if hint is int:
        return "a whole number", _whole
    if hint is str:
        limit = MAX_TEXT if name in ("reason", "message", "text", "note") else MAX_NAME
        return f"a text of at most {limit} characters", lambda value: _text(value, limit)
    if hint is datetime:
        return "a date with a time and its zone, as ISO 8601 has it", _moment
    if get_origin(hint) is dict:
        return "an object", lambda value: value if isinstance(value, dict) else None
    if isinstance(hint, type) and issubclass(hint, Enum):
        choices: dict[Any, Enum] = {each.value: each for each in hint}
        return f"one of {', '.join(choices)}", lambda value: choices.get(value) if isinstance(value, str) else None
    raise TypeError(f"JSON cannot hold a {hint}")


def is_key(name: str) -> bool:
    """Whether a field of this name holds a key."""
    return name == "key" or name.endswith("_key")


def key(value: object) -> int | None:
    """A key, written as a string or as a number; None for anything else."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < KEY_LIMIT else None


def _whole(value: object) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and -WHOLE_LIMIT <= value < WHOLE_LIMIT
    return value if fits else None  # type: ignore[return-value]


def _text(value: object, limit: int) -> str | None:
    return value if isinstance(value, str) and len(value) <= limit else None


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is None else found


def _variables(value: Any, types: Any, path: str, types_path: str, problems: Problems) -> dict[str, object]:
    if not isinstance(value, Mapping):
        problems.append(Problem(path, f"Expected '{path}' to be an object of values by name, found {_shown(value)}."))
        return {}
    for name in value:
        if not 0 < len(name) <= MAX_NAME:
            problems.append(Problem(path, f"Expected the names in '{path}' to have 1 to {MAX_NAME} characters."))
    return {**value, **_typed(value, {} if types is None else types, path, types_path, problems)}


def _typed(values: Mapping[str, Any], types: Any, path: str, types_path: str, problems: Problems) -> dict[str, object]:
    if not isinstance(types, Mapping):
        problems.append(Problem(types_path, f"Expected '{types_path}' to be an object, found {_shown(types)}."))
        return {}
    typed: dict[str, object] = {}
    for name, kind in types.items():
        at = _inner(types_path, name[:80])
        fits = VALUE_TYPES.get(kind) if isinstance(kind, str) else None
        if name not in values:
            problems.append(Problem(at, f"'{at}' names the type of a variable that is not in '{path}'."))
        elif fits is None:
            problems.append(
                Problem(at, f"Expected '{at}' to be one of {', '.join(VALUE_TYPES)}; found {_shown(kind)}.")
            )
        elif values[name] is not None and not fits(values[name]):
            message = f"Expected '{_inner(path, name[:80])}' to fit its type {kind}, found {_shown(values[name])}."
            problems.append(Problem(_inner(path, name[:80]), message))
        else:
            typed[name] = TypedValue(values[name], kind)
    return typed


def _is_whole(bits: int) -> Callable[[Any], bool]:
    limit = 2 ** (bits - 1)
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


VALUE_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "Boolean": lambda value: isinstance(value, bool),
    "Short": _is_whole(16),
    "Integer": _is_whole(32),
    "Long": _is_whole(64),
    "Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "String": _is_text,
    "Date": lambda value: isinstance(value, str) and bool(_DATE.fullmatch(value)),
    "Null": lambda value: value is None,
    "Json": lambda value: True,
    "Object": lambda value: True,
    "Xml": _is_text,
}
"""The types of values that Camunda 7 knows, by what fits them; a null fits all."""
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}", re.ASCII)


def _inner(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def json_kind(value: object) -> str:
    """What a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "an object"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return f"{json_kind(value)}: {text if len(text) <= 80 else text[:80] + '…'}"


# ---- out


def write(value: object) -> Any:
    """What `read` was given, in its shortest form."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    match value:
        case list() | tuple():
            return [write(each) for each in value]
    return value


def _object(value: Any) -> dict[str, Any]:
    written: dict[str, Any] = {TYPE: name_of(type(value))} if isinstance(value, Instruction) else {}
    for each, hint in hinted_fields(type(value)):
        held = getattr(value, each.name)
        if not is_required(each) and held == each.default:
            continue
        if hint == Variables:
            written[each.name] = {name: plain(given) for name, given in held.items()}
            types = {name: given.type for name, given in held.items() if isinstance(given, TypedValue)}
            if types:
                written[each.name + TYPES_SUFFIX] = types
        elif isinstance(held, int) and is_key(each.name):
            written[each.name] = str(held)
        elif each.name.endswith("keys") and isinstance(held, tuple):
            written[each.name] = [str(one) for one in held]
        else:
            written[each.name] = write(held)
    return written


def plain(value: object) -> object:
    """A value without the name of its type."""
    return value.value if isinstance(value, TypedValue) else value


# ---- for OpenAPI

KEY_SCHEMA: Schema = {"type": "string", "pattern": "^[0-9]+$", "example": "2251799813690746"}
VARIABLES_SCHEMA: Schema = {"type": "object", "additionalProperties": {}, "description": "Values by name."}
TYPES_SCHEMA: Schema = {
    "type": "object",
    "additionalProperties": {"type": "string", "enum": list(VALUE_TYPES)},
    "description": "Types by name, where the value alone does not tell.",
}


def schema_of(kind: type) -> dict[str, Any]:
    """The JSON of a dataclass, for OpenAPI."""
    properties: dict[str, Any] = {}
    if issubclass(kind, Instruction):
        properties[TYPE] = {"type": "string", "enum": [name_of(kind)]}
    for each, hint in hinted_fields(kind):
        properties[each.name] = _schema(each.name, hint)
        if hint == Variables:
            properties[each.name + TYPES_SUFFIX] = TYPES_SCHEMA
    required = [each.name for each, _hint in hinted_fields(kind) if is_required(each)]
    if issubclass(kind, Instruction):
        required.insert(0, TYPE)
    text = (kind.__doc__ or "").partition("\n")[0]
    found = {"type": "object", "description": text, "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def _schema(name: str, hint: Any) -> Schema:
    if get_origin(hint) is UnionType:
        [hint] = [each for each in get_args(hint) if each is not NoneType]
    if hint == Variables:
        return VARIABLES_SCHEMA
    if get_origin(hint) in (tuple, Sequence):
        return {"type": "array", "items": _schema(name.removesuffix("s"), get_args(hint)[0]), "maxItems": MAX_ITEMS}
    if hint is Instruction:
        return {"oneOf": [schema_of(each) for each in INSTRUCTIONS.values()]}
    if is_dataclass(hint):
        return schema_of(hint)  # type: ignore[arg-type]
    if hint is int and is_key(name):
        return KEY_SCHEMA
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [each.value for each in hint]}
    if hint is datetime:
        return {"type": "string", "format": "date-time"}
    if get_origin(hint) is dict:
        return {"type": "object"}
    return {"type": {bool: "boolean", int: "integer", str: "string"}[hint]}
