"""/engine and /version: what the server is."""

from __future__ import annotations

from typing import TypedDict

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest.base import EngineRestView

ENGINE_NAME = "default"
API_VERSION = "7.22.0"
"""The release of Camunda 7 whose REST API is spoken: clients look which one it is, and expect one of that engine's."""


class EngineAnswer(TypedDict):
    name: str


class VersionAnswer(TypedDict):
    version: str


class Engines(EngineRestView):
    """The one engine there is."""

    answers = {"GET": list[EngineAnswer]}

    def get(self, request: Request) -> Response:
        return Response([{"name": ENGINE_NAME}])


class Version(EngineRestView):
    """The release of Camunda 7 whose API this is."""

    answers = {"GET": VersionAnswer}

    def get(self, request: Request) -> Response:
        return Response({"version": API_VERSION})


class NoSuchResource(EngineRestView):
    """What this release does not have is told in this dialect's error body."""

    schema = None

    def http_method_not_allowed(self, request: Request, *args: object, **kwargs: object) -> Response:
        raise NotFound("HTTP 404 Not Found")
