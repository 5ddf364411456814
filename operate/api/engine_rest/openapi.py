"""The OpenAPI document of this dialect."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.schema import PREFIX


class OpenApiDocument(EngineRestView):
    """The OpenAPI document of this dialect."""

    schema = None

    def get(self, request: Request) -> Response:
        return Response(document(request))


def document(request: Request | None = None) -> dict[str, Any]:
    """The OpenAPI document of all routes of the dialect, for whoever asks."""
    from operate.api.engine_rest.urls import resources

    generator = SchemaGenerator(patterns=[path(PREFIX, include(resources))])
    found: dict[str, Any] = generator.get_schema(request=request, public=True)
    found["info"]["title"] = "Fettle: Camunda 7 REST API"
    found["info"]["description"] = "The part of Camunda 7's REST API that this release speaks, below `/engine-rest`."
    return found
