"""The labelled plans: what the engine does with them, played out to the end, and what soundness warns about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import pytest

from tests.support.processes import NOON
from tests.workflow.soundness.labelling import Applied, Labelled, labelled
from tests.workflow.soundness.playing import Bench
from workflow.soundness import Judged, Severity, judge_change

NOT_OF_CONTROL = ("beside", "missing", "lost")
"""Harm that is not about where tokens get to, so that playing does not show it."""
CASES = list(labelled())
ALL = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
BENCH = Bench()
"""What was before a plan, and what begins regularly, is played once."""


def judged(applied: Applied) -> Judged:
    running = applied.running
    others = [engine.state for engine in running.memory.engines.values() if engine.state is not running.state]
    return judge_change(applied.before, running.state, applied.change, now=NOON, others=others)


@cache
def judgements() -> list[tuple[Labelled, Judged]]:
    return [(case, judged(case.applied())) for case in CASES]


def is_warned(found: Judged) -> bool:
    return any(warning.severity is not Severity.INFO for warning in found.warnings)


@ALL
def test_the_label_is_what_the_engine_does(case):
    running = case.applied().running
    running._run()
    shown = case.shown(BENCH, running)
    if case.harm == "missing":  # what reads it may stand still
        assert shown in ("none", "stuck")
    else:
        assert shown == ("none" if case.harm in NOT_OF_CONTROL else case.harm)


@ALL
def test_the_warning_that_belongs_to_the_harm_is_among_those_told(case):
    if "code" in case.given:
        assert case.given["code"] in [warning.code.value for warning in judged(case.applied()).warnings]


@ALL
def test_every_fix_that_is_suggested_removes_its_warning_and_without_others_the_real_instance_is_sound(case):
    for warning in judged(case.applied()).warnings:
        for fix in warning.fixes:
            if fix.add:
                applied = case.applied(fix.add)
                left = judged(applied)
                assert warning.identity not in [each.identity for each in left.warnings], fix
                applied.running._run()
                shown = case.shown(BENCH, applied.running)
                assert shown == "none" or is_warned(left), fix


def test_figures(record_property):
    harmful = [(case, found) for case, found in judgements() if case.harm != "none"]
    sound = [(case, found) for case, found in judgements() if case.harm == "none"]
    missed = [case.name for case, found in harmful if not is_warned(found)]
    vain = [case.name for case, found in sound if is_warned(found)]
    for line in figures(harmful, sound):
        record_property("figures: soundness of labelled plans", line)
    record_property("figures: soundness of labelled plans", f"missed: {missed}; warned in vain: {vain}")
    assert len(missed) <= 0.05 * len(harmful)
    assert len(vain) <= 0.05 * len(sound)


Judgements = Sequence[tuple[Labelled, Judged]]


def figures(harmful: Judgements, sound: Judgements) -> Iterable[str]:
    """How many of the harmful plans are warned about, and how many of the sound ones, by what they are and where."""
    models = len({(case.kind, case.model) for case in CASES})
    yield f"{len(CASES)} plans on {models} models: {share(harmful)} of the harmful are warned about, {share(sound)} of the sound"
    yield "by kind:    " + by(lambda case: (case.kind,), harmful, sound)
    yield "by gateway: " + by(lambda case: case.gateways, harmful, sound)
    yield "by harm:    " + by(lambda case: (case.harm,), harmful, ())
    codes = Counter(code for _case, found in harmful for code in codes_of(found))
    vain = Counter(code for _case, found in sound for code in codes_of(found))
    yield "by rule:    " + ", ".join(f"{code} {codes[code]} (in vain {vain[code]})" for code in sorted({*codes, *vain}))


def by(keys: Callable[[Labelled], tuple[str, ...]], harmful: Judgements, sound: Judgements) -> str:
    def of(key: str, some: Judgements) -> Judgements:
        return [(case, found) for case, found in some if key in keys(case)]

    names = sorted({key for case, _found in (*harmful, *sound) for key in keys(case)})
    parts = (f"{name} {share(of(name, harmful))}" + (f" / {share(of(name, sound))}" if sound else "") for name in names)
    return ", ".join(parts)


def codes_of(found: Judged) -> set[str]:
    return {each.code.value for each in found.warnings if each.severity is not Severity.INFO}


def share(some: Judgements) -> str:
    warned = sum(is_warned(found) for _case, found in some)
    return f"{warned} of {len(some)}" + (f" ({warned / len(some):.1%})" if some else "")
