"""Who has changed a variable, from what to what: every value that it ever had, with the command that wrote it.

A command leaves one time in all rows that it writes, and in its audit event; that is how the two find each other. What no
event tells of (a worker's job, a timer) was the process itself, at the element that the command began with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils.translation import gettext

from operate.masking.masks import Masks
from operate.variables.edits import ADDED, CHANGED, DELETED
from operate.variables.reading import masking, name_of, shown
from operate.workspaces import Access, Right
from workflow.models import ProcessInstance
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import executable_process

PROCESS = "process"
MOST = 1_000

HISTORY = f"""
WITH series AS (
  SELECT v.key, v.name, v.revision, v.value::text AS text, v.type, v.created_at, NULL::timestamptz AS until,
    v.is_initial, false AS is_deleted, v.updated_at
  FROM workflow_variable v WHERE v.scope_key = %(scope)s::bigint AND v.name = ANY(%(names)s::text[])
  UNION ALL
  SELECT f.variable_key, f.name, f.revision, f.value::text, f.type, f.created_at, f.replaced_at,
    f.is_initial, f.is_deleted, NULL
  FROM workflow_formervalue f
  WHERE f.process_instance_key = %(instance)s::bigint AND f.scope_key = %(scope)s::bigint AND f.name = ANY(%(names)s::text[])),
written AS (
  SELECT s.*, lag(s.text) OVER one AS text_before, lag(s.type) OVER one AS type_before,
    coalesce(lag(s.until) OVER one, s.created_at) AS since
  FROM series s WINDOW one AS (PARTITION BY s.key ORDER BY s.revision)),
events AS (
  SELECT key, name, revision, since AS at, CASE WHEN text_before IS NULL THEN '{ADDED}' ELSE '{CHANGED}' END AS kind,
    text_before AS before, text AS after, type_before, type AS type_after, is_initial FROM written
  UNION ALL
  SELECT key, name, revision, until, '{DELETED}', text, NULL, type, NULL, false FROM written WHERE is_deleted),
latest AS (SELECT * FROM events ORDER BY at DESC NULLS LAST LIMIT {MOST}),
elements AS (
  SELECT DISTINCT ON (at) at, element_id FROM (
    SELECT w.ended_at AS at, w.element_id, w.key, 0 AS place FROM workflow_elementinstance w
    JOIN latest l ON w.ended_at = l.at WHERE w.process_instance_key = %(instance)s::bigint
    UNION ALL
    SELECT w.started_at, w.element_id, w.key, 1 FROM workflow_elementinstance w
    JOIN latest l ON w.started_at = l.at WHERE w.process_instance_key = %(instance)s::bigint) touched
  ORDER BY at, place, key)
SELECT e.key, e.name, e.revision, e.at, e.kind, e.before, e.after, e.type_before, e.type_after, e.is_initial,
  a.key, a.actor_name, a.channel, a.event, a.subject, a.reason, coalesce(w.element_id, '')
FROM latest e
LEFT JOIN LATERAL (
  SELECT a.key, a.actor_name, a.channel, a.event, a.subject, a.reason FROM audit_auditevent a
  WHERE a.process_instance_key = %(instance)s::bigint AND a.at = e.at AND a.result = 'SUCCESS'
  ORDER BY a.key LIMIT 1) a ON true
LEFT JOIN elements w ON w.at = e.at
ORDER BY e.name, e.at DESC NULLS LAST, e.key DESC, e.revision DESC, e.kind = '{DELETED}' DESC
"""


@dataclass(frozen=True, slots=True)
class Written:
    """One value that a variable was given, or that it was deleted.

    `by` is a person, 'process', or empty where the reader may not see the audit log.
    """

    name: str
    at: datetime | None
    kind: str
    before: str | None
    after: str | None
    type_before: str
    type_after: str
    by: str
    channel: str = ""
    event: str = ""
    subject: str = ""
    reason: str = ""
    audit_event: int | None = None
    element_id: str = ""
    element_name: str = ""
    is_initial: bool = False
    version: str = ""


def history(
    instance: ProcessInstance,
    scope_key: int,
    names: Sequence[str],
    access: Access,
    *,
    masks: Masks | None = None,
) -> list[Written]:
    """All values of these variables of one scope, by name and newest first; one query."""
    rows = fetch(HISTORY, {"scope": str(scope_key), "names": list(names), "instance": str(instance.key)})
    patterns = masking(instance, masks)
    process = executable_process(instance.definition_key)
    is_told = access.may(Right.VIEW_AUDIT, instance.workspace_id)
    found = []
    for row in rows:
        written = _written(row)
        if written.element_id:
            written = replace(written, element_name=name_of(process, written.element_id))
        if patterns:
            before, after = (shown(written.name, text, patterns)[0] for text in (written.before, written.after))
            written = replace(written, before=before, after=after)
        found.append(written if is_told or written.by == PROCESS else _without_names(written))
    return found


def latest(instance: ProcessInstance, scope_key: int, names: Sequence[str], access: Access) -> dict[str, Written]:
    """Of each of these variables what happened to it last."""
    rows = history(instance, scope_key, names, access)
    return {name: next(group) for name, group in groupby(rows, key=lambda written: written.name)}


def _written(row: Sequence[Any]) -> Written:
    (key, name, revision, at, kind, before, after, type_before, type_after, is_initial, *told) = row
    audit_key, actor, channel, event, subject, reason, element_id = told
    return Written(
        name,
        at,
        kind,
        before,
        after,
        type_before or "",
        type_after or "",
        PROCESS if audit_key is None else actor or gettext("system"),
        channel or "",
        event or "",
        subject or "",
        reason or "",
        audit_key,
        element_id if audit_key is None else "",
        is_initial=is_initial and kind == ADDED,
        version=f"{key}.{revision}",
    )


def _without_names(written: Written) -> Written:
    return replace(written, by="", reason="", audit_event=None, channel="")


__all__ = ["PROCESS", "Written", "history", "latest"]
