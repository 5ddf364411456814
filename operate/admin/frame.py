"""What stands around every page: the sidebar and the search."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from unfold.dataclasses import SearchResult

from operate.admin.wording import instance_state
from operate.forms.keys import key_of
from operate.workspaces import Access, Right, visible_to
from workflow.models import ProcessDefinition, ProcessInstance

FOUND = 8


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, with what the user may see."""
    access = Access.of(request.user)

    def item(title: str, icon: str, model: str, right: Right = Right.VIEW) -> dict[str, Any]:
        link = reverse(f"admin:{model}_changelist")
        return {
            "title": title,
            "icon": icon,
            "link": link,
            "active": request.path.startswith(link),
            "permission": lambda _request: access.may_anywhere(right),
        }

    superuser = bool(getattr(request.user, "is_superuser", False))
    people = [
        {
            "title": title,
            "icon": icon,
            "link": reverse(f"admin:auth_{model}_changelist"),
            "permission": lambda _request: superuser,
        }
        for title, icon, model in (("Users", "person", "user"), ("Groups", "group", "group"))
    ]
    home = {
        "title": "Overview",
        "icon": "space_dashboard",
        "link": reverse("admin:index"),
        "active": request.path == "/",
    }
    return [
        {
            "items": [
                home,
                item("Process instances", "account_tree", "workflow_processinstance"),
                item("Incidents", "error", "workflow_incident"),
                item("Tasks", "task_alt", "workflow_usertask"),
                item("Jobs", "settings_suggest", "workflow_job"),
                item("Batches", "dynamic_feed", "operate_batch"),
            ]
        },
        {
            "title": "Models",
            "items": [
                item("Process definitions", "schema", "workflow_processdefinition"),
                item("Deployments", "upload_file", "workflow_deployment"),
            ],
        },
        {
            "title": "Administration",
            "items": [
                item("Audit log", "history", "audit_auditevent", Right.VIEW_AUDIT),
                item("Workspaces", "workspaces", "workflow_workspace"),
                *people,
            ],
        },
    ]


def favicon(request: HttpRequest) -> str:
    """The sign in the browser's tab."""
    return static("fettle/favicon.svg")


def find(request: HttpRequest, text: str) -> list[SearchResult]:
    """For the command palette: process instances by key or business key, definitions by name."""
    text = text.replace("\x00", "").strip()
    condition = Q(business_key__iexact=text)
    key = key_of(text)
    if key is not None:
        condition |= Q(pk=key)
    found = [
        SearchResult(
            title=f"{instance.process_id} {instance.business_key or ''}".strip(),
            description=f"{instance_state(instance)[1]} process instance {instance.key}",
            link=reverse("admin:workflow_processinstance_change", args=[instance.key]),
            icon="account_tree",
        )
        for instance in visible_to(ProcessInstance.objects.filter(condition), request.user).order_by("-pk")[:FOUND]
    ]
    definitions = visible_to(ProcessDefinition.objects.filter(is_latest=True), request.user).defer("xml")
    named = definitions.filter(Q(name__icontains=text) | Q(process_id__icontains=text)).order_by("name")[:FOUND]
    found += [
        SearchResult(
            title=definition.name or definition.process_id,
            description=f"Process definition, version {definition.version}",
            link=reverse("admin:workflow_processdefinition_change", args=[definition.key]),
            icon="schema",
        )
        for definition in named
    ]
    return found
