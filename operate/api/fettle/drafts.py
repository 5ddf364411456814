"""Drafts: commands saved, requested, decided on by somebody else, and done once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.fettle.base import BreakGlass, FettleView, nothing_found
from operate.api.fettle.dry_run import ANSWER, BODY
from operate.api.fettle.schema import (
    OBJECT,
    OPTIONAL_TEXT,
    OPTIONAL_WHOLE,
    TEXT,
    WHOLE,
    Schema,
    all_of,
    also,
    array,
)
from operate.approvals.approving import ApproveDraft, RejectDraft
from operate.approvals.drafts import CommentOnDraft, Contents, EditDraft, RequestApproval, SaveDraft, WithdrawDraft
from operate.approvals.executing import ApplyDraft
from operate.approvals.finding import STEPS, command_for, queue_of, sentences, try_now, visible_drafts, why_not
from operate.approvals.models import Draft, DraftComment
from operate.approvals.telling import draft_url
from operate.plans.json_form import KEY_SCHEMA, key, schema_of
from operate.workspaces import workspace_named
from workflow.engine.errors import Rejected
from workflow.soundness import Acceptance

TAG = "Drafts"
A_DRAFT = "a draft"
MOST = 200
HEAVY = ("command", "rehearsal", "requested_rehearsal", "differences", "selected")
OPTIONAL_KEY: Schema = {**KEY_SCHEMA, "nullable": True}

DIFFERENCE = all_of(what=TEXT, then=TEXT, now=TEXT)
SUMMARY = all_of(
    key=KEY_SCHEMA,
    workspace=TEXT,
    title=TEXT,
    state={**TEXT, "enum": Draft.State.values},
    command_name=TEXT,
    semantics=TEXT,
    process_id={**TEXT, "description": "If it is about one process."},
    process_instance_key={**OPTIONAL_KEY, "description": "If it changes one process instance."},
    reason=TEXT,
    author=TEXT,
    created_at=TEXT,
    updated_at=TEXT,
    version={**WHOLE, "description": "Counts the edits."},
    undo_of_event_key={**OPTIONAL_KEY, "description": "The audit event that it takes back."},
    url={**TEXT, "description": "The address to share it by."},
    requested_at=OPTIONAL_TEXT,
    expires_at=OPTIONAL_TEXT,
    run_at=OPTIONAL_TEXT,
    digest={**TEXT, "description": "What an approval has to name; empty unless the approval is requested."},
    policy={**TEXT, "description": "The policy that demands the approval, if one does."},
    decided_by=TEXT,
    decided_at=OPTIONAL_TEXT,
    decision_note=TEXT,
    executed_at=OPTIONAL_TEXT,
    operation_id=OPTIONAL_TEXT,
    event_key=OPTIONAL_KEY,
    batch_key=OPTIONAL_KEY,
    error=TEXT,
)
COMMENT = all_of(author=TEXT, at=TEXT, text=TEXT)
DRAFT = also(
    SUMMARY,
    command={**OBJECT, "description": "As the dry run takes it; masked values are hidden from all but the author."},
    sentences=array(TEXT),
    process_instances={**OPTIONAL_WHOLE, "description": "How many the approval is asked for."},
    dry_run={**ANSWER, "nullable": True, "description": "The outcome of the last one."},
    dry_run_error={**TEXT, "description": "Why nothing at all would be done, if so."},
    dry_run_at=OPTIONAL_TEXT,
    accepted_warnings=array(schema_of(Acceptance)),
    differences=array(DIFFERENCE),
    comments=array(COMMENT),
    why_not={
        **all_of(**dict.fromkeys(STEPS, TEXT)),
        "description": "Of each step why the caller may not do it now; empty where they may.",
    },
)


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A command to be saved in a workspace; with an audit event it is the undo of that, once it is applied."""

    workspace: str
    title: str
    command: dict[str, Any]
    reason: str = ""
    undo_of_event_key: int | None = None


@dataclass(frozen=True, slots=True)
class DraftChange:
    """What is to be different; what is left out stays. With `version` another one is refused."""

    version: int | None = None
    title: str | None = None
    command: dict[str, Any] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """What is to be said."""

    text: str


@dataclass(frozen=True, slots=True)
class Asking:
    """With `run_at` it is done at that time, else as soon as it is approved; with `version` another one is refused."""

    run_at: datetime | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Approving:
    """The `digest` of what was looked at, the red warnings that are accepted, and what says that differences were seen."""

    digest: str
    accepted_warnings: tuple[Acceptance, ...] = ()
    confirmed: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rejecting:
    """Why."""

    note: str


@dataclass(frozen=True, slots=True)
class Applying:
    """The red warnings that are accepted; with `version` another one is refused."""

    version: int | None = None
    accepted_warnings: tuple[Acceptance, ...] = ()
    break_glass: BreakGlass | None = None


def _with_command(kind: type) -> Schema:
    """A body that holds a command, for OpenAPI."""
    schema = schema_of(kind)
    return {**schema, "properties": {**schema["properties"], "command": BODY}}


