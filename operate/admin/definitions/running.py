"""How many process instances run on each definition: counted, or estimated from a sample once it is a large number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from workflow.models import ProcessDefinition
from workflow.persistence.connection import fetch

MANY = 200_000
"""More running ones than these are estimated."""
SAMPLE = 50_000
RUNNING = """
WITH running AS (
  SELECT definition_key, count(*) AS total FROM workflow_processinstance {sample}
  WHERE state = 'ACTIVE' AND definition_key IN (
    SELECT key FROM workflow_processdefinition WHERE workspace_id = ANY(%(places)s::bigint[])) GROUP BY 1),
failing AS (
  SELECT definition_key, count(*) AS total FROM workflow_processinstance
  WHERE state = 'ACTIVE' AND open_incidents > 0 AND workspace_id = ANY(%(places)s::bigint[]) GROUP BY 1),
held AS (
  SELECT definition_key, count(*) AS total FROM workflow_processinstance
  WHERE state = 'ACTIVE' AND suspended AND workspace_id = ANY(%(places)s::bigint[]) GROUP BY 1)
SELECT d.key, d.workspace_id, d.process_id, d.name, d.version, coalesce(running.total, 0) AS running,
  coalesce(failing.total, 0) AS failing, coalesce(held.total, 0) AS held
FROM workflow_processdefinition d
LEFT JOIN running ON running.definition_key = d.key
LEFT JOIN failing ON failing.definition_key = d.key
LEFT JOIN held ON held.definition_key = d.key
WHERE coalesce(running.total, failing.total, held.total) IS NOT NULL
"""
"""Running ones are counted in an index of theirs by definition; failing and suspended ones have indexes too, which are small."""
SAMPLED = "TABLESAMPLE SYSTEM (%(percent)s::real) REPEATABLE (7)"
SIZES = """
SELECT max(reltuples) FILTER (WHERE relname = 'instance_active'), max(reltuples) FILTER (WHERE relname = 'workflow_processinstance')
FROM pg_class WHERE relname IN ('instance_active', 'workflow_processinstance') AND relnamespace = current_schema()::regnamespace
"""


@dataclass(slots=True)
class Version:
    """One process definition with what runs on it."""

    definition: ProcessDefinition
    running: int = 0
    incidents: int = 0
    suspended: int = 0

    @property
    def query(self) -> str:
        return urlencode({"process": self.definition.process_id, "version": self.definition.version})


def running_versions(places: Sequence[int]) -> tuple[list[Version], bool]:
    """What runs on which definition; a large number of them is estimated, which the second part tells."""
    [(active, rows)] = fetch(SIZES)
    is_estimate = (active or 0) > MANY
    percent = min(100.0, 100 * SAMPLE / max(rows or 0, 1)) if is_estimate else 100.0
    found = ProcessDefinition.objects.raw(
        RUNNING.format(sample=SAMPLED if is_estimate else ""), {"places": list(places), "percent": percent}
    )
    return [_version(each, 100 / percent) for each in found], is_estimate


def _version(row: Any, times: float) -> Version:
    """What was found of one definition, where each of a sample stands for several."""
    return Version(row, max(round(row.running * times), row.failing, row.held), row.failing, row.held)


__all__ = ["Version", "running_versions"]
