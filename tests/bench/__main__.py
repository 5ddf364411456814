"""Measure every workload on the floor and in Fettle, alternately, and print how far they are apart; then a worker.

- BENCH_REPEATS=5: how often; the medians count
- BENCH_SECONDS=1: how long each measurement takes
- BENCH_ONLY=…: names of workloads, separated by commas, `jobs` for the worker; all if not set
- BENCH_LIMIT=…: fail if floor ÷ Fettle is greater than this on any workload
- BENCH_JSON=…: write all figures into this file
- DATABASE_URL=…: measure on this server; else on an embedded one
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from config.embedded_postgres import EmbeddedPostgresError
from config.environment import SESSION_OPTIONS
from tests.bench.database import DatabaseError, bench_database, django_on
from tests.bench.floor import Floor, FloorError
from tests.bench.models import WORKLOADS, Workload
from tests.bench.report import Result, machine, table, too_slow

if TYPE_CHECKING:
    from tests.bench.engine import Fettle

JOBS = "jobs"
WARM_UP_SECONDS = 0.5
CORE_SECONDS = 0.2
TRACED_INSTANCES = 20


class SettingError(Exception):
    """A setting in the environment is wrong; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller chose."""

    repeats: int
    seconds: int
    workloads: Sequence[Workload]
    jobs: bool
    limit: float | None
    json: Path | None

    @classmethod
    def from_environment(cls) -> Settings:
        limit, file = os.environ.get("BENCH_LIMIT"), os.environ.get("BENCH_JSON")
        return cls(
            int(_number("BENCH_REPEATS", "5")),
            int(_number("BENCH_SECONDS", "1")),
            *_chosen(os.environ.get("BENCH_ONLY", "")),
            _number("BENCH_LIMIT", limit) if limit else None,
            Path(file) if file else None,
        )


def _number(name: str, default: str) -> float:
    text = os.environ.get(name) or default
    try:
        number = float(text)
    except ValueError:
        number = 0
    if number <= 0 or (name != "BENCH_LIMIT" and number != int(number)):
        kind = "number" if name == "BENCH_LIMIT" else "whole number"
        raise SettingError(f"Expected {name} to be a {kind} greater than 0, found '{text}'.")
    return number


def _chosen(names: str) -> tuple[Sequence[Workload], bool]:
    """The workloads, and whether the worker is to be measured."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    known = [*(workload.name for workload in WORKLOADS), JOBS]
    unknown = wanted - set(known)
    if unknown:
        there = ", ".join(known)
        raise SettingError(f"Expected BENCH_ONLY to name workloads, found {sorted(unknown)}; there are: {there}.")
    return [each for each in WORKLOADS if not wanted or each.name in wanted], not wanted or JOBS in wanted


def main() -> int:
    """Measure, print, write; 0 unless a limit is exceeded."""
    try:
        settings = Settings.from_environment()
        with bench_database() as url, django_on(url):
            results = measure(settings, Floor(url, SESSION_OPTIONS)) if settings.workloads else []
            jobs = measure_jobs(settings) if settings.jobs else []
            where = machine(url)
    except (SettingError, DatabaseError, FloorError, EmbeddedPostgresError) as error:
        sys.exit(f"Error: {error}")
    if results:
        print(table(results) + "\n")
    if jobs:
        print(
            f"Asynchronous jobs of one worker process: {median(jobs):,.0f} /s ({min(jobs):,.0f} … {max(jobs):,.0f})\n"
        )
    print(f"Medians of {settings.repeats} repeats of {settings.seconds} s, alternating. {where}")
    if settings.json:
        written = {
            "machine": where,
            "at": time.time(),
            "results": [result.as_json() for result in results],
            "jobs": jobs,
        }
        settings.json.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    slow = too_slow(results, settings.limit) if settings.limit is not None else []
    for line in slow:
        print(f"Error: {line}", file=sys.stderr)
    return 1 if slow else 0


def measure(settings: Settings, floor: Floor) -> list[Result]:
    """All workloads; those that cannot be deployed only on the floor."""
    from tests.bench.engine import Fettle

    fettle = Fettle()
    subjects = [_prepare(workload, fettle) for workload in settings.workloads]
    fettle.analyze()
    for repeat in range(1, settings.repeats + 1):
        floor.build()
        for subject in subjects:
            subject.measure(floor, fettle, settings.seconds)
            tell(f"repeat {repeat}/{settings.repeats} {subject.result.latest}")
    for subject in subjects:
        subject.count(fettle)
    return [subject.result for subject in subjects]


def measure_jobs(settings: Settings) -> list[float]:
    """Jobs a second of one worker process, for each repeat."""
    from tests.bench.jobs import jobs_per_second

    tell(f"{JOBS}: a worker process at its work")
    return jobs_per_second(settings.repeats, settings.seconds)


def _prepare(workload: Workload, fettle: Fettle) -> Subject:
    from tests.bench.engine import ModelProblems

    tell(f"{workload.name}: warming up")
    result = Result(workload.name, workload.about, workload.commands)
    try:
        definition_key = fettle.deploy(workload)
    except ModelProblems as refusal:
        result.refused = str(refusal)
        return Subject(workload, result, None)
    fettle.check(workload, definition_key)
    fettle.instances_per_second(workload, definition_key, WARM_UP_SECONDS)
    return Subject(workload, result, definition_key)


@dataclass(frozen=True, slots=True)
class Subject:
    """A workload, its definition if it could be deployed, and what was found out about it."""

    workload: Workload
    result: Result
    definition_key: int | None

    def measure(self, floor: Floor, fettle: Fettle, seconds: int) -> None:
        """One repeat: the floor, and right after it Fettle."""
        self.result.floor.append(floor.instances_per_second(self.workload.name, seconds))
        if self.definition_key is None:
            return
        self.result.fettle.append(fettle.instances_per_second(self.workload, self.definition_key, seconds))
        self.result.core.append(fettle.core_elements_per_second(self.workload, self.definition_key, CORE_SECONDS))

    def count(self, fettle: Fettle) -> None:
        """What goes over the wire; apart, because to look at it costs time."""
        if self.definition_key is None:
            return
        traffic = fettle.traffic(self.workload, self.definition_key, TRACED_INSTANCES)
        commands = TRACED_INSTANCES * self.workload.commands
        self.result.statements_per_command = len(traffic.statements) / commands
        self.result.round_trips_per_command = traffic.round_trips / commands


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
