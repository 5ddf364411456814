"""What a run has found: medians as a table for people, everything as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import psycopg

HEADINGS = (
    "workload",
    "commands",
    "floor /s",
    "Fettle /s",
    "floor ÷ Fettle",
    "min … max",
    "statements",
    "round trips",
    "core elements/s",
)


@dataclass(slots=True)
class Result:
    """All figures of one workload; the lists have an entry for each repeat."""

    workload: str
    about: str
    commands: int
    refused: str = ""
    """Why this release does not run the workload; the floor is measured all the same."""
    floor: list[float] = field(default_factory=list)
    fettle: list[float] = field(default_factory=list)
    core: list[float] = field(default_factory=list)
    statements_per_command: float = 0.0
    round_trips_per_command: float = 0.0

    @property
    def ratios(self) -> list[float]:
        """Floor ÷ Fettle of each repeat: what disturbs the machine disturbs both sides of it."""
        return [floor / fettle for floor, fettle in zip(self.floor, self.fettle, strict=True)]

    @property
    def ratio(self) -> float | None:
        return None if self.refused else median(self.ratios)

    @property
    def latest(self) -> str:
        """The last repeat in a line."""
        fettle = f", Fettle {self.fettle[-1]:,.1f}/s" if self.fettle else ""
        return f"{self.workload}: floor {self.floor[-1]:,.1f}/s{fettle}"

    def row(self) -> Sequence[str]:
        first = [self.workload, str(self.commands), f"{median(self.floor):,.1f}"]
        if self.refused:
            return first
        return [
            *first,
            f"{median(self.fettle):,.1f}",
            f"{self.ratio:.2f}",
            f"{min(self.ratios):.2f} … {max(self.ratios):.2f}",
            f"{self.statements_per_command:.2f}",
            f"{self.round_trips_per_command:.2f}",
            f"{median(self.core):,.0f}" if self.core else "",
        ]

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"ratio": self.ratio}


def table(results: Sequence[Result]) -> str:
    """The results with aligned columns; below it why some have no figures."""
    refusals = [f"{result.workload}: refused at deployment: {result.refused}" for result in results if result.refused]
    rows = [HEADINGS, *(result.row() for result in results)]
    return "\n".join([aligned(rows), *([""] if refusals else []), *refusals])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Headings and rows below each other: a name on the left, figures on the right. Rows may be shorter than the headings."""
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=False))
    return "  ".join([first.strip().ljust(widths[0]), *others])


def too_slow(results: Iterable[Result], limit: float) -> list[str]:
    """A line for each workload that is farther from the floor than allowed."""
    return [
        f"'{result.workload}': expected floor ÷ Fettle to be at most {limit:g}, found {result.ratio:.2f}."
        for result in results
        if result.ratio is not None and result.ratio > limit
    ]


def machine(url: str) -> str:
    """Where it was measured, in a line."""
    with psycopg.connect(url) as connection:
        settings = "', '".join(("server_version", "fsync", "synchronous_commit", "shared_buffers"))
        found = connection.execute(
            f"SELECT name || ' ' || current_setting(name) FROM pg_settings WHERE name IN ('{settings}') ORDER BY name"
        ).fetchall()
    return ", ".join(
        [
            f"{os.cpu_count()} × {_processor()}",
            f"load {os.getloadavg()[0]:.1f}",
            f"Python {platform.python_version()}",
            f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__})",
            "PostgreSQL: " + ", ".join(line for (line,) in found),
        ]
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
