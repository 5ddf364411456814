"""The audit log: who did what to what, why, and with which result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.models import AuditEvent, Channel
from operate.actions.reveal import RevealAuditEvent
from operate.admin.four_eyes.recording import four_eyes_of
from operate.admin.paging import NEWER, OLDER, KeySlice
from operate.admin.reasons import Reasons
from operate.admin.time_paging import BY_TIME, newer_than, older_than
from operate.admin.undoing import UndoEventPages, link_of
from operate.audit_log.comparing import changes
from operate.audit_log.exporting import FORMATS, export
from operate.forms.audit_filter import AuditFilter
from operate.forms.json_values import json_text
from operate.masking.masks import Masks
from operate.workspaces import Right
from workflow.models import Workspace


@admin.register(AuditEvent)
class AuditEventAdmin(UndoEventPages):
    """Read-only: the database itself refuses to change audit events."""

    right = Right.VIEW_AUDIT
    filter_form = AuditFilter
    list_template = "audit_events.html"

    def pages(self) -> list[URLPattern]:
        return [
            self.page("export/<str:file_format>/", "export", self.export_view),
            self.page("<int:key>/", "change", self.event_view),
            self.page("<int:key>/reveal/", "reveal", self.reveal_view),
            self.page("<int:key>/undo/", "undo", self.undo_view),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The newest events that the filters find; the page before and after by time, nothing is counted."""
        filters = self.filters_of(request)
        rows = filters.narrow(self.get_queryset(request)).defer("body").annotate(workspace_name=F("workspace__name"))
        found = KeySlice.of(rows, request, self.page_size, BY_TIME)
        query = _filters_alone(request).urlencode()
        context = {
            "filters": filters,
            "slice": found,
            "rows": self.decorated(request, found.rows),
            "query": query,
        }
        return self.render(request, self.list_template, _("Audit log"), context)

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        query = _filters_alone(request).urlencode()
        for row in rows:
            row.link = _address(row, query)
        return rows

    @method_decorator(require_GET)
    def export_view(self, request: HttpRequest, file_format: str) -> HttpResponseBase:
        """All events that the filters find, as a file."""
        if file_format not in FORMATS:
            raise Http404(
                _("Expected one of the formats %(formats)s, found '%(file_format)s'.")
                % {"formats": ", ".join(FORMATS), "file_format": file_format}
            )
        filters = self.filters_of(request)
        if not self.has_view_permission(request) or not filters.is_valid():
            return self.changelist_view(request)
        rows = filters.narrow(self.get_queryset(request))
        instances = filters.value("instance") or ()
        return export(request, rows, file_format, channel=Channel.ADMIN, filters=filters.chosen, instances=instances)

    @method_decorator(require_GET)
    def event_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        return self._event_page(request, self.visible(request, key), is_revealed=False)

    @method_decorator(require_POST)
    def reveal_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """The event with what is masked in it; that it was shown is recorded first."""
        event = self.visible(request, key)
        RevealAuditEvent.of(request, Channel.ADMIN).execute(key)
        return self._event_page(request, event, is_revealed=True)

    def _event_page(self, request: HttpRequest, event: Any, *, is_revealed: bool) -> HttpResponseBase:
        masks = Masks({}) if is_revealed else Masks.for_pages()
        place = (event.workspace_id, event.process_id)
        body = masks.body(*place, event.body)
        snapshots = [
            {**row, "text": json_text(masks.value(*place, row["name"], row["value"]))}
            for row in event.snapshots.order_by("key").values("name", "value", "existed")
        ]
        rows = self.filters_of(request).narrow(self.get_queryset(request)).defer("body")
        query = _filters_alone(request).urlencode()
        here = (event.at, event.key)
        workspace = Workspace.objects.filter(pk=event.workspace_id).first()
        context = {
            "event": event,
            "undo": link_of(event),
            "workspace": workspace,
            "body": body,
            "changes": changes(body, event.body),
            "four_eyes": four_eyes_of(event, request),
            "snapshots": snapshots,
            "query": query,
            "is_revealed": is_revealed,
            "is_masked": body != event.body,
            "why_not_reveal": Reasons.of(request).right(Right.REVEAL, event.workspace_id) if workspace else "",
            "newer": _link(rows.filter(newer_than(here)).order_by("at", "key"), query),
            "older": _link(rows.filter(older_than(here)).order_by("-at", "-key"), query),
        }
        return self.render(request, "audit_event.html", str(event), context)


def _filters_alone(request: HttpRequest) -> QueryDict:
    query = request.GET.copy()
    for name in (NEWER, OLDER):
        query.pop(name, None)
    return query


def _link(rows: QuerySet[Any], query: str) -> str:
    found = rows.first()
    return _address(found, query) if found is not None else ""


def _address(event: Any, query: str) -> str:
    address = reverse("admin:audit_auditevent_change", args=[event.key])
    return f"{address}?{query}" if query else address
