"""Why something is not offered: one sentence beside the disabled control."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from operate.workspaces import Access, Right
from operate.workspaces.roles import OPERATING
from workflow.models import ProcessInstance


class Reasons:
    """Asks each question about a workspace once a request, however many rows show the answer."""

    def __init__(self, access: Access, user: Any) -> None:
        self.user = user
        self._access = access
        self._known: dict[tuple[str, int], str] = {}

    @classmethod
    def of(cls, request: HttpRequest) -> Reasons:
        """The one of this request."""
        known: Reasons | None = getattr(request, "fettle_reasons", None)
        if known is None:
            known = request.fettle_reasons = cls(Access.of(request.user), request.user)  # type: ignore[attr-defined]
        return known

    def right(self, right: Right, workspace_id: int) -> str:
        """Why the right is missing; empty if it is held."""
        question = (right, workspace_id)
        if question not in self._known:
            self._known[question] = self._access.why_not(right, workspace_id)
        return self._known[question]

    def operating(self, workspace_id: int) -> str:
        """Why somebody does not work with process instances at all, and only looks at them."""
        held = any(self._access.may(right, workspace_id) for right in OPERATING)
        return "" if held else self.right(Right.MODIFY, workspace_id)

    def on_running(self, right: Right, instance: ProcessInstance) -> str:
        """As `right`, for what only running process instances allow."""
        if instance.state != ProcessInstance.State.ACTIVE:
            return _("This process instance has ended (%(state)s): nothing in it changes any more.") % {
                "state": instance.get_state_display().lower()
            }
        return self.right(right, instance.workspace_id)

    def of_instance(self, instance: ProcessInstance) -> dict[str, str]:
        """For each operation on a process instance why it is not offered, or an empty text."""
        running = {
            "variables": Right.EDIT_VARIABLES,
            "modify": Right.MODIFY,
            "cancel": Right.CANCEL,
            "suspend": Right.SUSPEND,
            "resolve": Right.RESOLVE_INCIDENT,
            "task": Right.COMPLETE_TASK,
            "event": Right.CORRELATE_MESSAGE,
        }
        why = {name: self.on_running(right, instance) for name, right in running.items()}
        why["resume"] = why["suspend"]
        if not why["suspend"]:
            why["suspend"] = _("It is suspended already.") if instance.suspended else ""
            why["resume"] = "" if instance.suspended else _("It is not suspended.")
        if not why["task"] and instance.suspended:
            why["task"] = _("The process instance is suspended. Resume it first.")
        why["job"] = "" if not self.on_running(Right.WORK_JOBS, instance) else why["resolve"]
        why["hold"] = self.on_running(Right.SUSPEND, instance)
        if not why["job"] and instance.suspended:
            why["job"] = _("The process instance is suspended. Resume it first.")
        if not why["resolve"] and instance.suspended:
            why["resolve"] = _("The process instance is suspended. Resume it first.")
        why["audit"] = self.right(Right.VIEW_AUDIT, instance.workspace_id)
        why["note"] = self.operating(instance.workspace_id)
        why["migrate"] = self.on_running(Right.MIGRATE, instance)
        why["restart"] = (
            _("It is running: only ended process instances are restarted.")
            if instance.state == ProcessInstance.State.ACTIVE
            else self.right(Right.RESTART, instance.workspace_id)
        )
        why["delete"] = (
            _("It is running. Cancel it first.")
            if instance.state == ProcessInstance.State.ACTIVE
            else self.right(Right.DELETE_INSTANCE, instance.workspace_id)
        )
        return why
