"""Which variables of a process are masked."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from workflow.models import Workspace


class MaskedVariable(models.Model):
    """A pattern for all versions of one process; see `operate.masking.patterns`."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", verbose_name=_("workspace"))
    process_id = models.CharField(_("process id"), max_length=255)
    pattern = models.CharField(_("pattern"), max_length=500)
    note = models.CharField(_("note"), max_length=500, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("masked variable")
        verbose_name_plural = _("masked variables")
        ordering = ["pattern"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["workspace", "process_id", "pattern"], name="one_mask_per_pattern")
        ]

    def __str__(self) -> str:
        return self.pattern
