"""Procrastinate's command, whose worker runs the engine's own jobs and those of batches too, and sends notifications."""

from __future__ import annotations

from typing import Any

from procrastinate.contrib.django.management.commands import procrastinate

from operate.batch.runner import BatchRunner
from operate.batch.running import run_due_jobs as run_batches
from operate.job_runner import JobRunner, run_due_jobs
from operate.notifications.delivering import DeliveryRunner, deliver_due

QUEUE = "engine"
"""The name under which a worker of chosen queues takes the engine's jobs."""
SENDERS = 2
"""Threads that send notifications: one that does not answer holds up one of them for some seconds."""


class Command(procrastinate.Command):
    """`worker` runs what is in the task queue and, in as many threads as it has tasks at once, the engine's jobs and batches."""

    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] != "worker" or QUEUE not in (options.get("queues") or [QUEUE]):
            super().handle(*args, **options)
        elif options.get("wait", True):
            threads = options.get("concurrency", 1)
            with JobRunner(threads), BatchRunner(threads), DeliveryRunner(SENDERS):
                super().handle(*args, **options)
        else:
            run_batches()
            run_due_jobs()
            deliver_due()
            super().handle(*args, **options)
