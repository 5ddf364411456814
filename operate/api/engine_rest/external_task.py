"""/external-task: work for external workers, and what workers answer."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ChoiceField, ListField

from operate.actions import (
    ActivateJobs,
    CompleteJob,
    ExtendLock,
    FailJob,
    LockJob,
    ThrowJobError,
    UnlockJob,
    UpdateJob,
)
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.bodies import (
    AnyObject,
    body,
    duration,
    flag,
    number,
    text,
    texts,
    variables,
)
from operate.api.engine_rest.ids import definition_id, definition_key_of, id_of, key_of
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.model_facts import NO_FACTS, ModelFacts, model_facts
from operate.api.engine_rest.scope_variables import VariablesAnswer
from operate.api.engine_rest.values import date_text, typed_value
from operate.api.engine_rest.variable_filters import IGNORE_CASE
from operate.api.engine_rest.variable_filters import variables as having_variables
from operate.api.waiting import wait_for
from operate.workspaces import Access
from workflow.elements.job_task import DEFAULT_RETRIES
from workflow.engine.errors import NotFound, Rejected
from workflow.models import DEFAULT_WORKSPACE, Job, Workspace
from workflow.services import ActivatedJob, JobRequest

LONGEST_WAIT_MILLISECONDS = 1_800_000
MAX_TASKS = 1_000
MAX_TOPICS = 100
MAX_MANY = 2_000
PROPERTIES = "includeExtensionProperties"
RIGHTS_ARE_READ_AGAIN_AFTER_SECONDS = 5.0
WAITING = (Job.State.CREATED, Job.State.FAILED)


class ExternalTaskAnswer(TypedDict):
    activityId: str
    activityInstanceId: str
    errorMessage: str | None
    executionId: str
    id: str
    lockExpirationTime: str | None
    createTime: str | None
    processDefinitionId: str
    processDefinitionKey: str
    processDefinitionVersionTag: str | None
    processInstanceId: str
    tenantId: str | None
    retries: int | None
    suspended: bool
    workerId: str | None
    priority: int
    topicName: str
    businessKey: str | None


class LockedExternalTask(ExternalTaskAnswer):
    errorDetails: str | None
    variables: VariablesAnswer
    extensionProperties: dict[str, str]


def external_task(row: Job) -> ExternalTaskAnswer:
    return {
        "activityId": row.element_id,
        "activityInstanceId": id_of(row.element_instance_key),
        "errorMessage": row.error_message or None,
        "executionId": id_of(row.element_instance_key),
        "id": id_of(row.key),
        "lockExpirationTime": date_text(row.locked_until),
        "createTime": date_text(row.created_at),
        "processDefinitionId": definition_id(row.definition),
        "processDefinitionKey": row.definition.process_id,
        "processDefinitionVersionTag": row.definition.version_tag or None,
        "processInstanceId": id_of(row.process_instance_key),
        "tenantId": tenant_id(row.workspace),
        "retries": retries(row),
        "suspended": row.suspended,
        "workerId": row.worker or None,
        "priority": row.priority,
        "topicName": row.type,
        "businessKey": row.process_instance.business_key,
    }


def retries(row: Job) -> int | None:
    """Camunda 7 knows no retries until a worker or somebody else sets them, and workers begin to count then."""
    untouched = row.state == Job.State.CREATED and row.retries == DEFAULT_RETRIES
    return None if untouched else row.retries


def _is_locked() -> Q:
    return Q(locked_until__gt=timezone.now())


QUERY = by.ListQuery(
    filters={
        "externalTaskId": by.key("pk"),
        "externalTaskIdIn": by.keys("pk"),
        "topicName": by.text("type"),
        "workerId": by.text("worker"),
        "locked": by.flag(_is_locked),
        "notLocked": by.flag(lambda: Q(locked_until__isnull=True) | ~_is_locked()),
        "withRetriesLeft": by.flag(Q(retries__gt=0)),
        "noRetriesLeft": by.flag(Q(retries=0)),
        "lockExpirationAfter": by.date("locked_until__gt"),
        "lockExpirationBefore": by.date("locked_until__lt"),
        "activityId": by.text("element_id"),
        "activityIdIn": by.texts("element_id"),
        "executionId": by.key("element_instance"),
        "processInstanceId": by.key("process_instance"),
        "processInstanceIdIn": by.keys("process_instance"),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("definition__process_id"),
        "processDefinitionKeyIn": by.texts("definition__process_id"),
        "processDefinitionName": by.text("definition__name"),
        "processDefinitionNameLike": by.pattern("definition__name"),
        "tenantIdIn": by.tenants(),
        "active": by.flag(Q(suspended=False)),
        "suspended": by.flag(Q(suspended=True)),
        "priorityHigherThanOrEquals": by.number("priority__gte"),
        "priorityLowerThanOrEquals": by.number("priority__lte"),
        "variables": having_variables("element_instance_key"),
        "processVariables": having_variables("process_instance_key"),
        **IGNORE_CASE,
    },
    sorting={
        "id": "key",
        "lockExpirationTime": "locked_until",
        "processInstanceId": "process_instance_key",
        "processDefinitionId": "definition_key",
        "processDefinitionKey": "definition__process_id",
        "taskPriority": "priority",
        "createTime": "created_at",
        "tenantId": "workspace__slug",
    },
    has_or_queries=True,
)


def waiting_jobs() -> QuerySet[Job]:
    """The jobs that wait for external workers, of whichever workspace, with what showing them needs."""
    rows = Job.objects.filter(kind=Job.Kind.EXTERNAL, state__in=WAITING)
    return rows.select_related("definition", "workspace", "process_instance").defer("definition__xml")


class ExternalTasks(QueryListing):
    """Waiting external tasks."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[ExternalTaskAnswer], "POST": list[ExternalTaskAnswer]}

    def rows(self) -> QuerySet[Job]:
        return self.visible(waiting_jobs())

    def show(self, rows: Sequence[Job]) -> list[ExternalTaskAnswer]:
        return [external_task(row) for row in rows]


