"""Undoing what was done: the inverse plan, what it would do and what it cannot, on one page; and doing it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import AuditEvent, Channel, Event, Subject
from audit.undoing import undone_by
from operate.actions import Action, SubmitBatch
from operate.admin.answers import REFUSALS, refusal_of, status_of
from operate.admin.base import EngineModelAdmin
from operate.admin.four_eyes.asking import approval_for, approval_for_many, command_of_undo
from operate.admin.four_eyes.saving import Terms, draft_of_form, glass_of, save
from operate.admin.reasons import Reasons
from operate.admin.wizards.base import TRIED, acceptance_in
from operate.admin.wizards.previews import told
from operate.batch.models import Batch, BatchType
from operate.batch.plans import PLANS
from operate.batch.rehearsing import OWN_KEY, Rehearsal, Rehearsed
from operate.batch.submitting import Selection
from operate.forms.json_values import json_text
from operate.masking.masks import Masks
from operate.undo import Undo, plan, undo_of, why_not_undone
from workflow.engine.errors import Conflict
from workflow.models import ProcessInstance
from workflow.services import Outcome

DETAILED = 20
"""Of so many process instances of a batch it is told what happens in each."""
PARTS = {
    "terminated": gettext_lazy("Ends"),
    "activated": gettext_lazy("Begins"),
    "completed": gettext_lazy("Completes"),
    "waits": gettext_lazy("Waits for"),
    "incidents": gettext_lazy("Incidents"),
    "ends": gettext_lazy("Process instances that end"),
}


@dataclass(frozen=True, slots=True)
class Link:
    """How an event and its inverse point at each other, and whether it may be taken back."""

    why_not: str
    undone_by: int | None
    undo_of: int | None
    batch: int | None
    """Of a batch that was asked for: its key, because it is taken back as a whole."""


def link_of(event: AuditEvent) -> Link:
    """What the page of an event says about undoing it."""
    of = (event.body or {}).get("undo_of")
    if event.event == Event.CREATE and event.subject == Subject.BATCH:
        return Link("", None, of, event.entity_key)
    done = undone_by([event.key]).get(event.key)
    why = _("It has been undone already.") if done is not None else why_not_undone(event)
    return Link(why, None if done is None else done.key, of, None)


class UndoEventPages(EngineModelAdmin):
    """The page that takes back one audit event."""

    def undo_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """The inverse of an event, tried; a POST applies it."""
        event = self.visible(request, key)
        if event.subject == Subject.BATCH and event.entity_key is not None:
            return redirect("admin:operate_batch_undo", event.entity_key)
        context: dict[str, Any] = {"event": event, "refusal": "", "undo": None}
        status = 200
        try:
            undo = undo_of(event)
            context |= {"undo": undo, "sentences": undo.plan.describe(), "notes": undo.notes, "seen": seen(undo)}
            if request.method == "POST":
                return self._keep(request, undo) if "draft" in request.POST else self._apply(request, undo)
        except REFUSALS as refusal:
            context["refusal"], status = refusal_of(refusal)["message"], _status(request, refusal)
        if context["undo"] is not None:
            context |= _tried(request, context["undo"])
        title = _("Undo: %(event)s · %(subject)s") % {
            "event": event.get_event_display(),
            "subject": event.get_subject_display(),
        }
        return self.render(request, "undo.html", title, context, status=status)

    @staticmethod
    def _apply(request: HttpRequest, undo: Undo) -> HttpResponse:
        _refuse_unseen(request, undo)
        terms: dict[str, Any] = {"reason": request.POST.get("reason", ""), "break_glass": glass_of(request)}
        outcomes = undo.run(
            lambda kind: kind.of(request, Channel.ADMIN, **terms),
            accepted=accepted_in(request),
        )
        messages.success(request, _("Event %(key)s is undone.") % {"key": undo.event.key})
        key = outcomes[-1].process_instance_key if outcomes else undo.process_instance_key
        return redirect("admin:workflow_processinstance_change", key)

    @staticmethod
    def _keep(request: HttpRequest, undo: Undo) -> HttpResponse:
        """As a draft, which is the undo of the event once it is applied; the button says whether its approval is requested."""
        _refuse_unseen(request, undo)
        sent = {**request.POST.dict(), "request": request.POST.get("draft") == "request", "draft": ""}
        workspace = ProcessInstance.objects.values_list("workspace_id", flat=True).get(pk=undo.process_instance_key)
        terms = Terms.read(sent, workspace, undo.plan.describe(), undo_of=undo.event.key)
        draft = save(request, command_of_undo(undo), terms)
        return redirect("admin:operate_draft_change", draft.key)


class UndoBatchPages(EngineModelAdmin):
    """The page that takes back a batch."""

    def undo_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """What taking back a batch would do to the first of its process instances; a POST begins the batch that does it."""
        batch: Batch = self.visible(request, key)
        context: dict[str, Any] = {"batch": batch, "refusal": "", "undo": None}
        status = 200
        try:
            undoing, keys = plan.undoing(batch, accepted_in(request))
            context |= {"undo": undoing, "sentences": undoing.describe(), "total": len(keys)}
            if "draft" in request.POST:
                return draft_of_form(request, undoing, ProcessInstance.objects.filter(pk__in=keys))
            if request.method == "POST":
                terms: dict[str, Any] = {"reason": request.POST.get("reason", ""), "break_glass": glass_of(request)}
                action = SubmitBatch.of(request, Channel.ADMIN, **terms)
                return redirect("admin:operate_batch_change", action.execute(undoing, Selection(keys=keys)))
        except REFUSALS as refusal:
            context["refusal"], status = refusal_of(refusal)["message"], _status(request, refusal)
        if context["undo"] is not None:
            context |= _tried_on_some(request, context["undo"], keys)
        return self.render(request, "undo.html", _("Undo batch %(key)s") % {"key": key}, context, status=status)


def why_not_undo(reasons: Reasons, batch: Batch) -> str:
    """Why a batch is not offered to be undone; empty if it is."""
    why = plan.why_not_undone(batch)
    if why:
        return why
    right = PLANS[BatchType(plan.inverse_of(batch))].right
    return next((missing for each in batch.workspaces if (missing := reasons.right(right, each))), "")


def accepted_in(request: HttpRequest) -> list[Any]:
    """The red warnings that were ticked."""
    return [acceptance_in(text) for text in request.POST.getlist("accepted")]


def seen(undo: Undo) -> str:
    """What somebody has seen of an inverse: it changes when that does."""
    text = "\n".join([*undo.plan.describe(), *undo.notes, repr(undo.plan)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _refuse_unseen(request: HttpRequest, undo: Undo) -> None:
    if request.POST.get("seen") != seen(undo):
        raise Conflict(_("Things have changed since you looked at it: this is what undoing it is now."))


def _status(request: HttpRequest, refusal: Exception) -> int:
    """A page that only says why something cannot be is found all the same."""
    return status_of(refusal) if request.method == "POST" else 200


# ---- trying


def _tried(request: HttpRequest, undo: Undo) -> dict[str, Any]:
    tried = Rehearsal(1)
    made: list[Action[Any]] = []

    def act(kind: type[Action[Any]]) -> Action[Any]:
        made.append(kind.of(request, Channel.ADMIN, dry_run=True))
        return made[-1]

    approval = None
    try:
        outcomes = undo.run(act, accepted=())
        tried.add(Rehearsed(undo.process_instance_key, outcomes), in_detail=True)
        needed = (approval_for(action, outcomes, request) for action in made)
        approval = next((each for each in needed if each is not None), None)
    except REFUSALS as refusal:
        tried.add(Rehearsed(undo.process_instance_key, refusal=refusal), in_detail=True)
    return _shown(request, tried) | {"approval": approval}


def _tried_on_some(request: HttpRequest, undoing: plan.UndoBatch, keys: Sequence[int]) -> dict[str, Any]:
    try:
        tried = SubmitBatch.of(request, Channel.ADMIN).rehearse(
            undoing, Selection(keys=keys[:TRIED]), detailed=DETAILED
        )
    except REFUSALS as refusal:
        return {"refusal": refusal_of(refusal)["message"], "undo": None}
    rows = ProcessInstance.objects.filter(pk__in=keys)
    return _shown(request, tried) | {
        "approval": approval_for_many(undoing, rows, lambda: tried.is_red, request),
        "rows": [_row(each) for each in tried.instances],
        "notes": _notes(undoing, tried),
    }


def _shown(request: HttpRequest, tried: Rehearsal) -> dict[str, Any]:
    found = told(tried, None)
    return {
        "tried": found,
        "succeeded": tried.succeeded,
        "parts": [(title, rows) for name, title in PARTS.items() if (rows := found["sums"].get(name))],
        "variables": _variables(tried),
        "ticked": request.POST.getlist("accepted"),
    }


def _row(each: Rehearsed) -> dict[str, Any]:
    sums = told(_alone(each), None)["sums"]
    return {
        "key": each.process_instance_key,
        "refusal": "" if each.refusal is None else refusal_of(each.refusal)["message"],
        "begins": ", ".join(one["name"] for one in sums.get("activated", ())),
        "ends": ", ".join(one["name"] for one in sums.get("terminated", ())),
        "nothing": each.refusal is None and not each.outcomes,
    }


def _alone(each: Rehearsed) -> Rehearsal:
    found = Rehearsal(1)
    found.add(each, in_detail=True)
    return found


def _notes(undoing: plan.UndoBatch, tried: Rehearsal) -> list[str]:
    """What stays in those that are told in detail, each note once, with how many it is true of."""
    found: Counter[str] = Counter()
    for each in tried.instances:
        if each.refusal is None:
            notes = (note for undo in undoing.undos(each.process_instance_key) for note in undo.notes)
            found.update({OWN_KEY.sub("'…'", note) for note in notes})
    whole = len(tried.instances)
    return [
        text
        if whole == 1
        else _("%(text)s (%(number)s of %(whole)s)") % {"text": text, "number": number, "whole": whole}
        for text, number in found.most_common()
    ]


def _variables(tried: Rehearsal) -> list[dict[str, str]]:
    """The variables of a single process instance, before and after."""
    outcomes: list[Outcome] = [outcome for each in tried.instances[:1] for outcome in each.outcomes]
    if tried.total != 1 or not any(outcome.variables for outcome in outcomes):
        return []
    masks = Masks.for_pages()

    def shown(outcome: Outcome, name: str, value: Any) -> str:
        return json_text(masks.value(outcome.workspace_id, outcome.process_id, name, value))

    return [
        {
            "name": change.name,
            "before": shown(outcome, change.name, change.before) if change.existed else "",
            "after": "" if change.deleted else shown(outcome, change.name, change.after),
        }
        for outcome in outcomes
        for change in outcome.variables
    ]


__all__ = ["Link", "UndoBatchPages", "UndoEventPages", "accepted_in", "link_of", "why_not_undo"]
