"""What somebody should know before saving: where the old values live on. Each is told only when it applies.

The variables that a job's worker has are those of the moment it took the job, a called process instance has those that it was given
when it began, and going back to an earlier task brings back those of then. An edit changes none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from operate.variables.reading import Scope, name_of
from workflow.graph import ExecutableProcess
from workflow.models import ProcessInstance, ProcessSnapshot
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import executable_process
from workflow.persistence.unit_of_work import clock

LISTED = 20
CALLED_INSTANCES, BACK_NAVIGATION, IN_FLIGHT = "called_instances", "back_navigation", "in_flight"

INSIDE = """
WITH RECURSIVE inside AS (
  SELECT %(scope)s::bigint AS key
  UNION ALL
  SELECT e.key FROM workflow_elementinstance e JOIN inside i ON e.flow_scope_key = i.key
  WHERE e.process_instance_key = %(instance)s::bigint AND e.state IN ('ACTIVATING', 'ACTIVE', 'COMPLETING'))
"""
CALLED = """
SELECT c.key, c.process_id, coalesce(nullif(d.name, ''), c.process_id), e.element_id, c.started_at, count(*) OVER ()
FROM workflow_processinstance c
JOIN workflow_processdefinition d ON d.key = c.definition_key
JOIN workflow_elementinstance e ON e.key = c.parent_element_instance_key
WHERE c.parent_process_instance_key = %(instance)s::bigint AND c.state = 'ACTIVE' {inside}
ORDER BY c.key LIMIT 20
"""
JOBS = """
SELECT j.key, j.element_id, j.type, j.worker, j.locked_until, j.created_at, count(*) OVER ()
FROM workflow_job j JOIN workflow_elementinstance e ON e.key = j.element_instance_key
WHERE j.process_instance_key = %(instance)s::bigint AND j.kind = 'EXTERNAL' AND j.state IN ('CREATED', 'FAILED')
  AND j.worker <> '' AND j.locked_until > %(now)s::timestamptz {inside}
ORDER BY j.key LIMIT 20
"""
MESSAGES = """
SELECT s.key, s.element_id, s.name, s.created_at, sent.element_id, count(*) OVER ()
FROM workflow_eventsubscription s
JOIN workflow_elementinstance e ON e.key = s.element_instance_key
JOIN LATERAL (
  SELECT o.element_id FROM workflow_elementinstance o
  WHERE o.process_instance_key = %(instance)s::bigint AND o.state = 'COMPLETED' AND o.ended_at <= s.created_at
    AND o.element_type IN ('SEND_TASK', 'SERVICE_TASK', 'BUSINESS_RULE_TASK', 'INTERMEDIATE_THROW_EVENT')
  ORDER BY o.ended_at DESC, o.key DESC LIMIT 1) sent ON true
WHERE s.process_instance_key = %(instance)s::bigint AND s.kind = 'MESSAGE' AND s.state = 'CREATED'
  AND e.element_type IN ('RECEIVE_TASK', 'INTERMEDIATE_CATCH_EVENT', 'EVENT_BASED_GATEWAY') {inside}
