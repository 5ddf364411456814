"""Audit events and variable snapshots. Database triggers refuse to change or delete them, whoever asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from workflow.models import Workspace
from workflow.models.fields import KeyReference
from workflow.models.querysets import WorkspaceQuerySet

KEY_LIMIT = 2**63
UNDO_OF = "undo_of"
"""Where the body of an event names the one that it has taken back."""


class Channel(models.TextChoices):
    """The way by which a command came in."""

    ADMIN = "ADMIN", _("Back office")
    ENGINE_REST = "ENGINE_REST", _("Camunda 7 API")
    V2 = "V2", _("Camunda 8 API")
    API = "API", _("Fettle API")
    BATCH = "BATCH", _("Batch")
    SYSTEM = "SYSTEM", _("System")


class Event(models.TextChoices):
    """What was done."""

    ACTIVATE = "Activate", _("Activate")
    APPROVE = "Approve", _("Approve")
    ASSIGN = "Assign", _("Assign")
    BROADCAST = "Broadcast", _("Broadcast")
    CANCEL = "Cancel", _("Cancel")
    COMMENT = "Comment", _("Comment")
    COMPLETE = "Complete", _("Complete")
    CORRELATE = "Correlate", _("Correlate")
    CREATE = "Create", _("Create")
    DELETE = "Delete", _("Delete")
    DEPLOY = "Deploy", _("Deploy")
    EXECUTE = "Execute", _("Execute")
    EXPIRE = "Expire", _("Expire")
    EXPORT = "Export", _("Export")
    FAIL = "Fail", _("Fail")
    GRANT = "Grant", _("Grant")
    LOCK = "Lock", _("Lock")
    MIGRATE = "Migrate", _("Migrate")
    MODIFY = "Modify", _("Modify")
    PUBLISH = "Publish", _("Publish")
    REJECT = "Reject", _("Reject")
    REQUEST = "Request", _("Request")
    RESOLVE = "Resolve", _("Resolve")
    RESTART = "Restart", _("Restart")
    RESUME = "Resume", _("Resume")
    RETRY = "Retry", _("Retry")
    REVEAL = "Reveal", _("Reveal")
    REVOKE = "Revoke", _("Revoke")
    START = "Start", _("Start")
    SUSPEND = "Suspend", _("Suspend")
    THROW_ERROR = "Throw error", _("Throw error")
    THROW_ESCALATION = "Throw escalation", _("Throw escalation")
    TRIGGER = "Trigger", _("Trigger")
    UNLOCK = "Unlock", _("Unlock")
    UPDATE = "Update", _("Update")
    WITHDRAW = "Withdraw", _("Withdraw")


class Subject(models.TextChoices):
    """The kind of thing that it was done to."""

    APPROVAL_POLICY = "Approval policy", _("Approval policy")
    AUDIT_LOG = "Audit log", _("Audit log")
    BATCH = "Batch", _("Batch")
    DEPLOYMENT = "Deployment", _("Deployment")
    DRAFT = "Draft", _("Draft")
    ELEMENT_INSTANCE = "Element instance", _("Element instance")
    INCIDENT = "Incident", _("Incident")
    JOB = "Job", _("Job")
    MASKING = "Masking", _("Masking")
    MESSAGE = "Message", _("Message")
    NOTE = "Note", _("Note")
    PROCESS_DEFINITION = "Process definition", _("Process definition")
    PROCESS_INSTANCE = "Process instance", _("Process instance")
    PROCESS_VARIABLES = "Process variables", _("Process variables")
    ROLE = "Role", _("Role")
    SIGNAL = "Signal", _("Signal")
    USER_TASK = "User task", _("User task")
    WEBHOOK = "Webhook", _("Webhook")
    WORKSPACE = "Workspace", _("Workspace")


class Result(models.TextChoices):
    """How it ended. Refused: by a rule or a missing right; failed: by a defect or an outage."""

    SUCCESS = "SUCCESS", _("Success")
    REFUSED = "REFUSED", _("Refused")
    FAILED = "FAILED", _("Failed")


class AuditEventQuerySet(WorkspaceQuerySet):
    """Audit events; those without a workspace are seen only by who sees all workspaces."""

    def of_process_instance(self, key: int) -> Self:
        """What was done to one process instance, newest first."""
        return self.filter(process_instance_key=key).order_by("-at", "-key")

    def of_variable(self, name: str) -> Self:
        """Those that have set, changed or removed variables of this name."""
        former = VariableSnapshot.objects.filter(audit_event=models.OuterRef("pk"), name=name)
        told = Q(body__variables__has_key=name) | Q(body__variables__contains=[{"name": name}])
        return self.filter(models.Exists(former) | told)

    def of_operation(self, operation_id: UUID) -> Self:
        """All that one request has done; see `AuditEvent.operation_id`."""
        found = Q(request_id=operation_id)
        if operation_id.hex.isdecimal() and (key := int(operation_id.hex)) < KEY_LIMIT:
            found |= Q(request_id=None, key=key)
        return self.filter(found)

    def undoing(self, keys: Collection[int]) -> Self:
        """Those that have taken back one of these events."""
        return self.filter(result=Result.SUCCESS, body__has_key=UNDO_OF, body__undo_of__in=list(keys))

    def with_undone_by(self) -> Self:
        """Each with the key of the event that has taken it back."""
        own = models.Func(models.OuterRef("key"), function="to_jsonb", output_field=models.JSONField())
        later = AuditEvent.objects.filter(result=Result.SUCCESS, body__has_key=UNDO_OF)
        later = later.annotate(of=F(f"body__{UNDO_OF}")).filter(of=own)
        return self.annotate(undone_by=models.Subquery(later.order_by("-key").values("key")[:1]))

    def unsealed(self) -> Self:
        return self.filter(sequence__isnull=True)


class AuditEvent(models.Model):
    """One command: who, by which way, what, to what, why, and with which result.

    The references carry no database constraint: an event outlives the user and the rows it speaks of, so `actor` may be
    gone where `actor_name` stays. `sequence` and `hash` are filled once, by sealing.
    """

    key = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("actor"),
    )
    actor_name = models.TextField(_("actor's name"), blank=True, default="")
    on_behalf_of = models.TextField(_("on behalf of"), blank=True, default="")
    channel = models.CharField(_("channel"), max_length=16, choices=Channel.choices)
    request_id = models.UUIDField(_("request id"), null=True, blank=True)
    url = models.TextField(_("URL"), blank=True, default="")
    event = models.CharField(_("event"), max_length=32, choices=Event.choices)
    subject = models.CharField(_("subject"), max_length=32, choices=Subject.choices)
    entity_type = models.CharField(_("entity"), max_length=32, choices=Subject.choices, blank=True, default="")
    entity_key = models.BigIntegerField(_("entity key"), null=True, blank=True)
    process_instance_key = models.BigIntegerField(_("process instance"), null=True, blank=True)
    definition_key = models.BigIntegerField(_("process definition"), null=True, blank=True)
    process_id = models.CharField(_("process id"), max_length=255, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    body = models.JSONField(_("details"), default=dict, help_text=_("The plan, and values before and after."))
    result = models.CharField(_("result"), max_length=16, choices=Result.choices)
    message = models.TextField(_("message"), blank=True, default="")
    sequence = models.BigIntegerField(_("sequence"), null=True, blank=True, help_text=_("Its place in the chain."))
    hash = models.CharField(_("hash"), max_length=64, null=True, blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-key"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sequence"],
                name="one_place_in_chain",
                condition=Q(sequence__isnull=False),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(sequence__isnull=True, hash__isnull=True) | Q(sequence__isnull=False, hash__isnull=False),
                name="sealed_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["process_instance_key", "-at", "-key"],
                name="audit_process_instance",
                condition=Q(process_instance_key__isnull=False),
            ),
            models.Index(fields=["workspace", "-at", "-key"], name="audit_workspace_time"),
            models.Index(fields=["-at", "-key"], name="audit_time"),
            models.Index(
                fields=["entity_key"],
                name="audit_entity",
                condition=Q(process_instance_key__isnull=True) | ~Q(entity_key=F("process_instance_key")),
            ),
            models.Index(fields=["key"], name="audit_unsealed", condition=Q(sequence__isnull=True)),
            models.Index(fields=["request_id"], name="audit_request", condition=Q(request_id__isnull=False)),
            models.Index(fields=["actor_name", "-at", "-key"], name="audit_actor"),
            models.Index(
                fields=["event", "-at", "-key"],
                name="audit_rare_event",
                condition=~Q(event__in=["Start", "Complete", "Activate"]),
            ),
            models.Index(fields=["-at", "-key"], name="audit_unsuccessful", condition=~Q(result="SUCCESS")),
            models.Index(F(f"body__{UNDO_OF}"), name="audit_undo_of", condition=Q(body__has_key=UNDO_OF)),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject} {self.entity_key or ''}".rstrip()

    @property
    def operation_id(self) -> UUID:
        """The request's id; without a request, the event is an operation by itself, and the id has its key's digits."""
        return self.request_id or UUID(f"{self.key:032}")


class VariableSnapshot(models.Model):
    """What a variable was before an edit; `existed` is false where the edit created it."""

    key = models.BigAutoField(primary_key=True)
    audit_event = KeyReference(AuditEvent, related_name="snapshots")
    process_instance_key = models.BigIntegerField(_("process instance"))
    scope_key = models.BigIntegerField(_("scope"))
    name = models.CharField(_("name"), max_length=255)
    existed = models.BooleanField(_("existed"))
    value = models.JSONField(_("value"), null=True)
    type = models.CharField(_("type"), max_length=32, blank=True, default="")
    revision = models.IntegerField(_("revision"), null=True, blank=True)
    taken_at = models.DateTimeField(_("taken at"))

    class Meta:
        verbose_name = _("variable snapshot")
        verbose_name_plural = _("variable snapshots")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["audit_event"], name="snapshot_event"),
            models.Index(fields=["process_instance_key", "scope_key", "name", "-key"], name="snapshot_variable"),
        ]

    def __str__(self) -> str:
        return self.name


class OperationAnnotation(models.Model):
    """What somebody has remarked on an operation, which is all events of one request in one workspace.

    The newest row holds; one without text takes back what was remarked before. Rows are only ever added.
    """

    key = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        Workspace, models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False, related_name="+"
    )
    operation_id = models.UUIDField(_("operation"), help_text=_("The id of the request."))
    text = models.TextField(_("annotation"), blank=True, default="")
    actor_name = models.TextField(_("actor's name"), blank=True, default="")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("annotation of an operation")
        verbose_name_plural = _("annotations of operations")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [models.Index(fields=["operation_id", "-key"], name="annotation_operation")]

    def __str__(self) -> str:
        return self.text
