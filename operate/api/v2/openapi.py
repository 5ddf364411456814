"""The OpenAPI document of this dialect, and the answer to addresses that do not exist."""

from __future__ import annotations

from typing import Any, NoReturn

from django.http import Http404
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.v2.base import V2View
from operate.api.v2.schema import PREFIX


class OpenApiDocument(V2View):
    """The OpenAPI document of this dialect."""

    schema = None

    def get(self, request: Request) -> Response:
        return Response(document(request))


class NoSuchAddress(V2View):
    """Everything that is not routed, in the dialect's own words."""

    schema = None

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise Http404


def document(request: Request | None = None) -> dict[str, Any]:
    """The OpenAPI document of all routes of the dialect."""
    from operate.api.v2.urls import resources

    generator = SchemaGenerator(patterns=[path(PREFIX, include(resources))])
    found: dict[str, Any] = generator.get_schema(request=request, public=True)
    found["info"]["title"] = "Fettle: Camunda 8 REST API"
    found["info"]["description"] = (
        "The part of Camunda 8's Orchestration Cluster API that this release speaks, below `/v2`."
    )
    return found
