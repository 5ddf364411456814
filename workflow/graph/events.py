"""What an event waits for or throws. The same definitions serve start, catch, boundary, throw and end events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from workflow.expressions import Expression


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """A message by name; in Zeebe semantics, except for start events of a process, also by correlation key."""

    name: Expression
    correlation_key: Expression | None = None


@dataclass(frozen=True, slots=True)
class PassedVariable:
    """What Camunda 7 hands over between scopes (`camunda:in`, `camunda:out`): all variables, one by name, or a value."""

    target: str | None = None
    """None: all variables, each by its own name."""
    source: str | None = None
    expression: Expression | None = None
    local: bool = False
    """Taken from the activity's own scope alone."""


@dataclass(frozen=True, slots=True)
class SignalEvent:
    """A signal, broadcast by name to everybody in the workspace; Camunda 7 names what goes along."""

    name: Expression
    payload: tuple[PassedVariable, ...] = ()
    business_key: Expression | None = None
    """Of the process instances that the signal starts (Camunda 7)."""
    is_delivered_later: bool = False
    """Thrown so that a job delivers it, to each who waits one by one (Camunda 7)."""


class TimerKind(StrEnum):
    """How a timer's time is given."""

    DATE = "timeDate"
    DURATION = "timeDuration"
    CYCLE = "timeCycle"


@dataclass(frozen=True, slots=True)
class TimerEvent:
    """A point in time, a while from now, or again and again."""

    kind: TimerKind
    time: Expression


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """A BPMN error. Catching: without code any of them; the variables get code and message (Camunda 7)."""

    code: Expression | None = None
    message: Expression | None = None
    code_variable: str | None = None
    message_variable: str | None = None


@dataclass(frozen=True, slots=True)
class EscalationEvent:
    """An escalation. Catching: without code any of them; the variable gets the code (Camunda 7)."""

    code: Expression | None = None
    code_variable: str | None = None


@dataclass(frozen=True, slots=True)
class ConditionalEvent:
    """A condition over variables, evaluated when one of them changes."""

    condition: Expression
    variable_names: frozenset[str] = frozenset()
    """None stands for all."""
    variable_events: frozenset[str] = frozenset()
    """Of 'create', 'update', 'delete'; none stands for all."""

    @property
    def variable_name(self) -> str | None:
        """The variables for people to read; None for all."""
        return ", ".join(sorted(self.variable_names)) or None


@dataclass(frozen=True, slots=True)
class CompensationEvent:
    """Undoing what was completed: of one activity, or of all in the scope."""

    activity_id: str | None = None
    waits: bool = True


@dataclass(frozen=True, slots=True)
class CancelEvent:
    """The cancellation of a transaction."""


@dataclass(frozen=True, slots=True)
class TerminateEvent:
    """The end of everything in the scope."""


@dataclass(frozen=True, slots=True)
class LinkEvent:
    """A jump to the catching link event of the same name in the same scope."""

    name: str


Event = (
    MessageEvent
    | SignalEvent
    | TimerEvent
    | ErrorEvent
    | EscalationEvent
    | ConditionalEvent
    | CompensationEvent
    | CancelEvent
    | TerminateEvent
    | LinkEvent
)


@dataclass(frozen=True, slots=True)
class CatchDetails:
    """A start, intermediate catch or boundary event: what it waits for, and whether it ends what it watches."""

    event: Event | None = None
    interrupting: bool = True
    initiator: str | None = None
    """Of a start event: the variable that gets the name of who has started the process instance (Camunda 7)."""


@dataclass(frozen=True, slots=True)
class ThrowDetails:
    """An intermediate throw or end event: what it throws, or the job that throws it."""

    event: Event | None = None
    work: object = None
