"""Migrating running process instances to another process definition, and plans for that."""

from __future__ import annotations

from collections.abc import Sequence

from workflow.engine.engine import Engine, EngineOptions
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.graph import MessageEvent, Semantics
from workflow.migration import (
    Mapping,
    MappingReport,
    MigrationOptions,
    MigrationPlan,
    Target,
    generate_mappings,
    migrate,
    plan_problems,
)
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import Definition, definition, executable_process
from workflow.persistence.unit_of_work import SYSTEM, Context, UnitOfWork, unit_of_work
from workflow.services.instances import judged, open_running
from workflow.services.settling import settle
from workflow.services.start_events import STARTED_BY_KEY, is_message_start
from workflow.soundness import JudgedOutcome, Judging, Marking, migrating

HOLD = "SELECT workspace_id FROM workflow_processdefinition WHERE key = %s FOR KEY SHARE"
"""Nobody deletes a process definition while an instance moves to it."""
NO_OPTIONS = MigrationOptions()


def generate_migration_plan(
    source_definition_key: int, target_definition_key: int, *, update_event_triggers: bool = False
) -> MigrationPlan:
    """A plan that maps all elements which are the same in both definitions: same id and kind, corresponding scopes."""
    source, target = _both(source_definition_key, target_definition_key)
    mappings = generate_mappings(source.process, target.process, update_event_triggers=update_event_triggers)
    return MigrationPlan(target_definition_key, mappings, source_definition_key)


def validate_migration_plan(plan: MigrationPlan) -> Sequence[MappingReport]:
    """All that is wrong with a Camunda 7 plan, whatever process instance it may be for."""
    if plan.source_definition_key is None:
        raise Rejected("Expected the plan to name a source process definition, but it names none.")
    source, target = _both(plan.source_definition_key, plan.target_definition_key)
    return plan_problems(plan, source.process, target.process)


def migrate_process_instance(
    key: int, plan: MigrationPlan, *, options: MigrationOptions = NO_OPTIONS, context: Context = SYSTEM
) -> Outcome:
    """Move one running process instance to the target definition as the plan says, or raise all that keeps it from that."""
    with unit_of_work(context) as work:
        engine = _open_to_migrate(work, key, plan, options)
        return _migrated(work, engine, plan, options)


def judge_migration(
    key: int,
    plan: MigrationPlan,
    *,
    options: MigrationOptions = NO_OPTIONS,
    context: Context = SYSTEM,
    judging: Judging | None = None,
) -> JudgedOutcome:
    """Like `migrate_process_instance`, and tell what harm that does; in a dry run, would do.

    With `judging`, which is shared by the commands of one plan on many, those that stand alike are looked at once.
    """
    with unit_of_work(context) as work:
        engine = _open_to_migrate(work, key, plan, options)
        before = Marking.of(engine.state)
        done = _migrated(work, engine, plan, options)
        change = migrating(plan.mappings, before, engine.state.process)
        return judged(work, engine, done, before, change, judging)


def _open_to_migrate(work: UnitOfWork, key: int, plan: MigrationPlan, options: MigrationOptions) -> Engine:
    workspace_id = _hold(plan.target_definition_key)
    engine = open_running(work, key, EngineOptions(options.skip_io_mappings, options.skip_listeners))
    if workspace_id != engine.state.workspace_id:
        raise _no_target(plan.target_definition_key)
    return engine


def _migrated(work: UnitOfWork, engine: Engine, plan: MigrationPlan, options: MigrationOptions) -> Outcome:
    found = definition(plan.target_definition_key)
    _refuse_second_by_message(engine, found)
    migrate(engine, plan, Target(found.key, found.version, found.process), options)
    settle(work)
    return outcome(engine, work.engines)


def _refuse_second_by_message(engine: Engine, target: Definition) -> None:
    """Zeebe runs one instance of a process for each correlation key of its message start events."""
    state, key = engine.state, engine.state.business_key
    if state.process.semantics is not Semantics.ZEEBE or state.process.id == target.process_id or not key:
        return
    starts = [node for node in target.process.root.start_events if isinstance(node.event, MessageEvent)]
    if not starts or not is_message_start(state.process, state.start_element_id):
        return
    for workspace_id, _process_id, definition_key, element_id in fetch(STARTED_BY_KEY, (key, [target.process_id])):
        if workspace_id == state.workspace_id and is_message_start(executable_process(definition_key), element_id):
            raise Conflict(
                f"Expected to migrate process instance '{state.key}' but target process definition '{target.key}' "
                "has an active "
                f"instance triggered by a message start event with correlation key '{key}'. Only one instance per "
                "correlation key is "
                "allowed for message start events."
            )


def _hold(definition_key: int) -> int:
    """The workspace of a definition that stays until the transaction ends."""
    for (workspace_id,) in fetch(HOLD, (definition_key,)):
        return int(workspace_id)
    raise _no_target(definition_key)


def _no_target(definition_key: int) -> NotFound:
    return NotFound(
        "Expected to migrate process instance to process definition but no process definition found with key "
        f"'{definition_key}'."
    )


def _both(source_key: int, target_key: int) -> tuple[Definition, Definition]:
    """Two definitions that instances may move between."""
    source, target = definition(source_key), definition(target_key)
    if source.workspace_id != target.workspace_id:
        raise Rejected(
            f"Cannot migrate process instances between processes of different tenants: '{source_key}' and "
            f"'{target_key}' are in "
            "different workspaces."
        )
    if source.process.semantics is not target.process.semantics:
        names = {Semantics.CAMUNDA_7: "Camunda 7", Semantics.ZEEBE: "Camunda 8"}
        raise Rejected(
            f"Expected both process definitions to have the same semantics, but '{source_key}' has "
            f"{names[source.process.semantics]} semantics and '{target_key}' has {names[target.process.semantics]}."
        )
    return source, target


__all__ = [
    "Mapping",
    "MigrationOptions",
    "MigrationPlan",
    "generate_migration_plan",
    "judge_migration",
    "migrate_process_instance",
    "validate_migration_plan",
]
