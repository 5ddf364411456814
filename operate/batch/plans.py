"""What a batch can do to each of its process instances: one class a type, with the right it needs and how it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from operate.actions import details
from operate.actions.base import Action
from operate.actions.engine_jobs import SetJobDueDate
from operate.actions.incidents import ResolveIncident
from operate.actions.jobs import UpdateJob
from operate.actions.many import refuse_instructions_of_one, refuse_other_definition
from operate.actions.migration import MigrateProcessInstance
from operate.actions.process_instances import (
    CancelProcessInstance,
    DeleteProcessInstance,
    ModifyProcessInstance,
    ResumeProcessInstance,
    SuspendProcessInstance,
)
from operate.actions.restart import RestartProcessInstances
from operate.actions.variables import SetVariables
from operate.batch.models import Batch, BatchType
from operate.batch.wire import from_wire, to_wire
from operate.told import told
from operate.workspaces.roles import Right
from workflow.engine.errors import NotFound, Rejected
from workflow.engine.values import NO_VARIABLES, TypedValue, Variables
from workflow.migration import MigrationOptions, MigrationPlan
from workflow.models import Incident, Job, ProcessInstance, Variable
from workflow.modification import Instruction, ModificationOptions
from workflow.services import Outcome, RestartOptions, refuse_unsuitable_for_restart
from workflow.soundness import Acceptance, Judging

Act = Callable[[type[Action[Any]]], Any]
"""Makes an action for who asked for the batch."""

NO_OPTIONS = ModificationOptions()
RESTART_DEFAULTS = RestartOptions()
MIGRATION_DEFAULTS = MigrationOptions()
MAX_SHOWN = 200


class Plan:
    """One type of batch. Plans are dataclasses of what the wire carries."""

    type: ClassVar[BatchType]
    right: Right
    """What is needed for it in the workspace of each process instance."""
    is_one_command: ClassVar[bool] = True
    """Whether an instance takes one command, which writes all or nothing; else a savepoint holds them together."""

    @property
    def definition_key(self) -> int | None:
        """The process definition that all instances have to be of, if there is one."""
        return None

    @property
    def edits_variables(self) -> bool:
        """Whether the right to edit variables is needed too."""
        return False

    @property
    def governed_as(self) -> BatchType:
        """What approval policies know it as."""
        return self.type

    @property
    def operations(self) -> frozenset[BatchType]:
        """All that it is to approval policies: bringing variables along is editing them, too."""
        return frozenset({self.governed_as, BatchType.SET_VARIABLES} if self.edits_variables else {self.governed_as})

    def check(self) -> None:
        """Raise Rejected for what no process instance could fulfil."""

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        """Do it to one process instance; what each command has done."""
        raise NotImplementedError

    def rehearse(self, act: Act, key: int, judging: Judging) -> Sequence[Outcome]:
        """Do it to one process instance to see what comes of it, judged where that can be."""
        return self.run(act, key)

    def started(self, outcomes: Sequence[Outcome]) -> int | None:
        """The key of the process instance that was started for the one at hand, if any was."""
        return None

    def describe(self) -> list[str]:
        """What is done, in sentences."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """The plan as the batch keeps it."""
        return {each.name: to_wire(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]


def read_plan(type: str, wire: Mapping[str, Any]) -> Plan:
    """The plan of a batch of this type."""
    return PLANS[BatchType(type)](**{name: from_wire(value) for name, value in wire.items()})


def kind_of(batch: Batch) -> BatchType:
    """What a batch does to each of its process instances; one that takes back another does the contrary of that."""
    return read_plan(batch.type, batch.plan).governed_as


class ModifyInstanceOf(ModifyProcessInstance):
    """Modify a process instance of one definition; of another one, the plan would mean something else."""

    def perform(
        self,
        key: int,
        instructions: Sequence[Instruction],
        *,
        options: ModificationOptions | None = None,
        accepted: Collection[Acceptance] | None = None,
        judging: Judging | None = None,
        definition_key: int | None = None,
    ) -> Outcome:
        outcome = super().perform(key, instructions, options=options, accepted=accepted, judging=judging)
        if definition_key is not None:
            refuse_other_definition(outcome, definition_key)
        return outcome


@dataclass(frozen=True)
class Modify(Plan):
    """Apply instructions to a running process instance, of one definition if that is named."""

    type = BatchType.MODIFY
    right = Right.MODIFY

    instructions: Sequence[Instruction]
    of_definition: int | None = None
    options: ModificationOptions = NO_OPTIONS
    for_one: bool = False
    """Whether it is for one process instance only, so that it may name element instances."""
    accepted: Sequence[Acceptance] | None = None
    """The red warnings that are accepted; one of which another is due is refused. None: nobody asks."""

    @property
    def definition_key(self) -> int | None:
        return self.of_definition

    @property
    def edits_variables(self) -> bool:
        return details.sets_variables(self.instructions)

    def check(self) -> None:
        if not self.for_one or not self.instructions:
            refuse_instructions_of_one(self.instructions)

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return self._modify(act, key, accepted=self.accepted)

    def rehearse(self, act: Act, key: int, judging: Judging) -> Sequence[Outcome]:
        return self._modify(act, key, judging=judging)

    def _modify(self, act: Act, key: int, **terms: Any) -> Sequence[Outcome]:
        action, of = act(ModifyInstanceOf), self.of_definition
        return [action.execute(key, self.instructions, options=self.options, definition_key=of, **terms)]

    def describe(self) -> list[str]:
        return [told(instruction.describe()) for instruction in self.instructions]


@dataclass(frozen=True)
class Restart(Plan):
    """Start a new process instance for an ended one."""

    type = BatchType.RESTART
    right = Right.RESTART

    of_definition: int
    instructions: Sequence[Instruction]
    options: RestartOptions = RESTART_DEFAULTS
    accepted: Sequence[Acceptance] | None = None

    @property
    def definition_key(self) -> int | None:
        return self.of_definition

    @property
    def edits_variables(self) -> bool:
        return details.sets_variables(self.instructions)

    def check(self) -> None:
        refuse_unsuitable_for_restart(self.instructions)

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return self._restart(act, key, accepted=self.accepted)

    def rehearse(self, act: Act, key: int, judging: Judging) -> Sequence[Outcome]:
        return self._restart(act, key, judging=judging)

    def _restart(self, act: Act, key: int, **terms: Any) -> Sequence[Outcome]:
        action = act(RestartProcessInstances)
        found: Sequence[Outcome] = action.execute(
            self.of_definition, [key], self.instructions, options=self.options, **terms
        )
        return found

    def started(self, outcomes: Sequence[Outcome]) -> int | None:
        [outcome] = outcomes
        return outcome.process_instance_key

    def describe(self) -> list[str]:
        with_key = _("without the business key") if self.options.without_business_key else _("with the business key")
        start = (
            _("Start a new process instance with the first values of the global variables, %(with_key)s")
            if self.options.initial_variables
            else _("Start a new process instance with the last values of the global variables, %(with_key)s")
        )
        return [
            start % {"with_key": with_key},
            *(told(instruction.describe()) for instruction in self.instructions),
        ]


@dataclass(frozen=True)
class Migrate(Plan):
    """Move a running process instance to another process definition."""

    type = BatchType.MIGRATE
    right = Right.MIGRATE

    plan: MigrationPlan
    options: MigrationOptions = MIGRATION_DEFAULTS
    accepted: Sequence[Acceptance] | None = None

    @property
    def definition_key(self) -> int | None:
        return self.plan.source_definition_key

    @property
    def edits_variables(self) -> bool:
        return bool(self.plan.variables)

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return self._migrate(act, key, accepted=self.accepted)

    def rehearse(self, act: Act, key: int, judging: Judging) -> Sequence[Outcome]:
        return self._migrate(act, key, judging=judging)

    def _migrate(self, act: Act, key: int, **terms: Any) -> Sequence[Outcome]:
        return [act(MigrateProcessInstance).execute(key, self.plan, options=self.options, **terms)]

    def describe(self) -> list[str]:
        return [
            _("Migrate to process definition '%(key)s'") % {"key": self.plan.target_definition_key},
            *(told(mapping.describe()) for mapping in self.plan.mappings),
        ]


@dataclass(frozen=True)
class Cancel(Plan):
    """Cancel a running process instance with what it has called."""

    type = BatchType.CANCEL
    right = Right.CANCEL

    skip_io_mappings: bool = False

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return [act(CancelProcessInstance).execute(key, skip_io_mappings=self.skip_io_mappings)]

    def describe(self) -> list[str]:
        return [_("Cancel the process instance and what it has called")]


@dataclass(frozen=True)
class Delete(Plan):
    """Delete an ended process instance with its history."""

    type = BatchType.DELETE
    right = Right.DELETE_INSTANCE
    is_one_command = False  # the rows are deleted at once

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        act(DeleteProcessInstance).execute(key)
        return []

    def describe(self) -> list[str]:
        return [_("Delete the ended process instance with its history")]


@dataclass(frozen=True)
class Suspend(Plan):
    """Put a running process instance on hold; nothing happens if it is so already."""

    type = BatchType.SUSPEND
    right = Right.SUSPEND

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return _set_suspended(act(SuspendProcessInstance), key, suspended=True)

    def describe(self) -> list[str]:
        return [_("Suspend the process instance")]


@dataclass(frozen=True)
class Resume(Plan):
    """Let a suspended process instance go on; nothing happens if it is not suspended."""

    type = BatchType.RESUME
    right = Right.SUSPEND

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return _set_suspended(act(ResumeProcessInstance), key, suspended=False)

    def describe(self) -> list[str]:
        return [_("Resume the process instance")]


def _set_suspended(action: Action[Any], key: int, *, suspended: bool) -> Sequence[Outcome]:
    running = ProcessInstance.objects.active().filter(pk=key)
    return [] if running.filter(suspended=suspended).exists() else [action.execute(key)]


@dataclass(frozen=True)
class ResolveIncidents(Plan):
    """Resolve all open incidents of a process instance; jobs without retries get some."""

    type = BatchType.RESOLVE_INCIDENTS
    right = Right.RESOLVE_INCIDENT
    is_one_command = False

    retries: int = 1

    def check(self) -> None:
        _refuse_negative(self.retries, least=1)

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        _require_running(key)
        outcomes = []
        open_ones = Incident.objects.filter(process_instance=key, state=Incident.State.ACTIVE).order_by("key")
        for incident in open_ones:
            if not Incident.objects.filter(pk=incident.pk, state=Incident.State.ACTIVE).exists():
                continue  # resolving the one before has ended it
            retries = self.retries if incident.job_key else None
            outcomes.append(act(ResolveIncident).execute(incident.pk, retries=retries))
        return outcomes

    def describe(self) -> list[str]:
        return [_("Resolve all open incidents; jobs without retries get %(retries)s") % {"retries": self.retries}]


@dataclass(frozen=True)
class SetRetries(Plan):
    """Set the retries of the jobs of a process instance: the engine's own, and those of workers; or of some jobs alone.

    With `due_at` the engine's jobs become due then.
    """

    type = BatchType.SET_RETRIES
    right = Right.RESOLVE_INCIDENT
    is_one_command = False

    retries: int
    of_workers: bool = True
    of_engine: bool = True
    job_keys: Sequence[int] = ()
    due_at: str | None = None

    def check(self) -> None:
        _refuse_negative(self.retries, least=0)
        if self.due_at is not None and parse_moment(self.due_at) is None:
            raise Rejected(
                _("Expected 'due_at' to be a date with a time and its zone, found '%(due_at)s'.")
                % {"due_at": self.due_at}
            )

    @cached_property
    def _chosen(self) -> frozenset[int]:
        return frozenset(self.job_keys)

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        _require_running(key)
        jobs = Job.objects.filter(process_instance=key, state__in=("CREATED", "FAILED", "ERROR_THROWN")).order_by("key")
        return [
            outcome
            for job, kind in jobs.values_list("key", "kind")
            if (job in self._chosen if self._chosen else self._is_meant(kind))
            for outcome in self._set(act, job, kind)
        ]

    def _is_meant(self, kind: str) -> bool:
        return self.of_workers if kind == Job.Kind.EXTERNAL else self.of_engine

    def _set(self, act: Act, job: int, kind: str) -> Iterator[Outcome]:
        yield act(UpdateJob).execute(job, retries=self.retries, resolve=True)
        if self.due_at is not None and kind != Job.Kind.EXTERNAL:
            yield act(SetJobDueDate).execute(job, parse_moment(self.due_at))

    def describe(self) -> list[str]:
        whose = {(True, True): _("all jobs"), (True, False): _("the jobs of workers")}
        jobs = whose.get((self.of_workers, self.of_engine), _("timers and asynchronous continuations"))
        if self.job_keys:
            number = len(self.job_keys)
            jobs = ngettext("%(number)s chosen job", "%(number)s chosen jobs", number) % {"number": number}
        sentences = [_("Set the retries of %(jobs)s to %(retries)s") % {"jobs": jobs, "retries": self.retries}]
        return (
            [*sentences, _("Let them become due at %(due_at)s") % {"due_at": self.due_at}]
            if self.due_at is not None
            else sentences
        )


def parse_moment(text: str) -> datetime | None:
    """A point in time as ISO 8601 has it, with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


