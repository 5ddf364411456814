"""Alerts on saved filters: set up from the filter's menu, with where they stand and what has happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.reasons import Reasons
from operate.admin.workspaces import ROLES
from operate.alerts.configuring import alerts_of, mute, remove, set_up, usable_filters
from operate.alerts.models import Alert, State
from operate.alerts.telling import address_of, condition_of, number_of
from operate.forms.alerts import AlertFilter, AlertForm
from operate.lists import SavedFilter
from operate.workspaces import Forbidden, Right, visible_to
from workflow.models import Workspace

SHOWN = 50
"""What has happened with one alert that its page shows, the newest."""
DOTS = {
    State.NEW: "canceled",
    State.CALM: "active",
    State.WAITING: "suspended",
    State.FIRING: "incident",
    State.STOPPED: "canceled",
}
USUAL = 20
"""The threshold that is offered."""


@admin.register(Alert)
class AlertAdmin(EngineModelAdmin):
    """One's own alerts, and those of workspaces that one administers."""

    filter_form = AlertFilter
    list_template = "alerts.html"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return alerts_of(request.user)

    def pages(self) -> list[URLPattern]:
        return [
            self.page("of/<int:saved>/", "of", self.filter_view),
            self.page("<int:key>/", "change", self.alert_view),
            self.page("<int:key>/do/", "do", self.do_view),
        ]

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        for row in rows:
            _told(row)
        return rows

    # -- one

    def filter_view(self, request: HttpRequest, saved: int) -> HttpResponseBase:
        """One's own alert on a filter, or what is offered for a new one."""
        found = usable_filters(request.user).filter(pk=saved).select_related("workspace").first()
        if found is None:
            raise Http404(_("There is no saved filter '%(saved)s' that you may use.") % {"saved": saved})
        known = self.get_queryset(request).filter(saved_filter=found, owner=request.user).first()
        places = _places(request.user, found)
        if not places:
            raise Forbidden(Right.VIEW, "")
        offered = Alert(
            saved_filter=found, owner=request.user, workspace=_likely(found, places), threshold=USUAL, state=State.NEW
        )
        return self._page(request, known or offered, places)

    def alert_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """An alert; only its owner changes it."""
        alert = self.visible(request, key)
        return self._page(request, alert, _places(alert.owner, alert.saved_filter) or [alert.workspace])

    @method_decorator(require_POST)
    def do_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """Mute, tell again, or remove."""
        alert = self.visible(request, key)
        match request.POST.get("do"):
            case "mute":
                mute(alert, request.user, True)
                messages.success(request, _("Alert muted: it goes on, and tells nobody."))
            case "unmute":
                mute(alert, request.user, False)
                messages.success(request, _("Alert tells again."))
            case "remove":
                remove(alert, request.user)
                messages.success(request, _("Alert on '%(filter)s' removed.") % {"filter": alert.saved_filter.name})
                return redirect("admin:operate_alert_changelist")
            case other:
                raise Http404(_("There is no operation '%(other)s'.") % {"other": other})
        return redirect("admin:operate_alert_change", key)

    def _page(self, request: HttpRequest, alert: Alert, places: Sequence[Workspace]) -> HttpResponseBase:
        is_own = alert.owner_id == request.user.pk
        why_not_others = Reasons.of(request).right(Right.MANAGE, alert.workspace_id)
        data = request.POST if request.method == "POST" else None
        roles = [(role.value, label) for role, (label, _help) in ROLES.items()]
        form = AlertForm(data, alert=alert, workspaces=places, roles=roles, why_not_others=why_not_others)
        why = "" if is_own else _("It is %(owner)s's: only its owner changes it.") % {"owner": alert.owner}
        error = why if data is not None else ""
        if data is not None and not why and form.is_valid():
            try:
                kept = set_up(request.user, alert.saved_filter, form.place, form.chosen)
            except REFUSALS as refusal:
                error = refusal_of(refusal)["message"]
            else:
                messages.success(request, _("Alert saved. It is checked within a minute."))
                return redirect("admin:operate_alert_change", kept.pk)
        context = {
            "alert": _told(alert),
            "form": form,
            "error": error,
            "is_own": is_own,
            "why": why,
            "why_not_others": why_not_others,
            "events": alert.events.order_by("-key")[:SHOWN] if alert.pk else (),
            "address": address_of(alert),
        }
        title = _("Alert on '%(filter)s'") % {"filter": alert.saved_filter.name}
        return self.render(request, "alert.html", title, context, status=200 if data is None else 403 if why else 400)


def _told(alert: Alert) -> Alert:
    """The alert with what its pages say of it."""
    alert.dot = DOTS[State(alert.state)]  # type: ignore[attr-defined]
    alert.condition = condition_of(alert)  # type: ignore[attr-defined]
    alert.number = "" if alert.count is None else number_of(alert, alert.count)  # type: ignore[attr-defined]
    return alert


def _places(user: Any, saved: SavedFilter) -> list[Workspace]:
    """The workspaces in which an alert on the filter may count."""
    rows = visible_to(Workspace.objects.order_by("name"), user)
    return list(rows if saved.workspace_id is None else rows.filter(pk=saved.workspace_id))


def _likely(saved: SavedFilter, places: Sequence[Workspace]) -> Workspace:
    """The workspace that the filter names, else the first."""
    return next((each for each in places if f"workspace={each.slug}" in saved.query.split("&")), places[0])


__all__ = ["AlertAdmin"]
