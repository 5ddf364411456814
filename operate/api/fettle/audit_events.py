"""The audit log: found by everything that an event tells, and exported."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.http import HttpResponseBase, QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import AuditEvent
from operate.api.fettle.base import FettleView
from operate.api.fettle.schema import OBJECT, OPTIONAL_TEXT, OPTIONAL_WHOLE, TEXT, all_of, array
from operate.audit_log.exporting import FORMATS, export
from operate.audit_log.telling import told
from operate.forms.audit_filter import AuditFilter
from operate.masking.masks import Masks
from operate.plans.json_form import schema_of
from operate.workspaces import Right
from workflow.engine.errors import Rejected

MOST = 1_000
EVENT = all_of(
    key=TEXT,
    at=TEXT,
    workspace=OPTIONAL_TEXT,
    actor=TEXT,
    on_behalf_of=TEXT,
    channel=TEXT,
    event=TEXT,
    subject=TEXT,
    result=TEXT,
    entity_type=TEXT,
    entity_key=OPTIONAL_TEXT,
    process_instance_key=OPTIONAL_TEXT,
    definition_key=OPTIONAL_TEXT,
    process_id=TEXT,
    reason=TEXT,
    message=TEXT,
    request_id=OPTIONAL_TEXT,
    url=TEXT,
    body=OBJECT,
    sequence=OPTIONAL_WHOLE,
    hash=OPTIONAL_TEXT,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for, as on the page of the audit log; all that is given has to hold.

    `since` and `until` are dates or moments (ISO 8601); `instance` and `key` one key or several with commas; `variable` is the
    name of a variable that was changed; `request` the id of a request.
    """

    actor: str = ""
    event: str = ""
    subject: str = ""
    result: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""
    workspace: str = ""
    instance: str = ""
    variable: str = ""
    process: str = ""
    key: str = ""
    request: str = ""


@dataclass(frozen=True, slots=True)
class Search(Filters):
    """The same, and which part: events come newest first, `after` is the `next` of the page before."""

    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Export(Filters):
    """The same, as a file: `json` or `csv`."""

    format: str = "json"


class AuditView(FettleView):
    """What the views of this resource share."""

    tag = "Audit log"

    def found(self, given: Filters) -> tuple[QuerySet[AuditEvent], AuditFilter]:
        """The events that the caller may see and that were asked for; Rejected says what is no filter."""
        data = QueryDict(mutable=True)
        data.update({name: value for name, value in asdict(given).items() if isinstance(value, str)})
        filters = AuditFilter(data, user=self.request.user)
        if given.workspace and given.workspace not in {each.slug for each in filters.workspaces}:
            raise Rejected(
                f"Expected 'workspace' to be the id of a workspace that you see, found '{given.workspace[:80]}'."
            )
        rows = filters.narrow(self.visible(AuditEvent.objects.all(), Right.VIEW_AUDIT))
        for name, problems in filters.errors.items():
            raise Rejected(f"'{name}': {problems[0]}")
        if given.workspace:
            rows = rows.filter(workspace__slug=given.workspace)
        return rows, filters


class SearchAuditEvents(AuditView):
    """Find audit events, newest first.

    Masked variables are masked in them, whatever the caller's rights; the page of an event reveals them, which is recorded.
    """

    request_body = schema_of(Search)
    answer = all_of(items=array(EVENT), next=OPTIONAL_TEXT)

    def post(self, request: Request) -> Response:
        given = self.read(Search)
        if not 1 <= given.limit <= MOST:
            raise Rejected(f"Expected 'limit' to be 1 to {MOST}, found {given.limit}.")
        rows, _filters = self.found(given)
        if given.after:
            rows = rows.filter(_older_than(given.after))
        newest = rows.annotate(slug=F("workspace__slug")).order_by("-at", "-key")
        page = list(newest[: given.limit + 1])
        masks = Masks.for_pages()
        items = [told(event, event.slug, masks) for event in page[: given.limit]]
        return Response({"items": items, "next": _cursor(page[given.limit - 1]) if len(page) > given.limit else None})


class ExportAuditEvents(AuditView):
    """All audit events that are asked for, newest first, as a stream: a JSON list with an event a line, or CSV.

    That somebody exported is an audit event itself.
    """

    request_body = schema_of(Export)
    answer = array(EVENT)

    def post(self, request: Request) -> HttpResponseBase:
        given = self.read(Export)
        if given.format not in FORMATS:
            raise Rejected(f"Expected 'format' to be one of {', '.join(FORMATS)}, found '{given.format[:40]}'.")
        rows, filters = self.found(given)
        if not self.access.may_anywhere(Right.VIEW_AUDIT):
            rows = rows.none()
        instances = filters.value("instance") or ()
        return export(
            request._request, rows, given.format, channel=self.channel, filters=filters.chosen, instances=instances
        )


def _cursor(event: AuditEvent) -> str:
    return base64.urlsafe_b64encode(json.dumps([event.at.isoformat(), event.key]).encode()).decode()


def _older_than(cursor: str) -> Q:
    try:
        moment, key = json.loads(base64.urlsafe_b64decode(cursor))
        at, key = datetime.fromisoformat(moment), int(key)
    except (ValueError, TypeError):
        raise Rejected(f"Expected 'after' to be the 'next' of a page, found '{cursor[:80]}'.") from None
    return Q(at__lt=at) | Q(at=at, key__lt=key)
