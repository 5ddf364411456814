"""Parts of request bodies: fields that may be absent or null, typed variables, and bodies that know all their fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from operate.api.engine_rest.values import READERS, json_kind, read_date, read_value, read_variables
from operate.workspaces import workspace_named
from workflow.engine.errors import NotFound, Rejected
from workflow.models import DEFAULT_WORKSPACE

MAX_TEXT = 255
MAX_MILLISECONDS = 100 * 365 * 24 * 3_600_000
VALUE_SCHEMA = {
    "type": "object",
    "properties": {
        "value": {"description": "The value; of Json and Object, text that holds JSON."},
        "type": {
            "type": "string",
            "enum": list(READERS),
            "description": "In any case; inferred from the value if absent.",
        },
        "valueInfo": {
            "type": "object",
            "properties": {
                "objectTypeName": {"type": "string"},
                "serializationDataFormat": {"type": "string", "enum": ["application/json"]},
                "filename": {"type": "string"},
                "mimeType": {"type": "string"},
                "encoding": {"type": "string"},
                "transient": {"type": "boolean", "enum": [False]},
            },
        },
    },
}


class Body(serializers.Serializer[Any]):
    """A JSON object in which nothing may be unknown."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise refusal(f"Expected an object, found {json_kind(data)}.")
        unknown = sorted(str(name) for name, value in data.items() if value is not None and name not in self.fields)
        if unknown:
            raise refusal(f"Unrecognized field '{unknown[0]}'. Known are: {', '.join(sorted(self.fields))}.")
        return super().to_internal_value(data)


def refusal(message: str) -> serializers.ValidationError:
    """What is wrong with an object as a whole, in the form that serializers expect."""
    return serializers.ValidationError({"non_field_errors": [message]})


def body(name: str, /, **fields: serializers.Field[Any, Any, Any, Any]) -> type[Body]:
    """A body of these fields."""
    return type(name, (Body,), {**fields, "__module__": __name__})


# ---- fields


class Text(serializers.CharField):
    """Text as it is, not stripped. A whole number is taken for its digits, as clients send ids so."""

    default_error_messages = {"invalid": "Expected text, found something else."}

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", MAX_TEXT)
        super().__init__(allow_blank=True, trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str | int) or isinstance(data, bool):
            self.fail("invalid")
        return str(super().to_internal_value(str(data)))


class Flag(serializers.Field[Any, Any, Any, Any]):
    """True or false, also as text."""

    default_error_messages = {"invalid": "Expected true or false, found {kind}."}

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, str) and data.lower() in ("true", "false"):
            return data.lower() == "true"
        if not isinstance(data, bool):
            self.fail("invalid", kind=json_kind(data))
        return data

    def to_representation(self, value: Any) -> Any:
        return value


extend_schema_field({"type": "boolean"})(Flag)


@extend_schema_field({"type": "string", "format": "date-time", "example": "2025-01-02T03:04:05.678+0000"})
class Date(serializers.Field[Any, Any, Any, Any]):
    """A moment."""

    default_error_messages = {"invalid": "Expected a date like 2025-01-02T03:04:05.678+0000, found '{value}'."}

    def to_internal_value(self, data: Any) -> datetime:
        moment = read_date(data)
        if moment is None:
            self.fail("invalid", value=str(data)[:100])
        return moment

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "object", "additionalProperties": VALUE_SCHEMA})
class Variables(serializers.Field[Any, Any, Any, Any]):
    """Typed values by name."""

    def to_internal_value(self, data: Any) -> dict[str, object]:
        try:
            return read_variables(data, str(self.field_name))
        except Rejected as error:
            raise serializers.ValidationError(error.message) from None

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(VALUE_SCHEMA)
class TypedValueField(serializers.Field[Any, Any, Any, Any]):
    """One typed value."""

    def to_internal_value(self, data: Any) -> object:
        try:
            return read_value(data, str(self.field_name))
        except Rejected as error:
            raise serializers.ValidationError(error.message) from None

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "object", "additionalProperties": {}})
class AnyObject(serializers.Field[Any, Any, Any, Any]):
    """A JSON object of any content."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(f"Expected an object, found {json_kind(data)}.")
        return dict(data)

    def to_representation(self, value: Any) -> Any:
        return value


OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True, "default": None}
REQUIRED: dict[str, Any] = {"required": True, "allow_null": False}


def text(*, required: bool = False, max_length: int | None = MAX_TEXT, **more: Any) -> Text:
    return Text(max_length=max_length, **(REQUIRED if required else OPTIONAL), **more)


def texts() -> serializers.ListField:
    return serializers.ListField(child=Text(), **OPTIONAL)


def flag(**more: Any) -> Flag:
    """Absent and null mean false."""
    return Flag(**OPTIONAL, **more)


def number(
    *, least: int = -(2**31), most: int = 2**31 - 1, required: bool = False, **more: Any
) -> serializers.Field[Any, Any, Any, Any]:
    return serializers.IntegerField(min_value=least, max_value=most, **(REQUIRED if required else OPTIONAL), **more)


def duration(*, least: int = 0, required: bool = False, **more: Any) -> serializers.Field[Any, Any, Any, Any]:
    """Milliseconds."""
    return number(least=least, most=MAX_MILLISECONDS, required=required, **more)


def date() -> Date:
    return Date(**OPTIONAL)


def variables(**more: Any) -> Variables:
    return Variables(**OPTIONAL, **more)


def ignored(help_text: str) -> AnyValue:
    """A field that clients send and that changes nothing here."""
    return AnyValue(**OPTIONAL, help_text=help_text)


@extend_schema_field({})
class AnyValue(serializers.Field[Any, Any, Any, Any]):
    """Whatever it is."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def tenant_workspaces(given: Mapping[str, Any], cannot: str) -> list[int] | None:
    """The workspace that `tenantId` or `withoutTenantId` name; None without them. `cannot` begins what a refusal says."""
    if given["tenantId"] and given["withoutTenantId"]:
        raise Rejected("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
    if not given["tenantId"] and not given["withoutTenantId"]:
        return None
    try:
        return [workspace_named(given["tenantId"] or DEFAULT_WORKSPACE).pk]
    except NotFound as error:
        raise Rejected(f"{cannot}: {error.message}") from None


VariablesBody = body("Variables", variables=variables())
