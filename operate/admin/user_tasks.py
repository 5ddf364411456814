"""User tasks: the work list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from audit.models import Channel
from operate.actions import AssignUserTask, CompleteUserTask
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.process_instances import own_address
from operate.admin.reasons import Reasons
from operate.forms.filters import UserTaskFilter
from operate.forms.json_values import json_text, variables_of
from operate.workspaces import Right
from workflow.models import UserTask, Variable


@admin.register(UserTask)
class UserTaskAdmin(EngineModelAdmin):
    """Read-only but for claiming and completing."""

    filter_form = UserTaskFilter
    list_template = "tasks.html"

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

    def pages(self) -> list[URLPattern]:
        return [
            self.page("<int:key>/", "change", self.task_view),
            self.page("<int:key>/assign/", "assign", self.assign_view),
        ]

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        for row in rows:
            row.why = self._why_not(request, row)
        return rows

    @staticmethod
    def _why_not(request: HttpRequest, task: UserTask) -> str:
        if task.state != UserTask.State.CREATED:
            return f"This task is {task.get_state_display().lower()}."
        if task.suspended:
            return "The process instance is suspended. Resume it first."
        return Reasons.of(request).right(Right.COMPLETE_TASK, task.workspace_id)

    def task_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """One task with the variables that it sees; a POST completes it."""
        task = self.visible(request, key)
        text, error = "{}", ""
        if request.method == "POST":
            text = request.POST.get("variables", "")
            try:
                CompleteUserTask.of(request, Channel.ADMIN).execute(key, variables=variables_of(text))
            except REFUSALS as refusal:
                error = refusal_of(refusal)["message"]
            else:
                messages.success(request, f"Task '{task.name or task.element_id}' completed.")
                return redirect("admin:workflow_processinstance_change", task.process_instance_key)
        scopes = [task.process_instance_key, task.element_instance_key]
        rows = Variable.objects.filter(scope_key__in=scopes).order_by("name")
        context = {
            "task": task,
            "why": self._why_not(request, task),
            "text": text,
            "error": error,
            "variables": [{"name": row.name, "text": json_text(row.value), "type": row.type} for row in rows],
        }
        title = task.name or task.element_id
        return self.render(request, "task.html", title, context, status=400 if error else 200)

    @method_decorator(require_POST)
    def assign_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Claim the task, or give it back."""
        task = self.visible(request, key)
        assignee = None if "release" in request.POST else request.user.get_username()
        try:
            AssignUserTask.of(request, Channel.ADMIN).execute(key, assignee, only_if_free=assignee is not None)
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        else:
            said = "is yours now" if assignee else "was given back"
            messages.success(request, f"Task '{task.name or task.element_id}' {said}.")
        return redirect(own_address(request.POST.get("back", "")) or "admin:workflow_usertask_changelist")