ExternalTaskCount = count_of(ExternalTasks)


class TopicNames(EngineRestView):
    """The topics of waiting external tasks."""

    answers = {"GET": list[str]}
    parameters = {
        "GET": {
            "withLockedTasks": (OpenApiTypes.BOOL, "Only topics with locked tasks."),
            "withUnlockedTasks": (OpenApiTypes.BOOL, "Only topics with tasks that are not locked."),
            "withRetriesLeft": (OpenApiTypes.BOOL, "Only topics with tasks that have retries left."),
        }
    }

    def get(self, request: Request) -> Response:
        rows = self.visible(waiting_jobs()).select_related(None).defer(None)
        if self.flag("withLockedTasks"):
            rows = rows.filter(_is_locked())
        if self.flag("withUnlockedTasks"):
            rows = rows.filter(Q(locked_until__isnull=True) | ~_is_locked())
        if self.flag("withRetriesLeft"):
            rows = rows.filter(retries__gt=0)
        return Response(list(rows.order_by("type").values_list("type", flat=True).distinct()))


# ---- fetch and lock

TopicBody = body(
    "FetchExternalTaskTopic",
    topicName=text(required=True),
    lockDuration=duration(least=1, required=True),
    variables=texts(),
    localVariables=flag(),
    deserializeValues=flag(),
    businessKey=text(),
    processDefinitionId=text(),
    processDefinitionIdIn=texts(),
    processDefinitionKey=text(),
    processDefinitionKeyIn=texts(),
    processDefinitionVersionTag=text(),
    processVariables=AnyObject(required=False, allow_null=True, default=None),
    tenantIdIn=texts(),
    withoutTenantId=flag(),
    includeExtensionProperties=flag(),
)
SortingBody = body(
    "FetchExternalTaskSorting",
    sortBy=ChoiceField(choices=["createTime"], required=True),
    sortOrder=ChoiceField(choices=["asc", "desc"], required=True),
)
FetchBody = body(
    "FetchExternalTasks",
    workerId=text(required=True),
    maxTasks=number(least=0, most=2**31 - 1, required=True, help_text=f"At most {MAX_TASKS} are given at a time."),
    usePriority=flag(),
    asyncResponseTimeout=number(least=0, help_text="Milliseconds to wait for a task, at most 1800000."),
    topics=ListField(child=TopicBody(), max_length=MAX_TOPICS, required=False, allow_null=True, default=None),
    sorting=ListField(child=SortingBody(), required=False, allow_null=True, default=None),
)


