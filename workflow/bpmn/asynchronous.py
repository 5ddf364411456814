"""Asynchronous continuations (Camunda 7): where a job goes on in a transaction of its own."""

from __future__ import annotations

from workflow.elements.reading import ElementReading
from workflow.engine.timers import retry_cycle
from workflow.expressions import Expression, Language
from workflow.graph import SYNCHRONOUS, Asynchronous


def read_asynchronous(reading: ElementReading) -> Asynchronous:
    """The continuations before and after an element; of a multi-instance activity those of its body."""
    if reading.is_zeebe:
        return SYNCHRONOUS
    return _read(reading, reading)


def read_loop_asynchronous(reading: ElementReading) -> Asynchronous:
    """The continuations of each iteration, which the loop characteristics carry."""
    loop = reading.child("multiInstanceLoopCharacteristics")
    if reading.is_zeebe or loop is None:
        return SYNCHRONOUS
    return _read(reading, ElementReading(loop, reading.model, reading.id))


def _read(reading: ElementReading, carrier: ElementReading) -> Asynchronous:
    cycle = reading.extension("failedJobRetryTimeCycle")
    text = (cycle.text or "").strip() if cycle is not None else ""
    return Asynchronous(
        before=carrier.camunda("asyncBefore") == "true" or carrier.camunda("async") == "true",
        after=carrier.camunda("asyncAfter") == "true",
        exclusive=carrier.camunda("exclusive") != "false",
        retry_cycle=_retry_cycle(reading, text) if text else None,
        priority=reading.whole_number(_job_priority(reading), "'camunda:jobPriority'"),
    )


def _retry_cycle(reading: ElementReading, text: str) -> Expression:
    expression = reading.expression(text, "the retry time cycle")
    if expression.language is Language.STATIC:
        try:
            retry_cycle(text)
        except ValueError as error:
            reading.problem(f"Invalid retry time cycle '{text}': {error}")
    return expression


def _job_priority(reading: ElementReading) -> str | None:
    """An element's own priority, or else the one that the process gives to all of its jobs."""
    own = reading.camunda("jobPriority")
    if own is not None:
        return own
    process = next(reading.element.iterancestors("{*}process"), None)
    return ElementReading(process, reading.model).camunda("jobPriority") if process is not None else None
