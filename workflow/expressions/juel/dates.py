"""Dates as expressions see them: `now()` is Java's Date there and `dateTime()` Joda's DateTime; here they are one.

Moments have a time zone, and days, months and years are counted by its calendar.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from workflow.expressions.juel.failure import Failure

PROPERTIES: Final[Mapping[str, Callable[[datetime], object]]] = {
    "centuryOfEra": lambda moment: moment.year // 100,
    "dayOfMonth": lambda moment: moment.day,
    "dayOfWeek": lambda moment: moment.isoweekday(),
    "dayOfYear": lambda moment: moment.timetuple().tm_yday,
    "hourOfDay": lambda moment: moment.hour,
    "millis": lambda moment: _milliseconds(moment),
    "minuteOfHour": lambda moment: moment.minute,
    "monthOfYear": lambda moment: moment.month,
    "secondOfMinute": lambda moment: moment.second,
    "time": lambda moment: _milliseconds(moment),
    "weekOfWeekyear": lambda moment: moment.isocalendar().week,
    "year": lambda moment: moment.year,
}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _shifted(moment: datetime, *, months: int = 0, **span: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError("date value out of range")
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day) + timedelta(**span)


def _span(unit: str, factor: int = 1) -> Callable[[int], dict[str, int]]:
    return lambda amount: {unit: amount * factor}


_UNITS: Final = {
    "Millis": _span("milliseconds"),
    "Seconds": _span("seconds"),
    "Minutes": _span("minutes"),
    "Hours": _span("hours"),
    "Days": _span("days"),
    "Weeks": _span("weeks"),
    "Months": _span("months"),
    "Years": _span("months", 12),
}
_FIELDS: Final = {
    "Year": "year",
    "MonthOfYear": "month",
    "DayOfMonth": "day",
    "HourOfDay": "hour",
    "MinuteOfHour": "minute",
    "SecondOfMinute": "second",
}


def _shift(unit: Callable[[int], dict[str, int]], sign: int) -> Callable[[datetime, object], datetime]:
    return lambda moment, amount: _shifted(moment, **unit(sign * _whole(amount)))


def _with(name: str) -> Callable[[datetime, object], datetime]:
    return lambda moment, value: moment.replace(**{name: _whole(value)})  # type: ignore[arg-type]  # the fields are ints


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("expected a whole number")
    return int(value)


def _at(moment: datetime, hour: int, minute: int, second: int, millisecond: int) -> datetime:
    return moment.replace(hour=hour, minute=minute, second=second, microsecond=millisecond * 1000)


METHODS: Final[Mapping[str, Callable[..., object]]] = {
    "after": lambda moment, other: moment > other,
    "before": lambda moment, other: moment < other,
    "compareTo": lambda moment, other: (moment > other) - (moment < other),
    "equals": lambda moment, other: moment == other,
    "isAfter": lambda moment, other: moment > other,
    "isBefore": lambda moment, other: moment < other,
    "isEqual": lambda moment, other: moment == other,
    "toDate": lambda moment: moment,
    "toDateTime": lambda moment: moment,
    "toString": lambda moment, pattern=None: moment.isoformat() if pattern is None else formatted(moment, pattern),
    "withTime": _at,
    "withTimeAtStartOfDay": lambda moment: _at(moment, 0, 0, 0, 0),
    **{f"plus{name}": _shift(unit, 1) for name, unit in _UNITS.items()},
    **{f"minus{name}": _shift(unit, -1) for name, unit in _UNITS.items()},
    **{f"with{name}": _with(field) for name, field in _FIELDS.items()},
    **{f"get{name[0].upper()}{name[1:]}": read for name, read in PROPERTIES.items()},
}

_LETTERS: Final = {
    "yyyy": "%Y",
    "yy": "%y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "Z": "%z",
}
_PART: Final = re.compile(
    r"'(?P<text>(?:[^']|'')*)'|(?P<letters>(?P<letter>[A-Za-z])(?P=letter)*)|(?P<other>[^A-Za-z']+)"
)


def formatted(moment: datetime, pattern: str) -> str:
    """Return the moment in a pattern like `yyyy-MM-dd'T'HH:mm:ss.SSSZ`; raise Failure for letters it does not know."""
    result, position = "", 0
    while position < len(pattern):
        found = _PART.match(pattern, position)
        if found is None:
            raise Failure(f"the date pattern '{pattern}' has a text without end")
        result += _part(moment, found, pattern)
        position = found.end()
    return result


def _part(moment: datetime, found: re.Match[str], pattern: str) -> str:
    letters = found["letters"]
    if letters is None:
        return found["other"] or found["text"].replace("''", "'") or "'"
    if letters == "SSS":
        return f"{moment.microsecond // 1000:03}"
    if letters not in _LETTERS:
        raise Failure(f"the date pattern '{pattern}' contains '{letters}'; known are SSS, {', '.join(_LETTERS)}")
    return moment.strftime(_LETTERS[letters])
