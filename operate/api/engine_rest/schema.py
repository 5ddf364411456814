"""How the views of this dialect are described in its OpenAPI document: by what they declare."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import resolve_type_hint
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

PREFIX = "engine-rest/"
ERROR = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "message": {"type": "string"},
        "code": {"type": "integer", "nullable": True},
    },
    "required": ["type", "message"],
}
PAGE = {
    "firstResult": "How many rows to pass over.",
    "maxResults": "How many rows to answer at most.",
}


class EngineRestSchema(AutoSchema):
    """Reads a view's list query, bodies and answers."""

    method: str
    path: str
    view: Any

    @property
    def _segments(self) -> list[str]:
        return [each for each in self.path.removeprefix(f"/{PREFIX}").split("/") if each]

    def get_operation_id(self) -> str:
        words = [self.method.lower()]
        for segment in self._segments:
            words += ["by", *re.findall(r"\w+", segment)] if segment.startswith("{") else re.findall(r"\w+", segment)
        return words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])

    def get_tags(self) -> list[str]:
        first, *rest = self._segments or ["engine"]
        name = f"Historic {rest[0].partition('.')[0]}" if first == "history" and rest else first
        return [name.replace("-", " ").capitalize()]

    def get_summary(self) -> str | None:
        return self.get_description().partition("\n")[0].rstrip(".")

    def get_description(self) -> str:
        handler = getattr(self.view, self.method.lower())
        return (handler.__doc__ or type(self.view).__doc__ or "").strip()

    def get_override_parameters(self) -> list[Any]:
        query = getattr(self.view, "query", None)
        found = [
            OpenApiParameter(name, type=schema, location=OpenApiParameter.QUERY, description=text)
            for name, (schema, text) in self.view.parameters.get(self.method, {}).items()
        ]
        if query is None:
            return found
        if self.method == "GET":
            found += [
                OpenApiParameter(
                    name, type=_in_address(known.schema), location=OpenApiParameter.QUERY, description=known.description
                )
                for name, known in query.filters.items()
            ]
            found.append(OpenApiParameter("sortBy", enum=sorted(query.sorting), location=OpenApiParameter.QUERY))
            found.append(OpenApiParameter("sortOrder", enum=["asc", "desc"], location=OpenApiParameter.QUERY))
        found += [
            OpenApiParameter(name, type=OpenApiTypes.INT32, location=OpenApiParameter.QUERY, description=text)
            for name, text in PAGE.items()
        ]
        return found

    def get_request_serializer(self) -> Any:
        query = getattr(self.view, "query", None)
        if query is not None and self.method == "POST" and self.method not in self.view.bodies:
            return {"application/json": _query_body(query)}
        body = self.view.bodies.get(self.method)
        return {self.view.body_type: body} if isinstance(body, dict) else body

    def get_response_serializers(self) -> Any:
        answer = self.view.answers.get(self.method)
        refused = {status: OpenApiResponse(ERROR, text) for status, text in self._refusals()}
        if answer is None:
            return {204: OpenApiResponse(description="Done."), **refused}
        if isinstance(answer, OpenApiResponse):
            return {200: answer, **refused}
        return {200: OpenApiResponse(resolve_type_hint(answer), "What was asked for."), **refused}

    def _refusals(self) -> list[tuple[int, str]]:
        found = [(401, "Nobody is logged in.")]
        if self.method != "GET" or getattr(self.view, "query", None) is not None:
            found.append((400, "Something about the request is wrong; nothing has changed."))
        if self.method != "GET":
            found.append((403, "The caller lacks a right."))
        if "{" in self.path:
            found.append((404, "It does not exist, or the caller may not see it."))
        return found


def _in_address(schema: dict[str, Any]) -> dict[str, Any]:
    """Lists are texts separated by commas in an address."""
    return {"type": "string"} if schema["type"] == "array" else schema


def _query_body(query: Any) -> dict[str, Any]:
    sorting = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "sortBy": {"type": "string", "enum": sorted(query.sorting)},
                "sortOrder": {"type": "string", "enum": ["asc", "desc"]},
            },
            "required": ["sortBy", "sortOrder"],
        },
    }
    properties = {name: known.schema for name, known in query.filters.items()}
    more: dict[str, Any] = {"sorting": sorting}
    if query.has_or_queries:
        more["orQueries"] = {"type": "array", "items": {"type": "object", "properties": properties}}
    return {"type": "object", "properties": {**properties, **more}, "additionalProperties": False}
