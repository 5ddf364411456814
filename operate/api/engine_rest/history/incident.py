"""/history/incident."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.db.models import Q, QuerySet

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import tenant_id
from operate.api.engine_rest.ids import definition_id, id_of, id_or_null
from operate.api.engine_rest.incident import (
    all_incidents,
    job_definition_of,
    of_job_definitions,
    of_type,
    type_of,
)
from operate.api.engine_rest.listing import Listing, count_of
from operate.api.engine_rest.values import date_text
from workflow.models import Incident

State = Incident.State


class HistoricIncident(TypedDict):
    id: str
    processDefinitionKey: str
    processDefinitionId: str
    processInstanceId: str
    executionId: str
    rootProcessInstanceId: str
    createTime: str | None
    endTime: str | None
    removalTime: str | None
    incidentType: str
    activityId: str
    failedActivityId: str
    causeIncidentId: str
    rootCauseIncidentId: str
    configuration: str | None
    historyConfiguration: str | None
    incidentMessage: str | None
    tenantId: str | None
    jobDefinitionId: str | None
    open: bool
    deleted: bool
    resolved: bool
    annotation: str | None


def historic_incident(row: Incident) -> HistoricIncident:
    return {
        "id": id_of(row.key),
        "processDefinitionKey": row.definition.process_id,
        "processDefinitionId": definition_id(row.definition),
        "processInstanceId": id_of(row.process_instance_key),
        "executionId": id_of(row.element_instance_key),
        "rootProcessInstanceId": id_of(row.root_process_instance_key),
        "createTime": date_text(row.created_at),
        "endTime": date_text(row.resolved_at),
        "removalTime": None,
        "incidentType": type_of(row),
        "activityId": row.element_id,
        "failedActivityId": row.element_id,
        "causeIncidentId": id_of(row.key),
        "rootCauseIncidentId": id_of(row.key),
        "configuration": id_or_null(row.job_key),
        "historyConfiguration": None,
        "incidentMessage": row.message or None,
        "tenantId": tenant_id(row.workspace),
        "jobDefinitionId": job_definition_of(row),
        "open": row.state == State.ACTIVE,
        "deleted": False,
        "resolved": row.state == State.RESOLVED,
        "annotation": None,
    }


QUERY = by.ListQuery(
    filters={
        "incidentId": by.key("pk"),
        "incidentType": by.Filter(by.Kind.TEXT, of_type),
        "incidentMessage": by.text("message"),
        "incidentMessageLike": by.pattern("message"),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("definition__process_id"),
        "processDefinitionKeyIn": by.texts("definition__process_id"),
        "processInstanceId": by.key("process_instance"),
        "executionId": by.key("element_instance"),
        "createTimeBefore": by.date("created_at__lt"),
        "createTimeAfter": by.date("created_at__gt"),
        "endTimeBefore": by.date("resolved_at__lt"),
        "endTimeAfter": by.date("resolved_at__gt"),
        "activityId": by.text("element_id"),
        "failedActivityId": by.text("element_id"),
        "causeIncidentId": by.key("pk"),
        "rootCauseIncidentId": by.key("pk"),
        "configuration": by.key("job"),
        "historyConfiguration": by.never(),
        "open": by.flag(Q(state=State.ACTIVE)),
        "resolved": by.flag(Q(state=State.RESOLVED)),
        "deleted": by.never(by.Kind.FLAG),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
        "jobDefinitionIdIn": by.Filter(by.Kind.TEXTS, of_job_definitions),
    },
    sorting={
        "incidentId": "key",
        "incidentMessage": "message",
        "createTime": "created_at",
        "endTime": "resolved_at",
        "incidentType": "error_type",
        "executionId": "element_instance_key",
        "activityId": "element_id",
        "processInstanceId": "process_instance_key",
        "processDefinitionId": "definition_key",
        "processDefinitionKey": "definition__process_id",
        "causeIncidentId": "key",
        "rootCauseIncidentId": "key",
        "configuration": "job_key",
        "tenantId": "workspace__slug",
        "incidentState": "state",
    },
)


class HistoricIncidents(Listing):
    """Incidents, open and resolved ones."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[HistoricIncident]}

    def rows(self) -> QuerySet[Incident]:
        return self.visible(all_incidents())

    def show(self, rows: Sequence[Incident]) -> list[HistoricIncident]:
        return [historic_incident(row) for row in rows]


HistoricIncidentCount = count_of(HistoricIncidents)
