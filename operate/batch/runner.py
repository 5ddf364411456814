"""Batches in the background: threads in every worker process that do the jobs that are due."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

from django.db import InterfaceError, OperationalError, connection

from operate.batch.running import run_next_job

POLL_SECONDS = 0.5
"""How long a batch waits at most before an idle worker sees it: one query by index each time."""
STOP_SECONDS = 10.0

logger = logging.getLogger(__name__)


class BatchRunner:
    """Does jobs of batches in threads, from entering the context until leaving it; none is done by two at once."""

    def __init__(self, threads: int = 1) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-runner-{number}", daemon=True) for number in range(threads)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the transactions end that are under way; those that take too long are undone when the process ends."""
        self._stopping.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                if not self._run_next():
                    self._stopping.wait(POLL_SECONDS)
        finally:
            connection.close()

    def _run_next(self) -> bool:
        """Do one job; False if there is nothing to do, or if it has to wait until the database is there again."""
        try:
            return run_next_job(self._goes_on)
        except Exception as failure:
            is_outage = isinstance(failure, OperationalError | InterfaceError)
            logger.warning("Batches have to wait: %s", failure, exc_info=None if is_outage else failure)
            connection.close()
            return False

    def _goes_on(self) -> bool:
        return not self._stopping.is_set()


__all__ = ["BatchRunner"]
