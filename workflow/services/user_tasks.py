"""User tasks: who does them, and completing them."""

from __future__ import annotations

from collections.abc import Mapping

from workflow.engine.commands import Complete
from workflow.engine.engine import Engine
from workflow.engine.errors import Conflict, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import COMPLETED, UserTaskRow
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, UnitOfWork, unit_of_work
from workflow.services.errors import throw_bpmn_error, throw_escalation
from workflow.services.guards import open_user_task, require_not_suspended
from workflow.services.settling import settle

CHANGEABLE = frozenset(
    {
        "assignee",
        "candidate_groups",
        "candidate_users",
        "delegation_state",
        "due_at",
        "follow_up_at",
        "owner",
        "priority",
    }
)
PENDING, RESOLVED = "PENDING", "RESOLVED"


def complete_user_task(
    key: int,
    *,
    variables: Variables = NO_VARIABLES,
    local_variables: Variables = NO_VARIABLES,
    context: Context = SYSTEM,
) -> Outcome:
    """Complete a waiting user task with its result, and let the process go on.

    A task that somebody does on behalf of its owner goes back to the owner first: `resolve_user_task`.
    """
    with unit_of_work(context) as work:
        engine, row = _open(work, key)
        if row.delegation_state == PENDING:
            raise Conflict(
                f"A delegated task cannot be completed, but should be resolved instead: task '{key}' is pending."
            )
        instance = engine.state.elements[row.element_instance_key]
        engine.variables.set_all_local(instance, local_variables)
        engine.set_result(instance, variables)
        engine.notify_task(row, "complete")
        engine.end_row(row, COMPLETED)
        engine.run(Complete(instance))
        settle(work)
        return outcome(engine)


def assign_user_task(
    key: int, assignee: str | None, *, only_if_free: bool = False, context: Context = SYSTEM
) -> Outcome:
    """Give a waiting user task to somebody, or to nobody; with `only_if_free`, Conflict if somebody else has it."""
    with unit_of_work(context) as work:
        engine, row = _open(work, key)
        if only_if_free and row.assignee not in (None, assignee):
            raise Conflict(f"Task '{key}' is already claimed by someone else: '{row.assignee}'.")
        before, row.assignee = row.assignee, assignee
        _tell(work, engine, row, before)
        return outcome(engine)


def delegate_user_task(key: int, assignee: str, *, context: Context = SYSTEM) -> Outcome:
    """Let somebody else do a waiting user task; who has it stays its owner and gets it back when it is resolved."""
    with unit_of_work(context) as work:
        engine, row = _open(work, key)
        before = row.assignee
        row.owner = row.owner if row.owner is not None else before
        row.assignee, row.delegation_state = assignee, PENDING
        _tell(work, engine, row, before)
        return outcome(engine)


def resolve_user_task(key: int, *, variables: Variables = NO_VARIABLES, context: Context = SYSTEM) -> Outcome:
    """Give a user task back to its owner, with the result of who has done it; the task waits on."""
    with unit_of_work(context) as work:
        engine, row = _open(work, key)
        before = row.assignee
        row.assignee, row.delegation_state = row.owner, RESOLVED
        engine.variables.set_all(engine.state.elements[row.element_instance_key], variables)
        _tell(work, engine, row, before)
        return outcome(engine)


def update_user_task(
    key: int,
    changes: Mapping[str, object],
    *,
    expected: Mapping[str, object] | None = None,
    context: Context = SYSTEM,
) -> Outcome:
    """Change dates, candidates, priority, assignee, owner or delegation state of a waiting user task.

    `expected` are attributes as the caller has seen them; others now are a Conflict.
    """
    unknown = changes.keys() - CHANGEABLE
    if unknown:
        raise Rejected(f"A user task has no changeable attribute {sorted(unknown)}; there are {sorted(CHANGEABLE)}.")
    with unit_of_work(context) as work:
        engine, row = _open(work, key)
        for name, seen in (expected or {}).items():
            if getattr(row, name) != seen:
                raise Conflict(f"'{name}' of task '{key}' was changed by somebody else meanwhile. Look at it again.")
        before = row.assignee
        for name, value in changes.items():
            setattr(row, name, value)
        _tell(work, engine, row, before)
        return outcome(engine)


def throw_user_task_error(
    key: int, *, code: str, message: str = "", variables: Variables = NO_VARIABLES, context: Context = SYSTEM
) -> Outcome:
    """Report a BPMN error from a waiting user task."""
    with unit_of_work(context) as work:
        engine, row = _open(work, key)
        instance = engine.state.elements[row.element_instance_key]
        throw_bpmn_error(engine, instance, code, message, variables=variables)
        settle(work)
        return outcome(engine)


def throw_user_task_escalation(
    key: int, *, code: str, variables: Variables = NO_VARIABLES, context: Context = SYSTEM
) -> Outcome:
    """Throw an escalation from a waiting user task."""
    with unit_of_work(context) as work:
        engine, row = _open(work, key)
        throw_escalation(engine, engine.state.elements[row.element_instance_key], code, variables)
        settle(work)
        return outcome(engine)


def _tell(work: UnitOfWork, engine: Engine, row: UserTaskRow, assignee_before: str | None) -> None:
    """Note the change of a task, tell its listeners, and let the process do what follows from what they did."""
    row.is_changed = True
    engine.notify_task(row, "update")
    if row.assignee != assignee_before:
        engine.notify_task(row, "assignment")
    engine.run()
    settle(work)


def _open(work: UnitOfWork, key: int) -> tuple[Engine, UserTaskRow]:
    engine = work.open(Subject.USER_TASK, key)
    row, _ = open_user_task(engine, key)
    require_not_suspended(engine, f"Task '{key}'")
    return engine, row
