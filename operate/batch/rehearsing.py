"""What a batch would do: it is done, told, and undone.

The very code of a batch does it, so nothing can be told wrongly. At most a thousand process instances at a time are locked for it;
each sees what the ones before it in that thousand have done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from audit.models import Channel
from operate.batch.models import Batch
from operate.batch.plans import Plan
from operate.batch.running import AT_ONCE, Done, Items, Order, Torn, apart, in_savepoints, text_of
from operate.workspaces.access import User
from workflow.persistence.transaction import Transaction, transaction
from workflow.persistence.unit_of_work import Context, rehearsed
from workflow.services import Outcome
from workflow.soundness import JudgedOutcome, Judging, Severity, SoundnessWarning

AT_MOST = 1_000
"""Process instances that are locked together."""
NAMED = 10
"""Process instances that are named with a reason."""
OWN_KEY = re.compile(r"'\d+'")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would become of one process instance."""

    process_instance_key: int
    outcomes: Sequence[Outcome] = ()
    refusal: Exception | None = None

    @property
    def warnings(self) -> tuple[SoundnessWarning, ...]:
        """What harm it would do."""
        judged = (outcome.judged for outcome in self.outcomes if isinstance(outcome, JudgedOutcome))
        return tuple(warning for each in judged for warning in each.warnings)


@dataclass(slots=True)
class Reason:
    """Why some are refused; keys in it are replaced, so that the same reason is one."""

    text: str
    count: int = 0
    keys: list[int] = field(default_factory=list)
    """The first of them."""


@dataclass(slots=True)
class Harm:
    """A warning, and of how many."""

    warning: SoundnessWarning
    count: int = 0
    keys: list[int] = field(default_factory=list)
    """The first of them."""


@dataclass(slots=True)
class Rehearsal:
    """What a command would do to each of its process instances."""

    total: int
    examined: int = 0
    succeeded: int = 0
    reasons: dict[str, Reason] = field(default_factory=dict)
    instances: list[Rehearsed] = field(default_factory=list)
    """The first of them."""
    harms: dict[object, Harm] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        return self.examined - self.succeeded

    @property
    def is_red(self) -> bool:
        """Whether something is badly wrong with one of those that were tried."""
        return any(harm.warning.severity is Severity.RED for harm in self.harms.values())

    @property
    def may_be_red(self) -> bool:
        """Whether it is red, or not all of it was looked at."""
        return self.is_red or self.examined < self.total

    def add(self, found: Rehearsed, *, in_detail: bool) -> None:
        """One more."""
        self.examined += 1
        if in_detail:
            self.instances.append(found)
        if found.refusal is None:
            self.succeeded += 1
            self._judge(found)
            return
        text = OWN_KEY.sub("'…'", text_of(found.refusal))
        reason = self.reasons.setdefault(text, Reason(text))
        reason.count += 1
        if len(reason.keys) < NAMED:
            reason.keys.append(found.process_instance_key)

    def _judge(self, found: Rehearsed) -> None:
        for warning in found.warnings:
            harm = self.harms.setdefault((warning.identity, warning.severity), Harm(warning))
            harm.count += 1
            if len(harm.keys) < NAMED:
                harm.keys.append(found.process_instance_key)


def rehearse(plan: Plan, keys: Sequence[int], requester: User | None, *, examine: int, detailed: int) -> Rehearsal:
    """Try the plan on the first of these process instances; the rights have been checked for all of them."""
    order = Order(Batch(type=plan.type, channel=Channel.BATCH), plan, requester, judging=Judging())
    rehearsal = Rehearsal(len(keys))
    wanted = keys[:examine]
    for start in range(0, len(wanted), AT_MOST):
        for found in _rehearse_together(order, wanted[start : start + AT_MOST]):
            rehearsal.add(found, in_detail=rehearsal.examined < detailed)
    return rehearsal


def _rehearse_together(order: Order, keys: Sequence[int]) -> list[Rehearsed]:
    try:
        return _undone(order, keys, apart)
    except Torn:
        return _undone(order, keys, in_savepoints)


def _undone(
    order: Order, keys: Sequence[int], run: Callable[[Transaction, Order, Items], Iterator[Done]]
) -> list[Rehearsed]:
    with rehearsed(Context(dry_run=True)), transaction() as tx:
        found: list[Rehearsed] = []
        for start in range(0, len(keys), AT_ONCE):
            items = [(key, key) for key in keys[start : start + AT_ONCE]]
            found += (_rehearsed(key, done) for key, done in run(tx, order, items))
        return found


def _rehearsed(key: int, done: Sequence[Outcome] | Exception) -> Rehearsed:
    return Rehearsed(key, refusal=done) if isinstance(done, Exception) else Rehearsed(key, done)


__all__ = ["AT_MOST", "Harm", "Reason", "Rehearsal", "Rehearsed", "rehearse"]
