"""What an alert says, and to whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from operate.alerts.models import Alert, Direction, Happening
from operate.notifications.models import Kind
from operate.notifications.telling import notify
from operate.workspaces import groups_with, members

FOR_THE_OWNER = (Happening.FAILED, Happening.STOPPED)
"""What is no news of process instances, and nobody else's business."""


def tell(alert: Alert, what: Happening, found: int | None, text: str) -> None:
    """Put it into the outbox, in the caller's transaction."""
    notify(
        Kind.ALERT,
        workspace_id=alert.workspace_id,
        users=recipients(alert, what),
        webhooks=alert.to_webhooks and what not in FOR_THE_OWNER,
        subject=lazy(subject_of, str)(alert, what),
        text=text or lazy(sentence, str)(alert, found),
        url=_address(alert, what),
        facts={
            "alert": str(alert.pk),
            "filter": alert.saved_filter.name,
            "happening": what.value,
            "direction": alert.direction,
            "threshold": alert.threshold,
            "count": found,
        },
    )


def subject_of(alert: Alert, what: Happening) -> str:
    """The alert and what has happened, for the head of a mail."""
    name = {"filter": alert.saved_filter.name}
    match what:
        case Happening.RESOLVED:
            return _("Resolved: %(filter)s") % name
        case Happening.REPEATED:
            return _("Still: %(filter)s") % name
        case Happening.FAILED:
            return _("Alert could not be checked: %(filter)s") % name
        case Happening.STOPPED:
            return _("Alert stopped: %(filter)s") % name
    return _("Alert: %(filter)s") % name


def sentence(alert: Alert, found: int | None) -> str:
    """How many match, and what the limit is."""
    condition = condition_of(alert)
    if found is None:
        return condition
    return _("%(number)s now. The alert: %(condition)s.") % {
        "number": number_of(alert, found),
        "condition": condition,
    }


def number_of(alert: Alert, found: int) -> str:
    """How many match, as far as was counted."""
    if found > alert.threshold:
        return _("More than %(number)d process instances match") % {"number": alert.threshold}
    return ngettext("%(number)d process instance matches", "%(number)d process instances match", found) % {
        "number": found
    }


def condition_of(alert: Alert) -> str:
    """What it is about, in words."""
    facts = {"number": alert.threshold, "minutes": alert.for_minutes}
    if alert.direction == Direction.ABOVE:
        plain, lasting = _("more than %(number)d match"), _("more than %(number)d match for %(minutes)d min")
    else:
        plain, lasting = _("fewer than %(number)d match"), _("fewer than %(number)d match for %(minutes)d min")
    return (lasting if alert.for_minutes else plain) % facts


def recipients(alert: Alert, what: Happening) -> Iterable[Any]:
    """The owner and who holds the role, each once; of trouble with the alert itself only the owner."""
    found = {alert.owner_id} if alert.to_owner or what in FOR_THE_OWNER else set()
    if alert.to_role and what not in FOR_THE_OWNER:
        found |= set(members(alert.workspace, alert.to_role).values_list("pk", flat=True))
        groups = groups_with(alert.workspace, alert.to_role)
        found |= set(get_user_model()._default_manager.filter(groups__in=groups).values_list("pk", flat=True))
    return list(get_user_model()._default_manager.filter(pk__in=found, is_active=True))


def address_of(alert: Alert) -> str:
    """The list of what matches, in the alert's workspace alone."""
    query = QueryDict(alert.saved_filter.query, mutable=True)
    query["workspace"] = alert.workspace.slug
    return f"{reverse('admin:workflow_processinstance_changelist')}?{query.urlencode()}"


def _address(alert: Alert, what: Happening) -> str:
    is_trouble = what in FOR_THE_OWNER
    return reverse("admin:operate_alert_change", args=[alert.pk]) if is_trouble else address_of(alert)


__all__ = ["address_of", "condition_of", "number_of", "recipients", "sentence", "subject_of", "tell"]
