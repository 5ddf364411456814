"""Notes on process instances."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from workflow.models import ProcessInstance
from workflow.models.fields import KeyReference
from workflow.models.querysets import WorkspaceQuerySet

MAX_TEXT = 4_000


class NoteKind(models.TextChoices):
    """What a note is for."""

    INFORMATION = "INFORMATION", _("Information")
    WARNING = "WARNING", _("Warning")
    HANDOVER = "HANDOVER", _("Handover")
    ROOT_CAUSE = "ROOT_CAUSE", _("Root cause")


class NoteQuerySet(WorkspaceQuerySet):
    """Notes by whether they still hold."""

    def present(self) -> Self:
        """Those that nobody has removed."""
        return self.filter(removed_at__isnull=True)

    def pinned(self) -> Self:
        return self.present().filter(is_pinned=True)


class Note(models.Model):
    """A note on one process instance, with its former texts in the history.

    A removed one keeps its row, and says who removed it. Notes and their history go with the process instance, wherever that
    is deleted: a database constraint cascades, because the engine deletes its rows without asking anybody above it.
    """

    key = models.BigAutoField(primary_key=True)
    process_instance = KeyReference(ProcessInstance, related_name="notes", verbose_name=_("process instance"))
    kind = models.CharField(_("kind"), max_length=16, choices=NoteKind.choices, default=NoteKind.INFORMATION)
    text = models.TextField(_("text"), max_length=MAX_TEXT)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    author_name = models.TextField(_("author's name"), blank=True, default="")
    at = models.DateTimeField(_("at"))
    edited_at = models.DateTimeField(_("edited at"), null=True, blank=True)
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("removed by")
    )
    removed_by_name = models.TextField(_("name of who removed it"), blank=True, default="")

    objects = NoteQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["process_instance", "-key"], name="note_process_instance"),
            models.Index(
                fields=["process_instance"],
                name="note_pinned",
                condition=Q(is_pinned=True, removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


__all__ = ["MAX_TEXT", "Note", "NoteKind"]
