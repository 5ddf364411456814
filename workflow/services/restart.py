"""Restarting ended process instances: new ones with the old ones' variables, begun at named elements (C1–C21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.engine.engine import Engine, EngineOptions
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcomes
from workflow.engine.values import TypedValue, Variables
from workflow.modification import (
    CAMUNDA_7_INSTRUCTIONS,
    ActivateElement,
    Instruction,
    Modification,
    ModificationOptions,
)
from workflow.modification.cancelling import CancelAll, CancelElementInstance, CancelTransitionInstance
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import definition
from workflow.persistence.json_values import from_json
from workflow.persistence.unit_of_work import SYSTEM, Context, UnitOfWork, unit_of_work
from workflow.services.instances import check_vocabulary, judged
from workflow.services.settling import settle
from workflow.services.start_events import require_startable
from workflow.soundness import JudgedOutcome, Judging, Marking, starting

ENDED = """
SELECT key, state, definition_key, business_key, tags, start_element_id FROM workflow_processinstance
WHERE key = ANY(%s::bigint[]) FOR KEY SHARE
"""
LAST_VALUES = (
    "SELECT scope_key, name, value, type FROM workflow_variable WHERE scope_key = ANY(%s::bigint[]) ORDER BY name"
)
INITIAL_VALUES = """
SELECT scope_key, name, value, type FROM (
  SELECT scope_key, name, value, type, revision FROM workflow_variable WHERE scope_key = ANY(%s::bigint[]) AND is_initial
  UNION ALL
  SELECT scope_key, name, value, type, revision FROM workflow_formervalue
  WHERE process_instance_key = ANY(%s::bigint[]) AND scope_key = process_instance_key AND is_initial) given
