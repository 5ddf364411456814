"""Trying what a draft holds: a dry run in its author's name, told as JSON, with where it would act and what that is to policies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.record import to_json
from operate.actions.base import REFUSALS
from operate.actions.batches import places_of
from operate.approvals.gate import governing
from operate.approvals.models import DEFAULT_HOURS
from operate.approvals.policies import Place, Policy
from operate.batch.models import BatchType
from operate.batch.rehearsing import Rehearsal
from operate.batch.running import text_of
from operate.batch.submitting import choose
from operate.plans.asking import Asked, AskedOfInstances, read_asked
from operate.plans.outcomes import rehearsal_json
from operate.workspaces.access import Access, Forbidden, User
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import ProcessInstance, Workspace
from workflow.modification import CAMUNDA_7_INSTRUCTIONS, Instruction
from workflow.soundness import Severity, SoundnessWarning

NAMED = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """What a draft would do now; `error` says why nothing at all, if so."""

    asked: Asked
    selected: Sequence[int] | None
    """The keys of the process instances that are meant; None for a command on what it names."""
    places: Sequence[Place]
    rehearsal: Rehearsal | None
    error: str = ""

    @property
    def told(self) -> dict[str, Any] | None:
        """All that the dry run tells, masked."""
        return None if self.rehearsal is None else rehearsal_json(self.rehearsal)

    @property
    def red(self) -> list[SoundnessWarning]:
        """The red warnings."""
        harms = () if self.rehearsal is None else self.rehearsal.harms.values()
        return [harm.warning for harm in harms if harm.warning.severity is Severity.RED]

    @property
    def reason(self) -> str:
        """Why it would change nothing, as a whole or process instance by process instance; empty if it would."""
        if self.error or self.rehearsal is None or self.rehearsal.succeeded or not self.rehearsal.examined:
            return self.error
        return " ".join(reason.text for reason in list(self.rehearsal.reasons.values())[:NAMED])

    @property
    def operations(self) -> frozenset[BatchType]:
        """What it is to approval policies."""
        if isinstance(self.asked, AskedOfInstances):
            return self.asked.plan.operations
        operation = self.asked.command.action.operation
        return frozenset() if operation is None else frozenset({operation})

    @property
    def policy(self) -> Policy | None:
        """The policy that demands an approval for it, if one does."""
        return governing(self.operations, lambda: self.places, self._is_risky)

    def _is_risky(self) -> bool:
        """Whether there are red warnings, or may be: not all of it was looked at."""
        return self.rehearsal is not None and self.rehearsal.may_be_red

    @property
    def hours(self) -> int:
        """After which a request for it expires."""
        return DEFAULT_HOURS if self.policy is None else self.policy.hours

    @property
    def process_id(self) -> str:
        """The process that it is about, if that is one."""
        found = {process_id for place in self.places for process_id in place.process_ids}
        return found.pop() if len(found) == 1 else ""

    @property
    def process_instance_key(self) -> int | None:
        """The process instance that it changes, if that is one, and there already."""
        if self.selected is not None:
            return self.selected[0] if len(self.selected) == 1 else None
        found = [] if self.rehearsal is None else [each.process_instance_key for each in self.rehearsal.instances]
        return found[0] if len(found) == 1 and ProcessInstance.objects.filter(pk=found[0]).exists() else None

    def require_workspace(self, workspace: Workspace) -> None:
        """Raise Rejected for a command that concerns other workspaces: those have approvers of their own."""
        others = {place.workspace_id for place in self.places} - {workspace.pk}
        if others:
            names = ", ".join(Workspace.objects.filter(pk__in=others).order_by("name").values_list("name", flat=True))
            told = _(
                "Expected a command on workspace '{workspace}' alone, found one that concerns {others}, too. Save a draft "
                "for each workspace."
            )
            raise Rejected(format_lazy(told, workspace=workspace.name, others=names))


def try_out(command: object, user: User, act: Callable[..., Any], selected: Sequence[int] | None = None) -> Tried:
    """Make a dry run, of the process instances that were `selected` before or else of what keys and query mean now.

    Raises Malformed for JSON that is no command. What would be refused is told, not raised.
    """
    asked = read_asked(command, user)
    rehearsal, error = None, ""
    try:
        if isinstance(asked, AskedOfInstances):
            asked, selected = _fixed(asked, user, selected)
        rehearsal = asked.rehearse(act)
    except (*REFUSALS, Forbidden) as refusal:
        error = text_of(refusal)
    return Tried(asked, selected, _places(asked, selected, rehearsal), rehearsal, error)


def _fixed(
    asked: AskedOfInstances, user: User, selected: Sequence[int] | None
) -> tuple[AskedOfInstances, Sequence[int]]:
    """The command on exactly these process instances."""
    found = choose(asked.selection, Access.of(user)).keys if selected is None else selected
    return replace(asked, instances=replace(asked.instances, keys=tuple(found)), rows=None), found


def _places(asked: Asked, selected: Sequence[int] | None, rehearsal: Rehearsal | None) -> list[Place]:
    if selected is not None and isinstance(asked, AskedOfInstances):
        return places_of(asked.plan, selected)
    outcomes = [] if rehearsal is None else [outcome for each in rehearsal.instances for outcome in each.outcomes]
    return [Place(outcome.workspace_id, frozenset({outcome.process_id})) for outcome in outcomes]


# ---- what a command says about itself


def semantics_of(asked: Asked) -> str:
    """Whose instructions it has; empty if it has none."""
    found: Sequence[Instruction] = getattr(asked.command, "instructions", ())
    if not found:
        return ""
    is_camunda_7 = isinstance(found[0], CAMUNDA_7_INSTRUCTIONS)
    return (Semantics.CAMUNDA_7 if is_camunda_7 else Semantics.ZEEBE).value


def sentences_of(asked: Asked) -> list[str]:
    """What it does, in sentences."""
    if isinstance(asked, AskedOfInstances):
        return asked.plan.describe()
    return asked.command.describe()


def digest_of(**parts: object) -> str:
    """What an approval is bound to, as 64 digits."""
    return hashlib.sha256(to_json(_sorted(parts)).encode()).hexdigest()


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list | tuple) else value
