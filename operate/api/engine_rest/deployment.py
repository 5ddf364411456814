"""/deployment: the files that came together, deploying and deleting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import DeleteDeployment, Deploy
from operate.api.base import check_text
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.errors import Refused
from operate.api.engine_rest.ids import id_of, key_of
from operate.api.engine_rest.listing import Listing, count_of
from operate.api.engine_rest.process_definition import Definition, definition_answers
from operate.api.engine_rest.process_instance import Link
from operate.api.engine_rest.values import date_text
from operate.workspaces import Right, workspace_named
from workflow.engine.errors import NotFound, Rejected
from workflow.graph import Semantics
from workflow.models import Deployment, ProcessDefinition
from workflow.services import Deployed, Resource

MAX_NAME = 255
MAX_FORM_BYTES = 64 * 1024 * 1024
TEXT_FIELDS = ("deployment-name", "deployment-source", "tenant-id")


class DeploymentAnswer(TypedDict):
    links: list[Link]
    id: str
    name: str | None
    source: str | None
    deploymentTime: str | None
    tenantId: str | None


class DeploymentWithDefinitions(DeploymentAnswer):
    deployedProcessDefinitions: dict[str, Definition] | None
    deployedCaseDefinitions: dict[str, Any] | None
    deployedDecisionDefinitions: dict[str, Any] | None
    deployedDecisionRequirementsDefinitions: dict[str, Any] | None


class ResourceAnswer(TypedDict):
    id: str
    name: str
    deploymentId: str


CREATE_BODY = {
    "type": "object",
    "properties": {
        "deployment-name": {"type": "string"},
        "deployment-source": {"type": "string"},
        "enable-duplicate-filtering": {"type": "boolean"},
        "deploy-changed-only": {"type": "boolean"},
        "tenant-id": {"type": "string"},
        "data": {
            "type": "string",
            "format": "binary",
            "description": "A BPMN file. Parts with files may have any name.",
        },
    },
}

QUERY = by.ListQuery(
    filters={
        "id": by.key("pk"),
        "name": by.text("name"),
        "nameLike": by.pattern("name"),
        "source": by.text("source"),
        "withoutSource": by.flag(Q(source="")),
        "tenantIdIn": by.tenants(include="includeDeploymentsWithoutTenantId"),
        "withoutTenantId": by.without_tenant(),
        "includeDeploymentsWithoutTenantId": by.always("Together with tenantIdIn."),
        "after": by.date("deployed_at__gt"),
        "before": by.date("deployed_at__lt"),
    },
    sorting={"id": "key", "name": "name", "deploymentTime": "deployed_at", "tenantId": "workspace__slug"},
)


def deployment(row: Deployment, links: Sequence[Link] = ()) -> DeploymentAnswer:
    return {
        "links": list(links),
        "id": id_of(row.key),
        "name": row.name or None,
        "source": row.source or None,
        "deploymentTime": date_text(row.deployed_at),
        "tenantId": tenant_id(row.workspace),
    }


def visible_deployments(view: EngineRestView) -> QuerySet[Deployment]:
    """The deployments that the caller may see."""
    workspaces = view.access.workspaces(Right.VIEW)
    rows = Deployment.objects.select_related("workspace")
    return rows if workspaces is None else rows.filter(workspace__in=workspaces)


class Deployments(Listing):
    """Deployments."""

    query = QUERY
    answers = {"GET": list[DeploymentAnswer]}

    def rows(self) -> QuerySet[Deployment]:
        return visible_deployments(self)

    def show(self, rows: Sequence[Deployment]) -> list[DeploymentAnswer]:
        return [deployment(row) for row in rows]


DeploymentCount = count_of(Deployments)


class DeploymentCreate(EngineRestView):
    """Deploy BPMN files together: all of them, or none with all that is wrong with any."""

    parser_classes = [MultiPartParser]
    bodies = {"POST": CREATE_BODY}
    body_type = "multipart/form-data"
    answers = {"POST": DeploymentWithDefinitions}

    def post(self, request: Request) -> Response:
        length = request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > MAX_FORM_BYTES:
            raise Refused(f"Expected a form of at most {MAX_FORM_BYTES} bytes, found {length}.", status=413)
        files, options = self._parts(request)
        given = {name: self._text(options, name) for name in TEXT_FIELDS}
        changed_only = self._option(options, "deploy-changed-only")
        deployed = self.act(Deploy).execute(
            files,
            workspace_id=workspace_named(given["tenant-id"] or None).pk,
            fallback=Semantics.CAMUNDA_7,
            name=given["deployment-name"],
            source=given["deployment-source"],
            deduplicate=changed_only or self._option(options, "enable-duplicate-filtering"),
            only_changed=changed_only,
        )
        return Response(self._answer(deployed))

    @staticmethod
    def _parts(request: Request) -> tuple[list[Resource], dict[str, str]]:
        """Files are the parts that have a file name; their part's name means nothing."""
        files = []
        for part in (part for name in request.FILES for part in request.FILES.getlist(name)):
            name = _file_name(part)
            check_text(name, "the name of a file")
            if len(name) > MAX_NAME:
                raise Rejected(f"Expected file names of at most {MAX_NAME} characters, found one of {len(name)}.")
            files.append(Resource(name, part.read()))
        if not files:
            raise Rejected("No deployment resources contained in the form upload.")
        return files, {name: str(value) for name, value in request.POST.items()}

    @staticmethod
    def _text(options: dict[str, str], name: str) -> str:
        text = options.get(name, "")
        check_text(text, f"'{name}'")
        if len(text) > MAX_NAME:
            raise Rejected(f"Expected '{name}' to have at most {MAX_NAME} characters, found {len(text)}.")
        return text

    @staticmethod
    def _option(options: dict[str, str], name: str) -> bool:
        return options.get(name, "").strip().lower() == "true"

    def _answer(self, deployed: Deployed) -> dict[str, Any]:
        keys = [definition.key for definition in deployed.definitions if definition.key in deployed.new_keys]
        fresh = ProcessDefinition.objects.filter(pk__in=keys).select_related("workspace").defer("xml").order_by("key")
        row = Deployment.objects.select_related("workspace").get(pk=deployed.key)
        link: Link = {"method": "GET", "href": self.url_of("deployment", id_of(row.key)), "rel": "self"}
        return {
            **deployment(row, [link]),
            "deployedProcessDefinitions": {answer["id"]: answer for answer in definition_answers(fresh)} or None,
            "deployedCaseDefinitions": None,
            "deployedDecisionDefinitions": None,
            "deployedDecisionRequirementsDefinitions": None,
        }


