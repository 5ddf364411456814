"""What drafts are narrowed by, and what is entered about one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from operate.approvals.finding import queue_of
from operate.approvals.models import GOVERNED, Draft
from operate.forms.filters import ListFilter, Rows

State = Draft.State
DONE = (State.APPLIED, State.FAILED, State.REJECTED, State.EXPIRED, State.WITHDRAWN)
SEGMENTS = (
    ("", _("Waiting for me")),
    ("mine", _("Mine")),
    ("drafts", _("Drafts")),
    ("open", _("Waiting and approved")),
    ("done", _("Done")),
    ("all", _("All")),
)


class DraftFilter(ListFilter):
    """Whose turn it is, and of which process, operation and author."""

    show = forms.ChoiceField(required=False, choices=SEGMENTS, widget=forms.HiddenInput)
    process = forms.CharField(label=_("Process id"), required=False)
    operation = forms.ChoiceField(
        label=_("Operation"),
        required=False,
        choices=[("", _("All operations")), *((value.lower(), label) for value, label in GOVERNED)],
    )
    author = forms.CharField(label=_("Author"), required=False)

    def __init__(self, data: QueryDict, *, user: Any) -> None:
        super().__init__(data, user=user)
        self.user = user

    @property
    def shown(self) -> str:
        """The segment that is open."""
        return self.value("show") or ""

    @property
    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in self.fields if name != "show")

    def narrowed(self, rows: Rows) -> Rows:
        rows = segment(rows, self.shown, self.user)
        if self.value("process"):
            rows = rows.filter(process_id=self.value("process"))
        if self.value("operation"):
            rows = rows.filter(name=self.value("operation"))
        if self.value("author"):
            rows = rows.filter(author_name__iexact=self.value("author"))
        return rows


def segment(rows: Any, name: str, user: Any) -> Any:
    """The drafts of one segment of the queue."""
    match name:
        case "mine":
            return rows.filter(author=user)
        case "drafts":
            return rows.filter(state=State.DRAFT)
        case "open":
            return rows.filter(state__in=(State.REQUESTED, State.APPROVED))
        case "done":
            return rows.filter(state__in=DONE)
        case "all":
            return rows
    return rows.filter(pk__in=queue_of(user).values("pk"))


class MomentField(forms.DateTimeField):
    """A day and a time, in the time zone of the page."""

    widget = forms.DateTimeInput({"type": "datetime-local", "class": "ft-input"})

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **options)


class RequestForm(forms.Form):
    """When it shall be done."""

    run_at = MomentField(label=_("Not before"), required=False)


__all__ = ["DONE", "SEGMENTS", "DraftFilter", "MomentField", "RequestForm", "segment"]
