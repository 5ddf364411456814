"""The one place where an operation that needs an approval is refused: every action passes it before anything is written.

Dry runs, what the system does by itself, and the process instances of a batch are not asked: a batch is, when it is submitted. What
was approved passes with its approval; who breaks the glass passes with a reason, and the approvers are told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import Channel
from audit.record import NewAuditEvent
from operate.approvals.policies import JUDGED, Place, Policy, policies_on
from operate.batch.models import BatchType
from operate.notifications.models import Kind
from operate.notifications.telling import notify
from operate.workspaces.access import Access, Forbidden, User
from operate.workspaces.holding import holding
from operate.workspaces.roles import Right
from workflow.engine.errors import Rejected
from workflow.engine.state import ProcessInstanceState
from workflow.models import Workspace
from workflow.soundness import Judged, JudgedOutcome, Judging, Marking

NAMED = 3


@dataclass(frozen=True, slots=True)
class Approval:
    """That somebody else has approved a draft, and so what it does; made by what executes drafts alone."""

    draft_key: int
    approved_by: str

    @property
    def facts(self) -> dict[str, object]:
        """What the audit event tells of it."""
        return {"draft": self.draft_key, "approved_by": self.approved_by}


class Governed(Protocol):
    """What is asked of an action, before, and after it was performed."""

    operation: BatchType | None
    brings_instances_along: bool
    actor: User | None
    access: Access
    channel: Channel
    dry_run: bool
    approval: Approval | None
    break_glass: str | None
    entry: NewAuditEvent

    def operations(self) -> frozenset[BatchType]:
        """What it is to policies."""

    def places(self) -> list[Place]:
        """The process instances that it concerns, by where they are."""

    def is_red(self, answer: object) -> bool:
        """Whether something is badly wrong with what it has done."""

    def note_everywhere(self, **facts: object) -> None:
        """Put facts into all its audit events."""


class ApprovalNeeded(Forbidden):
    """A policy lets this happen only when somebody else has approved it; the text says which one, and what to do."""

    def __init__(
        self, policy: Policy, workspace: str, who_can_help: tuple[str, ...] = (), *, is_command: bool = True
    ) -> None:
        super().__init__(Right.APPROVE, workspace, who_can_help)
        self.policy = policy
        self.is_command = is_command

    @property
    def message(self) -> str:
        demand = gettext(
            "Policy '%(policy)s' of workspace '%(workspace)s' demands that somebody else approves this first."
        )
        draft = (
            gettext("Save it as a draft and request the approval%(who)s;")
            if self.is_command
            else gettext("Save what it does to the process instances as a draft and request the approval%(who)s;")
        )
        emergency = gettext("in an emergency, who holds the right '%(right)s' can do it at once with a reason.")
        return f"{demand} {draft} {emergency}" % {
            "policy": self.policy.name,
            "workspace": self.workspace,
            "who": f" ({', '.join(self.who_can_help)})" if self.who_can_help else "",
            "right": Right.BREAK_GLASS,
        }


def require_approval(action: Governed, answer: object) -> None:
    """Raise ApprovalNeeded, or Forbidden for who may not break the glass; what has been done so far is undone with it."""
    policy = policy_on(action, lambda: action.is_red(answer)) if is_asked(action) else None
    if policy is None:
        return
    if action.break_glass is None:
        raise _needed(policy, action)
    _break_glass(action, policy, action.break_glass)


def is_asked(action: Governed) -> bool:
    """Whether the policies are looked at for this action at all."""
    is_of_batch = action.channel is Channel.BATCH  # in rehearsals of batches, too
    return action.actor is not None and action.approval is None and not is_of_batch and not action.dry_run


def policy_on(action: Governed, is_red: Callable[[], bool]) -> Policy | None:
    """The policy that demands an approval for what an action has just done, or in a dry run would do."""
    return governing(action.operations(), action.places, is_red)


def governing(
    operations: Collection[BatchType], places: Callable[[], Collection[Place]], is_red: Callable[[], bool]
) -> Policy | None:
    """The policy that demands an approval, the most specific one first; where and how risky is only asked if it matters."""
    found = policies_on(operations) if operations else ()
    where = places() if found else ()
    for policy in found:
        if policy.holds_for(where) and (not policy.only_red or is_red()):
            return policy
    return None


def _needed(policy: Policy, action: Governed) -> ApprovalNeeded:
    approvers = holding(Right.APPROVE, policy.workspace_id).exclude(pk=action.actor.pk).order_by("pk")  # type: ignore[union-attr]
    names = tuple(user.get_full_name() or user.get_username() for user in approvers[:NAMED])
    workspace = Workspace.objects.get(pk=policy.workspace_id).name
    return ApprovalNeeded(policy, workspace, names, is_command=not action.brings_instances_along)


def _break_glass(action: Governed, policy: Policy, reason: str) -> None:
    action.access.require(Right.BREAK_GLASS, policy.workspace_id)
    if not reason.strip():
        told = _("Expected a reason for breaking the glass of policy '{policy}', found none.")
        raise Rejected(format_lazy(told, policy=policy.name))
    action.note_everywhere(break_glass={"policy": policy.name, "reason": reason})
    entry = action.entry
    name = "" if action.actor is None else action.actor.get_username()
    notify(
        Kind.BREAK_GLASS,
        workspace_id=policy.workspace_id,
        right=Right.APPROVE,
        actor=action.actor,
        subject=format_lazy(
            _("{name} has broken the glass: {event} {subject} without an approval"),
            name=name,
            event=entry.event.label,
            subject=entry.subject.label,
        ),
        text=format_lazy(_("Policy: {policy}\nReason: {reason}"), policy=policy.name, reason=reason),
        url=_event_page(entry.process_instance_key),
        facts={
            "policy": policy.name,
            "reason": reason,
            "actor": name,
            "event": entry.event.value,
            "subject": entry.subject.value,
            "process_instance_key": None if entry.process_instance_key is None else str(entry.process_instance_key),
            "process_id": entry.process_id,
        },
    )


def _event_page(process_instance_key: int | None) -> str:
    if process_instance_key is not None:
        return f"{reverse('admin:index')}workflow/processinstance/{process_instance_key}/"
    return reverse("admin:audit_auditevent_changelist")


# ---- risk


@dataclass(slots=True)
class JudgingWhereGoverned(Judging):
    """Judges only the process instances on which a policy is that asks for red warnings."""

    policies: Sequence[Policy] = field(default=(), kw_only=True)

    def judge(self, before: Marking, state: ProcessInstanceState, *args: Any, **kwargs: Any) -> Judged:
        """What is wrong with it; nothing where nobody asks."""
        place = Place(state.workspace_id, frozenset({state.process.id}))
        if any(policy.covers(place) for policy in self.policies):
            return super(JudgingWhereGoverned, self).judge(before, state, *args, **kwargs)
        return Judged(())


def with_judgement(action: Governed, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of an action, which is judged besides if a policy asks for red warnings and nobody else does."""
    operation = action.operation
    if operation not in JUDGED or not is_asked(action) or arguments.get("accepted") is not None:
        return arguments
    asking = only_red([operation])
    return {**arguments, "judging": JudgingWhereGoverned(policies=asking)} if asking else arguments


def only_red(operations: Collection[BatchType]) -> list[Policy]:
    """The policies on these operations that ask for red warnings."""
    return [each for each in policies_on(operations) if each.only_red]


def has_red(answer: object) -> bool:
    """Whether something is badly wrong with one of the outcomes."""
    match answer:
        case JudgedOutcome():
            return bool(answer.judged.red)
        case list() | tuple():
            return any(has_red(each) for each in answer)
    return False


__all__ = [
    "Approval",
    "ApprovalNeeded",
    "governing",
    "has_red",
    "is_asked",
    "only_red",
    "policy_on",
    "require_approval",
    "with_judgement",
]
