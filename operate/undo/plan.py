"""Undoing many: a batch that takes back, item by item, what another batch has done, from the audit events of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from audit.models import AuditEvent, Result, Subject
from operate.batch.models import Batch, BatchItem, BatchType
from operate.batch.plans import PLANS, Act, Plan, read_plan
from operate.undo.base import Undo
from operate.undo.events import undo_of
from operate.workspaces.roles import Right
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.services import Outcome
from workflow.soundness import Acceptance, Judging

INVERSE = {
    BatchType.MODIFY: BatchType.MODIFY,
    BatchType.RESTART: BatchType.CANCEL,
    BatchType.MIGRATE: BatchType.MIGRATE,
    BatchType.CANCEL: BatchType.RESTART,
    BatchType.SUSPEND: BatchType.RESUME,
    BatchType.RESUME: BatchType.SUSPEND,
    BatchType.SET_VARIABLES: BatchType.SET_VARIABLES,
    BatchType.SET_RETRIES: BatchType.SET_RETRIES,
}
"""What takes back what a type of batch has done to one process instance."""


@dataclass(frozen=True)
class UndoBatch(Plan):
    """Take back what a batch has done to a process instance; nothing happens to one in which it has changed nothing."""

    type: ClassVar[BatchType] = BatchType.UNDO
    is_one_command: ClassVar[bool] = False  # its own events are looked at in between

    of_batch: int
    inverse: str
    """The type of batch that does the same."""
    accepted: Sequence[Acceptance] | None = None

    @property
    def right(self) -> Right:  # type: ignore[override]
        return PLANS[BatchType(self.inverse)].right

    @property
    def governed_as(self) -> BatchType:
        return BatchType(self.inverse)

    def check(self) -> None:
        batch = Batch.objects.filter(pk=self.of_batch).first()
        if batch is not None:
            _refuse_undone(batch)

    def run(self, act: Act, key: int) -> Sequence[Outcome]:
        return [outcome for undo in self.undos(key) for outcome in undo.run(act, accepted=self.accepted)]

    def rehearse(self, act: Act, key: int, judging: Judging) -> Sequence[Outcome]:
        return [outcome for undo in self.undos(key) for outcome in undo.rehearse(act, judging)]

    def undos(self, key: int) -> list[Undo]:
        """The inverse of each event of the batch in a process instance, the latest first; made when its turn has come."""
        try:
            return [undo_of(event) for event in events_of(self.of_batch, key)]
        except Conflict as undone:
            raise Rejected(undone.message) from None  # it will not pass: there is no use in trying it again

    def started(self, outcomes: Sequence[Outcome]) -> int | None:
        if self.governed_as is not BatchType.RESTART or not outcomes:
            return None
        return outcomes[-1].process_instance_key

    def describe(self) -> list[str]:
        inverse = BatchType(self.inverse).label.lower()
        return [
            _("Undo what batch '%(of_batch)s' has done to the process instance, from its own audit event (%(inverse)s)")
            % {"of_batch": self.of_batch, "inverse": inverse}
        ]


PLANS[BatchType.UNDO] = UndoBatch


def events_of(batch_key: int, instance_key: int) -> list[AuditEvent]:
    """What a batch has done to a process instance, or by what it has started it, the latest first."""
    items = BatchItem.objects.filter(batch=batch_key).filter(
        Q(process_instance_key=instance_key) | Q(result_key=instance_key)
    )
    concerned = {instance_key, *items.values_list("process_instance_key", flat=True)}
    rows = AuditEvent.objects.filter(
        process_instance_key__in=concerned, body__batch=batch_key, result=Result.SUCCESS
    ).exclude(subject=Subject.BATCH)
    return [each for each in rows.order_by("-at", "-key") if _concerns(each, instance_key)]


def _concerns(event: AuditEvent, instance_key: int) -> bool:
    return instance_key in (event.process_instance_key, (event.body or {}).get("restarted_as"))


# ---- the batch that takes back another one


def why_not_undone(batch: Batch) -> str:
    """Why a batch cannot be taken back; empty if at least some of it may be."""
    if batch.type != BatchType.UNDO and batch.type not in INVERSE:
        return _("What it has done cannot be undone: %(what)s.") % {"what": batch.get_type_display().lower()}
    if batch.state == Batch.State.ACTIVE:
        return _("It is still at work. Pause or cancel it first, or wait until it has ended.")
    done = undone_by(batch.key)
    if done is not None:
        return _("It has been undone already, by batch '%(key)s'. What failed there can be tried again there.") % {
            "key": done.key
        }
    if not _done(batch.key).exists():
        return _("It has changed nothing.")
    return ""


def undone_by(batch_key: int) -> Batch | None:
    """The batch that takes this one back; one that was canceled does not count."""
    rows = Batch.objects.filter(type=BatchType.UNDO, plan__of_batch=batch_key).exclude(state=Batch.State.CANCELED)
    return rows.order_by("-key").first()


def undoing(batch: Batch, accepted: Sequence[Acceptance] | None = None) -> tuple[UndoBatch, list[int]]:
    """The plan that takes back a batch, and the process instances that it is for; Conflict if that has been done already."""
    _refuse_undone(batch)
    keys = _done(batch.key).order_by("key").values_list("result_key", "process_instance_key")
    return UndoBatch(batch.key, inverse_of(batch).value, accepted), [started or key for started, key in keys]


def undo_of_batch(key: int) -> UndoBatch:
    """The plan that takes back a batch, whether or not that has been done already; NotFound."""
    batch = Batch.objects.filter(pk=key).first()
    if batch is None:
        raise NotFound(_("Expected to find a batch with key '%(key)s', but there is none.") % {"key": key})
    return UndoBatch(batch.key, inverse_of(batch).value)


def _refuse_undone(batch: Batch) -> None:
    why = why_not_undone(batch)
    if why:
        raise Conflict(_("Batch '%(key)s' cannot be undone. %(why)s") % {"key": batch.key, "why": why})


def inverse_of(batch: Batch) -> BatchType:
    """The type of batch that does what taking this one back does."""
    if batch.type == BatchType.UNDO:
        plan = read_plan(batch.type, batch.plan)
        if not isinstance(plan, UndoBatch):
            raise Rejected(_("Expected batch '%(key)s' to undo another one.") % {"key": batch.key})
        return INVERSE[plan.governed_as]
    inverse = INVERSE.get(BatchType(batch.type))
    if inverse is None:
        raise Rejected(
            _("Batch '%(key)s' cannot be undone. %(why)s") % {"key": batch.key, "why": why_not_undone(batch)}
        )
    return inverse


def _done(batch_key: int) -> QuerySet[BatchItem]:
    return BatchItem.objects.filter(batch=batch_key, state=BatchItem.State.COMPLETED)


__all__ = ["UndoBatch", "events_of", "inverse_of", "undo_of_batch", "undoing", "undone_by", "why_not_undone"]
