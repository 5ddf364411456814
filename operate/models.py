"""What is configured for operating: settings of workspaces, and the history of all configuration."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history import register
from simple_history.models import HistoricalRecords

from operate.alerts.models import Alert, AlertEvent
from operate.approvals.models import ApprovalPolicy, Draft, DraftComment
from operate.batch.models import Batch, BatchItem, BatchJob
from operate.figures import HourlyFigure, RollUp
from operate.grants import RoleGrant
from operate.lists import ListColumns, SavedFilter
from operate.masking.models import MaskedVariable
from operate.notes.models import Note
from operate.notifications.models import Notice, Notification, NotificationPreference, Webhook
from operate.presence.models import Presence
from workflow.models import ProcessDataPath, Workspace


class WorkspaceSettings(models.Model):
    """What a workspace has switched on; without a row everything is as by default."""

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="settings", verbose_name=_("workspace")
    )
    audit_worker_traffic = models.BooleanField(
        _("audit job workers"),
        default=False,
        help_text=_("Record an audit event for each job that a worker activates, completes or fails."),
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("workspace settings")
        verbose_name_plural = _("workspace settings")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.workspace)


register(Workspace, app="operate")
register(ProcessDataPath, app="operate")

__all__ = [
    "Alert",
    "AlertEvent",
    "ApprovalPolicy",
    "Batch",
    "BatchItem",
    "BatchJob",
    "Draft",
    "DraftComment",
    "HourlyFigure",
    "ListColumns",
    "MaskedVariable",
    "Note",
    "Notice",
    "Notification",
    "NotificationPreference",
    "Presence",
    "RoleGrant",
    "RollUp",
    "SavedFilter",
    "Webhook",
    "WorkspaceSettings",
]