class FetchAndLock(EngineRestView):
    """Give waiting external tasks to a worker, locked for it; waits for some if there are none."""

    bodies = {"POST": FetchBody}
    answers = {"POST": list[LockedExternalTask]}

    def post(self, request: Request) -> Response:
        given = self.read()
        timeout = given["asyncResponseTimeout"] or 0
        if timeout > LONGEST_WAIT_MILLISECONDS:
            raise Rejected(
                f"The asynchronous response timeout cannot be set to a value greater than {LONGEST_WAIT_MILLISECONDS} "
                f"milliseconds, found {timeout}"
            )
        topics = given["topics"] or []
        if not topics or not given["maxTasks"]:
            return Response([])
        attempt = _Attempt(self, given, topics)
        return Response(self._answer(wait_for(attempt, timeout=timedelta(milliseconds=timeout)), topics))

    @staticmethod
    def _answer(found: list[ActivatedJob], topics: Sequence[dict[str, Any]]) -> list[LockedExternalTask]:
        topic_of = {id(topic["request"]): topic for topic in topics}
        asked = [(each, topic_of[id(each.request)]) for each in found]
        facts = model_facts(each.job.definition_key for each, topic in asked if topic[PROPERTIES])
        return [
            {
                **external_task(each.job),
                "errorDetails": each.job.error_details or None,
                "variables": {
                    name: typed_value(value.value, value.type, deserialize=bool(topic["deserializeValues"]))
                    for name, value in each.variables.items()
                },
                "extensionProperties": _extension_properties(facts, each.job) if topic[PROPERTIES] else {},
            }
            for each, topic in asked
        ]


def _extension_properties(facts: Mapping[int, ModelFacts], row: Job) -> dict[str, str]:
    return dict(facts.get(row.definition_key, NO_FACTS).properties.get(row.element_id, {}))


class _Attempt:
    """One look for tasks, repeated while a worker waits; what its user may do is read anew every few seconds."""

    def __init__(self, view: FetchAndLock, given: dict[str, Any], topics: Sequence[dict[str, Any]]) -> None:
        self.view = view
        self.worker = given["workerId"]
        self.limit = min(given["maxTasks"], MAX_TASKS)
        self.newest_first = any(each["sortOrder"] == "desc" for each in given["sorting"] or ())
        # Without usePriority any order will do, and that by priority is the one that there is an index for.
        self.use_priority = bool(given["usePriority"]) or not self.newest_first
        for topic in topics:
            topic["request"] = _job_request(topic)
        self.requests = [topic["request"] for topic in topics]
        self.workspaces = _union([request.workspace_ids for request in self.requests])
        self.rights_read_at = time.monotonic()

    def __call__(self) -> list[ActivatedJob]:
        self._keep_rights_fresh()
        if self.workspaces == set():
            return []
        return self.view.act(ActivateJobs).execute(
            self.requests,
            worker=self.worker,
            max_jobs=self.limit,
            workspace_ids=self.workspaces,
            use_priority=self.use_priority,
            newest_first=self.newest_first,
        )

    def _keep_rights_fresh(self) -> None:
        if time.monotonic() - self.rights_read_at < RIGHTS_ARE_READ_AGAIN_AFTER_SECONDS:
            return
        user = self.view.request.user
        user.refresh_from_db(fields=["is_active"])
        Access.forget(user)
        self.rights_read_at = time.monotonic()


