"""Judging plans on many process instances: those that stand alike, before the same change, are looked at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflow.engine.state import ProcessInstanceState
from workflow.soundness.change import Change
from workflow.soundness.judging import Judged, compared, judge_change
from workflow.soundness.marking import Marking
from workflow.soundness.warnings import FixKind, SoundnessWarning

Shape = tuple[object, ...]


@dataclass(slots=True)
class Judging:
    """The judgements of plans, by how process instances stand before and after them.

    Warnings of several instances suggest nothing that names an element instance: that would be right for one of them only.
    """

    known: dict[Shape, Judged] = field(default_factory=dict)

    def judge(
        self,
        before: Marking,
        state: ProcessInstanceState,
        change: Change,
        *,
        now: datetime,
        others: Iterable[ProcessInstanceState] = (),
    ) -> Judged:
        """What is wrong with one more process instance after the plan."""
        after = Marking.of(state)
        places = (before.definition_key, state.definition_key, state.state)
        shape = (*places, change, shape_of(before), shape_of(after, before))
        found = self.known.get(shape)
        if found is not None and state.is_active:
            return compared(found, before, state, change, now=now, others=others)
        judged = judge_change(before, state, change, now=now, others=others)
        judged = replace(judged, warnings=tuple(_of_many(warning) for warning in judged.warnings))
        self.known[shape] = judged
        return judged


def _of_many(warning: SoundnessWarning) -> SoundnessWarning:
    fixes = tuple(fix for fix in warning.fixes if fix.kind is not FixKind.CANCEL)
    return replace(warning, fixes=fixes, scope_key=None)


def shape_of(marking: Marking, before: Marking | None = None) -> Shape:
    """How the tokens of a process instance stand, whichever they are; new ones are told from those that were there before."""

    def inside(scope_key: int) -> Shape:
        tokens = sorted(
            (
                token.element.id,
                token.has_passed,
                token.is_undoing,
                before is not None and token.key not in before.tokens,
                inside(token.key),
            )
            for token in marking.children.get(scope_key, ())
        )
        held = sorted(marking.held.get(scope_key, {}).items())
        return (tuple(tokens), tuple(held), tuple(sorted(marking.variables.get(scope_key, ()))))

    return inside(marking.key)
