"""The cluster and who is asking."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.v2.base import V2View
from workflow.models import Workspace

VERSION = "8.8.0"
"""The API version that is spoken."""


class Topology(V2View):
    """GET /topology"""

    def get(self, request: Request) -> Response:
        partition = {"partitionId": 1, "role": "leader", "health": "healthy", "state": "active"}
        host, port = request.get_host().partition(":")[0], int(request.get_port())
        broker = {
            "nodeId": 0,
            "brokerId": "0",
            "host": host,
            "port": port,
            "partitions": [partition],
            "version": VERSION,
        }
        return Response(
            {
                "brokers": [broker],
                "clusterId": "fettle",
                "clusterSize": 1,
                "partitionsCount": 1,
                "replicationFactor": 1,
                "gatewayVersion": VERSION,
                "lastCompletedChangeId": "-1",
            }
        )


class Status(V2View):
    """GET /status: 204 while the database answers."""

    permission_classes = [AllowAny]
    authentication_classes = []
    response_schema = {204: None, 503: None}

    def get(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return self.done()


class License(V2View):
    """GET /license"""

    permission_classes = [AllowAny]
    authentication_classes = []

    def get(self, request: Request) -> Response:
        return Response({"validLicense": True, "licenseType": "Apache-2.0", "isCommercial": False, "expiresAt": None})


class Me(V2View):
    """GET /authentication/me"""

    def get(self, request: Request) -> Response:
        user = request.user
        workspaces = self.visible(Workspace.objects.all())
        return Response(
            {
                "username": user.get_username(),
                "displayName": user.get_full_name() or user.get_username(),
                "email": user.email,
                "authorizedComponents": ["*"],
                "tenants": [
                    {"tenantId": each.slug, "name": each.name, "description": each.description} for each in workspaces
                ],
                "groups": [],
                "roles": sorted(user.groups.values_list("name", flat=True)),
                "salesPlanType": None,
                "c8Links": {},
                "canLogout": settings.SESSION_COOKIE_NAME in request.COOKIES,
            }
        )
