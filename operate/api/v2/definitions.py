"""Deployments and process definitions."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import DeleteProcessDefinition, Deploy
from operate.api.base import check_text
from operate.api.v2.base import V2View, key_text, one
from operate.api.v2.bodies import LONGEST_NAME
from operate.api.v2.errors import InvalidArgument, TooLarge
from operate.api.v2.fields import EVERYTHING, NOTHING, Field, Kind
from operate.api.v2.schema import ANYTHING, KEY, TEXT, WHOLE, all_of, array, nullable, record
from operate.api.v2.search import Item, Search
from operate.workspaces import workspace_named
from workflow.graph import Semantics
from workflow.models import ProcessDefinition
from workflow.services import Resource

TAG = "Process definition"
MOST_BYTES = 64 * 1024 * 1024
OTHER_KINDS = ("decisionDefinition", "decisionRequirements", "form", "resource")
DEPLOYED = all_of(
    processDefinitionId=TEXT,
    processDefinitionVersion=WHOLE,
    processDefinitionKey=KEY,
    resourceName=TEXT,
    tenantId=TEXT,
)


class Deployments(V2View):
    """Deploy files together: all of them, or none with all that is wrong with any."""

    tag = TAG
    command = "CREATE"
    parser_classes = [MultiPartParser]
    body_type = "multipart/form-data"
    bodies = {"POST": record(("resources",), resources=array({"type": "string", "format": "binary"}), tenantId=TEXT)}
    answers = {
        "POST": all_of(
            deploymentKey=KEY,
            tenantId=TEXT,
            deployments=array(all_of(processDefinition=DEPLOYED, **{kind: nullable(ANYTHING) for kind in OTHER_KINDS})),
        )
    }

    def post(self, request: Request) -> Response:
        length = request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > MOST_BYTES:
            raise TooLarge(f"Expected files of at most {MOST_BYTES} bytes together, found {length}.")
        files = [_resource(file) for file in request.FILES.getlist("resources")]
        if not files:
            raise InvalidArgument("Expected at least one file in a part named 'resources', found none.")
        tenant_id = str(request.POST.get("tenantId") or "")
        check_text(tenant_id, "'tenantId'")
        workspace = workspace_named(tenant_id)
        deployed = self.act(Deploy).execute(
            files,
            workspace_id=workspace.pk,
            name=files[0].name,
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
            **dict.fromkeys(OTHER_KINDS),
        }


def _resource(file: UploadedFile) -> Resource:
    name = str(file.name or "")
    check_text(name, "the name of a file")
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidArgument(f"Expected file names of 1 to {LONGEST_NAME} characters, found one of {len(name)}.")
    return Resource(name, file.read())


class ResourceDeletion(V2View):
    """Delete a process definition that has no process instances."""

    tag = TAG
    command = "DELETE"
    bodies = {"POST": record(operationReference=WHOLE)}
    answers = {"POST": all_of(resourceKey=KEY, batchOperation=nullable(ANYTHING))}

    def post(self, request: Request, key: str) -> Response:
        number = self.key(key, "a resource")
        self.act(DeleteProcessDefinition).execute(number)
        return Response({"resourceKey": key_text(number), "batchOperation": None})


class ProcessDefinitionSearch(Search):
    """Find process definitions."""

    tag = TAG
    what = "a process definition"
    fields = (
        Field("processDefinitionKey", "key", Kind.KEY),
        Field("processDefinitionId", "process_id"),
        Field("name", "name", blank=True),
        Field("version", "version", Kind.WHOLE),
        Field("versionTag", "version_tag", blank=True),
        Field("resourceName", "resource_name"),
        Field("tenantId", "workspace__slug"),
        Field("hasStartForm", kind=Kind.FLAG, flag=NOTHING, sort=False, render=lambda row: False),
        Field("isLatestVersion", kind=Kind.FLAG, flag=Q(is_latest=True), sort=False, shown=False),
        Field("state", kind=Kind.CHOICE, choices={"ACTIVE": EVERYTHING, "DRAINING": NOTHING, "DELETED": NOTHING}, sort=False,
              render=lambda row: "ACTIVE"),
    )  # fmt: skip

    def rows(self) -> QuerySet[ProcessDefinition]:
        return self.visible(ProcessDefinition.objects.all())


class ProcessDefinitionView(Item):
    """A process definition."""

    tag = TAG
    search = ProcessDefinitionSearch


class ProcessDefinitionXml(V2View):
    """The BPMN of a process definition."""

    tag = TAG
    answers = {"GET": TEXT}
    answer_type = "text/xml"

    def get(self, request: Request, key: str) -> HttpResponse:
        definition = one(self.visible(ProcessDefinition.objects.all()), key, "a process definition")
        return HttpResponse(definition.xml, content_type="text/xml; charset=utf-8")


class StartForm(V2View):
    """The form that a process is started with: there is none here (204), forms are not deployed."""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        one(self.visible(ProcessDefinition.objects.defer("xml")), key, "a process definition")
        return self.done()
