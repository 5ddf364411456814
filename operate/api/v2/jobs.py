"""Jobs: activated by workers, completed, failed, answered with an error."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ActivateJobs, CompleteJob, FailJob, ThrowJobError, UpdateJob
from operate.api.v2.base import V2View, date_text, key_text
from operate.api.v2.bodies import Body
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.search import Field, Kind, Search
from operate.api.waiting import wait_for
from operate.workspaces import workspace_named
from workflow.models import Job
from workflow.services import ActivatedJob, JobRequest

TAG = "Job"
WHAT = "a job"
LONGEST_POLL = timedelta(minutes=10)
SERVER_POLL = timedelta(seconds=10)
STATES = ("CREATED", "COMPLETED", "FAILED", "CANCELED", "ERROR_THROWN")
OTHER_STATES = ("RETRIES_UPDATED", "TIMED_OUT", "MIGRATED", "TIMEOUT_UPDATED", "PRIORITY_UPDATED")
CHOICES = {name: Q(state=name) for name in STATES} | {name: Q(pk__in=[]) for name in OTHER_STATES}
KIND, NO_LISTENER = "BPMN_ELEMENT", "UNSPECIFIED"
KINDS = {
    KIND: Q(),
    "EXECUTION_LISTENER": Q(pk__in=[]),
    "TASK_LISTENER": Q(pk__in=[]),
    "AD_HOC_SUB_PROCESS": Q(pk__in=[]),
}
FAILED_WITH_RETRIES = Q(state="FAILED", retries__gt=0)


class Activation(V2View):
    """POST /jobs/activation, waiting for work for as long as the worker wants."""

    tag = TAG
    command = "ACTIVATE"

    def post(self, request: Request) -> Response:
        body = self.body()
        wanted = JobRequest(body.name("type"), body.milliseconds("timeout", at_least=1), self._names(body))
        most = body.whole("maxJobsToActivate", at_least=1)
        worker = body.text("worker", "") or "default"
        tenants = [workspace_named(slug).pk for slug in body.texts("tenantIds", [])] or None
        activate = self.act(ActivateJobs)

        def attempt() -> list[ActivatedJob]:
            return activate.execute([wanted], worker=worker, max_jobs=most, workspace_ids=tenants)

        return Response({"jobs": [told(each) for each in wait_for(attempt, timeout=self._wait(body))]})

    @staticmethod
    def _names(body: Body) -> list[str] | None:
        return body.texts("fetchVariable", None) or None

    @staticmethod
    def _wait(body: Body) -> timedelta:
        wait: timedelta = (
            body.milliseconds("requestTimeout", timedelta(0)) if "requestTimeout" in body else timedelta(0)
        )
        if wait == timedelta(0):
            return SERVER_POLL
        return min(max(wait, timedelta(0)), LONGEST_POLL)


def told(activated: ActivatedJob) -> dict[str, Any]:
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
        "kind": KIND,
        "listenerEventType": NO_LISTENER,
        "userTask": None,
        "tags": job.process_instance.tags,
        "businessId": activated.business_key,
        "priority": job.priority,
    }


class Completion(V2View):
    """POST /jobs/{key}/completion"""

    tag = TAG
    command = "COMPLETE"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        self.act(CompleteJob).execute(self.key(key, WHAT), variables=self.body().object("variables", {}))
        return self.done()


class Failure(V2View):
    """POST /jobs/{key}/failure"""

    tag = TAG
    command = "FAIL"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        self.act(FailJob).execute(
            self.key(key, WHAT),
            retries=body.whole("retries", 0, at_least=0),
            message=body.text("errorMessage", ""),
            back_off=body.milliseconds("retryBackOff", timedelta(0), at_least=0),
            variables=body.object("variables", {}),
        )
        return self.done()


class Error(V2View):
    """POST /jobs/{key}/error"""

    tag = TAG
    command = "THROW_ERROR"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        self.act(ThrowJobError).execute(
            self.key(key, WHAT),
            code=body.name("errorCode"),
            message=body.text("errorMessage", "") or "",
            variables=body.object("variables", {}),
        )
        return self.done()


class JobView(V2View):
    """PATCH /jobs/{key}"""

    tag = TAG
    command = "UPDATE"
    response_schema = {204: None}

    def patch(self, request: Request, key: str) -> Response:
        changes = self.body().body("changeset")
        if not any(name in changes for name in ("retries", "timeout", "priority")):
            raise InvalidArgument(
                "At least one of 'changeset.retries', 'changeset.timeout', 'changeset.priority' is required."
            )
        self.act(UpdateJob).execute(
            self.key(key, WHAT),
            retries=changes.whole("retries", None),
            lock_for=changes.milliseconds("timeout", None),
            priority=changes.whole("priority", None),
        )
        return self.done()


class JobSearch(Search):
    """POST /jobs/search"""

    tag = TAG
    fields = (
        Field("jobKey", "key", Kind.KEY),
        Field("type", "type"),
        Field("worker", "worker"),
        Field("state", "state", Kind.CHOICE, choices=CHOICES),
        Field("kind", kind=Kind.CHOICE, choices=KINDS, sort=False, render=lambda row: KIND),
        Field("listenerEventType", kind=Kind.CHOICE, choices={NO_LISTENER: Q()}, sort=False, render=lambda row: NO_LISTENER),
        Field("retries", "retries", Kind.WHOLE),
        Field("priority", "priority", Kind.WHOLE),
        Field("businessId", "process_instance__business_key", sort=False, filter=False),
        Field("isDenied", kind=Kind.FLAG, flag=Q(pk__in=[]), sort=False, render=lambda row: None),
        Field("deniedReason", sort=False, filter=False, render=lambda row: None),
        Field("hasFailedWithRetriesLeft", kind=Kind.FLAG, flag=FAILED_WITH_RETRIES, sort=False, needs=("state", "retries"),
              render=lambda row: row["state"] == "FAILED" and row["retries"] > 0),
        Field("errorCode", "error_code", render=lambda row: row["error_code"] or None),
        Field("errorMessage", "error_message", render=lambda row: row["error_message"] or None),
        Field("customHeaders", sort=False, filter=False, needs=("custom_headers",), render=lambda row: row["custom_headers"]),
        Field("deadline", "locked_until", Kind.DATE),
        Field("endTime", "ended_at", Kind.DATE),
        Field("creationTime", "created_at", Kind.DATE),
        Field("lastUpdateTime", sort=False, filter=False, needs=("created_at", "ended_at"),
              render=lambda row: date_text(row["ended_at"] or row["created_at"])),
        Field("processDefinitionId", "process_instance__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("elementId", "element_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("tenantId", "workspace__slug"),
    )  # fmt: skip

    def rows(self) -> QuerySet[Job]:
        return self.visible(Job.objects.all())
