"""The page that one sees first: what runs, what stands still and why, and how it has been going lately.

It costs the same at a thousand process instances as at a million: failures are read by partial indexes, history is added up
beforehand, and what runs is estimated from a sample once it is a large number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from operate.admin.batches import running_batches
from operate.admin.charts import Day, durations, span, throughput
from operate.admin.definitions.running import Version, running_versions
from operate.admin.instance_list import LIST, current_elements
from operate.admin.reasons import Reasons
from operate.figures import HourlyFigure, added_up_until, by_day, percentile
from operate.forms.instance_filter import quoted_error
from operate.lists import SavedFilter
from operate.workspaces import Right, visible_to
from workflow.models import Incident, ProcessInstance, UserTask, Workspace
from workflow.persistence.connection import fetch

DAYS = 14
LISTED = 8
PROCESSES = 10
MOST_TASKS = 10_000
HEAD = 200
"""Incidents whose messages begin with the same so many characters are one failure."""
FAILURES = """
WITH counted AS (
  SELECT left(split_part(message, E'\\n', 1), %s::int) AS head, error_type, definition_key, count(*) AS incidents,
    count(DISTINCT process_instance_key) AS instances, min(created_at) AS since, max(created_at) AS newest
  FROM workflow_incident WHERE state = 'ACTIVE' AND workspace_id = ANY(%s::bigint[]) GROUP BY 1, 2, 3),
most AS (
  SELECT head, error_type, sum(incidents) AS incidents, sum(instances) AS instances, min(since) AS since, max(newest) AS newest
  FROM counted GROUP BY 1, 2 ORDER BY instances DESC, newest DESC LIMIT %s::int)
SELECT most.*, d.name, d.process_id, d.version, counted.incidents
FROM most JOIN counted USING (head, error_type) JOIN workflow_processdefinition d ON d.key = counted.definition_key
ORDER BY most.instances DESC, most.newest DESC, head, error_type, counted.incidents DESC, d.key
"""


@dataclass(slots=True)
class Process:
    """All versions of a process in one workspace."""

    name: str
    workspace: str
    query: str
    versions: list[Version] = field(default_factory=list)

    @property
    def running(self) -> int:
        return sum(each.running for each in self.versions)

    @property
    def incidents(self) -> int:
        return sum(each.incidents for each in self.versions)

    @property
    def well(self) -> int:
        """Those without an incident."""
        return self.running - self.incidents


@dataclass(slots=True)
class Failure:
    """All open incidents that say the same."""

    message: str
    error_type: str
    incidents: int
    instances: int
    since: datetime
    newest: datetime
    where: list[tuple[str, str, int]] = field(default_factory=list)
    """Of each process and version what it is called, the filters, and how many."""

    @property
    def query(self) -> str:
        return urlencode({"error": quoted_error(self.message)} if self.message else {"state": "incidents"})


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Of all workspaces that the user sees, or of the one that the address names."""
    user = request.user
    workspaces = list(visible_to(Workspace.objects.all(), user))
    chosen = next((each for each in workspaces if each.slug == request.GET.get("workspace")), None)
    shown = [chosen] if chosen else workspaces
    common = context | {
        "is_fullwidth": "1",
        "title": _("Overview · %(name)s") % {"name": chosen.name} if chosen else _("Overview"),
        "workspaces": workspaces,
        "chosen": chosen,
        "within": f"&workspace={chosen.slug}" if chosen else "",
    }
    if not workspaces:
        return common
    places = [each.pk for each in shown]
    versions, is_estimate = running_versions(places)
    processes = by_process(versions, {each.pk: each for each in workspaces})
    tasks = UserTask.objects.filter(state="CREATED", workspace__in=places)
    open_tasks = tasks.order_by()[: MOST_TASKS + 1].count()
    return common | {
        "total": {
            "running": sum(each.running for each in versions),
            "incidents": sum(each.incidents for each in versions),
            "suspended": sum(each.suspended for each in versions),
            "tasks": min(open_tasks, MOST_TASKS),
            "more_tasks": open_tasks > MOST_TASKS,
        },
        "is_estimate": is_estimate,
        "processes": processes[:PROCESSES],
        "more_processes": max(len(processes) - PROCESSES, 0),
        "widest": max((each.running for each in processes), default=0) or 1,
        "failures": failures(places),
        "stuck": stuck(places),
        "why_not_retry": Reasons.of(request).right(Right.RESOLVE_INCIDENT, places[0]) if len(places) == 1 else "",
        "my_tasks": tasks.filter(assignee=user.get_username()).order_by("-pk")[:LISTED],
        "saved": saved(user, workspaces),
        **running_batches(user),
        **lately(places),
    }


