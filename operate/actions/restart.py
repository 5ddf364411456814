"""Restarting ended process instances."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from audit.models import Event, Subject
from operate.actions import details
from operate.actions.many import ManyAction
from operate.approvals.policies import Place
from operate.batch.models import BatchType
from operate.workspaces.roles import Right
from workflow import services
from workflow.modification import Instruction
from workflow.persistence.definitions import executable_process
from workflow.services import Outcome, RestartOptions
from workflow.soundness import Acceptance, Judging

DEFAULTS = RestartOptions()


class RestartProcessInstances(ManyAction):
    """Start a new process instance for each of these ended ones, all of them or none.

    The audit event is about the ended one; it names the one that was started. With `accepted` the outcomes are judged, and their
    red warnings have to be among those; with `judging` alone they are judged, as some of many.
    """

    permission = Right.RESTART
    event = Event.RESTART
    operation = BatchType.RESTART
    entity = Subject.PROCESS_DEFINITION

    def perform(
        self,
        definition_key: int,
        keys: Sequence[int],
        instructions: Sequence[Instruction],
        *,
        options: RestartOptions = DEFAULTS,
        accepted: Collection[Acceptance] | None = None,
        judging: Judging | None = None,
    ) -> tuple[Outcome, ...]:
        self.note(plan=details.plan(instructions), options=None if options == DEFAULTS else options)
        self.about(definition_key)
        self.entry.definition_key = definition_key
        self.refuse_too_many(keys)
        keys = list(dict.fromkeys(keys))
        if len(keys) == 1:
            self.entry.process_instance_key = keys[0]
        if details.sets_variables(instructions):
            self.require(Right.EDIT_VARIABLES)
        outcomes: tuple[Outcome, ...]
        if accepted is None and judging is None:
            outcomes = services.restart_process_instances(
                definition_key, keys, instructions, options=options, context=self.context
            )
        else:
            outcomes = services.judge_restart(
                definition_key, keys, instructions, options=options, context=self.context, judging=judging
            )
        for key, outcome in zip(keys, outcomes, strict=True):
            self.note_done(
                outcome,
                key,
                restarted_as=outcome.process_instance_key,
                state=outcome.state,
                **details.accepted_in(outcome, None if self.dry_run else accepted),
            )
        return outcomes

    def places(self) -> list[Place]:
        """Of the process that has ended, too, if it goes on as another one."""
        key = self.entry.definition_key
        ended = frozenset() if key is None else frozenset({executable_process(key).id})
        return [replace(each, process_ids=each.process_ids | ended) for each in super().places()]


__all__ = ["RestartProcessInstances"]
