"""What all views of the dialect share: its errors, reading the body, workspaces as tenants, and rendering."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import Channel
from operate.api.base import AlwaysJSON, ApiView, key_of
from operate.api.v2 import errors
from operate.api.v2.bodies import LONGEST_NAME, Body
from operate.api.v2.schema import Schema, V2Schema
from operate.workspaces import workspace_named
from workflow.engine.errors import NotFound
from workflow.models import Workspace

Row = TypeVar("Row", bound=Model)


class V2View(ApiView):
    """Base of all views of this dialect."""

    channel = Channel.V2
    content_negotiation_class = AlwaysJSON
    metadata_class = None
    command: ClassVar[str | None] = None
    """The engine command that a refusal names."""
    tag: ClassVar[str] = "Cluster"
    """What the OpenAPI document groups it with."""
    bodies: ClassVar[Mapping[str, Schema]] = {}
    """The schema of each method's body."""
    body_type: ClassVar[str] = "application/json"
    answers: ClassVar[Mapping[str, Schema]] = {}
    """The schema of each method's answer; without one it answers nothing (204)."""
    answer_type: ClassVar[str] = "application/json"
    parameters: ClassVar[Mapping[str, Schema]] = {}
    """The schemas of query parameters by name."""
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
            raise nothing_found(what, text)
        return found

    def workspace(self, body: Body) -> Workspace:
        """The workspace that `tenantId` names; the default one without it."""
        return workspace_named(body.text("tenantId", None, at_most=LONGEST_NAME))

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        """What looks like a key may be the name of an operation that is not there: `…/process-instances/migration`."""
        if key_of(kwargs.get("key", "1")) is None:
            raise Http404
        raise MethodNotAllowed(str(request.method))

    def body_schema(self, method: str) -> Schema | None:
        """What OpenAPI says of a method's body."""
        return self.bodies.get(method)

    def answer_schema(self, method: str) -> Schema | None:
        """What OpenAPI says of a method's answer."""
        return self.answers.get(method)

    @staticmethod
    def done() -> Response:
        """Accepted, and nothing to tell."""
        return Response(status=204)


def one(rows: QuerySet[Row], key: str, what: str) -> Row:
    """The row with this key; NotFound with a text that names it."""
    number = key_of(key)
    row = rows.filter(pk=number).first() if number is not None else None
    if row is None:
        raise nothing_found(what, key)
    return row


def nothing_found(what: str, key: str) -> NotFound:
    """What is said of a key that does not exist, or that the caller may not see."""
    return NotFound(f"Expected to find {what} with key '{key[:40]}', but there is none.")


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
