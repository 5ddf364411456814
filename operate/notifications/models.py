"""The tables of notifications: what is told, the outbox with one row a recipient and way, webhooks, what people want by mail."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from workflow.models import Workspace
from workflow.models.querysets import WorkspaceQuerySet


class Kind(models.TextChoices):
    """What a notification is about."""

    APPROVAL_REQUESTED = "APPROVAL_REQUESTED", _("Approval requested")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")
    EXPIRED = "EXPIRED", _("Expired")
    APPLIED = "APPLIED", _("Applied")
    FAILED = "FAILED", _("Failed")
    BREAK_GLASS = "BREAK_GLASS", _("Break glass")
    ALERT = "ALERT", _("Alert")


class Way(models.TextChoices):
    """How a notification reaches whom it is for."""

    PAGE = "PAGE", _("Bell")
    MAIL = "MAIL", _("Mail")
    WEBHOOK = "WEBHOOK", _("Webhook")


class Notice(models.Model):
    """What is told, once, whoever is told it. The facts are for programs, the text is for people."""

    key = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", verbose_name=_("workspace"))
    kind = models.CharField(_("kind"), max_length=32, choices=Kind.choices)
    subject = models.TextField(_("subject"))
    text = models.TextField(_("text"), blank=True, default="")
    said = models.JSONField(_("in other languages"), default=dict, help_text=_("Subject and text by language."))
    url = models.TextField(_("address"), help_text=_("Of the page to go to, as seen from the root."))
    facts = models.JSONField(_("facts"), default=dict)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [models.Index(fields=["at"], name="notice_at")]

    def __str__(self) -> str:
        return self.subject

    def told_in(self, language: str | None) -> tuple[str, str]:
        """Subject and text in a language, or in the installation's own where it was not told in that."""
        found = self.said.get(language) or {}
        return found.get("subject", self.subject), found.get("text", self.text)

    @property
    def here(self) -> tuple[str, str]:
        """The same in the language of the page."""
        return self.told_in(get_language())


class WebhookQuerySet(WorkspaceQuerySet):
    """Webhooks, seen by who sees their workspace."""

    def in_workspaces(self, workspaces: Collection[int] | None) -> Self:
        return self if workspaces is None else self.filter(workspace__in=workspaces)


class Webhook(models.Model):
    """An address that some kinds of notifications of a workspace are posted to, signed with a secret."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="webhooks", verbose_name=_("workspace"))
    url = models.URLField(_("URL"), max_length=1000)
    secret = models.CharField(_("secret"), max_length=200)
    kinds = ArrayField(models.CharField(max_length=32, choices=Kind.choices), verbose_name=_("kinds"))
    is_on = models.BooleanField(_("switched on"), default=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    failed_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    error = models.TextField(_("last error"), blank=True, default="")
    succeeded_at = models.DateTimeField(_("last success"), null=True, blank=True)

    objects = WebhookQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["secret", "failing_since", "failed_at", "error", "succeeded_at"])

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["workspace", "url"], name="one_webhook_per_url")]

    def __str__(self) -> str:
        return self.url


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Rows of the outbox."""

    def of_user(self, user_id: int) -> Self:
        """What the bell shows to somebody."""
        return self.filter(way=Way.PAGE, recipient=user_id)

    def unread(self) -> Self:
        return self.filter(way=Way.PAGE, read_at=None)

    def due(self, now: datetime) -> Self:
        """What has to be sent: for the first time, again, or by somebody else who has not said that it was."""
        return self.filter(due_at__lte=now)


class Notification(models.Model):
    """One notice for one recipient by one way. As long as it has to be sent it has a time at which it is due.

    `id` stays the same however often it is sent: who gets it twice can tell.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("To be sent")
        SENT = "SENT", _("Sent")
        GIVEN_UP = "GIVEN_UP", _("Given up")

    key = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="notifications", verbose_name=_("notice"))
    way = models.CharField(_("way"), max_length=16, choices=Way.choices)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("recipient")
    )
    webhook = models.ForeignKey(Webhook, models.CASCADE, null=True, blank=True, related_name="notifications")
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.OPEN)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    attempts = models.IntegerField(_("attempts"), default=0)
    error = models.TextField(_("error"), blank=True, default="")
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["due_at"], name="notification_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["recipient", "key"], name="notification_bell", condition=Q(way="PAGE")),
            models.Index(
                fields=["recipient"], name="notification_unread", condition=Q(way="PAGE", read_at__isnull=True)
            ),
            models.Index(fields=["webhook", "key"], name="notification_webhook", condition=Q(way="WEBHOOK")),
        ]
        constraints = [
            models.CheckConstraint(
                name="notification_has_one_recipient",
                condition=Q(way="WEBHOOK", webhook__isnull=False, recipient__isnull=True)
                | Q(way__in=["PAGE", "MAIL"], webhook__isnull=True, recipient__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class NotificationPreference(models.Model):
    """What somebody does not want by mail, and in which language; without a row everything in the installation's."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("user")
    )
    not_by_mail = ArrayField(
        models.CharField(max_length=32, choices=Kind.choices), default=list, verbose_name=_("not by mail")
    )
    language = models.CharField(
        _("language"), max_length=8, blank=True, default="", help_text=_("As chosen last in the menu.")
    )

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user)


__all__ = ["Kind", "Notice", "Notification", "NotificationPreference", "Way", "Webhook"]
