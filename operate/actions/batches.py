"""Batches: asking for one, and what is done to one or to a job of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q
from django.db.transaction import atomic, set_rollback

from audit.models import Event, Subject
from audit.record import NewAuditEvent
from operate.actions.base import Action
from operate.approvals import gate
from operate.approvals.policies import Place
from operate.batch import life, running, submitting
from operate.batch.models import Batch, BatchJob, BatchType
from operate.batch.plans import Migrate, Plan, Restart, read_plan
from operate.batch.rehearsing import AT_MOST, Rehearsal, rehearse
from operate.batch.submitting import Chosen, Selection
from operate.workspaces.access import Forbidden
from operate.workspaces.roles import Right
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessDefinition, Workspace
from workflow.persistence.definitions import executable_process

Done = TypeVar("Done")

MOST_JUDGED = 10_000
"""With more process instances than these a batch is taken for one with red warnings, where a policy asks for them."""


class BatchAction(Action[Any]):
    """What is done to a batch needs the right that the batch itself needs, wherever its process instances are."""

    permission = Right.VIEW
    subject = Subject.BATCH

    def entries(self) -> Iterable[NewAuditEvent]:
        """One for each workspace."""
        return [replace(self.entry, workspace_id=each) for each in self._workspaces] or (self.entry,)

    def _begin(self) -> None:
        super()._begin()
        self._workspaces: Sequence[int] = ()

    def authorize_all(self, workspaces: Iterable[int]) -> None:
        """Demand the right in all of these workspaces, and let each of them know."""
        found = sorted(workspaces)
        for workspace in found:
            self.context.authorize(workspace)
        self._workspaces = found

    def open_batch(self, key: int) -> Batch:
        """The batch, if what it does is allowed; NotFound."""
        self.about(key)
        batch = Batch.objects.filter(pk=key).first()
        if batch is None:
            raise NotFound(self.nothing_found())
        self.authorize(batch)
        return batch

    def authorize(self, batch: Batch) -> None:
        """Demand the right that the batch itself needs."""
        self.require(read_plan(batch.type, batch.plan).right)
        self.note(type=batch.type)
        self.authorize_all(batch.workspaces)

    def do(self, command: Callable[..., Done], *args: Any) -> Done:
        """What writes at once; a dry run undoes it."""
        with atomic():
            done = command(*args)
            if self.dry_run:
                set_rollback(True)
        return done


class SubmitBatch(BatchAction):
    """Let something be done to many process instances in the background; returns the batch's key."""

    event = Event.CREATE

    def execute(self, plan: Plan, selection: Selection, *, items_per_job: int | None = None) -> int:
        """Submit it; where a policy asks for red warnings, its process instances are judged before."""
        self._plan = plan
        self._is_red = (
            gate.is_asked(self) and bool(gate.only_red([plan.governed_as])) and self._would_harm(plan, selection)
        )
        found: int = super().execute(plan, selection, items_per_job=items_per_job)
        return found

    def perform(self, plan: Plan, selection: Selection, *, items_per_job: int | None = None) -> int:
        self._chosen = self._choose(plan, selection)
        key = 0 if self.dry_run else self._submit(plan, self._chosen, items_per_job)
        self.about(key)
        return key

    def rehearse(self, plan: Plan, selection: Selection, *, examine: int = AT_MOST, detailed: int = 0) -> Rehearsal:
        """Tell what the batch would do to the first `examine` of its process instances, of the first `detailed` in detail.

        Nothing is written, except that a right was missing.
        """
        self.dry_run = True
        self.execute(plan, selection)
        return rehearse(plan, self._chosen.keys, self.actor, examine=examine, detailed=detailed)

    def operations(self) -> frozenset[BatchType]:
        """What the batch does to each of its process instances."""
        return self._plan.operations

    def places(self) -> list[Place]:
        """Its process instances, counted by where they are."""
        return places_of(self._plan, self._chosen.keys)

    def is_red(self, answer: object) -> bool:
        return self._is_red

    def _would_harm(self, plan: Plan, selection: Selection) -> bool:
        """Whether a dry run finds red warnings, or cannot look at all of them."""
        options: dict[str, Any] = {"request_id": self.request_id, "url": self.url, "now": self.now}
        tried = SubmitBatch(self.actor, channel=self.channel, dry_run=True, **options)
        found = tried.rehearse(plan, selection, examine=MOST_JUDGED)
        return found.may_be_red

    def _choose(self, plan: Plan, selection: Selection) -> Chosen:
        """The process instances that are meant, once it is sure that the plan may be carried out on them."""
        self.require(plan.right)
        self.note(type=plan.type.value, plan=plan.describe())
        self.entry.definition_key = plan.definition_key
        if plan.edits_variables:
            self.require(Right.EDIT_VARIABLES)
        plan.check()
        if self.actor is None:
            raise Rejected(
                "Expected a user to ask for the batch, found none: its instances are changed with their rights."
            )
        chosen = submitting.choose(selection, self.access)
        places = {*chosen.workspaces, *self._of_definition(plan.definition_key)}
        self.authorize_all(places or self._of_nothing(plan.right))
        self.note(process_instances=len(chosen.keys))
        return chosen

    def _of_definition(self, key: int | None) -> list[int]:
        if key is None:
            return []
        found = list(ProcessDefinition.objects.filter(pk=key).values_list("workspace_id", flat=True))
        if not found:
            raise NotFound(f"Expected to find a process definition with key '{key}', but there is none.")
        return found

    def _of_nothing(self, right: Right) -> list[int]:
        """Where a batch belongs that is about nothing: some workspace in which the requester could have done it."""
        held = self.access.workspaces(right)
        if held is not None and not held:
            raise Forbidden(right, "")
        some = Workspace.objects.filter(Q() if held is None else Q(pk__in=held)).order_by("pk")
        return list(some.values_list("pk", flat=True)[:1])

    def _submit(self, plan: Plan, chosen: Chosen, items_per_job: int | None) -> int:
        request = submitting.Request(
            requester_id=None if self.actor is None else self.actor.pk,
            requester_name="" if self.actor is None else self.actor.get_username(),
            reason=self.reason,
            channel=self.channel.value,
            request_id=self.request_id,
            url=self.url,
        )
        workspaces = frozenset(self._workspaces)
        return submitting.submit(plan, Chosen(chosen.keys, workspaces), request, items_per_job=items_per_job)


