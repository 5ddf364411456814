"""Commands on several process instances at once, all of them or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from audit.models import Event, Result, Subject
from audit.record import NewAuditEvent, Snapshot, record
from operate.actions import details
from operate.actions.base import Action, snapshots_of
from operate.approvals.policies import Place
from operate.batch.models import BatchType
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.errors import Rejected
from workflow.modification import (
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    ModificationOptions,
    TerminateElementInstance,
)
from workflow.persistence.unit_of_work import rehearsed
from workflow.services import Outcome
from workflow.soundness import Judging

MOST_AT_ONCE = 1_000
"""More process instances than these would be locked for too long; they are for a batch."""
OF_ONE_INSTANCE = (CancelElementInstance, CancelTransitionInstance, TerminateElementInstance)
NO_OPTIONS = ModificationOptions()


class ManyAction(Action[tuple[Outcome, ...]]):
    """All or nothing, in one transaction; each process instance has an audit event of its own."""

    subject = Subject.PROCESS_INSTANCE

    def refuse_too_many(self, keys: Sequence[int]) -> None:
        """Many process instances are locked until the last one is done."""
        if len(keys) > MOST_AT_ONCE:
            raise Rejected(
                f"Expected at most {MOST_AT_ONCE} process instances in one command, found {len(keys)}. Let a batch do it."
            )

    def note_done(self, outcome: Outcome, key: int, **facts: Any) -> None:
        """Tell what was done to one process instance."""
        entry = replace(
            self.entry,
            workspace_id=outcome.workspace_id,
            entity_type=Subject.PROCESS_INSTANCE,
            entity_key=key,
            process_instance_key=key,
            definition_key=outcome.definition_key,
            process_id=outcome.process_id,
            body={**self.entry.body, **facts},
        )
        self._done.append((entry, snapshots_of(outcome)))

    def note_everywhere(self, **facts: object) -> None:
        super().note_everywhere(**facts)
        for entry, _ in self._done:
            entry.body |= facts

    def places(self) -> list[Place]:
        found = Counter((entry.workspace_id, entry.process_id) for entry, _ in self._done)
        return [
            Place(workspace_id, frozenset({process_id}), count)
            for (workspace_id, process_id), count in found.items()
            if workspace_id is not None
        ]

    def _begin(self) -> None:
        super()._begin()
        self._done: list[tuple[NewAuditEvent, list[Snapshot]]] = []

    def _record(self) -> None:
        for entry, snapshots in self._done:
            record(entry, snapshots)

    def _record_without_success(self, result: Result, message: str) -> None:
        """Nothing was done to any of them: one event tells of the refusal."""
        self._set_result(result, message)
        record(self.entry)


class ModifyProcessInstances(ManyAction):
    """Apply a plan to several running process instances of one definition.

    A plan for many names elements, not element instances: those belong to one process instance only. With `judging` the outcomes
    are judged.
    """

    permission = Right.MODIFY
    event = Event.MODIFY
    operation = BatchType.MODIFY

    def perform(
        self,
        definition_key: int,
        keys: Sequence[int],
        instructions: Sequence[Instruction],
        *,
        options: ModificationOptions = NO_OPTIONS,
        judging: Judging | None = None,
    ) -> tuple[Outcome, ...]:
        self.note(plan=details.plan(instructions), options=None if options == NO_OPTIONS else options)
        self.refuse_too_many(keys)
        refuse_instructions_of_one(instructions)
        if details.sets_variables(instructions):
            self.require(Right.EDIT_VARIABLES)
        modify: Callable[..., Outcome] = services.modify_process_instance
        if judging is not None:
            modify = partial(services.judge_modification, judging=judging)
        outcomes = []
        with rehearsed(self.context) as context:  # in a dry run, too, each sees what was done to those before it
            for key in sorted(set(keys)):  # in the order in which everybody locks them
                self.about(key)
                outcome = modify(key, instructions, options=options, context=context)
                refuse_other_definition(outcome, definition_key)
                self._note_modified(outcome)
                outcomes.append(outcome)
        return tuple(outcomes)

    def _note_modified(self, outcome: Outcome) -> None:
        self.note_done(
            outcome,
            outcome.process_instance_key,
            activated=details.elements(outcome.activated),
            completed=details.elements(outcome.completed),
            terminated=details.elements(outcome.terminated),
            state=outcome.state,
            **({"variables": outcome.variables} if outcome.variables else {}),
        )


def refuse_instructions_of_one(instructions: Sequence[Instruction]) -> None:
    """Raise Rejected for instructions that name an element instance, and where there is none at all."""
    if not instructions:
        raise Rejected("The list of modification instructions is empty: expected at least one instruction.")
    for position, instruction in enumerate(instructions):
        if _names_element_instance(instruction):
            raise Rejected(
                f"{instruction.describe()}: it names an element instance, which only one process instance has; for several, "
                "name the element.",
                instruction=position,
            )


def _names_element_instance(instruction: Instruction) -> bool:
    choice = getattr(instruction, "ancestor", None)
    named = (
        getattr(instruction, "ancestor_key", None),
        getattr(instruction, "source_key", None),
        getattr(choice, "key", None),
    )
    return isinstance(instruction, OF_ONE_INSTANCE) or any(key is not None for key in named)


def refuse_other_definition(outcome: Outcome, definition_key: int) -> None:
    """Raise Rejected for a process instance of another definition than the one that the plan was made for."""
    if outcome.definition_key != definition_key:
        raise Rejected(
            f"Process instance '{outcome.process_instance_key}' cannot be modified. Its process definition "
            f"'{outcome.definition_key}' does not match given process definition '{definition_key}'."
        )


__all__ = [
    "MOST_AT_ONCE",
    "ManyAction",
    "ModifyProcessInstances",
    "refuse_instructions_of_one",
    "refuse_other_definition",
]
