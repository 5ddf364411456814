"""Workspaces: who belongs to them in which role, who may do what and why, and what was configured before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.models import Channel
from operate.actions.workspaces import AddWorkspace, ChangeWorkspace, GrantRole, RevokeRole
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.reasons import Reasons
from operate.forms.workspaces import WorkspaceForm
from operate.workspaces import (
    RIGHTS_OF_ROLE,
    Access,
    Forbidden,
    Right,
    Role,
    groups_with,
    is_role_group,
    members,
    visible_to,
)
from operate.workspaces.explaining import Holder, Source, holders
from operate.workspaces.past import past
from operate.workspaces.roles import WORKSPACE_ROLES
from workflow.models import Workspace

ROLES = {
    Role.WORKSPACE_ADMIN: (
        gettext_lazy("Workspace administrator"),
        gettext_lazy("Everything in this workspace, including variables and members."),
    ),
    Role.OPERATOR: (
        gettext_lazy("Operator"),
        gettext_lazy("Repairs process instances: start, modify, cancel, suspend, resolve, complete tasks."),
    ),
    Role.SUPPORT: (gettext_lazy("Support"), gettext_lazy("Reads process instances, variables and incidents.")),
    Role.AUDITOR: (gettext_lazy("Auditor"), gettext_lazy("Reads, and sees the audit log.")),
    Role.WORKER: (
        gettext_lazy("Job worker"),
        gettext_lazy("For programs: activates, completes and fails jobs, correlates messages."),
    ),
}
RIGHT_LABELS = dict(Workspace._meta.permissions)
MOST_PEOPLE = 500
MOST_COLUMNS = 60


@admin.register(Workspace)
class WorkspaceAdmin(EngineModelAdmin):
    """Workspaces and their members."""

    list_template = "workspaces.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return visible_to(Workspace.objects.all(), request.user, Right.VIEW)

    def pages(self) -> list[URLPattern]:
        return [
            self.page("add/", "add", self.add_view),
            self.page("<int:key>/", "change", self.workspace_view),
            self.page("<int:key>/members/", "members", self.members_view),
            self.page("<int:key>/rights/", "rights", self.rights_view),
            self.page("<int:key>/history/", "history", self.history_view),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        rows = list(self.get_queryset(request))
        reasons = Reasons.of(request)
        for row in rows:
            row.why = reasons.right(Right.MANAGE, row.pk)
            row.why_not_rights = why_not_rights(request, row)
            row.why_not_audit = reasons.right(Right.VIEW_AUDIT, row.pk)
        context = {"rows": rows, "why_not_add": why_not_add(request)}
        return self.render(request, self.list_template, _("Workspaces"), context)

    # -- making and changing

    def add_view(self, request: HttpRequest) -> HttpResponseBase:
        """Make a workspace."""
        form = WorkspaceForm(request.POST if request.method == "POST" else None)

        def save() -> Workspace:
            return AddWorkspace.of(request, Channel.ADMIN).execute(**form.cleaned_data)

        return self._form(request, form, save) or self._page(request, form, None)

    def workspace_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """A workspace with its members; a POST changes it."""
        workspace = self.visible(request, key)
        form = WorkspaceForm(request.POST if request.method == "POST" else None, workspace=workspace)

        def save() -> Workspace:
            return ChangeWorkspace.of(request, Channel.ADMIN).execute(workspace.pk, form.changes)

        return self._form(request, form, save) or self._page(request, form, workspace)

    @staticmethod
    def _form(request: HttpRequest, form: WorkspaceForm, save: Callable[[], Workspace]) -> HttpResponse | None:
        """Where to go once it is saved; None while there is nothing to save, or it was refused."""
        if request.method != "POST" or not form.is_valid():
            return None
        try:
            saved = save()
        except Forbidden:
            raise
        except REFUSALS as refusal:
            form.add_error(None, refusal_of(refusal)["message"])
            return None
        messages.success(request, _("Workspace '%(name)s' saved.") % {"name": saved.name})
        return redirect("admin:workflow_workspace_change", saved.pk)

    def _page(self, request: HttpRequest, form: WorkspaceForm, workspace: Workspace | None) -> HttpResponseBase:
        why = why_not_add(request) if workspace is None else Reasons.of(request).right(Right.MANAGE, workspace.pk)
        context: dict[str, Any] = {"form": form, "workspace": workspace, "why": why, "roles": _roles(workspace)}
        if workspace is not None:
            context["why_not_rights"] = why_not_rights(request, workspace)
            context["why_not_audit"] = Reasons.of(request).right(Right.VIEW_AUDIT, workspace.pk)
            if not why:
                context["people"] = _people()
                context["groups"] = [group for group in Group.objects.order_by("name") if not is_role_group(group)]
        status = 400 if form.is_bound else 200
        title = workspace.name if workspace else _("Add workspace")
        return self.render(request, "workspace.html", title, context, status=status)

    @method_decorator(require_POST)
    def members_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Give a role to a user or a group, or take it away."""
        workspace = self.visible(request, key)
        name, role = request.POST.get("name", ""), request.POST.get("role", "")
        user = get_user_model()._default_manager.filter(username=name).first() if name else None
        group = Group.objects.filter(name=request.POST.get("group", "")).first()
        adds = "remove" not in request.POST
        action = (GrantRole if adds else RevokeRole).of(request, Channel.ADMIN)
        try:
            action.execute(workspace.pk, role, user=user, group=group)
        except Forbidden:
            raise
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        else:
            who = group.name if group else user.get_full_name() or user.get_username()
            said = (
                _("%(who)s now has the role “%(role)s”.") if adds else _("%(who)s no longer has the role “%(role)s”.")
            )
            messages.success(request, said % {"who": who, "role": ROLES[Role(role)][0]})
        return redirect("admin:workflow_workspace_change", workspace.pk)

    # -- looking

    @method_decorator(require_GET)
    def rights_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """Who may do what here, and why."""
        workspace = self.visible(request, key)
        _require_rights(request, workspace)
        found = holders(workspace)
        wanted = request.GET.get("q", "").strip().lower()
        chosen = [each for each in found if wanted in f"{each.user.get_full_name()} {each.user.get_username()}".lower()]
        shown = chosen[:MOST_COLUMNS]
        context = {
            "workspace": workspace,
            "people": shown,
            "rows": _matrix(shown),
            "q": request.GET.get("q", ""),
            "left_out": len(chosen) - len(shown),
            "why": Reasons.of(request).right(Right.MANAGE, workspace.pk),
        }
        return self.render(
            request, "workspace/rights.html", _("Who may do what in %(name)s") % {"name": workspace.name}, context
        )

    @method_decorator(require_GET)
    def history_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """What was configured, by whom, with the difference."""
        workspace = self.visible(request, key)
        _require_rights(request, workspace)
        context = {"workspace": workspace, "versions": past(workspace)}
        return self.render(
            request, "workspace/history.html", _("History of %(name)s") % {"name": workspace.name}, context
        )


