"""What is told of a process instance that stands, as plain facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from operate.workspaces.roles import Right
from workflow.soundness import Fix


class Kind(StrEnum):
    """What a token waits for."""

    INCIDENT = "incident"
    USER_TASK = "user_task"
    JOB = "job"
    TIMER = "timer"
    CONTINUATION = "continuation"
    MESSAGE = "message"
    SIGNAL = "signal"
    CONDITION = "condition"
    JOIN = "join"
    CALL = "call"
    COMPENSATION = "compensation"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Usual:
    """How long an element usually takes, by those that were completed lately."""

    p50: timedelta
    p95: timedelta
    count: int


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A message that is kept and almost fits."""

    key: int
    name: str
    correlation_key: str
    why_not: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Help:
    """Something that can be done about it."""

    name: str
    label: str
    right: Right
    key: int | None = None
    """Of what it is done to: a job, a task, an incident, a process instance."""
    fix: Fix | None = None
    """The instructions of a modification."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that a token waits for."""

    kind: Kind
    element_id: str
    """As drawn."""
    element_name: str
    text: str
    element_instance_key: int | None = None
    key: int | None = None
    """Of the row: a task, a job, a subscription, an incident, the called process instance."""
    since: datetime | None = None
    due_at: datetime | None = None
    is_failed: bool = False
    """It does not go on by itself: an incident, no retries, a join that never fires."""
    usual: Usual | None = None
    is_longer_than_usual: bool = False
    watches: bool = False
    """It only watches an activity that waits for something else, as a boundary event does."""
    near_misses: tuple[NearMiss, ...] = ()
    help: tuple[Help, ...] = ()
    inside: Diagnosis | None = None
    """Of a called process: why that stands."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why one process instance stands: the troubled causes first, those that only watch last."""

    process_instance_key: int
    process_id: str
    state: str
    suspended: bool
    suspended_text: str = ""
    help: tuple[Help, ...] = ()
    causes: tuple[Cause, ...] = ()
    left_out: int = 0
    """More tokens wait than are told of."""
    ended: bool = field(default=False)

    def leaves(self) -> Iterator[Cause]:
        """The causes at the bottom: of called processes theirs."""
        for cause in self.causes:
            if cause.inside is not None and cause.inside.causes:
                yield from cause.inside.leaves()
            else:
                yield cause

    @property
    def is_longer_than_usual(self) -> bool:
        """Whether something in it waits longer than it does in 95 of 100 cases."""
        return any(cause.is_longer_than_usual for cause in self.leaves())
