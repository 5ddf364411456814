"""Dates and typed variable values, as Camunda 7 writes them in JSON.

A value travels as `{"value": …, "type": "Integer", "valueInfo": {…}}`. Json and Object values are text that holds JSON; here
they are stored as the JSON they hold, so that expressions, pages and the other dialect see into them.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from operate.api.base import KEY_LIMIT, check_storable
from workflow.engine.errors import Rejected
from workflow.engine.values import TypedValue
from workflow.models import Variable

MAX_NAME_LENGTH = 255
JSON_FORMAT = "application/json"
BYTES, FILE = "Bytes", "File"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def date_text(moment: datetime | None) -> str | None:
    """A moment as `2025-01-02T03:04:05.678+0000`."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}+0000"


def read_date(text: object) -> datetime | None:
    """The moment that a date means, UTC where it names no offset; None if it is not a date."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment


def milliseconds(duration: timedelta) -> int:
    """A duration as the API tells it."""
    return duration // timedelta(milliseconds=1)


# ---- in


def read_variables(variables: Mapping[str, Any] | None, where: str = "variables") -> dict[str, object]:
    """The values of `{"name": {"value": …, "type": …}}`; Rejected names the variable and what is wrong with it."""
    if variables is None:
        return {}
    if not isinstance(variables, Mapping):
        raise Rejected(f"Expected '{where}' to be an object of variables by name, found {json_kind(variables)}.")
    return {name: read_value(given, f"{where}.{name}") for name, given in variables.items() if _check_name(name, where)}


def _check_name(name: str, where: str) -> bool:
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise Rejected(f"Expected the names in '{where}' to have 1 to {MAX_NAME_LENGTH} characters, found {len(name)}.")
    return True


def read_value(given: object, where: str) -> object:
    """One typed value; without a type it is what its JSON says, and keeps the type that the variable has if it can."""
    if not isinstance(given, Mapping):
        raise Rejected(f'Expected \'{where}\' to be like {{"value": 1, "type": "Integer"}}, found {json_kind(given)}.')
    value, name, details = given.get("value"), given.get("type"), given.get("valueInfo")
    if name is not None and not isinstance(name, str):
        raise Rejected(f"Expected the type of '{where}' to be text, found {json_kind(name)}.")
    if details is not None and not isinstance(details, Mapping):
        raise Rejected(f"Expected the valueInfo of '{where}' to be an object, found {json_kind(details)}.")
    if details and details.get("transient"):
        raise Rejected(f"'{where}' is transient, which is not supported: every variable is stored. Leave that out.")
    if not name:
        return value
    return _typed(value, name, details or {}, where)


def _typed(value: object, name: str, details: Mapping[str, Any], where: str) -> TypedValue:
    kind = name[:1].upper() + name[1:].lower()
    if kind == FILE:
        return read_file(value, details, where)
    read = READERS.get(kind)
    if read is None:
        raise Rejected(f"Unsupported value type '{name}' of '{where}'. Expected one of {', '.join(READERS)}.")
    if kind == "Object" and details.get("serializationDataFormat") not in (None, JSON_FORMAT):
        raise Rejected(
            f"Expected '{where}' to be serialized as '{JSON_FORMAT}', found '{details['serializationDataFormat']}', which only "
            "a Java program can read."
        )
    if value is None:
        return TypedValue(None, kind)
    try:
        return TypedValue(read(value), kind)
    except (ValueError, OverflowError, RecursionError) as error:
        java = JAVA_TYPES.get(kind, kind)
        reason = f": {error}" if str(error) else ""
        raise Rejected(
            f"Cannot convert value '{_shown(value)}' of type '{name}' to java type {java} (in '{where}'){reason}."
        ) from None


def read_file(content: object, details: Mapping[str, Any], where: str) -> TypedValue:
    """A file: its content as base64 text, with name, media type and encoding from `details`."""
    filename = details.get("filename")
    if not isinstance(filename, str) or not filename:
        raise Rejected(f"Expected the valueInfo of '{where}' to have the file's name as 'filename', but it has none.")
    try:
        data = _bytes(content or "")
    except ValueError:
        raise Rejected(f"Expected the content of '{where}' as base64 text, found {json_kind(content)}.") from None
    more = {"mimetype": details.get("mimeType") or details.get("mimetype"), "encoding": details.get("encoding")}
    wrong = next((name for name, value in more.items() if not isinstance(value, str | None)), None)
    if wrong is not None:
        raise Rejected(f"Expected '{wrong}' in the valueInfo of '{where}' to be text.")
    return TypedValue({"filename": filename, **more, "data": data}, FILE)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:100]}…"


def _boolean(value: object) -> bool:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise ValueError
    return value


def _whole(bits: int) -> Callable[[object], int]:
    limit = 2 ** (bits - 1)

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value, re.ASCII):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError
        if not -limit <= value < limit:
            raise ValueError(f"expected a number from {-limit} to {limit - 1}")
        return value

    return read


def _double(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def _string(value: object) -> str:
    if isinstance(value, dict | list):
        raise ValueError
    return value if isinstance(value, str) else json.dumps(value)


def _date(value: object) -> str:
    moment = read_date(value)
    if moment is None:
        raise ValueError("expected a date like 2025-01-02T03:04:05.678+0000")
    return str(date_text(moment))


def _null(value: object) -> None:
    raise ValueError("expected null")


def _bytes(value: object) -> str:
    """Bytes are base64 text, in JSON as they are stored."""
    if not isinstance(value, str):
        raise ValueError
    try:
        return base64.b64encode(base64.b64decode(value, validate=True)).decode()
    except binascii.Error:
        raise ValueError("expected base64 text") from None


def _json(value: object) -> Any:
    """JSON text as what it says; an object or list that is not text is taken as it is."""
    if not isinstance(value, str):
        return value
    found = json.loads(value, parse_constant=_refuse_constant)
    check_storable(found, "the JSON text")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


READERS: dict[str, Callable[[Any], Any]] = {
    "Boolean": _boolean,
    "Short": _whole(16),
    "Integer": _whole(32),
    "Long": _whole(64),
    "Double": _double,
    "String": _string,
    "Date": _date,
    "Null": _null,
    "Json": _json,
    "Object": _json,
    "Xml": _string,
    BYTES: _bytes,
    FILE: _bytes,
}
JAVA_TYPES = {
    "Boolean": "java.lang.Boolean",
    "Short": "java.lang.Short",
    "Integer": "java.lang.Integer",
    "Long": "java.lang.Long",
    "Double": "java.lang.Double",
    "String": "java.lang.String",
    "Date": "java.util.Date",
    "Object": "java.lang.Object",
    BYTES: "byte[]",
}


def json_kind(value: object) -> str:
    """What a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"