@dataclass(frozen=True)
class EditVariables(Plan):
    """Set and delete global variables of a running process instance, and merge JSON into some (RFC 7396).

    With `only_if`, a process instance in which one of these global variables has another value is left as it is.
    """

    type = BatchType.SET_VARIABLES
    right = Right.EDIT_VARIABLES

    variables: Variables = NO_VARIABLES
    delete: Sequence[str] = ()
    merge: Variables = NO_VARIABLES
    only_if: Variables = NO_VARIABLES

    def check(self) -> None:
        if not (self.variables or self.delete or self.merge):
            raise Rejected(_("Variables is empty: expected at least one variable to set, to merge or to delete."))

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        if self.only_if and not self._is_meant(key):
            return []
        merged, seen = self._merged(key) if self.merge else ({}, None)
        return [act(SetVariables).execute(key, {**self.variables, **merged}, delete=self.delete, expected=seen)]

    def _is_meant(self, key: int) -> bool:
        rows = Variable.objects.filter(scope_key=key, name__in=list(self.only_if))
        values = {row.name: row.value for row in rows}
        return all(name in values and _is_same(values[name], _plain(wanted)) for name, wanted in self.only_if.items())

    def _merged(self, key: int) -> tuple[dict[str, Any], dict[str, int | None]]:
        """What the variables become, and the revisions on which that rests."""
        rows = {row.name: row for row in Variable.objects.filter(scope_key=key, name__in=list(self.merge))}
        seen = {name: rows[name].revision if name in rows else None for name in self.merge}
        values = {
            name: merge_patch(rows[name].value if name in rows else None, _plain(patch))
            for name, patch in self.merge.items()
        }
        return values, seen

    def describe(self) -> list[str]:
        return [
            *(
                _("Set variable '%(name)s' to %(shown)s") % {"name": name, "shown": _shown(value)}
                for name, value in self.variables.items()
            ),
            *(
                _("Merge %(shown)s into variable '%(name)s'") % {"shown": _shown(value), "name": name}
                for name, value in self.merge.items()
            ),
            *(_("Delete variable '%(name)s'") % {"name": name} for name in self.delete),
            *(
                _("Only where variable '%(name)s' is %(shown)s") % {"name": name, "shown": _shown(value)}
                for name, value in self.only_if.items()
            ),
        ]


