"""What expressions may read of a value, and the methods they may call on it: a fixed table, nothing by reflection.

Names are those of the Java classes that models are written against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, cast

from workflow.expressions.juel.coercion import equal, is_empty, to_boolean, to_number, to_text, type_name
from workflow.expressions.juel.failure import Failure, NoSuchMethod, Unresolved

Method = Callable[..., object]

EXECUTION_PROPERTIES: Final = frozenset(
    {
        "activityInstanceId",
        "assignee",
        "businessKey",
        "currentActivityId",
        "currentActivityName",
        "currentTransitionId",
        "eventName",
        "executionId",
        "id",
        "name",
        "parentActivityInstanceId",
        "parentId",
        "priority",
        "processBusinessKey",
        "processDefinitionId",
        "processInstanceId",
        "superExecution",
        "taskDefinitionKey",
        "tenantId",
        "variableScopeKey",
        "variables",
        "variablesLocal",
    }
)
EXECUTION_METHODS: Final = frozenset(
    {
        "getVariable",
        "getVariableLocal",
        "hasVariable",
        "hasVariableLocal",
        "hasVariables",
        "hasVariablesLocal",
        "removeVariable",
        "removeVariableLocal",
        "setVariable",
        "setVariableLocal",
    }
)


def read_member(base: object, name: str) -> object:
    """Return a property of a value; null and a missing key of a map are null, anything else unknown is Unresolved."""
    if base is None:
        return None
    if isinstance(base, Mapping):
        return base.get(name)
    if name == "empty" and isinstance(base, str | list | tuple):
        return is_empty(base)
    if name in EXECUTION_PROPERTIES and not _is_plain(base) and hasattr(base, name):
        return cast("object", getattr(base, name))
    raise Unresolved(f"Could not find property {name} in a value of type {type_name(base)}")


def read_item(base: object, key: object) -> object:
    """Return an item of a list or map; one that is not there is null."""
    if base is None or key is None:
        return None
    if isinstance(base, Mapping):
        return base.get(key, base.get(to_text(key)))
    if isinstance(base, list | tuple):
        return _at(base, key)
    return read_member(base, to_text(key))


def _at(items: Sequence[object], key: object) -> object:
    index = to_number(key)
    return items[int(index)] if 0 <= index < len(items) else None


def call_method(base: object, name: str, arguments: Sequence[object]) -> object:
    """Return the result of a method, or raise NoSuchMethod; nothing can be called on null."""
    if base is None:
        raise Unresolved(f"Cannot call method {name} on null")
    method = _method_of(base, name)
    if method is None:
        raise NoSuchMethod(f"Cannot find method {name} with {len(arguments)} parameters in {type_name(base)}")
    try:
        return method(*arguments)
    except (TypeError, ValueError, IndexError) as error:
        raise Failure(f"Method {name} of {type_name(base)} failed: {error}") from error


def _method_of(base: object, name: str) -> Method | None:
    for kind, methods in METHODS:
        if isinstance(base, kind) and name in methods:
            method = methods[name]
            return lambda *arguments: method(base, *arguments)
    return None if _is_plain(base) else _hook_method(base, name)


def _hook_method(base: object, name: str) -> Method | None:
    if name in EXECUTION_METHODS:
        return cast("Method | None", getattr(base, name, None))
    property_name = name[3:4].lower() + name[4:]
    if name.startswith("get") and property_name in EXECUTION_PROPERTIES and hasattr(base, property_name):
        return lambda: getattr(base, property_name)
    return None


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | Decimal | str | list | tuple | Mapping | datetime)


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise IndexError(f"begin {start}, end {stop}, length {len(text)}")
    return text[start:stop]


def _element(items: list[object], index: int) -> object:
    if not 0 <= index < len(items):
        raise IndexError(f"Index {index} out of bounds for length {len(items)}")
    return items[index]


def _same(left: object, right: object) -> bool:
    return type_name(left) == type_name(right) and equal(left, right)


def _index_of(items: list[object], item: object) -> int:
    return next((index for index, candidate in enumerate(items) if _same(candidate, item)), -1)


STRING_METHODS: Final[Mapping[str, Method]] = {
    "charAt": lambda text, index: _element(list(text), index),
    "compareTo": lambda text, other: (text > other) - (text < other),
    "concat": lambda text, other: text + other,
    "contains": lambda text, part: part in text,
    "endsWith": lambda text, end: text.endswith(end),
    "equals": lambda text, other: text == other,
    "equalsIgnoreCase": lambda text, other: isinstance(other, str) and text.lower() == other.lower(),
    "indexOf": lambda text, part: text.find(part),
    "isBlank": lambda text: not text.strip(),
    "isEmpty": lambda text: not text,
    "lastIndexOf": lambda text, part: text.rfind(part),
    "length": len,
    "replace": lambda text, old, new: text.replace(old, new),
    "startsWith": lambda text, start: text.startswith(start),
    "strip": lambda text: text.strip(),
    "substring": _substring,
    "toLowerCase": lambda text: text.lower(),
    "toString": lambda text: text,
    "toUpperCase": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
}
LIST_METHODS: Final[Mapping[str, Method]] = {
    "contains": lambda items, item: _index_of(items, item) >= 0,
    "equals": lambda items, other: items == other,
    "get": _element,
    "indexOf": _index_of,
    "isEmpty": lambda items: not items,
    "size": len,
    "toString": to_text,
}
MAP_METHODS: Final[Mapping[str, Method]] = {
    "containsKey": lambda entries, key: key in entries,
    "containsValue": lambda entries, value: _index_of(list(entries.values()), value) >= 0,
    "equals": lambda entries, other: entries == other,
    "get": lambda entries, key: entries.get(key),
    "getOrDefault": lambda entries, key, default: entries.get(key, default),
    "isEmpty": lambda entries: not entries,
    "keySet": lambda entries: list(entries),
    "size": len,
    "toString": lambda entries: to_text(dict(entries)),
    "values": lambda entries: list(entries.values()),
    # documents are wrapped in Spin's classes there
    "hasProp": lambda entries, key: key in entries,
    "prop": lambda entries, key: entries.get(key),
}
NUMBER_METHODS: Final[Mapping[str, Method]] = {
    "doubleValue": float,
    "equals": _same,
    "intValue": int,
    "longValue": int,
    "toString": to_text,
}
BOOLEAN_METHODS: Final[Mapping[str, Method]] = {
    "booleanValue": to_boolean,
    "equals": _same,
    "toString": to_text,
}
DATE_METHODS: Final[Mapping[str, Method]] = {
    "after": lambda moment, other: moment > other,
    "before": lambda moment, other: moment < other,
    "equals": lambda moment, other: moment == other,
    "getTime": lambda moment: int(moment.timestamp() * 1000),
    "toString": to_text,
}
SPIN_METHODS: Final[Mapping[str, Method]] = {
    "boolValue": to_boolean,
    "elements": lambda value: value,
    "numberValue": to_number,
    "stringValue": to_text,
    "value": lambda value: value,
}

METHODS: Final[Sequence[tuple[type | tuple[type, ...], Mapping[str, Method]]]] = (
    (str, STRING_METHODS),
    (list, LIST_METHODS),
    (Mapping, MAP_METHODS),
    (bool, BOOLEAN_METHODS),
    ((int, float, Decimal), NUMBER_METHODS),
    (datetime, DATE_METHODS),
    ((bool, int, float, Decimal, str, list, Mapping), SPIN_METHODS),
)
