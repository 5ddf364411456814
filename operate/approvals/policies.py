"""Which policies govern what, as actions know it without asking each time; and changing them.

Policies are few and are read whole, at most once in `MAX_AGE` seconds by each server process, so that a command costs no statement
for them. A new policy therefore holds everywhere only after that time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from operate.approvals.models import ApprovalPolicy
from operate.batch.models import BatchType
from workflow.persistence.connection import fetch

MAX_AGE = 2.0
"""Seconds after which the policies are read again."""
JUDGED = frozenset({BatchType.MODIFY, BatchType.RESTART, BatchType.MIGRATE})
"""The operations whose plans are judged: only of these there are red warnings."""

READ = """
SELECT id, name, workspace_id, process_id, operation, min_instances, risk, hours FROM operate_approvalpolicy ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy; empty process and operation stand for all of them."""

    id: int
    name: str
    workspace_id: int
    process_id: str
    operation: str
    min_instances: int
    only_red: bool
    hours: int

    def is_about(self, operations: Collection[BatchType]) -> bool:
        """Whether it governs one of these operations."""
        if self.only_red and not JUDGED.intersection(operations):
            return False
        return not self.operation or self.operation in operations

    def holds_for(self, places: Iterable[Place]) -> bool:
        """Whether enough of the process instances that a command concerns are where the policy holds."""
        return sum(place.count for place in places if self.covers(place)) >= self.min_instances

    def covers(self, place: Place) -> bool:
        """Whether it holds there."""
        return self.workspace_id == place.workspace_id and (not self.process_id or self.process_id in place.process_ids)

    @property
    def precedence(self) -> tuple[bool, bool, bool, int, int, int]:
        """Least for the one that is named: the most specific, of these the strictest."""
        return (
            not self.process_id,
            not self.operation,
            self.only_red,
            self.min_instances,
            self.hours,
            self.id,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """How many process instances of one process in one workspace a command concerns; one that moves is of two processes."""

    workspace_id: int
    process_ids: frozenset[str]
    count: int = 1


class _Known:
    """The policies as they were read last, and when that was."""

    policies: Sequence[Policy] = ()
    read_at: float | None = None


def policies() -> Sequence[Policy]:
    """All policies; at most `MAX_AGE` old."""
    now = time.monotonic()
    if _Known.read_at is None or now - _Known.read_at > MAX_AGE:
        _Known.policies, _Known.read_at = _read(), now
    return _Known.policies


def policies_on(operations: Collection[BatchType]) -> list[Policy]:
    """Those that govern one of these operations, the one to be named first."""
    return sorted(
        (each for each in policies() if each.is_about(operations)),
        key=lambda policy: policy.precedence,
    )


def assume_policies(known: Sequence[Policy]) -> None:
    """Take these for the policies until they are read the next time."""
    _Known.policies, _Known.read_at = known, time.monotonic()


def forget_policies() -> None:
    """Read the policies again before they are used next."""
    _Known.read_at = None


def _read() -> list[Policy]:
    return [
        Policy(key, name, workspace_id, process_id, operation, size, risk == ApprovalPolicy.Risk.RED_WARNINGS, hours)
        for key, name, workspace_id, process_id, operation, size, risk, hours in fetch(READ)
    ]


__all__ = ["JUDGED", "MAX_AGE", "Place", "Policy", "assume_policies", "forget_policies", "policies", "policies_on"]
