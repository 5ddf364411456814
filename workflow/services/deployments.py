"""Deploying models and deleting deployments."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from workflow.bpmn import ParsedModel, model_text, read_model
from workflow.engine.errors import Conflict, ModelProblems, NotFound, Problem, Rejected
from workflow.graph import ExecutableProcess, Semantics
from workflow.models import (
    Deployment,
    ElementInstance,
    EventSubscription,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    SequenceFlowTaken,
    UserTask,
    Variable,
)
from workflow.persistence import keys
from workflow.persistence.connection import execute
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, clock

BPMN_SUFFIXES = (".bpmn", ".bpmn20.xml", ".xml")
INSTANCE_TABLES = (ElementInstance, SequenceFlowTaken, Variable, Job, UserTask, Incident, EventSubscription)


@dataclass(frozen=True, slots=True)
class Resource:
    """A file to deploy."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment has come to.

    `definitions` are those of the files in order; `new_keys` names those that this deployment has made, the others
    were there. `key` is the deployment's, or the earlier one's where nothing was new.
    """

    key: int
    name: str
    source: str
    deployed_at: datetime
    workspace_id: int
    definitions: tuple[ProcessDefinition, ...]
    new_keys: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Read:
    resource: Resource
    checksum: str
    model: ParsedModel


def deploy(
    resources: Sequence[Resource],
    *,
    workspace_id: int,
    name: str = "",
    source: str = "",
    fallback: Semantics | None = None,
    chosen: Semantics | None = None,
    deduplicate: bool = True,
    only_changed: bool = True,
    context: Context = SYSTEM,
) -> Deployed:
    """Deploy all models or none; raises ModelProblems with everything that is wrong with any of them.

    With `deduplicate`, a file whose bytes and semantics equal the latest version's makes no new version. Without
    `only_changed` that holds only if all files are unchanged: one that changed takes the others along.
    """
    context.authorize(workspace_id)
    read = _read_all(resources, fallback, chosen)
    with transaction():
        _lock_workspace(workspace_id)
        latest = _latest(workspace_id, read)
        fresh = [each for each in read if not (deduplicate and _is_unchanged(each, latest))]
        if fresh and not only_changed:
            fresh = read
        now = context.now or clock()
        if not fresh:
            return _nothing_new(read, latest, workspace_id)
        deployment = Deployment(keys.next_key(), workspace_id, name, source, now)
        made = {
            process.id: _definition(each, process, deployment, latest.get(process.id))
            for each in fresh
            for process in each.model.processes
        }
        if not context.dry_run:
            _store(deployment, list(made.values()))
    found = {**latest, **made}
    return Deployed(
        deployment.key,
        name,
        source,
        now,
        workspace_id,
        tuple(found[process.id] for each in read for process in each.model.processes),
        frozenset(definition.key for definition in made.values()),
    )


def _read_all(resources: Sequence[Resource], fallback: Semantics | None, chosen: Semantics | None) -> list[_Read]:
    if not resources:
        raise Rejected("Expected at least one BPMN file to deploy, but the deployment is empty.")
    read: list[_Read] = []
    problems: list[Problem] = []
    for resource in resources:
        try:
            if not resource.name.lower().endswith(BPMN_SUFFIXES):
                raise ModelProblems(
                    [Problem("Expected a BPMN file (.bpmn, .bpmn20.xml, .xml); other kinds cannot be deployed.")]
                )
            model = read_model(resource.content, resource_name=resource.name, fallback=fallback, chosen=chosen)
        except ModelProblems as error:
            problems += [Problem(p.message, p.element_id, p.line, resource.name) for p in error.problems]
            continue
        read.append(_Read(resource, hashlib.sha256(resource.content).hexdigest(), model))
    problems += _taken_twice(read)
    if problems:
        raise ModelProblems(problems)
    return read


def _taken_twice(read: Sequence[_Read]) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    for each in read:
        for process in each.model.processes:
            if process.id in first:
                message = f"The process id '{process.id}' is used in '{first[process.id]}' already."
                problems.append(Problem(message, process.id, 0, each.resource.name))
            first[process.id] = each.resource.name
    return problems


def _lock_workspace(workspace_id: int) -> None:
    """Deployments of one workspace take turns, so that versions have no gaps and duplicates are seen."""
    execute([("SELECT pg_advisory_xact_lock(hashtext('fettle.deploy'), %s::int)", (workspace_id,))])


def _latest(workspace_id: int, read: Sequence[_Read]) -> dict[str, ProcessDefinition]:
    ids = [process.id for each in read for process in each.model.processes]
    rows = ProcessDefinition.objects.filter(workspace_id=workspace_id, process_id__in=ids, is_latest=True)
    return {row.process_id: row for row in rows}


def _is_unchanged(read: _Read, latest: dict[str, ProcessDefinition]) -> bool:
    before = [latest.get(process.id) for process in read.model.processes]
    return all(
        row is not None and row.checksum == read.checksum and row.semantics == read.model.semantics.value
        for row in before
    )


def _nothing_new(read: Sequence[_Read], latest: dict[str, ProcessDefinition], workspace_id: int) -> Deployed:
    definitions = tuple(latest[process.id] for each in read for process in each.model.processes)
    earlier = Deployment.objects.get(pk=max(definition.deployment_key for definition in definitions))
    return Deployed(earlier.key, earlier.name, earlier.source, earlier.deployed_at, workspace_id, definitions)


def _definition(
    read: _Read, process: ExecutableProcess, deployment: Deployment, latest: ProcessDefinition | None
) -> ProcessDefinition:
    return ProcessDefinition(
        key=keys.next_key(),
        workspace_id=deployment.workspace_id,
        deployment_key=deployment.key,
        process_id=process.id,
        name=process.name,
        version=1 if latest is None else latest.version + 1,
        version_tag=process.version_tag,
        semantics=read.model.semantics.value,
        resource_name=read.resource.name,
        xml=model_text(read.resource.content),
        checksum=read.checksum,
        is_latest=True,
        deployed_at=deployment.deployed_at,
    )


def _store(deployment: Deployment, definitions: Sequence[ProcessDefinition]) -> None:
    ids = [definition.process_id for definition in definitions]
    deployment.save(force_insert=True)
    ProcessDefinition.objects.filter(workspace_id=deployment.workspace_id, process_id__in=ids, is_latest=True).update(
        is_latest=False
    )
    ProcessDefinition.objects.bulk_create(definitions)


def delete_deployment(key: int, *, cascade: bool = False, context: Context = SYSTEM) -> int:
    """Delete a deployment with its definitions; with `cascade` their instances too. Returns the workspace's id.

    Without `cascade` a definition that has instances is a Conflict.
    """
    with transaction():
        deployment = Deployment.objects.filter(pk=key).first()
        if deployment is None:
            raise NotFound(f"Deployment with id '{key}' does not exist.")
        context.authorize(deployment.workspace_id)
        _lock_workspace(deployment.workspace_id)
        definitions = list(ProcessDefinition.objects.filter(deployment=deployment))
        instances = ProcessInstance.objects.filter(definition__in=definitions)
        if not cascade and (one := instances.first()) is not None:
            raise Conflict(
                f"Expected deployment '{key}' to have no process instances, but '{one.key}' of '{one.process_id}' is one. "
                "Delete with cascade to remove them too."
            )
        if not context.dry_run:
            _delete(deployment, definitions)
        return deployment.workspace_id


def delete_process_definition(key: int, *, context: Context = SYSTEM) -> int:
    """Delete one definition, and its deployment if that was all of it; Conflict if it has process instances.

    Returns the workspace's id.
    """
    with transaction():
        definition = ProcessDefinition.objects.filter(pk=key).defer("xml").first()
        if definition is None:
            raise NotFound(f"Expected to find a process definition with key '{key}', but there is none.")
        context.authorize(definition.workspace_id)
        _lock_workspace(definition.workspace_id)
        one = ProcessInstance.objects.filter(definition=definition).first()
        if one is not None:
            raise Conflict(
                f"Expected process definition '{key}' to have no process instances, but '{one.key}' of '{one.process_id}' is "
                "one. Delete its process instances first."
            )
        if not context.dry_run:
            ProcessDefinition.objects.filter(pk=key).delete()
            if definition.is_latest:
                _promote_predecessor(definition)
            left = ProcessDefinition.objects.filter(deployment=definition.deployment_key)
            if not left.exists():
                Deployment.objects.filter(pk=definition.deployment_key).delete()
        return definition.workspace_id


def _delete(deployment: Deployment, definitions: Sequence[ProcessDefinition]) -> None:
    instances = list(
        ProcessInstance.objects.select_for_update().filter(definition__in=definitions).values_list("key", flat=True)
    )
    delete_instance_rows(instances)
    ProcessDefinition.objects.filter(pk__in=[definition.key for definition in definitions]).delete()
    deployment.delete()
    for definition in definitions:
        if definition.is_latest:
            _promote_predecessor(definition)


def _promote_predecessor(deleted: ProcessDefinition) -> None:
    left = ProcessDefinition.objects.filter(workspace_id=deleted.workspace_id, process_id=deleted.process_id)
    newest = left.order_by("-version").first()
    if newest is not None:
        ProcessDefinition.objects.filter(pk=newest.pk).update(is_latest=True)


def delete_instance_rows(instance_keys: Sequence[int]) -> None:
    """Remove process instances and everything of theirs; the caller holds their locks."""
    for table in INSTANCE_TABLES:
        table._default_manager.filter(process_instance__in=instance_keys).delete()
    ProcessInstance.objects.filter(pk__in=instance_keys).delete()


__all__ = ["Deployed", "Resource", "delete_deployment", "delete_instance_rows", "delete_process_definition", "deploy"]
