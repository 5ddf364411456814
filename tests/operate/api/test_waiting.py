"""Long polls: how long they wait, and what they hold meanwhile."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from operate.api import waiting
from operate.api.waiting import wait_for


class Time:
    """A clock that sleeping turns."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)


@pytest.fixture(autouse=True)
def _no_connection_to_hand_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_hand_back_connection", lambda: None)


def wait(answers: list[list[int]], seconds: float) -> tuple[list[int], Time]:
    time = Time()
    left = iter([*answers, *[[]] * 1000])
    return wait_for(lambda: next(left), timeout=timedelta(seconds=seconds), clock=time.clock, sleep=time.sleep), time


def test_what_is_there_is_answered_at_once() -> None:
    assert wait([[1]], 10)[0] == [1]
    assert wait([[1]], 10)[1].pauses == []


def test_without_a_timeout_it_is_tried_once() -> None:
    answer, time = wait([], 0)
    assert (answer, time.pauses) == ([], [])


def test_it_looks_again_soon_at_first_and_then_twice_a_second() -> None:
    answer, time = wait([[], [], [], [5]], 10)
    assert answer == [5]
    assert time.pauses == pytest.approx([0.05, 0.075, 0.1125])
    _, time = wait([], 10)
    assert time.pauses[-2] == 0.5


def test_it_gives_up_when_the_time_is_over_and_not_later() -> None:
    answer, time = wait([], 3)
    assert answer == []
    assert time.now == pytest.approx(3)


def test_one_more_than_may_wait_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    seats = threading.BoundedSemaphore(1)
    monkeypatch.setattr(waiting, "_seats", seats)
    seats.acquire()
    # then
    assert wait([[], [7]], 10)[0] == []
    # when
    seats.release()
    # then
    assert wait([[], [7]], 10)[0] == [7]


def test_a_failing_attempt_gives_its_seat_back(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    seats = threading.BoundedSemaphore(1)
    monkeypatch.setattr(waiting, "_seats", seats)
    answers = iter([[]])
    # when
    with pytest.raises(StopIteration):
        wait_for(lambda: next(answers), timeout=timedelta(seconds=1), sleep=lambda seconds: None)
    # then
    assert seats.acquire(blocking=False)


@pytest.mark.django_db(transaction=True)
def test_the_connection_is_free_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.undo()
    held: list[bool] = []

    def attempt() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return [1] if held else []

    # when
    wait_for(
        attempt, timeout=timedelta(seconds=5), sleep=lambda seconds: held.append(connection.connection is not None)
    )
    # then
    assert held == [False]
