"""Commands by name, as a dry run is asked for: some on process instances that are selected, the others on what they name.

Their fields are their JSON. What is done to process instances is done by the plan of a batch, everything else by an action.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from django.utils.translation import gettext as _

from operate import actions
from operate.actions import Action
from operate.batch import plans
from operate.batch.models import BatchType
from operate.plans.json_form import name_of, plain, write
from operate.undo.plan import undo_of_batch
from operate.variables.edits import read_edit
from operate.workspaces import workspace_named
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.migration import Mapping as ElementMapping
from workflow.migration import MigrationOptions, MigrationPlan
from workflow.modification import Instruction, ModificationOptions
from workflow.services import Correlation, MessageCorrelation, Outcome, PublishedMessage, RestartOptions

Act = Callable[[type[Action[Any]]], Any]
"""Makes the action, for whoever asks; with `dry_run` for a dry run."""

MOST_SHOWN = 200

# ---- on process instances


class OnInstances(Protocol):
    """A command on each of the process instances that are selected."""

    def plan(self, *, for_one: bool) -> plans.Plan:
        """What does it to each; whether it is for one process instance, which alone may be told by keys of its elements."""


@dataclass(frozen=True, slots=True)
class Modify:
    """Apply instructions to running process instances, of one definition if that is named; to each all or none."""

    instructions: tuple[Instruction, ...]
    definition_key: int | None = None
    skip_io_mappings: bool = False
    skip_listeners: bool = False
    expected_revision: int | None = None

    def plan(self, *, for_one: bool) -> plans.Plan:
        options = ModificationOptions(self.skip_io_mappings, self.skip_listeners, self.expected_revision)
        return plans.Modify(self.instructions, self.definition_key, options, for_one)


@dataclass(frozen=True, slots=True)
class Restart:
    """Start a new process instance for each of these ended ones of a definition, if wanted on another version of it."""

    definition_key: int
    instructions: tuple[Instruction, ...]
    initial_variables: bool = False
    without_business_key: bool = False
    skip_listeners: bool = False
    skip_io_mappings: bool = False
    on_definition_key: int | None = None

    def plan(self, *, for_one: bool) -> plans.Plan:
        options = RestartOptions(
            self.initial_variables,
            self.without_business_key,
            self.skip_listeners,
            self.skip_io_mappings,
            self.on_definition_key,
        )
        return plans.Restart(self.definition_key, self.instructions, options)


@dataclass(frozen=True, slots=True)
class Migrate:
    """Move running process instances to another process definition."""

    target_definition_key: int
    mappings: tuple[ElementMapping, ...] = ()
    source_definition_key: int | None = None
    variables: Variables = NO_VARIABLES
    skip_io_mappings: bool = False
    skip_listeners: bool = False
    expected_revision: int | None = None

    def plan(self, *, for_one: bool) -> plans.Plan:
        plan = MigrationPlan(
            self.target_definition_key, self.mappings, self.source_definition_key, variables=self.variables
        )
        options = MigrationOptions(self.skip_io_mappings, self.skip_listeners, self.expected_revision)
        return plans.Migrate(plan, options)


@dataclass(frozen=True, slots=True)
class UndoBatch:
    """Take back what a batch has done to these process instances, each from its own audit events."""

    batch_key: int

    def plan(self, *, for_one: bool) -> plans.Plan:
        return undo_of_batch(self.batch_key)


OWN_WORDS: Mapping[BatchType, type[OnInstances]] = {
    BatchType.MODIFY: Modify,
    BatchType.RESTART: Restart,
    BatchType.MIGRATE: Migrate,
    BatchType.UNDO: UndoBatch,
}
ON_INSTANCES: Mapping[str, type[OnInstances] | type[plans.Plan]] = {
    type.value.lower(): OWN_WORDS.get(type, plan) for type, plan in plans.PLANS.items()
}


def plan_of(command: OnInstances | plans.Plan, *, for_one: bool) -> plans.Plan:
    """What a command on process instances does to each."""
    return command if isinstance(command, plans.Plan) else command.plan(for_one=for_one)


# ---- on what they name


@dataclass(frozen=True, slots=True)
class Command:
    """One command, done by the action that has its fields as arguments."""

    action: ClassVar[type[Action[Any]]]

    def arguments(self) -> dict[str, Any]:
        """What the action is given."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def run(self, act: Act) -> Sequence[Outcome]:
        """Do it; one outcome for each process instance that it has reached first."""
        return _outcomes(act(self.action).execute(**self.arguments()))

    def describe(self) -> list[str]:
        """What it does, in sentences."""
        told = ", ".join(f"{name}: {_shown(value)}" for name, value in write(self).items())
        words = name_of(type(self)).replace("_", " ").capitalize()
        return [f"{words} ({told})" if told else words]


