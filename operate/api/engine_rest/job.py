"""/job and /job-definition: work that the engine itself does later. External tasks are no jobs in this API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import (
    DeleteJob,
    ExecuteJob,
    RecalculateJobDueDate,
    SetJobDueDate,
    SetJobSuspended,
    UpdateJob,
)
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import element_named, of_types
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.batch import batch_job, jobs_of_batch, open_jobs
from operate.api.engine_rest.bodies import Flag, body, date, flag, number, text
from operate.api.engine_rest.ids import definition_id, definition_key_of, id_of, id_or_null, key_of
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.values import date_text
from workflow.engine.errors import NotFound, Rejected
from workflow.graph import ElementType, TimerEvent
from workflow.models import DEFAULT_WORKSPACE, Job
from workflow.persistence.transaction import transaction

Kind = Job.Kind
WAITING = (Job.State.CREATED, Job.State.FAILED)
ASYNC = "async-continuation"
CONFIGURATIONS = {Kind.ASYNC_BEFORE.value: "async-before", Kind.ASYNC_AFTER.value: "async-after"}
START_TIMER = "timer-start-event"
TIMER_TYPES = {
    ElementType.BOUNDARY_EVENT: "timer-transition",
    ElementType.INTERMEDIATE_CATCH_EVENT: "timer-intermediate-transition",
    ElementType.START_EVENT: "timer-start-event-subprocess",
}
"""What kind of job a timer is, by the event that it belongs to."""


class JobAnswer(TypedDict):
    id: str
    jobDefinitionId: str | None
    processInstanceId: str | None
    processDefinitionId: str
    processDefinitionKey: str
    executionId: str | None
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


"""A job definition is what an element of a definition makes jobs for; its id is made of these three."""


def job_definition_id(definition_key: int, element_id: str, kind: str) -> str:
    """`4711:pay:TIMER`. A `#`, of a multi-instance body, would end the path of an address."""
    return f"{definition_key}:{element_id.replace('#', '~')}:{kind}"


def of_job_definition(id: str) -> Q:
    """The jobs of one job definition."""
    key, _, rest = id.partition(":")
    element_id, _, kind = rest.rpartition(":")
    return Q(definition=key_of(key) or 0, element_id=element_id.replace("~", "#"), kind=kind)


def job(row: Job) -> JobAnswer:
    return {
        "id": id_of(row.key),
        "jobDefinitionId": (
            None if row.kind == Kind.SIGNAL else job_definition_id(row.definition_key, row.element_id, row.kind)
        ),
        "processInstanceId": id_or_null(row.process_instance_key),
        "processDefinitionId": definition_id(row.definition),
        "processDefinitionKey": row.definition.process_id,
        "executionId": id_or_null(row.element_instance_key),
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
        "jobDefinitionId": by.Filter(by.Kind.TEXT, of_job_definition),
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
        "timers": by.flag(Q(kind=Kind.TIMER)),
        "messages": by.flag(Q(kind__in=CONFIGURATIONS)),
        "dueDates": by.moments("due_at"),
        "createTimes": by.moments("created_at"),
        "withException": by.flag(~Q(error_message="")),
        "exceptionMessage": by.text("error_message"),
        "priorityLowerThanOrEquals": by.number("priority__lte"),
        "priorityHigherThanOrEquals": by.number("priority__gte"),
        "active": by.flag(Q(suspended=False)),
        "suspended": by.flag(Q(suspended=True)),
        "tenantIdIn": by.tenants(include="includeJobsWithoutTenantId"),
        "withoutTenantId": by.without_tenant(),
        "includeJobsWithoutTenantId": by.always("Together with tenantIdIn."),
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


BATCH_JOBS = by.ListQuery(
    filters={
        "jobDefinitionId": by.Filter(by.Kind.TEXT, lambda value: Q()),
        "jobId": by.key("pk"),
        "withRetriesLeft": by.flag(Q(retries__gt=0)),
        "noRetriesLeft": by.flag(Q(retries=0)),
        "withException": by.flag(~Q(error_message="")),
        "active": by.flag(Q(suspended=False)),
        "suspended": by.flag(Q(suspended=True)),
    },
    sorting={"jobId": "key", "jobRetries": "retries", "jobDueDate": "due_at"},
)
"""What the jobs of a batch can be asked for besides."""


def engine_jobs() -> QuerySet[Job]:
    """All jobs that the engine does itself, of whichever workspace and state."""
    rows = Job.objects.exclude(kind=Kind.EXTERNAL).select_related("definition", "workspace")
    return rows.defer("definition__xml")


def waiting_jobs() -> QuerySet[Job]:
    """Those that wait, failed ones too."""
    return engine_jobs().filter(state__in=WAITING)


class Jobs(QueryListing):
    """Waiting jobs of the engine."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[JobAnswer], "POST": list[JobAnswer]}

    _of_batch: Q | None = None
    """Jobs of a batch, which are asked for by their job definition."""

    def rows(self) -> QuerySet[Any]:
        return self.visible(waiting_jobs() if self._of_batch is None else open_jobs().filter(self._of_batch))

    def show(self, rows: Sequence[Any]) -> list[Any]:
        return [job(row) if isinstance(row, Job) else batch_job(row) for row in rows]

    def get(self, request: Request) -> Response:
        self._of_batch = jobs_of_batch(request.query_params)
        query = QUERY if self._of_batch is None else BATCH_JOBS
        return Response(self.answer(query.from_address(request)))

    def post(self, request: Request) -> Response:
        self._of_batch = jobs_of_batch(request.data) if isinstance(request.data, Mapping) else None
        query = QUERY if self._of_batch is None else BATCH_JOBS
        return Response(self.answer(query.from_body(request)))


