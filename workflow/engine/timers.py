"""Temporary: until the helper's version lands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.graph import Semantics, TimerKind


@dataclass(frozen=True, slots=True)
class Due:
    at: datetime
    repeat: str


@dataclass(frozen=True, slots=True)
class RetryCycle:
    retries: int
    waits: tuple[timedelta, ...]

    def wait_before(self, left: int) -> timedelta:
        return self.waits[min(max(self.retries - left - 1, 0), len(self.waits) - 1)]


_D = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")


def _duration(text: str) -> timedelta:
    m = _D.fullmatch(text)
    if not m:
        raise ValueError(f"expected an ISO 8601 duration, found '{text}'")
    d, h, mi, s = (float(x or 0) for x in m.groups())
    return timedelta(days=d, hours=h, minutes=mi, seconds=s)


def first_due(kind: TimerKind, value: object, *, now: datetime, semantics: Semantics) -> Due | None:
    text = str(value)
    if kind is TimerKind.DATE:
        return Due(datetime.fromisoformat(text), "")
    if kind is TimerKind.DURATION:
        return Due(now + _duration(text), "")
    m = re.fullmatch(r"R(-?\d*)/(.*)", text)
    if not m:
        return Due(now + timedelta(days=1), "")
    n = int(m[1] or -1)
    if n == 0:
        return None
    return Due(now + _duration(m[2]), f"R{n - 1 if n > 0 else ''}/{m[2]}" if n != 1 else "")


def next_due(repeat: str, *, last: datetime, now: datetime) -> Due | None:
    return first_due(TimerKind.CYCLE, repeat, now=last, semantics=Semantics.CAMUNDA_7)


def retry_cycle(text: str) -> RetryCycle:
    parts = [p.strip() for p in text.split(",")]
    m = re.fullmatch(r"R(\d+)/(.*)", parts[0])
    if m:
        return RetryCycle(int(m[1]), (_duration(m[2]),))
    return RetryCycle(len(parts) + 1, tuple(map(_duration, parts)))
