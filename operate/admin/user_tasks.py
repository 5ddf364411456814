"""Tasks: the work that waits for people, found by whose it is, by its dates and by the words of its keywords."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import F, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.models import Channel, Subject
from operate.actions import AssignUserTask, CompleteUserTask
from operate.admin.answers import REFUSALS, followed, refusal_of
from operate.admin.exporting import Columns, ExportedList
from operate.admin.process_instances import own_address
from operate.admin.reasons import Reasons
from operate.admin.task_slices import slice_of
from operate.forms.tasks import WHOSE, TaskFilter, groups_of
from operate.masking.masks import Masks
from operate.masking.patterns import MASK
from operate.search.hiding import is_masked
from operate.variables import exact
from operate.workspaces import Right
from workflow.engine.values import ExactValue, type_of
from workflow.models import ElementInstance, ProcessDataPath, TaskKeywords, UserTask, Variable, Workspace

DEPTH = 100
MAX_PEOPLE = 200
MAX_SHOWN = 20_000
"""Characters of one value; the variables page of the instance has all of it."""

COLUMNS: dict[str, Callable[[Any], Any]] = {
    "key": lambda row: row.key,
    "name": lambda row: row.name,
    "process_instance_key": lambda row: row.process_instance_key,
    "business_key": lambda row: row.business_key,
    "process_id": lambda row: row.process_id,
    "element_id": lambda row: row.element_id,
    "state": lambda row: row.state,
    "assignee": lambda row: row.assignee,
    "candidate_users": lambda row: " ".join(row.candidate_users),
    "candidate_groups": lambda row: " ".join(row.candidate_groups),
    "priority": lambda row: row.priority,
    "due_at": lambda row: row.due_at,
    "follow_up_at": lambda row: row.follow_up_at,
    "created_at": lambda row: row.created_at,
    "ended_at": lambda row: row.ended_at,
    "workspace": lambda row: row.workspace_name,
}
"""What a file has of each task; keywords are left out, as they may be masked."""


@admin.register(UserTask)
class UserTaskAdmin(ExportedList):
    """Read-only but for claiming, assigning and completing."""

    filter_form = TaskFilter
    list_template = "tasks.html"
    exported = Subject.USER_TASK

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                process_name=F("definition__name"),
                process_id=F("definition__process_id"),
                workspace_name=F("workspace__name"),
                business_key=F("process_instance__business_key"),
            )
        )

    def export_columns(self, request: HttpRequest) -> Columns:
        return COLUMNS

    def pages(self) -> list[URLPattern]:
        return [
            self.page("<int:key>/", "change", self.task_view),
            self.page("<int:key>/assign/", "assign", self.assign_view),
        ]

    # -- the list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        filters = self.filter_form(request.GET, user=request.user)
        rows = filters.narrow(self.get_queryset(request))
        found = slice_of(rows, request, self.page_size, filters.order)
        context = {
            "filters": filters,
            "slice": found,
            "rows": self.decorated(request, found.rows),
            "whose": [(name, label, _address(request, name)) for name, label in WHOSE],
            "now": timezone.now(),
        }
        return self.render(request, self.list_template, _("Tasks"), context | (extra_context or {}))

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        chips = chips_of(rows)
        for row in rows:
            row.why_complete = self._why_not_complete(request, row)
            row.why_claim = self._why_not_claim(request, row)
            row.chips = chips.get(row.key, ())
            row.is_mine = row.assignee == request.user.get_username()
        return rows

    # -- what may be done

    @staticmethod
    def _why_not(request: HttpRequest, task: UserTask) -> str:
        if task.state != UserTask.State.CREATED:
            return _("This task is %(state)s.") % {"state": task.get_state_display().lower()}
        if task.suspended:
            return _("The process instance is suspended. Resume it first.")
        return Reasons.of(request).right(Right.COMPLETE_TASK, task.workspace_id)

    def _why_not_claim(self, request: HttpRequest, task: UserTask) -> str:
        why = self._why_not(request, task)
        if why or not (task.candidate_users or task.candidate_groups) or self._may_overrule(request, task):
            return why
        user = request.user
        if user.get_username() in task.candidate_users or set(groups_of(user)) & set(task.candidate_groups):
            return ""
        names = ", ".join([*task.candidate_groups, *task.candidate_users])
        return _("Only its candidates may claim it: %(names)s. An administrator of the workspace can assign it.") % {
            "names": names
        }

    def _why_not_complete(self, request: HttpRequest, task: UserTask) -> str:
        if task.assignee is None:
            return self._why_not_claim(request, task)
        why = self._why_not(request, task)
        if why or task.assignee == request.user.get_username() or self._may_overrule(request, task):
            return why
        return _("It is assigned to '%(name)s'.") % {"name": task.assignee}

    @staticmethod
    def _may_overrule(request: HttpRequest, task: UserTask) -> bool:
        return not Reasons.of(request).right(Right.MANAGE, task.workspace_id)

    # -- one task

    def task_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """One task with the variables that it sees; a POST completes it."""
        task = self.visible(request, key)
        why = self._why_not_complete(request, task)
        text, error = "{}", ""
        if request.method == "POST":
            text = request.POST.get("variables", "")
            try:
                if why:
                    raise NotYours(why)
                CompleteUserTask.of(request, Channel.ADMIN).execute(key, variables=result_of(text))
            except NotYours as refusal:
                error = str(refusal)
            except REFUSALS as refusal:
                error = refusal_of(refusal)["message"]
            else:
                text = _("Task '%(name)s' completed.") % {"name": task.name or task.element_id}
                messages.success(
                    request, followed(text, _("To the tasks"), reverse("admin:workflow_usertask_changelist"))
                )
                return redirect("admin:workflow_processinstance_change", task.process_instance_key)
        context = {
            "task": task,
            "chips": chips_of([task]).get(task.key, ()),
            "why": why,
            "why_claim": self._why_not_claim(request, task),
            "why_assign": self._why_not(request, task),
            "is_mine": task.assignee == request.user.get_username(),
            "people": people_of(task.workspace),
            "text": text,
            "error": error,
            "now": timezone.now(),
            "variables": self._variables(task),
        }
        title = task.name or task.element_id
        return self.render(request, "task.html", title, context, status=400 if error else 200)

    @staticmethod
    def _variables(task: Any) -> list[dict[str, str]]:
        """What the task sees: of each name the variable in the nearest scope, masked where that is configured."""
        places = scopes_of(task)
        nearest: dict[str, Any] = {}
        for row in Variable.objects.filter(scope_key__in=places).annotate(stored=Cast("value", TextField())):
            known = nearest.get(row.name)
            if known is None or places.index(row.scope_key) < places.index(known.scope_key):
                nearest[row.name] = row
        masks = Masks.for_pages()
        return [
            {
                "name": name,
                "text": _shown(masks.value(task.workspace_id, task.process_id, name, _exact(row))),
                "type": row.type,
            }
            for name, row in sorted(nearest.items())
        ]

    @method_decorator(require_POST)
    def assign_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Claim the task, give it back, or give it to somebody."""
        task = self.visible(request, key)
        back = own_address(request.POST.get("back", "")) or "admin:workflow_usertask_changelist"
        claims = "release" not in request.POST and "to" not in request.POST
        assignee = request.user.get_username() if claims else request.POST.get("to", "").strip() or None
        try:
            if claims and (why := self._why_not_claim(request, task)):
                raise NotYours(why)
            AssignUserTask.of(request, Channel.ADMIN).execute(key, assignee, only_if_free=claims)
        except NotYours as refusal:
            messages.error(request, str(refusal))
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        else:
            text = _said(assignee, claims) % {"task": task.name or task.element_id, "name": assignee}
            page = reverse("admin:workflow_usertask_change", args=[key])
            messages.success(request, followed(text, _("Open"), page))
        return redirect(back)


