"""Jobs: activated by workers, completed, failed, answered with an error."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ActivateJobs, CompleteJob, FailJob, ThrowJobError, UpdateJob
from operate.api.v2.base import V2View, key_text
from operate.api.v2.bodies import LONGEST_NAME, Body
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.fields import EVERYTHING, NOTHING, Field, Kind
from operate.api.v2.schema import (
    ANYTHING,
    FLAG,
    KEY,
    MILLISECONDS,
    TEXT,
    VARIABLES,
    WHOLE,
    all_of,
    array,
    enum,
    nullable,
    record,
)
from operate.api.v2.search import Search
from operate.api.waiting import wait_for
from operate.workspaces import Access, workspace_named
from workflow.engine.values import Variables
from workflow.graph import ElementType
from workflow.models import Job
from workflow.services import ActivatedJob, AdHocResult, JobRequest

TAG = "Job"
WHAT = "a job"
DEFAULT_WORKER = "default"
SERVER_POLL = timedelta(seconds=10)
LONGEST_POLL = timedelta(minutes=10)
MOST_AT_A_TIME = 1_000
RIGHTS_ARE_READ_AGAIN_AFTER_SECONDS = 5.0
STATES = {state.value: Q(state=state) for state in Job.State} | {
    "RETRIES_UPDATED": NOTHING,
    "TIMED_OUT": NOTHING,
    "MIGRATED": NOTHING,
    "TIMEOUT_UPDATED": NOTHING,
    "PRIORITY_UPDATED": NOTHING,
}
NO_LISTENER = "UNSPECIFIED"
OF_AD_HOC = Q(element_instance__element_type=ElementType.AD_HOC_SUB_PROCESS)
KINDS = {
    "BPMN_ELEMENT": ~OF_AD_HOC,
    "AD_HOC_SUB_PROCESS": OF_AD_HOC,
    "EXECUTION_LISTENER": NOTHING,
    "TASK_LISTENER": NOTHING,
}
LISTENER_EVENTS = {NO_LISTENER: EVERYTHING} | dict.fromkeys(
    ["ASSIGNING", "BEFORE_ALL", "CANCEL", "CANCELING", "COMPLETING", "CREATING", "END", "START", "UPDATING"], NOTHING
)
AD_HOC_RESULT = "adHocSubProcess"
FAILED_WITH_RETRIES = Q(state=Job.State.FAILED, retries__gt=0)


class Activation(V2View):
    """Give waiting jobs to a worker, locked for it; waits for some if there are none."""

    tag = TAG
    command = "ACTIVATE"
    bodies = {
        "POST": record(
            ("type", "timeout", "maxJobsToActivate"),
            type=TEXT,
            timeout=MILLISECONDS,
            maxJobsToActivate={**WHOLE, "minimum": 1, "description": f"At most {MOST_AT_A_TIME} are given at a time."},
            worker=TEXT,
            fetchVariable=array(TEXT),
            requestTimeout={**MILLISECONDS, "description": "How long to wait; 0: 10 seconds, negative: not at all."},
            tenantIds=array(TEXT),
        )
    }
    answers = {
        "POST": all_of(
            jobs=array(
                all_of(
                    jobKey=KEY,
                    type=TEXT,
                    processInstanceKey=KEY,
                    rootProcessInstanceKey=KEY,
                    processDefinitionKey=KEY,
                    processDefinitionId=TEXT,
                    processDefinitionVersion=WHOLE,
                    elementId=TEXT,
                    elementInstanceKey=KEY,
                    customHeaders=record(),
                    worker=TEXT,
                    retries=WHOLE,
                    deadline={"type": "integer", "format": "int64", "description": "Milliseconds since 1970."},
                    variables=VARIABLES,
                    tenantId=TEXT,
                    physicalTenantId=TEXT,
                    kind=enum(*KINDS),
                    listenerEventType=enum(*LISTENER_EVENTS),
                    userTask=nullable(ANYTHING),
                    tags=array(TEXT),
                    businessId=nullable(TEXT),
                    priority=WHOLE,
                    jobLeaseToken=nullable(TEXT),
                )
            )
        )
    }

    def post(self, request: Request) -> Response:
        body = self.body()
        attempt, wait = _Attempt(self, body), self._wait(body)
        return Response({"jobs": [activated_job(each) for each in wait_for(attempt, timeout=wait)]})

    @staticmethod
    def _wait(body: Body) -> timedelta:
        asked: timedelta = body.milliseconds("requestTimeout", timedelta(0))
        return SERVER_POLL if asked == timedelta(0) else min(max(asked, timedelta(0)), LONGEST_POLL)


class _Attempt:
    """One look for jobs, repeated while a worker waits; what its user may do is read anew every few seconds."""

    def __init__(self, view: Activation, body: Body) -> None:
        names: Sequence[str] = body.texts("fetchVariable", [])
        self.view = view
        self.wanted = JobRequest(body.name("type"), body.milliseconds("timeout", at_least=1), names or None)
        self.limit = min(body.whole("maxJobsToActivate", at_least=1), MOST_AT_A_TIME)
        self.worker = body.text("worker", "", at_most=LONGEST_NAME) or DEFAULT_WORKER
        self.workspaces = [workspace_named(slug).pk for slug in dict.fromkeys(body.texts("tenantIds", []))] or None
        self.rights_read_at = time.monotonic()

    def __call__(self) -> list[ActivatedJob]:
        self._keep_rights_fresh()
        return self.view.act(ActivateJobs).execute(
            [self.wanted], worker=self.worker, max_jobs=self.limit, workspace_ids=self.workspaces
        )

    def _keep_rights_fresh(self) -> None:
        if time.monotonic() - self.rights_read_at < RIGHTS_ARE_READ_AGAIN_AFTER_SECONDS:
            return
        user = self.view.request.user
        user.refresh_from_db(fields=["is_active"])
        Access.forget(user)
        self.rights_read_at = time.monotonic()


def activated_job(activated: ActivatedJob) -> dict[str, Any]:
    """An activated job as the worker gets it."""
    job = activated.job
    return {
        "jobKey": key_text(job.key),
        "type": job.type,
        "processInstanceKey": key_text(job.process_instance_key),
        "rootProcessInstanceKey": key_text(job.root_process_instance_key),
        "processDefinitionKey": key_text(job.definition_key),
        "processDefinitionId": activated.process_id,
        "processDefinitionVersion": activated.version,
        "elementId": job.element_id,
        "elementInstanceKey": key_text(job.element_instance_key),
        "customHeaders": job.custom_headers,
        "worker": job.worker,
        "retries": job.retries,
        "deadline": int(job.locked_until.timestamp() * 1000) if job.locked_until else 0,
        "variables": {name: value.value for name, value in activated.variables.items()},
        "tenantId": job.workspace.slug,
        "physicalTenantId": "default",
        "kind": kind_of_job(job.element_instance.element_type),
        "listenerEventType": NO_LISTENER,
        "userTask": None,
        "tags": job.process_instance.tags,
        "businessId": activated.business_key or None,
        "priority": job.priority,
        "jobLeaseToken": None,
    }


def kind_of_job(element_type: str) -> str:
    """What the job is for: to do an element's work, or to say what an ad-hoc sub-process does next."""
    return "AD_HOC_SUB_PROCESS" if element_type == ElementType.AD_HOC_SUB_PROCESS else "BPMN_ELEMENT"


