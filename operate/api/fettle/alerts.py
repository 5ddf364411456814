"""Alerts on saved filters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.alerts.configuring import alerts_of, remove, set_up, usable_filters
from operate.alerts.models import Alert, AlertEvent, Direction, Happening, State
from operate.api.fettle.base import FettleView, nothing_found
from operate.api.fettle.schema import FLAG, OPTIONAL_TEXT, OPTIONAL_WHOLE, TEXT, WHOLE, all_of, array
from operate.lists import SavedFilter
from operate.plans.json_form import KEY_SCHEMA, schema_of
from operate.workspaces import visible_to
from workflow.engine.errors import Rejected
from workflow.models import Workspace

TAG = "Alerts"
AN_ALERT = "an alert"
SHOWN = 200
FILTER = all_of(key=KEY_SCHEMA, name=TEXT, query=TEXT, owner=TEXT, workspace=OPTIONAL_TEXT)
ALERT = all_of(
    key=KEY_SCHEMA,
    filter_key=KEY_SCHEMA,
    filter=TEXT,
    workspace=TEXT,
    owner=TEXT,
    direction={**TEXT, "enum": Direction.values},
    threshold=WHOLE,
    for_minutes=WHOLE,
    every_minutes=WHOLE,
    quiet_minutes=WHOLE,
    tells_resolved=FLAG,
    to_owner=FLAG,
    to_role=TEXT,
    to_webhooks=FLAG,
    muted=FLAG,
    state={**TEXT, "enum": State.values},
    since=OPTIONAL_TEXT,
    count={**OPTIONAL_WHOLE, "description": "At most one more than the threshold: further is not counted."},
    checked_at=OPTIONAL_TEXT,
    problem={**TEXT, "description": "Why it could not be checked, or was stopped."},
)
HAPPENING = all_of(at=TEXT, happening={**TEXT, "enum": Happening.values}, count=OPTIONAL_WHOLE, told=FLAG, text=TEXT)


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What is to be different; what is left out stays.

    It tells when `direction` (ABOVE or BELOW) `threshold` process instances match for at least `for_minutes`, checked every
    `every_minutes`, and again after `quiet_minutes` (0: never). `to_role` and `to_webhooks` are for administrators of the
    workspace.
    """

    direction: str | None = None
    threshold: int | None = None
    for_minutes: int | None = None
    every_minutes: int | None = None
    quiet_minutes: int | None = None
    tells_resolved: bool | None = None
    to_owner: bool | None = None
    to_role: str | None = None
    to_webhooks: bool | None = None
    muted: bool | None = None


@dataclass(frozen=True, slots=True)
class NewAlert(AlertChange):
    """An alert of one's own on a saved filter; counted in the workspace that is named, or that the filter is shared with."""

    filter_key: int | None = None
    workspace: str = ""


class AlertView(FettleView):
    """What the views of this resource share."""

    tag = TAG

    def found(self, key: str) -> Alert:
        """The alert, if it is the caller's or in a workspace that the caller administers."""
        alert = alerts_of(self.request.user).filter(pk=self.key(key, AN_ALERT)).first()
        if alert is None:
            raise nothing_found(AN_ALERT, key)
        return alert


class SavedFilters(FettleView):
    """The saved filters of the list of process instances that the caller may use."""

    tag = TAG
    answer = all_of(items=array(FILTER))

    def get(self, request: Request) -> Response:
        rows = usable_filters(request.user).select_related("owner", "workspace")
        return Response({"items": [_filter(each) for each in rows]})


