"""Deploying models and deleting deployments."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflow.bpmn import ParsedModel, model_text, read_model
from workflow.bpmn.lines import element_lines
from workflow.engine.errors import ModelProblems, NotFound, Problem, Rejected
from workflow.graph import ExecutableProcess, Semantics
from workflow.models import Deployment, ProcessDefinition
from workflow.persistence import keys
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, clock
from workflow.services import start_events
from workflow.services.data_search import declare_data_paths
from workflow.services.definitions import DeletedDefinitions, delete_definitions, lock_workspace, what_would_go

BPMN_SUFFIXES = (".bpmn", ".bpmn20.xml", ".xml")


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


@dataclass(frozen=True, slots=True)
class _Made:
    read: _Read
    definition: ProcessDefinition
    registration: start_events.Registration


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

    What the start events of a new version wait for replaces what those of the version before waited for.

    With `deduplicate`, a file whose bytes and semantics equal the latest version's makes no new version. Without
    `only_changed` that holds only if all files are unchanged: one that changed takes the others along.
    """
    context.authorize(workspace_id)
    read = _read_all(resources, fallback, chosen)
    with transaction() as tx:
        tx.flush()
        lock_workspace(workspace_id)
        latest = _latest(workspace_id, read)
        fresh = [each for each in read if not (deduplicate and _is_unchanged(each, latest))]
        if fresh and not only_changed:
            fresh = read
        now = context.now or clock()
        if not fresh:
            return _nothing_new(read, latest, workspace_id)
        deployment = Deployment(keys.next_key(), workspace_id, name, source, now)
        new = [
            _made(each, process, deployment, latest.get(process.id))
            for each in fresh
            for process in each.model.processes
        ]
        _check_start_events(workspace_id, new)
        if not context.dry_run:
            _store(deployment, new, latest)
            declare_data_paths(workspace_id, [process for each in fresh for process in each.model.processes], now)
    made = {each.definition.process_id: each.definition for each in new}
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


def _made(read: _Read, process: ExecutableProcess, deployment: Deployment, latest: ProcessDefinition | None) -> _Made:
    definition = ProcessDefinition(
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
        history_time_to_live_days=process.history_time_to_live_days,
        is_latest=True,
        deployed_at=deployment.deployed_at,
    )
    return _Made(read, definition, start_events.registration(definition, process, now=deployment.deployed_at))


def _check_start_events(workspace_id: int, made: Sequence[_Made]) -> None:
    """Raise ModelProblems for start events of which nobody can tell what they wait for, or that are in each other's way."""
    registrations = [each.registration for each in made]
    found = [problem for each in registrations for problem in each.problems]
    found += start_events.names_taken(workspace_id, registrations)
    if found:
        raise ModelProblems([_placed(problem, made) for problem in found])


def _placed(problem: Problem, made: Sequence[_Made]) -> Problem:
    for each in made:
        line = element_lines(each.read.resource.content).get(problem.element_id)
        if line is not None:
            return Problem(problem.message, problem.element_id, line, each.read.resource.name)
    return problem


def _store(deployment: Deployment, made: Sequence[_Made], latest: dict[str, ProcessDefinition]) -> None:
    definitions = [each.definition for each in made]
    replaced = [latest[each.process_id].key for each in definitions if each.process_id in latest]
    deployment.save(force_insert=True)
    ProcessDefinition.objects.filter(pk__in=replaced).update(is_latest=False)
    ProcessDefinition.objects.bulk_create(definitions)
    start_events.forget(replaced)
    start_events.register(each.registration for each in made)


def delete_deployment(key: int, *, cascade: bool = False, context: Context = SYSTEM) -> DeletedDefinitions:
    """Delete a deployment with its definitions; with `cascade` their instances too, and what those have called.

    Without `cascade` a definition that has instances is a Conflict. A dry run tells how many there are.
    """
    with transaction() as tx:
        deployment = Deployment.objects.filter(pk=key).first()
        if deployment is None:
            raise NotFound(f"Deployment with id '{key}' does not exist.")
        context.authorize(deployment.workspace_id)
        definitions = ProcessDefinition.objects.filter(deployment=deployment).defer("xml").order_by("key")
        if context.dry_run:
            return replace(what_would_go(definitions, with_instances=cascade), workspace_id=deployment.workspace_id)
        tx.flush()
        lock_workspace(deployment.workspace_id)
        locked = list(definitions.select_for_update())
        deleted = delete_definitions(locked, f"deployment '{key}'", cascade=cascade, with_ended=False)
        deployment.delete()
        return replace(deleted, workspace_id=deployment.workspace_id)


__all__ = ["Deployed", "Resource", "delete_deployment", "deploy"]
