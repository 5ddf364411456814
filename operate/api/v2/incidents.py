"""Incidents: finding and resolving them."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ResolveIncident
from operate.api.v2.base import V2View, nothing_found, one
from operate.api.v2.elements import told_id
from operate.api.v2.fields import NOTHING, Field, Kind
from operate.api.v2.schema import WHOLE, record
from operate.api.v2.search import Item, Search
from workflow.models import ElementInstance, Incident, ProcessInstance
from workflow.selectors import called_process_instances, incidents_below

TAG = "Incident"
STATES = {
    "ACTIVE": Q(state=Incident.State.ACTIVE),
    "RESOLVED": Q(state=Incident.State.RESOLVED),
    "PENDING": NOTHING,
    "MIGRATED": NOTHING,
    "UNKNOWN": NOTHING,
}
ERROR_TYPES = (
    "UNSPECIFIED UNKNOWN IO_MAPPING_ERROR JOB_NO_RETRIES CONDITION_ERROR EXTRACT_VALUE_ERROR CALLED_ELEMENT_ERROR "
    "UNHANDLED_ERROR_EVENT MESSAGE_SIZE_EXCEEDED CALLED_DECISION_ERROR DECISION_EVALUATION_ERROR FORM_NOT_FOUND "
    "RESOURCE_NOT_FOUND EXECUTION_LISTENER_NO_RETRIES TASK_LISTENER_NO_RETRIES AD_HOC_SUB_PROCESS_NO_RETRIES"
)
TYPES = {name: Q(error_type=name) for name in ERROR_TYPES.split()}


class IncidentSearch(Search):
    """Find incidents."""

    tag = TAG
    what = "an incident"
    fields = (
        Field("incidentKey", "key", Kind.KEY),
        Field("processDefinitionId", "process_instance__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("errorType", "error_type", Kind.CHOICE, choices=TYPES),
        Field("errorMessage", "message", sort=False),
        Field("elementId", "told_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("creationTime", "created_at", Kind.DATE),
        Field("state", "state", Kind.CHOICE, choices=STATES),
        Field("jobKey", "job_key", Kind.KEY),
        Field("tenantId", "workspace__slug"),
    )

    def rows(self) -> QuerySet[Incident]:
        return self.visible(Incident.objects.all()).annotate(told_id=told_id())


class IncidentView(Item):
    """An incident."""

    tag = TAG
    search = IncidentSearch


class InstanceIncidents(IncidentSearch):
    """Find the incidents of a process instance and of those that it called."""

    def rows(self) -> QuerySet[Incident]:
        instance = one(self.visible(ProcessInstance.objects.all()), self.kwargs["key"], "a process instance")
        return super().rows().filter(process_instance__in=called_process_instances(instance.key))


class ElementIncidents(IncidentSearch):
    """Find the incidents of an element instance and of what is below it."""

    def rows(self) -> QuerySet[Incident]:
        key = self.kwargs["key"]
        number = self.key(key, "an element instance")
        if self.visible(ProcessInstance.objects.filter(pk=number)).exists():
            return super().rows().filter(process_instance__in=called_process_instances(number))
        if not self.visible(ElementInstance.objects.filter(pk=number)).exists():
            raise nothing_found("an element instance", key)
        return super().rows().filter(pk__in=incidents_below(number))


class Resolution(V2View):
    """Resolve an incident: what failed is tried again."""

    tag = TAG
    command = "RESOLVE"
    bodies = {"POST": record(operationReference=WHOLE)}

    def post(self, request: Request, key: str) -> Response:
        self.act(ResolveIncident).execute(self.key(key, "an incident"))
        return self.done()
