"""Audit events to test with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.models import AuditEvent, Channel, Event, Subject
from audit.record import NewAuditEvent, Snapshot, record

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

Recorded = Callable[..., AuditEvent]


@pytest.fixture
def recorded() -> Recorded:
    """Records an event and reads it back."""

    def recorded(*snapshots: Snapshot, **facts: Any) -> AuditEvent:
        defaults = {"event": Event.UPDATE, "subject": Subject.PROCESS_VARIABLES, "channel": Channel.ADMIN, "at": NOON}
        record(NewAuditEvent(**(defaults | facts)), snapshots)
        return AuditEvent.objects.latest("key")

    return recorded
