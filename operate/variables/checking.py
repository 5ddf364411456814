"""What an edit would do and what stands in its way, without doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from operate.actions import EditVariables
from operate.variables.edits import (
    Change,
    Edit,
    NothingChanged,
    TwoEdits,
    TypeChange,
    TypesChange,
    VariablesChanged,
)
from operate.variables.reading import scope_of
from operate.variables.warnings import Warning, warnings
from operate.workspaces import Access
from workflow.services import Outcome


@dataclass(frozen=True, slots=True)
class Checked:
    """The changes of an edit with what they lead to, or the conflicts that refuse it."""

    changes: Sequence[Change] = ()
    type_changes: Sequence[TypeChange] = ()
    conflicts: Sequence[TwoEdits] = ()
    warnings: Sequence[Warning] = ()
    merged: str | None = None
    seen: dict[str, str] = field(default_factory=dict)
    """The versions now, where there are conflicts."""
    outcome: Outcome | None = None


def check(edit: Edit, rehearsal: Callable[[], EditVariables], access: Access) -> Checked:
    """Rehearse an edit: `rehearsal` makes the action, as a dry run.

    Raises what no other edit of this scope would get around: missing rights, what has ended, what does not exist.
    """
    instance, scope = scope_of(edit.scope_key, access)
    told = warnings(instance, scope)
    types: Sequence[TypeChange] = ()
    try:
        try:
            edited = rehearsal().execute(edit)
        except TypesChange as refusal:
            types = refusal.changes
            edited = rehearsal().execute(replace(edit, accept_types=None))
    except VariablesChanged as refusal:
        return Checked((), types, refusal.conflicts, told, refusal.merged, dict(refusal.seen))
    except NothingChanged:
        return Checked()
    return Checked(edited.changes, types, warnings=told, outcome=edited.outcome)


__all__ = ["Checked", "check"]
