"""What FEEL's and JUEL's dates and durations come out as is what timers understand."""

from datetime import UTC, datetime

import pytest

from workflow.engine.timers import first_due
from workflow.expressions import parse_camunda7, parse_zeebe
from workflow.graph import Semantics, TimerKind

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SCOPE = {
    "__now__": lambda: NOW,
    "wait": "PT15M",
    "attempt": 3,
    "day": "2026-02-03",
    "due": datetime(2026, 5, 6, 7, 8, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        (TimerKind.DATE, "=now()", NOW),
        (TimerKind.DATE, '=now() + duration("PT1H")', NOW.replace(hour=4)),
        (TimerKind.DATE, '=now() + duration("P1M")', NOW.replace(month=2)),
        (TimerKind.DATE, '=@"2026-03-01T10:00:00Z"', datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (TimerKind.DATE, '=date and time("2026-03-01T10:00:00@Europe/Berlin")', datetime(2026, 3, 1, 9, tzinfo=UTC)),
        (TimerKind.DATE, '=date and time("2026-03-01T10:00:00+02:00")', datetime(2026, 3, 1, 8, tzinfo=UTC)),
        (TimerKind.DATE, '=date and time(date(day), time("08:30:00Z"))', datetime(2026, 2, 3, 8, 30, tzinfo=UTC)),
        (TimerKind.DATE, '=date and time("2026-03-01T10:00:00")', datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (TimerKind.DURATION, '=@"PT1H"', NOW.replace(hour=4)),
        (TimerKind.DURATION, "=duration(wait)", NOW.replace(minute=19)),
        (TimerKind.DURATION, "=duration(wait) * attempt", NOW.replace(minute=49)),
        (TimerKind.DURATION, '=duration("PT36H")', NOW.replace(day=3, hour=15)),
        (TimerKind.DURATION, '=@"PT1.5S" + @"PT0.5S"', NOW.replace(second=7)),
        (TimerKind.DURATION, '=@"P1M"', NOW.replace(month=2)),
        (TimerKind.DURATION, '=-@"PT1H"', NOW.replace(hour=2)),
        (TimerKind.DURATION, '=date and time("2026-01-02T00:00:00Z") - @"2026-01-01T00:00:00Z"', NOW.replace(day=3)),
        (TimerKind.CYCLE, '="R3/" + string(duration(wait))', NOW.replace(minute=19)),
    ],
)
def test_temporal_values_of_feel_are_texts_that_timers_take(kind, source, expected):
    value = parse_zeebe(source).evaluate(SCOPE)

    assert isinstance(value, str)
    assert first_due(kind, value, now=NOW, semantics=Semantics.ZEEBE).at == expected


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        (TimerKind.DATE, "${now()}", NOW),
        (TimerKind.DATE, "${dateTime().plusDays(2).toDate()}", NOW.replace(day=4)),
        (TimerKind.DATE, "${due}", SCOPE["due"]),
        (TimerKind.DATE, "${day}", datetime(2026, 2, 3, tzinfo=UTC)),
        (TimerKind.DATE, "${day}T08:30:00", datetime(2026, 2, 3, 8, 30, tzinfo=UTC)),
        (TimerKind.DATE, "${dateTime().plusDays(1).toString('yyyy-MM-dd')}", datetime(2026, 1, 3, tzinfo=UTC)),
        (TimerKind.DURATION, "${wait}", NOW.replace(minute=19)),
        (TimerKind.DURATION, "PT${attempt * 5}M", NOW.replace(minute=19)),
        (TimerKind.CYCLE, "R3/${wait}", NOW.replace(minute=19)),
    ],
)
def test_dates_and_durations_of_juel_are_what_timers_take(kind, source, expected):
    value = parse_camunda7(source).evaluate(SCOPE)

    assert first_due(kind, value, now=NOW, semantics=Semantics.CAMUNDA_7).at == expected