JobCount = count_of(Jobs)


class OneJob(EngineRestView):
    """What the views of one job share."""

    def job(self, id: str) -> Job:
        return self.one(self.visible(waiting_jobs()), id, f"Job with id {id} does not exist")


class JobView(OneJob):
    """One waiting job of the engine."""

    answers = {"GET": JobAnswer}

    def get(self, request: Request, id: str) -> Response:
        """One waiting job of the engine."""
        return Response(job(self.job(id)))

    def delete(self, request: Request, id: str) -> Response:
        """Delete a job: what it would have done will not happen."""
        self.act(DeleteJob).execute(self.job(id).key)
        return Response(status=204)


class JobExecute(OneJob):
    """Run a job now, due or not."""

    def post(self, request: Request, id: str) -> Response:
        """Run a job now, due or not. If that fails, it has one retry less, and the refusal says why."""
        self.act(ExecuteJob).execute(self.job(id).key)
        return Response(status=204)


class JobStacktrace(OneJob):
    """What is known of the last failure, as text."""

    answers = {"GET": OpenApiResponse(OpenApiTypes.STR, "The details; nothing (204) if it has not failed.")}

    def get(self, request: Request, id: str) -> HttpResponse:
        row = self.job(id)
        found = row.error_details or row.error_message
        if not found:
            return Response(status=204)
        return HttpResponse(found, content_type="text/plain; charset=utf-8")


class JobRetries(OneJob):
    """How often a job is tried before an incident stands there."""

    bodies = {"PUT": body("JobRetries", retries=number(least=0, required=True), dueDate=date())}

    def put(self, request: Request, id: str) -> Response:
        """Set the retries, which resolves the job's incident; with a due date, set that too."""
        given, key = self.read(), self.job(id).key
        if given["dueDate"] is None:
            self.act(UpdateJob).execute(key, retries=given["retries"], resolve=True)
            return Response(status=204)
        # Tried first, so that a missing right is recorded outside of the transaction; the other action needs less.
        self.act(SetJobDueDate, dry_run=True).execute(key, given["dueDate"])
        with transaction():
            self.act(UpdateJob).execute(key, retries=given["retries"], resolve=True)
            self.act(SetJobDueDate).execute(key, given["dueDate"])
        return Response(status=204)


class JobDueDate(OneJob):
    """When a job is due."""

    bodies = {
        "PUT": body("JobDueDate", duedate=date(), cascade=flag(help_text="Later times of a cycle always follow."))
    }

    def put(self, request: Request, id: str) -> Response:
        """Set when a job is due; without a date it is due at once."""
        given = self.read()
        self.act(SetJobDueDate).execute(self.job(id).key, given["duedate"])
        return Response(status=204)


