"""The sealing job is scheduled, and seals."""

from __future__ import annotations

import pytest
from procrastinate.contrib.django import app

from audit.models import AuditEvent
from audit.tasks import seal_audit_events


def test_sealing_runs_every_minute_and_never_twice_at_once():
    task, periodic = next(
        (each.task, each) for each in app.periodic_registry.periodic_tasks.values() if each.task is seal_audit_events
    )
    assert periodic.cron == "* * * * *"
    assert task.queueing_lock == "audit.seal_audit_events"


@pytest.mark.django_db(transaction=True)
def test_the_job_seals(recorded):
    recorded()
    seal_audit_events(0)
    assert not AuditEvent.objects.unsealed().exists()
