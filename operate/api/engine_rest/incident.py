"""/incident: what stands still, and resolving it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ResolveIncident
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.ids import definition_id, id_of, id_or_null
from operate.api.engine_rest.job import job_definition_id, of_job_definition
from operate.api.engine_rest.listing import Listing, count_of
from operate.api.engine_rest.values import date_text
from workflow.engine.engine import JOB_NO_RETRIES
from workflow.engine.errors import Rejected
from workflow.models import Incident, Job

FAILED_EXTERNAL_TASK = "failedExternalTask"
FAILED_JOB = "failedJob"


class IncidentAnswer(TypedDict):
    id: str
    processDefinitionId: str
    processInstanceId: str
    executionId: str
    incidentTimestamp: str | None
    incidentType: str
    activityId: str
    failedActivityId: str
    causeIncidentId: str
    rootCauseIncidentId: str
    configuration: str | None
    incidentMessage: str | None
    tenantId: str | None
    jobDefinitionId: str | None
    annotation: str | None


def incident_type(error_type: str, job_kind: str | None) -> str:
    """Camunda 7's word for what has failed; failures it does not know keep the engine's own."""
    if error_type != JOB_NO_RETRIES or job_kind is None:
        return error_type
    return FAILED_EXTERNAL_TASK if job_kind == Job.Kind.EXTERNAL else FAILED_JOB


def type_of(row: Incident) -> str:
    """What the API calls an incident that was read together with its job."""
    return incident_type(row.error_type, None if row.job is None else row.job.kind)


def of_type(name: str) -> Q:
    """Incidents that the API calls so."""
    failed = Q(error_type=JOB_NO_RETRIES)
    if name == FAILED_EXTERNAL_TASK:
        return failed & Q(job__kind=Job.Kind.EXTERNAL)
    if name == FAILED_JOB:
        return failed & Q(job__isnull=False) & ~Q(job__kind=Job.Kind.EXTERNAL)
    return Q(error_type=name) & ~(failed & Q(job__isnull=False))


def of_job_definitions(ids: Sequence[str]) -> Q:
    """Incidents of the engine's jobs of these job definitions."""
    jobs = by.NOTHING
    for id in ids:
        jobs |= of_job_definition(id)
    return Q(job__in=Job.objects.filter(jobs).exclude(kind=Job.Kind.EXTERNAL).order_by().values("pk"))


def job_definition_of(row: Incident) -> str | None:
    """The job definition of a failed job of the engine."""
    if row.job is None or row.job.kind == Job.Kind.EXTERNAL:
        return None
    return job_definition_id(row.definition_key, row.job.element_id, row.job.kind)


def all_incidents() -> QuerySet[Incident]:
    """Incidents, resolved ones too, with what showing them needs."""
    rows = Incident.objects.select_related("definition", "workspace", "job")
    return rows.defer("definition__xml", "job__error_details", "job__custom_headers")


def incident(row: Incident) -> IncidentAnswer:
    return {
        "id": id_of(row.key),
        "processDefinitionId": definition_id(row.definition),
        "processInstanceId": id_of(row.process_instance_key),
        "executionId": id_of(row.element_instance_key),
        "incidentTimestamp": date_text(row.created_at),
        "incidentType": type_of(row),
        "activityId": row.element_id,
        "failedActivityId": row.element_id,
        "causeIncidentId": id_of(row.key),
        "rootCauseIncidentId": id_of(row.key),
        "configuration": id_or_null(row.job_key),
        "incidentMessage": row.message or None,
        "tenantId": tenant_id(row.workspace),
        "jobDefinitionId": job_definition_of(row),
        "annotation": None,
    }


QUERY = by.ListQuery(
    filters={
        "incidentId": by.key("pk"),
        "incidentType": by.Filter(by.Kind.TEXT, of_type),
        "incidentMessage": by.text("message"),
        "incidentMessageLike": by.pattern("message"),
        "incidentTimestampBefore": by.date("created_at__lt"),
        "incidentTimestampAfter": by.date("created_at__gt"),
        "processDefinitionId": by.definition(),
        "processDefinitionKeyIn": by.texts("definition__process_id"),
        "processInstanceId": by.key("process_instance"),
        "executionId": by.key("element_instance"),
        "activityId": by.text("element_id"),
        "failedActivityId": by.text("element_id"),
        "causeIncidentId": by.key("pk"),
        "rootCauseIncidentId": by.key("pk"),
        "configuration": by.key("job"),
        "tenantIdIn": by.tenants(),
        "jobDefinitionIdIn": by.Filter(by.Kind.TEXTS, of_job_definitions),
    },
    sorting={
        "incidentId": "key",
        "incidentTimestamp": "created_at",
        "incidentType": "error_type",
        "incidentMessage": "message",
        "executionId": "element_instance_key",
        "activityId": "element_id",
        "processInstanceId": "process_instance_key",
        "processDefinitionId": "definition_key",
        "causeIncidentId": "key",
        "rootCauseIncidentId": "key",
        "configuration": "job_key",
        "tenantId": "workspace__slug",
    },
)


class Incidents(Listing):
    """Open incidents."""

    query = QUERY
    answers = {"GET": list[IncidentAnswer]}

    def rows(self) -> QuerySet[Incident]:
        return self.visible(all_incidents().filter(state=Incident.State.ACTIVE))

    def show(self, rows: Sequence[Incident]) -> list[IncidentAnswer]:
        return [incident(row) for row in rows]


IncidentCount = count_of(Incidents)


class IncidentView(EngineRestView):
    """One open incident."""

    answers = {"GET": IncidentAnswer}

    def get(self, request: Request, id: str) -> Response:
        """One open incident."""
        return Response(incident(self._incident(id)))

    def delete(self, request: Request, id: str) -> Response:
        """Resolve an incident: its element tries again. That of a job or external task is resolved by new retries instead."""
        row = self._incident(id)
        kind = type_of(row)
        if kind in (FAILED_EXTERNAL_TASK, FAILED_JOB):
            what = "external task" if kind == FAILED_EXTERNAL_TASK else "job"
            raise Rejected(
                f"Cannot resolve an incident of type {kind}: give {what} '{id_or_null(row.job_key)}' new retries."
            )
        self.act(ResolveIncident).execute(row.key)
        return Response(status=204)

    def _incident(self, id: str) -> Incident:
        rows = self.visible(all_incidents().filter(state=Incident.State.ACTIVE))
        return self.one(rows, id, f"No matching incident with id {id}")
