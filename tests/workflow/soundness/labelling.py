"""Labelled modifications, restarts and migrations: how each is done to a real instance, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tests.support.processes import Running
from tests.workflow.soundness.drawing import LABELLED, Case, cases, drawn, everything, fresh, instructions
from tests.workflow.soundness.playing import Bench, Played, harm_of
from workflow.graph import Semantics
from workflow.migration import Mapping as ElementMapping
from workflow.migration import MigrationPlan, Target, generate_mappings, migrate
from workflow.modification import Instruction, Modification, ModificationOptions
from workflow.soundness import Change, Marking, migrating, modifying, starting

GATEWAYS = ("parallel", "exclusive", "inclusive", "event_based")
TARGET = 2
NOTHING = Played(completes=True)


@dataclass(frozen=True)
class Applied:
    """An instance after a plan, and what soundness is told of it."""

    running: Running
    before: Marking
    change: Change


class Labelled:
    """One plan with its label, on one model in one semantics."""

    kind: ClassVar[str]
    model: str
    number: int
    semantics: Semantics
    drawing: Mapping[str, Any]
    """What it runs on afterwards."""
    given: Mapping[str, Any]

    @property
    def harm(self) -> str:
        return str(self.given["harm"])

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.model}-{self.number}-{self.semantics.value}"

    @property
    def gateways(self) -> tuple[str, ...]:
        """The kinds of gateway in the model."""
        return tuple(kind for kind in GATEWAYS if self.drawing.get(kind)) or ("none",)

    def applied(self, more: Sequence[Instruction] = ()) -> Applied:
        """Do it; `more` is a fix that adds to the plan."""
        raise NotImplementedError

    def shown(self, bench: Bench, running: Running) -> str:
        """The harm that playing shows."""
        raise NotImplementedError


@dataclass(frozen=True)
class Modified(Labelled):
    """A modification."""

    kind: ClassVar[str] = "modification"

    case: Case

    def __post_init__(self) -> None:
        for name in ("model", "number", "semantics", "drawing", "given"):
            object.__setattr__(self, name, getattr(self.case, name))

    def applied(self, more: Sequence[Instruction] = ()) -> Applied:
        running = self.case.start()
        before = Marking.of(running.state)
        plan = [*self.case.plan(running), *more]
        running.modify(*plan)
        return Applied(running, before, modifying(plan, before))

    def shown(self, bench: Bench, running: Running) -> str:
        own = (self.model, self.semantics, repr(self.given.get("variables")))
        before = bench.played((*own, *self.given.get("done", ())), self.case.start, self.drawing)
        return harm_of(running, self.drawing, before, bench.played(own, self.case.fresh, self.drawing))


@dataclass(frozen=True)
class Restarted(Labelled):
    """A new instance that begins in the middle."""

    kind: ClassVar[str] = "restart"

    model: str
    number: int
    semantics: Semantics
    drawing: Mapping[str, Any]
    given: Mapping[str, Any]

    def applied(self, more: Sequence[Instruction] = ()) -> Applied:
        running = fresh(self.drawing, self.semantics, self._variables, start=False)
        running.engine.begin_process()
        before = Marking.of(running.state)
        plan = [each for text in self.given["begin"] for each in instructions(running, f"start {text}")]
        Modification(running.engine).apply([*plan, *more], ModificationOptions())
        return Applied(running, before, starting([*plan, *more], before))

    def shown(self, bench: Bench, running: Running) -> str:
        own = (self.model, self.semantics, repr(self.given.get("variables")))
        regular = bench.played(own, lambda: fresh(self.drawing, self.semantics, self._variables), self.drawing)
        return harm_of(running, self.drawing, (NOTHING, NOTHING), regular)

    @property
    def _variables(self) -> Mapping[str, object]:
        return {**self.drawing.get("variables", {}), **self.given.get("variables", {})}


@dataclass(frozen=True)
class Migrated(Labelled):
    """An instance that goes on in another model."""

    kind: ClassVar[str] = "migration"

    model: str
    number: int
    semantics: Semantics
    source: Mapping[str, Any]
    drawing: Mapping[str, Any]
    given: Mapping[str, Any]

    def applied(self, more: Sequence[Instruction] = ()) -> Applied:
        assert not more, "a migration has no instructions that could be added"
        running = self._start()
        before = Marking.of(running.state)
        target = drawn(self.drawing, self.semantics)
        mappings = self._mappings(running, target)
        running.memory.processes["the source"] = running.state.process
        engine = running.memory.engine(running.state)
        running._take(engine)
        migrate(engine, MigrationPlan(TARGET, mappings), Target(TARGET, 2, target))
        return Applied(running, before, migrating(mappings, before, target))

    def shown(self, bench: Bench, running: Running) -> str:
        own = (self.model, self.semantics, repr(self.given.get("variables")))
        before = bench.played((*own, "source", *self.given.get("done", ())), self._start, self.source)
        regular = bench.played((*own, "target"), self._begun_there, self.drawing)
        return harm_of(running, self.drawing, tuple(self._renamed(each) for each in before), regular)  # type: ignore[arg-type]

    def _start(self) -> Running:
        """An instance of the source, as far as it shall have come; it knows all names that are decided by."""
        names = {f"to_{node}": False for node in everything(self.drawing)}
        running = fresh(self.source, self.semantics, {**names, **self._variables})
        for element_id in self.given.get("done", ()):
            running.complete(element_id)
        return running

    def _begun_there(self) -> Running:
        return fresh(self.drawing, self.semantics, self._variables)

    def _mappings(self, running: Running, target: Any) -> tuple[ElementMapping, ...]:
        chosen: Mapping[str, str] = self.given.get("map", {})
        same = generate_mappings(running.state.process, target)
        kept = [each for each in same if each.source_id not in chosen and each.target_id not in chosen.values()]
        return (*kept, *(ElementMapping(one, other) for one, other in chosen.items()))

    def _renamed(self, played: Played) -> Played:
        names: Mapping[str, str] = self.given.get("map", {})
        twice = {names.get(each, each) for each in played.twice}
        return Played(played.completes, {names.get(each, each) for each in played.stuck}, twice, played.states)

    @property
    def _variables(self) -> Mapping[str, object]:
        return {**self.source.get("variables", {}), **self.given.get("variables", {})}


def labelled() -> Iterator[Labelled]:
    """All of them, in each semantics that they are for."""
    yield from (Modified(case) for case in cases())
    for model, number, semantics, drawing, given in _read(LABELLED / "restarts"):
        yield Restarted(model, number, semantics, drawing, given)
    for model, number, semantics, drawing, given in _read(LABELLED / "migrations"):
        yield Migrated(model, number, semantics, drawing["from"], drawing["to"], given)


def _read(folder: Path) -> Iterator[tuple[str, int, Semantics, Mapping[str, Any], Mapping[str, Any]]]:
    for file in sorted(folder.glob("*.yaml")):
        for model, drawing in yaml.safe_load(file.read_text()).items():
            for number, given in enumerate(drawing["cases"], 1):
                for semantics in Semantics:
                    if given.get("only", drawing.get("only", semantics.value)) == semantics.value:
                        yield model, number, semantics, drawing, given


__all__ = ["Applied", "Labelled", "labelled"]
