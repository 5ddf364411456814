"""What job workers do, and what people do to jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from audit.models import Channel, Event, Subject
from audit.record import NewAuditEvent
from operate.actions.base import Action
from operate.batch.models import BatchType
from operate.workspaces.membership import no_such_workspace
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.services import ActivatedJob, AdHocResult, JobRequest, Outcome, UpdatedJob
from workflow.services.start_timers import StartTimer

Answer = TypeVar("Answer")


class WorkerAction(Action[Answer]):
    """What workers do all day: execution history, which becomes audit events only where the workspace switched that on.

    People who do the same in the back office are always recorded.
    """

    permission = Right.WORK_JOBS
    subject = Subject.JOB

    def is_recorded(self, entry: NewAuditEvent) -> bool:
        return self.channel is Channel.ADMIN or entry.workspace_id in self.access.audited_workers


class ActivateJobs(WorkerAction[list[ActivatedJob]]):
    """Lock jobs for a worker, in the workspaces it asks for as far as it may work in them.

    Where that is recorded, each workspace has an audit event of its own, and looking in vain has none.
    """

    event = Event.ACTIVATE

    def perform(
        self,
        requests: Sequence[JobRequest],
        *,
        worker: str,
        max_jobs: int,
        workspace_ids: Collection[int] | None = None,
        use_priority: bool = True,
        newest_first: bool = False,
    ) -> list[ActivatedJob]:
        self._jobs: dict[int, list[int]] = defaultdict(list)
        self.note(worker=worker, types=[request.type for request in requests])
        activated = services.activate_jobs(
            requests,
            worker=worker,
            max_jobs=max_jobs,
            workspace_ids=self.permitted(workspace_ids),
            use_priority=use_priority,
            newest_first=newest_first,
            context=self.context,
        )
        for each in activated:
            self._jobs[each.job.workspace_id].append(each.job.key)
        return activated

    def entries(self) -> Iterable[NewAuditEvent]:
        for workspace_id, keys in self._jobs.items():
            yield replace(self.entry, workspace_id=workspace_id, body={**self.entry.body, "jobs": keys})

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)


class LockJob(WorkerAction[Outcome]):
    """Lock one job for a worker."""

    event = Event.LOCK

    def perform(self, key: int, worker: str, lock_for: timedelta) -> Outcome:
        self.about(key)
        self.note(worker=worker, lock_for=lock_for)
        return self.noted(services.lock_job(key, worker, lock_for, context=self.context))


class ExtendLock(WorkerAction[Outcome]):
    """Let a worker keep a job for longer."""

    event = Event.LOCK

    def perform(self, key: int, worker: str, lock_for: timedelta) -> Outcome:
        self.about(key)
        self.note(worker=worker, lock_for=lock_for)
        return self.noted(services.extend_lock(key, worker, lock_for, context=self.context))


class UnlockJob(Action[Outcome]):
    """Take a job from its worker, so that others can have it."""

    permission = Right.WORK_JOBS
    event = Event.UNLOCK
    subject = Subject.JOB

    def perform(self, key: int) -> Outcome:
        self.about(key)
        return self.noted(services.unlock_job(key, context=self.context))


class CompleteJob(WorkerAction[Outcome]):
    """Complete a job with its result; the process instance goes on in the same transaction."""

    event = Event.COMPLETE

    def perform(
        self,
        key: int,
        *,
        variables: Variables = NO_VARIABLES,
        local_variables: Variables = NO_VARIABLES,
        worker: str | None = None,
        ad_hoc: AdHocResult | None = None,
    ) -> Outcome:
        self.about(key)
        self.note(worker=worker, variables=variables, local_variables=local_variables, result=ad_hoc)
        return self.noted(
            services.complete_job(
                key,
                variables=variables,
                local_variables=local_variables,
                worker=worker,
                ad_hoc=ad_hoc,
                context=self.context,
            )
        )


class FailJob(WorkerAction[Outcome]):
    """Report that a job failed; without retries left an incident stands where it waits."""

    event = Event.FAIL

    def perform(
        self,
        key: int,
        *,
        retries: int | None = None,
        message: str = "",
        details: str = "",
        back_off: timedelta = timedelta(0),
        variables: Variables = NO_VARIABLES,
        local_variables: Variables = NO_VARIABLES,
        worker: str | None = None,
    ) -> Outcome:
        self.about(key)
        self.note(worker=worker, retries=retries, message=message, variables=variables, local_variables=local_variables)
        return self.noted(
            services.fail_job(
                key,
                retries=retries,
                message=message,
                details=details,
                back_off=back_off,
                variables=variables,
                local_variables=local_variables,
                worker=worker,
                context=self.context,
            )
        )


class ThrowJobError(WorkerAction[Outcome]):
    """Report a BPMN error from a job."""

    event = Event.THROW_ERROR

    def perform(
        self,
        key: int,
        *,
        code: str,
        message: str = "",
        variables: Variables = NO_VARIABLES,
        worker: str | None = None,
    ) -> Outcome:
        self.about(key)
        self.note(worker=worker, code=code, message=message, variables=variables)
        return self.noted(
            services.throw_job_error(
                key, code=code, message=message, variables=variables, worker=worker, context=self.context
            )
        )


class UpdateJob(WorkerAction[Outcome | StartTimer]):
    """Change retries, lock or priority of a job; with `resolve`, new retries also resolve its incident.

    Who repairs may, and who works on jobs. Prolonging a lock is what workers do all day; the rest is always recorded.
    """

    permission = Right.RESOLVE_INCIDENT
    alternatives = frozenset({Right.WORK_JOBS})
    event = Event.UPDATE
    operation = BatchType.SET_RETRIES

    def perform(
        self,
        key: int,
        *,
        retries: int | None = None,
        lock_for: timedelta | None = None,
        priority: int | None = None,
        resolve: bool = False,
    ) -> Outcome | StartTimer:
        self.about(key)
        self.note(retries=retries, lock_for=lock_for, priority=priority)
        if retries is not None:
            self.entry.event = Event.RETRY
        outcome = self.noted(
            services.update_job(
                key, retries=retries, lock_for=lock_for, priority=priority, resolve=resolve, context=self.context
            )
        )
        if retries is not None and isinstance(outcome, UpdatedJob):
            self.note(before={"retries": outcome.retries_before})
        return outcome

    def operations(self) -> frozenset[BatchType]:
        return super().operations() if self.entry.event is Event.RETRY else frozenset()

    def is_recorded(self, entry: NewAuditEvent) -> bool:
        return entry.body.keys() != {"lock_for"} or super().is_recorded(entry)
