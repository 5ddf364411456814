"""Jobs that the engine does by itself: how many one worker process gets done in a second.

Imported only once Django is set up.
"""

from __future__ import annotations

import subprocess
import sys
import time

from tests.bench.engine import WrongResult
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import Job

PROCESS_ID = "jobs"
STEPS = 10
INSTANCES_PER_SECOND = 200
"""Enough to keep the worker busy: it must not run dry while it is watched."""
CONCURRENCY = 4
PATIENCE_SECONDS = 60


def jobs_per_second(repeats: int, seconds: int) -> list[float]:
    """Watch a worker like those of `make run` at instances of asynchronous tasks in a row."""
    steps = "".join(f"<task id='step{number}' camunda:asyncBefore='true'/>" for number in range(1, STEPS + 1))
    xml = model(PROCESS_ID, Semantics.CAMUNDA_7, f"<startEvent id='start'/>{steps}<endEvent id='end'/>")
    definition_key = deploy(xml).key
    for _ in range(INSTANCES_PER_SECOND * (repeats * seconds + 1)):
        services.start_process_instance(definition_key, variables={"amount": 5000, "customer": 5000})
    command = [sys.executable, "manage.py", "procrastinate", "worker", "--concurrency", str(CONCURRENCY)]
    worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_until_busy()
        rates = [_rate(seconds) for _ in range(repeats)]
    finally:
        worker.terminate()
        worker.wait()
    if not services.due_jobs(1):
        raise WrongResult("Expected the worker to be busy all the time, but it has run out of jobs.")
    return rates


def _wait_until_busy() -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _done() < INSTANCES_PER_SECOND:
        if time.monotonic() > deadline:
            raise WrongResult(f"Expected the worker to do {INSTANCES_PER_SECOND} jobs in {PATIENCE_SECONDS} s.")
        time.sleep(0.1)


def _rate(seconds: int) -> float:
    before, began = _done(), time.perf_counter()
    time.sleep(seconds)
    return (_done() - before) / (time.perf_counter() - began)


def _done() -> int:
    return Job.objects.filter(definition__process_id=PROCESS_ID, state="COMPLETED").count()
