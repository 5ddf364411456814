"""What the demo's people leave for each other: notes on process instances in trouble, a shared filter with an alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from audit.models import Channel
from operate import actions
from operate.alerts.configuring import set_up
from operate.demo.people import ADMINISTRATORS, OPERATORS
from operate.lists import SavedFilter
from operate.notes.models import NoteKind
from workflow.models import ProcessInstance, Workspace

WATCHED = "lending"
NOTES: tuple[tuple[str, NoteKind, str, bool], ...] = (
    (
        "incident",
        NoteKind.ROOT_CAUSE,
        "The partner's service is down since this morning, see https://status.example.com\nRetry once it is green again.",
        True,
    ),
    ("incident", NoteKind.INFORMATION, "Customer is informed and does not mind waiting until Thursday.", False),
    (
        "suspended",
        NoteKind.HANDOVER,
        "On hold until the missing document arrives. Late shift: please look at the inbox before you resume it.",
        True,
    ),
    ("active", NoteKind.WARNING, "Amount was corrected by hand. Check the contract before it goes out.", True),
)
"""Where, of which kind, what, and whether it stands on top of the page."""
FILTERS = {
    "incident": {"open_incidents__gt": 0},
    "suspended": {"suspended": True},
    "active": {"suspended": False, "open_incidents": 0},
}


def leave(users: Mapping[str, User], workspaces: Mapping[str, Workspace], now: datetime) -> None:
    """Write the notes in each workspace, on the newest process instances that they fit, and set the alert."""
    for slug, workspace in workspaces.items():
        operator = users[OPERATORS[slug]]
        for position, (where, kind, text, is_pinned) in enumerate(NOTES):
            running = ProcessInstance.objects.filter(workspace=workspace, state="ACTIVE", **FILTERS[where])
            found = running.order_by("-started_at", "-key").first()
            if found is not None:
                at = max(found.started_at, now - timedelta(minutes=20 * (len(NOTES) - position)))
                add = actions.AddNote(operator, channel=Channel.ADMIN, now=at)
                add.execute(found.key, text, kind=kind, is_pinned=is_pinned)
    _watch(users[ADMINISTRATORS[WATCHED]], workspaces[WATCHED])


def _watch(administrator: User, workspace: Workspace) -> None:
    """Somebody wants to know when there are many incidents."""
    saved, _is_new = SavedFilter.objects.get_or_create(
        list_name="process_instances",
        owner=administrator,
        name="Incidents in Lending",
        defaults={"query": f"state=incidents&workspace={workspace.slug}", "workspace": workspace},
    )
    set_up(administrator, saved, workspace, {"threshold": 10, "for_minutes": 10, "to_role": "OPERATOR"})


__all__ = ["leave"]
