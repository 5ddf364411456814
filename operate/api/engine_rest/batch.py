"""/batch: what is being done to many process instances, and its jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypedDict

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import (
    CancelBatch,
    DeleteBatch,
    DeleteBatchJob,
    ExecuteBatchJob,
    ResumeBatch,
    SetBatchJobDueDate,
    SetBatchJobRetries,
    SetBatchJobSuspended,
    SubmitBatch,
    SuspendBatch,
)
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.bodies import Flag, body, date, flag, number
from operate.api.engine_rest.errors import Refused
from operate.api.engine_rest.ids import id_of, key_of
from operate.api.engine_rest.listing import Listing, count_of
from operate.api.engine_rest.values import date_text
from operate.batch.models import ENDED, Batch, BatchItem, BatchJob, BatchType
from operate.batch.plans import Plan, kind_of
from operate.batch.submitting import Selection
from workflow.models import Workspace

TYPES = {
    BatchType.MODIFY: "instance-modification",
    BatchType.RESTART: "instance-restart",
    BatchType.MIGRATE: "instance-migration",
    BatchType.CANCEL: "instance-deletion",
    BatchType.DELETE: "historic-instance-deletion",
    BatchType.SUSPEND: "instance-update-suspension-state",
    BatchType.RESUME: "instance-update-suspension-state",
    BatchType.RESOLVE_INCIDENTS: "incident-resolution",
    BatchType.SET_RETRIES: "set-job-retries",
    BatchType.SET_VARIABLES: "set-variables",
}
SEED, MONITOR, EXECUTION = "seed", "monitor", "execution"
"""The job definitions of a batch. Its jobs are all there from the beginning and nobody has to watch it, so that only the
last one ever has jobs."""
NO_TENANT = Workspace(slug="<default>")


class BatchAnswer(TypedDict):
    id: str
    type: str
    totalJobs: int
    jobsCreated: int
    batchJobsPerSeed: int
    invocationsPerBatchJob: int
    seedJobDefinitionId: str
    monitorJobDefinitionId: str
    batchJobDefinitionId: str
    suspended: bool
    tenantId: str | None
    createUserId: str | None
    startTime: str | None
    executionStartTime: str | None


class BatchStatistics(BatchAnswer):
    remainingJobs: int
    completedJobs: int
    failedJobs: int


class HistoricBatch(TypedDict):
    id: str
    type: str
    totalJobs: int
    batchJobsPerSeed: int
    invocationsPerBatchJob: int
    seedJobDefinitionId: str
    monitorJobDefinitionId: str
    batchJobDefinitionId: str
    tenantId: str | None
    createUserId: str | None
    startTime: str | None
    executionStartTime: str | None
    endTime: str | None
    removalTime: str | None


def job_definition_id(batch_key: int, kind: str) -> str:
    """`batch:4711:execution`."""
    return f"batch:{batch_key}:{kind}"


def of_job_definition(id: str) -> Q | None:
    """The jobs of one of a batch's job definitions; None if it is no such id."""
    parts = id.split(":")
    if len(parts) != 3 or parts[0] != "batch" or (key := key_of(parts[1])) is None:
        return None
    return Q(batch=key) if parts[2] == EXECUTION else by.NOTHING


class _Tenants:
    """Workspaces by key, read once for an answer."""

    def __init__(self, rows: Sequence[Batch]) -> None:
        keys = {each for row in rows for each in row.workspaces}
        self._found = Workspace.objects.in_bulk(keys) if keys else {}

    def of(self, row: Batch) -> str | None:
        """The tenant of all of the batch's process instances; none if they are of several."""
        found = [self._found[each] for each in row.workspaces if each in self._found]
        return tenant_id(found[0]) if len(found) == 1 else None


def _common(row: Batch, tenants: _Tenants) -> dict[str, Any]:
    return {
        "id": id_of(row.key),
        "type": TYPES[kind_of(row)],
        "totalJobs": row.jobs_total,  # type: ignore[attr-defined]
        "batchJobsPerSeed": row.jobs_total,  # type: ignore[attr-defined]
        "invocationsPerBatchJob": row.items_per_job,
        "seedJobDefinitionId": job_definition_id(row.key, SEED),
        "monitorJobDefinitionId": job_definition_id(row.key, MONITOR),
        "batchJobDefinitionId": job_definition_id(row.key, EXECUTION),
        "tenantId": tenants.of(row),
        "createUserId": row.requester_name or None,
        "startTime": date_text(row.created_at),
        "executionStartTime": date_text(row.started_at),
    }


