"""Workspaces: who belongs to them, in which role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit.models import Channel, Event, Subject
from audit.record import NewAuditEvent, record
from operate.actions import request_id_of
from operate.admin.base import EngineModelAdmin, no_access
from operate.admin.reasons import Reasons
from operate.models import WorkspaceSettings
from operate.workspaces import Access, Right, Role, add_member, members, remove_member, visible_to
from operate.workspaces.roles import RIGHTS_OF_ROLE, WORKSPACE_ROLES
from workflow.models import Workspace
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import clock

ROLES = {
    Role.WORKSPACE_ADMIN: ("Workspace administrator", "Everything in this workspace, including variables and members."),
    Role.OPERATOR: ("Operator", "Repairs process instances: start, modify, cancel, suspend, resolve, complete tasks."),
    Role.SUPPORT: ("Support", "Reads process instances, variables and incidents."),
    Role.AUDITOR: ("Auditor", "Reads, and sees the audit log."),
    Role.WORKER: ("Job worker", "For programs: activates, completes and fails jobs, correlates messages."),
}


class WorkspaceForm(forms.ModelForm):
    """A workspace; its id names role groups, so it stays as it was first given."""

    audit_worker_traffic = forms.BooleanField(
        label=_("Audit job workers"),
        required=False,
        help_text=_("Record an audit event for each job that a worker activates, completes or fails."),
    )

    class Meta:
        model = Workspace
        fields = ["slug", "name", "description"]
        widgets = {"description": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name != "audit_worker_traffic":
                field.widget.attrs["class"] = "ft-input"
        if self.instance.pk:
            self.fields["slug"].disabled = True
            known = WorkspaceSettings.objects.filter(workspace=self.instance).first()
            self.fields["audit_worker_traffic"].initial = bool(known and known.audit_worker_traffic)


@admin.register(Workspace)
class WorkspaceAdmin(EngineModelAdmin):
    """Workspaces and their members."""

    list_template = "workspaces.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return visible_to(Workspace.objects.all(), request.user, Right.VIEW)

    def pages(self) -> list[URLPattern]:
        return [
            self.page("add/", "add", self.form_view),
            self.page("<int:key>/", "change", self.form_view),
            self.page("<int:key>/members/", "members", self.members_view),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        rows = list(self.get_queryset(request))
        for row in rows:
            row.why = Reasons.of(request).right(Right.MANAGE, row.pk)
        context = {"rows": rows, "why_not_add": why_not_add(request)}
        return self.render(request, self.list_template, "Workspaces", context)

    def form_view(self, request: HttpRequest, key: int | None = None) -> HttpResponseBase:
        """Change a workspace, or make one."""
        workspace = None if key is None else self.visible(request, key)
        why = why_not_add(request) if workspace is None else Reasons.of(request).right(Right.MANAGE, workspace.pk)
        form = WorkspaceForm(request.POST or None, instance=workspace)
        if request.method == "POST":
            if why:
                return no_access(request, self.admin_site, why)
            if form.is_valid():
                saved = self._save(request, form)
                messages.success(request, f"Workspace '{saved.name}' saved.")
                return redirect("admin:workflow_workspace_change", saved.pk)
        context = {"form": form, "workspace": workspace, "why": why, "roles": _roles(workspace)}
        context["people"] = get_user_model()._default_manager.filter(is_active=True).order_by("username")[:500]
        return self.render(request, "workspace.html", workspace.name if workspace else "Add workspace", context)

    @staticmethod
    def _save(request: HttpRequest, form: WorkspaceForm) -> Workspace:
        is_new = form.instance.pk is None
        with transaction():
            workspace: Workspace = form.save()
            WorkspaceSettings.objects.update_or_create(
                workspace=workspace, defaults={"audit_worker_traffic": form.cleaned_data["audit_worker_traffic"]}
            )
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            _record(request, workspace, Event.CREATE if is_new else Event.UPDATE, changes)
        return workspace

    @method_decorator(require_POST)
    def members_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Give a role to somebody, or take it away."""
        workspace = self.visible(request, key)
        Access.of(request.user).require(Right.MANAGE, workspace.pk)
        user = get_user_model()._default_manager.filter(username=request.POST.get("username", "")).first()
        role = request.POST.get("role", "")
        if user is None or role not in WORKSPACE_ROLES:
            messages.error(
                request, f"Expected a user and a role, found '{request.POST.get('username', '')}' and '{role}'."
            )
        else:
            adds = "remove" not in request.POST
            with transaction():
                (add_member if adds else remove_member)(user, workspace, role)
                _record(request, workspace, Event.UPDATE, {"member": user.get_username(), "role": role, "added": adds})
            said = "is now" if adds else "is no longer"
            messages.success(
                request, f"{user.get_full_name() or user.get_username()} {said} {ROLES[Role(role)][0].lower()}."
            )
        return redirect("admin:workflow_workspace_change", workspace.pk)


def why_not_add(request: HttpRequest) -> str:
    """Only the organisation's administrators make workspaces."""
    everywhere = Access.of(request.user).workspaces(Right.MANAGE) is None
    return "" if everywhere else "Only administrators of the organisation add workspaces."


def _roles(workspace: Workspace | None) -> Iterable[dict[str, Any]]:
    if workspace is None:
        return []
    return [
        {
            "role": role.value,
            "label": ROLES[role][0],
            "help": ROLES[role][1],
            "members": list(members(workspace, role)),
            "rights": sorted(right.value for right in RIGHTS_OF_ROLE[role]),
        }
        for role in WORKSPACE_ROLES
    ]


def _record(request: HttpRequest, workspace: Workspace, event: Event, body: dict[str, Any]) -> None:
    record(
        NewAuditEvent(
            event=event,
            subject=Subject.WORKSPACE,
            channel=Channel.ADMIN,
            at=clock(),
            workspace_id=workspace.pk,
            actor_id=request.user.pk,
            actor_name=request.user.get_username(),
            request_id=request_id_of(request),
            url=request.get_full_path(),
            entity_type=Subject.WORKSPACE,
            entity_key=workspace.pk,
            body=body,
        )
    )
