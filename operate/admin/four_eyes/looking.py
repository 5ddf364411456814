"""What one looks at before deciding on a draft: a dry run as things are now, as long as there is something to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from audit.models import Channel
from operate.approvals.comparing import Difference
from operate.approvals.drafts import CommentOnDraft
from operate.approvals.finding import sentences, try_now
from operate.approvals.models import ApprovalPolicy, Draft
from workflow.engine.errors import Rejected

State = Draft.State
UNDECIDED = (State.DRAFT, State.REQUESTED)


@dataclass(frozen=True, slots=True)
class Look:
    """What a draft would do, or would have done."""

    told: Mapping[str, Any] | None
    sentences: Sequence[str]
    policy: ApprovalPolicy | None
    """That demands the approval."""
    policy_name: str = ""
    error: str = ""
    """Why nothing of it could be done."""
    is_new: bool = False
    """Whether it was tried just now."""
    differences: Sequence[Difference] = ()
    """From what it was when the approval was requested."""
    confirmation: str = ""

    @classmethod
    def at(cls, draft: Draft, request: HttpRequest) -> Look:
        """What there is to see of a draft."""
        if draft.state in UNDECIDED and draft.author is not None:
            return cls._now(draft, request)
        found = [Difference(**each) for each in draft.differences]
        return cls(
            draft.rehearsal,
            _sentences(draft, request),
            _policy(draft, draft.policy_name),
            draft.policy_name,
            draft.rehearsal_error,
            differences=found,
        )

    @classmethod
    def _now(cls, draft: Draft, request: HttpRequest) -> Look:
        try:
            tried, found, confirmation = try_now(draft, CommentOnDraft.of(request, Channel.ADMIN))
        except Rejected as problem:
            return cls(None, [draft.name], None, error=problem.message, is_new=True)
        is_requested = draft.state == State.REQUESTED
        name = draft.policy_name if is_requested else "" if tried.policy is None else tried.policy.name
        return cls(
            tried.told,
            _sentences(draft, request),
            _policy(draft, name),
            name,
            tried.reason,
            True,
            found if is_requested else (),
            confirmation,
        )


def _sentences(draft: Draft, request: HttpRequest) -> Sequence[str]:
    try:
        return sentences(draft, request.user)
    except Rejected:
        return [draft.name]  # what is masked in it does not fit its type


def _policy(draft: Draft, name: str) -> ApprovalPolicy | None:
    return ApprovalPolicy.objects.filter(workspace=draft.workspace_id, name=name).first() if name else None


__all__ = ["Look"]
