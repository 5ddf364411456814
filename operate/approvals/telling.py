"""What people and programs are told of a draft, in the transaction that it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from operate.approvals.models import Draft
from operate.notifications.models import Kind
from operate.notifications.telling import notify
from operate.workspaces.access import User
from operate.workspaces.roles import Right


def draft_url(key: int) -> str:
    """The address by which a draft is shared; what somebody may do there, their rights decide."""
    return f"{reverse('admin:index')}operate/draft/{key}/"


def tell_requested(draft: Draft, actor: User | None) -> None:
    """Let those know who may approve."""
    _tell(
        draft,
        Kind.APPROVAL_REQUESTED,
        format_lazy(_("{author} asks for an approval: {title}"), author=draft.author_name, title=draft.title),
        draft.reason,
        right=Right.APPROVE,
        actor=actor,
    )


def tell_approved(draft: Draft) -> None:
    """Let the author know, with who it was."""
    text = draft.decision_note
    _tell(draft, Kind.APPROVED, _subject(_("{name} has approved: {title}"), draft), text)


def tell_rejected(draft: Draft) -> None:
    """Let the author know, with who it was and why."""
    _tell(draft, Kind.REJECTED, _subject(_("{name} has rejected: {title}"), draft), draft.decision_note)


def tell_expired(draft: Draft) -> None:
    """Let the author know that nobody has decided in time."""
    subject = format_lazy(_("Nobody has decided in time: {title}"), title=draft.title)
    _tell(draft, Kind.EXPIRED, subject, _("Request the approval again if it is still needed."))


def tell_applied(draft: Draft) -> None:
    """Let the author know that it was done."""
    _tell(draft, Kind.APPLIED, format_lazy(_("Applied: {title}"), title=draft.title), "")


def tell_failed(draft: Draft) -> None:
    """Let the author know that it could not be done, and why."""
    _tell(draft, Kind.FAILED, format_lazy(_("Not applied: {title}"), title=draft.title), draft.error)


def _subject(text: str | Promise, draft: Draft) -> Promise:
    return format_lazy(text, name=draft.decided_by_name, title=draft.title)


def _tell(
    draft: Draft,
    kind: Kind,
    subject: Any,
    text: Any,
    *,
    right: Right | None = None,
    actor: User | None = None,
) -> None:
    users = () if right is not None or draft.author is None else (draft.author,)
    notify(
        kind,
        workspace_id=draft.workspace_id,
        users=users,
        right=right,
        actor=actor,
        subject=subject,
        text=text,
        url=draft_url(draft.key),
        facts=_facts(draft),
    )


def _facts(draft: Draft) -> Mapping[str, object]:
    instance = draft.process_instance_key
    return {
        "draft": str(draft.key),
        "title": draft.title,
        "state": draft.state,
        "command": draft.name,
        "author": draft.author_name,
        "decided_by": draft.decided_by_name,
        "policy": draft.policy_name,
        "process_id": draft.process_id,
        "process_instance_key": None if instance is None else str(instance),
        "batch_key": None if draft.batch_key is None else str(draft.batch_key),
        "error": draft.error,
    }


__all__ = [
    "draft_url",
    "tell_applied",
    "tell_approved",
    "tell_expired",
    "tell_failed",
    "tell_rejected",
    "tell_requested",
]
