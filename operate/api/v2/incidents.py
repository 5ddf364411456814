"""Incidents."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ResolveIncident
from operate.api.v2.base import V2View, one
from operate.api.v2.search import Field, Kind, Search
from workflow.engine.errors import NotFound
from workflow.models import Incident, ProcessInstance
from workflow.selectors import element_instances_below

TAG = "Incident"
STATES = {"ACTIVE": Q(state="ACTIVE"), "RESOLVED": Q(state="RESOLVED")} | {
    name: Q(pk__in=[]) for name in ("PENDING", "MIGRATED", "UNKNOWN")
}
ERROR_TYPES = (
    "UNSPECIFIED UNKNOWN IO_MAPPING_ERROR JOB_NO_RETRIES CONDITION_ERROR EXTRACT_VALUE_ERROR CALLED_ELEMENT_ERROR "
    "UNHANDLED_ERROR_EVENT MESSAGE_SIZE_EXCEEDED CALLED_DECISION_ERROR DECISION_EVALUATION_ERROR FORM_NOT_FOUND "
    "RESOURCE_NOT_FOUND EXECUTION_LISTENER_NO_RETRIES TASK_LISTENER_NO_RETRIES AD_HOC_SUB_PROCESS_NO_RETRIES"
)
TYPES = {name: Q(error_type=name) for name in ERROR_TYPES.split()}


class IncidentSearch(Search):
    """POST /incidents/search"""

    tag = TAG
    fields = (
        Field("incidentKey", "key", Kind.KEY),
        Field("processDefinitionId", "process_instance__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("errorType", "error_type", Kind.CHOICE, choices=TYPES),
        Field("errorMessage", "message"),
        Field("elementId", "element_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("creationTime", "created_at", Kind.DATE),
        Field("state", "state", Kind.CHOICE, choices=STATES),
        Field("jobKey", "job_key", Kind.KEY),
        Field("tenantId", "workspace__slug"),
    )

    def rows(self) -> QuerySet[Incident]:
        return self.visible(Incident.objects.all())


class InstanceIncidents(IncidentSearch):
    """POST /process-instances/{key}/incidents/search: of the instance and those it called."""

    def rows(self) -> QuerySet[Incident]:
        instance = one(self.visible(ProcessInstance.objects.all()), self.kwargs["key"], "a process instance")
        if instance.key == instance.root_process_instance_key:
            return super().rows().filter(root_process_instance=instance.key)
        return super().rows().filter(process_instance=instance)


class ElementIncidents(IncidentSearch):
    """POST /element-instances/{key}/incidents/search: of the element instance and those below it."""

    def rows(self) -> QuerySet[Incident]:
        number = self.key(self.kwargs["key"], "an element instance")
        return super().rows().filter(element_instance__in=element_instances_below(number))


class IncidentView(V2View):
    """GET /incidents/{key}"""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        found: dict[str, Any] | None = IncidentSearch.item(
            self.visible(Incident.objects.all()), self.key(key, "an incident")
        )
        if found is None:
            raise NotFound(f"Expected to find an incident with key '{key}', but there is none.")
        return Response(found)


class Resolution(V2View):
    """POST /incidents/{key}/resolution"""

    tag = TAG
    command = "RESOLVE"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        self.act(ResolveIncident).execute(self.key(key, "an incident"))
        return self.done()