def batch(row: Batch, tenants: _Tenants) -> dict[str, Any]:
    """A running batch as the API tells it."""
    return {
        **_common(row, tenants),
        "jobsCreated": row.jobs_total,  # type: ignore[attr-defined]
        "suspended": row.state == Batch.State.SUSPENDED,
    }


def _of_type(name: str) -> Q:
    kinds = [kind.value for kind, known in TYPES.items() if known == name]
    return Q(type__in=kinds) | Q(type=BatchType.UNDO, plan__inverse__in=kinds)


def _of_tenants(slugs: Sequence[str]) -> Q:
    keys = list(Workspace.objects.filter(slug__in=slugs).values_list("pk", flat=True))
    return Q(workspaces__contained_by=keys, workspaces__len=1)


FILTERS: dict[str, by.Filter] = {
    "batchId": by.key("pk"),
    "type": by.Filter(by.Kind.TEXT, _of_type),
    "tenantIdIn": by.Filter(by.Kind.TEXTS, _of_tenants),
    "withoutTenantId": by.flag(lambda: ~Q(workspaces__len=1) | _of_tenants([NO_TENANT.slug])),
}
SORTING = {"batchId": "key", "startTime": "created_at"}
QUERY = by.ListQuery(
    filters={
        **FILTERS,
        "suspended": by.Filter(
            by.Kind.FLAG, lambda value: Q(state="SUSPENDED") if value else ~Q(state="SUSPENDED"), "false: only others"
        ),
    },
    sorting=SORTING,
)


