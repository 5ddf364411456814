"""/history/process-instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.db.models.fields import DurationField
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import DeleteProcessInstance
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import OPEN
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.errors import Refused
from operate.api.engine_rest.ids import definition_id, id_of, id_or_null, key_of
from operate.api.engine_rest.incident import of_type
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.queries import Filter, Kind
from operate.api.engine_rest.values import date_text, milliseconds
from operate.api.engine_rest.variable_filters import IGNORE_CASE, variables
from workflow.engine.errors import Conflict
from workflow.models import ElementInstance, Incident, ProcessInstance

State = ProcessInstance.State
DURATION = ExpressionWrapper(F("ended_at") - F("started_at"), DurationField())


class HistoricProcessInstance(TypedDict):
    id: str
    businessKey: str | None
    processDefinitionId: str
    processDefinitionKey: str
    processDefinitionName: str | None
    processDefinitionVersion: int
    startTime: str | None
    endTime: str | None
    removalTime: str | None
    durationInMillis: int | None
    startUserId: str | None
    startActivityId: str | None
    deleteReason: str | None
    rootProcessInstanceId: str
    superProcessInstanceId: str | None
    superCaseInstanceId: str | None
    caseInstanceId: str | None
    tenantId: str | None
    state: str
    restartedProcessInstanceId: str | None


def state(row: ProcessInstance) -> str:
    """The state in this API's words."""
    if row.state == State.ACTIVE:
        return "SUSPENDED" if row.suspended else "ACTIVE"
    return "COMPLETED" if row.state == State.COMPLETED else "EXTERNALLY_TERMINATED"


def historic_process_instance(row: ProcessInstance) -> HistoricProcessInstance:
    return {
        "id": id_of(row.key),
        "businessKey": row.business_key,
        "processDefinitionId": definition_id(row.definition),
        "processDefinitionKey": row.process_id,
        "processDefinitionName": row.definition.name or None,
        "processDefinitionVersion": row.version,
        "startTime": date_text(row.started_at),
        "endTime": date_text(row.ended_at),
        "removalTime": None,
        "durationInMillis": None if row.ended_at is None else milliseconds(row.ended_at - row.started_at),
        "startUserId": None,
        "startActivityId": row.start_element_id,
        "deleteReason": row.end_reason or None,
        "rootProcessInstanceId": id_of(row.root_process_instance_key),
        "superProcessInstanceId": id_or_null(row.parent_process_instance_key),
        "superCaseInstanceId": None,
        "caseInstanceId": None,
        "tenantId": tenant_id(row.workspace),
        "state": state(row),
        "restartedProcessInstanceId": id_or_null(row.restarted_from_key),
    }


def _executed(element_ids: Sequence[str], states: Sequence[str]) -> Q:
    rows = ElementInstance.objects.filter(process_instance=OuterRef("pk"), element_id__in=element_ids)
    return Q(Exists(rows.filter(state__in=states)))


def _with_incident(condition: Q) -> Q:
    return Q(Exists(Incident.objects.filter(condition, process_instance=OuterRef("pk"))))


def _incident_status(status: str) -> Q:
    states = {"open": Incident.State.ACTIVE, "resolved": Incident.State.RESOLVED}
    if status not in states:
        raise ValueError("expected open or resolved")
    return _with_incident(Q(state=states[status]))


