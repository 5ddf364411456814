"""Reading drafts: lists for pages and API, what one may be shown, and what somebody may do with one, or why not.

Every step of a draft has a name: edit, comment, request, withdraw, approve, reject, apply. `why_not` tells of each why it is not
offered, in a sentence that says who can help; empty where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from operate.approvals.comparing import Difference, differences, seal_of
from operate.approvals.drafts import make_action
from operate.approvals.models import ApprovalPolicy, Draft
from operate.approvals.trying import Tried, sentences_of, try_out
from operate.masking.masks import Masks
from operate.plans.asking import read_asked
from operate.plans.json_form import TYPES_SUFFIX
from operate.workspaces import visible_to
from operate.workspaces.access import Access, User
from operate.workspaces.roles import Right
from workflow.persistence.unit_of_work import clock

State = Draft.State
STEPS = ("edit", "comment", "request", "withdraw", "approve", "reject", "apply")
OF_AUTHOR = ("edit", "request", "withdraw", "apply")
OF_APPROVER = ("approve", "reject")
STATES: Mapping[str, Sequence[str]] = {
    "edit": (
        State.DRAFT,
        State.REQUESTED,
        State.APPROVED,
        State.REJECTED,
        State.EXPIRED,
        State.WITHDRAWN,
        State.FAILED,
    ),
    "request": (State.DRAFT, State.REJECTED, State.EXPIRED, State.WITHDRAWN, State.FAILED),
    "withdraw": (State.DRAFT, State.REQUESTED, State.APPROVED),
    "approve": (State.REQUESTED,),
    "reject": (State.REQUESTED,),
    "apply": (State.DRAFT,),
}


def visible_drafts(user: User) -> Any:
    """All drafts of the workspaces that the user sees, newest first."""
    return visible_to(Draft.objects.select_related("workspace"), user)


def queue_of(user: User) -> Any:
    """What waits for a decision that the user may make: of somebody else, what expires first comes first."""
    own = {"author": user.pk} if user.is_authenticated else {"pk": None}
    waiting = visible_to(visible_drafts(user), user, Right.APPROVE).waiting().filter(expires_at__gt=clock())
    return waiting.exclude(**own).order_by("expires_at", "key")


def visible_policies(user: User) -> Any:
    """The policies of the workspaces that the user sees: who may be refused by one may read it."""
    return visible_to(ApprovalPolicy.objects.select_related("workspace"), user)


def why_not(draft: Draft, user: User) -> dict[str, str]:
    """Of each step why the user may not do it now; an empty text where they may."""
    return {step: _why_not(draft, user, step) for step in STEPS}


def _why_not(draft: Draft, user: User, step: str) -> str:
    is_own = draft.author_id is not None and draft.author_id == user.pk
    if step in OF_AUTHOR and not is_own:
        return _("Only '%(author_name)s', who has written it, may do this.") % {"author_name": draft.author_name}
    if step in OF_APPROVER:
        if is_own or user.get_username() == draft.author_name:
            return _("It is your own: somebody else has to decide on it.")
        if why := Access.of(user).why_not(Right.APPROVE, draft.workspace_id):
            return why
    if step in STATES and draft.state not in STATES[step]:
        return _("It is in the state ‘%(state)s’.") % {"state": State(draft.state).label}
    if step in OF_APPROVER and draft.expires_at is not None and draft.expires_at <= clock():
        return _("The request has expired.")
    return ""


def sentences(draft: Draft, user: User) -> list[str]:
    """What the draft does, one sentence for each part; masked values are hidden from all but the author."""
    return sentences_of(read_asked(_untyped(command_for(draft, user)), draft.author or user))


def _untyped(value: Any) -> Any:
    """Without the types of variables, which what hides a value does not fit."""
    match value:
        case Mapping():
            return {name: _untyped(inner) for name, inner in value.items() if not name.endswith(TYPES_SUFFIX)}
        case list():
            return [_untyped(each) for each in value]
    return value


def command_for(draft: Draft, user: User) -> Mapping[str, Any]:
    """The command as the user may be shown it: masked values are hidden from all but who has written them."""
    if draft.author_id is not None and draft.author_id == user.pk:
        found: Mapping[str, Any] = draft.command
        return found
    hidden: Mapping[str, Any] = Masks.for_pages().body(draft.workspace_id, draft.process_id, draft.command)
    return hidden


def try_now(draft: Draft, action: Any) -> tuple[Tried, list[Difference], str]:
    """A dry run as things are now, in the author's name: with what differs from the one at the request, and what confirms that.

    `action` is any action of who asks (`CommentOnDraft.of(request, channel)`): the dry run is part of the same request.
    """

    def act(kind: Any, **options: Any) -> Any:
        return make_action(kind, user=draft.author, origin=action, undo_of=draft.undo_of, **options)

    tried = try_out(draft.command, draft.author, act, draft.selected)
    return tried, differences(draft.requested_rehearsal, tried.told), seal_of(tried.told)


__all__ = [
    "STEPS",
    "command_for",
    "queue_of",
    "sentences",
    "try_now",
    "visible_drafts",
    "visible_policies",
    "why_not",
]
