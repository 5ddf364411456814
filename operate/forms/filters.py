"""What lists are narrowed by. All of it stands in the address, so that a filtered list can be sent to a colleague."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Any, TypeVar

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from operate.forms.keys import key_of, keys_of
from operate.workspaces import visible_to
from workflow.models import Incident, Job, UserTask, Workspace

Rows = TypeVar("Rows", bound=QuerySet[Any])
MAX_KEYS = 1_000


class ListFilter(forms.Form):
    """Base of all: what is wrong is shown beside its field and not used."""

    workspace = forms.ChoiceField(label=_("Workspace"), required=False)

    def __init__(self, data: QueryDict, *, user: Any) -> None:
        super().__init__(data)
        self.workspaces = list(visible_to(Workspace.objects.all(), user))
        choices = [("", _("All workspaces")), *((each.slug, each.name) for each in self.workspaces)]
        self.fields["workspace"].choices = choices  # type: ignore[attr-defined]
        if len(self.workspaces) < 2:
            del self.fields["workspace"]
        for name, field in self.fields.items():
            field.widget.attrs |= {"id": f"filter-{name}", "class": "ft-input"}
            if isinstance(field, forms.CharField) and not isinstance(field, forms.ChoiceField):
                field.widget.attrs.setdefault("placeholder", str(field.label))
                field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def narrow(self, rows: Rows) -> Rows:
        """Only the rows that are asked for."""
        self.is_valid()
        slug = self.value("workspace")
        if slug:
            rows = rows.filter(workspace_id__in=[each.pk for each in self.workspaces if each.slug == slug])
        return self.narrowed(rows)

    def narrowed(self, rows: Rows) -> Rows:
        """The filters of one list."""
        return rows

    def value(self, name: str) -> Any:
        """What was entered, if it is valid."""
        return self.cleaned_data.get(name)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything differs from the list as it opens."""
        return any(self.data.get(name) for name in self.fields)


class KeysField(forms.CharField):
    """One key or many, separated by spaces, commas or lines."""

    def clean(self, value: str) -> list[int]:
        parts = [part for part in re.split(r"[\s,;]+", super().clean(value)) if part]
        wrong = [part for part in parts if key_of(part) is None]
        if wrong:
            raise forms.ValidationError(_("Expected keys (numbers), found '%(part)s'.") % {"part": wrong[0][:40]})
        if len(parts) > MAX_KEYS:
            raise forms.ValidationError(_("Expected at most %(limit)s keys.") % {"limit": MAX_KEYS})
        return keys_of(parts)


class UserTaskFilter(ListFilter):
    """Open tasks, or all; by assignee."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Open")), *UserTask.State.choices[1:], ("ALL", _("All"))]
    )
    assignee = forms.CharField(label=_("Assignee"), required=False)
    name = forms.CharField(label=_("Task name"), required=False)

    def narrowed(self, rows: Rows) -> Rows:
        state = self.value("state") or UserTask.State.CREATED
        rows = rows if state == "ALL" else rows.filter(state=state)
        if self.value("assignee"):
            rows = rows.filter(assignee=self.value("assignee"))
        if self.value("name"):
            rows = rows.filter(name__icontains=self.value("name"))
        return rows


class IncidentFilter(ListFilter):
    """Open incidents, or all; by type and message."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Open")), ("RESOLVED", _("Resolved")), ("ALL", _("All"))]
    )
    message = forms.CharField(label=_("Message contains"), required=False)
    element = forms.CharField(label=_("Element id"), required=False)

    def narrowed(self, rows: Rows) -> Rows:
        state = self.value("state") or Incident.State.ACTIVE
        rows = rows if state == "ALL" else rows.filter(state=state)
        if self.value("message"):
            rows = rows.filter(message__icontains=self.value("message"))
        if self.value("element"):
            rows = rows.filter(element_id=self.value("element"))
        return rows


WAITING_JOB = (Job.State.CREATED, Job.State.FAILED)
JOB_KINDS: dict[str, tuple[Any, Q]] = {
    "worker": (_("External worker"), Q(kind=Job.Kind.EXTERNAL)),
    "timer": (_("Timer"), Q(kind=Job.Kind.TIMER)),
    "continuation": (
        _("Asynchronous continuation"),
        Q(kind__in=[Job.Kind.ASYNC_BEFORE, Job.Kind.ASYNC_AFTER, Job.Kind.SIGNAL]),
    ),
}


class JobFilter(ListFilter):
    """By state, kind and type."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("Waiting")),
            ("FAILING", _("Failed")),
            ("OVERDUE", _("Overdue")),
            ("HELD", _("On hold")),
            ("COMPLETED", _("Completed")),
            ("CANCELED", _("Canceled")),
            ("ERROR_THROWN", _("Error thrown")),
            ("ALL", _("All")),
        ],
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("All kinds")), *((name, label) for name, (label, _q) in JOB_KINDS.items())],
    )
    type = forms.CharField(label=_("Type / topic"), required=False)

    def narrowed(self, rows: Rows) -> Rows:
        rows = self._in_state(rows, self.value("state"))
        if self.value("kind"):
            rows = rows.filter(JOB_KINDS[self.value("kind")][1])
        if self.value("type"):
            rows = rows.filter(type=self.value("type"))
        return rows

    @staticmethod
    def _in_state(rows: Rows, state: str) -> Rows:
        if state == "ALL":
            return rows
        if state in Job.State.values:
            return rows.filter(state=state)
        rows = rows.filter(state__in=WAITING_JOB)
        match state:
            case "FAILING":
                return rows.filter(Q(state=Job.State.FAILED) | Q(retries__lt=1))
            case "OVERDUE":
                return rows.filter(due_at__lt=timezone.now()).exclude(kind=Job.Kind.EXTERNAL)
            case "HELD":
                return rows.filter(suspended=True)
        return rows


class ProcessDefinitionFilter(ListFilter):
    """The latest versions, by name or id."""

    q = forms.CharField(label=_("Name or process id"), required=False)

    def narrowed(self, rows: Rows) -> Rows:
        rows = rows.filter(is_latest=True)
        text = self.value("q")
        return rows.filter(Q(name__icontains=text) | Q(process_id__icontains=text)) if text else rows


def midnight(day: Any) -> datetime:
    """When a day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))
