"""How many process instances run on each definition: counted, or estimated from a sample once it is a large number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count, Q

from workflow.models import ProcessDefinition, ProcessInstance
from workflow.persistence.connection import fetch

MANY = 200_000
"""More running ones than these are estimated."""
SAMPLE = 50_000
RUNNING = """
SELECT definition_key, workspace_id, count(*) FROM workflow_processinstance
WHERE state = 'ACTIVE' AND (%s::bigint[] IS NULL OR workspace_id = ANY(%s::bigint[])) GROUP BY 1, 2
"""
SAMPLED = """
SELECT definition_key, workspace_id, count(*) FROM workflow_processinstance TABLESAMPLE SYSTEM (%s::real) REPEATABLE (7)
WHERE state = 'ACTIVE' AND (%s::bigint[] IS NULL OR workspace_id = ANY(%s::bigint[])) GROUP BY 1, 2
"""
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
    wanted = list(places)
    [(active, rows)] = fetch(SIZES)
    is_estimate = (active or 0) > MANY
    if is_estimate:
        percent = min(100.0, 100 * SAMPLE / max(rows, 1))
        found = [
            (definition, workspace, round(total * 100 / percent))
            for definition, workspace, total in fetch(SAMPLED, (percent, wanted, wanted))
        ]
    else:
        found = list(fetch(RUNNING, (wanted, wanted)))
    unusual = ProcessInstance.objects.filter(Q(open_incidents__gt=0) | Q(suspended=True), state="ACTIVE")
    counted = {
        key: (incidents, suspended)
        for key, incidents, suspended in unusual.filter(workspace__in=wanted)
        .order_by()
        .values_list("definition_key")
        .annotate(
            incidents=Count("key", filter=Q(open_incidents__gt=0)), suspended=Count("key", filter=Q(suspended=True))
        )
    }
    running = {definition: total for definition, _workspace, total in found}
    definitions = ProcessDefinition.objects.defer("xml").filter(pk__in=[*running, *counted])
    return [
        Version(each, max(running.get(each.key, 0), *counted.get(each.key, (0, 0))), *counted.get(each.key, (0, 0)))
        for each in definitions
    ], is_estimate


__all__ = ["Version", "running_versions"]
