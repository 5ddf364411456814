"""How long elements usually take: of the newest instances of their definition."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from operate.diagnosis.causes import Usual
from workflow.persistence.connection import fetch

NEWEST = 500
ENOUGH = 5
"""Fewer completed ones than these say nothing about what is usual."""
DURATIONS = """
WITH newest AS (
  SELECT key FROM workflow_processinstance WHERE definition_key = %s::bigint ORDER BY key DESC LIMIT %s::int)
SELECT e.element_id, count(*),
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM e.ended_at - e.started_at)::float8)
FROM newest n JOIN workflow_elementinstance e ON e.process_instance_key = n.key
WHERE e.element_id = ANY(%s::text[]) AND e.state = 'COMPLETED' AND e.started_at IS NOT NULL
GROUP BY e.element_id
"""


def usual_durations(definition_key: int, element_ids: Collection[str]) -> dict[str, Usual]:
    """How long these elements of a definition usually take; nothing of those that were seldom completed."""
    if not element_ids:
        return {}
    rows = fetch(DURATIONS, (definition_key, NEWEST, sorted(element_ids)))
    return {
        element_id: Usual(timedelta(seconds=shares[0]), timedelta(seconds=shares[1]), count)
        for element_id, count, shares in rows
        if count >= ENOUGH
    }