# ---- out


def typed_value(value: object, kind: str, *, deserialize: bool = False) -> dict[str, Any]:
    """A stored value with its type; what is an Object is text unless it shall be deserialized."""
    match kind:
        case "Json":
            return {"type": kind, "value": _text(value), "valueInfo": {}}
        case "Object":
            return {
                "type": kind,
                "value": value if deserialize else _text(value),
                "valueInfo": {"objectTypeName": _java_type(value), "serializationDataFormat": JSON_FORMAT},
            }
        case "File" if isinstance(value, Mapping):  # its content is asked for apart
            facts = {"filename": "filename", "mimetype": "mimeType", "encoding": "encoding"}
            told = {name: value[key] for key, name in facts.items() if value.get(key) is not None}
            return {"type": kind, "value": None, "valueInfo": told}
        case "Double" if isinstance(value, int):
            value = float(value)
    return {"type": kind, "value": value, "valueInfo": {}}


def _text(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _java_type(value: object) -> str:
    match value:
        case dict():
            return "java.util.LinkedHashMap"
        case list():
            return "java.util.ArrayList"
        case str() | bool() | int() | float():
            return JAVA_TYPES[{str: "String", bool: "Boolean", int: "Integer", float: "Double"}[type(value)]]
    return "java.lang.Object"


def variables_by_name(rows: list[Variable], *, deserialize: bool = False) -> dict[str, Any]:
    """Variables as `{"name": {"value": …}}`; of several with one name, the first."""
    found: dict[str, Any] = {}
    for row in rows:
        found.setdefault(row.name, typed_value(row.value, row.type, deserialize=deserialize))
    return found


__all__ = [
    "BYTES",
    "FILE",
    "KEY_LIMIT",
    "date_text",
    "json_kind",
    "milliseconds",
    "read_date",
    "read_file",
    "read_value",
    "read_variables",
    "typed_value",
    "variables_by_name",
]
