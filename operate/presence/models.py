"""Who is on which page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Doing(models.IntegerChoices):
    """What somebody does there; of several windows of one person the greatest counts."""

    LOOKING = 0, _("looking")
    NOTE = 1, _("writing a note")
    TASK = 2, _("at a task")
    VARIABLES = 3, _("editing variables")
    MODIFYING = 4, _("planning a modification")


class Presence(models.Model):
    """A window that shows a process instance. The table is not logged: after a crash of the database it is empty.

    Rows hold for some seconds after the last beat. There is no reference by constraint, as nothing depends on them.
    """

    process_instance_key = models.BigIntegerField()
    user_id = models.IntegerField()
    window = models.CharField(max_length=32)
    doing = models.SmallIntegerField(choices=Doing.choices, default=Doing.LOOKING)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["process_instance_key", "user_id", "window"], name="one_presence_a_window")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.process_instance_key}"


__all__ = ["Doing", "Presence"]
