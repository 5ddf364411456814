"""Batches in the background: threads in every worker process that do the jobs that are due."""

from __future__ import annotations

from operate.background import PollingThreads
from operate.batch.running import run_next_job


class BatchRunner(PollingThreads):
    """Does jobs of batches; none is done by two at once."""

    name = "batch-runner"

    def run_next(self) -> bool:
        return run_next_job(self.goes_on)


__all__ = ["BatchRunner"]
