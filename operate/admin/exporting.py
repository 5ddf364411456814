"""Lists as CSV: all that the filters find, read through a cursor of the database and sent as it is read, whatever its length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from audit.models import Channel, Event, Subject
from audit.record import NewAuditEvent, record
from operate.actions import request_id_of
from operate.admin.base import EngineModelAdmin
from operate.tables import CSV, csv_lines
from workflow.persistence.transaction import transaction as one_transaction
from workflow.persistence.unit_of_work import clock

CHUNK = 500
MAX_COUNTED = 100_000
"""Who waits for a longer file is told that it is longer."""
NOT_FILTERS = ("before", "after", "from", "sort")

Columns = Mapping[str, Callable[[Any], Any]]
"""What each column is called, in no particular language, and what it shows of a row."""


class ExportedList(EngineModelAdmin):
    """A list that can be taken away as a file. That somebody did so is an audit event in each workspace that is in it."""

    exported: ClassVar[Subject]

    def get_urls(self) -> list[URLPattern]:
        return [self.page("export/", "export", self.csv_view), *super().get_urls()]

    def export_columns(self, request: HttpRequest) -> Columns:
        """The columns of the file."""
        raise NotImplementedError

    def export_rows(self, columns: Columns, rows: Sequence[Any]) -> Sequence[Any]:
        """Some rows with what the columns show besides; a number of queries that does not grow with them."""
        return rows

    @method_decorator(require_GET)
    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        """All rows that the filters find, newest first; the list itself where a filter is wrong, which says so."""
        filters = self.filters_of(request)
        if not self.has_view_permission(request) or not filters.is_valid():
            return self.changelist_view(request)
        rows = filters.narrow(self.get_queryset(request))
        columns = self.export_columns(request)
        total = rows.order_by()[: MAX_COUNTED + 1].count()
        self._record(request, filters, columns, total)
        name = f"{self.exported.lower().replace(' ', '-')}s-{timezone.now():%Y%m%d-%H%M%S}.csv"
        answer = StreamingHttpResponse(csv_lines(tuple(columns), self._read(columns, rows)), content_type=CSV)
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        answer["Cache-Control"] = "no-store"
        answer["X-Rows"] = str(total) if total <= MAX_COUNTED else f"{MAX_COUNTED}+"
        return answer

    def _read(self, columns: Columns, rows: QuerySet[Any]) -> Iterator[list[Any]]:
        with transaction.atomic():
            found = rows.order_by("-pk").iterator(chunk_size=CHUNK)
            while some := list(islice(found, CHUNK)):
                for row in self.export_rows(columns, some):
                    yield [value(row) for value in columns.values()]

    def _record(self, request: HttpRequest, filters: Any, columns: Columns, total: int) -> None:
        chosen = {name: request.GET.getlist(name) for name in request.GET if name not in NOT_FILTERS}
        slug = filters.value("workspace")
        with one_transaction():
            for workspace in filters.workspaces:
                if slug and workspace.slug != slug:
                    continue
                record(
                    NewAuditEvent(
                        event=Event.EXPORT,
                        subject=self.exported,
                        channel=Channel.ADMIN,
                        at=clock(),
                        actor_id=request.user.pk,
                        actor_name=request.user.get_username(),
                        request_id=request_id_of(request),
                        url=request.get_full_path(),
                        workspace_id=workspace.pk,
                        body={
                            "format": "csv",
                            "filters": {
                                name: values[0] if len(values) == 1 else values for name, values in chosen.items()
                            },
                            "columns": list(columns),
                            "rows": total,
                            "more": total > MAX_COUNTED,
                        },
                    )
                )


__all__ = ["CHUNK", "Columns", "ExportedList"]
