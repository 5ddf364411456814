"""Two actions that wait for each other: PostgreSQL ends one of them, which is done again."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from audit.models import AuditEvent, Channel, Event, Subject
from operate.actions import Action
from operate.workspaces import Right
from workflow.models import Workspace
from workflow.persistence.connection import execute

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_one_that_was_undone_is_done_once_more():
    # given
    both_hold_one = threading.Barrier(2)
    attempts = []

    class TakeBoth(Action[None]):
        permission = Right.CANCEL
        event = Event.CANCEL
        subject = Subject.PROCESS_INSTANCE

        def perform(self, first: int, second: int) -> None:
            self.entry.workspace_id = Workspace.objects.get(slug="<default>").pk
            is_first_time = first not in attempts
            attempts.append(first)
            execute([("SELECT pg_advisory_xact_lock(%s)", (first,))])
            if is_first_time:
                both_hold_one.wait(timeout=30)
            execute([("SELECT pg_advisory_xact_lock(%s)", (second,))])

    def run(first: int, second: int) -> None:
        try:
            TakeBoth(None, channel=Channel.SYSTEM).execute(first, second)
        finally:
            connection.close()

    # when
    threads = [threading.Thread(target=run, args=pair) for pair in [(11, 12), (12, 11)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    # then
    assert sorted(attempts) in ([11, 11, 12], [11, 12, 12])
    assert [event.result for event in AuditEvent.objects.all()] == ["SUCCESS", "SUCCESS"]