def _shown(value: object) -> str:
    text = json.dumps(plain(value), ensure_ascii=False, default=str)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _outcomes(answer: Any) -> Sequence[Outcome]:
    match answer:
        case Outcome():
            return [answer]
        case Correlation() | actions.Edited():
            return [answer.outcome]
        case PublishedMessage():
            return [each.outcome for each in answer.correlations]
        case list() | tuple():
            return [outcome for each in answer for outcome in _outcomes(each)]
    return []  # the timer of a start event belongs to no process instance


@dataclass(frozen=True, slots=True)
class StartProcessInstance(Command):
    """Start a process instance of a definition, at given elements if there are instructions."""

    action = actions.StartProcessInstance

    definition_key: int
    variables: Variables = NO_VARIABLES
    business_key: str | None = None
    instructions: tuple[Instruction, ...] = ()
    skip_io_mappings: bool = False
    skip_listeners: bool = False


@dataclass(frozen=True, slots=True)
class EditScope(Command):
    """Set variables from a scope outwards, or exactly in it (`local`), and delete some of its own."""

    action = actions.SetVariables

    scope_key: int
    variables: Variables = NO_VARIABLES
    delete: tuple[str, ...] = ()
    local: bool = False

    def describe(self) -> list[str]:
        return _edited({name: _shown(value) for name, value in self.variables.items()}, self.delete)


@dataclass(frozen=True, slots=True)
class EditVariables(Command):
    """Edit exactly one scope as somebody has seen it: values as JSON texts, which keep all of their digits.

    With the versions that were `seen`, what others have changed meanwhile refuses it.
    """

    action = actions.EditVariables

    scope_key: int
    texts: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    delete: tuple[str, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)
    accept_types: tuple[str, ...] = ()

    def arguments(self) -> dict[str, Any]:
        given = {name: {"text": text, "type": self.types.get(name)} for name, text in self.texts.items()}
        body = {"set": given, "delete": list(self.delete), "seen": self.seen, "accept_types": self.accept_types}
        return {"edit": read_edit(self.scope_key, body)}

    def describe(self) -> list[str]:
        texts = {
            name: text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…" for name, text in self.texts.items()
        }
        return _edited(texts, self.delete)


def _edited(texts: Mapping[str, str], deleted: Sequence[str]) -> list[str]:
    """An edit of variables, in sentences."""
    return [
        *(_("Set variable '%(name)s' to %(shown)s") % {"name": name, "shown": text} for name, text in texts.items()),
        *(_("Delete variable '%(name)s'") % {"name": name} for name in deleted),
    ]


@dataclass(frozen=True, slots=True)
class CompleteUserTask(Command):
    """Complete a user task with its result."""

    action = actions.CompleteUserTask

    key: int
    variables: Variables = NO_VARIABLES
    local_variables: Variables = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class AssignUserTask(Command):
    """Give a user task to somebody, or to nobody."""

    action = actions.AssignUserTask

    key: int
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class DelegateUserTask(Command):
    """Let somebody else do a user task; it comes back to whoever had it."""

    action = actions.DelegateUserTask

    key: int
    assignee: str


@dataclass(frozen=True, slots=True)
class ResolveUserTask(Command):
    """Give a user task back to its owner, with the result of who has done it."""

    action = actions.ResolveUserTask

    key: int
    variables: Variables = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class ThrowUserTaskError(Command):
    """End a user task with a BPMN error."""

    action = actions.ThrowUserTaskError

    key: int
    code: str
    message: str = ""
    variables: Variables = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class ThrowUserTaskEscalation(Command):
    """Throw an escalation from a user task."""

    action = actions.ThrowUserTaskEscalation

    key: int
    code: str
    variables: Variables = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class CompleteJob(Command):
    """Complete a worker's job with its result."""

    action = actions.CompleteJob

    key: int
    variables: Variables = NO_VARIABLES
    local_variables: Variables = NO_VARIABLES
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class FailJob(Command):
    """Report that a worker's job failed; without retries left an incident stands where it waits."""

    action = actions.FailJob

    key: int
    retries: int | None = None
    message: str = ""
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class ThrowJobError(Command):
    """Report a BPMN error from a worker's job."""

    action = actions.ThrowJobError

    key: int
    code: str
    message: str = ""
    variables: Variables = NO_VARIABLES
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class SetJobRetries(Command):
    """New retries for a job; with `resolve` they also resolve its incident."""

    action = actions.UpdateJob

    key: int
    retries: int
    resolve: bool = False

    def describe(self) -> list[str]:
        return [_("Set the retries of job '%(key)s' to %(retries)s") % {"key": self.key, "retries": self.retries}]


