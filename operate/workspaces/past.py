"""What was configured, by whom and when: the history of every kind of configuration of a workspace, told as differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from operate.alerts.models import Alert
from operate.approvals.models import ApprovalPolicy
from operate.masking.models import MaskedVariable
from operate.models import RoleGrant, SavedFilter, WorkspaceSettings
from operate.notifications.models import Webhook
from workflow.models import ProcessDataPath, Workspace

MOST = 100
"""Versions of one kind that are shown."""
EVENTS = {"+": "added", "~": "changed", "-": "removed"}
TOLD = {
    "added": gettext_lazy("%(what)s added"),
    "changed": gettext_lazy("%(what)s changed"),
    "removed": gettext_lazy("%(what)s removed"),
}
KINDS: tuple[tuple[Any, Promise, str], ...] = (
    (Workspace, gettext_lazy("Workspace"), "id"),
    (WorkspaceSettings, gettext_lazy("Settings"), "workspace_id"),
    (RoleGrant, gettext_lazy("Role"), "workspace_id"),
    (MaskedVariable, gettext_lazy("Masked variable"), "workspace_id"),
    (ProcessDataPath, gettext_lazy("Searchable data"), "workspace_id"),
    (SavedFilter, gettext_lazy("Shared filter"), "workspace_id"),
    (Alert, gettext_lazy("Alert"), "workspace_id"),
    (ApprovalPolicy, gettext_lazy("Approval policy"), "workspace_id"),
    (Webhook, gettext_lazy("Webhook"), "workspace_id"),
)
"""Every kind of configuration: its model, its name, and the column that tells the workspace."""
UNTOLD = frozenset({"id", "workspace", "granted_at", "created_at", "process_id"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """One change of one thing."""

    at: datetime
    who: str
    kind: str | Promise
    event: str
    what: str
    process_id: str
    differences: tuple[Difference, ...]

    @property
    def text(self) -> str:
        """What was done to which kind of configuration."""
        return str(TOLD[self.event] % {"what": self.kind})


def past(workspace: Workspace, *, process_id: str = "", kinds: tuple[Any, ...] = ()) -> list[Version]:
    """The changes of a workspace's configuration, newest first; of one process, or of some kinds."""
    found: list[Version] = []
    for model, label, column in KINDS:
        if kinds and model not in kinds:
            continue
        rows = model.history.filter(**{column: workspace.pk})
        if process_id:
            rows = rows.filter(process_id=process_id)
        found += _versions(rows, label)
    return sorted(found, key=lambda version: version.at, reverse=True)


def _versions(rows: QuerySet[Any], label: str | Promise) -> Iterator[Version]:
    for row in rows.select_related("history_user").order_by("-history_date", "-history_id")[:MOST]:
        before = row.prev_record if row.history_type == "~" else None
        yield Version(
            row.history_date,
            row.history_user.get_username() if row.history_user else gettext("system"),
            label,
            EVENTS[row.history_type],
            _name(row),
            getattr(row, "process_id", ""),
            tuple(_differences(before, row)),
        )


def _name(row: Any) -> str:
    try:
        return str(row.instance)
    except Exception:  # what it names is gone, and only its own columns are left
        return ""


def _differences(before: Any, after: Any) -> Iterator[Difference]:
    for field in after.tracked_fields:
        if field.name in UNTOLD:
            continue
        old, new = (_text(getattr(row, field.attname)) if row else "" for row in (before, after))
        if after.history_type == "-":
            old, new = new, ""
        is_told = after.history_type == "~" or "False" not in (old, new)  # what is off in something new says nothing
        if old != new and is_told:
            yield Difference(str(field.verbose_name), _shown(field, old), _shown(field, new))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _shown(field: Any, text: str) -> str:
    """A reference by the name of what it refers to, as long as that is there; whether something is so in words."""
    if isinstance(field, BooleanField) and text:
        return gettext("yes") if text == str(True) else gettext("no")
    if not field.is_relation or not text:
        return text
    found = field.related_model._default_manager.filter(pk=text).first()
    return str(found) if found is not None else text
