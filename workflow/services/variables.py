"""Editing variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workflow.engine.engine import Engine
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import ElementInstance, VariableRow
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import Semantics
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, UnitOfWork, unit_of_work
from workflow.services.settling import settle

NAME_LIMIT = 255


class NotEditable(Conflict):
    """Variables that nobody can edit any more: their process instance or their scope has ended."""


@dataclass(frozen=True, slots=True)
class OpenScope:
    """A scope of a running process instance as it is under the lock; its variables are only to be read."""

    key: int
    process_instance_key: int
    workspace_id: int
    process_id: str
    semantics: Semantics
    variables: Mapping[str, VariableRow]


@dataclass(frozen=True, slots=True)
class VariableEdit:
    """What is to be set in exactly one scope, and what to be deleted from it."""

    set: Variables = NO_VARIABLES
    delete: Sequence[str] = ()


def edit_variables(
    scope_key: int, decide: Callable[[OpenScope], VariableEdit], *, context: Context = SYSTEM
) -> Outcome:
    """Edit one scope, all or nothing; what to do is decided once it is locked, so that nobody else changes it meanwhile.

    What `decide` raises refuses the edit. Ended process instances and scopes are refused by their state (`NotEditable`).
    """
    with unit_of_work(context) as work:
        engine = work.open(Subject.SCOPE, scope_key)
        scope = engine.state.elements[scope_key]
        _refuse_ended(engine, scope)
        edit = decide(_opened(engine, scope))
        for name, value in edit.set.items():
            _check_name(name)
            engine.variables.set_local(scope, name, value)
        for name in edit.delete:
            engine.variables.delete(scope, name)
        engine.run()
        settle(work)
        return outcome(engine, work.engines)


def _opened(engine: Engine, scope: ElementInstance) -> OpenScope:
    state = engine.state
    process = state.process
    return OpenScope(scope.key, state.key, state.workspace_id, process.id, process.semantics, scope.variables)


def _refuse_ended(engine: Engine, scope: ElementInstance) -> None:
    state = engine.state
    if not state.is_active:
        raise NotEditable(
            f"Expected process instance '{state.key}' to be active or suspended, but it is {state.state.lower()}. "
            "Variables are edited only while it runs."
        )
    if not scope.is_open:
        raise NotEditable(
            f"Expected the scope '{scope.element.id}' with key '{scope.key}' to be active, but it is {scope.state.lower()}, "
            "and its variables with it."
        )


def set_variables(
    scope_key: int,
    variables: Variables,
    *,
    delete: Sequence[str] = (),
    local: bool = False,
    expected: Mapping[str, int | None] | None = None,
    context: Context = SYSTEM,
) -> Outcome:
    """Set variables from a scope outwards, or exactly there, and delete some; all or none.

    `scope_key` is an active element instance's or a running process instance's key. `expected` names the revision of
    each variable that the editor has seen (`None`: it did not exist); another one now is a Conflict.
    """
    for name in variables:
        _check_name(name)
    with unit_of_work(context) as work:
        engine, scope = _open_scope(work, scope_key)
        _check_revisions(scope, expected or {})
        for name, value in variables.items():
            if local:
                engine.variables.set_local(scope, name, value)
            else:
                engine.variables.set(scope, name, value)
        for name in delete:
            engine.variables.delete(scope, name)
        engine.run()
        settle(work)
        return outcome(engine, work.engines)


def delete_variables(scope_key: int, names: Sequence[str], *, context: Context = SYSTEM) -> Outcome:
    """Delete variables from exactly this scope; names that do not exist there are passed over."""
    return set_variables(scope_key, {}, delete=names, local=True, context=context)


def _open_scope(work: UnitOfWork, scope_key: int) -> tuple[Engine, ElementInstance]:
    engine = work.open(Subject.SCOPE, scope_key)
    scope = engine.state.elements[scope_key]
    if not engine.state.is_active or not scope.is_open:
        raise NotFound(f"Expected an active scope with key '{scope_key}', but it has ended.")
    return engine, scope


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_LIMIT or "\x00" in name:
        raise Rejected(f"Expected a variable name of 1 to {NAME_LIMIT} characters, but found '{name[:40]}'.")


def _check_revisions(scope: ElementInstance, expected: Mapping[str, int | None]) -> None:
    for name, revision in expected.items():
        row = scope.variables.get(name)
        now = row.revision if row is not None else None
        if now != revision:
            raise Conflict(
                f"Variable '{name}' was changed by somebody else since you opened it "
                f"(you saw revision {revision}, it has {now} now). Look at it again."
            )
