"""Charts as numbers for SVG: the templates only draw what is computed here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from operate.figures import percentile

WIDTH, HEIGHT = 560, 150
LEFT, BOTTOM, TOP = 44, 20, 8
SECOND_LABELS = ((1, "1 s"), (60, "1 min"), (3600, "1 h"), (86_400, "1 d"), (864_000, "10 d"), (8_640_000, "100 d"))


@dataclass(frozen=True, slots=True)
class Day:
    """What one day has of process instances."""

    day: date
    started: int
    completed: int
    canceled: int
    durations: dict[int, int]

    @property
    def ended(self) -> int:
        return self.completed + self.canceled


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle with what it stands for."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str
    query: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Rectangles, lines and the labels of both axes."""

    bars: Sequence[Bar] = ()
    lines: Sequence[tuple[str, str, Sequence[tuple[float, float, str, str]]]] = ()
    """Of each its kind, its points as SVG has them, and the points with title and query."""
    ticks: Sequence[tuple[float, str]] = ()
    labels: Sequence[tuple[float, str]] = ()

    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM


def throughput(days: Sequence[Day]) -> Chart:
    """For each day what has started, beside what has ended: completed, and canceled on top."""
    highest = max((max(day.started, day.ended) for day in days), default=0) or 1
    step = (WIDTH - LEFT) / max(len(days), 1)
    room = HEIGHT - BOTTOM - TOP
    bars = []
    for number, day in enumerate(days):
        x, width = LEFT + number * step + step * 0.14, step * 0.34
        query = f"state=all&started_from={day.day}&started_to={day.day}"
        bars.append(
            _bar(
                "started",
                x,
                width,
                0,
                day.started,
                highest,
                room,
                _("%(day)s: %(started)s started") % {"day": day.day, "started": day.started},
                query,
            )
        )
        ended = f"ended_from={day.day}&ended_to={day.day}"
        x += step * 0.38
        title = _("%(day)s: %(completed)s completed, %(canceled)s canceled") % {
            "day": day.day,
            "completed": day.completed,
            "canceled": day.canceled,
        }
        bars.append(_bar("completed", x, width, 0, day.completed, highest, room, title, f"state=completed&{ended}"))
        bars.append(
            _bar("canceled", x, width, day.completed, day.canceled, highest, room, title, f"state=canceled&{ended}")
        )
    ticks = [(HEIGHT - BOTTOM - room * part, short(round(highest * part))) for part in (0, 0.5, 1)]
    return Chart([bar for bar in bars if bar.height], (), ticks, _dates(days, step))


def durations(days: Sequence[Day]) -> Chart:
    """For each day how long half of the completed ones took, and how long 95 % of them, on a logarithmic scale."""
    found = [
        (number, day, percentile(day.durations, 0.5), percentile(day.durations, 0.95))
        for number, day in enumerate(days)
    ]
    values = [value for _n, _day, half, most in found for value in (half, most) if value]
    if not values:
        return Chart()
    low, high = math.log(min(values)), math.log(max(values))
    low, high = low - 0.4, max(high + 0.2, low + 1.5)
    step = (WIDTH - LEFT) / len(days)
    room = HEIGHT - BOTTOM - TOP

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - room * (math.log(seconds) - low) / (high - low)

    lines = []
    for kind, label, position in (("p95", "95 %", 3), ("p50", "half", 2)):
        points = [
            (
                LEFT + row[0] * step + step / 2,
                y(row[position]),  # type: ignore[arg-type]
                _("%(day)s: %(label)s within %(span)s")
                % {"day": row[1].day, "label": label, "span": span(row[position])},  # type: ignore[arg-type]
                f"state=completed&ended_from={row[1].day}&ended_to={row[1].day}",
            )
            for row in found
            if row[position]
        ]
        lines.append((kind, " ".join(f"{each[0]:.1f},{each[1]:.1f}" for each in points), points))
    ticks = [(y(seconds), label) for seconds, label in SECOND_LABELS if low <= math.log(seconds) <= high]
    return Chart((), lines, ticks, _dates(days, step))


def _bar(
    kind: str, x: float, width: float, below: int, value: int, highest: int, room: float, title: str, query: str
) -> Bar:
    height = room * value / highest
    return Bar(kind, x, HEIGHT - BOTTOM - room * below / highest - height, width, height, title, query)


def _dates(days: Sequence[Day], step: float) -> list[tuple[float, str]]:
    every = max(1, len(days) // 7)
    return [
        (LEFT + number * step + step / 2, date_format(day.day, _("j M")))
        for number, day in enumerate(days)
        if (len(days) - 1 - number) % every == 0
    ]


def short(number: int) -> str:
    """A number in few characters."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if number >= 10 * size or (number >= size and number % size == 0):
            return f"{number / size:.0f}{sign}"
        if number >= size:
            return f"{number / size:.1f}{sign}"
    return str(number)


def span(seconds: float) -> str:
    """A duration in one unit."""
    for size, sign in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {sign}"
    return f"{seconds:.1f} s"


__all__ = ["Chart", "Day", "durations", "span", "throughput"]
