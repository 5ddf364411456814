"""Deployments and process definitions."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import DeleteDeployment, Deploy
from operate.api.v2.base import V2View, key_text, one
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.search import Field, Kind, Search
from operate.workspaces import workspace_named
from workflow.engine.errors import NotFound
from workflow.graph import Semantics
from workflow.models import ProcessDefinition
from workflow.services import Resource

TAG = "Process definition"


class Deployments(V2View):
    """POST /deployments: one or more files in parts named `resources`."""

    tag = TAG
    command = "CREATE"
    parser_classes = [MultiPartParser]
    request_schema = {
        "multipart/form-data": {
            "type": "object",
            "properties": {
                "resources": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "tenantId": {"type": "string"},
            },
            "required": ["resources"],
        }
    }

    def post(self, request: Request) -> Response:
        files = request.FILES.getlist("resources")
        if not files:
            raise InvalidArgument("Expected at least one file in a part named 'resources', found none.")
        workspace = workspace_named(request.data.get("tenantId"))
        deployed = self.act(Deploy).execute(
            [Resource(file.name or "", file.read()) for file in files],
            workspace_id=workspace.pk,
            name=files[0].name or "",
            source="v2",
            fallback=Semantics.ZEEBE,
            deduplicate=True,
        )
        return Response(
            {
                "deploymentKey": key_text(deployed.key),
                "tenantId": workspace.slug,
                "deployments": [self._told(definition, workspace.slug) for definition in deployed.definitions],
            }
        )

    @staticmethod
    def _told(definition: ProcessDefinition, tenant_id: str) -> dict[str, Any]:
        return {
            "processDefinition": {
                "processDefinitionId": definition.process_id,
                "processDefinitionVersion": definition.version,
                "processDefinitionKey": key_text(definition.key),
                "resourceName": definition.resource_name,
                "tenantId": tenant_id,
            },
            "decisionDefinition": None,
            "decisionRequirements": None,
            "form": None,
            "resource": None,
        }


class ResourceDeletion(V2View):
    """POST /resources/{key}/deletion: the deployment of a definition, if nothing runs or ran of it."""

    tag = TAG
    command = "DELETE"

    def post(self, request: Request, key: str) -> Response:
        definition = one(self.visible(ProcessDefinition.objects.all()), key, "a resource")
        self.act(DeleteDeployment).execute(definition.deployment_key)
        return Response({"resourceKey": key, "batchOperation": None})


class ProcessDefinitionSearch(Search):
    """POST /process-definitions/search"""

    tag = TAG
    fields = (
        Field("processDefinitionKey", "key", Kind.KEY),
        Field("processDefinitionId", "process_id"),
        Field("name", "name", render=lambda row: row["name"] or None),
        Field("version", "version", Kind.WHOLE),
        Field("versionTag", "version_tag", render=lambda row: row["version_tag"] or None, needs=("version_tag",)),
        Field("resourceName", "resource_name"),
        Field("tenantId", "workspace__slug"),
        Field("hasStartForm", flag=Q(pk__in=[]), kind=Kind.FLAG, sort=False, render=lambda row: False),
        Field("isLatestVersion", kind=Kind.FLAG, flag=Q(is_latest=True), sort=False, shown=False),
        Field(
            "state",
            kind=Kind.CHOICE,
            sort=False,
            choices={"ACTIVE": Q(suspended=False), "SUSPENDED": Q(suspended=True)},
            needs=("suspended",),
            render=lambda row: "SUSPENDED" if row["suspended"] else "ACTIVE",
        ),
    )

    def rows(self) -> QuerySet[ProcessDefinition]:
        return self.visible(ProcessDefinition.objects.all())


class ProcessDefinitionView(V2View):
    """GET /process-definitions/{key}"""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        number = self.key(key, "a process definition")
        found = ProcessDefinitionSearch.item(self.visible(ProcessDefinition.objects.all()), number)
        if found is None:
            raise NotFound(f"Expected to find a process definition with key '{key}', but there is none.")
        return Response(found)


class ProcessDefinitionXml(V2View):
    """GET /process-definitions/{key}/xml"""

    tag = TAG
    response_schema = {(200, "text/xml"): {"type": "string"}}

    def get(self, request: Request, key: str) -> HttpResponse:
        definition = one(self.visible(ProcessDefinition.objects.all()), key, "a process definition")
        return HttpResponse(definition.xml, content_type="text/xml; charset=utf-8")
