"""Element instances, their statistics, and sequence flows.

The process instance has no row among the element instances; in this API it is one, of the type PROCESS, so the two are
united.
"""

from __future__ import annotations

import json
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    F,
    Func,
    JSONField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Replace
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.v2.base import V2View, key_text, one
from operate.api.v2.bodies import Body
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.fields import Field, Kind
from operate.api.v2.schema import FLAG, KEY, TEXT, WHOLE, Schema, all_of, array
from operate.api.v2.search import Columns, Item, Search
from workflow.graph import BODY_SUFFIX, ElementType
from workflow.models import ElementInstance, Incident, ProcessDefinition, ProcessInstance
from workflow.selectors import element_names

TAG = "Element instance"
OPEN = (ElementInstance.State.ACTIVATING, ElementInstance.State.ACTIVE, ElementInstance.State.COMPLETING)
ENDED_EARLY = (ElementInstance.State.TERMINATED, ProcessInstance.State.CANCELED)
STATES = {
    "ACTIVE": Q(state__in=OPEN),
    "COMPLETED": Q(state=ElementInstance.State.COMPLETED),
    "TERMINATED": Q(state__in=ENDED_EARLY),
}
TOLD_STATE = Case(
    *(When(condition, then=Value(name)) for name, condition in STATES.items()), output_field=CharField(max_length=16)
)
TYPES = (
    "PROCESS SUB_PROCESS EVENT_SUB_PROCESS AD_HOC_SUB_PROCESS AD_HOC_SUB_PROCESS_INNER_INSTANCE START_EVENT "
    "INTERMEDIATE_CATCH_EVENT INTERMEDIATE_THROW_EVENT BOUNDARY_EVENT END_EVENT SERVICE_TASK RECEIVE_TASK USER_TASK "
    "MANUAL_TASK TASK SCRIPT_TASK BUSINESS_RULE_TASK SEND_TASK EXCLUSIVE_GATEWAY INCLUSIVE_GATEWAY PARALLEL_GATEWAY "
    "EVENT_BASED_GATEWAY SEQUENCE_FLOW MULTI_INSTANCE_BODY CALL_ACTIVITY UNSPECIFIED UNKNOWN"
)
KINDS = {name: Q(element_type=name) for name in TYPES.split()} | {
    "SUB_PROCESS": Q(element_type__in=[ElementType.SUB_PROCESS, ElementType.TRANSACTION])
}
MOST_NAMED_DEFINITIONS = 500
STATISTICS: Schema = all_of(
    items=array(all_of(elementId=TEXT, active=WHOLE, canceled=WHOLE, incidents=WHOLE, completed=WHOLE))
)


def told_id(column: str = "element_id") -> Replace:
    """An element's id as the API tells it: the body of a multi-instance has the same one as its iterations."""
    return Replace(column, Value(BODY_SUFFIX), Value(""))


def told_type(path: str = "") -> Case:
    """An element's type as the API tells it. It knows no transactions: Camunda 7's are told as sub-processes."""
    name = f"{path}element_type"
    is_transaction = Q(**{name: ElementType.TRANSACTION})
    return Case(When(is_transaction, then=Value("SUB_PROCESS")), default=name, output_field=CharField(max_length=40))


