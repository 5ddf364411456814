"""Events and loops for processes built in a line; formulas are written alike for both semantics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from workflow.elements.multi_instance import LoopDetails
from workflow.graph import (
    CancelEvent,
    CompensationEvent,
    ConditionalEvent,
    ErrorEvent,
    EscalationEvent,
    LinkEvent,
    MessageEvent,
    PassedVariable,
    SignalEvent,
    TerminateEvent,
    TimerEvent,
    TimerKind,
)

if TYPE_CHECKING:
    from tests.support.processes import ProcessBuilder

Made = Callable[["ProcessBuilder"], object]
"""An event or a loop, made when the builder tells its semantics."""


def message(name: str, key: str | None = None) -> Made:
    """A message; `key` is the formula of its correlation key, which is always the same without (Zeebe)."""

    def make(b: ProcessBuilder) -> MessageEvent:
        given = b.formula(key) if key else b.expression("key") if b.is_zeebe else None
        return MessageEvent(b.expression(name), given)

    return make


def signal(name: str, *payload: PassedVariable) -> Made:
    return lambda b: SignalEvent(b.expression(name), payload)


def timer(time: str) -> Made:
    """A duration (`PT1H`), a cycle (`R3/PT1H`) or a date."""
    kind = TimerKind.DURATION if time.startswith("P") else TimerKind.CYCLE if "/" in time else TimerKind.DATE
    return lambda b: TimerEvent(kind, b.expression(time))


def error(code: str | None = None, **variables: str) -> Made:
    """`variables`: `code_variable`, `message_variable` (Camunda 7)."""
    return lambda b: ErrorEvent(b.expression(code) if code else None, **variables)


def escalation(code: str | None = None, code_variable: str | None = None) -> Made:
    return lambda b: EscalationEvent(b.expression(code) if code else None, code_variable)


def condition(formula: str, *names: str, changes: Iterable[str] = ()) -> Made:
    """A condition; `names` and `changes` narrow down which variables and what happens to them."""
    return lambda b: ConditionalEvent(b.formula(formula), frozenset(names), frozenset(changes))


def compensation(activity: str | None = None, *, waits: bool = True) -> Made:
    return lambda b: CompensationEvent(activity, waits)


def cancel() -> Made:
    return lambda b: CancelEvent()


def terminate() -> Made:
    return lambda b: TerminateEvent()


def link(name: str) -> Made:
    return lambda b: LinkEvent(name)


def loop(
    times: int | None = None,
    *,
    over: str | None = None,
    each: str | None = None,
    sequential: bool = False,
    until: str | None = None,
    results: tuple[str, str] | None = None,
) -> Made:
    """Multi-instance: so many times or over a collection; `results` are output collection and output element (Zeebe)."""

    def make(b: ProcessBuilder) -> LoopDetails:
        name, formula = results or (None, None)
        items = b.formula(over) if over is not None else None
        if items is None and b.is_zeebe:
            items = b.formula(str(list(range(times or 0))))
        return LoopDetails(
            sequential,
            cardinality=None if items is not None else b.expression(str(times)),
            collection=items,
            element_variable=each,
            output_collection=name,
            output_element=b.formula(formula) if formula else None,
            completion_condition=b.formula(until) if until else None,
        )

    return make
