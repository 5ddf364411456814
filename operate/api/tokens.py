"""Fettle's own API, first part: what there is, and the token by which a program acts for a user."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth import get_user_model
from django.db import transaction
from rest_framework.authtoken.models import Token
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

ADDRESSES = {
    "token": "/api/token",
    "fettle": "/api/",
    "fettleOpenApi": "/api/openapi.json",
    "camunda7": "/engine-rest/",
    "camunda7OpenApi": "/engine-rest/openapi.json",
    "camunda8": "/v2/",
    "camunda8OpenApi": "/v2/openapi.json",
}


class Index(APIView):
    """Where the APIs are."""

    schema: ClassVar[None] = None

    def get(self, request: Request) -> Response:
        return Response({name: request.build_absolute_uri(path) for name, path in ADDRESSES.items()})


class TokenView(APIView):
    """POST makes a new token and so ends the one before; DELETE ends it. It is shown once."""

    schema: ClassVar[None] = None

    def post(self, request: Request) -> Response:
        with transaction.atomic():
            self._end(request)
            token = Token.objects.create(user=request.user)
        return Response({"token": token.key}, status=201)

    def delete(self, request: Request) -> Response:
        with transaction.atomic():
            self._end(request)
        return Response(status=204)

    @staticmethod
    def _end(request: Request) -> None:
        """Under the user's lock: of two who ask at once, the later one's token is the one that holds."""
        get_user_model().objects.select_for_update().get(pk=request.user.pk)
        Token.objects.filter(user=request.user).delete()
