"""The read side of the workflow for everyone else: what takes more than a queryset."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Self

from workflow.bpmn import read_process
from workflow.graph import ConditionalEvent, ExecutableProcess, Semantics
from workflow.models import ProcessDefinition
from workflow.persistence.connection import fetch

VISIBLE_VARIABLES = """
WITH RECURSIVE scopes AS (
  SELECT key, flow_scope_key, 0 AS depth FROM workflow_elementinstance WHERE key = %s::bigint
  UNION ALL
  SELECT e.key, e.flow_scope_key, s.depth + 1 FROM workflow_elementinstance e JOIN scopes s ON e.key = s.flow_scope_key),
places AS (
  SELECT key, depth FROM scopes
  UNION ALL
  SELECT process_instance_key, 1000000 FROM workflow_elementinstance WHERE key = %s::bigint)
SELECT DISTINCT ON (v.name) v.key FROM workflow_variable v JOIN places p ON v.scope_key = p.key ORDER BY v.name, p.depth
"""
INCIDENTS_BELOW = """
WITH RECURSIVE above AS (
  SELECT i.key AS incident, e.key, e.flow_scope_key
  FROM workflow_incident i JOIN workflow_elementinstance e ON e.key = i.element_instance_key
  WHERE i.process_instance_key = (SELECT process_instance_key FROM workflow_elementinstance WHERE key = %s::bigint)
  UNION ALL
  SELECT a.incident, e.key, e.flow_scope_key
  FROM above a JOIN workflow_elementinstance e ON e.key = a.flow_scope_key WHERE a.key <> %s::bigint)
SELECT incident FROM above WHERE key = %s::bigint
"""
CALLED = """
WITH RECURSIVE called AS (
  SELECT %s::bigint AS key
  UNION ALL
  SELECT i.key FROM workflow_processinstance i JOIN called c ON i.parent_process_instance_key = c.key)
SELECT key FROM called
"""
CALLERS = """
WITH RECURSIVE callers AS (
  SELECT key, parent_process_instance_key, 0 AS distance FROM workflow_processinstance WHERE key = %s::bigint
  UNION ALL
  SELECT i.key, i.parent_process_instance_key, c.distance + 1
  FROM workflow_processinstance i JOIN callers c ON i.key = c.parent_process_instance_key)
SELECT key FROM callers ORDER BY distance DESC
"""
MOMENTS = """
SELECT DISTINCT moment FROM (
  SELECT started_at AS moment FROM workflow_elementinstance WHERE process_instance_key = %(key)s
  UNION SELECT ended_at FROM workflow_elementinstance WHERE process_instance_key = %(key)s
  UNION SELECT created_at FROM workflow_variable WHERE process_instance_key = %(key)s
  UNION SELECT updated_at FROM workflow_variable WHERE process_instance_key = %(key)s
  UNION SELECT replaced_at FROM workflow_formervalue WHERE process_instance_key = %(key)s
  UNION SELECT created_at FROM workflow_job WHERE process_instance_key = %(key)s
  UNION SELECT ended_at FROM workflow_job WHERE process_instance_key = %(key)s
  UNION SELECT created_at FROM workflow_incident WHERE process_instance_key = %(key)s
  UNION SELECT resolved_at FROM workflow_incident WHERE process_instance_key = %(key)s
  UNION SELECT created_at FROM workflow_eventsubscription WHERE process_instance_key = %(key)s
  UNION SELECT ended_at FROM workflow_eventsubscription WHERE process_instance_key = %(key)s
  UNION SELECT started_at FROM workflow_processinstance WHERE key = %(key)s) moments
WHERE moment IS NOT NULL ORDER BY moment DESC OFFSET %(skipped)s LIMIT 1
"""
MODELS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What stands in the model of a process definition alone, by element id."""

    names: Mapping[str, str]
    """Of every element, an empty one where there is none."""
    task_headers: Mapping[str, Mapping[str, str]]
    """Constants for who works on it, of the elements that have any."""
    conditions: Mapping[str, ConditionalEvent]

    @classmethod
    def of(cls, process: ExecutableProcess) -> Self:
        elements = process.elements.values()
        return cls(
            {element.id: element.name for element in elements},
            {element.id: headers for element in elements if (headers := getattr(element.details, "headers", None))},
            {element.id: element.event for element in elements if isinstance(element.event, ConditionalEvent)},
        )


_models: OrderedDict[int, ModelFacts] = OrderedDict()
_models_lock = Lock()


def visible_variables(element_instance_key: int) -> list[int]:
    """Keys of the variables that an element instance sees: of each name the nearest, looking outwards."""
    return _keys(VISIBLE_VARIABLES, element_instance_key)


def incidents_below(element_instance_key: int) -> list[int]:
    """Keys of the incidents of an element instance and of all that are inside it, resolved ones too."""
    return _keys(INCIDENTS_BELOW, element_instance_key)


def called_process_instances(key: int) -> list[int]:
    """Keys of a process instance and of all that it called, directly or not."""
    return _keys(CALLED, key)


def callers(key: int) -> list[int]:
    """Keys of the process instances on the way from the root of the call hierarchy to this one."""
    return _keys(CALLERS, key)


def moment_before(process_instance_key: int, commands: int) -> datetime | None:
    """A moment that is over before the last so many commands on a process instance began; None if that was its start.

    Each command leaves its moment in all rows that it touches. One that has left none (a suspension) makes this earlier than
    it had to be, never later.
    """
    for (moment,) in fetch(MOMENTS, {"key": process_instance_key, "skipped": commands}):
        return moment
    return None


def element_names(definition_keys: Iterable[int]) -> dict[int, Mapping[str, str]]:
    """The names in these process definitions by element id, an empty one where there is none."""
    return {key: facts.names for key, facts in model_facts(definition_keys).items()}


def model_facts(definition_keys: Iterable[int]) -> dict[int, ModelFacts]:
    """What the models of these process definitions tell.

    One query for the definitions that this server process has not read before.
    """
    wanted = set(definition_keys)
    with _models_lock:
        found = {key: _models[key] for key in wanted if key in _models}
    missing = wanted - found.keys()
    if missing:
        rows = ProcessDefinition.objects.filter(pk__in=missing).order_by()
        fresh = {
            key: ModelFacts.of(read_process(xml, process_id, Semantics(semantics)))
            for key, xml, process_id, semantics in rows.values_list("key", "xml", "process_id", "semantics")
        }
        found |= fresh
        with _models_lock:
            _models.update(fresh)
            while len(_models) > MODELS_KEPT:
                _models.popitem(last=False)
    return found


def _keys(sql: str, key: int) -> list[int]:
    return [found for (found,) in fetch(sql, (str(key),) * sql.count("%s"))]
