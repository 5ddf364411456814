"""When timers are due.

The two engines count cycles differently, and the text in `Due.repeat` shows whose it is. Camunda 7 nails a cycle to its
start (`R3/2026-01-01T08:00:00+00:00/PT1H`): the next time is the first of the schedule that lies ahead. What was missed
while nobody ran jobs is skipped and used up, what a person lets happen early is not. Zeebe counts what is left
(`R2/PT1H`) and goes on from the last due date, or from now where that would be over already. Cron schedules of both
(Quartz there, Spring here) are kept in Spring's words.

Days, months and years are counted by the calendar in the zone of `now`, hours and less by the clock.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

from workflow.graph import Semantics
from workflow.graph.events import TimerKind

MAX_LENGTH: Final = 200
"""Of a text, so that what is left of a cycle fits its column."""

DATE_LIKE: Final = "a date and time like '2026-01-31T08:00:00Z'"
DURATION_LIKE: Final = "an ISO 8601 duration like 'PT15M' or 'P2D'"
CYCLE_LIKE: Final = (
    "a cycle like 'R3/PT15M', 'R/2026-01-31T08:00:00Z/P1D' or a cron expression like '0 0 8 * * MON-FRI'"
)


@dataclass(frozen=True, slots=True)
class Due:
    """The next time of a timer, and what comes after it: empty text if nothing does."""

    at: datetime
    repeat: str = ""


def first_due(kind: TimerKind, value: object, *, now: datetime, semantics: Semantics) -> Due:
    """Return when a timer that starts to wait now is due; ValueError says what is wrong with its value.

    A time that is over is due at once, which is why it is no error. In Camunda 7 semantics a date may also be a day
    alone, or a duration.
    """
    if isinstance(value, str) and len(value) > MAX_LENGTH:
        raise ValueError(f"Expected at most {MAX_LENGTH} characters for a timer's time, but found {len(value)}.")
    try:
        match kind:
            case TimerKind.DATE:
                return Due(_date(value, now, semantics))
            case TimerKind.DURATION:
                return Due(_duration(value).after(now))
            case TimerKind.CYCLE:
                return _first_of_cycle(value, now, semantics)
    except OverflowError:
        raise ValueError(f"Expected a time up to the year 9999, but found '{value}'.") from None


def next_due(repeat: str, *, last: datetime, now: datetime) -> Due | None:
    """Return when a timer that was due at `last` and occurs now is due again; None if that was the last time."""
    try:
        if not repeat.startswith("R"):
            return _next_of_cron(repeat, now)
        cycle = _cycle(repeat, now)
        if cycle.is_counted_down:
            return _next_of_countdown(cycle, last, now)
        at = cycle.first_after(now)
    except OverflowError:
        return None
    return None if at is None else Due(at, repeat)


# Dates and durations

_ZONE: Final = re.compile(r"(?:\[([^\[\]]+)]|@([^@]+))$")
_DURATION: Final = re.compile(
    r"(?P<sign>[-+]?)P(?:(?P<years>[-+]?\d+)Y)?(?:(?P<months>[-+]?\d+)M)?(?:(?P<weeks>[-+]?\d+)W)?(?:(?P<days>[-+]?\d+)D)?"
    r"(?P<time>T(?:(?P<hours>[-+]?\d+)H)?(?:(?P<minutes>[-+]?\d+)M)?(?:(?P<seconds>[-+]?\d+(?:\.\d*)?)S)?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A while by the calendar and by the clock; any part may be negative."""

    months: int = 0
    days: int = 0
    time: timedelta = timedelta()

    def after(self, moment: datetime, times: int = 1) -> datetime:
        """Return the moment that lies this while, or a multiple of it, after another one.

        The 31st becomes the last day of a month that is shorter.
        """
        month = moment.year * 12 + moment.month - 1 + self.months * times
        if not 12 <= month < 120_000:
            raise OverflowError("date value out of range")
        year, month = divmod(month, 12)
        day = min(moment.day, monthrange(year, month + 1)[1])
        wall = moment.replace(year=year, month=month + 1, day=day) + timedelta(days=self.days * times)
        return (wall.astimezone(UTC) + self.time * times).astimezone(moment.tzinfo)

    @property
    def nominal(self) -> timedelta:
        """How long it is if a month has 30 days and a year 365."""
        years, months = divmod(self.months, 12)
        return timedelta(days=years * 365 + months * 30 + self.days) + self.time

    @property
    def is_cycle(self) -> bool:
        """Whether time goes on if it is repeated."""
        parts = (self.months, self.days, self.time / timedelta(seconds=1))
        return min(parts) >= 0 and max(parts) > 0

    def repetitions_in(self, span: timedelta) -> int:
        """Return how often it can be repeated for certain; a month has at most 31 days, two days allow for the zone."""
        if not self.months and not self.days:
            return max(0, span // self.time)
        longest = timedelta(days=self.months * 31 + self.days) + self.time
        return max(0, (span - timedelta(days=2)) // longest)

    def __str__(self) -> str:
        months = f"{self.months}M" if self.months else ""
        days = f"{self.days}D" if self.days else ""
        seconds, fraction = divmod(self.time, timedelta(seconds=1))
        clock = f"T{seconds}" + (f".{fraction.microseconds:06}S" if fraction else "S") if self.time else ""
        return f"P{months}{days}{clock}"


def parse_duration(text: str) -> Duration:
    """Return an ISO 8601 duration; years and months are whole numbers, every part may have a sign."""
    text = text.strip()
    found = _DURATION.fullmatch(text)
    parts = found.groupdict(default="") if found else {}
    numbers = {name: parts[name] for name in parts if name not in ("sign", "time") and parts[name]}
    if not numbers or parts["time"] in ("T", "t"):
        raise ValueError(f"Invalid duration format '{text}': expected {DURATION_LIKE}.")
    sign = -1 if parts["sign"] == "-" else 1
    whole = {name: sign * int(number) for name, number in numbers.items() if name != "seconds"}
    clock = timedelta(
        hours=whole.get("hours", 0),
        minutes=whole.get("minutes", 0),
        seconds=sign * float(numbers.get("seconds", "0")),
    )
    return Duration(
        whole.get("years", 0) * 12 + whole.get("months", 0), whole.get("weeks", 0) * 7 + whole.get("days", 0), clock
    )


def _duration(value: object) -> Duration:
    if isinstance(value, timedelta):
        return Duration(time=value)
    return parse_duration(_text(value, DURATION_LIKE))


def _date(value: object, now: datetime, semantics: Semantics) -> datetime:
    if isinstance(value, datetime):
        return _in_zone(value, now)
    if semantics is Semantics.CAMUNDA_7:
        if isinstance(value, date):
            return _in_zone(datetime.combine(value, time()), now)
        if isinstance(value, str) and value.strip().upper().startswith(("P", "-P")):
            return parse_duration(value).after(now)
    return _parse_date(_text(value, DATE_LIKE), now, day_alone=semantics is Semantics.CAMUNDA_7)


def _parse_date(text: str, now: datetime, *, day_alone: bool = True) -> datetime:
    """Return a moment in the zone of now, whatever zone it is written in: an offset, `[Europe/Berlin]`, or none."""
    invalid = ValueError(f"Invalid date-time format '{text}': expected {DATE_LIKE}.")
    plain = _ZONE.sub("", text)
    if "T" not in plain.upper() and not day_alone:
        raise invalid
    try:
        moment = datetime.fromisoformat(plain)
        if zone := _ZONE.search(text):
            named = ZoneInfo(zone[1] or zone[2])
            moment = moment.replace(tzinfo=named) if moment.tzinfo is None else moment.astimezone(named)
    except (ValueError, OSError, KeyError):
        raise invalid from None
    return _in_zone(moment, now)


def _in_zone(moment: datetime, now: datetime) -> datetime:
    return moment.replace(tzinfo=now.tzinfo) if moment.tzinfo is None else moment.astimezone(now.tzinfo)


def _text(value: object, expected: str) -> str:
    if isinstance(value, str):
        return value.strip()
    found = "null" if value is None else f"'{value}'"
    raise ValueError(f"Expected {expected}, but found {found}.")


# Cycles

_REPETITIONS: Final = re.compile(r"R(-1|\d*)", re.ASCII)
_OUTER_SLASH: Final = re.compile(r"/(?![^\[]*])")
"""Not the one in `[Europe/Berlin]`."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A duration that is repeated: so many times (None: for ever), from a start, or towards an end."""

    times: int | None
    duration: Duration
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_counted_down(self) -> bool:
        """Zeebe's way: no place in time, but what is left."""
        return self.start is None and self.end is None

    def __str__(self) -> str:
        times = f"R{'' if self.times is None else self.times}"
        start = self.start.isoformat() if self.start else ""
        end = self.end.isoformat() if self.end else ""
        return "/".join(filter(None, [times, start, str(self.duration), end]))

    def first_after(self, now: datetime) -> datetime | None:
        """Return the first time after now; None if all are over."""
        if self.end is not None:
            return self._first_before_end(self.end, now)
        return self._first_from_start(self.start or now, now)

    def _first_from_start(self, start: datetime, now: datetime) -> datetime | None:
        for index in count(self._at_most(self.duration.repetitions_in(now - start))):
            at = self.duration.after(start, index)
            if at > now:
                return at
            if index == self.times:
                break
        return None

    def _first_before_end(self, end: datetime, now: datetime) -> datetime | None:
        """Return the earliest time ahead; the times are counted back from the end."""
        if end <= now:
            return None
        index = self._at_most(self.duration.repetitions_in(end - now - datetime.resolution))
        at = self.duration.after(end, -index) if index else end
        for earlier in count(index + 1):
            moment = self.duration.after(end, -earlier)
            if moment <= now or (self.times is not None and earlier > self.times):
                break
            at = moment
        return at

    def _at_most(self, repetitions: int) -> int:
        return repetitions if self.times is None else min(repetitions, self.times)


def _first_of_cycle(value: object, now: datetime, semantics: Semantics) -> Due:
    text = _text(value, CYCLE_LIKE)
    if not text.startswith("R"):
        repeat = _spring_cron(text, semantics)
        due = _next_of_cron(repeat, now)
        if due is None:
            raise ValueError(f"Expected a cron expression that occurs in the next 50 years, but found '{text}'.")
        return due
    cycle = _cycle(text, now)
    if semantics is Semantics.ZEEBE:
        if cycle.end is not None:
            raise ValueError(f"Invalid cycle format '{text}': expected {CYCLE_LIKE}.")
        at = cycle.duration.after(now) if cycle.start is None else max(cycle.start, now)
        return Due(at, _countdown(cycle))
    schedule = replace(cycle, start=now) if cycle.is_counted_down else cycle
    first = schedule.first_after(now)
    if first is None:
        raise ValueError(f"Expected a cycle that is not over, but found '{text}'.")
    return Due(first, str(schedule))


def _next_of_countdown(cycle: Cycle, last: datetime, now: datetime) -> Due:
    at = cycle.duration.after(last.astimezone(now.tzinfo))
    return Due(at if at > now else cycle.duration.after(now), _countdown(cycle))


def _countdown(cycle: Cycle) -> str:
    """Return what is left of a cycle when it has occurred once more."""
    if cycle.times is None:
        return str(replace(cycle, start=None))
    return str(replace(cycle, start=None, times=cycle.times - 1)) if cycle.times > 1 else ""


def _cycle(text: str, now: datetime) -> Cycle:
    repetitions, *parts = (part.strip() for part in _OUTER_SLASH.split(text))
    counted = _REPETITIONS.fullmatch(repetitions)
    if counted is None or not 1 <= len(parts) <= 2:
        raise ValueError(f"Invalid cycle format '{text}': expected {CYCLE_LIKE}.")
    times = None if counted[1] in ("", "-1") else int(counted[1])
    if times == 0:
        raise ValueError(f"Expected a cycle that occurs at least once, but found '{text}'.")
    start = end = None
    if not _is_duration(parts[0]):
        start = _parse_date(parts.pop(0), now)
    elif len(parts) == 2:
        end = _parse_date(parts.pop(), now)
    if not parts:
        raise ValueError(f"Invalid cycle format '{text}': expected {CYCLE_LIKE}.")
    [each] = parts
    if start is not None and not _is_duration(each):
        duration = Duration(time=_parse_date(each, now) - start)
    else:
        duration = parse_duration(each)
    if not duration.is_cycle:
        raise ValueError(f"Expected a cycle whose duration is longer than nothing, but found '{text}'.")
    return Cycle(times, duration, start, end)


def _is_duration(text: str) -> bool:
    return text.upper().lstrip("+-").startswith("P")


# Cron

MACROS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_CLOCK: Final = r"[\d*/,-]+"
_CRON: Final = re.compile(
    rf"{_CLOCK} {_CLOCK} {_CLOCK} [\d*?/,LW-]+ (?:[\d*/,-]|{'|'.join(MONTHS)})+ "
    rf"(?:[\d*?/,#L-]|{'|'.join(DAYS)})+(?: {_CLOCK})?",
    re.ASCII,
)
_WEEKDAY: Final = re.compile(
    r"(?P<first>[\w*?]+?)(?P<is_last>L)?(?:-(?P<to>\w+))?(?:(?P<of>[/#])(?P<number>\d+))?", re.ASCII
)
_LAST_DAY: Final = re.compile(r"L(?:-(?P<before>\d+)|(?P<weekday>W))", re.ASCII)


def _spring_cron(text: str, semantics: Semantics) -> str:
    """Return a cron expression in Spring's words: Quartz counts weekdays from Sunday = 1, Spring from Monday = 1."""
    if semantics is Semantics.ZEEBE:
        text = MACROS.get(text.lower(), text)
    fields = text.upper().split()
    found = _CRON.fullmatch(" ".join(fields))
    if found is None or (semantics is Semantics.ZEEBE and len(fields) != 6):
        raise ValueError(f"Invalid cycle format '{text}': expected {CYCLE_LIKE}.")
    try:
        if semantics is Semantics.CAMUNDA_7:
            fields[5] = ",".join(_spring_weekday(part) for part in fields[5].split(","))
        repeat = " ".join(fields)
        _Cron(repeat)
    except ValueError as problem:
        raise ValueError(f"Invalid cycle format '{text}': {problem}.") from None
    return repeat


def _spring_weekday(text: str) -> str:
    """Return a weekday of Quartz, a range of them, or the nth or last of the month; the parser judges the rest."""
    found = _WEEKDAY.fullmatch("SAT" if text == "L" else text)
    if found is None:
        return text
    first, last, to, of, number = found.group("first", "is_last", "to", "of", "number")
    result = _spring_day(first) + (last or "")
    if to:
        result += "-" + _spring_day(to)
    elif of == "/" and first.isdigit():
        result += "-SAT"
    return result + (f"{of}{number}" if of else "")


def _spring_day(text: str) -> str:
    if not text.isdigit():
        return text
    if not 1 <= int(text) <= 7:
        raise ValueError(f"weekdays are numbered from 1 to 7, but found '{text}'")
    return DAYS[int(text) - 1]


class _Cron:
    """A schedule in Spring's words, with an optional year."""

    def __init__(self, text: str) -> None:
        fields = text.split()
        self.fits_day: Callable[[date], bool] | None = None
        if found := _LAST_DAY.fullmatch(fields[3]):
            # croniter knows neither the last weekday of a month nor days before its end
            self.fits_day = _is_last_weekday if found["weekday"] else _days_before_end(int(found["before"]))
            fields[3] = "*"
        fields[5] = ",".join(self._weekday(part) for part in fields[5].split(","))
        self.text = " ".join(fields)
        self._after(datetime(2000, 1, 1, tzinfo=UTC))

    @staticmethod
    def _weekday(text: str) -> str:
        if len(text) > 1 and text.endswith("L"):
            day = text[:-1]
            return f"L{DAYS.index(day) if day in DAYS else int(day) % 7}"
        first, slash, step = text.partition("/")
        return f"{first}-7/{step}" if slash and first.isdigit() else text

    def after(self, moment: datetime) -> datetime | None:
        """Return the first time after a moment; None if there is none in 50 years."""
        last_year = moment.year + 50
        while moment.year <= last_year:
            try:
                found = next(self._after(moment))
            except CroniterBadDateError:
                return None
            if self.fits_day is None or self.fits_day(found.date()):
                return found
            moment = datetime.combine(found.date(), time(23, 59, 59), found.tzinfo)
        return None

    def _after(self, moment: datetime) -> Iterator[datetime]:
        found: Iterator[datetime] = croniter(
            self.text, moment, ret_type=datetime, day_or=False, second_at_beginning=True
        )
        return found


def _next_of_cron(repeat: str, now: datetime) -> Due | None:
    at = _Cron(repeat).after(now)
    return None if at is None else Due(at, repeat)


def _is_last_weekday(day: date) -> bool:
    last = monthrange(day.year, day.month)[1]
    weekend = max(0, day.replace(day=last).weekday() - 4)
    return day.day == last - weekend


def _days_before_end(days: int) -> Callable[[date], bool]:
    if days > 30:
        raise ValueError(f"a month has no day {days} days before its last one")
    return lambda day: day.day == monthrange(day.year, day.month)[1] - days


# Failed jobs

RETRIES_LIKE: Final = "'R5/PT5M' or a list like 'PT10M,PT17M,PT20M'"


@dataclass(frozen=True, slots=True)
class RetryCycle:
    """How often a failing job is tried, and how long it rests in between (Camunda 7)."""

    retries: int
    waits: tuple[timedelta, ...]

    def wait_before(self, retries_left: int) -> timedelta:
        """Return how long a job that failed rests, told the retries that it has left now.

        The last wait serves for all that come after it.
        """
        index = len(self.waits) - retries_left
        return self.waits[max(0, min(index, len(self.waits) - 1))]


def retry_cycle(text: str) -> RetryCycle:
    """Return the meaning of a retry time cycle; a list means one try more than it has waits."""
    text = text.strip()
    if text.startswith("R"):
        repetitions, slash, each = text.partition("/")
        number = repetitions[1:]
        if not slash or not (number.isascii() and number.isdigit()) or not 0 < int(number) < 2**31:
            raise ValueError(f"Invalid retry time cycle '{text}': expected {RETRIES_LIKE}.")
        return RetryCycle(int(number), (_wait(each, text),))
    waits = tuple(_wait(each, text) for each in text.split(","))
    return RetryCycle(len(waits) + 1, waits)


def _wait(text: str, whole: str) -> timedelta:
    try:
        wait = parse_duration(text).nominal
    except (ValueError, OverflowError):
        raise ValueError(f"Invalid retry time cycle '{whole}': expected {RETRIES_LIKE}.") from None
    if wait < timedelta():
        raise ValueError(f"Invalid retry time cycle '{whole}': expected {RETRIES_LIKE}.")
    return wait