class DraftView(FettleView):
    """What the views of one draft share."""

    tag = TAG
    answer = DRAFT

    def draft(self, key: str) -> Draft:
        """The draft in the path; NotFound if there is none, or if the caller may not see it."""
        found = visible_drafts(self.request.user).filter(pk=self.key(key, A_DRAFT)).first()
        if found is None:
            raise nothing_found(A_DRAFT, key)
        draft: Draft = found
        return draft

    def told(self, draft: Draft) -> Response:
        """The draft with all that there is to it."""
        return Response(draft_json(draft, self.request.user))


class Drafts(DraftView):
    """The drafts of the workspaces that the caller sees."""

    parameters = {
        "workspace": "The id of a workspace.",
        "state": f"One or several of {', '.join(Draft.State.values)}, separated by commas.",
        "author": "A user's name; 'me' for the caller.",
        "process": "A process id.",
        "process_instance": "A process instance's key: drafts that are for it alone.",
        "queue": "With 'true' what the caller may decide on now.",
        "after": "The `next` of the page before.",
        "limit": f"How many at most, 1 to {MOST}.",
    }
    answers = {"GET": all_of(items=array(SUMMARY), next=OPTIONAL_TEXT), "POST": DRAFT}
    request_bodies = {"POST": _with_command(NewDraft)}

    def get(self, request: Request) -> Response:
        """List drafts, newest first."""
        given = {name: request.query_params.get(name, "") for name in self.parameters}
        for name in request.query_params:
            if name not in self.parameters:
                raise Rejected(f"Unknown parameter '{name[:40]}'. Expected one of {', '.join(self.parameters)}.")
        limit = _limit(given["limit"])
        rows = queue_of(request.user) if _flag(given["queue"]) else visible_drafts(request.user)
        rows = rows.filter(**_conditions(given, request.user.get_username())).order_by("-key")
        page = list(rows.defer(*HEAVY)[: limit + 1])
        more = str(page[limit - 1].key) if len(page) > limit else None
        return Response({"items": [summary_json(each) for each in page[:limit]], "next": more})

    def post(self, request: Request) -> Response:
        """Save a command as a draft, with the outcome of a dry run; one that would be refused now is saved, too."""
        given = self.read(NewDraft)
        workspace = workspace_named(given.workspace)
        contents = Contents(given.title, given.command, given.reason, given.undo_of_event_key)
        return self.told(self.act(SaveDraft).execute(workspace.pk, contents))


class OneDraft(DraftView):
    """One draft."""

    request_bodies = {"PATCH": _with_command(DraftChange)}

    def get(self, request: Request, key: str) -> Response:
        """Tell a draft with its dry run, its comments, and what the caller may do with it."""
        return self.told(self.draft(key))

    def patch(self, request: Request, key: str) -> Response:
        """Change a draft of one's own. Its request and its approval are taken back."""
        change = asdict(self.read(DraftChange))
        return self.told(self.act(EditDraft).execute(self.key(key, A_DRAFT), **change))


class DraftComments(DraftView):
    """Comment on a draft; everybody may who sees it."""

    request_body = schema_of(Comment)

    def post(self, request: Request, key: str) -> Response:
        given = self.read(Comment)
        return self.told(self.act(CommentOnDraft).execute(self.key(key, A_DRAFT), given.text))


class TryDraft(DraftView):
    """Tell what a draft would do as things are now, in its author's name, and what differs from when it was requested.

    Nothing is written. `confirmation` is what an approval has to send as `confirmed` where there are differences.
    """

    answer = all_of(
        outcome={**ANSWER, "nullable": True},
        error=TEXT,
        policy={**TEXT, "description": "The policy that demands an approval, if one does."},
        differences=array(DIFFERENCE),
        confirmation=TEXT,
    )

    def post(self, request: Request, key: str) -> Response:
        draft = self.draft(key)
        if draft.author is None:
            raise Rejected(
                f"Expected '{draft.author_name}', in whose name it is tried, to be a user, but that is over."
            )
        tried, found, confirmation = try_now(draft, self.act(CommentOnDraft))
        is_requested = bool(draft.requested_rehearsal)
        return Response(
            {
                "outcome": tried.told,
                "error": tried.error,
                "policy": "" if tried.policy is None else tried.policy.name,
                "differences": [asdict(each) for each in found] if is_requested else [],
                "confirmation": confirmation,
            }
        )


class RequestDraft(DraftView):
    """Ask for the approval of a draft of one's own. What its keys and its query mean now is what is approved."""

    request_body = schema_of(Asking)

    def post(self, request: Request, key: str) -> Response:
        given = self.read(Asking)
        action = self.act(RequestApproval)
        return self.told(action.execute(self.key(key, A_DRAFT), version=given.version, run_at=given.run_at))


