"""/job and /job-definition: work that the engine itself does later. External tasks are no jobs in this API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.ids import definition_id, id_of, key_of
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.values import date_text
from workflow.engine.errors import NotFound
from workflow.models import Job

WAITING = (Job.State.CREATED, Job.State.FAILED)


class JobAnswer(TypedDict):
    id: str
    jobDefinitionId: str
    processInstanceId: str
    processDefinitionId: str
    processDefinitionKey: str
    executionId: str
    exceptionMessage: str | None
    failedActivityId: str | None
    retries: int
    dueDate: str | None
    suspended: bool
    priority: int
    tenantId: str | None
    createTime: str | None
    batchId: str | None


class JobDefinitionAnswer(TypedDict):
    id: str
    processDefinitionId: str
    processDefinitionKey: str
    jobType: str
    jobConfiguration: str | None
    activityId: str
    suspended: bool
    overridingJobPriority: int | None
    tenantId: str | None
    deploymentId: str


"""A job definition is an element of a definition that makes jobs; its id is made of both."""


def job_definition_id(definition_key: int, element_id: str) -> str:
    return f"{definition_key}:{element_id}"


def _of_definition(id: str) -> Q:
    key, _, element_id = id.partition(":")
    return Q(definition=key_of(key) or 0, element_id=element_id)


def job(row: Job) -> JobAnswer:
    return {
        "id": id_of(row.key),
        "jobDefinitionId": job_definition_id(row.definition_key, row.element_id),
        "processInstanceId": id_of(row.process_instance_key),
        "processDefinitionId": definition_id(row.definition),
        "processDefinitionKey": row.definition.process_id,
        "executionId": id_of(row.element_instance_key),
        "exceptionMessage": row.error_message or None,
        "failedActivityId": row.element_id if row.error_message else None,
        "retries": row.retries,
        "dueDate": date_text(row.due_at),
        "suspended": row.suspended,
        "priority": row.priority,
        "tenantId": tenant_id(row.workspace),
        "createTime": date_text(row.created_at),
        "batchId": None,
    }


def _due() -> Q:
    return Q(due_at__isnull=True) | Q(due_at__lte=timezone.now())


QUERY = by.ListQuery(
    filters={
        "jobId": by.key("pk"),
        "jobIds": by.keys("pk"),
        "jobDefinitionId": by.Filter(by.Kind.TEXT, _of_definition),
        "processInstanceId": by.key("process_instance"),
        "processInstanceIds": by.keys("process_instance"),
        "rootProcessInstanceId": by.key("root_process_instance"),
        "executionId": by.key("element_instance"),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("definition__process_id"),
        "activityId": by.text("element_id"),
        "failedActivityId": by.Filter(by.Kind.TEXT, lambda value: Q(element_id=value) & ~Q(error_message="")),
        "withRetriesLeft": by.flag(Q(retries__gt=0)),
        "noRetriesLeft": by.flag(Q(retries=0)),
        "executable": by.flag(lambda: Q(retries__gt=0) & _due()),
        "timers": by.unsupported(by.Kind.FLAG),
        "messages": by.unsupported(by.Kind.FLAG),
        "dueDates": by.unsupported(),
        "createTimes": by.unsupported(),
        "withException": by.flag(~Q(error_message="")),
        "exceptionMessage": by.text("error_message"),
        "priorityLowerThanOrEquals": by.number("priority__lte"),
        "priorityHigherThanOrEquals": by.number("priority__gte"),
        "active": by.flag(Q(suspended=False)),
        "suspended": by.flag(Q(suspended=True)),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
        "includeJobsWithoutTenantId": by.always(),
    },
    sorting={
        "jobId": "key",
        "executionId": "element_instance_key",
        "processInstanceId": "process_instance_key",
        "processDefinitionId": "definition_key",
        "processDefinitionKey": "definition__process_id",
        "jobPriority": "priority",
        "jobRetries": "retries",
        "jobDueDate": "due_at",
        "tenantId": "workspace__slug",
    },
)


def engine_jobs() -> QuerySet[Job]:
    """All jobs that the engine does itself, of whichever workspace and state."""
    rows = Job.objects.exclude(kind=Job.Kind.EXTERNAL).select_related("definition", "workspace")
    return rows.defer("definition__xml")


class Jobs(QueryListing):
    """Waiting jobs of the engine."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[JobAnswer], "POST": list[JobAnswer]}

    def rows(self) -> QuerySet[Job]:
        return self.visible(engine_jobs().filter(state__in=WAITING))

    def show(self, rows: Sequence[Job]) -> list[JobAnswer]:
        return [job(row) for row in rows]


JobCount = count_of(Jobs)


class JobView(EngineRestView):
    """One waiting job of the engine."""

    answers = {"GET": JobAnswer}

    def get(self, request: Request, id: str) -> Response:
        rows = self.visible(engine_jobs().filter(state__in=WAITING))
        return Response(job(self.one(rows, id, f"Job with id {id} does not exist")))


# ---- job definitions

DEFINITIONS = by.ListQuery(
    filters={
        "jobDefinitionId": by.Filter(by.Kind.TEXT, _of_definition),
        "activityIdIn": by.texts("element_id"),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("definition__process_id"),
        "jobType": by.text("kind"),
        "jobConfiguration": by.text("type"),
        "active": by.always(),
        "suspended": by.never(by.Kind.FLAG),
        "withOverridingJobPriority": by.never(by.Kind.FLAG),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
        "includeJobDefinitionsWithoutTenantId": by.always(),
    },
    sorting={
        "jobDefinitionId": "definition_key",
        "activityId": "element_id",
        "processDefinitionId": "definition_key",
        "processDefinitionKey": "definition__process_id",
        "jobType": "kind",
        "jobConfiguration": "type",
        "tenantId": "workspace__slug",
    },
    default_order=("definition_key", "element_id"),
)


def job_definition(row: Job) -> JobDefinitionAnswer:
    return {
        "id": job_definition_id(row.definition_key, row.element_id),
        "processDefinitionId": definition_id(row.definition),
        "processDefinitionKey": row.definition.process_id,
        "jobType": row.kind,
        "jobConfiguration": row.type or None,
        "activityId": row.element_id,
        "suspended": False,
        "overridingJobPriority": None,
        "tenantId": tenant_id(row.workspace),
        "deploymentId": id_of(row.definition.deployment_key),
    }


class JobDefinitions(QueryListing):
    """The elements whose jobs the engine has done or will do."""

    query = DEFINITIONS
    answers: dict[str, Any] = {"GET": list[JobDefinitionAnswer], "POST": list[JobDefinitionAnswer]}

    def rows(self) -> QuerySet[Job]:
        newest = engine_jobs().select_related(None).order_by("definition_key", "element_id", "-key")
        one_each = newest.distinct("definition_key", "element_id").values("pk")
        return self.visible(engine_jobs().filter(pk__in=one_each))

    def show(self, rows: Sequence[Job]) -> list[JobDefinitionAnswer]:
        return [job_definition(row) for row in rows]


JobDefinitionCount = count_of(JobDefinitions)


class JobDefinitionView(EngineRestView):
    """One job definition."""

    answers = {"GET": JobDefinitionAnswer}

    def get(self, request: Request, id: str) -> Response:
        row = self.visible(engine_jobs().filter(_of_definition(id))).order_by("-key").first()
        if row is None:
            raise NotFound(f"Job Definition with id {id} does not exist")
        return Response(job_definition(row))
