"""The life of a draft until somebody decides on it: saving, editing, commenting, requesting the approval, withdrawing.

Pages and the API call these actions and nothing else: `SaveDraft.of(request, channel).execute(…)` and so on. Each returns the
draft as it is then. What somebody may do with a draft, and why not, tells `operate.approvals.finding.why_not`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent, Event, Subject
from operate.actions.base import Action
from operate.approvals.models import Draft, DraftComment
from operate.approvals.telling import tell_requested
from operate.approvals.trying import Tried, digest_of, semantics_of, try_out
from operate.workspaces.access import Forbidden, User
from operate.workspaces.membership import no_such_workspace
from operate.workspaces.roles import Right
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.models import Workspace
from workflow.persistence.keys import next_key
from workflow.persistence.unit_of_work import clock

State = Draft.State
MAX_TITLE = 200
MAX_TEXT = 4_000
EDITABLE = (State.DRAFT, State.REQUESTED, State.APPROVED, State.REJECTED, State.EXPIRED, State.WITHDRAWN, State.FAILED)
LAST = timedelta(days=366)
"""Nothing is scheduled for later than that."""


class OthersDraft(Forbidden):
    """Only its author may do this with a draft."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(Right.VIEW, draft.workspace.name)
        self.draft = draft

    @property
    def message(self) -> str:
        told = gettext("Only '%(author)s', who has written draft '%(draft)s', may do this with it.")
        return told % {"author": self.draft.author_name, "draft": self.draft.key}


class AuthorIsGone(Conflict):
    """Nobody is there in whose name a draft could be done."""

    def __init__(self, draft: Draft) -> None:
        told = _("Expected '{author}', in whose name it is done, to be an active user.")
        super().__init__(format_lazy(told, author=draft.author_name))


@dataclass(frozen=True, slots=True)
class Contents:
    """What an author writes. The command is JSON as `/api/dry-run` takes it."""

    title: str
    command: Mapping[str, Any]
    reason: str = ""
    undo_of: int | None = None
    """The audit event that it takes back."""

    def check(self) -> None:
        """Raise Rejected for what cannot be saved."""
        if not 0 < len(self.title.strip()) <= MAX_TITLE:
            told = _("Expected a title of 1 to {most} characters, found {found}.")
            raise Rejected(format_lazy(told, most=MAX_TITLE, found=len(self.title.strip())))
        if len(self.reason) > MAX_TEXT:
            told = _("Expected a reason of at most {most} characters, found {found}.")
            raise Rejected(format_lazy(told, most=MAX_TEXT, found=len(self.reason)))


class DraftAction(Action[Draft]):
    """What all share that is done to a draft."""

    permission = Right.VIEW
    subject = Subject.DRAFT

    def found(self, key: int) -> Draft:
        """The draft, locked, if the actor sees its workspace and may do this in it; NotFound."""
        self.about(key)
        draft = Draft.objects.select_for_update(of=("self",)).select_related("workspace").filter(pk=key).first()
        if draft is None:
            raise NotFound(self.nothing_found())
        self.entry.process_id = draft.process_id
        self.entry.process_instance_key = draft.process_instance_key
        self.note(title=draft.title)
        self.context.authorize(draft.workspace_id)
        return draft

    def own(self, key: int, version: int | None = None) -> Draft:
        """The same, if the actor has written it, and it still is the `version` that was read."""
        draft = self.found(key)
        if self.actor is None or draft.author_id != self.actor.pk:
            raise OthersDraft(draft)
        if version is not None and version != draft.version:
            told = _("Expected version {version} of draft '{draft}', but it is {present} by now. Read it again.")
            raise Conflict(format_lazy(told, version=version, draft=key, present=draft.version))
        return draft

    def try_out(self, draft: Draft, command: object, selected: Any = None) -> Tried:
        """A dry run in the name of the draft's author."""
        make = partial(make_action, user=draft.author, origin=self, undo_of=draft.undo_of)
        return try_out(command, draft.author, make, selected)

    @property
    def moment(self) -> datetime:
        """Now."""
        return self.now or clock()


