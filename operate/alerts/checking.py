"""Checking alerts: each when it is due, in a transaction of its own, by whichever worker takes it first."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from operate.alerts import telling
from operate.alerts.counting import count, is_met, why_lost
from operate.alerts.models import Alert, AlertEvent, Happening, State
from workflow.engine.errors import Rejected
from workflow.persistence.unit_of_work import clock

AT_ONCE = 1_000
"""Alerts that one run checks; the next one comes a minute later."""
KEPT = timedelta(days=90)
NOT_DUE = (State.STOPPED,)

logger = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(name="operate.check_alerts", queueing_lock="operate.check_alerts")
def check_alerts(timestamp: int) -> None:
    """Check the alerts that are due."""
    check_due(clock())


@app.periodic(cron="40 4 * * *")
@app.task(name="operate.forget_alert_events", queueing_lock="operate.forget_alert_events")
def forget_alert_events(timestamp: int) -> None:
    """Forget what happened with alerts long ago."""
    AlertEvent.objects.filter(at__lt=clock() - KEPT).delete()


def check_due(now: datetime) -> int:
    """Check the alerts that are due, the one that has waited longest first; how many that were."""
    checked = 0
    while checked < AT_ONCE and _check_next(now):
        checked += 1
    return checked


def _check_next(now: datetime) -> bool:
    with transaction.atomic():
        due = Alert.objects.filter(next_check_at__lte=now).exclude(state__in=NOT_DUE)
        locked = due.select_for_update(skip_locked=True, of=("self",))
        alert = locked.select_related("saved_filter", "workspace", "owner").order_by("next_check_at").first()
        if alert is None:
            return False
        try:
            with transaction.atomic():
                check(alert, now)
        except Exception:
            logger.exception("Alert %d could not be checked.", alert.pk)
            _keep(alert, problem=str(_("It could not be checked: the server failed. It is in the log.")), now=now)
        return True


def check(alert: Alert, now: datetime) -> None:
    """Count, tell what there is to tell, and say when to count again; the caller holds the alert's lock."""
    if lost := why_lost(alert):
        _happened(alert, Happening.STOPPED, now, text=lost)
        _keep(alert, now=now, state=State.STOPPED, since=now, problem=lost)
        return
    try:
        found = count(alert)
    except Rejected as refusal:
        if alert.problem != refusal.message:
            _happened(alert, Happening.FAILED, now, text=refusal.message)
        _keep(alert, now=now, problem=refusal.message)
        return
    alert.count = found
    _keep(alert, now=now, problem="", count=found, **_step(alert, found, now))


def _step(alert: Alert, found: int, now: datetime) -> dict[str, object]:
    """What becomes of the alert now that so many were found; it has been told when this returns."""
    if not is_met(alert, found):
        if alert.state == State.FIRING:
            _happened(alert, Happening.RESOLVED, now, found=found)
        return {} if alert.state == State.CALM else {"state": State.CALM, "since": now}
    if alert.state == State.FIRING:
        is_time = alert.told_at is None or now - alert.told_at >= timedelta(minutes=alert.quiet_minutes)
        if not alert.quiet_minutes or not is_time:
            return {}
        _happened(alert, Happening.REPEATED, now, found=found)
        return {"told_at": now}
    since = alert.since if alert.state == State.WAITING and alert.since else now
    if now - since < timedelta(minutes=alert.for_minutes):
        return {"state": State.WAITING, "since": since}
    _happened(alert, Happening.FIRED, now, found=found)
    return {"state": State.FIRING, "since": since, "told_at": now}


def _happened(alert: Alert, what: Happening, now: datetime, *, found: int | None = None, text: str = "") -> None:
    is_told = not alert.is_muted and (what is not Happening.RESOLVED or alert.tells_resolved)
    if is_told:
        telling.tell(alert, what, found, text)
    AlertEvent.objects.create(alert=alert, at=now, happening=what, count=found, was_told=is_told, text=text)


def _keep(alert: Alert, *, now: datetime, **state: object) -> None:
    """Write where it stands, past its history: that tells what it was set to."""
    state |= {"checked_at": now, "next_check_at": now + timedelta(minutes=alert.every_minutes)}
    for name, value in state.items():
        setattr(alert, name, value)
    Alert.objects.filter(pk=alert.pk).update(**state)


__all__ = ["check", "check_due"]