class Batches(Listing):
    """Batches in which something is left to do or to repair."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[BatchAnswer]}

    def rows(self) -> QuerySet[Batch]:
        return self.visible(Batch.objects.running().with_progress())

    def show(self, rows: Sequence[Batch]) -> list[dict[str, Any]]:
        tenants = _Tenants(rows)
        return [batch(row, tenants) for row in rows]


BatchCount = count_of(Batches)

STATISTICS = by.ListQuery(
    filters={
        **QUERY.filters,
        "createdBy": by.text("requester_name"),
        "startedBefore": by.date("created_at__lte"),
        "startedAfter": by.date("created_at__gte"),
        "withFailures": by.flag(Q(jobs_failed__gt=0)),
        "withoutFailures": by.flag(Q(jobs_failed=0)),
    },
    sorting=SORTING,
)


class BatchStatisticsList(Batches):
    """Batches in which something is left to do or to repair, with how far they are."""

    query = STATISTICS
    answers: dict[str, Any] = {"GET": list[BatchStatistics]}

    def show(self, rows: Sequence[Batch]) -> list[dict[str, Any]]:
        tenants = _Tenants(rows)
        return [
            {
                **batch(row, tenants),
                "remainingJobs": row.jobs_remaining,  # type: ignore[attr-defined]
                "completedJobs": row.jobs_completed,  # type: ignore[attr-defined]
                "failedJobs": row.jobs_failed,  # type: ignore[attr-defined]
            }
            for row in rows
        ]


BatchStatisticsCount = count_of(BatchStatisticsList)


class OneBatch(EngineRestView):
    """What the views of one running batch share."""

    def batch(self, id: str) -> Batch:
        return self.one(
            self.visible(Batch.objects.running().with_progress()), id, f"Batch with id '{id}' does not exist"
        )


class BatchView(OneBatch):
    """One running batch."""

    answers: dict[str, Any] = {"GET": BatchAnswer}
    parameters: dict[str, Any] = {"DELETE": {"cascade": (OpenApiTypes.BOOL, "Whether to forget the batch altogether.")}}

    def get(self, request: Request, id: str) -> Response:
        """One running batch."""
        row = self.batch(id)
        return Response(batch(row, _Tenants([row])))

    def delete(self, request: Request, id: str) -> Response:
        """Cancel a batch: what is not done yet is left undone."""
        row = self.batch(id)
        self.act(CancelBatch).execute(row.key)
        if self.flag("cascade"):
            self.act(DeleteBatch).execute(row.key)
        return Response(status=204)


class BatchSuspended(OneBatch):
    """Suspend a batch, or resume it."""

    bodies: dict[str, Any] = {"PUT": body("BatchSuspension", suspended=Flag(required=True))}

    def put(self, request: Request, id: str) -> Response:
        """Suspend or resume; nothing happens if it is so already."""
        row, suspended = self.batch(id), self.read()["suspended"]
        if (row.state == Batch.State.SUSPENDED) is not suspended:
            self.act(SuspendBatch if suspended else ResumeBatch).execute(row.key)
        return Response(status=204)


# ---- history

HISTORY = by.ListQuery(
    filters={
        **FILTERS,
        "completed": by.Filter(by.Kind.FLAG, lambda value: Q(state__in=ENDED) if value else ~Q(state__in=ENDED)),
    },
    sorting={**SORTING, "endTime": "ended_at"},
)


def historic_batch(row: Batch, tenants: _Tenants) -> dict[str, Any]:
    """A batch, running or ended, as the API tells it."""
    ended = row.state in ENDED
    return {**_common(row, tenants), "endTime": date_text(row.ended_at) if ended else None, "removalTime": None}


class HistoricBatches(Listing):
    """Batches, running and ended ones."""

    query = HISTORY
    answers: dict[str, Any] = {"GET": list[HistoricBatch]}

    def rows(self) -> QuerySet[Batch]:
        return self.visible(Batch.objects.with_progress())

    def show(self, rows: Sequence[Batch]) -> list[dict[str, Any]]:
        tenants = _Tenants(rows)
        return [historic_batch(row, tenants) for row in rows]


HistoricBatchCount = count_of(HistoricBatches)


class HistoricBatchView(EngineRestView):
    """One batch, running or ended."""

    answers: dict[str, Any] = {"GET": HistoricBatch}

    def _batch(self, id: str) -> Batch:
        missing = f"Historic batch with id '{id}' does not exist"
        return self.one(self.visible(Batch.objects.with_progress()), id, missing)

    def get(self, request: Request, id: str) -> Response:
        """One batch, running or ended."""
        row = self._batch(id)
        return Response(historic_batch(row, _Tenants([row])))

    def delete(self, request: Request, id: str) -> Response:
        """Forget a batch that has ended; what it has done stays done."""
        self.act(DeleteBatch).execute(self._batch(id).key)
        return Response(status=204)


# ---- asking for one


class BatchSubmission(EngineRestView):
    """A command that is done in the background; the answer is the batch."""

    def submit(self, plan: Plan, selection: Selection, *, reason: str = "", size: int | None = None) -> Response:
        key = self.act(SubmitBatch, reason=reason).execute(plan, selection, items_per_job=size)
        row = Batch.objects.with_progress().get(pk=key)
        return Response(batch(row, _Tenants([row])))


# ---- the jobs of a batch

JOB_FIELDS = ("processInstanceId", "processDefinitionId", "processDefinitionKey", "executionId", "failedActivityId")


def batch_job(row: BatchJob) -> dict[str, Any]:
    """A job of a batch, in the shape of all jobs."""
    return {
        **dict.fromkeys(JOB_FIELDS),
        "id": id_of(row.key),
        "jobDefinitionId": job_definition_id(row.batch_key, EXECUTION),
        "exceptionMessage": row.error_message or None,
        "retries": row.retries,
        "dueDate": date_text(row.due_at),
        "suspended": row.suspended,
        "priority": 0,
        "tenantId": None,
        "createTime": date_text(row.created_at),
        "batchId": id_of(row.batch_key),
    }


def open_jobs() -> QuerySet[BatchJob]:
    """Jobs in which something is left to do or to repair."""
    return BatchJob.objects.filter(state=BatchJob.State.OPEN)


class OneBatchJob(EngineRestView):
    """What the views of one job of a batch share."""

    def job(self, id: str) -> BatchJob:
        return self.one(self.visible(open_jobs()), id, f"Job with id {id} does not exist")


class BatchJobView(OneBatchJob):
    """One job of a batch."""

    def get(self, request: Request, id: str) -> Response:
        return Response(batch_job(self.job(id)))

    def delete(self, request: Request, id: str) -> Response:
        """Leave undone what it has not done yet; the other jobs of the batch are not concerned."""
        self.act(DeleteBatchJob).execute(self.job(id).key)
        return Response(status=204)


class BatchJobExecute(OneBatchJob):
    """Do a job of a batch now."""

    def post(self, request: Request, id: str) -> Response:
        """Do it now; if something in it fails, the refusal says what, and the rest is done."""
        key = self.job(id).key
        self.act(ExecuteBatchJob).execute(key)
        items = BatchItem.objects.filter(job=key).exclude(error="")
        failed = items.exclude(state__in=(BatchItem.State.COMPLETED, BatchItem.State.CANCELED)).order_by("key").first()
        if failed is not None:
            raise Refused(f"Process instance '{id_of(failed.process_instance_key)}': {failed.error}")
        return Response(status=204)


class BatchJobStacktrace(OneBatchJob):
    """What has failed in a job, an instance a line."""

    answers: dict[str, Any] = {"GET": OpenApiResponse(OpenApiTypes.STR, "Nothing (204) if nothing has failed.")}
    MOST = 1_000

    def get(self, request: Request, id: str) -> HttpResponse:
        items = BatchItem.objects.filter(job=self.job(id)).exclude(error="").order_by("key")[: self.MOST]
        lines = [f"{id_of(item.process_instance_key)}: {item.error}" for item in items]
        if not lines:
            return Response(status=204)
        return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


class BatchJobRetries(OneBatchJob):
    """How often a job of a batch is tried."""

    bodies: dict[str, Any] = {"PUT": body("BatchJobRetries", retries=number(least=0, required=True), dueDate=date())}

    def put(self, request: Request, id: str) -> Response:
        given, key = self.read(), self.job(id).key
        self.act(SetBatchJobRetries).execute(key, given["retries"])
        if given["dueDate"] is not None:
            self.act(SetBatchJobDueDate).execute(key, given["dueDate"])
        return Response(status=204)


class BatchJobDueDate(OneBatchJob):
    """When a job of a batch is due."""

    bodies: dict[str, Any] = {"PUT": body("BatchJobDueDate", duedate=date(), cascade=flag())}

    def put(self, request: Request, id: str) -> Response:
        self.act(SetBatchJobDueDate).execute(self.job(id).key, self.read()["duedate"])
        return Response(status=204)


class BatchJobSuspended(OneBatchJob):
    """Keep a job of a batch from being done, or let it be done again."""

    bodies: dict[str, Any] = {"PUT": body("BatchJobSuspension", suspended=Flag(required=True))}

    def put(self, request: Request, id: str) -> Response:
        row, suspended = self.job(id), self.read()["suspended"]
        if row.suspended is not suspended:
            self.act(SetBatchJobSuspended).execute(row.key, suspended)
        return Response(status=204)


def or_of_batch(view: type[EngineRestView], of_batch: type[EngineRestView]) -> Callable[..., HttpResponseBase]:
    """The view of a job, whether it is one of the engine's own or one of a batch: keys tell them apart."""
    own, others = view.as_view(), of_batch.as_view()

    @wraps(own)
    def either(request: Any, id: str, **more: Any) -> HttpResponseBase:
        key = key_of(id)
        is_of_batch = key is not None and BatchJob.objects.filter(pk=key).exists()
        return (others if is_of_batch else own)(request, id=id, **more)

    return either


def jobs_of_batch(given: Mapping[str, Any]) -> Q | None:
    """Which jobs of batches a list of jobs is asked for; None if it is not for those of batches."""
    wanted = given.get("jobDefinitionId")
    return of_job_definition(wanted) if isinstance(wanted, str) else None


__all__ = ["BatchSubmission", "batch", "batch_job", "jobs_of_batch", "open_jobs", "or_of_batch"]