def why_not_add(request: HttpRequest) -> str:
    """Only the organisation's administrators make workspaces."""
    everywhere = Access.of(request.user).workspaces(Right.MANAGE) is None
    return "" if everywhere else _("Only administrators of the organisation add workspaces.")


def why_not_rights(request: HttpRequest, workspace: Workspace) -> str:
    """Who manages the workspace, or audits it, sees who may do what."""
    reasons = Reasons.of(request)
    return reasons.right(Right.VIEW_AUDIT, workspace.pk) and reasons.right(Right.MANAGE, workspace.pk)


def _require_rights(request: HttpRequest, workspace: Workspace) -> None:
    access = Access.of(request.user)
    if not access.may(Right.VIEW_AUDIT, workspace.pk):
        access.require(Right.MANAGE, workspace.pk)


def _people() -> QuerySet[Any]:
    return get_user_model()._default_manager.filter(is_active=True).order_by("username")[:MOST_PEOPLE]


def _roles(workspace: Workspace | None) -> Iterable[dict[str, Any]]:
    if workspace is None:
        return []
    return [
        {
            "role": role.value,
            "label": ROLES[role][0],
            "help": ROLES[role][1],
            "members": list(members(workspace, role)),
            "groups": list(groups_with(workspace, role)),
            "rights": sorted(right.value for right in RIGHTS_OF_ROLE[role]),
        }
        for role in WORKSPACE_ROLES
    ]


def _cell(sources: Iterable[Source]) -> dict[str, str]:
    """From where a right comes, in short and in full."""
    found = list(sources)
    return {
        "short": ", ".join(sorted({source.label for source in found})),
        "full": ", ".join(sorted({str(source) for source in found})),
    }


def _matrix(people: Iterable[Holder]) -> list[dict[str, Any]]:
    """A row a right, a cell a person: from where the right comes."""
    shown = list(people)
    return [
        {
            "right": right.value,
            "label": gettext(RIGHT_LABELS[right.value]),
            "cells": [_cell(each.rights.get(right, ())) for each in shown],
        }
        for right in Right
    ]
