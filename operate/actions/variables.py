"""Editing variables. What they were before is kept as snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.batch.models import BatchType
from operate.variables.edits import Author, Change, Decision, Edit, TwoEdits, VariablesChanged
from operate.variables.history import latest
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import Variables
from workflow.models import ProcessInstance
from workflow.services import Outcome


class VariablesAction(Action[Outcome]):
    """What setting and deleting share."""

    permission = Right.EDIT_VARIABLES
    operation = BatchType.SET_VARIABLES
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


@dataclass(frozen=True, slots=True)
class Edited:
    """An edit that was saved, or in a dry run would be."""

    outcome: Outcome
    changes: Sequence[Change]


class EditVariables(Action[Edited]):
    """Edit one scope as somebody has seen it, all or nothing.

    Refused are changes to what others have changed meanwhile (`VariablesChanged`), values that a variable's type cannot hold
    unless that is accepted (`TypesChange`), and what has ended (`NotEditable`).
    """

    permission = Right.EDIT_VARIABLES
    operation = BatchType.SET_VARIABLES
    event = Event.UPDATE
    subject = Subject.PROCESS_VARIABLES
    entity = Subject.ELEMENT_INSTANCE

    def execute(self, edit: Edit) -> Edited:
        try:
            return super().execute(edit)
        except VariablesChanged as refusal:
            refusal.conflicts = self._with_authors(refusal)
            raise

    def perform(self, edit: Edit) -> Edited:
        self.about(edit.scope_key)
        if not edit.is_whole:
            self.note(names=sorted({*edit.set, *edit.delete}))
        self.note(restored_from=edit.restored_from)
        decision = Decision(edit)
        outcome = services.edit_variables(edit.scope_key, decision, context=self.context)
        self.note_outcome(outcome)
        self.note(names=[change.name for change in decision.changes])
        self.note_variables(outcome)
        if edit.scope_key == outcome.process_instance_key:
            self.entry.entity_type = Subject.PROCESS_INSTANCE
        return Edited(outcome, decision.changes)

    def _with_authors(self, refusal: VariablesChanged) -> list[TwoEdits]:
        """The conflicts with who has made the other change."""
        instance = ProcessInstance.objects.filter(pk=refusal.process_instance_key).first()
        if instance is None:
            return list(refusal.conflicts)
        names = [each.name for each in refusal.conflicts]
        written = latest(instance, refusal.scope_key, names, self.access)
        return [
            replace(each, theirs_by=Author(found.by, found.at, found.event))
            if (found := written.get(each.name)) is not None and found.at is not None
            else each
            for each in refusal.conflicts
        ]


class DeleteVariables(VariablesAction):
    """Delete variables of exactly this scope; names that are not there are passed over."""

    event = Event.DELETE

    def perform(self, scope_key: int, names: Sequence[str]) -> Outcome:
        self.about(scope_key)
        self.note(names=sorted(names))
        return self._note_edit(scope_key, services.delete_variables(scope_key, names, context=self.context))