class JobCommand(V2View):
    """What commands on one job share. It need not be activated before."""

    tag = TAG


class Completion(JobCommand):
    """Complete a job with its result; the process goes on."""

    command = "COMPLETE"
    bodies = {
        "POST": record(
            variables=VARIABLES,
            result=nullable(
                record(
                    type={**TEXT, "description": f"{AD_HOC_RESULT}; nothing else is demanded of any job here."},
                    activateElements=array(record(("elementId",), elementId=TEXT, variables=nullable(VARIABLES))),
                    isCompletionConditionFulfilled=FLAG,
                    isCancelRemainingInstances=FLAG,
                )
            ),
        )
    }

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        variables, result = body.object("variables", {}), ad_hoc_result(body)
        self.act(CompleteJob).execute(self.key(key, WHAT), variables=variables, ad_hoc=result)
        return self.done()


def ad_hoc_result(body: Body) -> AdHocResult | None:
    """What the worker of an ad-hoc sub-process's job decided; results of other kinds concern nothing that is here."""
    if "result" not in body:
        return None
    result = body.body("result")
    elements = activated_elements(result, "activateElements")
    is_fulfilled = result.flag("isCompletionConditionFulfilled", default=False)
    cancels_others = result.flag("isCancelRemainingInstances", default=False)
    if result.text("type", AD_HOC_RESULT) != AD_HOC_RESULT:
        return None
    return AdHocResult(elements, is_completion_condition_fulfilled=is_fulfilled, cancel_remaining=cancels_others)


