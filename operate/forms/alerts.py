"""What is entered about an alert, and what the list of alerts is narrowed by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from operate.alerts.models import MAX_MINUTES, MAX_THRESHOLD, Alert, Direction, State
from operate.forms.filters import ListFilter, Rows
from workflow.models import Workspace

EVERY = ((1, _("every minute")), (5, _("every 5 minutes")), (15, _("every 15 minutes")), (60, _("every hour")))


class AlertFilter(ListFilter):
    """By state, and one's own alone."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *State.choices])

    def narrowed(self, rows: Rows) -> Rows:
        return rows.filter(state=self.value("state")) if self.value("state") else rows


class AlertForm(forms.Form):
    """One alert on one filter."""

    workspace = forms.ChoiceField(label=_("Workspace"))
    direction = forms.ChoiceField(label=_("Tell when"), choices=Direction.choices)
    threshold = forms.IntegerField(label=_("Threshold"), min_value=0, max_value=MAX_THRESHOLD)
    for_minutes = forms.IntegerField(label=_("For at least (minutes)"), min_value=0, max_value=MAX_MINUTES)
    every_minutes = forms.TypedChoiceField(label=_("Checked"), coerce=int, choices=EVERY)
    quiet_minutes = forms.IntegerField(
        label=_("Told again after (minutes)"),
        min_value=0,
        max_value=MAX_MINUTES,
        help_text=_("0: only once, until it is over."),
    )
    tells_resolved = forms.BooleanField(label=_("Tell when it is over, too"), required=False)
    to_owner = forms.BooleanField(label=_("me"), required=False)
    to_role = forms.ChoiceField(label=_("Everybody with the role"), required=False)
    to_webhooks = forms.BooleanField(label=_("the workspace's webhooks"), required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        alert: Alert,
        workspaces: Sequence[Workspace],
        roles: Sequence[tuple[str, Any]],
        why_not_others: str,
    ) -> None:
        initial = {name: getattr(alert, name) for name in self.base_fields if name != "workspace"}
        super().__init__(data, initial=initial | {"workspace": alert.workspace.slug})
        self.workspaces = {each.slug: each for each in workspaces}
        self._offer("workspace", [(each.slug, each.name) for each in workspaces])
        self._offer("to_role", [("", _("nobody")), *roles])
        if alert.every_minutes not in dict(EVERY):
            minutes = _("every %(number)d minutes") % {"number": alert.every_minutes}
            self._offer("every_minutes", [*EVERY, (alert.every_minutes, minutes)])
        for name, field in self.fields.items():
            field.widget.attrs |= {"id": f"alert-{name}"}
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs["class"] = "ft-input"
            if why_not_others and name in ("to_role", "to_webhooks"):
                field.widget.attrs |= {"disabled": True, "title": why_not_others}

    @property
    def chosen(self) -> dict[str, Any]:
        """What was entered, without the workspace; what the user may not choose was not sent and stays as it was."""
        sent = {name for name, field in self.fields.items() if not field.widget.attrs.get("disabled")}
        return {name: value for name, value in self.cleaned_data.items() if name in sent and name != "workspace"}

    @property
    def place(self) -> Workspace:
        """The workspace in which it counts."""
        return self.workspaces[self.cleaned_data["workspace"]]

    def _offer(self, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


__all__ = ["AlertFilter", "AlertForm"]