def _union(workspaces: Sequence[Collection[int] | None]) -> set[int] | None:
    """All that the topics name together; None as soon as one of them means all workspaces."""
    named = [each for each in workspaces if each is not None]
    return {id for each in named for id in each} if len(named) == len(workspaces) else None


def _workspaces(topic: dict[str, Any]) -> list[int] | None:
    """The workspaces of a topic's tenants; None: all."""
    if topic["withoutTenantId"]:
        slugs = [DEFAULT_WORKSPACE]
    elif topic["tenantIdIn"] is None:
        return None
    else:
        slugs = [name for name in topic["tenantIdIn"] if name != DEFAULT_WORKSPACE]
    return list(Workspace.objects.filter(slug__in=slugs).values_list("pk", flat=True))


def _job_request(topic: dict[str, Any]) -> JobRequest:
    definition_ids = [*(topic["processDefinitionIdIn"] or []), *filter(None, [topic["processDefinitionId"]])]
    process_ids = [*(topic["processDefinitionKeyIn"] or []), *filter(None, [topic["processDefinitionKey"]])]
    return JobRequest(
        topic["topicName"],
        timedelta(milliseconds=topic["lockDuration"]),
        fetch_variables=topic["variables"],
        local_variables_only=bool(topic["localVariables"]),
        business_key=topic["businessKey"],
        process_ids=process_ids or None,
        definition_keys=[definition_key_of(each) or 0 for each in definition_ids] or None,
        version_tag=topic["processDefinitionVersionTag"],
        variables=topic["processVariables"],
        workspace_ids=_workspaces(topic),
    )


# ---- one task


class OneExternalTask(EngineRestView):
    """What the views of one external task share."""

    @staticmethod
    def key(id: str) -> int:
        """The key of whichever external task this is; NotFound if it cannot be one."""
        key = key_of(id)
        if key is None:
            raise NotFound(no_external_task(id))
        return key

    def job(self, id: str) -> Job:
        return self.one(self.visible(waiting_jobs()), id, no_external_task(id))


def no_external_task(id: str) -> str:
    return f"External task with id {id} does not exist"


class ExternalTaskView(OneExternalTask):
    """One waiting external task."""

    answers = {"GET": ExternalTaskAnswer}

    def get(self, request: Request, id: str) -> Response:
        return Response(external_task(self.job(id)))


class ExternalTaskErrorDetails(OneExternalTask):
    """The details of the last failure, as text."""

    answers = {"GET": OpenApiResponse(OpenApiTypes.STR, "The details; nothing (204) if there are none.")}

    def get(self, request: Request, id: str) -> HttpResponse:
        row = self.job(id)
        if not row.error_details:
            return Response(status=204)
        return HttpResponse(row.error_details, content_type="text/plain; charset=utf-8")


class ExternalTaskComplete(OneExternalTask):
    """Complete an external task that the worker holds."""

    bodies = {
        "POST": body(
            "CompleteExternalTask", workerId=text(required=True), variables=variables(), localVariables=variables()
        )
    }

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        self.act(CompleteJob).execute(
            self.key(id),
            variables=given["variables"] or {},
            local_variables=given["localVariables"] or {},
            worker=given["workerId"],
        )
        return Response(status=204)


class ExternalTaskFailure(OneExternalTask):
    """Report that an external task failed; without retries left an incident is made."""

    bodies = {
        "POST": body(
            "FailExternalTask",
            workerId=text(required=True),
            errorMessage=text(max_length=None),
            errorDetails=text(max_length=None),
            retries=number(least=0),
            retryTimeout=duration(),
            variables=variables(),
            localVariables=variables(),
        )
    }

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        self.act(FailJob).execute(
            self.key(id),
            retries=given["retries"] or 0,
            message=given["errorMessage"] or "",
            details=given["errorDetails"] or "",
            back_off=timedelta(milliseconds=given["retryTimeout"] or 0),
            variables=given["variables"] or {},
            local_variables=given["localVariables"] or {},
            worker=given["workerId"],
        )
        return Response(status=204)


