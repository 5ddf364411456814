"""Alerts, and what each of them has told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from operate.lists import SavedFilter
from workflow.models import Workspace
from workflow.models.querysets import WorkspaceQuerySet

MAX_THRESHOLD = 100_000
"""Counting goes one row beyond the threshold, never further."""
MAX_MINUTES = 7 * 24 * 60


class Direction(models.TextChoices):
    """On which side of the threshold it is worth telling."""

    ABOVE = "ABOVE", _("more than")
    BELOW = "BELOW", _("fewer than")


class State(models.TextChoices):
    """Where an alert stands."""

    NEW = "NEW", _("Not checked yet")
    CALM = "CALM", _("Calm")
    WAITING = "WAITING", _("Waiting")
    FIRING = "FIRING", _("Firing")
    STOPPED = "STOPPED", _("Stopped")


class Happening(models.TextChoices):
    """What has happened with an alert."""

    FIRED = "FIRED", _("Fired")
    REPEATED = "REPEATED", _("Told again")
    RESOLVED = "RESOLVED", _("Resolved")
    FAILED = "FAILED", _("Could not be checked")
    STOPPED = "STOPPED", _("Stopped")


class AlertQuerySet(WorkspaceQuerySet):
    """Alerts by whose they are."""

    def of_user_or_in(self, user: Any, workspaces: Any) -> models.QuerySet[Any]:
        """Those of the user, and those in workspaces that the user administers; `None` stands for all of these."""
        return self if workspaces is None else self.filter(Q(owner=user) | Q(workspace__in=workspaces))


class Alert(models.Model):
    """One person's alert on one saved filter, counted in one workspace with that person's own rights.

    What it is set to has a history; where it stands is written past that, every few minutes.
    """

    key = models.BigAutoField(primary_key=True)
    saved_filter = models.ForeignKey(SavedFilter, models.CASCADE, related_name="alerts", verbose_name=_("saved filter"))
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", verbose_name=_("workspace"))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("owner"))
    direction = models.CharField(_("tells if"), max_length=8, choices=Direction.choices, default=Direction.ABOVE)
    threshold = models.IntegerField(_("threshold"), validators=[MinValueValidator(0), MaxValueValidator(MAX_THRESHOLD)])
    for_minutes = models.IntegerField(_("for minutes"), default=0)
    every_minutes = models.IntegerField(_("checked every minutes"), default=5)
    quiet_minutes = models.IntegerField(_("quiet for minutes"), default=60)
    tells_resolved = models.BooleanField(_("tells when it is over"), default=True)
    to_owner = models.BooleanField(_("to the owner"), default=True)
    to_role = models.CharField(_("to a role"), max_length=32, blank=True, default="")
    to_webhooks = models.BooleanField(_("to the workspace's webhooks"), default=False)
    is_muted = models.BooleanField(_("muted"), default=False)

    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.NEW)
    since = models.DateTimeField(_("since"), null=True, blank=True)
    count = models.IntegerField(_("count"), null=True, blank=True)
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    next_check_at = models.DateTimeField(_("next check"))
    told_at = models.DateTimeField(_("told at"), null=True, blank=True)
    problem = models.TextField(_("problem"), blank=True, default="")

    objects = AlertQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=["state", "since", "count", "checked_at", "next_check_at", "told_at", "problem"]
    )

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-key"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["saved_filter", "owner"], name="one_alert_a_filter_and_owner")]
        indexes = [models.Index(fields=["next_check_at"], name="alert_due", condition=~Q(state="STOPPED"))]

    def __str__(self) -> str:
        return str(self.saved_filter)


class AlertEvent(models.Model):
    """Something that has happened with an alert."""

    key = models.BigAutoField(primary_key=True)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="events", verbose_name=_("alert"))
    at = models.DateTimeField(_("at"))
    happening = models.CharField(_("what"), max_length=8, choices=Happening.choices)
    count = models.IntegerField(_("count"), null=True, blank=True)
    was_told = models.BooleanField(_("was told"), default=True)
    text = models.TextField(_("text"), blank=True, default="")

    class Meta:
        verbose_name = _("alert event")
        verbose_name_plural = _("alert events")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [models.Index(fields=["alert", "-key"], name="alert_event")]

    def __str__(self) -> str:
        return self.happening


__all__ = ["MAX_MINUTES", "MAX_THRESHOLD", "Alert", "AlertEvent", "Direction", "Happening", "State"]
