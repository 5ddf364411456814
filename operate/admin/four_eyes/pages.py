"""The queue of drafts, and one draft with everything that a decision needs on one screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from audit.models import Channel
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.four_eyes.looking import Look
from operate.admin.four_eyes.plans import PlanViews
from operate.admin.four_eyes.telling import Told, difference_in_words, named, told
from operate.admin.instance_list import figures_of, present
from operate.admin.paging import NEWER, OLDER
from operate.admin.policies import in_words
from operate.admin.reasons import Reasons
from operate.admin.wizards.base import acceptance_in, model_address
from operate.approvals.approving import ApproveDraft, Differs, RejectDraft
from operate.approvals.drafts import CommentOnDraft, EditDraft, RequestApproval, WithdrawDraft
from operate.approvals.executing import ApplyDraft
from operate.approvals.finding import visible_drafts, why_not
from operate.approvals.models import Draft
from operate.forms.drafts import DONE, SEGMENTS, DraftFilter, RequestForm, segment
from operate.workspaces import Access, Forbidden, Right, visible_to
from workflow.engine.errors import Rejected
from workflow.models import ProcessDefinition, ProcessInstance

State = Draft.State
DOTS = {
    State.DRAFT: "",
    State.REQUESTED: "suspended",
    State.APPROVED: "active",
    State.REJECTED: "incident",
    State.EXPIRED: "canceled",
    State.WITHDRAWN: "canceled",
    State.APPLIED: "completed",
    State.FAILED: "incident",
}
EMPTY = {
    "": (gettext_lazy("Nothing waits for you"), gettext_lazy("Requests of others that you may approve stand here.")),
    "mine": (gettext_lazy("You have no drafts"), gettext_lazy("Save a plan as a draft where you would apply it.")),
    "drafts": (gettext_lazy("No drafts"), gettext_lazy("Plans that are saved and not requested yet stand here.")),
    "open": (gettext_lazy("Nothing is waiting"), gettext_lazy("Requests and what is approved for later stand here.")),
    "done": (gettext_lazy("Nothing is done yet"), ""),
    "all": (gettext_lazy("No drafts"), gettext_lazy("Save a plan as a draft where you would apply it.")),
}


@admin.register(Draft)
class DraftAdmin(PlanViews, EngineModelAdmin):
    """Everybody in a workspace sees its drafts; their authors and approvers do something with them."""

    filter_form = DraftFilter
    list_template = "drafts.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = visible_drafts(request.user).select_related("workspace", "author", "decided_by")
        return rows

    def pages(self) -> list[URLPattern]:
        return [
            self.page("<int:key>/", "change", self.draft_view),
            self.page("<int:key>/do/", "do", self.do_view),
            self.page("<int:key>/plan/", "plan", self.plan_view),
            self.page("plan/<int:instance>/", "save", self.save_view),
        ]

    # -- the queue

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        filters = self.filters_of(request)
        seen = self.get_queryset(request)
        counts = {name: segment(seen, name, request.user).count() for name in ("", "mine", "drafts", "open")}
        approves = Access.of(request.user).may_anywhere(Right.APPROVE)
        empty, hint = EMPTY[filters.shown if approves or filters.shown else "mine"]
        context = {
            "segments": [
                {
                    "label": label,
                    "link": f"?{_with(request, 'show', name)}",
                    "is_chosen": name == filters.shown,
                    "count": counts.get(name),
                }
                for name, label in SEGMENTS
            ],
            "approves": approves,
            "empty_title": empty,
            "empty_hint": hint,
            **(extra_context or {}),
        }
        answer = super().changelist_view(request, context)
        if isinstance(answer, TemplateResponse) and answer.context_data is not None:
            answer.context_data["title"] = _("Approvals")
        return answer

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        for row in rows:
            row.dot = DOTS[State(row.state)]
            row.red = sum(each["severity"] == "red" for each in (row.rehearsal or {}).get("warnings", ()))
        return rows

    # -- one

    @method_decorator(require_GET)
    def draft_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        return self._page(request, self.visible(request, key))

    def _page(self, request: HttpRequest, draft: Any, *, refusal: str = "", status: int = 200) -> HttpResponseBase:
        found = Look.at(draft, request)
        shown = told(found.told)
        context = {
            "draft": draft,
            "dot": DOTS[State(draft.state)],
            "look": found,
            "policy_words": in_words(found.policy) if found.policy else "",
            "told": shown,
            "sums": [(label, shown.sums[name]) for name, label in TITLES if name in shown.sums],
            "differences": [
                (difference_in_words(each.what, is_of_one=shown.total <= 1), each) for each in found.differences
            ],
            "sentences": [named(each, shown.definition_key) for each in found.sentences],
            "why": why_not(draft, request.user),
            "why_not_break": Reasons.of(request).right(Right.BREAK_GLASS, draft.workspace_id),
            "is_own": draft.author_id == request.user.pk,
            "refusal": refusal,
            "sent": request.POST,
            "request_form": RequestForm(),
            "comments": draft.comments.select_related("author").order_by("pk"),
            "edit_link": _edit_link(draft),
            "config": _diagram(request, draft, shown),
        }
        return self.render(request, "draft.html", draft.title, context, status=status)

    @method_decorator(require_POST)
    def do_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """What the buttons of the page do; one that is refused shows the page again, with the reason."""
        draft = self.visible(request, key)
        step = STEPS.get(request.POST.get("do", ""))
        if step is None:
            raise Http404(
                _("Expected one of %(known)s, found '%(found)s'.")
                % {"known": ", ".join(STEPS), "found": request.POST.get("do", "")}
            )
        try:
            done = step(request, draft)
        except Forbidden as refusal:
            return self._page(request, draft, refusal=refusal.message, status=403)
        except REFUSALS as refusal:
            return self._page(request, self.visible(request, key), refusal=_refused(refusal), status=409)
        _say(request, done)
        return redirect("admin:operate_draft_change", key)


TITLES = (
    ("stays", gettext_lazy("Begins")),
    ("completed", gettext_lazy("Runs through")),
    ("terminated", gettext_lazy("Ends")),
    ("waits", gettext_lazy("Waits for")),
    ("waits_no_more", gettext_lazy("Waits no longer for")),
)


def _refused(refusal: Exception) -> str:
    if isinstance(refusal, Differs):
        return _("It would come out otherwise by now. Look at the differences, then decide again.")
    return str(refusal_of(refusal)["message"])


def _say(request: HttpRequest, draft: Draft) -> None:
    texts = {
        State.REQUESTED: _("The approval was requested. Who may approve is told."),
        State.APPROVED: _("Approved. It is done at its time."),
        State.APPLIED: _("Approved and applied."),
        State.REJECTED: _("Rejected. Its author is told."),
        State.WITHDRAWN: _("Withdrawn."),
    }
    if draft.state == State.FAILED:
        messages.error(request, _("It could not be applied: %(error)s") % {"error": draft.error})
    elif request.POST.get("do") == "comment":
        messages.success(request, _("The comment was added."))
    elif draft.state in texts:
        messages.success(request, texts[State(draft.state)])


# -- what the buttons do


def _approve(request: HttpRequest, draft: Draft) -> Draft:
    sent = request.POST
    return ApproveDraft.of(request, Channel.ADMIN).execute(
        draft.key,
        digest=sent.get("digest", ""),
        accepted=[acceptance_in(text) for text in sent.getlist("accepted")],
        confirmed=sent.get("confirmed", ""),
        note=sent.get("note", ""),
    )


def _reject(request: HttpRequest, draft: Draft) -> Draft:
    return RejectDraft.of(request, Channel.ADMIN).execute(draft.key, note=request.POST.get("note", ""))


def _request(request: HttpRequest, draft: Draft) -> Draft:
    form = RequestForm(request.POST)
    if not form.is_valid():
        raise Rejected(" ".join(str(error) for errors in form.errors.values() for error in errors))
    return RequestApproval.of(request, Channel.ADMIN).execute(
        draft.key, version=_version(request), run_at=form.cleaned_data["run_at"]
    )


def _withdraw(request: HttpRequest, draft: Draft) -> Draft:
    return WithdrawDraft.of(request, Channel.ADMIN).execute(draft.key)


def _comment(request: HttpRequest, draft: Draft) -> Draft:
    return CommentOnDraft.of(request, Channel.ADMIN).execute(draft.key, request.POST.get("text", ""))


def _rename(request: HttpRequest, draft: Draft) -> Draft:
    return EditDraft.of(request, Channel.ADMIN).execute(
        draft.key,
        version=_version(request),
        title=request.POST.get("title", ""),
        reason=request.POST.get("reason", ""),
    )


def _apply(request: HttpRequest, draft: Draft) -> Draft:
    accepted = [acceptance_in(text) for text in request.POST.getlist("accepted")]
    return ApplyDraft.of(request, Channel.ADMIN).execute(draft.key, version=_version(request), accepted=accepted)


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() else None


STEPS: Mapping[str, Callable[[HttpRequest, Draft], Draft]] = {
    "approve": _approve,
    "reject": _reject,
    "request": _request,
    "withdraw": _withdraw,
    "comment": _comment,
    "rename": _rename,
    "apply": _apply,
}


# -- what is shown


def _edit_link(draft: Draft) -> str:
    """Where its plan is opened: in the modification mode of its process instance."""
    if draft.name != "modify" or draft.process_instance_key is None:
        return ""
    return f"{reverse('admin:workflow_processinstance_change', args=[draft.process_instance_key])}?draft={draft.key}"


def _diagram(request: HttpRequest, draft: Draft, shown: Told) -> dict[str, Any]:
    """The model with what is there now and what would come; empty where there is none to see."""
    key = shown.definition_key
    if key is None or not visible_to(ProcessDefinition.objects.filter(pk=key), request.user).exists():
        return {}
    keys = [draft.process_instance_key] if draft.process_instance_key else (draft.selected or [])[:MOST_COUNTED]
    rows = visible_to(ProcessInstance.objects.filter(pk__in=keys, definition=key), request.user)
    return {
        "xml": model_address(key),
        "figures": present(figures_of(rows)["elements"]) if draft.state not in DONE else {},
        "outcome": shown.on_diagram,
    }


MOST_COUNTED = 2_000


def _with(request: HttpRequest, name: str, value: str) -> str:
    query: QueryDict = request.GET.copy()
    for each in (NEWER, OLDER, name):
        query.pop(each, None)
    if value:
        query[name] = value
    return query.urlencode()


__all__ = ["DraftAdmin"]
