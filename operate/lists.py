"""How people look at lists: filters that were given a name, and the columns that somebody wants to see."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from workflow.models import Workspace


class SavedFilterQuerySet(models.QuerySet):
    """Saved filters, narrowed to whom they are for."""

    def usable_by(self, user: Any, workspaces: list[int]) -> Self:
        """The user's own, and those that are shared in workspaces that the user sees."""
        return self.filter(Q(owner=user) | Q(workspace__in=workspaces))


class SavedFilter(models.Model):
    """The address of a filtered list under a name: one's own, or shared with all who see a workspace."""

    list_name = models.CharField(_("list"), max_length=64)
    name = models.CharField(_("name"), max_length=100)
    query = models.TextField(_("query"), blank=True, help_text=_("The part of the address after the question mark."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters", verbose_name=_("owner")
    )
    workspace = models.ForeignKey(
        Workspace,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("shared with"),
        help_text=_("Empty: for the owner alone."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = SavedFilterQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["name", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["list_name", "owner", "name"], name="one_saved_filter_per_name_and_owner")
        ]

    def __str__(self) -> str:
        return self.name


class ListColumns(models.Model):
    """The columns that somebody has chosen for a list, in their order; without a row the usual ones."""

    list_name = models.CharField(_("list"), max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    columns = ArrayField(models.CharField(max_length=64), verbose_name=_("columns"))

    class Meta:
        verbose_name = _("chosen columns")
        verbose_name_plural = _("chosen columns")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["list_name", "user"], name="columns_once_per_list_and_user")]

    def __str__(self) -> str:
        return f"{self.user}: {self.list_name}"


__all__ = ["ListColumns", "SavedFilter"]
