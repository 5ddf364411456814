"""Process definitions as the engine uses them, read once per server process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from workflow.bpmn import read_process
from workflow.engine.errors import NotFound, Rejected
from workflow.engine.neighbours import Binding, CalledProcess
from workflow.graph import ExecutableProcess, Semantics
from workflow.models import ProcessDefinition
from workflow.persistence.connection import fetch


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


_OF = {
    Binding.LATEST: "AND is_latest",
    Binding.DEPLOYMENT: "AND deployment_key = (SELECT deployment_key FROM workflow_processdefinition WHERE key = %s)",
    Binding.VERSION: "AND version::text = %s",
    Binding.VERSION_TAG: "AND version_tag = %s",
}
_CALLED = "SELECT key, suspended, semantics FROM workflow_processdefinition WHERE workspace_id = %s AND process_id = %s"


def called_definition(called: CalledProcess, workspace_id: int, caller_key: int) -> Definition:
    """The definition that a call activity means; raises NotFound, and Rejected for a suspended one (Camunda 7)."""
    more: tuple[object, ...] = ()
    if called.binding is Binding.DEPLOYMENT:
        more = (caller_key,)
    elif called.binding is not Binding.LATEST:
        more = (called.version,)
    sql = f"{_CALLED} {_OF[called.binding]} ORDER BY version DESC LIMIT 1"
    for key, suspended, semantics in fetch(sql, (workspace_id, called.process_id, *more)):
        if suspended and semantics == Semantics.CAMUNDA_7.value:
            raise Rejected(f"Expected to call process '{called.process_id}', but its definition '{key}' is suspended.")
        return definition(key)
    which = f"version '{called.version}'" if called.version else f"{called.binding.value} version"
    raise NotFound(
        f"Expected process with BPMN process id '{called.process_id}' ({which}) to be deployed, but not found."
    )


def forget_definitions() -> None:
    """Drop all that was read, for a database that was made anew."""
    definition.cache_clear()
