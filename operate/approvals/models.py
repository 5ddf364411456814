"""The tables of four eyes: policies, drafts, and what is said about a draft. The database refuses drafts in impossible states."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from operate.batch.models import BatchType
from workflow.models import Workspace
from workflow.models.fields import KeyField
from workflow.models.querysets import WorkspaceQuerySet

GOVERNED = [choice for choice in BatchType.choices if choice[0] != BatchType.UNDO]
"""Operations with their names: to undo is governed as what it does."""
DEFAULT_HOURS = 72
MOST_HOURS = 24 * 366


class ApprovalPolicy(models.Model):
    """What somebody else has to approve in a workspace. Policies only add to each other; none makes an exception of another."""

    class Risk(models.TextChoices):
        ALWAYS = "ALWAYS", _("Always")
        RED_WARNINGS = "RED_WARNINGS", _("Only with red warnings")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", verbose_name=_("workspace"))
    name = models.CharField(_("name"), max_length=200, help_text=_("Who is refused is told it."))
    process_id = models.CharField(
        _("process id"), max_length=255, blank=True, default="", help_text=_("Empty for all processes.")
    )
    operation = models.CharField(
        _("operation"),
        max_length=32,
        choices=GOVERNED,
        blank=True,
        default="",
        help_text=_("Empty for all operations that can be governed."),
    )
    min_instances = models.IntegerField(
        _("from process instances"), default=1, help_text=_("How many one command has to concern.")
    )
    risk = models.CharField(_("risk"), max_length=16, choices=Risk.choices, default=Risk.ALWAYS)
    hours = models.IntegerField(_("hours"), default=DEFAULT_HOURS, help_text=_("After which a request expires."))

    objects = WorkspaceQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("approval policy")
        verbose_name_plural = _("approval policies")
        ordering = ["workspace", "process_id", "operation", "min_instances", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "process_id", "operation", "min_instances", "risk"], name="one_policy_of_a_kind"
            ),
            models.UniqueConstraint(fields=["workspace", "name"], name="one_policy_of_a_name"),
            models.CheckConstraint(condition=~Q(name=""), name="policy_has_a_name"),
            models.CheckConstraint(condition=Q(min_instances__gte=1), name="policy_from_one_instance"),
            models.CheckConstraint(condition=Q(hours__gte=1, hours__lte=MOST_HOURS), name="policy_expires"),
        ]

    def __str__(self) -> str:
        return self.name


class DraftQuerySet(WorkspaceQuerySet):
    """Drafts, seen by who sees their workspace."""

    def waiting(self) -> Self:
        """Those that somebody has to decide on."""
        return self.filter(state=Draft.State.REQUESTED)

    def expired(self, now: datetime) -> Self:
        """Requests whose time is over, though they may not say so yet."""
        return self.waiting().filter(expires_at__lte=now)

    def due(self, now: datetime) -> Self:
        """What was approved and has to be done now."""
        return self.filter(state=Draft.State.APPROVED).filter(Q(run_at=None) | Q(run_at__lte=now))


class Draft(models.Model):
    """One command, saved: written by its author, requested by the author, decided on by somebody else, then done once.

    The command is JSON as `/api/dry-run` takes it. An edit takes request and approval back: what was approved is what is done,
    and the digest says so.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("Draft")
        REQUESTED = "REQUESTED", _("Waiting for approval")
        APPROVED = "APPROVED", _("Approved")
        REJECTED = "REJECTED", _("Rejected")
        EXPIRED = "EXPIRED", _("Expired")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")
        APPLIED = "APPLIED", _("Applied")
        FAILED = "FAILED", _("Failed")

    key = KeyField()
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", verbose_name=_("workspace"))
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.DRAFT)
    title = models.CharField(_("title"), max_length=200)
    command = models.JSONField(_("command"), help_text=_("As the dry run of the API takes it."))
    name = models.CharField(_("command's name"), max_length=64)
    semantics = models.CharField(_("semantics"), max_length=16, blank=True, default="")
    process_id = models.CharField(_("process id"), max_length=255, blank=True, default="")
    process_instance_key = models.BigIntegerField(
        _("process instance"), null=True, blank=True, help_text=_("If it is for one alone.")
    )
    reason = models.TextField(_("reason"), blank=True, default="")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    author_name = models.TextField(_("author's name"))
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))
    version = models.IntegerField(_("version"), default=1, help_text=_("Counts the edits."))
    undo_of = models.BigIntegerField(
        _("undo of"), null=True, blank=True, help_text=_("The audit event that it takes back.")
    )
    rehearsal = models.JSONField(_("dry run"), null=True, blank=True, help_text=_("The outcome of the last one."))
    rehearsal_error = models.TextField(_("dry run refused"), blank=True, default="")
    rehearsed_at = models.DateTimeField(_("dry run at"), null=True, blank=True)

    requested_at = models.DateTimeField(_("requested at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    run_at = models.DateTimeField(
        _("scheduled for"), null=True, blank=True, help_text=_("At once when approved, without.")
    )
    digest = models.CharField(
        _("digest"), max_length=64, blank=True, default="", help_text=_("Of what the approval is asked for.")
    )
    selected = ArrayField(
        models.BigIntegerField(),
        null=True,
        blank=True,
        verbose_name=_("process instances"),
        help_text=_("What keys and query meant when the approval was asked for."),
    )
    policy_name = models.CharField(_("policy"), max_length=200, blank=True, default="")
    channel = models.CharField(_("channel"), max_length=16, blank=True, default="")
    requested_rehearsal = models.JSONField(_("dry run at the request"), null=True, blank=True)

    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_by_name = models.TextField(_("name of who decided"), blank=True, default="")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision_note = models.TextField(_("note on the decision"), blank=True, default="")
    approved_digest = models.CharField(_("approved digest"), max_length=64, blank=True, default="")
    accepted_warnings = models.JSONField(_("accepted warnings"), default=list, blank=True)
    differences = models.JSONField(
        _("differences"), default=list, blank=True, help_text=_("Of the two dry runs, seen by who approved.")
    )
    expected_revision = models.BigIntegerField(_("expected revision"), null=True, blank=True)

    executed_at = models.DateTimeField(_("executed at"), null=True, blank=True)
    operation_id = models.UUIDField(_("operation"), null=True, blank=True)
    event_key = models.BigIntegerField(_("audit event"), null=True, blank=True)
    batch_key = models.BigIntegerField(_("batch"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering = ["-key"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="draft_has_a_title"),
            models.CheckConstraint(
                condition=Q(requested_at=None, expires_at=None, selected=None, digest="")
                | Q(requested_at__isnull=False, expires_at__isnull=False) & ~Q(digest=""),
                name="draft_is_requested_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, decided_by_name="", approved_digest="")
                | Q(decided_at__isnull=False, requested_at__isnull=False) & ~Q(decided_by_name=""),
                name="draft_is_decided_whole",
            ),
            models.CheckConstraint(
                condition=(Q(decided_by=None) | Q(author=None) | ~Q(decided_by=F("author")))
                & ~Q(decided_by_name=F("author_name")),
                name="draft_is_decided_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(approved_digest="") | Q(approved_digest=F("digest")),
                name="draft_is_approved_as_requested",
            ),
            models.CheckConstraint(
                condition=Q(state="DRAFT", requested_at=None, executed_at=None)
                | Q(state="REQUESTED", requested_at__isnull=False, decided_at=None, executed_at=None)
                | Q(state="REJECTED", decided_at__isnull=False, approved_digest="", executed_at=None)
                | Q(state="EXPIRED", requested_at__isnull=False, decided_at=None, executed_at=None)
                | Q(state="WITHDRAWN", executed_at=None)
                | Q(state="APPROVED", decided_at__isnull=False, executed_at=None) & ~Q(approved_digest="")
                | Q(state="APPLIED", executed_at__isnull=False, error="")
                & (Q(requested_at=None) | ~Q(approved_digest=""))
                | Q(state="FAILED", executed_at__isnull=False)
                & ~Q(error="")
                & (Q(requested_at=None) | ~Q(approved_digest="")),
                name="draft_is_in_a_possible_state",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-key"], name="draft_workspace"),
            models.Index(fields=["expires_at"], name="draft_waiting", condition=Q(state="REQUESTED")),
            models.Index(fields=["run_at"], name="draft_approved", condition=Q(state="APPROVED")),
            models.Index(fields=["author", "-key"], name="draft_author"),
            models.Index(
                fields=["process_instance_key", "-key"],
                name="draft_instance",
                condition=Q(process_instance_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_scheduled(self) -> bool:
        """Whether it was approved and waits for its time."""
        return self.state == self.State.APPROVED and self.run_at is not None


class DraftComment(models.Model):
    """What somebody has said about a draft."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="comments", verbose_name=_("draft"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    author_name = models.TextField(_("author's name"))
    at = models.DateTimeField(_("at"))
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("comment on a draft")
        verbose_name_plural = _("comments on drafts")
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="draft_comment_has_a_text")]

    def __str__(self) -> str:
        return self.text