ORDER BY s.key LIMIT 20
"""
IS_INSIDE = "AND e.key = ANY(ARRAY(SELECT key FROM inside))"


@dataclass(frozen=True, slots=True)
class Link:
    """What a warning is about, to be opened: a process instance, a job, or an element on the diagram."""

    kind: str
    label: str
    key: int | None = None
    element_id: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Warning:
    """One thing that an edit does not change although one might think so; `total` may be more than is listed."""

    code: str
    sentence: str
    links: Sequence[Link]
    total: int
    since: datetime | None = None


def warnings(instance: ProcessInstance, scope: Scope) -> list[Warning]:
    """What to know before variables of this scope are saved; four queries."""
    process = executable_process(instance.definition_key)
    is_root = scope.key == instance.key
    params = {"scope": str(scope.key), "instance": str(instance.key), "now": clock()}

    def rows(sql: str) -> list[tuple[Any, ...]]:
        text = sql.format(inside="" if is_root else IS_INSIDE)
        return fetch(text if is_root else INSIDE + text, params)

    return [
        *_called(process, rows(CALLED)),
        *_back_navigation(process, instance, scope),
        *_jobs(process, rows(JOBS)),
        *_messages(process, rows(MESSAGES)),
    ]


def _called(process: ExecutableProcess, rows: Sequence[tuple[Any, ...]]) -> Iterable[Warning]:
    if not rows:
        return
    total = rows[0][-1]
    links = [
        Link("process_instance", f"{name} ({key})", key, element_id, started_at)
        for key, _id, name, element_id, started_at, _ in rows
    ]
    names = _enumerated([f"'{row[2]}'" for row in rows], total)
    sentence = ngettext(
        "%(number)s called process instance (%(names)s) runs and keeps the values that were passed on at the call. "
        "Edit them separately if they have to agree.",
        "%(number)s called process instances (%(names)s) run and keep the values that were passed on at the call. "
        "Edit them separately if they have to agree.",
        total,
    ) % {"number": total, "names": names}
    yield Warning(CALLED_INSTANCES, sentence, links, total, min(row[4] for row in rows))


def _back_navigation(process: ExecutableProcess, instance: ProcessInstance, scope: Scope) -> Iterable[Warning]:
    rows = list(
        ProcessSnapshot.objects.filter(process_instance=instance.key, variables__has_key=str(scope.key))
        .order_by("element_id", "-key")
        .distinct("element_id")
        .values_list("element_id", "taken_at")[:LISTED]
    )
    found = [(element_id, taken_at) for element_id, taken_at in rows if element_id in process.elements]
    if not found:
        return
    links = [Link("element", name_of(process, id), None, id, taken_at) for id, taken_at in found]
    sentence = _(
        "Going back to %(elements)s brings back the values of then: what you save now would be lost. "
        "Edit again afterwards."
    ) % {"elements": _enumerated([f"{link.label!r}" for link in links], len(links))}
    yield Warning(BACK_NAVIGATION, sentence, links, len(links), min(taken_at for _, taken_at in found))


def _jobs(process: ExecutableProcess, rows: Sequence[tuple[Any, ...]]) -> Iterable[Warning]:
    if not rows:
        return
    total = rows[0][-1]
    links = [Link("job", f"{name_of(process, row[1])} ({row[3]})", row[0], row[1], row[5]) for row in rows]
    told = [
        _("'%(element)s' (worker '%(worker)s', job %(job)s)")
        % {"element": name_of(process, row[1]), "worker": row[3], "job": row[0]}
        for row in rows
    ]
    sentence = ngettext(
        "%(number)s job is in flight with the old values: %(jobs)s. The answer will be based on them. "
        "Wait for it, or fail the job so that it is sent again.",
        "%(number)s jobs are in flight with the old values: %(jobs)s. The answer will be based on them. "
        "Wait for it, or fail the job so that it is sent again.",
        total,
    ) % {"number": total, "jobs": _enumerated(told, total)}
    yield Warning(IN_FLIGHT, sentence, links, total, min(row[5] for row in rows))


def _messages(process: ExecutableProcess, rows: Sequence[tuple[Any, ...]]) -> Iterable[Warning]:
    if not rows:
        return
    total = rows[0][-1]
    links = [Link("element", f"{name_of(process, row[1])} ({row[2]})", None, row[1], row[3]) for row in rows]
    told = [
        _("'%(element)s' waits for message '%(message)s' after '%(sender)s' was sent")
        % {"element": name_of(process, row[1]), "message": row[2], "sender": name_of(process, row[4])}
        for row in rows
    ]
    sentence = _(
        "An answer is on its way to what was sent with the old values: %(waiting)s. "
        "The edit neither sends again nor changes the answer."
    ) % {"waiting": _enumerated(told, total)}
    yield Warning(IN_FLIGHT, sentence, links, total, min(row[3] for row in rows))


def _enumerated(names: Sequence[str], total: int, most: int = 5) -> str:
    shown = list(dict.fromkeys(names))[:most]
    more = total - len(names[:most]) if len(names) > most or total > len(names) else 0
    listed = ", ".join(shown)
    return _("%(names)s and %(more)s more") % {"names": listed, "more": more} if more > 0 else listed


__all__ = ["BACK_NAVIGATION", "CALLED_INSTANCES", "IN_FLIGHT", "Link", "Warning", "warnings"]
