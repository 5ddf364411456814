"""What all views of the dialect share: its errors, reading the body, workspaces as tenants, and rendering."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.openapi import AutoSchema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import Channel
from operate.api.base import ApiView, key_of
from operate.api.v2 import errors
from operate.api.v2.bodies import Body
from operate.workspaces import workspace_named
from workflow.engine.errors import NotFound
from workflow.models import Workspace

Row = TypeVar("Row", bound=Model)


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever the client says it accepts."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer: BaseRenderer = renderers[0]
        return renderer, renderer.media_type


class V2Schema(AutoSchema):
    """The OpenAPI description of a view: what it declares about itself."""

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_operation_id(self) -> str:
        return f"{self.method.lower()}{self.view.tag.title().replace(' ', '')}{type(self.view).__name__}"

    def get_request_serializer(self) -> Any:
        return getattr(self.view, "request_schema", None)

    def get_response_serializers(self) -> Any:
        return getattr(self.view, "response_schema", None)


class V2View(ApiView):
    """Base of all views of this dialect."""

    channel = Channel.V2
    content_negotiation_class = AlwaysJSON
    metadata_class = None
    command: ClassVar[str | None] = None
    """The engine command that a refusal names."""
    tag: ClassVar[str] = "Cluster"
    request_schema: ClassVar[Any] = {"application/json": {"type": "object"}}
    response_schema: ClassVar[Any] = {200: {"type": "object"}}
    schema: Any = V2Schema()

    def get_exception_handler(self) -> Callable[..., Response]:
        return errors.handle

    def body(self) -> Body:
        """The body; an empty one where none was sent."""
        return Body({} if self.request.data in (None, "") else self.request.data)

    @staticmethod
    def key(text: str, what: str) -> int:
        """The key in a path; NotFound for what cannot be one."""
        found = key_of(text)
        if found is None:
            raise NotFound(f"Expected to find {what} with key '{text}', but there is none.")
        return found

    def workspace(self, body: Body) -> Workspace:
        """The workspace that `tenantId` names; the default one without it."""
        return workspace_named(body.text("tenantId", None))

    @staticmethod
    def done() -> Response:
        """Accepted, and nothing to tell."""
        return Response(status=204)


def one(rows: QuerySet[Row], key: str, what: str) -> Row:
    """The row with this key; NotFound with a text that names it."""
    number = key_of(key)
    row = rows.filter(pk=number).first() if number is not None else None
    if row is None:
        raise NotFound(f"Expected to find {what} with key '{key}', but there is none.")
    return row


def key_text(key: int | None) -> str | None:
    """A key as the API tells it."""
    return None if key is None else str(key)


def date_text(moment: datetime | None) -> str | None:
    """A point in time as the API tells it."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_text(value: object) -> str:
    """A value serialized as JSON, as searches tell it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