def merge_patch(target: Any, patch: Any) -> Any:
    """The target with a JSON merge patch applied (RFC 7396): null removes, objects are merged, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _plain(value: object) -> object:
    return value.value if isinstance(value, TypedValue) else value


def _is_same(one: object, other: object) -> bool:
    """As JSON has it: true is not 1."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _shown(value: object) -> str:
    text = json.dumps(_plain(value), ensure_ascii=False, default=str)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _refuse_negative(retries: int, *, least: int) -> None:
    if retries < least:
        raise Rejected(
            _("Expected the retries to be at least %(least)s, found %(retries)s.")
            % {"least": least, "retries": retries}
        )


def _require_running(key: int) -> None:
    if not ProcessInstance.objects.active().filter(pk=key).exists():
        raise NotFound(
            _("Expected an active process instance with key '%(key)s', but there is none, or it has ended.")
            % {"key": key}
        )


PLANS: dict[BatchType, type[Plan]] = {
    kind.type: kind
    for kind in (
        Modify,
        Restart,
        Migrate,
        Cancel,
        Delete,
        Suspend,
        Resume,
        ResolveIncidents,
        SetRetries,
        EditVariables,
    )
}

__all__ = [
    "PLANS",
    "Act",
    "Cancel",
    "Delete",
    "EditVariables",
    "Migrate",
    "Modify",
    "Plan",
    "ResolveIncidents",
    "Restart",
    "Resume",
    "SetRetries",
    "Suspend",
    "kind_of",
    "merge_patch",
    "read_plan",
]
