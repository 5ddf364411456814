"""Models and modifications that are written as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from tests.support import events
from tests.support.processes import ProcessBuilder, Running, bpmn
from workflow.graph import BODY_SUFFIX, ExecutableProcess, Semantics
from workflow.modification import (
    ActivateElement,
    CancelAll,
    Instruction,
    MoveElements,
    StartBefore,
    TerminateAll,
)

LABELLED = Path(__file__).parent / "labelled"
CALLED = "called"


@dataclass(frozen=True)
class Case:
    """One modification, and what is known of it."""

    model: str
    number: int
    semantics: Semantics
    drawing: Mapping[str, Any]
    given: Mapping[str, Any]

    def start(self) -> Running:
        """An instance of the model, as far as it shall have come before the plan."""
        running = self.fresh()
        for element_id in self.given.get("done", ()):
            running.complete(element_id)
        for element_id, name in self.given.get("claimed", {}).items():
            claim(running, element_id, name)
        return running

    def fresh(self) -> Running:
        """An instance that has just been started."""
        variables = {**self.drawing.get("variables", {}), **self.given.get("variables", {})}
        return fresh(self.drawing, self.semantics, variables)

    def plan(self, running: Running) -> list[Instruction]:
        return [each for text in self.given["plan"] for each in instructions(running, text)]


def cases() -> Iterator[Case]:
    """All labelled modifications, in each semantics that they are for."""
    for file in sorted(LABELLED.glob("*.yaml")):
        for model, drawing in yaml.safe_load(file.read_text()).items():
            for number, given in enumerate(drawing["cases"], 1):
                for semantics in Semantics:
                    if given.get("only", drawing.get("only", semantics.value)) == semantics.value:
                        yield Case(model, number, semantics, drawing, given)


def instructions(running: Running, text: str) -> list[Instruction]:
    """`start x`, `cancel x` and `move x -> y` in the words of the semantics."""
    verb, *ids = text.replace("->", "").split()
    process = running.state.process
    names = [each + BODY_SUFFIX if each + BODY_SUFFIX in process.elements else each for each in ids]
    if process.semantics is Semantics.ZEEBE:
        return {
            "start": lambda: [ActivateElement(ids[0])],
            "cancel": lambda: [TerminateAll(ids[0])],
            "move": lambda: [MoveElements(ids[1], ids[0])],
        }[verb]()
    return {
        "start": lambda: [StartBefore(names[0])],
        "cancel": lambda: [CancelAll(names[0], only_current=True)],
        "move": lambda: [StartBefore(names[1]), CancelAll(names[0], only_current=True)],
    }[verb]()


def claim(running: Running, element_id: str, name: str) -> None:
    """Let somebody have a user task."""
    key = running.open(element_id).key
    for task in running.state.user_tasks.values():
        if task.element_instance_key == key:
            task.assignee = name


def fresh(
    drawing: Mapping[str, Any],
    semantics: Semantics,
    variables: Mapping[str, object] | None = None,
    *,
    start: bool = True,
) -> Running:
    """An instance of a model that has just been started, or is still to be."""
    called = bpmn(CALLED, semantics).start().user_task("inner").end().build()
    given = {f"to_{node}": False for node in everything(drawing)} | dict(variables or {})
    return Running(drawn(drawing, semantics), given, start=start, calls=[called])


def drawn(drawing: Mapping[str, Any], semantics: Semantics) -> ExecutableProcess:
    """The process of a model."""
    found: ExecutableProcess = _Drawing(drawing, semantics).build()
    return found


def choices(drawing: Mapping[str, Any]) -> list[str]:
    """The variables that gateways decide by."""
    gateways = {*drawing.get("exclusive", ()), *drawing.get("inclusive", ())}
    lines = [line for lines in _lines(drawing) for line in lines]
    pairs = {pair for line in lines for pair in _pairs(line)}
    split = {gateway for gateway in gateways if sum(1 for source, _target in pairs if source == gateway) > 1}
    return sorted({f"to_{target}" for source, target in pairs if source in split})


def _lines(drawing: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    yield drawing["draw"]
    yield from drawing.get("inside", {}).values()
    for event in drawing.get("events", {}).values():
        yield event["draw"]


def _pairs(line: str) -> list[tuple[str, str]]:
    names = [name.strip() for name in line.split("->")]
    return list(pairwise(names))


def everything(drawing: Mapping[str, Any]) -> list[str]:
    """The ids of all elements of a model."""
    names = {name.strip() for lines in _lines(drawing) for line in lines for name in line.split("->")}
    return sorted(names)


class _Drawing:
    def __init__(self, drawing: Mapping[str, Any], semantics: Semantics) -> None:
        self._drawing = drawing
        self._builder = bpmn("drawn", semantics)
        self._flows: list[tuple[str, str]] = []

    def build(self) -> Any:
        self._scope(self._drawing["draw"], is_process=True)
        for name, boundary in self._drawing.get("boundary", {}).items():
            self._boundary(name, boundary)
        self._event_sub_processes()
        self._connect()
        return self._builder.build()

    def _given(self, kind: str) -> Mapping[str, Any]:
        found = self._drawing.get(kind, {})
        return found if isinstance(found, dict) else dict.fromkeys(found)

    def _scope(self, lines: Sequence[str], *, is_process: bool = False) -> None:
        pairs = [pair for line in lines for pair in _pairs(line)]
        self._flows += pairs
        sources, targets = {source for source, _ in pairs}, {target for _, target in pairs}
        boundaries = self._given("boundary") if is_process else {}
        for name in dict.fromkeys(name for pair in pairs for name in pair):
            if name not in boundaries:
                self._node(name, is_first=name not in targets, is_last=name not in sources)

    def _node(self, name: str, *, is_first: bool, is_last: bool) -> None:
        b: ProcessBuilder = self._builder.apart()
        loop = events.loop(self._given("loops")[name]) if name in self._given("loops") else None
        kinds = {
            "parallel": lambda: b.parallel(name),
            "exclusive": lambda: b.exclusive(name, default=self._default(name)),
            "inclusive": lambda: b.inclusive(name, default=self._default(name)),
            "event_based": lambda: b.event_gateway(name),
            "calls": lambda: b.call(name, CALLED, loop=loop),
            "messages": lambda: b.catch(name, events.message(name)),
            "timers": lambda: b.catch(name, events.timer(self._given("timers")[name])),
            "throws": lambda: b.throw(name, events.link(self._given("throws")[name])),
            "catches": lambda: b.catch(name, events.link(self._given("catches")[name])),
            "terminate": lambda: b.end(name, events.terminate()),
            "errors": lambda: b.end(name, events.error(self._given("errors")[name])),
            "escalations": lambda: b.end(name, events.escalation(self._given("escalations")[name])),
            "scripts": lambda: self._script(name),
            "services": lambda: self._service(name, loop),
            "conditions": lambda: b.exclusive(name, default=self._default(name)),
        }
        kind = next((kind for kind in kinds if name in self._given(kind)), None)
        if kind is not None:
            kinds[kind]()
        elif name in self._given("inside"):
            b.sub_process(name, loop=loop)
            self._scope(self._drawing["inside"][name])
            b.up()
        elif is_first:
            b.start(name)
        elif is_last:
            b.end(name)
        else:
            b.user_task(name, loop=loop)

    def _script(self, name: str) -> None:
        [(variable, formula)] = self._given("scripts")[name].items()
        text = f"={formula}" if self._builder.is_zeebe else f"${{{formula}}}"
        self._builder.script(name, text, variable)

    def _service(self, name: str, loop: Any) -> None:
        given = self._given("services")[name] or {}
        b = self._builder
        inputs = tuple(b.mapping(self._formula(source), target) for target, source in given.get("in", {}).items())
        outputs = tuple(b.mapping(self._formula(source), target) for target, source in given.get("out", {}).items())
        b.service_task(name, type=name, loop=loop, inputs=inputs, outputs=outputs)

    def _formula(self, text: str) -> str:
        return f"={text}" if self._builder.is_zeebe else f"${{{text}}}"

    def _default(self, gateway: str) -> str | None:
        pairs = [pair for lines in _lines(self._drawing) for line in lines for pair in _pairs(line)]
        targets = [target for source, target in pairs if source == gateway]
        return f"{gateway}_{targets[-1]}" if len(targets) > 1 else None

    def _boundary(self, name: str, given: Mapping[str, Any]) -> None:
        self._builder.boundary(
            name, self._event(given), on=given["at"], interrupting=given.get("interrupting", True)
        ).apart()

    def _event(self, given: Mapping[str, Any]) -> Any:
        kinds = {
            "timer": events.timer,
            "message": events.message,
            "error": events.error,
            "escalation": events.escalation,
        }
        kind = next(kind for kind in kinds if kind in given)
        return kinds[kind](given[kind])

    def _event_sub_processes(self) -> None:
        for name, given in self._drawing.get("events", {}).items():
            b = self._builder.event_sub_process(
                name, self._event(given), interrupting=given.get("interrupting", True)
            ).apart()
            first, *rest = [each.strip() for each in given["draw"][0].split("->")]
            for each in rest[:-1]:
                b.apart().user_task(each)
            b.apart().end(rest[-1])
            self._flows += list(zip([f"{name}_start", *rest], rest, strict=False))
            del first
            b.up()

    def _connect(self) -> None:
        deciding = {**self._given("exclusive"), **self._given("inclusive"), **self._given("conditions")}
        for source, target in dict.fromkeys(self._flows):
            flow_id = f"{source}_{target}"
            is_choice = source in deciding and self._default(source) not in (None, flow_id)
            when = f"to_{target}" if is_choice else None
            if is_choice and source in self._given("conditions"):
                when = self._given("conditions")[source]
            self._builder.flow(source, target, id=flow_id, when=when)
