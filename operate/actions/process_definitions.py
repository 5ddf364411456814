"""What people do with process definitions: let them rest, and say how long their history is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.approvals.policies import Place
from operate.batch.models import BatchType
from operate.workspaces.roles import Right
from workflow import services
from workflow.services import DefinitionHistory, SuspendedDefinition


class RestAction(Action[SuspendedDefinition]):
    """What takes process instances along is governed as what it does to them: otherwise it would be a way around it."""

    brings_instances_along = True
    done_to_instances: ClassVar[BatchType]

    def operations(self) -> frozenset[BatchType]:
        return frozenset({self.done_to_instances} if self.entry.body.get("instances") else ())

    def places(self) -> list[Place]:
        return [replace(each, count=self.entry.body["instances"]) for each in super().places()]


class SuspendProcessDefinition(RestAction):
    """Let nobody and nothing start a process definition; `with_instances` puts its running instances on hold too."""

    done_to_instances = BatchType.SUSPEND

    permission = Right.SUSPEND
    event = Event.SUSPEND
    subject = Subject.PROCESS_DEFINITION

    def perform(self, key: int, *, with_instances: bool = False) -> SuspendedDefinition:
        self.about(key)
        self.entry.definition_key = key
        done = services.suspend_process_definition(key, with_instances=with_instances, context=self.context)
        return note_suspended(self, done)


class ActivateProcessDefinition(RestAction):
    """Let a suspended process definition be started again; `with_instances` lets its instances go on too."""

    done_to_instances = BatchType.RESUME

    permission = Right.SUSPEND
    event = Event.RESUME
    subject = Subject.PROCESS_DEFINITION

    def perform(self, key: int, *, with_instances: bool = False) -> SuspendedDefinition:
        self.about(key)
        self.entry.definition_key = key
        done = services.activate_process_definition(key, with_instances=with_instances, context=self.context)
        return note_suspended(self, done)


class SetHistoryTimeToLive(Action[DefinitionHistory]):
    """Say for how many days ended process instances of a definition are kept; `None` for ever."""

    permission = Right.DELETE_INSTANCE
    event = Event.UPDATE
    subject = Subject.PROCESS_DEFINITION

    def perform(self, key: int, days: int | None) -> DefinitionHistory:
        self.about(key)
        self.entry.definition_key = key
        self.entry.body["history_time_to_live_days"] = {"after": days}
        done = services.set_history_time_to_live(key, days, context=self.context)
        self.entry.process_id = done.process_id
        self.entry.body["history_time_to_live_days"] = {"before": done.days_before, "after": done.days}
        return done


def note_suspended(action: Action[SuspendedDefinition], done: SuspendedDefinition) -> SuspendedDefinition:
    """Tell in the audit event which definition it was, and how many instances went along."""
    action.entry.process_id = done.process_id
    action.note(instances=done.instances)
    return done