QUERY = by.ListQuery(
    filters={
        "processInstanceId": by.key("pk"),
        "processInstanceIds": by.keys("pk"),
        "processInstanceIdNotIn": Filter(
            Kind.TEXTS, lambda values: ~Q(pk__in=[key for value in values if (key := key_of(value)) is not None])
        ),
        "rootProcessInstanceId": by.key("root_process_instance"),
        "processDefinitionId": by.definition(),
        "processDefinitionIdIn": by.definitions(),
        "processDefinitionKey": by.text("process_id"),
        "processDefinitionKeyIn": by.texts("process_id"),
        "processDefinitionKeyNotIn": by.not_texts("process_id"),
        "processDefinitionName": by.text("definition__name"),
        "processDefinitionNameLike": by.pattern("definition__name"),
        "processInstanceBusinessKey": by.text("business_key"),
        "processInstanceBusinessKeyIn": by.texts("business_key"),
        "processInstanceBusinessKeyLike": by.pattern("business_key"),
        "rootProcessInstances": by.flag(Q(parent_process_instance__isnull=True)),
        "finished": by.flag(Q(ended_at__isnull=False)),
        "unfinished": by.flag(Q(state=State.ACTIVE)),
        "withIncidents": by.flag(lambda: _with_incident(Q())),
        "withRootIncidents": by.flag(lambda: _with_incident(Q())),
        "incidentIdIn": Filter(Kind.TEXTS, lambda ids: _with_incident(by.having("pk", [key_of(id) for id in ids]))),
        "incidentType": Filter(Kind.TEXT, lambda value: _with_incident(of_type(value))),
        "incidentStatus": Filter(Kind.TEXT, _incident_status),
        "incidentMessage": Filter(Kind.TEXT, lambda value: _with_incident(Q(message=value))),
        "incidentMessageLike": Filter(Kind.TEXT, lambda value: _with_incident(by.like(F("message"), value))),
        "startedBefore": by.date("started_at__lte"),
        "startedAfter": by.date("started_at__gte"),
        "finishedBefore": by.date("ended_at__lte"),
        "finishedAfter": by.date("ended_at__gte"),
        "executedActivityIdIn": Filter(Kind.TEXTS, lambda ids: _executed(ids, ("COMPLETED", "TERMINATED"))),
        "activeActivityIdIn": Filter(Kind.TEXTS, lambda ids: _executed(ids, OPEN)),
        "activityIdIn": Filter(Kind.TEXTS, lambda ids: _executed(ids, OPEN)),
        "executedActivityAfter": by.unsupported(),
        "executedActivityBefore": by.unsupported(),
        "executedJobAfter": by.unsupported(),
        "executedJobBefore": by.unsupported(),
        "startedBy": by.unsupported(),
        "superProcessInstanceId": by.key("parent_process_instance"),
        "subProcessInstanceId": Filter(
            Kind.TEXT,
            lambda value: Q(
                Exists(ProcessInstance.objects.filter(parent_process_instance=OuterRef("pk"), pk=key_of(value) or 0))
            ),
        ),
        "superCaseInstanceId": by.never(),
        "subCaseInstanceId": by.never(),
        "caseInstanceId": by.never(),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
        "active": by.flag(Q(state=State.ACTIVE, suspended=False)),
        "suspended": by.flag(Q(state=State.ACTIVE, suspended=True)),
        "completed": by.flag(Q(state=State.COMPLETED)),
        "externallyTerminated": by.flag(Q(state=State.CANCELED)),
        "internallyTerminated": by.never(Kind.FLAG),
        "variables": variables("pk"),
        **IGNORE_CASE,
    },
    sorting={
        "instanceId": "key",
        "definitionId": "definition_key",
        "definitionKey": "process_id",
        "definitionName": "definition__name",
        "definitionVersion": "version",
        "businessKey": "business_key",
        "startTime": "started_at",
        "endTime": "ended_at",
        "duration": DURATION,
        "tenantId": "workspace__slug",
    },
    has_or_queries=True,
)


def all_instances() -> QuerySet[ProcessInstance]:
    """Process instances with what showing them needs."""
    return ProcessInstance.objects.select_related("definition", "workspace").defer("definition__xml")


class HistoricProcessInstances(QueryListing):
    """Process instances, running and ended ones."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[HistoricProcessInstance], "POST": list[HistoricProcessInstance]}

    def rows(self) -> QuerySet[ProcessInstance]:
        return self.visible(all_instances())

    def show(self, rows: Sequence[ProcessInstance]) -> list[HistoricProcessInstance]:
        return [historic_process_instance(row) for row in rows]


HistoricProcessInstanceCount = count_of(HistoricProcessInstances)


class HistoricProcessInstanceView(EngineRestView):
    """One process instance, running or ended."""

    answers = {"GET": HistoricProcessInstance}

    def get(self, request: Request, id: str) -> Response:
        """One process instance, running or ended."""
        return Response(historic_process_instance(self._instance(id)))

    def delete(self, request: Request, id: str) -> Response:
        """Delete an ended process instance with its history."""
        row = self._instance(id)
        try:
            self.act(DeleteProcessInstance).execute(row.key)
        except Conflict:
            raise Refused(
                f"Process instance is still running, cannot delete historic process instance: {id}. Cancel it first."
            ) from None
        return Response(status=204)

    def _instance(self, id: str) -> ProcessInstance:
        missing = f"Historic process instance with id {id} does not exist"
        return self.one(self.visible(all_instances()), id, missing)
