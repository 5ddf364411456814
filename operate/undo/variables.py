"""Taking back an edit of variables: values, and what did not exist, as they were before, from what the edit has kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from django.utils.translation import gettext as _

from audit.models import AuditEvent
from operate.actions.variables import EditVariables
from operate.batch.models import BatchType
from operate.batch.plans import Act, Plan
from operate.undo.base import Undo, nothing_left
from operate.undo.modifications import modification
from operate.undo.values import Changes, changes_of, restored, split
from operate.variables.edits import Edit
from operate.variables.snapshots import restoring, snapshot
from operate.workspaces import Access, Right
from workflow.models import ProcessInstance
from workflow.services import Outcome


@dataclass(frozen=True)
class RestoreVariables(Plan):
    """One edit of one scope, made from what another edit has kept; conflicts refuse it."""

    type: ClassVar[BatchType] = BatchType.SET_VARIABLES
    right: ClassVar[Right] = Right.EDIT_VARIABLES

    edit: Edit

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return [act(EditVariables).execute(self.edit).outcome]

    def describe(self) -> list[str]:
        return [
            *(_("Set variable '%(name)s' to what it was") % {"name": name} for name in self.edit.set),
            *(_("Delete variable '%(name)s', which did not exist") % {"name": name} for name in self.edit.delete),
        ]


def undo_of(event: AuditEvent) -> Undo:
    """An edit of the scope; where it has changed several, a modification that sets what existed."""
    instance = ProcessInstance.objects.get(pk=event.process_instance_key)
    changes = changes_of(event.body)
    if len({change["scope_key"] for change in changes}) > 1:
        return _of_several_scopes(event, instance, changes)
    back, notes = split(changes, may_delete=True)
    if not back:
        raise nothing_left(event, notes)
    edit = _edit(event, instance, {change["name"] for change in back})
    return Undo(event, instance.key, RestoreVariables(edit), tuple(notes))


def _edit(event: AuditEvent, instance: ProcessInstance, names: Collection[str]) -> Edit:
    """What the event's edit has kept, with all digits and types, of these variables."""
    _instance, row = snapshot(event.key, Access.of_system())
    edit = restoring(instance, row)
    return replace(
        edit,
        set={name: value for name, value in edit.set.items() if name in names},
        delete=[name for name in edit.delete if name in names],
    )


def _of_several_scopes(event: AuditEvent, instance: ProcessInstance, changes: Changes) -> Undo:
    instructions, notes = restored(changes)
    if not instructions:
        raise nothing_left(event, notes)
    return Undo(event, instance.key, modification(instructions, instance.revision), tuple(notes))


__all__ = ["RestoreVariables", "undo_of"]
