"""How the views of this API are described in its OpenAPI document: by what they declare about themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from operate.api.fettle.errors import PROBLEM

PREFIX = "api/"
Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
OPTIONAL_TEXT: Schema = {"type": "string", "nullable": True}
OPTIONAL_WHOLE: Schema = {"type": "integer", "nullable": True}
OBJECT: Schema = {"type": "object"}
ANYTHING: Schema = {}


def array(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def all_of(**properties: Schema) -> Schema:
    """A JSON object that has all of its properties."""
    found: dict[str, Any] = {"type": "object", "properties": properties}
    return {**found, "required": list(properties)} if properties else found


def also(schema: Schema, **properties: Schema) -> Schema:
    """A JSON object with more properties, which it may lack."""
    return {**schema, "properties": {**schema["properties"], **properties}}


PROBLEM_DOCUMENT = also(
    all_of(type=TEXT, title=TEXT, status=WHOLE, detail=TEXT, instance=OPTIONAL_TEXT),
    problems=array(all_of(path=TEXT, message=TEXT)),
    instruction={**WHOLE, "description": "The position of the instruction that was refused, counted from 0."},
    right={**TEXT, "description": "The right that is missing."},
    revision={**WHOLE, "description": "The revision now, where another one was expected."},
    changes={**OBJECT, "description": "What has changed since the expected revision."},
    policy={**OBJECT, "description": "The policy that demands an approval: its key and name."},
    differences={**array(OBJECT), "description": "What comes out otherwise than when the approval was requested."},
    confirmation={**TEXT, "description": "What says, sent as `confirmed`, that the differences were seen."},
    warnings={**array(OBJECT), "description": "The red warnings that are not among the accepted ones."},
    code={**TEXT, "description": "Which refusal of an edit of variables it is."},
    conflicts={**array(OBJECT), "description": "The variables that somebody else has changed: was, theirs, mine."},
    seen={**OBJECT, "description": "The versions of the variables now."},
    merged={**OPTIONAL_TEXT, "description": "The document with both changes, unless they overlap."},
    type_changes={**array(OBJECT), "description": "The values that their variables' types cannot hold."},
)


class FettleSchema(AutoSchema):
    """Reads a view's body, answer and texts."""

    method: str
    path: str
    view: Any

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_operation_id(self) -> str:
        words = [self.method.lower(), *re.findall(r"\w+", self.path.removeprefix(f"/{PREFIX}"))]
        return words[0] + "".join(word[0].upper() + word[1:] for word in words[1:])

    def get_summary(self) -> str | None:
        return self.get_description().partition("\n")[0].rstrip(".")

    def get_description(self) -> str:
        return inspect.cleandoc(getattr(self.view, self.method.lower()).__doc__ or type(self.view).__doc__ or "")

    def get_override_parameters(self) -> list[Any]:
        told = self.view.parameters if self.method == "GET" else {}
        return [OpenApiParameter(name, OpenApiTypes.STR, description=text) for name, text in told.items()]

    def get_request_serializer(self) -> Any:
        return {"application/json": self.view.request_bodies.get(self.method) or self.view.request_body}

    def get_response_serializers(self) -> Any:
        texts = {
            400: "Something about the request is wrong; nothing has changed.",
            401: "Nobody is logged in.",
            403: "The caller lacks a right.",
            404: "It does not exist, has ended, or the caller may not see it.",
            409: "It does not fit the state of what it names; nothing has changed.",
        }
        problems = {(status, PROBLEM): OpenApiResponse(PROBLEM_DOCUMENT, text) for status, text in texts.items()}
        answer = self.view.answers.get(self.method) or self.view.answer
        return {(200, "application/json"): OpenApiResponse(answer, "What was asked for."), **problems}