def _file_name(part: UploadedFile) -> str:
    return str(part.name or "")


class OneDeployment(EngineRestView):
    """What the views of one deployment share."""

    def deployment(self, id: str, missing: str = "") -> Deployment:
        return self.one(visible_deployments(self), id, missing or f"Deployment with id '{id}' does not exist")

    @staticmethod
    def files(row: Deployment) -> list[ProcessDefinition]:
        """The first definition of each file, which stands for it."""
        earlier = ProcessDefinition.objects.filter(
            deployment=row, resource_name=OuterRef("resource_name"), key__lt=OuterRef("key")
        )
        return list(
            ProcessDefinition.objects.filter(~Exists(earlier), deployment=row).defer("xml").order_by("resource_name")
        )


class DeploymentView(OneDeployment):
    """One deployment."""

    answers = {"GET": DeploymentAnswer}
    parameters = {
        "DELETE": {
            "cascade": (OpenApiTypes.BOOL, "Whether process instances go too, running and ended ones."),
            "skipCustomListeners": (OpenApiTypes.BOOL, "There are no listeners to skip yet."),
            "skipIoMappings": (OpenApiTypes.BOOL, "Deleting maps nothing anyway."),
        }
    }

    def get(self, request: Request, id: str) -> Response:
        """One deployment."""
        return Response(deployment(self.deployment(id)))

    def delete(self, request: Request, id: str) -> Response:
        """Delete a deployment with its definitions."""
        self.act(DeleteDeployment).execute(self.deployment(id).key, cascade=self.flag("cascade"))
        return Response(status=204)


class DeploymentResources(OneDeployment):
    """The files of a deployment."""

    answers = {"GET": list[ResourceAnswer]}

    def get(self, request: Request, id: str) -> Response:
        row = self.deployment(id, f"Deployment resources for deployment id '{id}' do not exist.")
        return Response([resource(each) for each in self.files(row)])


def resource(row: ProcessDefinition) -> ResourceAnswer:
    return {"id": id_of(row.key), "name": row.resource_name, "deploymentId": id_of(row.deployment_key)}


class DeploymentResource(OneDeployment):
    """One file of a deployment."""

    answers = {"GET": ResourceAnswer}

    def get(self, request: Request, id: str, resource_id: str) -> Response:
        return Response(resource(self.file(id, resource_id)))

    def file(self, id: str, resource_id: str) -> ProcessDefinition:
        missing = f"Deployment resource with resource id '{resource_id}' for deployment id '{id}' does not exist."
        found = next(
            (each for each in self.files(self.deployment(id, missing)) if each.key == key_of(resource_id)), None
        )
        if found is None:
            raise NotFound(missing)
        return found


class DeploymentResourceData(DeploymentResource):
    """The content of one file of a deployment."""

    answers = {"GET": OpenApiResponse(OpenApiTypes.BINARY, "The file.")}

    def get(self, request: Request, id: str, resource_id: str) -> HttpResponse:
        row = self.file(id, resource_id)
        name = row.resource_name.rpartition("/")[2]
        return HttpResponse(
            row.xml,
            content_type="application/octet-stream",
            headers={"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or ""},
        )
