"""The tables of batches. Counts are kept with the jobs, each written by whoever does it, and added up when read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from workflow.models import ProcessDefinition
from workflow.models.fields import KeyField, KeyReference
from workflow.models.querysets import WorkspaceQuerySet


class BatchType(models.TextChoices):
    """What is done to each process instance."""

    MODIFY = "MODIFY", _("Modify")
    RESTART = "RESTART", _("Restart")
    MIGRATE = "MIGRATE", _("Migrate")
    CANCEL = "CANCEL", _("Cancel")
    DELETE = "DELETE", _("Delete")
    SUSPEND = "SUSPEND", _("Suspend")
    RESUME = "RESUME", _("Resume")
    RESOLVE_INCIDENTS = "RESOLVE_INCIDENTS", _("Resolve incidents")
    SET_RETRIES = "SET_RETRIES", _("Set retries")
    SET_VARIABLES = "SET_VARIABLES", _("Edit variables")
    UNDO = "UNDO", _("Undo")


class BatchQuerySet(WorkspaceQuerySet):
    """Batches, seen by who sees all workspaces that one touches."""

    def in_workspaces(self, workspaces: Collection[int] | None) -> Self:
        return self if workspaces is None else self.filter(workspaces__contained_by=list(workspaces))

    def running(self) -> Self:
        """Those in which something is left to do or to repair."""
        return self.exclude(state__in=ENDED)

    def with_progress(self) -> Self:
        """With `completed`, `failed` and `canceled` instances, and jobs by what became of them."""
        jobs = BatchJob.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
        open_jobs = Q(state=BatchJob.State.OPEN)
        return self.annotate(
            completed=_figure(jobs, Sum("completed")),
            failed=_figure(jobs, Sum("failed")),
            canceled=_figure(jobs, Sum("canceled")),
            jobs_total=_figure(jobs, Count("pk")),
            jobs_completed=_figure(jobs, Count("pk", filter=Q(state=BatchJob.State.COMPLETED))),
            jobs_remaining=_figure(jobs, Count("pk", filter=open_jobs)),
            jobs_failed=_figure(jobs, Count("pk", filter=open_jobs & Q(retries=0))),
        )


def _figure(jobs: models.QuerySet[Any], figure: models.Aggregate) -> Coalesce:
    return Coalesce(Subquery(jobs.annotate(figure=figure).values("figure")), 0, output_field=models.IntegerField())


class VisibleThroughBatch(WorkspaceQuerySet):
    """Jobs and items, seen by who sees their batch."""

    def in_workspaces(self, workspaces: Collection[int] | None) -> Self:
        return self if workspaces is None else self.filter(batch__workspaces__contained_by=list(workspaces))


class Batch(models.Model):
    """One operation on many process instances: asked for by whom and why, what is done, and how far it is."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        SUSPENDED = "SUSPENDED", _("Suspended")
        COMPLETED = "COMPLETED", _("Completed")
        PARTIALLY_COMPLETED = "PARTIALLY_COMPLETED", _("Completed with failures")
        CANCELED = "CANCELED", _("Canceled")

    key = KeyField()
    type = models.CharField(_("type"), max_length=32, choices=BatchType.choices)
    state = models.CharField(_("state"), max_length=24, choices=State.choices, default=State.ACTIVE)
    plan = models.JSONField(_("plan"), default=dict, help_text=_("What is done to each process instance."))
    definition = KeyReference(ProcessDefinition, null=True, blank=True, related_name="+")
    workspaces = ArrayField(models.BigIntegerField(), default=list, help_text=_("Those of its process instances."))
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("requester"),
    )
    requester_name = models.TextField(_("requester's name"), blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    channel = models.CharField(_("channel"), max_length=16)
    request_id = models.UUIDField(_("request id"), null=True, blank=True)
    url = models.TextField(_("URL"), blank=True, default="")
    total = models.IntegerField(_("process instances"), default=0)
    items_per_job = models.IntegerField(_("process instances per job"))
    created_at = models.DateTimeField(_("created at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [models.Index(fields=["key"], name="batch_running", condition=Q(state__in=["ACTIVE", "SUSPENDED"]))]

    def __str__(self) -> str:
        return str(self.key)


ENDED = (Batch.State.COMPLETED, Batch.State.CANCELED)
"""Where nothing is left to do or to repair."""


class BatchJob(models.Model):
    """Some process instances of a batch, done one after the other by one worker.

    It stays open until each of its instances is done or given up. Open with no retries left is what people have to look at.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        COMPLETED = "COMPLETED", _("Completed")
        CANCELED = "CANCELED", _("Canceled")

    key = KeyField()
    batch = KeyReference(Batch, related_name="jobs")
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.OPEN)
    suspended = models.BooleanField(_("suspended"), default=False)
    retries = models.IntegerField(_("retries"))
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    error_message = models.TextField(_("error message"), blank=True, default="")
    total = models.IntegerField(_("process instances"))
    completed = models.IntegerField(_("completed"), default=0)
    failed = models.IntegerField(_("failed"), default=0)
    canceled = models.IntegerField(_("canceled"), default=0)
    created_at = models.DateTimeField(_("created at"))

    objects = VisibleThroughBatch.as_manager()

    class Meta:
        verbose_name = _("batch job")
        verbose_name_plural = _("batch jobs")
        ordering = ["key"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["batch", "key"], name="batch_job_batch"),
            models.Index(
                fields=["key"],
                name="batch_job_runnable",
                condition=Q(state="OPEN", suspended=False, retries__gt=0),
            ),
            models.Index(fields=["batch"], name="batch_job_open", condition=Q(state="OPEN")),
        ]

    def __str__(self) -> str:
        return str(self.key)


class BatchItem(models.Model):
    """One process instance of a batch, and what became of it.

    Its state changes in the same transaction as the process instance, so that nothing is done twice.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("To be done")
        COMPLETED = "COMPLETED", _("Completed")
        FAILED = "FAILED", _("Failed")
        CANCELED = "CANCELED", _("Canceled")

    key = models.BigAutoField(primary_key=True)
    batch = KeyReference(Batch, related_name="items")
    job = KeyReference(BatchJob, related_name="items")
    process_instance_key = models.BigIntegerField(_("process instance"))
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.ACTIVE)
    error = models.TextField(_("error"), blank=True, default="")
    result_key = models.BigIntegerField(_("result"), null=True, blank=True, help_text=_("What was started by it."))
    processed_at = models.DateTimeField(_("processed at"), null=True, blank=True)

    objects = VisibleThroughBatch.as_manager()

    class Meta:
        verbose_name = _("batch item")
        verbose_name_plural = _("batch items")
        ordering = ["key"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["batch", "state", "key"], name="batch_item_batch"),
            models.Index(fields=["job", "key"], name="batch_item_job"),
            models.Index(fields=["process_instance_key"], name="batch_item_instance"),
        ]

    def __str__(self) -> str:
        return str(self.process_instance_key)


__all__ = ["ENDED", "Batch", "BatchItem", "BatchJob", "BatchType"]
