"""Random plans on random states of the labelled models, judged and then played out by the real engine."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import yaml

from tests.support.processes import NOON, Running
from tests.workflow.soundness.drawing import LABELLED, fresh, instructions
from tests.workflow.soundness.playing import Bench, harm_of
from workflow.engine.errors import EngineError
from workflow.graph import Semantics
from workflow.soundness import Code, Marking, Severity, judge

PLANS = 80
SEED = 20261121
NOT_SHOWN = (Code.WORK_LOST, Code.BESIDE_INTERRUPTING, Code.JOIN_FIRES_EARLY)
"""What playing does not show to be harmful."""


BENCH = Bench()


def drawings() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("gateways.yaml", "scopes.yaml"):
        found |= yaml.safe_load((LABELLED / name).read_text())
    return found


class Attempt:
    """One random plan on one random state."""

    def __init__(self, random: Random, models: dict[str, Any]) -> None:
        self.name = random.choice(sorted(models))
        self.drawing = models[self.name]
        self.semantics = random.choice(list(Semantics))
        self.done: list[str] = []
        for _ in range(random.randrange(4)):
            running = self.running()
            tasks = [each.element.id for each in running.state.elements.values() if _is_open_task(each)]
            if tasks:
                self.done.append(random.choice(tasks))
        running = self.running()
        names = [each for each in running.state.process.elements if "#" not in each and each != "drawn"]
        active = [each.element.id.partition("#")[0] for each in running.state.elements.values() if _is_inside(each)]
        self.plan = [
            random.choice(
                [
                    f"start {random.choice(names)}",
                    f"move {random.choice(active)} -> {random.choice(names)}",
                    f"cancel {random.choice(active)}",
                ]
            )
            for _ in range(random.choice([1, 1, 1, 2, 2, 3]) if active else 0)
        ]

    def running(self) -> Running:
        running = fresh(self.drawing, self.semantics)
        for element_id in self.done:
            running.complete(element_id)
        return running

    def verdicts(self) -> tuple[bool, bool]:
        """Whether it is warned about, and whether it does harm; raises EngineError if the plan is refused."""
        running = self.running()
        before = Marking.of(running.state)
        plan = [each for text in self.plan for each in instructions(running, text)]
        running.modify(*plan)
        judged = judge(before, running.state, plan, now=NOON)
        told = [each for each in judged.warnings if each.severity is not Severity.INFO and each.code not in NOT_SHOWN]
        running._run()
        own = (self.name, self.semantics)
        before = BENCH.played((*own, *self.done), self.running, self.drawing)
        regular = BENCH.played(own, lambda: fresh(self.drawing, self.semantics), self.drawing)
        shown = harm_of(running, self.drawing, before, regular)
        return bool(told), shown != "none"


def _is_inside(instance: Any) -> bool:
    return instance.is_open and instance.scope is not None


def _is_open_task(instance: Any) -> bool:
    return _is_inside(instance) and instance.element.type == "USER_TASK"


def attempts() -> Iterator[tuple[Attempt, bool, bool]]:
    random, models, number = Random(SEED), drawings(), 0
    while number < PLANS:
        attempt = Attempt(random, models)
        if not attempt.plan:
            continue
        try:
            warned, harmful = attempt.verdicts()
        except EngineError:
            continue
        number += 1
        yield attempt, warned, harmful


def test_random_plans_are_warned_about_where_the_real_engine_shows_harm(capsys):
    found = list(attempts())
    harmful = [warned for _attempt, warned, harms in found if harms]
    sound = [warned for _attempt, warned, harms in found if not harms]
    with capsys.disabled():
        print(f"\n{len(found)} random plans: harmful {len(harmful)}, warned about {sum(harmful)}; ", end="")
        print(f"sound {len(sound)}, warned about {sum(sound)}")
    assert sum(harmful) >= 0.95 * len(harmful)
    assert sum(sound) <= 0.05 * len(sound)
