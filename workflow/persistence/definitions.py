"""Process definitions as the engine uses them, read once per server process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from workflow.bpmn import read_process
from workflow.engine.errors import NotFound
from workflow.graph import ExecutableProcess, Semantics
from workflow.models import ProcessDefinition


@dataclass(frozen=True, slots=True)
class Definition:
    """What never changes about a deployed process definition."""

    key: int
    workspace_id: int
    process_id: str
    version: int
    version_tag: str
    process: ExecutableProcess


@lru_cache(maxsize=500)
def definition(key: int) -> Definition:
    """The definition with this key; raises NotFound."""
    row = ProcessDefinition.objects.filter(pk=key).first()
    if row is None:
        raise NotFound(f"Expected to find a process definition with key '{key}', but there is none.")
    process = read_process(row.xml, row.process_id, Semantics(row.semantics))
    return Definition(row.key, row.workspace_id, row.process_id, row.version, row.version_tag, process)


def executable_process(definition_key: int) -> ExecutableProcess:
    """The graph of a deployed process."""
    return definition(definition_key).process


def forget_definitions() -> None:
    """Drop all that was read, for a database that was made anew."""
    definition.cache_clear()