def activated_elements(body: Body, name: str) -> list[tuple[str, Variables]]:
    """Elements of an ad-hoc sub-process to activate, each with its own variables."""
    return [(part.name("elementId"), part.object("variables", {})) for part in body.bodies(name)]


class Failure(JobCommand):
    """Report that a job failed; without retries left an incident stands where it waits."""

    command = "FAIL"
    bodies = {
        "POST": record(retries=WHOLE, errorMessage=TEXT, retryBackOff=MILLISECONDS, variables=VARIABLES),
    }

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        report = {
            "retries": body.whole("retries", 0, at_least=0),
            "message": body.text("errorMessage", ""),
            "back_off": body.milliseconds("retryBackOff", timedelta(0), at_least=0),
            "variables": body.object("variables", {}),
        }
        self.act(FailJob).execute(self.key(key, WHAT), **report)
        return self.done()


class Error(JobCommand):
    """Answer a job with a BPMN error."""

    command = "THROW_ERROR"
    bodies = {"POST": record(("errorCode",), errorCode=TEXT, errorMessage=nullable(TEXT), variables=VARIABLES)}

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        report = {
            "code": body.name("errorCode"),
            "message": body.text("errorMessage", ""),
            "variables": body.object("variables", {}),
        }
        self.act(ThrowJobError).execute(self.key(key, WHAT), **report)
        return self.done()


class JobView(JobCommand):
    """Change retries, lock or priority of a job."""

    command = "UPDATE"
    bodies = {
        "PATCH": record(
            ("changeset",),
            changeset=record(retries=nullable(WHOLE), timeout=nullable(MILLISECONDS), priority=nullable(WHOLE)),
            operationReference=WHOLE,
        )
    }

    def patch(self, request: Request, key: str) -> Response:
        changeset = self.body().body("changeset")
        changes = {
            "retries": changeset.whole("retries", None),
            "lock_for": changeset.milliseconds("timeout", None, at_least=0),
            "priority": changeset.whole("priority", None, at_least=-(2**31)),
        }
        if not any(value is not None for value in changes.values()):
            raise InvalidArgument("At least one of 'retries', 'timeout', 'priority' is required in 'changeset'.")
        self.act(UpdateJob).execute(self.key(key, WHAT), **changes)
        return self.done()


class JobSearch(Search):
    """Find jobs."""

    tag = TAG
    what = WHAT
    fields = (
        Field("jobKey", "key", Kind.KEY),
        Field("type", "type"),
        Field("worker", "worker", render=lambda row: row["worker"], blank=True),
        Field("state", "state", Kind.CHOICE, choices=STATES),
        Field("kind", "element_type", Kind.CHOICE, choices=KINDS, render=lambda row: kind_of_job(row["element_type"])),
        Field("listenerEventType", kind=Kind.CHOICE, choices=LISTENER_EVENTS, render=lambda row: NO_LISTENER),
        Field("retries", "retries", Kind.WHOLE),
        Field("priority", "priority", Kind.WHOLE),
        Field("isDenied", kind=Kind.FLAG, flag=NOTHING, render=lambda row: None),
        Field("deniedReason"),
        Field("hasFailedWithRetriesLeft", "has_failed", Kind.FLAG, flag=FAILED_WITH_RETRIES),
        Field("errorCode", "error_code", blank=True),
        Field("errorMessage", "error_message", blank=True),
        Field("customHeaders", "custom_headers", sort=False, filter=False, schema=record()),
        Field("deadline", "locked_until", Kind.DATE),
        Field("endTime", "ended_at", Kind.DATE),
        Field("creationTime", "created_at", Kind.DATE),
        Field("lastUpdateTime", "updated", Kind.DATE, sort=False),
        Field("processDefinitionId", "process_instance__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("elementId", "element_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("businessId", "process_instance__business_key", blank=True, sort=False, filter=False),
        Field("tenantId", "workspace__slug"),
    )

    def rows(self) -> QuerySet[Job]:
        """Timers and asynchronous continuations are the engine's own business: this API does not call them jobs."""
        return self.visible(Job.objects.filter(kind=Job.Kind.EXTERNAL)).annotate(
            element_type=F("element_instance__element_type"),
            has_failed=ExpressionWrapper(FAILED_WITH_RETRIES, BooleanField()),
            updated=Coalesce("ended_at", "created_at"),
        )
