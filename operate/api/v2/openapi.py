"""The OpenAPI document of this dialect, and the answer to addresses that do not exist."""

from __future__ import annotations

from typing import Any, NoReturn

from django.http import Http404
from rest_framework.request import Request

from operate.api.documenting import Document
from operate.api.v2.base import V2View
from operate.api.v2.schema import PREFIX


class OpenApiDocument(Document, V2View):
    """The OpenAPI document of this dialect."""

    prefix = PREFIX
    title = "Fettle: Camunda 8 REST API"
    about = "The part of Camunda 8's Orchestration Cluster API that this release speaks, below `/v2`."


class NoSuchAddress(V2View):
    """Everything that is not routed, in the dialect's own words."""

    schema = None

    def http_method_not_allowed(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        raise Http404
