"""Starting, ending, suspending and modifying process instances."""

from __future__ import annotations

from collections.abc import Sequence

from workflow.engine.commands import Terminate
from workflow.engine.engine import NO_OPTIONS as NO_ENGINE_OPTIONS
from workflow.engine.engine import Engine, EngineOptions
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import Semantics
from workflow.models import ProcessInstance
from workflow.modification import (
    CAMUNDA_7_INSTRUCTIONS,
    ZEEBE_INSTRUCTIONS,
    Instruction,
    Modification,
    ModificationOptions,
)
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, UnitOfWork, unit_of_work
from workflow.services.history import delete_instance_rows
from workflow.services.settling import settle, take_what_waited
from workflow.services.start_events import require_startable
from workflow.soundness import Change, JudgedOutcome, Judging, Marking, judge_change, modifying

NO_OPTIONS = ModificationOptions()


def start_process_instance(
    definition_key: int,
    *,
    variables: Variables = NO_VARIABLES,
    business_key: str | None = None,
    instructions: Sequence[Instruction] = (),
    skip_io_mappings: bool = False,
    skip_listeners: bool = False,
    tags: Sequence[str] = (),
    terminate_after: Sequence[str] = (),
    start_reason: str = "",
    context: Context = SYSTEM,
) -> Outcome:
    """Start a process instance at its none start event, or straight at the instructions' elements.

    When one of the elements in `terminate_after` ends, the process instance is terminated.
    """
    options = EngineOptions(skip_io_mappings, skip_listeners)
    with unit_of_work(context) as work:
        engine = work.create(
            definition_key, business_key=business_key, start_reason=start_reason, tags=tags, options=options
        )
        require_startable(work, definition_key)
        engine.state.terminate_after = _known_elements(engine, terminate_after)
        if instructions:
            engine.variables.set_all_local(engine.state.root, variables)
            check_vocabulary(engine, instructions)
            engine.begin_process()
            Modification(engine).apply(instructions, NO_OPTIONS)
        else:
            engine.variables.set_initial(variables)
            engine.start()
            engine.run()
        settle(work)
        return outcome(engine, work.engines)


def _known_elements(engine: Engine, element_ids: Sequence[str]) -> list[str]:
    for element_id in element_ids:
        if element_id not in engine.state.process.elements:
            raise Rejected(
                f"Expected to terminate after element '{element_id}', but no such element is in the process."
            )
    return list(dict.fromkeys(element_ids))


def modify_process_instance(
    key: int,
    instructions: Sequence[Instruction],
    *,
    options: ModificationOptions = NO_OPTIONS,
    context: Context = SYSTEM,
) -> Outcome:
    """Apply all instructions to one running process instance, or none of them."""
    with unit_of_work(context) as work:
        engine = _open_to_modify(work, key, instructions, options)
        return _modified(work, engine, instructions, options)


def judge_modification(
    key: int,
    instructions: Sequence[Instruction],
    *,
    options: ModificationOptions = NO_OPTIONS,
    context: Context = SYSTEM,
    judging: Judging | None = None,
) -> JudgedOutcome:
    """Like `modify_process_instance`, and tell what harm that does; in a dry run, would do.

    With `judging`, which is shared by the commands of one plan on many, those that stand alike are looked at once.
    """
    with unit_of_work(context) as work:
        engine = _open_to_modify(work, key, instructions, options)
        before = Marking.of(engine.state)
        modified = _modified(work, engine, instructions, options)
        return judged(work, engine, modified, before, modifying(instructions, before), judging)


def judged(
    work: UnitOfWork, engine: Engine, done: Outcome, before: Marking, change: Change, judging: Judging | None
) -> JudgedOutcome:
    """What was done to a process instance, with what harm; `before` is how it stood."""
    others = [each.state for each in work.engines if each is not engine]
    find = judge_change if judging is None else judging.judge
    return JudgedOutcome.of(done, find(before, engine.state, change, now=work.now, others=others))


def _open_to_modify(
    work: UnitOfWork, key: int, instructions: Sequence[Instruction], options: ModificationOptions
) -> Engine:
    engine = open_running(work, key, EngineOptions(options.skip_io_mappings, options.skip_listeners))
    check_vocabulary(engine, instructions)
    return engine


def _modified(
    work: UnitOfWork, engine: Engine, instructions: Sequence[Instruction], options: ModificationOptions
) -> Outcome:
    Modification(engine).apply(instructions, options)
    settle(work)
    return outcome(engine, work.engines)


def open_running(work: UnitOfWork, key: int, options: EngineOptions = NO_ENGINE_OPTIONS) -> Engine:
    """A process instance with everything that is open in it; NotFound if it has ended."""
    engine = work.open(Subject.PROCESS_INSTANCE, key, everything=True, options=options)
    if not engine.state.is_active:
        raise NotFound(
            f"Expected an active process instance with key '{key}', but it has ended ({engine.state.state.lower()})."
        )
    return engine


def check_vocabulary(engine: Engine, instructions: Sequence[Instruction]) -> None:
    """Refuse instructions of the other semantics; their rules differ too much to guess."""
    zeebe = engine.state.process.semantics is Semantics.ZEEBE
    allowed = ZEEBE_INSTRUCTIONS if zeebe else CAMUNDA_7_INSTRUCTIONS
    for position, instruction in enumerate(instructions):
        if not isinstance(instruction, allowed):
            name = "Camunda 8" if zeebe else "Camunda 7"
            raise Rejected(
                f"{instruction.describe()}: process '{engine.state.process.id}' has {name} semantics, which does not know "
                "this kind of instruction.",
                instruction=position,
            )


def cancel_process_instance(
    key: int, *, reason: str = "", skip_io_mappings: bool = False, context: Context = SYSTEM
) -> Outcome:
    """Cancel a running process instance with everything in it; NotFound if it has ended."""
    with unit_of_work(context) as work:
        engine = open_running(work, key, EngineOptions(skip_io_mappings))
        engine.state.end_reason = reason
        engine.run(Terminate(engine.state.root))
        settle(work)
        return outcome(engine, work.engines)


def suspend_process_instance(key: int, *, context: Context = SYSTEM) -> Outcome:
    """Put a running process instance on hold: nothing in it can be completed until it is resumed."""
    return _set_suspended(key, True, context)


def resume_process_instance(key: int, *, context: Context = SYSTEM) -> Outcome:
    """Let a suspended process instance go on."""
    return _set_suspended(key, False, context)


def _set_suspended(key: int, suspended: bool, context: Context) -> Outcome:
    with unit_of_work(context) as work:
        engine = open_running(work, key)
        state = engine.state
        if state.suspended == suspended:
            raise Conflict(f"Process instance '{key}' is {'suspended already' if suspended else 'not suspended'}.")
        state.suspended = suspended
        for row in (*state.jobs.values(), *state.user_tasks.values()):
            row.suspended = suspended
            row.is_changed = True
        if not suspended:
            take_what_waited(work, engine)
        return outcome(engine, work.engines)


def delete_process_instance(key: int, *, context: Context = SYSTEM) -> ProcessInstance:
    """Remove an ended process instance with its history; Conflict while it runs. Returns the row as it was."""
    with transaction():
        row = ProcessInstance.objects.select_for_update().filter(pk=key).first()
        if row is None:
            raise NotFound(f"Expected to find a process instance with key '{key}', but there is none.")
        context.authorize(row.workspace_id)
        if row.state == ProcessInstance.State.ACTIVE:
            raise Conflict(f"Expected process instance '{key}' to have ended, but it is active. Cancel it first.")
        if not context.dry_run:
            delete_instance_rows([key])
        return row
