"""The seven workloads: a Camunda 7 model each, and what one instance of it amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self
from xml.sax.saxutils import escape, quoteattr

ROUNDS = 50
ITEMS = 100
DEPTH = 5
POOL = 2_000
TASK = "review"

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  id="definitions" targetNamespace="https://fettle.example/bench">
<process id="{id}" name="{id}" isExecutable="true" camunda:historyTimeToLive="P30D">
{content}
</process>
</definitions>
"""
PARALLEL_OVER_ITEMS = (
    '<multiInstanceLoopCharacteristics isSequential="false" '
    'camunda:collection="${items}" camunda:elementVariable="item"/>'
)


@dataclass(frozen=True, slots=True)
class Workload:
    """One way to use the engine. A command is what one request does: start the instance, or complete one user task."""

    name: str
    about: str
    xml: bytes
    commands: int
    variables: Mapping[str, object] = field(default_factory=lambda: {"amount": 5000, "customer": 5000})


@dataclass(frozen=True, slots=True)
class Command:
    """One command on a process instance picked at random among many that wait in the user task."""

    name: str
    about: str
    xml: bytes
    commands: int = 1
    variables: Mapping[str, object] = field(default_factory=lambda: {"amount": 5000, "customer": 5000})


class Drawing:
    """A model written element by element. Names that follow each other are connected by `line`."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._flows = 0

    def add(self, tag: str, element_id: str, content: str = "", **attributes: str) -> Self:
        written = "".join(f" {name.replace('_', ':')}={quoteattr(value)}" for name, value in attributes.items())
        self._lines.append(f'<{tag} id="{element_id}"{written}>{content}</{tag}>')
        return self

    def line(self, *element_ids: str) -> Self:
        for source, target in pairwise(element_ids):
            self._flows += 1
            self.flow(f"flow{self._flows}", source, target)
        return self

    def flow(self, flow_id: str, source: str, target: str, condition: str = "") -> Self:
        content = f"<conditionExpression>{escape(condition)}</conditionExpression>" if condition else ""
        return self.add("sequenceFlow", flow_id, content, sourceRef=source, targetRef=target)

    @property
    def content(self) -> str:
        return "\n".join(self._lines)

    def document(self, process_id: str) -> bytes:
        return DOCUMENT.format(id=process_id, content=self.content).encode()


def seq20() -> Workload:
    tasks = [f"step{number}" for number in range(1, 21)]
    drawing = Drawing().add("startEvent", "start").add("endEvent", "end")
    for task in tasks:
        drawing.add("task", task)
    drawing.line("start", *tasks, "end")
    return Workload("seq20", "20 pass-through tasks in a row", drawing.document("seq20"), 1)


def fork10() -> Workload:
    drawing = Drawing().add("startEvent", "start").add("parallelGateway", "fork")
    drawing.add("parallelGateway", "join").add("endEvent", "end").line("start", "fork")
    for number in range(1, 11):
        drawing.add("userTask", f"work{number}").line("fork", f"work{number}", "join")
    drawing.line("join", "end")
    return Workload("fork10", "fork into 10 user tasks, join", drawing.document("fork10"), 11)


def loop50() -> Workload:
    drawing = Drawing().add("startEvent", "start").add("endEvent", "end").add("exclusiveGateway", "merge")
    drawing.add("serviceTask", "count", camunda_expression="${i + 1}", camunda_resultVariable="i")
    drawing.add("exclusiveGateway", "again", default="done").line("start", "merge", "count", "again")
    drawing.flow("more", "again", "merge", f"${{i < {ROUNDS}}}").flow("done", "again", "end")
    about = f"a loop of {ROUNDS} rounds over a counter"
    return Workload("loop50", about, drawing.document("loop50"), 1, {"i": 0})


def case() -> Workload:
    drawing = Drawing().add("startEvent", "start").add("userTask", "review")
    drawing.add("exclusiveGateway", "size", default="small").add("userTask", "approve").add("userTask", "archive")
    drawing.add("exclusiveGateway", "merge").add("endEvent", "end").line("start", "review", "size")
    drawing.flow("big", "size", "approve", "${amount > 1000}").flow("small", "size", "archive")
    drawing.line("approve", "merge", "end").line("archive", "merge")
    return Workload("case", "user task, gateway, user task", drawing.document("case"), 3)


def nested5() -> Workload:
    return Workload("nested5", f"sub-processes {DEPTH} deep, a user task inside", _level(0).document("nested5"), 2)


def _level(depth: int) -> Drawing:
    """What is in the scope at this depth: the next scope, or at the bottom the task."""
    drawing = Drawing().add("startEvent", f"start{depth}").add("endEvent", f"end{depth}")
    inner = "work" if depth == DEPTH else f"sub{depth + 1}"
    if depth == DEPTH:
        drawing.add("userTask", inner)
    else:
        drawing.add("subProcess", inner, _level(depth + 1).content)
    for source, target in pairwise((f"start{depth}", inner, f"end{depth}")):
        drawing.flow(f"{source}_{target}", source, target)
    return drawing


def mi100() -> Workload:
    return _over_items("mi100", "task", f"parallel multi-instance of {ITEMS} pass-through items", commands=1)


def mi100user() -> Workload:
    return _over_items("mi100user", "userTask", f"parallel multi-instance of {ITEMS} user tasks", commands=1 + ITEMS)


def _over_items(name: str, tag: str, about: str, *, commands: int) -> Workload:
    drawing = Drawing().add("startEvent", "start").add("endEvent", "end").add(tag, "each", PARALLEL_OVER_ITEMS)
    drawing.line("start", "each", "end")
    variables = {"items": list(range(ITEMS))}
    return Workload(name, about, drawing.document(name), commands, variables)


def waiting() -> bytes:
    """A process whose instances wait in a user task."""
    drawing = Drawing().add("startEvent", "start").add("userTask", TASK).add("endEvent", "end")
    return drawing.line("start", TASK, "end").document("waiting")


WORKLOADS = [build() for build in (seq20, fork10, loop50, case, nested5, mi100, mi100user)]
COMMANDS = [
    Command("modify", "cancel the user task, start it again", waiting()),
    Command("editvar", "set one variable, with the snapshot of what it was", waiting()),
]