def _said(assignee: str | None, claims: bool) -> str:
    if assignee is None:
        return _("%(task)s: given back.")
    return _("%(task)s: yours now.") if claims else _("%(task)s: assigned to '%(name)s'.")


class NotYours(Exception):
    """The page does not offer this to this user; the sentence says why."""


def result_of(text: str) -> dict[str, object]:
    """The variables that somebody has typed, to the digit; an empty text stands for none."""
    if not text.strip():
        return {}
    found = exact.parse_object(text, "variables")
    return {
        name: ExactValue(value, type_of(value), exact.dump(value)) if exact.has_floats(value) else value
        for name, value in found.items()
    }


def chips_of(tasks: Iterable[UserTask]) -> dict[int, list[dict[str, str]]]:
    """The keywords of tasks with their labels, by task; masked ones as dots. Two queries for all of them."""
    rows = TaskKeywords.objects.filter(pk__in=[task.key for task in tasks]).exclude(values={})
    found = rows.values_list("user_task", "values", "process_instance__workspace", "process_instance__process_id")
    keywords = list(found)
    if not keywords:
        return {}
    labels = {
        (row.workspace_id, row.process_id, row.path): row.plain.title
        for row in ProcessDataPath.objects.filter(workspace__in={each[2] for each in keywords}, is_keyword=True)
    }
    masks = Masks.for_pages()
    return {
        key: [
            {
                "label": labels[workspace, process, path],
                "text": MASK if is_masked(masks, (workspace, process), path) else text,
            }
            for path, text in sorted(values.items())
            if (workspace, process, path) in labels
        ]
        for key, values, workspace, process in keywords
    }


def scopes_of(task: UserTask) -> list[int]:
    """The scopes whose variables a task sees, the nearest first."""
    found = [task.element_instance_key]
    while found[-1] != task.process_instance_key and len(found) < DEPTH:
        scope = ElementInstance.objects.filter(pk=found[-1]).values_list("flow_scope_key", flat=True).first()
        found.append(scope or task.process_instance_key)
    return found


def _exact(row: Any) -> Any:
    """The value with all digits that are stored."""
    return None if row.stored is None else exact.parse(row.stored, row.name)


def _shown(value: Any) -> str:
    text = exact.dump(value, exact.INDENT)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def people_of(workspace: Workspace) -> list[str]:
    """Whom a task can be assigned to: names to choose from, not a rule."""
    users = get_user_model()._default_manager.filter(is_active=True, groups__name__startswith=f"{workspace.slug}:")
    return [user.get_username() for user in users.order_by("username").distinct()[:MAX_PEOPLE]]


def _address(request: HttpRequest, whose: str) -> str:
    query = request.GET.copy()
    for name in ("whose", "after", "before", "from"):
        query.pop(name, None)
    if whose:
        query["whose"] = whose
    return f"?{query.urlencode()}"
