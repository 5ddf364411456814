"""How the views of this dialect are described in its OpenAPI document: by what they declare about themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

PREFIX = "v2/"
PROBLEM = "application/problem+json"
Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
KEY: Schema = {"type": "string", "pattern": "^[0-9]+$", "example": "2251799813690746"}
WHOLE: Schema = {"type": "integer", "format": "int32"}
MILLISECONDS: Schema = {"type": "integer", "format": "int64", "description": "Milliseconds."}
FLAG: Schema = {"type": "boolean"}
DATE: Schema = {"type": "string", "format": "date-time"}
VARIABLES: Schema = {"type": "object", "additionalProperties": {}, "description": "Values by name."}
ANYTHING: Schema = {}


def enum(*names: str) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(names)}


def array(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    return {**schema, "nullable": True}


def record(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """A JSON object."""
    found: dict[str, Any] = {"type": "object", "properties": properties}
    return {**found, "required": list(required)} if required else found


def all_of(**properties: Schema) -> Schema:
    """A JSON object that has all of its properties."""
    return record(tuple(properties), **properties)


PROBLEM_DOCUMENT = all_of(type=TEXT, title=TEXT, status=WHOLE, detail=TEXT, instance=nullable(TEXT))


class V2Schema(AutoSchema):
    """Reads a view's bodies and answers."""

    method: str
    path: str
    view: Any

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_operation_id(self) -> str:
        words = [self.method.lower()]
        for segment in self.path.removeprefix(f"/{PREFIX}").split("/"):
            words += ["by", *re.findall(r"\w+", segment)] if segment.startswith("{") else re.findall(r"\w+", segment)
        return words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])

    def get_summary(self) -> str | None:
        return self.get_description().partition("\n")[0].rstrip(".")

    def get_description(self) -> str:
        handler = getattr(self.view, self.method.lower())
        return (handler.__doc__ or type(self.view).__doc__ or "").strip()

    def get_override_parameters(self) -> list[Any]:
        return [
            OpenApiParameter(name, type=dict(schema), location=OpenApiParameter.QUERY)
            for name, schema in self.view.parameters.items()
        ]

    def get_request_serializer(self) -> Any:
        body = self.view.body_schema(self.method)
        return None if body is None else {self.view.body_type: body}

    def get_response_serializers(self) -> Any:
        answer = self.view.answer_schema(self.method)
        problems = {(status, PROBLEM): OpenApiResponse(PROBLEM_DOCUMENT, text) for status, text in self._problems()}
        if answer is None:
            return {204: OpenApiResponse(description="Done."), **problems}
        return {(200, self.view.answer_type): OpenApiResponse(answer, "What was asked for."), **problems}

    def _problems(self) -> list[tuple[int, str]]:
        found = [(401, "Nobody is logged in.")] if self.view.permission_classes else []
        if self.method != "GET":
            found.append((400, "Something about the request is wrong; nothing has changed."))
        if self.view.command is not None and self.method != "GET":
            found.append((403, "The caller lacks a right."))
            found.append((409, "It does not fit the state of what it names; nothing has changed."))
        if "{" in self.path:
            found.append((404, "It does not exist, has ended, or the caller may not see it."))
        return found
