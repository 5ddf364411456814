"""Editing variables. What they were before is kept as snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import Variables
from workflow.services import Outcome


class VariablesAction(Action[Outcome]):
    """What setting and deleting share."""

    permission = Right.EDIT_VARIABLES
    event = Event.UPDATE
    subject = Subject.PROCESS_VARIABLES
    entity = Subject.ELEMENT_INSTANCE

    def _note_edit(self, scope_key: int, outcome: Outcome) -> Outcome:
        self.note_outcome(outcome)
        self.note_variables(outcome)
        if scope_key == outcome.process_instance_key:
            self.entry.entity_type = Subject.PROCESS_INSTANCE
        return outcome


class SetVariables(VariablesAction):
    """Set variables from a scope outwards, or exactly in it (`local`), and delete others, all of it or nothing.

    `expected` are the revisions that the variables had when they were read, `None` for one that did not exist; others
    now refuse the edit.
    """

    def perform(
        self,
        scope_key: int,
        variables: Variables,
        *,
        delete: Sequence[str] = (),
        local: bool = False,
        expected: Mapping[str, int | None] | None = None,
    ) -> Outcome:
        self.about(scope_key)
        self.note(names=sorted({*variables, *delete}))
        outcome = services.set_variables(
            scope_key, variables, delete=delete, local=local, expected=expected, context=self.context
        )
        return self._note_edit(scope_key, outcome)


class DeleteVariables(VariablesAction):
    """Delete variables of exactly this scope; names that are not there are passed over."""

    event = Event.DELETE

    def perform(self, scope_key: int, names: Sequence[str]) -> Outcome:
        self.about(scope_key)
        self.note(names=sorted(names))
        return self._note_edit(scope_key, services.delete_variables(scope_key, names, context=self.context))
