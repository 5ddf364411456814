"""Procrastinate's command, whose worker runs the engine's own jobs and those of batches too."""

from __future__ import annotations

from typing import Any

from procrastinate.contrib.django.management.commands import procrastinate

from operate.batch.runner import BatchRunner
from operate.batch.running import run_due_jobs as run_batches
from operate.job_runner import JobRunner, run_due_jobs

QUEUE = "engine"
"""The name under which a worker of chosen queues takes the engine's jobs."""


class Command(procrastinate.Command):
    """`worker` runs what is in the task queue and, in as many threads as it has tasks at once, the engine's jobs and batches."""

    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] != "worker" or QUEUE not in (options.get("queues") or [QUEUE]):
            super().handle(*args, **options)
        elif options.get("wait", True):
            threads = options.get("concurrency", 1)
            with JobRunner(threads), BatchRunner(threads):
                super().handle(*args, **options)
        else:
            run_batches()
            run_due_jobs()
            super().handle(*args, **options)
