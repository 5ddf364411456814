"""The audit log: who did what to what, why, and with which result."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from audit.models import AuditEvent
from operate.admin.base import EngineModelAdmin
from operate.forms.audit_filter import AuditFilter
from operate.forms.json_values import json_text
from operate.workspaces import Right


@admin.register(AuditEvent)
class AuditEventAdmin(EngineModelAdmin):
    """Read-only: the database itself refuses to change audit events."""

    right = Right.VIEW_AUDIT
    filter_form = AuditFilter
    list_template = "audit_events.html"

    def pages(self) -> list[URLPattern]:
        return [self.page("<int:key>/", "change", self.event_view)]

    @method_decorator(require_GET)
    def event_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        event: Any = self.visible(request, key)
        snapshots = [
            {"name": row.name, "text": json_text(row.value) if row.existed else "", "existed": row.existed}
            for row in event.snapshots.order_by("key")
        ]
        context = {"event": event, "body": json_text(event.body), "snapshots": snapshots}
        return self.render(request, "audit_event.html", str(event), context)
