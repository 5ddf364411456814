"""Threads beside the task queue, in every worker process: what there is to do stands in a table, and is looked for."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import ClassVar, Self

from django.db import InterfaceError, OperationalError, connection

POLL_SECONDS = 0.5
"""How long something new waits at most before an idle thread sees it: one query by index each time."""
STOP_SECONDS = 10.0

logger = logging.getLogger(__name__)


class PollingThreads:
    """Do one thing after the other, from entering the context until leaving it."""

    name: ClassVar[str]

    def __init__(self, threads: int = 1) -> None:
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"{self.name}-{number}", daemon=True) for number in range(threads)
        ]

    def run_next(self) -> bool:
        """Do one thing; False if there is nothing to do. Two threads or processes must not choose the same."""
        raise NotImplementedError

    def goes_on(self) -> bool:
        """Whether it makes sense to begin something else."""
        return not self._stopping.is_set()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let end what is under way; what takes too long is undone when the process ends."""
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
        """As `run_next`; False also if it has to wait until the database is there again."""
        try:
            return self.run_next()
        except Exception as failure:
            is_outage = isinstance(failure, OperationalError | InterfaceError)
            logger.warning("The %s has to wait: %s", self.name, failure, exc_info=None if is_outage else failure)
            connection.close()
            return False


__all__ = ["PollingThreads"]
