"""Element instances, their statistics, and sequence flows.

The process instance has no row among the element instances; in this API it is one, of the type PROCESS, so the two are united.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, Count, F, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.v2.base import V2View, key_text, one
from operate.api.v2.search import Field, Kind, Row, Search
from workflow.engine.errors import NotFound
from workflow.models import ElementInstance, Incident, ProcessInstance
from workflow.persistence.definitions import executable_process

TAG = "Element instance"
OPEN = ("ACTIVATING", "ACTIVE", "COMPLETING")
STATES = {
    "ACTIVE": Q(state__in=OPEN),
    "COMPLETED": Q(state="COMPLETED"),
    "TERMINATED": Q(state__in=("TERMINATED", "CANCELED")),
}
TYPES = (
    "PROCESS SUB_PROCESS EVENT_SUB_PROCESS AD_HOC_SUB_PROCESS AD_HOC_SUB_PROCESS_INNER_INSTANCE START_EVENT "
    "INTERMEDIATE_CATCH_EVENT INTERMEDIATE_THROW_EVENT BOUNDARY_EVENT END_EVENT SERVICE_TASK RECEIVE_TASK USER_TASK "
    "MANUAL_TASK TASK SCRIPT_TASK BUSINESS_RULE_TASK SEND_TASK EXCLUSIVE_GATEWAY INCLUSIVE_GATEWAY PARALLEL_GATEWAY "
    "EVENT_BASED_GATEWAY SEQUENCE_FLOW MULTI_INSTANCE_BODY CALL_ACTIVITY UNSPECIFIED UNKNOWN"
)
ELEMENT_TYPES = TYPES.split()


def state_of(state: str) -> str:
    """The state of an element instance or process instance as this API tells it."""
    if state in OPEN:
        return "ACTIVE"
    return "TERMINATED" if state == "CANCELED" else state


def element_name(row: Row) -> str:
    """The name in the model; the id where it has none."""
    process = executable_process(row["definition_key"])
    element = process.elements.get(row["element_id"])
    return (element.name if element is not None else "") or row["element_id"]


OPEN_INCIDENTS = Incident.objects.filter(state="ACTIVE", element_instance=OuterRef("pk")).order_by()


class ElementInstanceSearch(Search):
    """POST /element-instances/search"""

    tag = TAG
    fields = (
        Field("elementInstanceKey", "key", Kind.KEY),
        Field("elementId", "element_id"),
        Field("elementName", "element_id", sort=True, filter=False, needs=("element_id", "definition_key"), render=element_name),
        Field("type", "element_type", Kind.CHOICE, choices={name: Q(element_type=name) for name in ELEMENT_TYPES}),
        Field("state", "state", Kind.CHOICE, choices=STATES, render=lambda row: state_of(row["state"])),
        Field("hasIncident", kind=Kind.FLAG, flag=Q(incident__isnull=False), sort=False, needs=("incident",),
              render=lambda row: row["incident"] is not None),
        Field("incidentKey", "incident", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, filter=False, sort=False),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processDefinitionId", "process_id"),
        Field("startDate", "started_at", Kind.DATE),
        Field("endDate", "ended_at", Kind.DATE),
        Field("tenantId", "tenant"),
        Field("elementInstanceScopeKey", "flow_scope_key", Kind.KEY, shown=False, sort=False),
    )  # fmt: skip

    def rows(self) -> QuerySet[ElementInstance]:
        return element_rows(self.visible(ElementInstance.objects.all()))

    def processes(self) -> QuerySet[Any]:
        """Process instances as element instances of the type PROCESS."""
        return process_rows(self.visible(ProcessInstance.objects.all()))

    def sources(self, conditions: Q) -> list[QuerySet[Any]]:
        """Element instances, and the process instances where the filter lets them through."""
        return [self.rows().filter(conditions), self.processes().filter(conditions)]

    def post(self, request: Request, **path: str) -> Response:
        body = self.body()
        return Response(self.page_of(self.sources(self.conditions(body.body("filter"))), body))


def element_rows(rows: QuerySet[ElementInstance]) -> QuerySet[Any]:
    """Element instances with the columns that this API tells."""
    first_incident = OPEN_INCIDENTS.values("element_instance").annotate(first=Min("key")).values("first")
    return rows.annotate(
        definition_key=F("process_instance__definition"),
        process_id=F("process_instance__process_id"),
        tenant=F("process_instance__workspace__slug"),
        incident=Subquery(first_incident),
    )


def process_rows(rows: QuerySet[ProcessInstance]) -> QuerySet[Any]:
    """Process instances with the same columns."""
    nothing = Cast(Value(None), BigIntegerField())
    return rows.annotate(
        element_id=F("process_id"),
        element_type=Value("PROCESS"),
        process_instance_key=F("key"),
        tenant=F("workspace__slug"),
        incident=nothing,
        flow_scope_key=nothing,
    )


class ElementInstanceView(V2View):
    """GET /element-instances/{key}"""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        number = self.key(key, "an element instance")
        return Response(self._found(number, key))

    def _found(self, number: int, key: str) -> dict[str, Any]:
        search = ElementInstanceSearch(request=self.request)
        for rows in (search.rows(), search.processes()):
            found = ElementInstanceSearch.item(rows, number)
            if found is not None:
                return found
        raise NotFound(f"Expected to find an element instance with key '{key}', but there is none.")


class InstanceStatistics(V2View):
    """GET /process-instances/{key}/statistics/element-instances"""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        instance = one(self.visible(ProcessInstance.objects.all()), key, "a process instance")
        rows = ElementInstance.objects.filter(process_instance=instance)
        return Response({"items": statistics(rows, Incident.objects.filter(process_instance=instance))})


def statistics(rows: QuerySet[ElementInstance], incidents: QuerySet[Incident]) -> list[dict[str, Any]]:
    """How many instances of each element are active, canceled, completed, and how many incidents are open there."""
    counted = rows.values("element_id").annotate(
        active=Count("key", filter=STATES["ACTIVE"]),
        canceled=Count("key", filter=STATES["TERMINATED"]),
        completed=Count("key", filter=STATES["COMPLETED"]),
    )
    open_incidents = dict(
        incidents.filter(state="ACTIVE").order_by().values_list("element_id").annotate(number=Count("key"))
    )
    return [
        {
            "elementId": row["element_id"],
            "active": row["active"],
            "canceled": row["canceled"],
            "incidents": open_incidents.get(row["element_id"], 0),
            "completed": row["completed"],
        }
        for row in counted.order_by("element_id")
    ]


class SequenceFlows(V2View):
    """GET /process-instances/{key}/sequence-flows"""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        instance = one(self.visible(ProcessInstance.objects.select_related("workspace")), key, "a process instance")
        taken = instance.sequence_flows_taken.filter(taken__gt=0).order_by("flow_id").values_list("flow_id", flat=True)
        return Response({"items": [self._told(instance, flow_id) for flow_id in dict.fromkeys(taken)]})

    @staticmethod
    def _told(instance: ProcessInstance, flow_id: str) -> dict[str, Any]:
        return {
            "sequenceFlowId": f"{instance.key}_{flow_id}",
            "processInstanceKey": key_text(instance.key),
            "rootProcessInstanceKey": key_text(instance.root_process_instance_key),
            "processDefinitionKey": key_text(instance.definition_key),
            "processDefinitionId": instance.process_id,
            "elementId": flow_id,
            "tenantId": instance.workspace.slug,
        }