class Alerts(AlertView):
    """The caller's alerts, and those of workspaces that the caller administers."""

    request_body = schema_of(NewAlert)
    answers = {"GET": all_of(items=array(ALERT)), "POST": ALERT}

    def get(self, request: Request) -> Response:
        """The caller's alerts, and those of workspaces that the caller administers, newest first."""
        return Response({"items": [told(each) for each in alerts_of(request.user).order_by("-key")[:SHOWN]]})

    def post(self, request: Request) -> Response:
        """Set an alert of one's own on a saved filter; one that is there already is changed."""
        given = self.read(NewAlert)
        if given.filter_key is None or given.threshold is None:
            raise Rejected("Expected 'filter_key' and 'threshold'.")
        saved = usable_filters(request.user).filter(pk=given.filter_key).select_related("workspace").first()
        if saved is None:
            raise nothing_found("a saved filter", str(given.filter_key))
        return Response(told(set_up(request.user, saved, self._place(given, saved), _chosen(given))))

    def _place(self, given: NewAlert, saved: SavedFilter) -> Workspace:
        seen = visible_to(Workspace.objects.all(), self.request.user)
        found: Workspace | None = saved.workspace
        if given.workspace:
            found = seen.filter(slug=given.workspace).first()
            if found is None:
                raise Rejected(
                    f"Expected 'workspace' to be the id of a workspace that you see, found '{given.workspace[:80]}'."
                )
        if found is None:
            [*first] = seen[:2]
            if len(first) != 1:
                raise Rejected("Expected 'workspace': you see several, and the filter is shared with none of them.")
            found = first[0]
        return found


class OneAlert(AlertView):
    """One alert."""

    request_body = schema_of(AlertChange)
    answer = ALERT

    def get(self, request: Request, key: str) -> Response:
        """One alert, and where it stands."""
        return Response(told(self.found(key)))

    def patch(self, request: Request, key: str) -> Response:
        """Change an alert of one's own; with another condition it begins anew."""
        given = self.read(AlertChange)
        alert = self.found(key)
        if alert.owner_id != request.user.pk:
            raise Rejected(f"Expected an alert of your own, found one of '{alert.owner.get_username()}'.")
        return Response(told(set_up(request.user, alert.saved_filter, alert.workspace, _chosen(given))))

    def delete(self, request: Request, key: str) -> Response:
        """Remove an alert: its owner, or an administrator of the workspace."""
        alert = self.found(key)
        answer = told(alert)
        remove(alert, request.user)
        return Response(answer)


class AlertHistory(AlertView):
    """What has happened with an alert in the last 90 days, newest first, 200 at most."""

    answer = all_of(items=array(HAPPENING))

    def get(self, request: Request, key: str) -> Response:
        return Response({"items": [_event(each) for each in self.found(key).events.order_by("-key")[:SHOWN]]})


def _chosen(given: AlertChange) -> dict[str, Any]:
    names = {name: name for name in AlertChange.__dataclass_fields__} | {"muted": "is_muted"}
    return {names[name]: value for name, value in asdict(given).items() if name in names and value is not None}


def told(alert: Alert) -> dict[str, Any]:
    """An alert as JSON."""
    return {
        "key": str(alert.key),
        "filter_key": str(alert.saved_filter_id),
        "filter": alert.saved_filter.name,
        "workspace": alert.workspace.slug,
        "owner": alert.owner.get_username(),
        "direction": alert.direction,
        "threshold": alert.threshold,
        "for_minutes": alert.for_minutes,
        "every_minutes": alert.every_minutes,
        "quiet_minutes": alert.quiet_minutes,
        "tells_resolved": alert.tells_resolved,
        "to_owner": alert.to_owner,
        "to_role": alert.to_role,
        "to_webhooks": alert.to_webhooks,
        "muted": alert.is_muted,
        "state": alert.state,
        "since": _time(alert.since),
        "count": alert.count,
        "checked_at": _time(alert.checked_at),
        "problem": alert.problem,
    }


def _event(event: AlertEvent) -> dict[str, Any]:
    return {
        "at": event.at.isoformat(),
        "happening": event.happening,
        "count": event.count,
        "told": event.was_told,
        "text": event.text,
    }


def _filter(saved: SavedFilter) -> dict[str, Any]:
    return {
        "key": str(saved.pk),
        "name": saved.name,
        "query": saved.query,
        "owner": saved.owner.get_username(),
        "workspace": None if saved.workspace is None else saved.workspace.slug,
    }


def _time(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()


__all__ = ["AlertHistory", "Alerts", "OneAlert", "SavedFilters"]
