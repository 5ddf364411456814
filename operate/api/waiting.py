"""Long polling: a request waits until there is something to answer, without keeping a transaction or a connection.

Looking again and again costs one look into an index each time, first soon and then at most twice a second. Waking up by
NOTIFY would be faster by a blink, but every command would pay for it when it commits. A waiting request holds a thread of
the server, so only so many may wait at a time; one more is answered at once with what there is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import connection

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.5
GROWTH = 1.5
MOST_WAITING = 24  # of the 32 threads that the server has

Answer = TypeVar("Answer")

_seats = threading.BoundedSemaphore(MOST_WAITING)


def wait_for(
    attempt: Callable[[], Answer],
    *,
    timeout: timedelta,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Return the first answer that is not empty, or the empty one once the time is over. Tries at least once."""
    deadline = clock() + timeout.total_seconds()
    answer = attempt()
    if answer or timeout <= timedelta(0) or not _seats.acquire(blocking=False):
        return answer
    try:
        pause = FIRST_PAUSE_SECONDS
        while not answer and (left := deadline - clock()) > 0:
            _hand_back_connection()
            sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)
            answer = attempt()
    finally:
        _seats.release()
    return answer


def _hand_back_connection() -> None:
    """To the pool, for others to use meanwhile; inside somebody's transaction (a test's) there is nothing to hand back."""
    if not connection.in_atomic_block:
        connection.close()
