"""The inverse of one audit event, and what the modules that make it share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from django.utils.translation import gettext as _

from audit.models import AuditEvent
from operate.actions.base import Action
from operate.batch.plans import Act, Modify, Plan
from workflow.engine.errors import Rejected
from workflow.graph import BODY_SUFFIX, ExecutableProcess
from workflow.modification import Instruction
from workflow.services import Outcome
from workflow.soundness import Acceptance, Judging

NAMED = 5


@dataclass(frozen=True, slots=True)
class Undo:
    """The inverse of what was done, for things as they are now."""

    event: AuditEvent
    process_instance_key: int
    """What it is done to, which may be another process instance than the event's."""
    plan: Plan
    notes: tuple[str, ...]
    """What stays, or will not be as it was."""

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """Those of the modification that takes it back; none where another command does."""
        return tuple(self.plan.instructions) if isinstance(self.plan, Modify) else ()

    def run(self, act: Act, *, accepted: Sequence[Acceptance] | None = None) -> Sequence[Outcome]:
        """Do it; with `accepted` the outcome is judged, and its red warnings have to be among those."""
        return _accepting(self.plan, accepted).run(self._acting(act), self.process_instance_key)

    def rehearse(self, act: Act, judging: Judging) -> Sequence[Outcome]:
        """Do it to see what comes of it."""
        return self.plan.rehearse(self._acting(act), self.process_instance_key, judging)

    def _acting(self, act: Act) -> Act:
        """Makes actions whose audit events name the one that they take back."""

        def made(kind: type[Action[Any]]) -> Any:
            action = act(kind)
            action.undo_of = self.event.key
            return action

        return made


def _accepting(plan: Plan, accepted: Sequence[Acceptance] | None) -> Plan:
    is_judged = any(each.name == "accepted" for each in fields(plan))  # type: ignore[arg-type]
    return replace(plan, accepted=accepted) if is_judged and accepted is not None else plan  # type: ignore[type-var]


Make = Callable[[AuditEvent], Undo]


def nothing_left(event: AuditEvent, notes: Iterable[str] = ()) -> Rejected:
    """That nothing of an event can be taken back, and why."""
    told = _("Nothing is left of event '%(key)s' that could be undone.") % {"key": event.key}
    return Rejected(" ".join([told, *notes]))


def named(process: ExecutableProcess, element_ids: Iterable[str]) -> str:
    """Elements as they are drawn, each once; of many the first."""
    names = (process.elements.get(each) for each in element_ids)
    labels = [f"'{node.name or node.id.removesuffix(BODY_SUFFIX)}'" for node in names if node is not None]
    distinct = list(dict.fromkeys(labels))
    more = len(distinct) - NAMED
    return ", ".join(distinct[:NAMED]) + (_(" and %(more)s more") % {"more": more} if more > 0 else "")


__all__ = ["Make", "Undo", "named", "nothing_left"]
