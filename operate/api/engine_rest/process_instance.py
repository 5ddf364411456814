"""/process-instance: what is running, its variables and activity instances, and changing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import (
    CancelProcessInstance,
    ModifyProcessInstance,
    ResumeProcessInstance,
    SuspendProcessInstance,
)
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import OPEN, ActivityInstance, ActivityTree
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.bodies import Flag, body, flag, text, texts
from operate.api.engine_rest.ids import definition_id, definition_key_of, id_of, key_of
from operate.api.engine_rest.incident import of_type
from operate.api.engine_rest.instructions import ModificationBody
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.scope_variables import ScopeVariable, ScopeVariables
from operate.api.engine_rest.variable_filters import IGNORE_CASE, variables
from workflow.engine.errors import NotFound, Rejected
from workflow.models import DEFAULT_WORKSPACE, ElementInstance, Incident, ProcessInstance
from workflow.modification import ModificationOptions


class Link(TypedDict):
    method: str
    href: str
    rel: str


class ProcessInstanceAnswer(TypedDict):
    links: list[Link]
    id: str
    definitionId: str
    definitionKey: str
    businessKey: str | None
    caseInstanceId: str | None
    ended: bool
    suspended: bool
    tenantId: str | None


def process_instance(row: ProcessInstance, links: Sequence[Link] = ()) -> ProcessInstanceAnswer:
    return {
        "links": list(links),
        "id": id_of(row.key),
        "definitionId": definition_id(row.definition),
        "definitionKey": row.process_id,
        "businessKey": row.business_key,
        "caseInstanceId": None,
        "ended": row.state != ProcessInstance.State.ACTIVE,
        "suspended": row.suspended,
        "tenantId": tenant_id(row.workspace),
    }


def no_process_instance(id: str) -> str:
    return f"Process instance with id {id} does not exist"


def with_incident(**conditions: object) -> Q:
    """Process instances with an open incident like this."""
    rows = Incident.objects.filter(process_instance=OuterRef("pk"), state=Incident.State.ACTIVE, **conditions)
    return Q(Exists(rows))


def _with_incident_that(condition: Q) -> Q:
    rows = Incident.objects.filter(condition, process_instance=OuterRef("pk"), state=Incident.State.ACTIVE)
    return Q(Exists(rows))


def active_at(element_ids: Sequence[str]) -> Q:
    """Process instances in which one of the elements is active."""
    rows = ElementInstance.objects.filter(process_instance=OuterRef("pk"), element_id__in=element_ids, state__in=OPEN)
    return Q(Exists(rows))


def _called() -> QuerySet[ProcessInstance]:
    return ProcessInstance.objects.active().order_by().filter(parent_process_instance=OuterRef("pk"))


QUERY = by.ListQuery(
    filters={
        "processInstanceIds": by.keys("pk"),
        "businessKey": by.text("business_key"),
        "businessKeyLike": by.pattern("business_key"),
        "caseInstanceId": by.never(),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("process_id"),
        "processDefinitionKeyIn": by.texts("process_id"),
        "processDefinitionKeyNotIn": by.not_texts("process_id"),
        "deploymentId": by.key("definition__deployment"),
        "superProcessInstance": by.key("parent_process_instance"),
        "subProcessInstance": by.Filter(
            by.Kind.TEXT, lambda value: Q(Exists(_called().filter(pk__in=[key_of(value) or 0])))
        ),
        "superCaseInstance": by.never(),
        "subCaseInstance": by.never(),
        "active": by.flag(Q(suspended=False)),
        "suspended": by.flag(Q(suspended=True)),
        "withIncident": by.flag(Q(open_incidents__gt=0)),
        "hasIncident": by.flag(Q(open_incidents__gt=0)),
        "incidentId": by.Filter(by.Kind.TEXT, lambda value: with_incident(pk__in=[key_of(value) or 0])),
        "incidentType": by.Filter(by.Kind.TEXT, lambda value: _with_incident_that(of_type(value))),
        "incidentMessage": by.Filter(by.Kind.TEXT, lambda value: with_incident(message=value)),
        "incidentMessageLike": by.Filter(
            by.Kind.TEXT, lambda value: _with_incident_that(by.like(by.F("message"), value))
        ),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
        "processDefinitionWithoutTenantId": by.without_tenant(),
        "activityIdIn": by.Filter(by.Kind.TEXTS, active_at),
        "rootProcessInstances": by.flag(Q(parent_process_instance__isnull=True)),
        "leafProcessInstances": by.flag(lambda: ~Q(Exists(_called()))),
        "variables": variables("pk"),
        **IGNORE_CASE,
    },
    sorting={
        "instanceId": "key",
        "definitionKey": "process_id",
        "definitionId": "definition_key",
        "tenantId": "workspace__slug",
        "businessKey": "business_key",
    },
    has_or_queries=True,
)


class ProcessInstances(QueryListing):
    """Running process instances."""

    query = QUERY
    answers = {"GET": list[ProcessInstanceAnswer], "POST": list[ProcessInstanceAnswer]}

    def rows(self) -> QuerySet[ProcessInstance]:
        rows = self.visible(ProcessInstance.objects.active())
        return rows.select_related("definition", "workspace").defer("definition__xml")

    def show(self, rows: Sequence[ProcessInstance]) -> list[ProcessInstanceAnswer]:
        return [process_instance(row) for row in rows]


ProcessInstanceCount = count_of(ProcessInstances)


class OneProcessInstance(EngineRestView):
    """What the views of one process instance share."""

    def instance(self, id: str, *, running: bool = True) -> ProcessInstance:
        """The process instance with this id that the caller may see."""
        rows = self.visible(ProcessInstance.objects.active() if running else ProcessInstance.objects.all())
        rows = rows.select_related("definition", "workspace").defer("definition__xml")
        return self.one(rows, id, no_process_instance(id))

    @staticmethod
    def key(id: str) -> int:
        """The key of whichever process instance this is; NotFound if it cannot be one."""
        key = key_of(id)
        if key is None:
            raise NotFound(no_process_instance(id))
        return key


class ProcessInstanceView(OneProcessInstance):
    """One running process instance."""

    answers = {"GET": ProcessInstanceAnswer}
    parameters = {
        "DELETE": {
            "skipCustomListeners": (OpenApiTypes.BOOL, "There are no listeners to skip yet."),
            "skipIoMappings": (OpenApiTypes.BOOL, "Whether output mappings are left out."),
            "skipSubprocesses": (
                OpenApiTypes.BOOL,
                "Refused if it calls running ones: they never outlive their caller.",
            ),
            "failIfNotExists": (OpenApiTypes.BOOL, "False: it is no error if there is no such process instance."),
            "deleteReason": (OpenApiTypes.STR, "Why."),
        }
    }

    def get(self, request: Request, id: str) -> Response:
        """One running process instance."""
        return Response(process_instance(self.instance(id)))

    def delete(self, request: Request, id: str) -> Response:
        """Cancel a running process instance."""
        reason = request.query_params.get("deleteReason") or request.query_params.get("reason") or ""
        skip_io_mappings = self.flag("skipIoMappings")
        fail = self.flag("failIfNotExists", default=True)
        if self.flag("skipSubprocesses") and ProcessInstance.objects.active().filter(
            parent_process_instance=key_of(id) or 0
        ):
            raise Rejected(
                f"Expected 'skipSubprocesses' to be false: process instance '{id}' calls running ones, which end too."
            )
        try:
            self.act(CancelProcessInstance, reason=reason).execute(self.key(id), skip_io_mappings=skip_io_mappings)
        except NotFound:
            if fail:
                raise
        return Response(status=204)


class ProcessInstanceActivityInstances(OneProcessInstance):
    """The tree of active activity instances."""

    answers = {"GET": ActivityInstance}

    def get(self, request: Request, id: str) -> Response:
        return Response(ActivityTree(self.instance(id)).root())


class ProcessInstanceSuspended(OneProcessInstance):
    """Suspend a running process instance, or resume it."""

    bodies = {"PUT": body("Suspension", suspended=Flag(required=True))}

    def put(self, request: Request, id: str) -> Response:
        """Suspend or resume; nothing happens if it is so already."""
        suspended = self.read()["suspended"]
        if self.instance(id).suspended is not suspended:
            self.act(SuspendProcessInstance if suspended else ResumeProcessInstance).execute(self.key(id))
        return Response(status=204)


class ManyProcessInstancesSuspended(EngineRestView):
    """Suspend several running process instances, or resume them: those that are listed, or of a process definition."""

    bodies = {
        "PUT": body(
            "ProcessInstancesSuspension",
            suspended=Flag(required=True),
            processInstanceIds=texts(),
            processDefinitionId=text(),
            processDefinitionKey=text(),
            processDefinitionTenantId=text(),
            processDefinitionWithoutTenantId=flag(),
        )
    }
    NAMING = ("processInstanceIds", "processDefinitionId", "processDefinitionKey")

    def put(self, request: Request) -> Response:
        """Suspend or resume, all or none; those that are so already are passed over."""
        given = self.read()
        named = [name for name in self.NAMING if given[name] is not None]
        if len(named) != 1:
            raise Rejected(
                "Either processInstanceIds, processDefinitionId or processDefinitionKey should be set to update the suspension "
                f"state; found {', '.join(named) or 'none'}."
            )
        running = self.visible(ProcessInstance.objects.active().filter(self._named(given)))
        keys = list(running.exclude(suspended=given["suspended"]).order_by("key").values_list("key", flat=True))
        self.act_on_all(SuspendProcessInstance if given["suspended"] else ResumeProcessInstance, keys)
        return Response(status=204)

    def _named(self, given: dict[str, Any]) -> Q:
        if (ids := given["processInstanceIds"]) is not None:
            return self._listed(ids)
        if (id := given["processDefinitionId"]) is not None:
            return Q(definition=definition_key_of(id) or 0)
        where = Q(process_id=given["processDefinitionKey"])
        if given["processDefinitionWithoutTenantId"]:
            return where & Q(workspace__slug=DEFAULT_WORKSPACE)
        tenant = given["processDefinitionTenantId"]
        return where if tenant is None else where & Q(workspace__slug=tenant)

    def _listed(self, ids: Sequence[str]) -> Q:
        by_key = {key_of(id) or 0: id for id in ids}
        running = self.visible(ProcessInstance.objects.active().filter(pk__in=by_key)).values_list("key", flat=True)
        missing = sorted(by_key[key] for key in by_key.keys() - set(running))
        if missing:
            raise NotFound(no_process_instance(missing[0]))
        return Q(pk__in=by_key)


class ProcessInstanceModification(OneProcessInstance):
    """Modify a running process instance: all instructions in their order, or none."""

    bodies = {"POST": ModificationBody}

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        action = self.act(ModifyProcessInstance, reason=given["annotation"] or "")
        options = ModificationOptions(bool(given["skipIoMappings"]), bool(given["skipCustomListeners"]))
        action.execute(self.key(id), given["instructions"] or [], options=options)
        return Response(status=204)


class ProcessInstanceScope(OneProcessInstance):
    """The variables of a process instance are those of its outermost scope."""

    noun = "process instance"

    def scopes(self, id: str) -> Sequence[int]:
        return [self.instance(id).key]


class ProcessInstanceVariables(ProcessInstanceScope, ScopeVariables):
    """The global variables."""


class ProcessInstanceVariable(ProcessInstanceScope, ScopeVariable):
    """One global variable."""