class JobDueDateRecalculation(OneJob):
    """Let a timer become due when its model says."""

    parameters = {
        "POST": {
            "creationDateBased": (
                OpenApiTypes.BOOL,
                "Whether to count from its creation, not from now; true if absent.",
            )
        }
    }

    def post(self, request: Request, id: str) -> Response:
        """Evaluate the time that the model gives a timer again, with the variables of now."""
        row = self.job(id)
        if row.kind != Kind.TIMER:
            raise Rejected(
                f"Expected job '{id}' to be a timer, but it is an asynchronous continuation, which is always due."
            )
        from_creation = self.flag("creationDateBased", default=True)
        self.act(RecalculateJobDueDate).execute(row.key, from_creation=from_creation)
        return Response(status=204)


class JobPriority(OneJob):
    """Which jobs are run before others."""

    bodies = {"PUT": body("JobPriority", priority=number(least=-(2**63), most=2**63 - 1, required=True))}

    def put(self, request: Request, id: str) -> Response:
        self.act(UpdateJob).execute(self.job(id).key, priority=self.read()["priority"])
        return Response(status=204)


class JobSuspended(OneJob):
    """Keep one job from being run, or let it be run again."""

    bodies = {"PUT": body("JobSuspension", suspended=Flag(required=True))}

    def put(self, request: Request, id: str) -> Response:
        """Suspend or activate; nothing happens if it is so already."""
        row, suspended = self.job(id), self.read()["suspended"]
        if row.suspended is not suspended:
            self.act(SetJobSuspended).execute(row.key, suspended)
        return Response(status=204)


class ManyJobsSuspended(EngineRestView):
    """Suspend or activate the jobs of a process instance, of a process definition or of a job definition."""

    bodies = {
        "PUT": body(
            "JobsSuspension",
            suspended=Flag(required=True),
            jobDefinitionId=text(),
            processInstanceId=text(),
            processDefinitionId=text(),
            processDefinitionKey=text(),
            processDefinitionTenantId=text(),
            processDefinitionWithoutTenantId=flag(),
        )
    }
    NAMING = ("jobDefinitionId", "processInstanceId", "processDefinitionId", "processDefinitionKey")

    def put(self, request: Request) -> Response:
        """Suspend or activate; jobs that are so already are passed over."""
        given = self.read()
        named = [name for name in self.NAMING if given[name] is not None]
        if len(named) != 1:
            raise Rejected(
                "Either jobDefinitionId, processInstanceId, processDefinitionId or processDefinitionKey should be set to "
                f"update the suspension state; found {', '.join(named) or 'none'}."
            )
        if given["processDefinitionTenantId"] is not None and given["processDefinitionWithoutTenantId"]:
            raise Rejected(
                "Parameter 'processDefinitionTenantId' cannot be used together with 'processDefinitionWithoutTenantId'."
            )
        rows = self.visible(waiting_jobs().filter(self._named(given))).exclude(suspended=given["suspended"])
        keys = list(rows.order_by("key").values_list("key", flat=True))
        self.act_on_all(SetJobSuspended, keys, given["suspended"])
        return Response(status=204)

    @staticmethod
    def _named(given: dict[str, Any]) -> Q:
        if (id := given["jobDefinitionId"]) is not None:
            return of_job_definition(id)
        if (id := given["processInstanceId"]) is not None:
            return Q(process_instance=key_of(id) or 0)
        if (id := given["processDefinitionId"]) is not None:
            return Q(definition=definition_key_of(id) or 0)
        where = Q(definition__process_id=given["processDefinitionKey"])
        if given["processDefinitionWithoutTenantId"]:
            return where & Q(workspace__slug=DEFAULT_WORKSPACE)
        tenant = given["processDefinitionTenantId"]
        return where if tenant is None else where & Q(workspace__slug=tenant)


# ---- job definitions