def by_process(versions: Iterable[Version], workspaces: Mapping[int, Workspace]) -> list[Process]:
    """Versions put together, the process with most running ones first."""
    found: dict[tuple[int, str], Process] = {}
    for version in sorted(versions, key=lambda each: -each.definition.version):
        definition = version.definition
        place = workspaces[definition.workspace_id]
        process = found.setdefault(
            (definition.workspace_id, definition.process_id),
            Process(
                definition.name or definition.process_id,
                place.name,
                urlencode({"process": definition.process_id, "workspace": place.slug})
                if len(workspaces) > 1
                else urlencode({"process": definition.process_id}),
            ),
        )
        process.versions.append(version)
    return sorted(found.values(), key=lambda each: (-each.running, each.name.lower()))


def failures(places: Sequence[int]) -> list[Failure]:
    """What most open incidents say, and in which processes."""
    found: dict[tuple[str, str], Failure] = {}
    for head, error_type, incidents, instances, since, newest, name, process_id, version, total in fetch(
        FAILURES, (HEAD, list(places), LISTED)
    ):
        failure = found.setdefault(
            (head, error_type), Failure(head, error_type, int(incidents), int(instances), since, newest)
        )
        query = f"{failure.query}&{urlencode({'process': process_id, 'version': version})}"
        failure.where.append((f"{name or process_id} v{version}", query, total))
    return list(found.values())


def stuck(places: Sequence[int]) -> Sequence[Any]:
    """The oldest process instances with an open incident."""
    rows = ProcessInstance.objects.with_incident().filter(state="ACTIVE", workspace__in=places)
    newest = Incident.objects.filter(process_instance=OuterRef("pk"), state="ACTIVE").order_by("-key")
    rows = rows.annotate(process_name=F("definition__name"), error=Subquery(newest.values("message")[:1]))
    found = list(rows.order_by("key")[:LISTED])
    elements = current_elements(found)
    for row in found:
        row.elements, row.error = elements.get(row.key, ""), row.error or ""
    return found


def saved(user: Any, workspaces: Sequence[Workspace]) -> list[SavedFilter]:
    """The filters of the list of process instances that the user may use."""
    usable = SavedFilter.objects.usable_by(user, [each.pk for each in workspaces]).filter(list_name=LIST)
    return list(usable.order_by("name")[: 2 * LISTED])


def lately(places: Sequence[int]) -> dict[str, Any]:
    """Throughput and durations of the last days."""
    until = added_up_until()
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    since = today - timedelta(days=DAYS - 1)
    totals: dict[tuple[Any, str], int] = Counter()
    histograms: dict[Any, dict[int, int]] = defaultdict(Counter)
    for moment, kind, bucket, number in by_day(since, list(places)):
        day = timezone.localtime(moment).date()
        totals[day, kind] += number
        if kind == HourlyFigure.Kind.COMPLETED:
            histograms[day][bucket] += number
    days = [
        Day(
            day,
            totals[day, HourlyFigure.Kind.STARTED],
            totals[day, HourlyFigure.Kind.COMPLETED],
            totals[day, HourlyFigure.Kind.CANCELED],
            dict(histograms[day]),
        )
        for day in ((since + timedelta(days=number)).date() for number in range(DAYS))
    ]
    together: Counter[int] = Counter()
    for day in days:
        together.update(day.durations)
    half, most = percentile(together, 0.5), percentile(together, 0.95)
    return {
        "days": DAYS,
        "until": until,
        "throughput": throughput(days),
        "durations": durations(days),
        "started": sum(day.started for day in days),
        "ended": sum(day.ended for day in days),
        "half": span(half) if half else "",
        "most": span(most) if most else "",
    }


__all__ = ["dashboard"]
