"""The life of a process instance: start, modify, cancel, suspend, resume, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from audit.models import Event, Subject
from operate.actions import details
from operate.actions.base import Action
from operate.batch.models import BatchType
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.modification import Instruction, ModificationOptions
from workflow.services import Outcome
from workflow.soundness import Acceptance, Judging


class StartProcessInstance(Action[Outcome]):
    """Start a process instance of a definition."""

    permission = Right.START
    event = Event.START
    subject = Subject.PROCESS_INSTANCE
    entity = Subject.PROCESS_DEFINITION

    def perform(
        self,
        definition_key: int,
        *,
        variables: Variables = NO_VARIABLES,
        business_key: str | None = None,
        instructions: Sequence[Instruction] = (),
        skip_io_mappings: bool = False,
        skip_listeners: bool = False,
        tags: Sequence[str] = (),
        terminate_after: Sequence[str] = (),
    ) -> Outcome:
        self.about(definition_key)
        self.entry.definition_key = definition_key
        self.note(variables=variables, business_key=business_key, plan=details.plan(instructions), tags=tags)
        self.note(terminate_after=list(terminate_after))
        outcome = services.start_process_instance(
            definition_key,
            variables=variables,
            business_key=business_key,
            instructions=instructions,
            skip_io_mappings=skip_io_mappings,
            skip_listeners=skip_listeners,
            tags=tags,
            terminate_after=terminate_after,
            start_reason=self.reason,
            context=self.context,
        )
        self.entry.entity_type, self.entry.entity_key = Subject.PROCESS_INSTANCE, outcome.process_instance_key
        return self.noted(outcome)


class ModifyProcessInstance(Action[Outcome]):
    """Apply a plan to a running process instance, all of it or nothing.

    A plan that brings variables along needs the right to edit variables as well: otherwise it would be a way around it. With
    `accepted` the outcome is judged, and its red warnings have to be among those; they go into the audit event. With `judging`
    alone it is judged, as one of many.
    """

    permission = Right.MODIFY
    event = Event.MODIFY
    operation = BatchType.MODIFY
    subject = Subject.PROCESS_INSTANCE

    def perform(
        self,
        key: int,
        instructions: Sequence[Instruction],
        *,
        options: ModificationOptions | None = None,
        accepted: Collection[Acceptance] | None = None,
        judging: Judging | None = None,
    ) -> Outcome:
        self.about(key)
        self.note(plan=details.plan(instructions), options=options)
        if details.sets_variables(instructions):
            self.require(Right.EDIT_VARIABLES)
        options = options or ModificationOptions()
        outcome: Outcome
        if accepted is None and judging is None:
            outcome = services.modify_process_instance(key, instructions, options=options, context=self.context)
        else:
            outcome = services.judge_modification(
                key, instructions, options=options, context=self.context, judging=judging
            )
        self.note_outcome(outcome)
        self.note(**details.accepted_in(outcome, None if self.dry_run else accepted))
        self.note_variables(outcome)
        self.note(
            activated=details.elements(outcome.activated),
            completed=details.elements(outcome.completed),
            terminated=details.elements(outcome.terminated),
            state=outcome.state,
        )
        return outcome


class CancelProcessInstance(Action[Outcome]):
    """Cancel a running process instance and what it called."""

    permission = Right.CANCEL
    event = Event.CANCEL
    operation = BatchType.CANCEL
    subject = Subject.PROCESS_INSTANCE

    def perform(self, key: int, *, skip_io_mappings: bool = False) -> Outcome:
        self.about(key)
        outcome = services.cancel_process_instance(
            key, reason=self.reason, skip_io_mappings=skip_io_mappings, context=self.context
        )
        self.note_outcome(outcome)
        self.note(terminated=details.elements(outcome.terminated))
        return outcome


class SuspendProcessInstance(Action[Outcome]):
    """Let a process instance rest: nothing in it goes on until it is resumed."""

    permission = Right.SUSPEND
    event = Event.SUSPEND
    operation = BatchType.SUSPEND
    subject = Subject.PROCESS_INSTANCE

    def perform(self, key: int) -> Outcome:
        self.about(key)
        return self.noted(services.suspend_process_instance(key, context=self.context))


class ResumeProcessInstance(Action[Outcome]):
    """Let a suspended process instance go on."""

    permission = Right.SUSPEND
    event = Event.RESUME
    operation = BatchType.RESUME
    subject = Subject.PROCESS_INSTANCE

    def perform(self, key: int) -> Outcome:
        self.about(key)
        return self.noted(services.resume_process_instance(key, context=self.context))


class DeleteProcessInstance(Action[None]):
    """Delete an ended process instance with its history; its audit events stay."""

    permission = Right.DELETE_INSTANCE
    event = Event.DELETE
    operation = BatchType.DELETE
    subject = Subject.PROCESS_INSTANCE

    def perform(self, key: int) -> None:
        self.about(key)
        deleted = services.delete_process_instance(key, context=self.context)
        self.entry.workspace_id, self.entry.process_id = deleted.workspace_id, deleted.process_id
        self.entry.definition_key = deleted.definition_key
