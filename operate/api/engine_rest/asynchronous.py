"""Commands on many process instances that a batch carries out: each answers with the batch at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest import modification, restart
from operate.api.engine_rest.batch import BatchAnswer, BatchSubmission
from operate.api.engine_rest.bodies import Flag, body, date, flag, number, text, texts, variables
from operate.api.engine_rest.ids import key_of
from operate.api.engine_rest.instructions import ModificationBody
from operate.api.engine_rest.job import QUERY as JOB_QUERY
from operate.api.engine_rest.job import waiting_jobs
from operate.api.engine_rest.migration import ExecutionBody as MigrationBody
from operate.api.engine_rest.migration import MigrationView
from operate.api.engine_rest.process_instance import no_process_instance
from operate.api.engine_rest.selecting import Instances, historic_query, query, runtime_query
from operate.batch.plans import (
    Cancel,
    Delete,
    EditVariables,
    Migrate,
    Modify,
    Plan,
    Restart,
    Resume,
    SetRetries,
    Suspend,
)
from operate.batch.submitting import Selection
from workflow.engine.errors import NotFound, Rejected
from workflow.migration import MigrationOptions
from workflow.models import ProcessInstance

INSTANCE_KEY = "process_instance_key"
INSTANCES: dict[str, Any] = {
    "processInstanceIds": texts(),
    "processInstanceQuery": runtime_query(),
    "historicProcessInstanceQuery": historic_query(),
}


class Submission(BatchSubmission):
    """What the commands share."""

    answers: dict[str, Any] = {"POST": BatchAnswer}

    def selected(self, given: Mapping[str, Any]) -> Selection:
        """The process instances that a body names."""
        named = Instances.named_in(given)
        unknown = [id for id in named.ids if key_of(id) is None]
        if unknown:
            raise NotFound(no_process_instance(unknown[0]))
        rows = None
        if named.condition is not None:
            rows = self.visible(ProcessInstance.objects.all()).filter(named.condition)
        return Selection(named.keys, rows)


class ModificationExecuteAsync(Submission, modification.ModificationView):
    """Modify several running process instances, each on its own."""

    def post(self, request: Request) -> Response:
        given = self.read()
        definition = self.definition(given["processDefinitionId"])
        plan = Modify(tuple(given["instructions"] or ()), definition.key, modification.options(given))
        return self.submit(plan, self.selected(given), reason=given["annotation"] or "")


class ProcessInstanceModificationAsync(Submission):
    """Modify one running process instance in the background."""

    bodies: dict[str, Any] = {"POST": ModificationBody}

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        key = key_of(id)
        if key is None or not self.visible(ProcessInstance.objects.active()).filter(pk=key).exists():
            raise NotFound(no_process_instance(id))
        plan = Modify(tuple(given["instructions"] or ()), options=modification.options(given), for_one=True)
        return self.submit(plan, Selection([key]), reason=given["annotation"] or "")


class RestartAsync(Submission, restart.RestartView):
    """Restart several ended process instances, each on its own."""

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        definition = self.definition(id)
        plan = Restart(definition.key, tuple(given["instructions"] or ()), restart.options(given))
        return self.submit(plan, self.selected(given), reason=given["annotation"] or "")


class MigrationExecuteAsync(Submission, MigrationView):
    """Carry out a migration plan on several running process instances, each on its own."""

    bodies: dict[str, Any] = {"POST": MigrationBody}

    def post(self, request: Request) -> Response:
        given = self.read()
        options = MigrationOptions(bool(given["skipIoMappings"]), bool(given["skipCustomListeners"]))
        return self.submit(Migrate(self.plan(given["migrationPlan"]), options), self.selected(given))


class ProcessInstancesDelete(Submission):
    """Cancel several running process instances, each on its own."""

    bodies: dict[str, Any] = {
        "POST": body(
            "ProcessInstancesDeletion",
            **INSTANCES,
            deleteReason=text(max_length=4000),
            skipCustomListeners=flag(help_text="Listeners of what ends are called all the same."),
            skipSubprocesses=flag(help_text="Refused: called process instances never outlive their caller."),
            skipIoMappings=flag(),
            failIfNotExists=flag(help_text="One that does not exist is a failed item of the batch, in any case."),
        )
    }

    def post(self, request: Request) -> Response:
        given = self.read()
        if given["skipSubprocesses"]:
            raise Rejected("Expected 'skipSubprocesses' to be false: called process instances end with their callers.")
        plan = Cancel(skip_io_mappings=bool(given["skipIoMappings"]))
        return self.submit(plan, self.selected(given), reason=given["deleteReason"] or "")


class HistoricProcessInstancesDelete(Submission):
    """Delete several ended process instances with their history, each on its own."""

    bodies: dict[str, Any] = {
        "POST": body(
            "HistoricProcessInstancesDeletion",
            historicProcessInstanceIds=texts(),
            historicProcessInstanceQuery=historic_query(),
            deleteReason=text(max_length=4000),
            failIfNotExists=flag(help_text="One that does not exist is a failed item of the batch, in any case."),
        )
    }

    def post(self, request: Request) -> Response:
        given = self.read()
        named = {**given, "processInstanceIds": given["historicProcessInstanceIds"]}
        return self.submit(Delete(), self.selected(named), reason=given["deleteReason"] or "")


class ProcessInstancesSuspendedAsync(Submission):
    """Suspend several running process instances, or resume them, each on its own."""

    bodies: dict[str, Any] = {
        "POST": body("ProcessInstancesSuspensionAsync", **INSTANCES, suspended=Flag(required=True))
    }

    def post(self, request: Request) -> Response:
        given = self.read()
        plan: Plan = Suspend() if given["suspended"] else Resume()
        return self.submit(plan, self.selected(given))


class ProcessInstancesJobRetries(Submission):
    """Set the retries of the engine's jobs in several process instances, each on its own."""

    bodies: dict[str, Any] = {
        "POST": body(
            "ProcessInstancesJobRetries",
            processInstances=texts(),
            processInstanceQuery=runtime_query(),
            historicProcessInstanceQuery=historic_query(),
            retries=number(least=0, required=True),
            dueDate=date(),
        )
    }

    def post(self, request: Request) -> Response:
        given = self.read()
        named = {**given, "processInstanceIds": given["processInstances"]}
        plan = SetRetries(given["retries"], of_workers=False, due_at=_moment(given["dueDate"]))
        return self.submit(plan, self.selected(named))