def make_action(
    kind: type[Action[Any]], *, user: User, origin: Action[Any], undo_of: int | None = None, **options: Any
) -> Action[Any]:
    """An action of a user, as a part of another one."""
    action = kind(user, channel=origin.channel, request_id=origin.request_id, url=origin.url, **options)
    action.undo_of = undo_of
    return action


class SaveDraft(DraftAction):
    """Save a command as a new draft of the actor, with the outcome of a dry run; one that would be refused is saved, too."""

    event = Event.CREATE

    def perform(self, workspace_id: int, contents: Contents) -> Draft:
        workspace = Workspace.objects.filter(pk=workspace_id).first()
        if workspace is None:
            raise NotFound(no_such_workspace(workspace_id))
        self.context.authorize(workspace.pk)
        if self.actor is None:
            raise Rejected(_("Expected a user to save the draft, found none: it is done in their name."))
        self._require_event(workspace, contents.undo_of)
        now = self.moment
        draft = Draft(
            key=next_key(),
            workspace=workspace,
            author=self.actor,
            author_name=self.actor.get_username(),
            created_at=now,
            undo_of=contents.undo_of,
        )
        self.about(draft.key)
        _write(self, draft, contents, now)
        return draft

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)

    @staticmethod
    def _require_event(workspace: Workspace, key: int | None) -> None:
        if key is not None and not AuditEvent.objects.filter(pk=key, workspace=workspace.pk).exists():
            raise NotFound(
                format_lazy(_("Expected to find an audit event with key '{key}', but there is none."), key=key)
            )


