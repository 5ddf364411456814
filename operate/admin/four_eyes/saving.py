"""Keeping a command as a draft, from wherever a page would otherwise have applied it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from audit.models import Channel
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.four_eyes.asking import command_of
from operate.approvals.drafts import MAX_TITLE, Contents, EditDraft, RequestApproval, SaveDraft
from operate.approvals.models import Draft
from operate.batch.plans import Plan
from operate.forms.drafts import MomentField
from operate.forms.keys import key_of
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance


@dataclass(frozen=True, slots=True)
class Terms:
    """What is entered about a draft besides its command."""

    workspace_id: int
    title: str
    reason: str = ""
    asks: bool = False
    """Whether the approval is requested at once."""
    run_at: datetime | None = None
    undo_of: int | None = None
    """The audit event that a new one takes back."""
    draft: int | None = None
    """The draft of one's own that is changed; a new one without."""
    version: int | None = None

    @classmethod
    def read(
        cls, sent: Mapping[str, Any], workspace_id: int, sentences: Sequence[str], *, undo_of: int | None = None
    ) -> Self:
        """From a form or JSON; without a title the plan itself gives it one."""
        title = str(sent.get("title") or "").strip() or title_of(sentences)
        draft = str(sent.get("draft") or "")
        version = str(sent.get("version") or "")
        return cls(
            workspace_id,
            title,
            str(sent.get("reason") or ""),
            bool(sent.get("request")),
            _moment(str(sent.get("runAt") or sent.get("run_at") or "")),
            undo_of,
            key_of(draft) if draft else None,
            int(version) if version.isdecimal() else None,
        )


def save(request: HttpRequest, command: Mapping[str, Any], terms: Terms) -> Draft:
    """Save the command as a draft, and request its approval if that is asked for.

    A request that is refused leaves the draft saved, and the next page says why.
    """
    if terms.draft is None:
        contents = Contents(terms.title, command, terms.reason, terms.undo_of)
        draft = SaveDraft.of(request, Channel.ADMIN).execute(terms.workspace_id, contents)
    else:
        draft = EditDraft.of(request, Channel.ADMIN).execute(
            terms.draft, version=terms.version, title=terms.title, command=command, reason=terms.reason
        )
    if not terms.asks:
        return draft
    try:
        return RequestApproval.of(request, Channel.ADMIN).execute(draft.key, version=draft.version, run_at=terms.run_at)
    except REFUSALS as refusal:
        messages.error(request, _("The draft was saved. %(why)s") % {"why": refusal_of(refusal)["message"]})
        return draft


def draft_of_form(request: HttpRequest, plan: Plan, rows: QuerySet[ProcessInstance]) -> HttpResponse:
    """Keep a plan on these process instances as a draft instead of carrying it out; then go to its page.

    The button says whether its approval is requested at once: `draft=request` or `draft=save`.
    """
    plan.check()
    places = dict(rows.order_by().values_list("pk", "workspace_id"))
    workspaces = set(places.values())
    if len(workspaces) != 1:
        raise Rejected(
            _("Expected process instances of one workspace, which has its own approvers. Narrow the list first.")
        )
    sent = {**request.POST.dict(), "request": request.POST.get("draft") == "request", "draft": ""}
    terms = Terms.read(sent, workspaces.pop(), plan.describe())
    draft = save(request, command_of(plan, sorted(places)), terms)
    return redirect("admin:operate_draft_change", draft.key)


def glass_of(request: HttpRequest) -> str | None:
    """Why it is done without the approval that it needs, if the button for that was pressed."""
    return request.POST.get("break_glass", "") if request.POST.get("confirmed") == "break" else None


def title_of(sentences: Sequence[str]) -> str:
    """The first thing that a plan does, and how much more there is."""
    first, *others = sentences or [""]
    more = _(" and %(number)s more") % {"number": len(others)} if others else ""
    return f"{first[: MAX_TITLE - len(more)]}{more}"


def _moment(text: str) -> datetime | None:
    try:
        found: datetime | None = MomentField(required=False).clean(text)
    except ValidationError as error:
        raise Rejected(_("Expected a day and a time, found '%(text)s'.") % {"text": text[:40]}) from error
    return found


__all__ = ["Terms", "draft_of_form", "glass_of", "save", "title_of"]
