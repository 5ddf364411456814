"""A command as JSON asks for it: `{"command": …}` with its fields and, for process instances, which ones.

The dry run of the API takes it, and drafts hold it; both mean the same by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from operate.actions import SubmitBatch
from operate.batch import plans
from operate.batch.rehearsing import AT_MOST, Rehearsal, Rehearsed
from operate.batch.submitting import Selection
from operate.forms.instance_filter import GROUPS, STATES, ProcessInstanceFilter
from operate.plans.commands import COMMANDS, ON_INSTANCES, Command, OnInstances, UndoBatch, plan_of
from operate.plans.json_form import Malformed, Problem, Problems, read, read_object
from operate.workspaces import visible_to
from operate.workspaces.access import User
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessInstance

COMMAND = "command"
MOST_EXAMINED = 10_000
MOST_DETAILED = 1_000
OF_INSTANCES = ("keys", "query", "examine", "detailed")

Act = Callable[..., Any]
"""Makes an action of whoever asks; takes `dry_run`."""


@dataclass(frozen=True, slots=True)
class Instances:
    """The process instances that a command is for, by keys, by query, or both; how many are tried, and told in detail."""

    keys: tuple[int, ...] = ()
    query: dict[str, Any] | None = None
    examine: int = AT_MOST
    detailed: int = 100


@dataclass(frozen=True, slots=True)
class AskedOfInstances:
    """A command on process instances that are selected."""

    name: str
    command: OnInstances | plans.Plan
    instances: Instances
    rows: QuerySet[ProcessInstance] | None
    """What the query means, as far as the user sees it."""

    @property
    def is_for_one(self) -> bool:
        """Whether it names one process instance, which alone may be told by keys of its elements."""
        return self.rows is None and len(self.instances.keys) == 1

    @property
    def plan(self) -> plans.Plan:
        """What is done to each."""
        return plan_of(self.command, for_one=self.is_for_one)

    @property
    def selection(self) -> Selection:
        """The process instances that are meant."""
        return Selection(self.instances.keys, self.rows, may_be_empty=True)

    def rehearse(self, act: Act) -> Rehearsal:
        """Tell what it would do; raises why none of it may be done."""
        action: SubmitBatch = act(SubmitBatch, dry_run=True)
        return action.rehearse(
            self.plan, self.selection, examine=self.instances.examine, detailed=self.instances.detailed
        )


@dataclass(frozen=True, slots=True)
class AskedByName:
    """A command on what it names itself."""

    name: str
    command: Command

    def rehearse(self, act: Act) -> Rehearsal:
        """Tell what it would do; raises why it would be refused."""
        outcomes = self.command.run(partial(act, dry_run=True))
        tried = Rehearsal(len(outcomes))
        for outcome in outcomes:
            tried.add(Rehearsed(outcome.process_instance_key, [outcome]), in_detail=True)
        return tried


Asked = AskedOfInstances | AskedByName


def read_asked(body: object, user: User) -> Asked:
    """The command that JSON asks for; Malformed with all that is wrong with it. A query means what the user sees."""
    if not isinstance(body, Mapping):
        read(Instances, body)  # says what is wrong
        raise TypeError("Something that is no object was read as one.")
    name = body.get(COMMAND)
    arguments = {each: value for each, value in body.items() if each != COMMAND}
    if isinstance(name, str) and name in ON_INSTANCES:
        return _of_instances(name, arguments, user)
    if isinstance(name, str) and name in COMMANDS:
        return AskedByName(name, read(COMMANDS[name], arguments))
    known = ", ".join([*ON_INSTANCES, *COMMANDS])
    raise Malformed([Problem(COMMAND, f"Expected '{COMMAND}' to be one of {known}; found {str(name)[:80]!r}.")])


def _of_instances(name: str, arguments: Mapping[str, Any], user: User) -> AskedOfInstances:
    problems: Problems = []
    which = {each: value for each, value in arguments.items() if each in OF_INSTANCES}
    own = {each: value for each, value in arguments.items() if each not in OF_INSTANCES}
    chosen = read_object(Instances, which, "", problems)
    command: Any = read_object(ON_INSTANCES[name], own, "", problems)
    if isinstance(command, UndoBatch):
        _known(command, problems)
    rows = None if chosen is None or chosen.query is None else _found(chosen.query, user, problems)
    if chosen is not None:
        problems += _limits(chosen)
    if problems or chosen is None:
        raise Malformed(problems)
    return AskedOfInstances(name, command, chosen, rows)


def _known(command: UndoBatch, problems: Problems) -> None:
    """A batch that is not there, or that nobody can take back, is no command."""
    try:
        command.plan(for_one=False)
    except (NotFound, Rejected) as refusal:
        problems.append(Problem("batch_key", refusal.message))


def _found(query: Mapping[str, Any], user: User, problems: Problems) -> QuerySet[ProcessInstance]:
    """What the list of process instances would show to the user."""
    given = QueryDict(mutable=True)
    for name, value in query.items():
        given.setlist(name, [str(each) for each in (value if isinstance(value, list) else [value])])
    filters = ProcessInstanceFilter(given, user=user)
    known = {*filters.fields, "state"}
    problems += [
        Problem(f"query.{name}", f"Unknown field 'query.{name}'. Expected one of {', '.join(sorted(known))}.")
        for name in query.keys() - known
    ]
    problems += [
        Problem("query.state", f"Expected 'query.state' to be of {', '.join([*GROUPS, *STATES])}; found '{state}'.")
        for text in given.getlist("state")
        for state in text.split(",")
        if state not in (*GROUPS, *STATES)
    ]
    problems += [Problem(f"query.{name}", str(error[0])) for name, error in filters.errors.items()]
    return filters.narrow(visible_to(ProcessInstance.objects.all(), user))


def _limits(chosen: Instances) -> Problems:
    found: Problems = []
    if not chosen.keys and chosen.query is None:
        found.append(Problem("keys", "Expected 'keys', a 'query', or both; found neither."))
    return [*found, *_numbers(chosen)]


def check_numbers(chosen: Any) -> None:
    """Raise Malformed where too many process instances are to be tried, or told in detail."""
    problems = _numbers(chosen)
    if problems:
        raise Malformed(problems)


def _numbers(chosen: Any) -> Problems:
    return [
        Problem(name, f"Expected '{name}' to be from {least} to {most}, found {getattr(chosen, name)}.")
        for name, least, most in (("examine", 1, MOST_EXAMINED), ("detailed", 0, MOST_DETAILED))
        if not least <= getattr(chosen, name) <= most
    ]


__all__ = [
    "COMMAND",
    "OF_INSTANCES",
    "Asked",
    "AskedByName",
    "AskedOfInstances",
    "Instances",
    "check_numbers",
    "read_asked",
]
