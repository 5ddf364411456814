"""The engine's own jobs, run in the background: timers that are due and asynchronous continuations.

Every worker process of Procrastinate has a job runner beside its task queue (`manage.py procrastinate worker`). The rows
of `Job` are the queue: nothing has to be told to anybody when a job is made, put off, put on hold or given new retries,
so nothing can be told wrongly or be forgotten, and what a killed worker leaves behind is found like all the rest.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import InterfaceError, OperationalError, connection

from workflow import services
from workflow.services import DueJobs

POLL_SECONDS = 0.5
"""How long a job that becomes due waits at most before an idle runner sees it: one query by index each time."""
INSTANCES_AT_ONCE = 200
STOP_SECONDS = 10.0

logger = logging.getLogger(__name__)


class JobRunner:
    """Runs due jobs in threads, from entering the context until leaving it.

    One thread looks what is due, the others run it; two never work on the same process instance. What is due is looked
    up again as soon as most of it is done, and at least every `POLL_SECONDS`, so that what is urgent comes first.
    """

    def __init__(self, threads: int = 1) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[DueJobs] = deque()
        self._busy: set[int] = set()
        self._has_run = False
        self._is_stopping = False
        self._threads = [
            threading.Thread(target=target, name=f"job-runner-{number}", daemon=True)
            for number, target in enumerate([self._look_out, *[self._work] * threads])
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let the jobs end that are being run; those that take too long are undone when the process ends."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    # -- the thread that looks out

    def _look_out(self) -> None:
        try:
            while not self._is_stopping:
                self._look()
                with self._changed:
                    self._changed.wait_for(self._has_to_look, POLL_SECONDS)
        finally:
            connection.close()

    def _has_to_look(self) -> bool:
        return self._is_stopping or (self._has_run and len(self._waiting) < len(self._threads))

    def _look(self) -> None:
        with self._changed:
            self._has_run = False
            busy = set(self._busy)
        try:
            found = services.due_jobs(INSTANCES_AT_ONCE, busy=busy)
        except Exception as failure:
            is_outage = isinstance(failure, OperationalError | InterfaceError)
            logger.warning("Cannot see which jobs are due: %s", failure, exc_info=None if is_outage else failure)
            connection.close()
            return
        with self._changed:
            self._waiting = deque(jobs for jobs in found if jobs.key not in self._busy)
            self._changed.notify_all()

    # -- the threads that work

    def _work(self) -> None:
        try:
            while (jobs := self._next()) is not None:
                has_run = False
                try:
                    has_run = run_in_turn(jobs, self._goes_on) > 0
                finally:
                    self._done(jobs, has_run)
        finally:
            connection.close()

    def _next(self) -> DueJobs | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or self._waiting)
            if self._is_stopping:
                return None
            jobs = self._waiting.popleft()
            self._busy.add(jobs.key)
            return jobs

    def _done(self, jobs: DueJobs, has_run: bool) -> None:
        with self._changed:
            self._busy.discard(jobs.key)
            self._has_run |= has_run
            if self._has_to_look():
                self._changed.notify_all()

    def _goes_on(self) -> bool:
        return not self._is_stopping


def run_due_jobs() -> int:
    """Run what is due now and what becomes due by that, one job after the other; how many were run."""
    number = 0
    while True:
        turns = [run_in_turn(jobs) for jobs in services.due_jobs(INSTANCES_AT_ONCE)]
        if not any(turns):
            return number
        number += sum(turns)


def run_in_turn(jobs: DueJobs, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Run jobs of one process instance as long as nobody else works on it; how many were run."""
    number = 0
    for key in jobs.keys:
        if not goes_on() or not _run(jobs, key):
            break
        number += 1
    return number


def _run(jobs: DueJobs, key: int) -> bool:
    """Run one job. Whatever goes wrong, the others are not concerned."""
    try:
        return services.run_due_job(jobs, key)
    except (OperationalError, InterfaceError) as outage:
        # A deadlock or a lost connection is not the job's fault: it stays as it is, and is tried again.
        logger.warning("Job '%s' could not be run for now: %s", key, outage)
        connection.close()
    except Exception as failure:
        logger.exception("Job '%s' failed.", key)
        _note(jobs, key, failure)
    return False


def _note(jobs: DueJobs, key: int, failure: Exception) -> None:
    """Count the attempt, so that a defect becomes an incident instead of an endless loop."""
    try:
        services.note_due_job_failure(jobs, key, f"{type(failure).__name__}: {failure}")
    except Exception:
        logger.exception("The failure of job '%s' could not be noted.", key)
        connection.close()


__all__ = ["JobRunner", "run_due_jobs"]