def _of_job_type(name: str) -> Q:
    if name == ASYNC:
        return Q(kind__in=CONFIGURATIONS)
    if name == START_TIMER:
        return Q(kind=Kind.TIMER, process_instance__isnull=True)
    events = {"timer-transition": "boundaryTimer", "timer-intermediate-transition": "intermediateTimer"}
    if name in events:
        return Q(kind=Kind.TIMER) & of_types([events[name]], "definition", "element_id")
    inside = Q(kind=Kind.TIMER, process_instance__isnull=False) & of_types(
        ["startTimerEvent"], "definition", "element_id"
    )
    return inside if name == "timer-start-event-subprocess" else by.NOTHING


def _of_configuration(name: str) -> Q:
    return Q(kind__in=[kind for kind, known in CONFIGURATIONS.items() if known == name])


DEFINITIONS = by.ListQuery(
    filters={
        "jobDefinitionId": by.Filter(by.Kind.TEXT, of_job_definition),
        "activityIdIn": by.texts("element_id"),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("definition__process_id"),
        "jobType": by.Filter(by.Kind.TEXT, _of_job_type),
        "jobConfiguration": by.Filter(by.Kind.TEXT, _of_configuration, "async-before or async-after"),
        "active": by.always(),
        "suspended": by.never(by.Kind.FLAG),
        "withOverridingJobPriority": by.never(by.Kind.FLAG),
        "tenantIdIn": by.tenants(include="includeJobDefinitionsWithoutTenantId"),
        "withoutTenantId": by.without_tenant(),
        "includeJobDefinitionsWithoutTenantId": by.always("Together with tenantIdIn."),
    },
    sorting={
        "jobDefinitionId": "definition_key",
        "activityId": "element_id",
        "processDefinitionId": "definition_key",
        "processDefinitionKey": "definition__process_id",
        "jobType": "kind",
        "jobConfiguration": "kind",
        "tenantId": "workspace__slug",
    },
    default_order=("definition_key", "element_id", "kind"),
)


def job_type(row: Job) -> str:
    """What kind of job it is, in this API's words."""
    if row.kind != Kind.TIMER:
        return ASYNC
    if row.process_instance_key is None:
        return START_TIMER
    element = element_named(row.definition_key, row.element_id)
    return TIMER_TYPES.get(element.type, START_TIMER) if element is not None else START_TIMER


def job_configuration(row: Job) -> str | None:
    """Where an asynchronous continuation stands, or what a timer waits for."""
    if row.kind != Kind.TIMER:
        return CONFIGURATIONS.get(row.kind)
    element = element_named(row.definition_key, row.element_id)
    if element is None or not isinstance(element.event, TimerEvent):
        return None
    return f"{element.event.kind.name}: {element.event.time.source}"


def job_definition(row: Job) -> JobDefinitionAnswer:
    return {
        "id": job_definition_id(row.definition_key, row.element_id, row.kind),
        "processDefinitionId": definition_id(row.definition),
        "processDefinitionKey": row.definition.process_id,
        "jobType": job_type(row),
        "jobConfiguration": job_configuration(row),
        "activityId": row.element_id,
        "suspended": False,
        "overridingJobPriority": None,
        "tenantId": tenant_id(row.workspace),
        "deploymentId": id_of(row.definition.deployment_key),
    }


class JobDefinitions(QueryListing):
    """What the elements of definitions make jobs for, as far as there has been such a job."""

    query = DEFINITIONS
    answers: dict[str, Any] = {"GET": list[JobDefinitionAnswer], "POST": list[JobDefinitionAnswer]}

    def rows(self) -> QuerySet[Job]:
        defined = engine_jobs().exclude(kind=Kind.SIGNAL).select_related(None)
        newest = defined.order_by("definition_key", "element_id", "kind", "-key")
        one_each = newest.distinct("definition_key", "element_id", "kind").values("pk")
        return self.visible(engine_jobs().filter(pk__in=one_each))

    def show(self, rows: Sequence[Job]) -> list[JobDefinitionAnswer]:
        return [job_definition(row) for row in rows]


JobDefinitionCount = count_of(JobDefinitions)


class JobDefinitionView(EngineRestView):
    """One job definition."""

    answers = {"GET": JobDefinitionAnswer}

    def get(self, request: Request, id: str) -> Response:
        row = self.visible(engine_jobs().filter(of_job_definition(id))).order_by("-key").first()
        if row is None:
            raise NotFound(f"Job Definition with id {id} does not exist")
        return Response(job_definition(row))