WHERE revision = 1 ORDER BY name
"""
NOT_FOR_RESTARTS = (CancelAll, CancelElementInstance, CancelTransitionInstance)
FOR_RESTARTS = (*CAMUNDA_7_INSTRUCTIONS, ActivateElement)


@dataclass(frozen=True, slots=True)
class RestartOptions:
    """Which variables the new instances begin with, and what is switched off while they begin."""

    initial_variables: bool = False
    """The variables that the old instance was started with, by their first values; else all global ones, by their last."""
    without_business_key: bool = False
    skip_listeners: bool = False
    skip_io_mappings: bool = False
    on_definition_key: int | None = None
    """Another definition of the same workspace to run on, such as a newer version; else that of the old instance."""


DEFAULTS = RestartOptions()


@dataclass(frozen=True, slots=True)
class _Ended:
    key: int
    business_key: str | None
    tags: Sequence[str]
    start_element_id: str | None

    def start_reason(self, options: RestartOptions) -> str:
        """Why there is a new instance, and what might be missed in it (C15)."""
        reason = f"Restart of process instance '{self.key}'"
        if options.initial_variables and self.start_element_id is None:
            reason += ", which had no unique start activity: there are no initial variables to take over"
        return reason


def restart_process_instances(
    definition_key: int,
    keys: Sequence[int],
    instructions: Sequence[Instruction],
    *,
    options: RestartOptions = DEFAULTS,
    context: Context = SYSTEM,
) -> tuple[Outcome, ...]:
    """Start a new process instance for each of these ended ones at the instructions' elements; all or none.

    The given definition has to be that of the ended ones; they run on it too, unless the options name another one. Each
    knows which one it restarts.
    """
    with unit_of_work(context) as work:
        engines = [begun.engine for begun in _begin_all(work, definition_key, keys, instructions, options, context)]
        settle(work)
        return outcomes(engines, work.engines)


def judge_restart(
    definition_key: int,
    keys: Sequence[int],
    instructions: Sequence[Instruction],
    *,
    options: RestartOptions = DEFAULTS,
    context: Context = SYSTEM,
    judging: Judging | None = None,
) -> tuple[JudgedOutcome, ...]:
    """Like `restart_process_instances`, and tell what harm there is in beginning so; in a dry run, would be.

    With `judging`, which is shared by the commands of one plan on many, those that stand alike are looked at once.
    """
    with unit_of_work(context) as work:
        begun = _begin_all(work, definition_key, keys, instructions, options, context)
        settle(work)
        found = outcomes([each.engine for each in begun], work.engines)
        return tuple(
            judged(work, each.engine, done, each.before, starting(instructions, each.before), judging)
            for each, done in zip(begun, found, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Begun:
    engine: Engine
    before: Marking
    """With its variables, and nothing that stands in it yet."""


def _begin_all(
    work: UnitOfWork,
    definition_key: int,
    keys: Sequence[int],
    instructions: Sequence[Instruction],
    options: RestartOptions,
    context: Context,
) -> list[_Begun]:
    if not keys:
        raise Rejected(
            "Expected at least one process instance to restart, but the list of process instance ids is empty."
        )
    refuse_unsuitable_for_restart(instructions)
    runs_on = _runs_on(definition_key, options, context)
    require_startable(work, runs_on)
    ended = _ended(definition_key, list(dict.fromkeys(keys)))
    variables = _variables([each.key for each in ended], options)
    return [_begin(work, runs_on, each, variables.get(each.key, {}), instructions, options) for each in ended]


def _runs_on(definition_key: int, options: RestartOptions, context: Context) -> int:
    workspace_id = definition(definition_key).workspace_id
    context.authorize(workspace_id)
    runs_on = definition_key if options.on_definition_key is None else options.on_definition_key
    if definition(runs_on).workspace_id != workspace_id:
        raise NotFound(f"Expected to find a process definition with key '{runs_on}' to restart on, but there is none.")
    return runs_on


def _begin(
    work: UnitOfWork,
    definition_key: int,
    ended: _Ended,
    variables: Variables,
    instructions: Sequence[Instruction],
    options: RestartOptions,
) -> _Begun:
    engine = work.create(
        definition_key,
        business_key=None if options.without_business_key else ended.business_key,
        start_reason=ended.start_reason(options),
        tags=ended.tags,
        options=EngineOptions(options.skip_io_mappings, options.skip_listeners),
    )
    check_vocabulary(engine, instructions)
    engine.state.restarted_from_key = ended.key
    engine.variables.set_all_local(engine.state.root, variables)
    engine.begin_process()
    before = Marking.of(engine.state)
    Modification(engine).apply(instructions, ModificationOptions())
    return _Begun(engine, before)


def refuse_unsuitable_for_restart(instructions: Sequence[Instruction]) -> None:
    """Raise Rejected for instructions that a restart cannot have, and where there is none at all."""
    if not instructions:
        raise Rejected("Restart instructions cannot be empty: expected at least one element to start at.")
    for position, instruction in enumerate(instructions):
        if isinstance(instruction, NOT_FOR_RESTARTS) or not isinstance(instruction, FOR_RESTARTS):
            raise Rejected(f"{instruction.describe()}: a restart can only start elements.", instruction=position)


def _ended(definition_key: int, keys: Sequence[int]) -> list[_Ended]:
    found = {row[0]: row for row in fetch(ENDED, (list(keys),))}
    ended = []
    for key in keys:
        if key not in found:
            raise NotFound(f"Expected to find a process instance with key '{key}' to restart, but there is none.")
        _key, state, own_definition, business_key, tags, start_element_id = found[key]
        if state == "ACTIVE":
            raise Conflict(
                f"Expected process instance '{key}' to have ended, but it is active: cannot restart active instances."
            )
        if own_definition != definition_key:
            raise Rejected(
                f"Its process definition '{own_definition}' does not match given process definition '{definition_key}': process "
                f"instance '{key}' cannot be restarted with it."
            )
        ended.append(_Ended(key, business_key, tags, start_element_id))
    return ended


def _variables(keys: Sequence[int], options: RestartOptions) -> dict[int, dict[str, TypedValue]]:
    """The global variables of ended process instances; local ones are left behind (C6)."""
    initial = options.initial_variables
    rows = fetch(INITIAL_VALUES, (list(keys), list(keys))) if initial else fetch(LAST_VALUES, (list(keys),))
    variables: dict[int, dict[str, TypedValue]] = {}
    for scope_key, name, value, kind in rows:
        variables.setdefault(scope_key, {})[name] = TypedValue(from_json(value), kind)
    return variables


__all__ = ["RestartOptions", "judge_restart", "refuse_unsuitable_for_restart", "restart_process_instances"]
