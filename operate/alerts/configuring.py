"""Setting alerts up: what may be chosen, by whom. Their history tells what was chosen when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from operate.alerts.counting import matching
from operate.alerts.models import MAX_MINUTES, MAX_THRESHOLD, Alert, Direction, State
from operate.lists import SavedFilter
from operate.workspaces import Access, Right, visible_to
from operate.workspaces.roles import WORKSPACE_ROLES
from workflow.engine.errors import NotFound, Rejected
from workflow.models import Workspace
from workflow.persistence.unit_of_work import clock

LIST = "process_instances"
SETTINGS = (
    *("direction", "threshold", "for_minutes", "every_minutes", "quiet_minutes", "tells_resolved"),
    *("to_owner", "to_role", "to_webhooks", "is_muted"),
)
"""What can be chosen of an alert, besides its filter and its workspace."""
RANGES = {
    "threshold": (0, MAX_THRESHOLD),
    "for_minutes": (0, MAX_MINUTES),
    "every_minutes": (1, MAX_MINUTES),
    "quiet_minutes": (0, MAX_MINUTES),
}
REACHES_OTHERS = ("to_role", "to_webhooks")


def alerts_of(user: Any) -> QuerySet[Alert]:
    """The user's own alerts, and those of workspaces that the user administers."""
    managed = Access.of(user).workspaces(Right.MANAGE)
    return Alert.objects.of_user_or_in(user, managed).select_related("saved_filter", "workspace", "owner")


def usable_filters(user: Any) -> QuerySet[SavedFilter]:
    """The saved filters on which the user may have an alert."""
    workspaces = list(visible_to(Workspace.objects.all(), user).values_list("pk", flat=True))
    return SavedFilter.objects.usable_by(user, workspaces).filter(list_name=LIST)


def with_alert_of(rows: QuerySet[SavedFilter], user: Any) -> QuerySet[SavedFilter]:
    """Saved filters with where the user's alert on each of them stands, read along with them."""
    mine = Alert.objects.filter(saved_filter=OuterRef("pk"), owner=user).values("state")[:1]
    return rows.annotate(alert_state=Subquery(mine))


def set_up(user: Any, saved: SavedFilter, workspace: Workspace, chosen: Mapping[str, Any]) -> Alert:
    """The user's alert on a filter, new or changed, checked within a minute; Rejected or Forbidden says what is wrong."""
    access = Access.of(user)
    if not access.may(Right.VIEW, workspace.pk):
        raise NotFound(f"Expected to find a workspace with id '{workspace.slug}', but there is none.")
    if saved.workspace_id not in (None, workspace.pk):
        raise Rejected(f"Expected the workspace that the filter is shared with, found '{workspace.slug}'.")
    _check(chosen)
    known = Alert.objects.filter(saved_filter=saved, owner=user).first()
    alert = known or Alert(saved_filter=saved, owner=user, next_check_at=clock())
    for name in REACHES_OTHERS:
        if chosen.get(name) and chosen[name] != getattr(known, name, None):
            access.require(Right.MANAGE, workspace.pk)
    before = _counted(known)
    alert.workspace = workspace
    for name in SETTINGS:
        if name in chosen:
            setattr(alert, name, chosen[name])
    if not (alert.to_owner or alert.to_role or alert.to_webhooks):
        raise Rejected(_("An alert has to tell somebody: yourself, a role, or the workspace's webhooks."))
    matching(saved, user, workspace.pk)
    alert._history_user = user  # type: ignore[attr-defined]
    alert.next_check_at = clock()
    changed = ["workspace", "next_check_at", *SETTINGS]
    if known is None or alert.state == State.STOPPED or before != _counted(alert):
        alert.state, alert.since, alert.count, alert.problem, alert.told_at = State.NEW, None, None, "", None
        changed += ["state", "since", "count", "problem", "told_at"]
    with transaction.atomic():
        alert.save(update_fields=changed if known else None)
    return alert


def _counted(alert: Alert | None) -> tuple[object, ...]:
    """What an alert is about: with another threshold it begins anew, told to other people it goes on."""
    return () if alert is None else (alert.workspace_id, alert.direction, alert.threshold, alert.for_minutes)


def mute(alert: Alert, user: Any, is_muted: bool) -> None:
    """Let an alert go on without telling anybody, or tell again: its owner, or an administrator of the workspace."""
    require_hold(alert, user)
    alert.is_muted = is_muted
    alert._history_user = user  # type: ignore[attr-defined]
    alert.save(update_fields=["is_muted"])


def remove(alert: Alert, user: Any) -> None:
    """Remove an alert with what has happened to it: its owner, or an administrator of the workspace."""
    require_hold(alert, user)
    alert._history_user = user  # type: ignore[attr-defined]
    alert.delete()


def require_hold(alert: Alert, user: Any) -> None:
    """Raise Forbidden for who is neither the owner nor an administrator of the workspace."""
    if alert.owner_id != user.pk:
        Access.of(user).require(Right.MANAGE, alert.workspace_id)


def _check(chosen: Mapping[str, Any]) -> None:
    for name, (least, most) in RANGES.items():
        value = chosen.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Rejected(f"Expected '{name}' to be {least} to {most}, found '{str(value)[:40]}'.")
    if chosen.get("direction", Direction.ABOVE) not in Direction.values:
        raise Rejected(
            f"Expected 'direction' to be {' or '.join(Direction.values)}, found '{chosen['direction'][:40]}'."
        )
    if chosen.get("to_role") and chosen["to_role"] not in WORKSPACE_ROLES:
        raise Rejected(f"Expected one of the roles {', '.join(WORKSPACE_ROLES)}, found '{chosen['to_role'][:40]}'.")


__all__ = [
    "REACHES_OTHERS",
    "SETTINGS",
    "alerts_of",
    "mute",
    "remove",
    "require_hold",
    "set_up",
    "usable_filters",
    "with_alert_of",
]
