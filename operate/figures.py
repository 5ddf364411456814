"""How many process instances started and ended in each hour, and how long they took: added up in the background.

History is added up once and never read again, so that a chart over weeks costs the same with a thousand process instances a day as
with a million. How long they took is kept as a histogram with buckets that grow by the square root of two; medians of hours cannot
be added, histograms can.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Sum
from django.db.models.functions import TruncDay
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workflow.models import Workspace
from workflow.persistence.connection import execute

LAG = timedelta(minutes=1)
"""Commands of the last minute may not have committed yet."""
STALE = timedelta(minutes=30)
"""Nobody seems to do it in the background: a page that shows the figures does."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
HOURLY = "hourly"
MIDDLE = 20
"""The bucket that begins with one second."""
BUCKETS = 70
ADD_UP = """
INSERT INTO operate_hourlyfigure (hour, workspace_id, process_id, kind, bucket, total)
SELECT date_trunc('hour', started_at), workspace_id, process_id, 'STARTED', 0, count(*)
FROM workflow_processinstance WHERE started_at >= %(since)s AND started_at < %(until)s GROUP BY 1, 2, 3
UNION ALL
SELECT date_trunc('hour', ended_at), workspace_id, process_id, state,
  least(greatest(
    floor(2 * log(2, greatest(extract(epoch FROM ended_at - started_at), 0.001)::numeric)) + %(middle)s, 0), %(last)s)::int,
  count(*)
FROM workflow_processinstance WHERE ended_at >= %(since)s AND ended_at < %(until)s GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (hour, workspace_id, process_id, kind, bucket) DO UPDATE SET total = operate_hourlyfigure.total + excluded.total
"""


class HourlyFigure(models.Model):
    """Process instances of one process that started, completed or were canceled in one hour."""

    class Kind(models.TextChoices):
        STARTED = "STARTED", _("Started")
        COMPLETED = "COMPLETED", _("Completed")
        CANCELED = "CANCELED", _("Canceled")

    hour = models.DateTimeField(_("hour"))
    workspace = models.ForeignKey(Workspace, models.CASCADE, db_index=False)
    process_id = models.CharField(_("process id"), max_length=255)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    bucket = models.SmallIntegerField(_("bucket"), help_text=_("How long they took."))
    total = models.IntegerField(_("process instances"))

    class Meta:
        verbose_name = _("hourly figure")
        verbose_name_plural = _("hourly figures")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "workspace", "process_id", "kind", "bucket"], name="one_hourly_figure"
            )
        ]

    def __str__(self) -> str:
        return f"{self.process_id} {self.hour} {self.kind}"


class RollUp(models.Model):
    """Up to when history is added up."""

    name = models.CharField(primary_key=True, max_length=32)
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("roll-up")
        verbose_name_plural = _("roll-ups")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


def add_up(now: datetime | None = None) -> datetime:
    """Add up what has happened since the last time; until when. Where somebody else does it just now, nothing is done."""
    RollUp.objects.get_or_create(name=HOURLY, defaults={"until": BEGINNING})
    with atomic():
        found = RollUp.objects.select_for_update(skip_locked=True).filter(name=HOURLY).first()
        if found is None:
            return RollUp.objects.values_list("until", flat=True).get(name=HOURLY)
        until = (now or timezone.now()) - LAG
        if until > found.until:
            execute([(ADD_UP, {"since": found.until, "until": until, "middle": MIDDLE, "last": BUCKETS - 1})])
            found.until = until
            found.save(update_fields=["until"])
        return found.until


def added_up_until() -> datetime:
    """Up to when the figures go; where nobody has added them up for long, they are now."""
    until = RollUp.objects.filter(name=HOURLY).values_list("until", flat=True).first()
    if until is None or until < timezone.now() - STALE:
        return add_up()
    return until


def begin_anew() -> None:
    """Forget all figures, because history was brought in; they are added up again."""
    HourlyFigure.objects.all().delete()
    RollUp.objects.filter(name=HOURLY).delete()


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """How many seconds at most this share took, as exactly as the buckets tell; None without any."""
    total = sum(histogram.values())
    seen = 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= share * total:
            return float(2 ** ((bucket - MIDDLE + 0.5) / 2))
    return None


def by_day(since: datetime, workspaces: list[int] | None) -> list[tuple[datetime, str, int, int]]:
    """Day, kind, bucket and number, of the workspaces named or of all."""
    rows = HourlyFigure.objects.filter(hour__gte=since)
    if workspaces is not None:
        rows = rows.filter(workspace__in=workspaces)
    days = rows.annotate(day=TruncDay("hour")).order_by()
    return list(days.values_list("day", "kind", "bucket").annotate(number=Sum("total")))


__all__ = ["HourlyFigure", "RollUp", "add_up", "added_up_until", "begin_anew", "by_day", "percentile"]
