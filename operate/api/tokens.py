"""The token by which a program acts for a user."""

from __future__ import annotations

from rest_framework.authtoken.models import Token
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class TokenView(APIView):
    """POST makes a new token and so ends the one before; DELETE ends it."""

    def post(self, request: Request) -> Response:
        Token.objects.filter(user=request.user).delete()
        return Response({"token": Token.objects.create(user=request.user).key})

    def delete(self, request: Request) -> Response:
        Token.objects.filter(user=request.user).delete()
        return Response(status=204)
