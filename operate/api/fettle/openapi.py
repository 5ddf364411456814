"""The OpenAPI document of Fettle's own API."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.fettle.base import FettleView
from operate.api.fettle.schema import PREFIX


class OpenApiDocument(FettleView):
    """The OpenAPI document of this API."""

    schema = None

    def get(self, request: Request) -> Response:
        return Response(document(request))


def document(request: Request | None = None) -> dict[str, Any]:
    """The OpenAPI document of all routes of this API."""
    from operate.api.fettle.urls import resources

    generator = SchemaGenerator(patterns=[path(PREFIX, include(resources))])
    found: dict[str, Any] = generator.get_schema(request=request, public=True)
    found["info"]["title"] = "Fettle: own API"
    found["info"]["description"] = (
        "What neither Camunda API has, below `/api`: plans, what a command would do, and doing it."
    )
    return found
