"""What stands around every page: the sidebar."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from operate.workspaces import Access, Right


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
        for title, icon, model in ((_("Users"), "person", "user"), (_("Groups"), "group", "group"))
    ]
    home = {
        "title": _("Overview"),
        "icon": "space_dashboard",
        "link": reverse("admin:index"),
        "active": request.path == "/",
    }
    return [
        {
            "items": [
                home,
                item(_("Process instances"), "account_tree", "workflow_processinstance"),
                item(_("Incidents"), "error", "workflow_incident"),
                item(_("Tasks"), "task_alt", "workflow_usertask"),
                item(_("Jobs"), "settings_suggest", "workflow_job"),
                item(_("Batches"), "dynamic_feed", "operate_batch"),
                item(_("Approvals"), "fact_check", "operate_draft"),
            ]
        },
        {
            "title": _("Models"),
            "items": [
                item(_("Process definitions"), "schema", "workflow_processdefinition"),
                item(_("Deployments"), "upload_file", "workflow_deployment"),
            ],
        },
        {
            "title": _("Administration"),
            "items": [
                item(_("Audit log"), "history", "audit_auditevent", Right.VIEW_AUDIT),
                item(_("Workspaces"), "workspaces", "workflow_workspace"),
                *people,
            ],
        },
    ]


def favicon(request: HttpRequest) -> str:
    """The sign in the browser's tab."""
    return static("fettle/favicon.svg")
