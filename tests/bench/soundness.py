"""How long it takes to find out what harm a modification does: models of 200 elements, each looked at for the first time.

`python -m tests.bench.soundness` measures it alone. BENCH_MODELS=…: of how many models; BENCH_ELEMENTS=…: of what size.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from random import Random

import django

ELEMENTS = 200
MODELS = 60
LIMIT_MILLISECONDS = 300


class Blocks:
    """A random model out of blocks: sequences, choices, forks, inclusive forks, loops, sub-processes, boundary events."""

    def __init__(self, random: Random, elements: int, semantics: object) -> None:
        from tests.support.processes import bpmn

        self._random = random
        self._left = elements
        self._numbers = count(1)
        self.builder = bpmn("random", semantics)  # type: ignore[arg-type]

    def process(self) -> object:
        """The model, frozen."""
        self.builder.start("start")
        while self._left > 2:
            self._block(0)
        self.builder.end("end")
        return self.builder.build()

    def _name(self, kind: str) -> str:
        self._left -= 1
        return f"{kind}{next(self._numbers)}"

    def _block(self, depth: int) -> None:
        kinds: list[Callable[[int], None]] = [self._task] * 4
        if depth < 5 and self._left > 10:
            kinds += [self._choice, self._fork, self._fork, self._inclusive, self._loop, self._inside, self._watched]
        self._random.choice(kinds)(depth)

    def _blocks(self, depth: int) -> None:
        for _ in range(self._random.randrange(1, 4)):
            self._block(depth + 1)

    def _task(self, _depth: int) -> None:
        name = self._name("task")
        self._random.choice([self.builder.user_task, self.builder.service_task])(name)

    def _choice(self, depth: int) -> None:
        self._split(depth, self.builder.exclusive, "choice", "merge", conditions=True)

    def _fork(self, depth: int) -> None:
        self._split(depth, self.builder.parallel, "fork", "join", conditions=False)

    def _inclusive(self, depth: int) -> None:
        self._split(depth, self.builder.inclusive, "some", "meet", conditions=True)

    def _split(self, depth: int, gateway: Callable[..., object], first: str, last: str, *, conditions: bool) -> None:
        b, number = self.builder, self._random.randrange(2, 5)
        opening, closing = self._name(first), self._name(last)
        gateway(opening, **({"default": f"{opening}_default"} if conditions else {}))
        for branch in range(number):
            entry = self._name("task")
            b.apart().user_task(entry)
            is_default = conditions and branch == number - 1
            flow_id = f"{opening}_default" if is_default else None
            when = f"{opening}_is_{branch}" if conditions and not is_default else None
            b.flow(opening, entry, id=flow_id, when=when)
            self._blocks(depth)
            left = b._last
            if branch == 0:
                b.apart()
                gateway(closing)
            b.flow(str(left), closing)
        b.after(closing)

    def _loop(self, depth: int) -> None:
        b = self.builder
        merge, again = self._name("again"), self._name("until")
        b.exclusive(merge)
        self._blocks(depth)
        b.exclusive(again, default=f"{again}_out").flow(again, merge, when=f"{again}_more")
        name = self._name("task")
        b.apart().user_task(name).flow(again, name, id=f"{again}_out")

    def _inside(self, depth: int) -> None:
        b, name = self.builder, self._name("sub")
        b.sub_process(name).start(self._name("begin"))
        self._blocks(depth)
        b.end(self._name("done")).up()

    def _watched(self, _depth: int) -> None:
        from tests.support import events

        b, name, late = self.builder, self._name("task"), self._name("late")
        b.user_task(name)
        b.boundary(late, events.timer("PT1H"), on=name, interrupting=self._random.random() < 0.5)
        b.user_task(self._name("task")).end(self._name("end")).after(name)


def milliseconds(models: int, elements: int) -> list[float]:
    """How long each of some random modifications took to be judged, each of another model."""
    from tests.support.processes import NOON, Running
    from workflow.engine.errors import EngineError
    from workflow.graph import Semantics
    from workflow.modification import ActivateElement, CancelAll, MoveElements, StartBefore
    from workflow.soundness import Marking, judge

    random, found = Random(1), []
    while len(found) < models:
        semantics = random.choice(list(Semantics))
        running = Running(Blocks(random, elements, semantics).process(), _undecided())  # type: ignore[arg-type]
        for _ in range(random.randrange(30)):
            waiting = [each for each in running.state.elements.values() if each.is_open and not each.element.is_scope]
            if running.state.is_active and waiting:
                running.complete(random.choice(waiting).element.id)
        waiting = [each for each in running.state.elements.values() if each.is_open and not each.element.is_scope]
        tasks = [name for name in running.state.process.elements if name.startswith("task")]
        if not running.state.is_active or not waiting:
            continue
        source, target, other = random.choice(waiting).element.id, random.choice(tasks), random.choice(tasks)
        plan = (
            [MoveElements(target, source), ActivateElement(other)]
            if semantics is Semantics.ZEEBE
            else [StartBefore(target), CancelAll(source, only_current=True), StartBefore(other)]
        )
        before = Marking.of(running.state)
        try:
            running.modify(*plan)
        except EngineError:
            continue
        begun = time.perf_counter()
        judge(before, running.state, plan, now=NOON)
        found.append((time.perf_counter() - begun) * 1000)
    return sorted(found)


def _undecided() -> dict[str, object]:
    return {
        f"{kind}{number}_{end}": False
        for kind in ("choice", "some", "until")
        for number in range(1, 400)
        for end in ("is_0", "is_1", "is_2", "is_3", "more")
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed; they are sorted."""
    return values[min(int(len(values) * share), len(values) - 1)]


def too_slow(values: Sequence[float]) -> list[str]:
    """What is wrong with the figures, if anything."""
    if not values or percentile(values, 0.95) <= LIMIT_MILLISECONDS:
        return []
    return [f"soundness: the 95th percentile is over {LIMIT_MILLISECONDS} ms"]


def line(values: Sequence[float], elements: int = ELEMENTS) -> str:
    """The figures in a sentence."""
    return (
        f"Soundness of {len(values)} modifications, models of {elements} elements: p50 {percentile(values, 0.5):.0f} ms, "
        f"p95 {percentile(values, 0.95):.0f} ms, at most {values[-1]:.0f} ms."
    )


def main() -> int:
    """Measure and print; 1 if the 95th percentile is over the limit."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    django.setup()
    elements = int(os.environ.get("BENCH_ELEMENTS", ELEMENTS))
    values = milliseconds(int(os.environ.get("BENCH_MODELS", MODELS)), elements)
    print(line(values, elements))
    return int(bool(too_slow(values)))


if __name__ == "__main__":
    sys.exit(main())