@dataclass(frozen=True, slots=True)
class ExecuteJob(Command):
    """Run a timer or an asynchronous continuation now, due or not."""

    action = actions.ExecuteJob

    key: int


@dataclass(frozen=True, slots=True)
class SetJobDueDate(Command):
    """Let a job become due at another time, or at once."""

    action = actions.SetJobDueDate

    key: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecalculateJobDueDate(Command):
    """Let a timer become due when its model says, counted from its creation or from now."""

    action = actions.RecalculateJobDueDate

    key: int
    from_creation: bool = True


@dataclass(frozen=True, slots=True)
class UnlockJob(Command):
    """Take a job from its worker, so that others can have it."""

    action = actions.UnlockJob

    key: int


@dataclass(frozen=True, slots=True)
class SetJobSuspended(Command):
    """Keep one job from being run, or let it be run again."""

    action = actions.SetJobSuspended

    key: int
    suspended: bool


@dataclass(frozen=True, slots=True)
class DeleteJob(Command):
    """Take a job away for good."""

    action = actions.DeleteJob

    key: int


@dataclass(frozen=True, slots=True)
class ResolveIncident(Command):
    """Resolve an incident; `retries` are for a job that has none left."""

    action = actions.ResolveIncident

    key: int
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class CorrelateMessage(Command):
    """Deliver a message to the one execution that it matches, or with `all` to each of them (Camunda 7)."""

    action = actions.CorrelateMessage

    name: str
    business_key: str | None = None
    correlation_keys: Variables = NO_VARIABLES
    local_correlation_keys: Variables = NO_VARIABLES
    process_instance_key: int | None = None
    definition_key: int | None = None
    all: bool = False
    variables: Variables = NO_VARIABLES
    local_variables: Variables = NO_VARIABLES
    workspace: str | None = None

    def arguments(self) -> dict[str, Any]:
        correlation = {each.name: getattr(self, each.name) for each in fields(MessageCorrelation)}
        return {
            "correlation": MessageCorrelation(**correlation),
            "variables": self.variables,
            "local_variables": self.local_variables,
            "workspace_ids": _workspaces(self.workspace),
        }


@dataclass(frozen=True, slots=True)
class PublishMessage(Command):
    """Publish a message to who waits for it with this correlation key, or keep it for its time to live (Camunda 8)."""

    action = actions.PublishMessage

    name: str
    correlation_key: str = ""
    time_to_live_seconds: int = 0
    message_id: str = ""
    variables: Variables = NO_VARIABLES
    workspace: str | None = None

    def arguments(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "workspace_id": workspace_named(self.workspace).pk,
            "correlation_key": self.correlation_key,
            "time_to_live": timedelta(seconds=self.time_to_live_seconds),
            "message_id": self.message_id,
            "variables": self.variables,
        }


@dataclass(frozen=True, slots=True)
class TriggerMessage(Command):
    """Deliver a message to one element instance."""

    action = actions.TriggerMessage

    element_instance_key: int
    name: str
    variables: Variables = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class SignalElement(Command):
    """Complete a waiting receive task."""

    action = actions.SignalElement

    element_instance_key: int
    variables: Variables = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class BroadcastSignal(Command):
    """Tell a signal to all that wait for it, or to one execution alone."""

    action = actions.BroadcastSignal

    name: str
    variables: Variables = NO_VARIABLES
    execution_key: int | None = None
    workspace: str | None = None

    def arguments(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "variables": self.variables,
            "execution_key": self.execution_key,
            "workspace_ids": _workspaces(self.workspace),
        }


def _workspaces(slug: str | None) -> list[int] | None:
    return None if slug is None else [workspace_named(slug).pk]


COMMANDS: Mapping[str, type[Command]] = {
    name_of(kind): kind
    for kind in (
        StartProcessInstance,
        EditScope,
        EditVariables,
        CompleteUserTask,
        AssignUserTask,
        DelegateUserTask,
        ResolveUserTask,
        ThrowUserTaskError,
        ThrowUserTaskEscalation,
        CompleteJob,
        FailJob,
        ThrowJobError,
        SetJobRetries,
        ExecuteJob,
        SetJobDueDate,
        RecalculateJobDueDate,
        UnlockJob,
        SetJobSuspended,
        DeleteJob,
        ResolveIncident,
        CorrelateMessage,
        PublishMessage,
        TriggerMessage,
        SignalElement,
        BroadcastSignal,
    )
}

__all__ = ["COMMANDS", "ON_INSTANCES", "Command", "OnInstances", "plan_of"]
