"""The labelled modifications: what the engine does with them, played out to the end, and what soundness warns about."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.support.processes import NOON, Running
from tests.workflow.soundness.drawing import Case, cases
from tests.workflow.soundness.playing import Bench, harm_of
from workflow.modification import Instruction
from workflow.soundness import Judged, Marking, Severity, judge

NOT_OF_CONTROL = ("beside", "missing", "lost")
"""Harm that is not about where tokens get to, so that playing does not show it."""
CASES = list(cases())
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def modified(case: Case, more: tuple[Instruction, ...] = ()) -> tuple[Running, list[Instruction], Marking]:
    running = case.start()
    before = Marking.of(running.state)
    plan = [*case.plan(running), *more]
    running.modify(*plan)
    return running, plan, before


def judgement(case: Case) -> Judged:
    running, plan, before = modified(case)
    others = [engine.state for engine in running.memory.engines.values() if engine.state is not running.state]
    return judge(before, running.state, plan, now=NOON, others=others)


@cache
def judgements() -> list[tuple[Case, Judged]]:
    return [(case, judgement(case)) for case in CASES]


BENCH = Bench()


def shown_of(running: Running, case: Case) -> str:
    """The harm that playing shows; what was before the plan, and what begins regularly, is played once."""
    own = (case.model, case.semantics, repr(case.given.get("variables")))
    before = BENCH.played((*own, *case.given.get("done", ())), case.start, case.drawing)
    return harm_of(running, case.drawing, before, BENCH.played(own, case.fresh, case.drawing))


def is_warned(judged: Judged) -> bool:
    return any(warning.severity is not Severity.INFO for warning in judged.warnings)


@ALL
def test_the_label_is_what_the_engine_does(case):
    running, _plan, _before = modified(case)
    running._run()
    shown = shown_of(running, case)
    if case.harm == "missing":  # what reads it may stand still
        assert shown in ("none", "stuck")
    else:
        assert shown == ("none" if case.harm in NOT_OF_CONTROL else case.harm)


@ALL
def test_the_warning_that_belongs_to_the_harm_is_among_those_told(case):
    if "code" in case.given:
        assert case.given["code"] in [warning.code.value for warning in judgement(case).warnings]


@ALL
def test_every_fix_that_is_suggested_removes_its_warning_and_without_others_the_real_instance_is_sound(case):
    for warning in judgement(case).warnings:
        for fix in warning.fixes:
            if fix.add:
                running, plan, before = modified(case, fix.add)
                left = judge(before, running.state, plan, now=NOON)
                assert warning.identity not in [each.identity for each in left.warnings], fix
                running._run()
                shown = shown_of(running, case)
                assert shown == "none" or is_warned(left), fix


def test_figures(capsys):
    harmful = [(case, judged) for case, judged in judgements() if case.harm != "none"]
    sound = [(case, judged) for case, judged in judgements() if case.harm == "none"]
    missed = [case.name for case, judged in harmful if not is_warned(judged)]
    false = [case.name for case, judged in sound if is_warned(judged)]
    with capsys.disabled():
        print(f"\n{len(CASES)} labelled modifications of {len({case.model for case in CASES})} models:")
        print(
            f"  harmful {len(harmful)} {dict(Counter(case.harm for case, _ in harmful))}: warned about {share(harmful)}"
        )
        print(f"  sound {len(sound)}: warned about {share(sound)}")
        print(f"  missed: {missed}; warned in vain: {false}")
    assert len(missed) <= 0.05 * len(harmful)
    assert len(false) <= 0.05 * len(sound)


def share(judged: list[tuple[Case, Judged]]) -> str:
    warned = sum(is_warned(each) for _case, each in judged)
    return f"{warned} ({warned / len(judged):.1%})"
