"""How long pages and searches take with 10,000 process instances and with a million: `make bench PAGES=1`.

Each page is asked for through everything that a request goes through on the server, by somebody who sees two of three workspaces.
It is asked for in each of the databases, right one after the other: what disturbs the machine disturbs all of them.

- PAGES_SIZES=10000,1000000: numbers of process instances, the first of which the others are compared with
- PAGES_RUNS=9: how often each page is asked for; the median counts
- PAGES_ONLY=…: only pages whose name contains one of these texts, separated by commas; `interactive` for the browser
- PAGES_JSON=…: write all figures into this file
- DATABASE_URL=…: measure on this server, whose user has to be a superuser; else on an embedded one

The exit code is 1 if a page misses its target.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from config.embedded_postgres import EmbeddedPostgresError
from tests.bench.database import DatabaseError, another_copy, bench_database, django_on
from tests.bench.report import aligned, machine

if TYPE_CHECKING:
    from tests.bench.browsing import Browsing, Page
    from tests.bench.interactive import Opening

INTERACTIVE = "interactive"
MILLISECONDS, STATEMENTS, GROWTH = 300, 15, 1.5
"""What a page may cost at most with the most process instances, and how many times as much as with the fewest."""
GROWING = ("processes", "instance", "live refresh")
"""What the names of those pages begin with that must not grow, as long as as many rows are shown: the list and the page of process
instances. What counts or adds up takes longer with more to count."""
NOISE = 10
"""Milliseconds that say nothing on a machine with other things to do."""
UNTIL_INTERACTIVE = 1_500
"""Milliseconds until one can work with the page of a process instance, which a browser has never seen."""
OPENINGS = 5


class SettingError(Exception):
    """A setting in the environment is wrong; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller chose."""

    sizes: Sequence[int]
    runs: int
    only: Sequence[str]
    json: Path | None

    @classmethod
    def from_environment(cls) -> Settings:
        file = os.environ.get("PAGES_JSON")
        only = [name.strip() for name in os.environ.get("PAGES_ONLY", "").split(",") if name.strip()]
        sizes = [_whole("PAGES_SIZES", each) for each in (os.environ.get("PAGES_SIZES") or "10000,1000000").split(",")]
        runs = _whole("PAGES_RUNS", os.environ.get("PAGES_RUNS") or "9")
        return cls(sizes, runs, only, Path(file) if file else None)


def _whole(name: str, text: str) -> int:
    number = text.strip().replace("_", "")
    if not number.isdecimal() or int(number) < 1:
        raise SettingError(f"Expected {name} to have whole numbers greater than 0, found '{text}'.")
    return int(number)


@dataclass(slots=True)
class Row:
    """What one page has cost, by number of process instances."""

    name: str
    milliseconds: dict[int, list[float]] = field(default_factory=dict)
    statements: dict[int, int] = field(default_factory=dict)
    shown: dict[int, int] = field(default_factory=dict)
    """How many rows of a list one sees."""

    def median(self, size: int) -> float:
        return median(self.milliseconds[size])

    def slowest(self, size: int) -> float:
        """The 95th percentile, of few runs the slowest."""
        ordered = sorted(self.milliseconds[size])
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]

    def fastest(self, size: int) -> float:
        """What it takes if nothing disturbs the machine."""
        return min(self.milliseconds[size])

    def growth(self, sizes: Sequence[int]) -> float:
        """How many times as long it takes with the most process instances as with the fewest, undisturbed."""
        return self.fastest(sizes[-1]) / self.fastest(sizes[0])

    def missed(self, sizes: Sequence[int]) -> list[str]:
        """The targets that are missed."""
        found = []
        if self.median(sizes[-1]) >= MILLISECONDS:
            found.append(f"{self.median(sizes[-1]):.0f} ms")
        if self.statements[sizes[-1]] > STATEMENTS:
            found.append(f"{self.statements[sizes[-1]]} statements")
        grows = self.growth(sizes) > GROWTH and self.fastest(sizes[-1]) - self.fastest(sizes[0]) > NOISE
        if grows and self.name.startswith(GROWING) and len(set(self.shown.values())) == 1:
            found.append(f"{self.growth(sizes):.1f} ×")
        return found

    def cells(self, sizes: Sequence[int]) -> Sequence[str]:
        times = [f"{value:.1f}" for size in sizes for value in (self.median(size), self.slowest(size))]
        statements = str(self.statements[sizes[-1]])
        return [self.name, *times, f"{self.growth(sizes):.2f}", statements, ", ".join(self.missed(sizes)) or "met"]


def main() -> int:
    """Fill, measure, print, write; 0 unless a target is missed."""
    try:
        settings = Settings.from_environment()
        with bench_database() as url, django_on(url):
            rows, opened = measure(settings, url)
            where = machine(url)
    except (SettingError, DatabaseError, EmbeddedPostgresError) as error:
        sys.exit(f"Error: {error}")
    print(table(rows, settings.sizes) + "\n")
    print("\n".join(opening_lines(opened)) + "\n")
    print(f"Medians of {settings.runs} runs. {where}")
    if settings.json:
        ready = {name: [each.ready for each in found] for name, found in opened.items()}
        written = {"machine": where, "at": time.time(), "pages": [asdict(row) for row in rows], "interactive": ready}
        settings.json.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    missed = [row.name for row in rows if row.missed(settings.sizes)]
    missed += [name for name, found in opened.items() if _median(found) >= UNTIL_INTERACTIVE]
    if missed:
        total = len(rows) + len(opened)
        print(f"Error: {len(missed)} of {total} pages miss their target: {', '.join(missed)}.", file=sys.stderr)
    return 1 if missed else 0


def measure(settings: Settings, url: str) -> tuple[list[Row], dict[str, list[Opening]]]:
    """All pages, with each number of process instances; then in a browser."""
    from tests.bench.browsing import Browsing
    from tests.bench.interactive import openings
    from tests.bench.population import Population

    population, pages = Population(url, tell), dict[int, Pages]()
    with ExitStack() as copies:
        for size in settings.sizes:
            began = time.perf_counter()
            tell(f"{size:,} process instances are being written")
            unusual = population.fill(size)
            tell(f"{size:,} process instances written in {time.perf_counter() - began:.0f} s")
            is_last = size == settings.sizes[-1]
            used = nullcontext if is_last else copies.enter_context(another_copy(url, str(size)))
            with used():
                browsing = Browsing(population, unusual)
                pages[size] = Pages(browsing, browsing.pages(settings.only), used)
        rows = time_pages(pages, settings.runs)
    if settings.only and INTERACTIVE not in settings.only:
        return rows, {}
    addresses = {name: page.address for name, page in browsing.opened_in_a_browser().items()}
    tell(f"{INTERACTIVE}: opening {len(addresses)} pages in Chromium, {OPENINGS} times")
    return rows, openings(population.operator, addresses, OPENINGS)


@dataclass(frozen=True, slots=True)
class Pages:
    """What is asked for in one of the databases."""

    browsing: Browsing
    pages: Mapping[str, Page]
    used: Callable[[], AbstractContextManager[None]]
    """Inside of it Django uses this database."""


def time_pages(pages: Mapping[int, Pages], runs: int) -> list[Row]:
    """Ask for each page, in turn."""
    rows = {name: Row(name) for each in pages.values() for name in each.pages}
    for name, row in rows.items():
        for size, there in pages.items():
            with there.used():
                row.shown[size] = there.browsing.check(there.pages[name])
                row.statements[size] = there.browsing.statements(there.pages[name])
            row.milliseconds[size] = []
    for number in range(1, runs + 1):
        for name, row in rows.items():
            for size, there in pages.items():
                with there.used():
                    row.milliseconds[size].append(there.browsing.milliseconds(there.pages[name]))
        tell(f"{len(rows)} pages asked for, {number} of {runs} times")
    return list(rows.values())


def table(rows: Sequence[Row], sizes: Sequence[int]) -> str:
    """Each page with its figures, and which targets it misses."""
    times = [f"{text} at {size:,}" for size in sizes for text in ("median ms", "p95 ms")]
    goals = f"target: < {MILLISECONDS} ms, ≤ {STATEMENTS} statements, ≤ {GROWTH} ×"
    return aligned([["page", *times, "ratio", "statements", goals], *(row.cells(sizes) for row in rows)])


def opening_lines(opened: Mapping[str, Sequence[Opening]]) -> list[str]:
    """Until one could work with each page, and on the way there."""
    return [
        f"{name} in Chromium, nothing cached: interactive after {_median(found):,.0f} ms (target < {UNTIL_INTERACTIVE:,}), "
        f"arrived after {median(each.arrived for each in found):,.0f}, read after {median(each.read for each in found):,.0f}, "
        f"{found[0].kilobytes:,.0f} kB"
        for name, found in opened.items()
    ]


def _median(found: Sequence[Opening]) -> float:
    return median(each.ready for each in found)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
