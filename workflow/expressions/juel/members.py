"""What expressions may read of a value, and the methods they may call on it: a fixed table, nothing by reflection.

Names are those of the Java classes that models are written against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, cast

from workflow.expressions.juel import dates
from workflow.expressions.juel.coercion import equal, is_empty, to_boolean, to_number, to_text, type_name
from workflow.expressions.juel.failure import Failure, NoSuchMethod, Unresolved
from workflow.expressions.juel.patterns import pattern_method
from workflow.expressions.limits import check_text

Method = Callable[..., object]

MAX_COMPARISONS: Final = 1_000_000

EXECUTION_PROPERTIES: Final = frozenset(
    {
        "activityInstanceId",
        "businessKey",
        "currentActivityId",
        "currentActivityName",
        "eventName",
        "id",
        "parentActivityInstanceId",
        "parentId",
        "processBusinessKey",
        "processDefinitionId",
        "processInstanceId",
        "variables",
        "variablesLocal",
        # of tasks
        "assignee",
        "createTime",
        "delegationState",
        "dueDate",
        "execution",
        "executionId",
        "followUpDate",
        "formKey",
        "name",
        "owner",
        "priority",
        "taskDefinitionKey",
    }
)
"""What may be asked of `execution` and `task`, as far as the object that stands for them tells it."""
EXECUTION_METHODS: Final = frozenset(
    {
        "getVariable",
        "getVariableLocal",
        "hasVariable",
        "hasVariableLocal",
        "removeVariable",
        "removeVariableLocal",
        "setVariable",
        "setVariableLocal",
        "setVariables",
        "setVariablesLocal",
        # of tasks
        "addCandidateGroup",
        "addCandidateUser",
        "deleteCandidateGroup",
        "deleteCandidateUser",
        "setAssignee",
        "setDueDate",
        "setFollowUpDate",
        "setName",
        "setOwner",
        "setPriority",
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
    if isinstance(base, datetime) and name in dates.PROPERTIES:
        return dates.PROPERTIES[name](base)
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
        result = method(*arguments)
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise Failure(f"Method {name} of {type_name(base)} failed: {_reason(error)}") from error
    if isinstance(result, str):
        check_text(len(result))
    return result


def _reason(error: Exception) -> str:
    """Without the names of functions here, which no model knows."""
    return "these are not the parameters it takes" if isinstance(error, TypeError) else str(error)


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


def _whole(value: object) -> int:
    return int(to_number(value))


def _substring(text: str, start: object, end: object = None) -> str:
    first = _whole(start)
    stop = len(text) if end is None else _whole(end)
    if not 0 <= first <= stop <= len(text):
        raise IndexError(f"begin {first}, end {stop}, length {len(text)}")
    return text[first:stop]


def _replace(text: str, old: str, new: str) -> str:
    check_text(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _repeat(text: str, times: object) -> str:
    number = _whole(times)
    if number < 0:
        raise ValueError(f"count is negative: {number}")
    check_text(len(text) * number)
    return text * number


def _part(items: list[object], start: object, end: object) -> list[object]:
    first, stop = _whole(start), _whole(end)
    if not 0 <= first <= stop <= len(items):
        raise IndexError(f"from {first}, to {stop}, length {len(items)}")
    return items[first:stop]


def _element(items: Sequence[object], index: object) -> object:
    place = _whole(index)
    if not 0 <= place < len(items):
        raise IndexError(f"Index {place} out of bounds for length {len(items)}")
    return items[place]


def _same(left: object, right: object) -> bool:
    return type_name(left) == type_name(right) and equal(left, right)


def _index_of(items: list[object], item: object) -> int:
    return next((index for index, candidate in enumerate(items) if _same(candidate, item)), -1)


def _contains_all(items: list[object], others: list[object]) -> bool:
    if len(items) * len(others) > MAX_COMPARISONS:
        raise ValueError(f"{len(items)} times {len(others)} comparisons, {MAX_COMPARISONS} are allowed")
    return all(_index_of(items, other) >= 0 for other in others)


STRING_METHODS: Final[Mapping[str, Method]] = {
    "charAt": _element,
    "compareTo": lambda text, other: (text > other) - (text < other),
    "compareToIgnoreCase": lambda text, other: (text.lower() > other.lower()) - (text.lower() < other.lower()),
    "concat": lambda text, other: text + to_text(other),
    "contains": lambda text, part: part in text,
    "endsWith": lambda text, end: text.endswith(to_text(end)),
    "equals": lambda text, other: text == other,
    "equalsIgnoreCase": lambda text, other: isinstance(other, str) and text.lower() == other.lower(),
    "indexOf": lambda text, part, start=0: text.find(part, _whole(start)),
    "isBlank": lambda text: not text.strip(),
    "isEmpty": lambda text: not text,
    "lastIndexOf": lambda text, part: text.rfind(part),
    "length": len,
    "matches": pattern_method("matches"),
    "repeat": _repeat,
    "replace": _replace,
    "replaceAll": pattern_method("replaceAll"),
    "replaceFirst": pattern_method("replaceFirst"),
    "split": pattern_method("split"),
    "startsWith": lambda text, start: text.startswith(to_text(start)),
    "strip": lambda text: text.strip(),
    "substring": _substring,
    "toLowerCase": lambda text: text.lower(),
    "toString": lambda text: text,
    "toUpperCase": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
}
LIST_METHODS: Final[Mapping[str, Method]] = {
    "contains": lambda items, item: _index_of(items, item) >= 0,
    "containsAll": _contains_all,
    "equals": lambda items, other: items == other,
    "get": _element,
    "getFirst": lambda items: _element(items, 0),
    "getLast": lambda items: _element(items, len(items) - 1),
    "indexOf": _index_of,
    "isEmpty": lambda items: not items,
    "lastIndexOf": lambda items, item: max(
        (index for index, candidate in enumerate(items) if _same(candidate, item)), default=-1
    ),
    "size": len,
    "subList": _part,
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
    "fieldNames": lambda entries: list(entries),
    "hasProp": lambda entries, key: key in entries,
    "prop": lambda entries, key: entries.get(key),
}
NUMBER_METHODS: Final[Mapping[str, Method]] = {
    "compareTo": lambda number, other: (number > other) - (number < other),
    "doubleValue": float,
    "equals": _same,
    "floatValue": float,
    "intValue": int,
    "longValue": int,
    "toString": to_text,
}
BOOLEAN_METHODS: Final[Mapping[str, Method]] = {
    "booleanValue": to_boolean,
    "equals": _same,
    "toString": to_text,
}
SPIN_METHODS: Final[Mapping[str, Method]] = {
    "boolValue": to_boolean,
    "elements": lambda value: value,
    "isArray": lambda value: isinstance(value, list),
    "isBoolean": lambda value: isinstance(value, bool),
    "isNumber": lambda value: type_name(value) == "number",
    "isObject": lambda value: isinstance(value, Mapping),
    "isString": lambda value: isinstance(value, str),
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
    (datetime, dates.METHODS),
    ((bool, int, float, Decimal, str, list, Mapping), SPIN_METHODS),
)
