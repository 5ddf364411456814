"""Migrating process instances to another process definition."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any

from audit.models import Event, Subject
from operate.actions import details
from operate.actions.base import Action
from operate.actions.details import MAX_LISTED
from operate.approvals.policies import Place
from operate.batch.models import BatchType
from operate.workspaces.roles import Right
from workflow import services
from workflow.migration import MigrationOptions, MigrationPlan
from workflow.models import ProcessInstance
from workflow.services import Outcome
from workflow.soundness import Acceptance, Judging

DEFAULTS = MigrationOptions()
WAITS = frozenset({"TIMER", "MESSAGE", "SIGNAL", "CONDITIONAL"})


class MigrateProcessInstance(Action[Outcome]):
    """Move a running process instance to another process definition as a plan says.

    A plan that brings variables along needs the right to edit variables as well: otherwise it would be a way around it. With
    `accepted` the outcome is judged, and its red warnings have to be among those; with `judging` alone it is judged, as one of
    many.
    """

    permission = Right.MIGRATE
    event = Event.MIGRATE
    operation = BatchType.MIGRATE
    subject = Subject.PROCESS_INSTANCE

    def perform(
        self,
        key: int,
        plan: MigrationPlan,
        *,
        options: MigrationOptions = DEFAULTS,
        accepted: Collection[Acceptance] | None = None,
        judging: Judging | None = None,
    ) -> Outcome:
        self.about(key)
        self._note_plan(plan, options)
        outcome: Outcome
        if accepted is None and judging is None:
            outcome = services.migrate_process_instance(key, plan, options=options, context=self.context)
        else:
            outcome = services.judge_migration(key, plan, options=options, context=self.context, judging=judging)
        self.note_outcome(outcome)
        self.note(**details.accepted_in(outcome, None if self.dry_run else accepted))
        self.note_variables(outcome)
        self.note(**_facts(outcome))
        return outcome

    def places(self) -> list[Place]:
        """Of both processes: what changes is written in the end, so that the row tells where it comes from."""
        rows = ProcessInstance.objects.filter(pk=self.entry.process_instance_key)
        before = frozenset(rows.values_list("process_id", flat=True))
        return [replace(each, process_ids=each.process_ids | before) for each in super().places()]

    def _note_plan(self, plan: MigrationPlan, options: MigrationOptions) -> None:
        """Tell what is planned, as people read it and as programs can make it again."""
        self.note(
            plan=[{"text": mapping.describe()} | asdict(mapping) for mapping in plan.mappings],
            target_definition_key=plan.target_definition_key,
            plan_variables=plan.variables,
            options=None if options == DEFAULTS else options,
        )
        if plan.variables:
            self.require(Right.EDIT_VARIABLES)


def _facts(outcome: Outcome) -> dict[str, Any]:
    """Where it comes from, what became of the element instances, and which events it waits for no longer or now."""
    listed = outcome.migrated[:MAX_LISTED]
    return {
        "source_definition_key": outcome.migrated_from,
        "events": _events(outcome),
        "migrated": {"total": len(outcome.migrated), "elements": [asdict(fact) for fact in listed]},
        "version": outcome.version,
    }


def _events(outcome: Outcome) -> dict[str, list[str]]:
    """The elements of the timers and subscriptions that were closed, by their ids in the source, and of those opened."""
    told = {
        "closed": (*outcome.jobs_closed, *outcome.subscriptions_closed),
        "opened": (*outcome.jobs_created, *outcome.subscriptions_opened),
    }
    found = {name: sorted({row.element_id for row in rows if row.kind in WAITS}) for name, rows in told.items()}
    return {name: ids[:MAX_LISTED] for name, ids in found.items() if ids}
