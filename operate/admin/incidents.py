"""Incidents: what stands still, and trying it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.models import Channel, Subject
from operate.actions import ResolveIncident
from operate.admin.answers import REFUSALS, refusal_of, sent_back
from operate.admin.exporting import Columns, ExportedList
from operate.admin.process_instances import own_address
from operate.admin.reasons import Reasons
from operate.forms.filters import IncidentFilter
from operate.forms.keys import keys_of
from operate.workspaces import Right
from workflow.models import Incident

MAX_SELECTED = 500
RETRIES = re.compile("[1-9][0-9]?")

COLUMNS: dict[str, Callable[[Any], Any]] = {
    "key": lambda row: row.key,
    "process_instance_key": lambda row: row.process_instance_key,
    "business_key": lambda row: row.business_key,
    "process_id": lambda row: row.process_id,
    "element_id": lambda row: row.element_id,
    "type": lambda row: row.error_type,
    "message": lambda row: row.message,
    "state": lambda row: row.state,
    "created_at": lambda row: row.created_at,
    "resolved_at": lambda row: row.resolved_at,
    "workspace": lambda row: row.workspace_name,
}
"""What a file has of each incident."""


@admin.register(Incident)
class IncidentAdmin(ExportedList):
    """Read-only but for resolving."""

    filter_form = IncidentFilter
    list_template = "incidents.html"
    exported = Subject.INCIDENT

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
        return [self.page("resolve/", "resolve", self.resolve_view)]

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        for row in rows:
            row.why = (
                _("It is resolved.")
                if row.state != Incident.State.ACTIVE
                else Reasons.of(request).right(Right.RESOLVE_INCIDENT, row.workspace_id)
            )
        return rows

    @method_decorator(require_POST)
    def resolve_view(self, request: HttpRequest) -> HttpResponse:
        """Try the chosen ones again, each on its own; jobs without retries get the number entered."""
        retries = request.POST.get("retries", "")
        action = ResolveIncident.of(request, Channel.ADMIN, reason=request.POST.get("reason", ""))
        rows = list(self.get_queryset(request).filter(pk__in=keys_of(request.POST.getlist("key"))[:MAX_SELECTED]))
        refused = []
        for row in rows:
            try:
                action.execute(row.key, retries=int(retries) if RETRIES.fullmatch(retries) and row.job_key else None)
            except REFUSALS as refusal:
                refused.append(f"{row.key}: {refusal_of(refusal)['message']}")
        if len(rows) > len(refused):
            done = len(rows) - len(refused)
            messages.success(
                request,
                _("%(done)s of %(all)s incidents resolved.") % {"done": done, "all": len(rows)}
                if len(rows) > 1
                else _("Incident resolved."),
            )
        for text in refused[:10]:
            messages.error(request, text)
        back = own_address(request.POST.get("back", "")) or reverse("admin:workflow_incident_changelist")
        return sent_back(request, back)
