"""What the task list is narrowed by, and the ways to order it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, TypeVar

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from operate.forms.filters import ListFilter
from operate.masking.masks import Masks
from operate.search import with_words
from operate.workspaces import visible_to
from workflow.models import ProcessDefinition, UserTask

Rows = TypeVar("Rows", bound=QuerySet[Any])

MINE, GROUPS, FREE = "mine", "groups", "free"
WHOSE = (("", _("All")), (MINE, _("Mine")), (GROUPS, _("My groups")), (FREE, _("Unassigned")))
SORTS = {"": _("Newest first"), "due": _("Due soonest"), "priority": _("Highest priority")}
DUE = {"overdue": _("Overdue"), "today": _("Today"), "week": _("Within 7 days"), "none": _("No due date")}
FOLLOW_UP = {"reached": _("Reached or none"), "later": _("Later")}
PRIORITIES = {
    "high": (_("High (75 and more)"), Q(priority__gte=75)),
    "normal": (_("Normal (26 to 74)"), Q(priority__gt=25, priority__lt=75)),
    "low": (_("Low (25 and less)"), Q(priority__lte=25)),
}


class TaskFilter(ListFilter):
    """Whose tasks, in which process, how urgent, and words among their keywords."""

    words = forms.CharField(label=_("Keywords"), required=False, max_length=200)
    process = forms.ChoiceField(label=_("Process"), required=False)
    name = forms.CharField(label=_("Task name"), required=False, max_length=255)
    due = forms.ChoiceField(label=_("Due"), required=False, choices=[("", _("Any time")), *DUE.items()])
    follow_up = forms.ChoiceField(
        label=_("Follow-up"), required=False, choices=[("", _("Any time")), *FOLLOW_UP.items()]
    )
    priority = forms.ChoiceField(
        label=_("Priority"),
        required=False,
        choices=[("", _("Any")), *((name, label) for name, (label, _q) in PRIORITIES.items())],
    )
    assignee = forms.CharField(label=_("Assignee"), required=False, max_length=255)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Open")), *UserTask.State.choices[1:], ("ALL", _("All"))]
    )
    sort = forms.ChoiceField(label=_("Order"), required=False, choices=list(SORTS.items()))
    field_order = ["words", "process", "name", "due", "follow_up", "priority", "assignee", "state", "workspace", "sort"]

    def __init__(self, data: QueryDict, *, user: Any) -> None:
        super().__init__(data, user=user)
        self.user = user
        latest = visible_to(ProcessDefinition.objects.all(), user).filter(is_latest=True).order_by("name", "process_id")
        names = {process: name or process for process, name in latest.values_list("process_id", "name")}
        if data.get("process"):
            names.setdefault(data["process"], data["process"])
        self.fields["process"].choices = [("", _("All processes")), *names.items()]  # type: ignore[attr-defined]
        self.fields["words"].widget.attrs |= {"data-hotkey": "/", "placeholder": _("Words of customers, numbers …")}

    @property
    def whose(self) -> str:
        """Which of the lists is shown."""
        chosen = self.data.get("whose", "")
        return chosen if chosen in dict(WHOSE) else ""

    @property
    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in (*self.fields, "whose") if name != "sort")

    @property
    def order(self) -> str:
        """The order that is asked for."""
        return self.value("sort") or ""

    def narrowed(self, rows: Rows) -> Rows:
        rows = self._of_somebody(rows)
        state = self.value("state") or UserTask.State.CREATED
        rows = rows if state == "ALL" else rows.filter(state=state)
        if self.value("process"):
            rows = rows.filter(definition__process_id=self.value("process"))
        if self.value("name"):
            rows = rows.filter(name__icontains=self.value("name"))
        if self.value("assignee"):
            rows = rows.filter(assignee=self.value("assignee"))
        if self.value("priority"):
            rows = rows.filter(PRIORITIES[self.value("priority")][1])
        if self.value("words"):
            is_open = None if state == "ALL" else state == UserTask.State.CREATED
            rows = with_words(rows, self.value("words"), is_open=is_open, masks=Masks.for_pages())
        return self._by_dates(rows)

    def _of_somebody(self, rows: Rows) -> Rows:
        match self.whose:
            case "mine":
                return rows.filter(assignee=self.user.get_username())
            case "groups":
                return rows.filter(assignee=None).filter(is_candidate(self.user.get_username(), groups_of(self.user)))
            case "free":
                return rows.filter(assignee=None)
        return rows

    def _by_dates(self, rows: Rows) -> Rows:
        now = timezone.now()
        midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        match self.value("due"):
            case "overdue":
                rows = rows.filter(due_at__lt=now)
            case "today":
                rows = rows.filter(due_at__lt=midnight)
            case "week":
                rows = rows.filter(due_at__lt=midnight + timedelta(days=6))
            case "none":
                rows = rows.filter(due_at=None)
        match self.value("follow_up"):
            case "reached":
                rows = rows.filter(Q(follow_up_at=None) | Q(follow_up_at__lte=now))
            case "later":
                rows = rows.filter(follow_up_at__gt=now)
        return rows


def groups_of(user: Any) -> list[str]:
    """The names of the user's groups: those that a model means by its candidate groups."""
    known: list[str] | None = getattr(user, "_fettle_group_names", None)
    if known is None:
        known = user._fettle_group_names = list(user.groups.values_list("name", flat=True))
    return known


def is_candidate(username: str, groups: Collection[str]) -> Q:
    """Tasks that somebody may claim as one of their candidates."""
    found = Q(candidate_users__contains=[username])
    return found | Q(candidate_groups__overlap=list(groups)) if groups else found


__all__ = ["SORTS", "WHOSE", "TaskFilter", "groups_of", "is_candidate"]
