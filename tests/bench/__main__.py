"""Measure every workload on the floor and in Fettle, alternately, and print how far apart they are; then a worker, then many.

- BENCH_REPEATS=5: how often; the medians count
- BENCH_SECONDS=1: how long each measurement takes
- BENCH_ONLY=…: names of workloads, separated by commas, `jobs` for the worker, `many` for batches,
  `soundness` for judging modifications; all if not set
- BENCH_LIMIT=…: fail if floor ÷ Fettle is greater than this on any workload
- BENCH_JSON=…: write all figures into this file
- DATABASE_URL=…: measure on this server; else on an embedded one
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from config.embedded_postgres import EmbeddedPostgresError
from config.environment import SESSION_OPTIONS
from tests.bench.database import DatabaseError, bench_database, django_on
from tests.bench.floor import Floor, FloorError
from tests.bench.models import COMMANDS, WORKLOADS, Command, Workload
from tests.bench.report import Result, machine, table, too_slow
from tests.bench.soundness import line as soundness_line
from tests.bench.soundness import too_slow as too_slow_to_judge

if TYPE_CHECKING:
    from tests.bench.engine import Fettle

JOBS, MANY, SOUNDNESS = "jobs", "many", "soundness"
INSTANCES = TOKENS = 10_000
WARM_UP_SECONDS = 0.5
CORE_SECONDS = 0.2
TRACED_RUNS = 20


class SettingError(Exception):
    """A setting in the environment is wrong; the message says which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller chose."""

    repeats: int
    seconds: int
    workloads: Sequence[Workload | Command]
    jobs: bool
    many: bool
    soundness: bool
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


def _chosen(names: str) -> tuple[Sequence[Workload | Command], bool, bool, bool]:
    """The workloads, and whether the worker, changes of many and the judging of modifications are to be measured."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    subjects = [*WORKLOADS, *COMMANDS]
    known = [*(subject.name for subject in subjects), JOBS, MANY, SOUNDNESS]
    unknown = wanted - set(known)
    if unknown:
        there = ", ".join(known)
        raise SettingError(f"Expected BENCH_ONLY to name workloads, found {sorted(unknown)}; there are: {there}.")
    chosen = [each for each in subjects if not wanted or each.name in wanted]
    jobs, many, soundness = (not wanted or name in wanted for name in (JOBS, MANY, SOUNDNESS))
    return chosen, jobs, many, soundness


def main() -> int:
    """Measure, print, write; 0 unless a limit is exceeded."""
    try:
        settings = Settings.from_environment()
        with bench_database() as url, django_on(url):
            results = measure(settings, Floor(url, SESSION_OPTIONS)) if settings.workloads else []
            jobs = measure_jobs(settings) if settings.jobs else []
            judged = measure_soundness() if settings.soundness else []
            many = measure_many(settings) if settings.many else []
            where = machine(url)
    except (SettingError, DatabaseError, FloorError, EmbeddedPostgresError) as error:
        sys.exit(f"Error: {error}")
    if results:
        print(table(results) + "\n")
    if jobs:
        print(
            f"Asynchronous jobs of one worker process: {median(jobs):,.0f} /s ({min(jobs):,.0f} … {max(jobs):,.0f})\n"
        )
    if many:
        print("\n".join(many) + "\n")
    if judged:
        print(soundness_line(judged) + "\n")
    print(f"Medians of {settings.repeats} repeats of {settings.seconds} s, alternating. {where}")
    if settings.json:
        written = {
            "machine": where,
            "at": time.time(),
            "results": [result.as_json() for result in results],
            "jobs": jobs,
            "soundness_milliseconds": judged,
            "many": many,
        }
        settings.json.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    slow = too_slow(results, settings.limit) if settings.limit is not None else []
    slow += too_slow_to_judge(judged)
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


def measure_many(settings: Settings) -> list[str]:
    """A line for each change of many: of the instances of a batch, of the tokens of an instance."""
    from tests.bench.many import batch_per_second, tokens_in_seconds

    tell(f"{MANY}: starting {INSTANCES:,} instances")
    rates = batch_per_second(INSTANCES)
    tell(f"{MANY}: {TOKENS:,} tokens in one instance, {settings.repeats} times")
    seconds = tokens_in_seconds(TOKENS, settings.repeats)
    return [
        *(f"Batch of {INSTANCES:,} instances, {name}: {rate:,.0f} /s" for name, rate in rates.items()),
        f"Modification of {TOKENS:,} tokens of one instance: {median(seconds):.2f} s ({min(seconds):.2f} … {max(seconds):.2f})",
    ]


def measure_soundness() -> list[float]:
    """Milliseconds to judge a modification, for each of some."""
    from tests.bench.soundness import ELEMENTS, MODELS, milliseconds

    tell(f"{SOUNDNESS}: judging modifications of large models")
    return milliseconds(MODELS, ELEMENTS)


def _prepare(subject: Workload | Command, fettle: Fettle) -> Subject:
    from tests.bench.engine import ModelProblems

    tell(f"{subject.name}: warming up")
    result = Result(subject.name, subject.about, subject.commands)
    try:
        if isinstance(subject, Command):
            return Subject(result, fettle.pool(subject))
        definition_key = fettle.deploy(subject)
    except ModelProblems as refusal:
        result.refused = str(refusal)
        return Subject(result)
    fettle.check(subject, definition_key)
    run = partial(fettle.run, subject, definition_key)
    fettle.per_second(run, WARM_UP_SECONDS)
    return Subject(result, run, partial(fettle.core_elements_per_second, subject, definition_key))


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: what runs it once, if it could be deployed, and what was found out about it."""

    result: Result
    run: Callable[[], object] | None = None
    core: Callable[[float], float] | None = None

    def measure(self, floor: Floor, fettle: Fettle, seconds: int) -> None:
        """One repeat: the floor, and right after it Fettle."""
        self.result.floor.append(floor.per_second(self.result.workload, seconds))
        if self.run is None:
            return
        self.result.fettle.append(fettle.per_second(self.run, seconds))
        if self.core is not None:
            self.result.core.append(self.core(CORE_SECONDS))

    def count(self, fettle: Fettle) -> None:
        """What goes over the wire; apart, because to look at it costs time."""
        if self.run is None:
            return
        traffic = fettle.traffic(self.run, TRACED_RUNS)
        commands = TRACED_RUNS * self.result.commands
        self.result.statements_per_command = len(traffic.statements) / commands
        self.result.round_trips_per_command = traffic.round_trips / commands


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
