"""Migrating process instances to another process definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from audit.models import Event, Subject
from audit.record import NewAuditEvent
from operate.actions.base import Action
from operate.actions.details import MAX_LISTED
from operate.workspaces.roles import Right
from workflow import services
from workflow.migration import MigrationOptions, MigrationPlan
from workflow.services import Outcome

DEFAULTS = MigrationOptions()
Answer = TypeVar("Answer")


class Migration(Action[Answer]):
    """Moving process instances to another process definition as a plan says.

    A plan that brings variables along needs the right to edit variables as well: otherwise it would be a way around it.
    """

    permission = Right.MIGRATE
    event = Event.MIGRATE
    subject = Subject.PROCESS_INSTANCE

    def note_plan(self, plan: MigrationPlan, options: MigrationOptions) -> None:
        """Tell what is planned, as people read it and as programs can make it again."""
        self.note(
            plan=[{"text": mapping.describe()} | asdict(mapping) for mapping in plan.mappings],
            target_definition_key=plan.target_definition_key,
            variables=plan.variables,
            options=None if options == DEFAULTS else options,
        )
        if plan.variables:
            self.require(Right.EDIT_VARIABLES)


class MigrateProcessInstance(Migration[Outcome]):
    """Move one running process instance."""

    def perform(self, key: int, plan: MigrationPlan, *, options: MigrationOptions = DEFAULTS) -> Outcome:
        self.about(key)
        self.note_plan(plan, options)
        outcome = services.migrate_process_instance(key, plan, options=options, context=self.context)
        self.note_outcome(outcome)
        self.note_variables(outcome)
        self.note(**_facts(outcome))
        return outcome


class MigrateProcessInstances(Migration[tuple[Outcome, ...]]):
    """Move several running process instances, all of them or none; each has an audit event of its own."""

    def perform(
        self, keys: Sequence[int], plan: MigrationPlan, *, options: MigrationOptions = DEFAULTS
    ) -> tuple[Outcome, ...]:
        self._outcomes: tuple[Outcome, ...] = ()
        self.entry.definition_key = plan.target_definition_key
        self.note_plan(plan, options)
        self._outcomes = services.migrate_process_instances(keys, plan, options=options, context=self.context)
        for outcome in self._outcomes:
            self.note_variables(outcome)
        return self._outcomes

    def entries(self) -> Iterable[NewAuditEvent]:
        if not self._outcomes:
            yield self.entry
        for outcome in self._outcomes:
            yield replace(
                self.entry,
                workspace_id=outcome.workspace_id,
                entity_type=Subject.PROCESS_INSTANCE,
                entity_key=outcome.process_instance_key,
                process_instance_key=outcome.process_instance_key,
                definition_key=outcome.definition_key,
                process_id=outcome.process_id,
                body=self.entry.body | _facts(outcome),
            )


def _facts(outcome: Outcome) -> dict[str, Any]:
    """What became of the element instances."""
    listed = outcome.migrated[:MAX_LISTED]
    return {
        "migrated": {"total": len(outcome.migrated), "elements": [asdict(fact) for fact in listed]},
        "version": outcome.version,
    }