class ExternalTaskBpmnError(OneExternalTask):
    """Report a BPMN error from an external task that the worker holds."""

    bodies = {
        "POST": body(
            "ExternalTaskBpmnError",
            workerId=text(required=True),
            errorCode=text(required=True),
            errorMessage=text(max_length=None),
            variables=variables(),
        )
    }

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        self.act(ThrowJobError).execute(
            self.key(id),
            code=given["errorCode"],
            message=given["errorMessage"] or "",
            variables=given["variables"] or {},
            worker=given["workerId"],
        )
        return Response(status=204)


class ExternalTaskLock(OneExternalTask):
    """Lock one external task for a worker."""

    bodies = {
        "POST": body("LockExternalTask", workerId=text(required=True), lockDuration=duration(least=1, required=True))
    }

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        lock_for = timedelta(milliseconds=given["lockDuration"])
        self.act(LockJob).execute(self.key(id), given["workerId"], lock_for)
        return Response(status=204)


class ExternalTaskExtendLock(OneExternalTask):
    """Let a worker keep an external task for longer, from now on."""

    bodies = {
        "POST": body(
            "ExtendLockOfExternalTask", workerId=text(required=True), newDuration=duration(least=1, required=True)
        )
    }

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        lock_for = timedelta(milliseconds=given["newDuration"])
        self.act(ExtendLock).execute(self.key(id), given["workerId"], lock_for)
        return Response(status=204)


class ExternalTaskUnlock(OneExternalTask):
    """Take an external task from its worker."""

    bodies = {"POST": body("UnlockExternalTask")}

    def post(self, request: Request, id: str) -> Response:
        self.act(UnlockJob).execute(self.key(id))
        return Response(status=204)


class ExternalTaskRetries(OneExternalTask):
    """Set the retries of an external task: an incident is resolved by some, and made by none."""

    bodies = {"PUT": body("ExternalTaskRetries", retries=number(least=0, required=True))}

    def put(self, request: Request, id: str) -> Response:
        self.act(UpdateJob).execute(self.key(id), retries=self.read()["retries"], resolve=True)
        return Response(status=204)


class ExternalTaskPriority(OneExternalTask):
    """Set the priority of an external task; higher ones are given first."""

    bodies = {"PUT": body("ExternalTaskPriority", priority=number(least=-(2**53), most=2**53, required=True))}

    def put(self, request: Request, id: str) -> Response:
        self.act(UpdateJob).execute(self.key(id), priority=self.read()["priority"])
        return Response(status=204)


class ManyExternalTaskRetries(EngineRestView):
    """Set the retries of several external tasks, all or none."""

    bodies = {
        "PUT": body(
            "RetriesOfExternalTasks",
            retries=number(least=0, required=True),
            externalTaskIds=texts(),
            processInstanceIds=texts(),
        )
    }

    def put(self, request: Request) -> Response:
        given = self.read()
        keys = self._keys(given["externalTaskIds"] or [], given["processInstanceIds"] or [])
        self.act_on_all(UpdateJob, keys, retries=given["retries"], resolve=True)
        return Response(status=204)

    def _keys(self, ids: Sequence[str], instance_ids: Sequence[str]) -> list[int]:
        """The tasks named and those of the process instances, in the order in which commands lock them."""
        if not ids and not instance_ids:
            raise Rejected("externalTaskIds is empty: name external tasks, or process instances to take those of.")
        named = {key_of(id): id for id in ids}
        instances = [key for each in instance_ids if (key := key_of(each)) is not None]
        meant = Q(pk__in=[key for key in named if key is not None]) | Q(process_instance__in=instances)
        rows = self.visible(waiting_jobs()).filter(meant).order_by("process_instance_key", "key")
        keys = list(rows.values_list("key", flat=True)[: MAX_MANY + 1])
        if len(keys) > MAX_MANY:
            raise Rejected(f"Expected at most {MAX_MANY} external tasks at a time, found more.")
        if missing := named.keys() - set(keys):
            raise NotFound(no_external_task(named[missing.pop()]))
        return keys
