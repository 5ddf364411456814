"""The OpenAPI document of an API, made from its routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response


class Document:
    """Answers with the OpenAPI document of the resources that its route names."""

    schema = None
    prefix: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str]
    resources: Sequence[URLPattern | URLResolver] = ()

    def get(self, request: Request) -> Response:
        return Response(self.document(self.resources, request))

    @classmethod
    def document(cls, resources: Sequence[URLPattern | URLResolver], request: Request | None = None) -> dict[str, Any]:
        """The OpenAPI document of these resources, for whoever asks."""
        generator = SchemaGenerator(patterns=[path(cls.prefix, include(list(resources)))])
        found: dict[str, Any] = generator.get_schema(request=request, public=True)
        found["info"]["title"] = cls.title
        found["info"]["description"] = cls.about
        return found


__all__ = ["Document"]
