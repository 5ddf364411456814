"""What can be done to process definitions once they are deployed: suspend, activate, keep history for a time, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workflow.bpmn import read_process
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.graph import Semantics
from workflow.models import Deployment, ProcessDefinition, ProcessInstance
from workflow.persistence.connection import execute, fetch
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, clock
from workflow.services import start_events
from workflow.services.history import delete_instance_rows

MAX_TIME_TO_LIVE_DAYS = 36_500
"""A century; more than that is a slip of the finger."""

LOCK_WORKSPACE = "SELECT pg_advisory_xact_lock(hashtext('fettle.deploy'), %s::int)"
SUSPEND_INSTANCES = """
WITH locked AS (
  SELECT key FROM workflow_processinstance
  WHERE definition_key = %s AND state = 'ACTIVE' AND suspended <> %s::boolean ORDER BY key FOR UPDATE)
UPDATE workflow_processinstance i SET suspended = %s::boolean, revision = i.revision + 1
FROM locked WHERE i.key = locked.key RETURNING i.key
"""
SUSPEND_JOBS = """
UPDATE workflow_job SET suspended = %s::boolean
WHERE process_instance_key = ANY(%s::bigint[]) AND state NOT IN ('COMPLETED', 'CANCELED')
"""
SUSPEND_TASKS = """
UPDATE workflow_usertask SET suspended = %s::boolean
WHERE process_instance_key = ANY(%s::bigint[]) AND state = 'CREATED'
"""
DOOMED = """
WITH RECURSIVE doomed AS (
  SELECT key FROM workflow_processinstance WHERE definition_key = ANY(%s::bigint[])
  UNION
  SELECT i.key FROM workflow_processinstance i JOIN doomed d ON i.parent_process_instance_key = d.key)
