"""How long elements usually take: of the newest instances of their definition."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models.expressions import RawSQL

from operate.diagnosis.causes import Usual
from workflow.persistence.connection import fetch
from workflow.persistence.unit_of_work import clock

NEWEST = 500
ENOUGH = 5
"""Fewer completed ones than these say nothing about what is usual."""
DURATIONS = """
SELECT d.key, e.element_id, count(*),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM e.ended_at - e.started_at)::float8)
FROM unnest(%s::bigint[]) AS d (key)
CROSS JOIN LATERAL (
  SELECT i.key FROM workflow_processinstance i WHERE i.definition_key = d.key ORDER BY i.key DESC LIMIT %s::int) newest
JOIN workflow_elementinstance e ON e.process_instance_key = newest.key
WHERE e.element_id = ANY(%s::text[]) AND e.state = 'COMPLETED' AND e.started_at IS NOT NULL
GROUP BY d.key, e.element_id
"""


WAITING_LONGER = """
WITH usual AS MATERIALIZED (
  SELECT d.key AS definition, e.element_id, %s::timestamptz - make_interval(
    secs => percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM e.ended_at - e.started_at)::float8)) AS since
  FROM unnest(%s::bigint[]) AS d (key)
  CROSS JOIN LATERAL (
    SELECT i.key FROM workflow_processinstance i WHERE i.definition_key = d.key ORDER BY i.key DESC LIMIT %s::int) newest
  JOIN workflow_elementinstance e ON e.process_instance_key = newest.key
  WHERE e.state = 'COMPLETED' AND e.started_at IS NOT NULL
  GROUP BY d.key, e.element_id HAVING count(*) >= %s::int),
latest AS (SELECT element_id, max(since) AS since FROM usual GROUP BY element_id)
SELECT i.key
FROM latest l
JOIN workflow_elementinstance e
  ON e.element_id = l.element_id AND e.started_at < l.since AND e.state IN ('ACTIVATING', 'ACTIVE', 'COMPLETING')
JOIN workflow_processinstance i ON i.key = e.process_instance_key AND i.state = 'ACTIVE' AND i.definition_key = ANY(%s::bigint[])
JOIN usual u ON u.definition = i.definition_key AND u.element_id = e.element_id AND e.started_at < u.since
"""
"""What waits at an element is found by index from the latest moment that is long ago for any of the definitions, then compared
with its own definition's: most of what runs is never looked at."""
MOST_DEFINITIONS = 50


def waiting_longer_than_usual(definition_keys: Sequence[int], now: datetime | None = None) -> RawSQL:
    """The keys of running process instances in which something waits longer than 95 of 100 times, for a queryset to filter by.

    Of these definitions, the newest if there are many.
    """
    keys = sorted(definition_keys)[-MOST_DEFINITIONS:]
    return RawSQL(WAITING_LONGER, (now or clock(), keys, NEWEST, ENOUGH, keys))  # noqa: S611 (no text of users is in it)


def usual_durations(wanted: Mapping[int, Collection[str]]) -> dict[tuple[int, str], Usual]:
    """How long elements usually take, by definition and element; nothing of those that were seldom completed."""
    element_ids = sorted({each for ids in wanted.values() for each in ids})
    if not element_ids:
        return {}
    rows = fetch(DURATIONS, (sorted(key for key, ids in wanted.items() if ids), NEWEST, element_ids))
    return {
        (definition_key, element_id): Usual(timedelta(seconds=shares[0]), timedelta(seconds=shares[1]), count)
        for definition_key, element_id, count, shares in rows
        if count >= ENOUGH
    }