class ElementInstanceSearch(Search):
    """Find element instances; the process instance is one of them."""

    tag = TAG
    what = "an element instance"
    has_alternatives = True
    fields = (
        Field("elementInstanceKey", "key", Kind.KEY),
        Field("elementId", "told_id"),
        Field("elementName", "element_name", needs=("definition_key", "told_id"), render=lambda row: row["element_name"]),
        Field("type", "told_type", Kind.CHOICE, choices=KINDS),
        Field("state", "told_state", Kind.CHOICE, choices=STATES),
        Field("hasIncident", kind=Kind.FLAG, flag=Q(incident__isnull=False), sort=False, needs=("incident",),
              render=lambda row: row["incident"] is not None, schema=FLAG),
        Field("incidentKey", "incident", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, filter=False, sort=False),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processDefinitionId", "process_id"),
        Field("startDate", "begun_at", Kind.DATE),
        Field("endDate", "ended_at", Kind.DATE),
        Field("tenantId", "tenant"),
        Field("elementInstanceScopeKey", "flow_scope_key", Kind.KEY, shown=False, sort=False),
    )  # fmt: skip

    def page(self, body: Body, conditions: Q) -> dict[str, Any]:
        self.names = self._names(body) if _speaks_of_names(body) else None
        return super().page(body, conditions)

    def sources(self, conditions: Q) -> list[QuerySet[Any]]:
        return [self._named(rows).filter(conditions) for rows in (self._elements(), self._processes())]

    def _elements(self) -> QuerySet[ElementInstance]:
        incidents = Incident.objects.filter(element_instance=OuterRef("pk"), state=Incident.State.ACTIVE)
        first = incidents.order_by().values("element_instance").annotate(first=Min("key")).values("first")
        return self.visible(ElementInstance.objects.all()).annotate(
            definition_key=F("process_instance__definition"),
            process_id=F("process_instance__process_id"),
            tenant=F("process_instance__workspace__slug"),
            incident=Subquery(first),
            told_id=told_id(),
            told_type=told_type(),
            told_state=TOLD_STATE,
            # Before an asynchronous continuation has run, Camunda 7 has not begun the element; this API demands a date.
            begun_at=Coalesce("started_at", "process_instance__started_at"),
        )

    def _processes(self) -> QuerySet[ProcessInstance]:
        nothing = Cast(Value(None), BigIntegerField())
        return self.visible(ProcessInstance.objects.all()).annotate(
            told_id=F("process_id"),
            element_type=Value("PROCESS", CharField(max_length=40)),
            told_type=Value("PROCESS", CharField(max_length=40)),
            begun_at=F("started_at"),
            process_instance_key=F("key"),
            tenant=F("workspace__slug"),
            incident=nothing,
            flow_scope_key=nothing,
            told_state=TOLD_STATE,
        )

    # -- names: they stand in the models alone, so the models in question are read before the database can compare them

    names: str | None = None

    def _named(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.names is None:
            return rows
        place = Concat(Cast("definition_key", TextField()), Value(":"), F("told_id"), output_field=TextField())
        listed = Cast(Value(self.names, TextField()), JSONField())
        name = Func(listed, place, template="(%(expressions)s)", arg_joiner=" ->> ", output_field=TextField())
        return rows.annotate(element_name=Coalesce(NullIf(name, Value("")), F("told_id"), output_field=TextField()))

    def _names(self, body: Body) -> str:
        """The names in all process definitions that the filter may mean, as JSON by definition and element id."""
        definitions = self.visible(ProcessDefinition.objects.filter(self._definitions(body.body("filter"))))
        keys = list(definitions.order_by().values_list("key", flat=True)[: MOST_NAMED_DEFINITIONS + 1])
        if len(keys) > MOST_NAMED_DEFINITIONS:
            raise InvalidArgument(
                f"Expected 'elementName' to concern at most {MOST_NAMED_DEFINITIONS} process definitions, but there are "
                "more. Narrow the filter by 'processInstanceKey', 'processDefinitionKey' or 'processDefinitionId'."
            )
        found = element_names(keys)
        return json.dumps({f"{key}:{id}": name for key, names in found.items() for id, name in names.items()})

    def _definitions(self, filters: Body) -> Q:
        fields = self.by_name()
        instances = ProcessInstance.objects.order_by()
        found = Q()
        for name, column in (("processDefinitionKey", "key"), ("processDefinitionId", "process_id")):
            if name in filters:
                found &= Field(name, column, fields[name].kind).condition(filters.raw(name), f"filter.{name}")
        if "processInstanceKey" in filters:
            demanded = Field("", "key", Kind.KEY).condition(
                filters.raw("processInstanceKey"), "filter.processInstanceKey"
            )
            found &= Q(pk__in=instances.filter(demanded).values("definition"))
        return found

    def completed(self, rows: list[Columns]) -> list[Columns]:
        names = element_names(row["definition_key"] for row in rows)
        return [
            {**row, "element_name": names.get(row["definition_key"], {}).get(row["told_id"]) or row["told_id"]}
            for row in rows
        ]


def _speaks_of_names(body: Body) -> bool:
    filters = [body.body("filter"), *body.body("filter").bodies("$or")]
    return any("elementName" in each for each in filters) or any(
        part.raw("field") == "elementName" for part in body.bodies("sort")
    )


class ElementInstanceView(Item):
    """An element instance, or a process instance as one."""

    tag = TAG
    search = ElementInstanceSearch


class InstanceStatistics(V2View):
    """How often each element of a process instance was passed, and where incidents are."""

    tag = "Process instance"
    answers = {"GET": STATISTICS}

    def get(self, request: Request, key: str) -> Response:
        instance = one(self.visible(ProcessInstance.objects.all()), key, "a process instance")
        rows = ElementInstance.objects.filter(process_instance=instance)
        return Response({"items": statistics(rows, Incident.objects.filter(process_instance=instance))})


def statistics(rows: QuerySet[ElementInstance], incidents: QuerySet[Incident]) -> list[dict[str, Any]]:
    """How many instances of each element are active, canceled, completed, and how many incidents are open there.

    Of a multi-instance the iterations are counted; what is wrong with its body shows at the element, too.
    """
    counted = rows.exclude(element_type=ElementType.MULTI_INSTANCE_BODY).order_by().values_list("element_id")
    counts = {
        element_id: (active, canceled, completed)
        for element_id, active, canceled, completed in counted.annotate(
            active=Count("key", filter=STATES["ACTIVE"]),
            canceled=Count("key", filter=STATES["TERMINATED"]),
            completed=Count("key", filter=STATES["COMPLETED"]),
        )
    }
    active_incidents = incidents.filter(state=Incident.State.ACTIVE).order_by().values_list(told_id())
    open_incidents = dict(active_incidents.annotate(number=Count("key")))
    return [
        {
            "elementId": element_id,
            "active": active,
            "canceled": canceled,
            "incidents": open_incidents.get(element_id, 0),
            "completed": completed,
        }
        for element_id in sorted({*counts, *open_incidents})
        for active, canceled, completed in [counts.get(element_id, (0, 0, 0))]
    ]


class SequenceFlows(V2View):
    """The sequence flows that a process instance has taken."""

    tag = "Process instance"
    answers = {
        "GET": all_of(
            items=array(
                all_of(
                    sequenceFlowId=TEXT,
                    processInstanceKey=KEY,
                    rootProcessInstanceKey=KEY,
                    processDefinitionKey=KEY,
                    processDefinitionId=TEXT,
                    elementId=TEXT,
                    tenantId=TEXT,
                )
            )
        )
    }

    def get(self, request: Request, key: str) -> Response:
        rows = self.visible(ProcessInstance.objects.select_related("workspace"))
        instance = one(rows, key, "a process instance")
        taken = instance.sequence_flows_taken.filter(taken__gt=0).order_by("flow_id").values_list("flow_id", flat=True)
        return Response({"items": [self._told(instance, flow_id) for flow_id in taken.distinct()]})

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