"""
COUNTED = f"""{DOOMED}
SELECT count(*) FILTER (WHERE i.state = 'ACTIVE'), count(*) FILTER (WHERE i.state <> 'ACTIVE')
FROM workflow_processinstance i WHERE i.key IN (SELECT key FROM doomed)
"""
INSTANCES_WITH_CALLED = f"""{DOOMED}
SELECT i.key, i.state, i.process_id, i.parent_process_instance_key, root.state
FROM workflow_processinstance i
LEFT JOIN workflow_processinstance root ON root.key = i.root_process_instance_key
WHERE i.key IN (SELECT key FROM doomed) ORDER BY i.key FOR UPDATE OF i
"""
CALLED_BY_OTHERS = f"""{DOOMED}
SELECT i.key, i.process_id, i.parent_process_instance_key
FROM workflow_processinstance i
JOIN workflow_processinstance root ON root.key = i.root_process_instance_key AND root.state = 'ACTIVE'
WHERE i.key IN (SELECT key FROM doomed) AND i.parent_process_instance_key NOT IN (SELECT key FROM doomed)
ORDER BY i.key LIMIT 1
"""
NEWEST = """
SELECT DISTINCT ON (process_id) key FROM workflow_processdefinition
WHERE workspace_id = %s AND process_id = ANY(%s::text[]) ORDER BY process_id, version DESC
"""


@dataclass(frozen=True, slots=True)
class SuspendedDefinition:
    """A process definition that was suspended or activated, and how many process instances went along."""

    key: int
    workspace_id: int
    process_id: str
    suspended: bool
    instances: int


@dataclass(frozen=True, slots=True)
class DefinitionHistory:
    """For how many days ended instances of a process definition are kept; None for ever."""

    key: int
    workspace_id: int
    process_id: str
    days_before: int | None
    days: int | None


@dataclass(frozen=True, slots=True)
class DeletedDefinitions:
    """What a deletion takes along, or would take along in a dry run."""

    workspace_id: int
    process_ids: tuple[str, ...]
    running: int
    """Process instances, those that they call included."""
    ended: int


def suspend_process_definition(
    key: int, *, with_instances: bool = False, context: Context = SYSTEM
) -> SuspendedDefinition:
    """Let nothing start a process definition; with `with_instances`, put its running instances on hold too.

    What its start events wait for passes it by, and its timers rest. Suspending twice is no error.
    """
    return _set_suspended(key, True, with_instances, context)


def activate_process_definition(
    key: int, *, with_instances: bool = False, context: Context = SYSTEM
) -> SuspendedDefinition:
    """Let a suspended process definition be started again; timers that have become due meanwhile fire then."""
    return _set_suspended(key, False, with_instances, context)


def _set_suspended(key: int, suspended: bool, with_instances: bool, context: Context) -> SuspendedDefinition:
    with transaction() as tx:
        row = _locked(key, context)
        tx.flush()
        instances: list[int] = []
        if not context.dry_run:
            ProcessDefinition.objects.filter(pk=key).update(suspended=suspended)
            start_events.hold_timers(key, suspended)
            if with_instances:
                instances = [found for (found,) in fetch(SUSPEND_INSTANCES, (key, suspended, suspended))]
                execute([(SUSPEND_JOBS, (suspended, instances)), (SUSPEND_TASKS, (suspended, instances))])
            count = len(instances)
        else:
            concerned = ProcessInstance.objects.filter(definition=key, state="ACTIVE").exclude(suspended=suspended)
            count = concerned.count() if with_instances else 0
        return SuspendedDefinition(key, row.workspace_id, row.process_id, suspended, count)


def set_history_time_to_live(key: int, days: int | None, *, context: Context = SYSTEM) -> DefinitionHistory:
    """Say for how many days ended process instances of a definition are kept, from now on; `None` for ever."""
    if days is not None and not 0 <= days <= MAX_TIME_TO_LIVE_DAYS:
        raise Rejected(f"Expected a history time to live of 0 to {MAX_TIME_TO_LIVE_DAYS} days, or none, found {days}.")
    with transaction():
        row = _locked(key, context)
        if not context.dry_run:
            ProcessDefinition.objects.filter(pk=key).update(history_time_to_live_days=days)
        return DefinitionHistory(key, row.workspace_id, row.process_id, row.history_time_to_live_days, days)


def delete_process_definition(
    key: int, *, cascade: bool = False, with_ended: bool = False, context: Context = SYSTEM
) -> DeletedDefinitions:
    """Delete one definition, and its deployment if that was all of it.

    Process instances are a Conflict: with `with_ended` only running ones, with `cascade` none. Those that are deleted
    take along what they have called. A dry run tells how many there are, whatever may be given up.
    """
    if context.dry_run:
        return _what_would_go(key, context, with_instances=cascade or with_ended)
    with transaction() as tx:
        found = ProcessDefinition.objects.filter(pk=key).values_list("workspace_id", flat=True).first()
        if found is None:
            raise _not_found(key)
        context.authorize(found)
        tx.flush()
        lock_workspace(found)  # before the definition, as deploying does
        row = _locked(key, context)
        named = f"process definition '{key}'"
        deleted = delete_definitions([row], named, cascade=cascade, with_ended=with_ended)
        if not ProcessDefinition.objects.filter(deployment=row.deployment_key).exists():
            Deployment.objects.filter(pk=row.deployment_key).delete()
        return deleted


def _what_would_go(key: int, context: Context, *, with_instances: bool) -> DeletedDefinitions:
    row = ProcessDefinition.objects.filter(pk=key).defer("xml").first()
    if row is None:
        raise _not_found(key)
    context.authorize(row.workspace_id)
    return what_would_go([row], with_instances=with_instances)


def what_would_go(rows: Sequence[ProcessDefinition], *, with_instances: bool) -> DeletedDefinitions:
    """What deleting these definitions of one workspace takes along; nobody has to wait for the answer.

    With their instances, one that a running process of others waits for is refused.
    """
    keys = [row.key for row in rows]
    for key, process_id, parent in fetch(CALLED_BY_OTHERS, (keys,)) if with_instances else ():
        raise _called(key, process_id, parent)
    [(running, ended)] = fetch(COUNTED, (keys,))
    return _deleted(rows, running, ended)


def _deleted(rows: Sequence[ProcessDefinition], running: int, ended: int) -> DeletedDefinitions:
    workspace_id = rows[0].workspace_id if rows else 0
    return DeletedDefinitions(workspace_id, tuple(sorted({row.process_id for row in rows})), running, ended)


def _locked(key: int, context: Context) -> ProcessDefinition:
    row = ProcessDefinition.objects.select_for_update().filter(pk=key).defer("xml").first()
    if row is None:
        raise _not_found(key)
    context.authorize(row.workspace_id)
    return row


def _not_found(key: int) -> NotFound:
    return NotFound(f"Expected to find a process definition with key '{key}', but there is none.")


def lock_workspace(workspace_id: int) -> None:
    """Deployments of one workspace take turns, so that versions have no gaps and duplicates are seen."""
    execute([(LOCK_WORKSPACE, (workspace_id,))])


def delete_definitions(
    rows: Sequence[ProcessDefinition], named: str, *, cascade: bool, with_ended: bool
) -> DeletedDefinitions:
    """Delete locked definitions of one workspace with their instances; a constant number of statements."""
    keys = [row.key for row in rows]
    instances = fetch(INSTANCES_WITH_CALLED, (keys,)) if keys else []
    running = [key for key, state, *_rest in instances if state == ProcessInstance.State.ACTIVE]
    if instances and not cascade and (running or not with_ended):
        raise _in_use(named, running, instances)
    _refuse_called(instances)
    delete_instance_rows([key for key, *_rest in instances])
    start_events.forget(keys)
    ProcessDefinition.objects.filter(pk__in=keys).delete()
    _promote_predecessors([row for row in rows if row.is_latest])
    return _deleted(rows, len(running), len(instances) - len(running))


def _in_use(named: str, running: Sequence[int], instances: Sequence[Sequence[object]]) -> Conflict:
    one = next((row for row in instances if row[0] in running), instances[0])
    counts = f"{len(running)} running and {len(instances) - len(running)} ended"
    return Conflict(
        f"Expected {named} to have no process instances, but '{one[0]}' of '{one[2]}' is one ({counts}). "
        "Delete with cascade to remove them too."
    )


def _refuse_called(instances: Sequence[Sequence[object]]) -> None:
    """Nobody could go on who waits for a process instance that is gone."""
    doomed = {row[0] for row in instances}
    for key, _state, process_id, parent, root_state in instances:
        if parent is not None and parent not in doomed and root_state == ProcessInstance.State.ACTIVE:
            raise _called(key, process_id, parent)


def _called(key: object, process_id: object, parent: object) -> Conflict:
    return Conflict(
        f"Expected no running process to call what is deleted, but process instance '{parent}' has called '{key}' of "
        f"'{process_id}' and is part of a running one. Cancel that first."
    )


def _promote_predecessors(deleted: Sequence[ProcessDefinition]) -> None:
    """Make the versions before the deleted ones the latest, which gives them their start events back."""
    if not deleted:
        return
    places = (deleted[0].workspace_id, [row.process_id for row in deleted])
    newest = [key for (key,) in fetch(NEWEST, places)]
    if not newest:
        return
    ProcessDefinition.objects.filter(pk__in=newest).update(is_latest=True)
    give_back_start_events(newest)


def give_back_start_events(definition_keys: Collection[int]) -> None:
    """Register what the start events of these definitions wait for, as far as it can still happen."""
    now = clock()
    found = []
    for row in ProcessDefinition.objects.filter(pk__in=definition_keys):
        process = read_process(row.xml, row.process_id, Semantics(row.semantics))
        found.append(start_events.registration(row, process, now=now, is_given_back=True))
    start_events.register(found)


__all__ = [
    "DefinitionHistory",
    "DeletedDefinitions",
    "SuspendedDefinition",
    "activate_process_definition",
    "delete_process_definition",
    "set_history_time_to_live",
    "suspend_process_definition",
]
