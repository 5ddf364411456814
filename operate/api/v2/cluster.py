"""The cluster and who is asking."""

from __future__ import annotations

from django.conf import settings
from django.db import Error, connection
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.v2.base import V2View
from operate.api.v2.errors import Unavailable
from operate.api.v2.schema import ANYTHING, DATE, FLAG, TEXT, WHOLE, all_of, array, enum, nullable, record
from workflow.models import Workspace

VERSION = "8.8.0"
"""The API version that is spoken."""


class Topology(V2View):
    """The brokers: this server is the only one."""

    answers = {
        "GET": all_of(
            brokers=array(
                all_of(
                    nodeId=WHOLE,
                    brokerId=TEXT,
                    host=TEXT,
                    port=WHOLE,
                    partitions=array(
                        all_of(
                            partitionId=WHOLE,
                            role=enum("leader", "follower", "inactive"),
                            health=enum("healthy", "unhealthy", "dead"),
                            state=TEXT,
                        )
                    ),
                    version=TEXT,
                )
            ),
            clusterId=TEXT,
            clusterSize=WHOLE,
            partitionsCount=WHOLE,
            replicationFactor=WHOLE,
            gatewayVersion=TEXT,
            lastCompletedChangeId=TEXT,
        )
    }

    def get(self, request: Request) -> Response:
        partition = {"partitionId": 1, "role": "leader", "health": "healthy", "state": "active"}
        broker = {
            "nodeId": 0,
            "brokerId": "0",
            "host": request.get_host().rpartition(":")[0] or request.get_host(),
            "port": int(request.get_port()),
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


class OpenView(V2View):
    """Told to anybody."""

    permission_classes = [AllowAny]
    authentication_classes = []


class Status(OpenView):
    """Whether the server can do its work: 204 while the database answers, else 503."""

    def get(self, request: Request) -> Response:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error as error:
            raise Unavailable("The database does not answer.") from error
        return self.done()


class License(OpenView):
    """The licence: there is none to buy."""

    answers = {"GET": all_of(validLicense=FLAG, licenseType=TEXT, isCommercial=FLAG, expiresAt=nullable(DATE))}

    def get(self, request: Request) -> Response:
        return Response({"validLicense": True, "licenseType": "Apache-2.0", "isCommercial": False, "expiresAt": None})


class Me(V2View):
    """Who is asking, and the workspaces that they may see."""

    answers = {
        "GET": all_of(
            username=TEXT,
            displayName=TEXT,
            email=TEXT,
            authorizedComponents=array(TEXT),
            tenants=array(all_of(tenantId=TEXT, name=TEXT, description=TEXT)),
            groups=array(TEXT),
            roles=array(TEXT),
            salesPlanType=nullable(ANYTHING),
            c8Links=record(),
            canLogout=FLAG,
        )
    }

    def get(self, request: Request) -> Response:
        user = request.user
        workspaces = self.visible(Workspace.objects.order_by("slug"))
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