class EditDraft(DraftAction):
    """Change a draft of one's own; request and approval are taken back. Conflict if it is another `version` than was read."""

    event = Event.UPDATE

    def perform(
        self,
        key: int,
        *,
        version: int | None = None,
        title: str | None = None,
        command: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> Draft:
        draft = self.own(key, version)
        require_state(draft, *EDITABLE)
        self.note(before={"title": draft.title, "state": draft.state, "version": draft.version})
        if draft.state == State.APPROVED:
            self.note(approval_taken_back=draft.decided_by_name)
        contents = Contents(
            draft.title if title is None else title,
            draft.command if command is None else command,
            draft.reason if reason is None else reason,
        )
        draft.version += 1
        take_back(draft)
        _write(self, draft, contents, self.moment)
        return draft


class CommentOnDraft(DraftAction):
    """Say something about a draft; everybody may who sees it."""

    event = Event.COMMENT

    def perform(self, key: int, text: str) -> Draft:
        draft = self.found(key)
        self.note(text=text)
        if not 0 < len(text.strip()) <= MAX_TEXT:
            told = _("Expected a comment of 1 to {most} characters, found {found}.")
            raise Rejected(format_lazy(told, most=MAX_TEXT, found=len(text.strip())))
        name = "" if self.actor is None else self.actor.get_username()
        DraftComment.objects.create(draft=draft, author=self.actor, author_name=name, at=self.moment, text=text.strip())
        return draft


class RequestApproval(DraftAction):
    """Ask somebody else to approve a draft of one's own, to be done at once when that is given, or at `run_at`.

    What keys and query mean now is what is approved. Refused if a dry run says that nothing could be done.
    """

    event = Event.REQUEST

    def perform(self, key: int, *, version: int | None = None, run_at: datetime | None = None) -> Draft:
        draft = self.own(key, version)
        require_state(draft, State.DRAFT, State.REJECTED, State.EXPIRED, State.WITHDRAWN, State.FAILED)
        now = self.moment
        if run_at is not None and not now < run_at <= now + LAST:
            told = _("Expected 'run_at' to be within a year from now, found {found}.")
            raise Rejected(format_lazy(told, found=run_at.isoformat()))
        tried = self.try_out(draft, draft.command)
        tried.require_workspace(draft.workspace)
        if tried.reason:
            told = _("Draft '{draft}' could not be done as things are: {reason}")
            raise Conflict(format_lazy(told, draft=key, reason=tried.reason))
        take_back(draft)
        note_rehearsal(draft, tried, now)
        policy = tried.policy
        draft.state = State.REQUESTED
        draft.requested_at = now
        draft.expires_at = now + timedelta(hours=tried.hours)
        draft.policy_name = "" if policy is None else policy.name
        draft.run_at = run_at
        draft.selected = None if tried.selected is None else list(tried.selected)
        draft.digest = digest_of_draft(draft)
        draft.channel = self.channel.value
        draft.requested_rehearsal = draft.rehearsal
        draft.save()
        self.note(command=draft.command, digest=draft.digest, policy=draft.policy_name, run_at=run_at)
        self.note(process_instances=None if draft.selected is None else len(draft.selected))
        tell_requested(draft, self.actor)
        return draft


class WithdrawDraft(DraftAction):
    """Take back a draft of one's own, and its request or approval; it can be edited and requested again."""

    event = Event.WITHDRAW

    def perform(self, key: int) -> Draft:
        draft = self.own(key)
        require_state(draft, State.DRAFT, State.REQUESTED, State.APPROVED)
        self.note(before={"state": draft.state})
        draft.state = State.WITHDRAWN
        draft.updated_at = self.moment
        draft.save()
        return draft


def _write(action: DraftAction, draft: Draft, contents: Contents, now: datetime) -> None:
    contents.check()
    tried = action.try_out(draft, contents.command)
    tried.require_workspace(draft.workspace)
    draft.title = contents.title.strip()
    draft.command = dict(contents.command)
    draft.reason = contents.reason
    draft.name = tried.asked.name
    draft.semantics = semantics_of(tried.asked)
    draft.updated_at = now
    note_rehearsal(draft, tried, now)
    draft.save(force_insert=draft._state.adding)
    action.entry.process_id = draft.process_id
    action.entry.process_instance_key = draft.process_instance_key
    action.note(title=draft.title, command=draft.command, remark=draft.reason, takes_back=draft.undo_of)


def note_rehearsal(draft: Draft, tried: Tried, now: datetime) -> None:
    """Keep what the last dry run has told."""
    draft.rehearsal = tried.told
    draft.rehearsal_error = tried.error
    draft.rehearsed_at = now
    draft.process_id = tried.process_id
    draft.process_instance_key = tried.process_instance_key


def take_back(draft: Draft) -> None:
    """Make a draft of it again, as if nobody had requested or decided anything."""
    draft.state = State.DRAFT
    draft.requested_at = draft.expires_at = draft.run_at = draft.selected = draft.requested_rehearsal = None
    draft.digest = draft.policy_name = draft.channel = ""
    draft.decided_by = draft.decided_at = draft.expected_revision = None
    draft.decided_by_name = draft.decision_note = draft.approved_digest = ""
    draft.accepted_warnings, draft.differences = [], []
    draft.executed_at = draft.operation_id = draft.event_key = draft.batch_key = None
    draft.error = ""


def digest_of_draft(draft: Draft) -> str:
    """What an approval is bound to: exactly this command, on exactly these process instances, for this reason, at this time."""
    undone = {} if draft.undo_of is None else {"undo_of": draft.undo_of}
    return digest_of(
        workspace=draft.workspace_id,
        command=draft.command,
        reason=draft.reason,
        selected=draft.selected,
        run_at=draft.run_at,
        **undone,
    )


def require_state(draft: Draft, *expected: str) -> None:
    """Raise Conflict unless the draft is in one of these states."""
    if draft.state not in expected:
        told = _("This cannot be done with draft '{draft}' as it is: {state}.")
        raise Conflict(format_lazy(told, draft=draft.key, state=State(draft.state).label))


__all__ = [
    "AuthorIsGone",
    "CommentOnDraft",
    "Contents",
    "DraftAction",
    "EditDraft",
    "OthersDraft",
    "RequestApproval",
    "SaveDraft",
    "WithdrawDraft",
]
