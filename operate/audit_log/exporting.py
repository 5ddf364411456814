"""Exports of the audit log: read through a cursor of the database and sent as they are read, whatever their length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from audit.models import AuditEvent, Channel, Event, Subject
from audit.record import NewAuditEvent, record
from operate.actions import request_id_of
from operate.audit_log.telling import as_csv, as_json, told
from operate.masking.masks import Masks
from operate.tables import CSV
from workflow.models import ProcessInstance
from workflow.persistence.unit_of_work import clock

FORMATS = {
    "csv": (CSV, as_csv),
    "json": ("application/json", as_json),
}
CHUNK = 500


def exported(rows: QuerySet[AuditEvent], masks: Masks) -> Iterator[dict[str, Any]]:
    """The events, newest first; of a long export only a chunk is in memory."""
    with transaction.atomic():
        newest = rows.annotate(slug=F("workspace__slug")).order_by("-at", "-key")
        for event in newest.iterator(chunk_size=CHUNK):
            yield told(event, event.slug, masks)


def export(
    request: HttpRequest,
    rows: QuerySet[AuditEvent],
    file_format: str,
    *,
    channel: Channel,
    filters: dict[str, Any],
    instances: Iterable[int] = (),
) -> StreamingHttpResponse:
    """A file with these events. That somebody took it away is an audit event itself."""
    content_type, write = FORMATS[file_format]
    _record(request, channel, {"format": file_format, "filters": filters}, list(instances))
    rows = rows.exclude(request_id=request_id_of(request))  # the export itself
    answer = StreamingHttpResponse(write(exported(rows, Masks.for_pages())), content_type=content_type)
    name = f"audit-{timezone.now():%Y%m%d-%H%M%S}.{file_format}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _record(request: HttpRequest, channel: Channel, body: dict[str, Any], instances: list[int]) -> None:
    case = ProcessInstance.objects.filter(pk=instances[0]).first() if len(instances) == 1 else None
    record(
        NewAuditEvent(
            event=Event.EXPORT,
            subject=Subject.AUDIT_LOG,
            channel=channel,
            at=clock(),
            actor_id=request.user.pk,
            actor_name=request.user.get_username(),
            request_id=request_id_of(request),
            url=request.get_full_path(),
            workspace_id=case.workspace_id if case else None,
            process_instance_key=case.key if case else None,
            definition_key=case.definition_key if case else None,
            process_id=case.process_id if case else "",
            body=body,
        )
    )
