"""Who was given which role, by whom and when."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from workflow.models import Workspace


class RoleGrant(models.Model):
    """A role of one user, or of a group with all who are in it; without a workspace it is the whole organisation's.

    Guardian's permissions decide; this tells where they come from, and its history what they were.
    """

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("workspace")
    )
    role = models.CharField(_("role"), max_length=32)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("user")
    )
    group = models.ForeignKey(Group, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("group"))
    granted_at = models.DateTimeField(_("granted at"), auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "role", "user", "group"], name="one_grant_of_a_role", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) ^ Q(group__isnull=True), name="role_of_a_user_or_of_a_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.user or self.group}"