class JobRetriesAsync(Submission):
    """Set the retries of the engine's jobs that a list, a query or both name, process instance by process instance."""

    bodies: dict[str, Any] = {
        "POST": body(
            "JobRetriesAsync",
            jobIds=texts(),
            jobQuery=query("As the body of POST /job."),
            retries=number(least=0, required=True),
            dueDate=date(),
        )
    }

    def post(self, request: Request) -> Response:
        given = self.read()
        jobs = self._jobs(given)
        instances = sorted({instance for instance in jobs.values() if instance is not None})
        plan = SetRetries(given["retries"], of_workers=False, job_keys=sorted(jobs), due_at=_moment(given["dueDate"]))
        return self.submit(plan, Selection(instances))

    def _jobs(self, given: Mapping[str, Any]) -> dict[int, int | None]:
        """The process instances of the jobs by their keys."""
        ids, waiting = given["jobIds"] or [], self.visible(waiting_jobs())
        if not ids and given["jobQuery"] is None:
            raise Rejected("Job ids is empty: neither a list nor a query names any job.")
        keys = {key_of(id): id for id in ids}
        jobs = dict(waiting.filter(pk__in=[key for key in keys if key is not None]).values_list("pk", INSTANCE_KEY))
        for key, id in keys.items():
            if key not in jobs:
                raise NotFound(f"No job found with id '{id}'.")
        if given["jobQuery"] is not None:
            jobs |= dict(waiting.filter(JOB_QUERY.condition(given["jobQuery"])).values_list("pk", INSTANCE_KEY))
        if not any(jobs.values()):
            raise Rejected("Job ids cannot be empty: the query finds none in a process instance.")
        return jobs


def _moment(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat()


class ExternalTaskRetriesAsync(Submission):
    """Set the retries of the external tasks of several process instances, each on its own."""

    bodies: dict[str, Any] = {
        "POST": body("ExternalTaskRetriesAsync", **INSTANCES, retries=number(least=0, required=True))
    }

    def post(self, request: Request) -> Response:
        given = self.read()
        return self.submit(SetRetries(given["retries"], of_engine=False), self.selected(given))


class ProcessInstancesVariablesAsync(Submission):
    """Set global variables of several running process instances, each on its own."""

    bodies: dict[str, Any] = {"POST": body("ProcessInstancesVariables", **INSTANCES, variables=variables())}

    def post(self, request: Request) -> Response:
        given = self.read()
        return self.submit(EditVariables(given["variables"] or {}), self.selected(given))


__all__ = [
    "ExternalTaskRetriesAsync",
    "HistoricProcessInstancesDelete",
    "JobRetriesAsync",
    "MigrationExecuteAsync",
    "ModificationExecuteAsync",
    "ProcessInstanceModificationAsync",
    "ProcessInstancesDelete",
    "ProcessInstancesJobRetries",
    "ProcessInstancesSuspendedAsync",
    "ProcessInstancesVariablesAsync",
    "RestartAsync",
]
