"""Tables as CSV that can be opened without danger: the same in every language, with nothing in them that is a formula."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

CSV = "text/csv; charset=utf-8"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is a formula to a spreadsheet, and somebody else has written it."""


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A header and a line for each row, made as they are asked for."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Any) -> str:
    """A value as text: times by ISO 8601, durations in seconds, objects as JSON; a quote before what would be a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case datetime():
            return value.isoformat()
        case timedelta():
            return str(value.total_seconds())
        case dict() | list():
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case _:
            text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


class _Echo:
    """Hands back what the csv module writes, instead of keeping it."""

    def write(self, text: str) -> str:
        return text


__all__ = ["CSV", "cell", "csv_lines"]
