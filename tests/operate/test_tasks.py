"""The task queue does not grow forever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

import operate.tasks


@pytest.fixture
def empty_queue(transactional_db):
    """Flushing between tests leaves Procrastinate's tables alone: Django does not manage them."""

    def empty():
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs CASCADE")

    empty()
    yield
    empty()


@pytest.mark.usefixtures("empty_queue")
def test_jobs_that_succeeded_long_ago_are_removed():
    # given
    for number in range(3):
        app.configure_task("audit.seal_audit_events", queueing_lock=str(number)).defer(timestamp=0)
    old_success, old_failure, fresh_success = ProcrastinateJob.objects.order_by("pk").values_list("pk", flat=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = CASE WHEN id = %s THEN 'failed' ELSE 'succeeded' END"
            "::procrastinate_job_status",
            [old_failure],
        )
        cursor.execute(
            "UPDATE procrastinate_events SET at = now() - %s WHERE job_id <> %s",
            [timedelta(hours=operate.tasks.KEEP_HOURS + 1), fresh_success],
        )
    # when
    app.configure_task("operate.remove_finished_jobs").defer(timestamp=0)
    app.with_connector(app.connector.get_worker_connector()).run_worker(wait=False, install_signal_handlers=False)
    # then
    made = [old_success, old_failure, fresh_success]
    left = ProcrastinateJob.objects.filter(pk__in=made).order_by("pk").values_list("pk", flat=True)
    assert list(left) == [old_failure, fresh_success]