class Approve(DraftView):
    """Approve what somebody else has requested; it is done at once or at its time, in its author's name, exactly once.

    A new dry run is made. Where it comes to something else than the one at the request, that is refused (409) with the
    `differences`, unless their `confirmation` is sent as `confirmed`. Refused (409) are red `warnings` that are not among the
    accepted ones, an expired request, and a digest that is not the draft's. Whether it could be done, `state` tells.
    """

    request_body = schema_of(Approving)

    def post(self, request: Request, key: str) -> Response:
        given = self.read(Approving)
        approved = self.act(ApproveDraft).execute(
            self.key(key, A_DRAFT),
            digest=given.digest,
            accepted=given.accepted_warnings,
            confirmed=given.confirmed,
            note=given.note,
        )
        return self.told(approved)


class Reject(DraftView):
    """Reject what somebody else has requested, and say why."""

    request_body = schema_of(Rejecting)

    def post(self, request: Request, key: str) -> Response:
        given = self.read(Rejecting)
        return self.told(self.act(RejectDraft).execute(self.key(key, A_DRAFT), note=given.note))


class Withdraw(DraftView):
    """Take back a draft of one's own, with its request or its approval."""

    def post(self, request: Request, key: str) -> Response:
        return self.told(self.act(WithdrawDraft).execute(self.key(key, A_DRAFT)))


class Apply(DraftView):
    """Do a draft of one's own at once, without an approval; refused (403) where a policy demands one."""

    request_body = schema_of(Applying)

    def post(self, request: Request, key: str) -> Response:
        given = self.read(Applying)
        action = self.act(ApplyDraft)
        done = action.execute(self.key(key, A_DRAFT), version=given.version, accepted=given.accepted_warnings)
        return self.told(done)


# ---- JSON


def summary_json(draft: Draft) -> dict[str, Any]:
    """A draft in a list."""
    return {
        "key": str(draft.key),
        "workspace": draft.workspace.slug,
        "title": draft.title,
        "state": draft.state,
        "command_name": draft.name,
        "semantics": draft.semantics,
        "process_id": draft.process_id,
        "process_instance_key": _key(draft.process_instance_key),
        "reason": draft.reason,
        "author": draft.author_name,
        "created_at": _at(draft.created_at),
        "updated_at": _at(draft.updated_at),
        "version": draft.version,
        "undo_of_event_key": _key(draft.undo_of),
        "url": draft_url(draft.key),
        "requested_at": _at(draft.requested_at),
        "expires_at": _at(draft.expires_at),
        "run_at": _at(draft.run_at),
        "digest": draft.digest,
        "policy": draft.policy_name,
        "decided_by": draft.decided_by_name,
        "decided_at": _at(draft.decided_at),
        "decision_note": draft.decision_note,
        "executed_at": _at(draft.executed_at),
        "operation_id": None if draft.operation_id is None else str(draft.operation_id),
        "event_key": _key(draft.event_key),
        "batch_key": _key(draft.batch_key),
        "error": draft.error,
    }


def draft_json(draft: Draft, user: Any) -> dict[str, Any]:
    """All there is to a draft, as the user may be shown it."""
    comments = DraftComment.objects.filter(draft=draft)
    return summary_json(draft) | {
        "command": command_for(draft, user),
        "sentences": sentences(draft, user),
        "process_instances": None if draft.selected is None else len(draft.selected),
        "dry_run": draft.rehearsal,
        "dry_run_error": draft.rehearsal_error,
        "dry_run_at": _at(draft.rehearsed_at),
        "accepted_warnings": draft.accepted_warnings,
        "differences": draft.differences,
        "comments": [{"author": each.author_name, "at": _at(each.at), "text": each.text} for each in comments],
        "why_not": why_not(draft, user),
    }


def _key(found: int | None) -> str | None:
    return None if found is None else str(found)


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _conditions(given: Mapping[str, str], caller: str) -> dict[str, Any]:
    """What the list is narrowed by."""
    states = [each for each in given["state"].split(",") if each]
    for state in states:
        if state not in Draft.State.values:
            known = ", ".join(Draft.State.values)
            raise Rejected(f"Expected 'state' to be of {known}; found '{state[:40]}'.")
    found: dict[str, Any] = {
        "workspace__slug": given["workspace"],
        "state__in": states,
        "author_name": caller if given["author"] == "me" else given["author"],
        "process_id": given["process"],
        "process_instance_key": _read_key("process_instance", given["process_instance"]),
        "key__lt": _read_key("after", given["after"]),
    }
    return {name: value for name, value in found.items() if value}


def _read_key(name: str, text: str) -> int | None:
    found = key(text) if text else None
    if text and found is None:
        raise Rejected(f"Expected '{name}' to be a key (digits), found '{text[:40]}'.")
    return found


def _flag(text: str) -> bool:
    if text not in ("", "true", "false"):
        raise Rejected(f"Expected 'queue' to be true or false, found '{text[:40]}'.")
    return text == "true"


def _limit(text: str) -> int:
    if not text:
        return 50
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST):
        raise Rejected(f"Expected 'limit' to be 1 to {MOST}, found '{text[:40]}'.")
    return int(text)


__all__ = [
    "Apply",
    "Approve",
    "DraftComments",
    "Drafts",
    "OneDraft",
    "Reject",
    "RequestDraft",
    "TryDraft",
    "Withdraw",
]
