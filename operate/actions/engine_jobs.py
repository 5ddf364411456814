"""What people do to the engine's own jobs: timers and asynchronous continuations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.batch.models import BatchType
from operate.workspaces.roles import Right
from workflow import services
from workflow.services import Context, JobFailed, Outcome
from workflow.services.start_timers import StartTimer


class ExecuteJob(Action[Outcome]):
    """Run one of the engine's jobs now, due or not.

    If what follows is refused, that is undone, recorded, and counted as a failed attempt of the job.
    """

    permission = Right.RESOLVE_INCIDENT
    alternatives = frozenset({Right.WORK_JOBS})
    event = Event.EXECUTE
    subject = Subject.JOB

    def execute(self, *args: Any, **kwargs: Any) -> Outcome:
        """Run the job of this key; raises JobFailed once the failure is stored."""
        try:
            return super().execute(*args, **kwargs)
        except JobFailed as failure:
            if not self.dry_run and self.entry.entity_key is not None:
                services.note_job_failure(self.entry.entity_key, failure.message, context=Context(now=self.now))
            raise

    def perform(self, key: int) -> Outcome:
        self.about(key)
        return self.noted(services.execute_job(key, context=self.context))


class SetJobDueDate(Action[Outcome | StartTimer]):
    """Let a job become due at another time, or at once."""

    permission = Right.RESOLVE_INCIDENT
    event = Event.UPDATE
    subject = Subject.JOB

    def perform(self, key: int, due_at: datetime | None) -> Outcome | StartTimer:
        self.about(key)
        self.entry.body["due_at"] = due_at
        return self.noted(services.set_job_due_date(key, due_at, context=self.context))


class SetJobSuspended(Action[Outcome | StartTimer]):
    """Keep one job from being run, or let it be run again; the process instance around it goes on."""

    permission = Right.SUSPEND
    event = Event.SUSPEND
    subject = Subject.JOB

    def perform(self, key: int, suspended: bool) -> Outcome | StartTimer:
        self.entry.event = Event.SUSPEND if suspended else Event.RESUME
        self.about(key)
        return self.noted(services.set_job_suspended(key, suspended, context=self.context))


class RecalculateJobDueDate(Action[Outcome | StartTimer]):
    """Let a timer become due when its model says, counted from its creation or from now."""

    permission = Right.RESOLVE_INCIDENT
    event = Event.UPDATE
    subject = Subject.JOB

    def perform(self, key: int, *, from_creation: bool = True) -> Outcome | StartTimer:
        self.about(key)
        self.note(from_creation=from_creation)
        return self.noted(services.recalculate_job_due_date(key, from_creation=from_creation, context=self.context))


class DeleteJob(Action[Outcome | StartTimer]):
    """Take a job away for good: what it would have done will not happen."""

    permission = Right.MODIFY
    event = Event.DELETE
    subject = Subject.JOB
    operation = BatchType.MODIFY

    def perform(self, key: int) -> Outcome | StartTimer:
        self.about(key)
        return self.noted(services.delete_job(key, context=self.context))