def places_of(plan: Plan, keys: Sequence[int]) -> list[Place]:
    """Where a plan changes these process instances, and how many; what goes to another process is of both."""
    target = _target_of(plan)
    more = frozenset() if target is None else frozenset({executable_process(target).id})
    counted = submitting.count_by_process(keys)
    return [Place(workspace, more | {process_id}, count) for workspace, process_id, count in counted]


def _target_of(plan: Plan) -> int | None:
    """The process definition that the process instances run on afterwards, if the plan names one."""
    match plan:
        case Migrate():
            return plan.plan.target_definition_key
        case Restart():
            return plan.options.on_definition_key
    return None


class SuspendBatch(BatchAction):
    """Do no more of a batch until it is resumed."""

    event = Event.SUSPEND

    def perform(self, key: int) -> None:
        self.open_batch(key)
        self.do(life.suspend_batch, key)


class ResumeBatch(BatchAction):
    """Let a suspended batch go on."""

    event = Event.RESUME

    def perform(self, key: int) -> None:
        self.open_batch(key)
        self.do(life.resume_batch, key)


class CancelBatch(BatchAction):
    """Leave undone what is not done yet."""

    event = Event.CANCEL

    def perform(self, key: int) -> None:
        self.open_batch(key)
        self.do(life.cancel_batch, key)


class DeleteBatch(BatchAction):
    """Forget a batch that has ended; what was done stays done."""

    event = Event.DELETE

    def perform(self, key: int) -> None:
        self.open_batch(key)
        self.do(life.delete_batch, key)


class RetryBatch(BatchAction):
    """Let what has failed in a batch be tried again."""

    event = Event.RETRY

    def perform(self, key: int) -> None:
        self.open_batch(key)
        self.note(jobs=self.do(life.retry_failed, key))


# ---- single jobs of a batch


class BatchJobAction(BatchAction):
    """What is done to one job of a batch."""

    subject = Subject.JOB

    def open_job(self, key: int) -> int:
        """The key of the job's batch, if what it does is allowed; NotFound."""
        self.about(key)
        job = BatchJob.objects.select_related("batch").filter(pk=key).first()
        if job is None:
            raise NotFound(self.nothing_found())
        self.note(batch=job.batch_key)
        self.authorize(job.batch)
        return int(job.batch_key)


class SetBatchJobRetries(BatchJobAction):
    """New retries for a job of a batch; what failed in it is tried again."""

    event = Event.RETRY

    def perform(self, key: int, retries: int) -> None:
        self.open_job(key)
        self.note(retries=retries)
        self.do(life.set_job_retries, key, retries)


class SetBatchJobSuspended(BatchJobAction):
    """Keep one job of a batch from being done, or let it be done again."""

    event = Event.SUSPEND

    def perform(self, key: int, suspended: bool) -> None:
        self.entry.event = Event.SUSPEND if suspended else Event.RESUME
        self.open_job(key)
        self.do(life.set_job_suspended, key, suspended)


class SetBatchJobDueDate(BatchJobAction):
    """Let a job of a batch become due at another time, or at once."""

    event = Event.UPDATE

    def perform(self, key: int, due_at: datetime | None) -> None:
        self.open_job(key)
        self.note(due_at=due_at)
        self.do(life.set_job_due, key, due_at)


class DeleteBatchJob(BatchJobAction):
    """Leave undone what is not done yet in one job of a batch."""

    event = Event.DELETE

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        batch_key = super().execute(*args, **kwargs)
        if not self.dry_run:
            running.end_if_done(batch_key)
        return batch_key

    def perform(self, key: int) -> int:
        batch_key = self.open_job(key)
        self.do(life.delete_job, key)
        return batch_key


class ExecuteBatchJob(BatchJobAction):
    """Do a job of a batch now; its instances are changed in the name of who asked for the batch."""

    event = Event.EXECUTE

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Each instance has its own transaction and audit event; this one's says that the job was done by hand."""
        super().execute(*args, **kwargs)
        [key] = args
        return not self.dry_run and running.run_job(key)

    def perform(self, key: int) -> None:
        self.open_job(key)
        self.do(life.require_runnable_by_hand, key)


__all__ = [
    "CancelBatch",
    "DeleteBatch",
    "DeleteBatchJob",
    "ExecuteBatchJob",
    "ResumeBatch",
    "RetryBatch",
    "SetBatchJobDueDate",
    "SetBatchJobRetries",
    "SetBatchJobSuspended",
    "SubmitBatch",
    "SuspendBatch",
    "places_of",
]
