"""Deciding on a draft: somebody else than its author approves exactly what was requested, after a new dry run, or rejects it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from operate.approvals.comparing import Difference, differences, seal_of
from operate.approvals.drafts import AuthorIsGone, DraftAction, note_rehearsal, require_state
from operate.approvals.executing import execute_if_possible, run_soon
from operate.approvals.models import Draft
from operate.approvals.telling import tell_approved, tell_rejected
from operate.approvals.trying import Tried
from operate.workspaces.access import Forbidden
from operate.workspaces.roles import Right
from workflow.engine.errors import Conflict, Rejected
from workflow.models import ProcessInstance
from workflow.soundness import Acceptance, Judged, NotAccepted, require_acceptance

State = Draft.State
MAX_NOTE = 4_000


class OwnDraft(Forbidden):
    """Nobody decides on their own draft."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(Right.APPROVE, draft.workspace.name)
        self.draft = draft

    @property
    def message(self) -> str:
        told = gettext(
            "Draft '%(draft)s' is your own: somebody else has to decide on it. Withdraw it if it is not needed."
        )
        return told % {"draft": self.draft.key}


class Differs(Conflict):
    """A new dry run comes to something else than the one at the request; nothing was approved.

    `confirmation` is what says that the differences were seen; with it the draft can be approved.
    """

    def __init__(self, draft: Draft, found: Sequence[Difference], confirmation: str) -> None:
        shown = "; ".join(f"{each.what}: {each.then or '–'} → {each.now or '–'}" for each in found[:3])
        told = _(
            "The outcome of draft '{draft}' is another one now than when the approval was requested: {shown}. Look at it "
            "again, and confirm that you have."
        )
        super().__init__(format_lazy(told, draft=draft.key, shown=shown))
        self.differences = tuple(found)
        self.confirmation = confirmation


class DecideAction(DraftAction):
    """What approving and rejecting share: the right, and that it is somebody else's draft."""

    permission = Right.APPROVE

    def requested(self, key: int) -> Draft:
        """The draft, waiting for the actor's decision."""
        self.require(Right.VIEW)
        draft = self.found(key)
        if self.actor is None or self.actor.pk == draft.author_id or self.actor.get_username() == draft.author_name:
            raise OwnDraft(draft)
        require_state(draft, State.REQUESTED)
        return draft

    def decide(self, draft: Draft, state: Draft.State, note: str) -> None:
        """Write down who has decided, and why."""
        if self.actor is None:
            raise OwnDraft(draft)
        if len(note) > MAX_NOTE:
            told = _("Expected a note of at most {most} characters, found {found}.")
            raise Rejected(format_lazy(told, most=MAX_NOTE, found=len(note)))
        draft.state = state
        draft.decided_by = self.actor  # type: ignore[assignment]
        draft.decided_by_name = self.actor.get_username()
        draft.decided_at = draft.updated_at = self.moment
        draft.decision_note = note.strip()


class ApproveDraft(DecideAction):
    """Approve a request, which is then done at once or at its time, in the name of its author.

    `digest` is that of the draft that the approver has looked at. A new dry run is made: where it comes to something else than
    at the request, `confirmed` has to be the confirmation of that (`Differs` tells it). Each red warning has to be accepted.
    """

    event = Event.APPROVE

    def execute(self, key: int, **terms: Any) -> Draft:
        """Approve it, and do it if its time is now; whether that was possible, the draft's state tells."""
        approved = super().execute(key, **terms)
        if self.dry_run:
            return approved
        if approved.run_at is None:
            execute_if_possible(key, waits=True)
        return Draft.objects.select_related("workspace").get(pk=key)

    def perform(
        self,
        key: int,
        *,
        digest: str,
        accepted: Collection[Acceptance] = (),
        confirmed: str = "",
        note: str = "",
    ) -> Draft:
        draft = self.requested(key)
        self._refuse_expired(draft)
        if digest != draft.digest:
            told = _(
                "Draft '{draft}' is not what you have looked at: it was edited and requested again. Read it again."
            )
            raise Conflict(format_lazy(told, draft=key))
        self._refuse_past(draft)
        revision = _revision_of(draft)
        tried = self._try_again(draft)
        found = differences(draft.requested_rehearsal, tried.told)
        confirmation = seal_of(tried.told)
        if found and confirmed != confirmation:
            raise Differs(draft, found, confirmation)
        red = require_acceptance(Judged(tuple(tried.red)), accepted)
        self.decide(draft, State.APPROVED, note)
        note_rehearsal(draft, tried, self.moment)
        draft.approved_digest = draft.digest
        draft.accepted_warnings = [{"code": each.code.value, "elements": list(each.element_ids)} for each in red]
        draft.differences = [asdict(each) for each in found]
        draft.expected_revision = revision
        draft.save()
        self.note(author=draft.author_name, digest=draft.digest, remark=draft.decision_note, run_at=draft.run_at)
        self.note(accepted_warnings=draft.accepted_warnings, differences=draft.differences)
        tell_approved(draft)
        if draft.run_at is not None:
            run_soon(draft.run_at)
        return draft

    def _refuse_expired(self, draft: Draft) -> None:
        if draft.expires_at is not None and draft.expires_at <= self.moment:
            told = _("The request of draft '{draft}' has expired at {at} UTC.")
            raise Conflict(format_lazy(told, draft=draft.key, at=f"{draft.expires_at:%Y-%m-%d %H:%M}"))

    def _refuse_past(self, draft: Draft) -> None:
        if draft.run_at is not None and draft.run_at <= self.moment:
            told = _("Draft '{draft}' was to be done at {at} UTC, which is over. Its author has to request it again.")
            raise Conflict(format_lazy(told, draft=draft.key, at=f"{draft.run_at:%Y-%m-%d %H:%M}"))

    def _try_again(self, draft: Draft) -> Tried:
        """A new dry run in the author's name; Conflict where it can no longer be done."""
        if draft.author is None or not draft.author.is_active:
            raise AuthorIsGone(draft)
        tried = self.try_out(draft, draft.command, draft.selected)
        if tried.reason:
            told = _("Draft '{draft}' can no longer be done: {reason}")
            raise Conflict(format_lazy(told, draft=draft.key, reason=tried.reason))
        return tried


class RejectDraft(DecideAction):
    """Say no to a request, and why; its author may edit it and ask again."""

    event = Event.REJECT

    def perform(self, key: int, *, note: str) -> Draft:
        draft = self.requested(key)
        if not note.strip():
            raise Rejected(_("Expected a note that says why it is rejected, found none."))
        self.decide(draft, State.REJECTED, note)
        draft.save()
        self.note(author=draft.author_name, digest=draft.digest, remark=draft.decision_note)
        tell_rejected(draft)
        return draft


def _revision_of(draft: Draft) -> int | None:
    """That of the one process instance that is changed, before the dry run looks at it."""
    if draft.process_instance_key is None:
        return None
    rows = ProcessInstance.objects.filter(pk=draft.process_instance_key)
    return rows.values_list("revision", flat=True).first()


__all__ = ["ApproveDraft", "Differs", "NotAccepted", "OwnDraft", "RejectDraft"]
