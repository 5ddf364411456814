"""What all views of the dialect share: its errors, its ids, reading bodies, and looking up one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from audit.models import Channel
from operate.actions import Action
from operate.api.base import ApiView
from operate.api.engine_rest import errors
from operate.api.engine_rest.ids import key_of
from operate.api.engine_rest.schema import EngineRestSchema
from operate.api.engine_rest.values import json_kind
from workflow.engine.errors import NotFound, Rejected
from workflow.models import DEFAULT_WORKSPACE, Workspace
from workflow.persistence.transaction import transaction

Row = TypeVar("Row", bound=Model)


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever the client says it accepts, as clients say many things."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer: BaseRenderer = renderers[0]
        return renderer, renderer.media_type


class EngineRestView(ApiView):
    """Base of all views of this dialect. What it declares by method is also what the OpenAPI document says."""

    bodies: ClassVar[dict[str, Any]] = {}
    """The serializer, or the schema, of each method's body."""
    body_type: ClassVar[str] = "application/json"
    answers: ClassVar[dict[str, Any]] = {}
    """The type of each method's answer; without one it answers nothing (204)."""
    parameters: ClassVar[dict[str, dict[str, tuple[Any, str]]]] = {}
    """Each method's query parameters besides those of a list: type and description by name."""
    channel = Channel.ENGINE_REST
    content_negotiation_class = AlwaysJSON
    metadata_class = None
    schema: Any = EngineRestSchema()

    def get_exception_handler(self) -> Callable[..., Response]:
        return errors.handle

    def read(self) -> dict[str, Any]:
        """The body, checked; Rejected or a validation error says what is wrong where."""
        serializer: type[Serializer[Any]] = self.bodies[str(self.request.method)]
        found = self.request.data
        if not isinstance(found, Mapping):
            raise Rejected(f"Expected the body to be a JSON object, found {json_kind(found)}.")
        reading = serializer(data=dict(found))
        reading.is_valid(raise_exception=True)
        return dict(reading.validated_data)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A query parameter that is true or false."""
        text = self.request.query_params.get(name)
        if text in (None, ""):
            return default
        if text.lower() not in ("true", "false"):
            raise Rejected(
                f"Cannot set query parameter '{name}' to value '{text}': Cannot convert value \"{text}\" to java type "
                "java.lang.Boolean"
            )
        return text.lower() == "true"

    def act_on_all(self, action: type[Action[Any]], keys: Sequence[int], *args: Any, **kwargs: Any) -> None:
        """One command on each, all of them or none.

        The first is tried before, so that a missing right is recorded outside of the transaction that it undoes.
        """
        for key in keys[:1]:
            self.act(action, dry_run=True).execute(key, *args, **kwargs)
        with transaction():
            for key in keys:
                self.act(action).execute(key, *args, **kwargs)

    @staticmethod
    def one(rows: QuerySet[Row], id: str, missing: str) -> Row:
        """The row with this id; NotFound with the text, also for what cannot be an id."""
        key = key_of(id)
        row = rows.filter(pk=key).first() if key is not None else None
        if row is None:
            raise NotFound(missing)
        return row

    def url_of(self, *path: str) -> str:
        """The absolute address of a resource, for the links of an answer."""
        return self.request.build_absolute_uri("/engine-rest/" + "/".join(path))


def tenant_id(workspace: Workspace) -> str | None:
    """The workspace as a tenant: the default one is no tenant."""
    return None if workspace.slug == DEFAULT_WORKSPACE else workspace.slug
