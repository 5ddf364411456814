"""Batches: what is being done to many process instances, how far it is, and asking for one from the list of instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from audit.models import Channel
from operate.actions import (
    Action,
    CancelBatch,
    DeleteBatch,
    ResumeBatch,
    RetryBatch,
    SubmitBatch,
    SuspendBatch,
)
from operate.admin.answers import REFUSALS, json_view, refusal_of
from operate.admin.four_eyes.asking import approval_for_many, approval_json
from operate.admin.four_eyes.saving import draft_of_form, glass_of
from operate.admin.offers import OFFERS, Counts, Offer, needs_typing
from operate.admin.reasons import Reasons
from operate.admin.selecting import Selected
from operate.admin.undoing import UndoBatchPages, why_not_undo
from operate.admin.wizards import DETAILED, WIZARDS, Wizard
from operate.approvals.gate import ApprovalNeeded
from operate.batch.models import Batch, BatchItem, BatchType
from operate.batch.plans import Plan, read_plan
from operate.batch.rehearsing import Rehearsal
from operate.batch.submitting import Selection
from operate.forms.batches import BatchFilter
from operate.forms.keys import key_of
from operate.undo.plan import undone_by
from operate.workspaces import Access, Right, visible_to
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance

State = Batch.State
MAX_ITEMS = 200
MAX_RUNNING = 5
DOTS = {
    State.ACTIVE: "active",
    State.SUSPENDED: "suspended",
    State.COMPLETED: "completed",
    State.PARTIALLY_COMPLETED: "incident",
    State.CANCELED: "canceled",
}
OPERATIONS: dict[str, tuple[type[Action[Any]], Any]] = {
    "suspend": (SuspendBatch, gettext_lazy("Batch suspended: nothing more of it is done until it is resumed.")),
    "resume": (ResumeBatch, gettext_lazy("Batch resumed.")),
    "cancel": (CancelBatch, gettext_lazy("Batch canceled: what was not done yet is left undone.")),
    "retry": (RetryBatch, gettext_lazy("What failed is tried again.")),
    "delete": (DeleteBatch, gettext_lazy("Batch deleted; what it has done stays done.")),
}


@admin.register(Batch)
class BatchAdmin(UndoBatchPages):
    """Batches are asked for and stopped here; workers do them."""

    filter_form = BatchFilter
    list_template = "batches.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).with_progress()  # type: ignore[attr-defined, no-any-return]

    def pages(self) -> list[URLPattern]:
        return [
            self.page("running/", "running", self.running_view),
            self.page("new/", "new", self.new_view),
            self.page("new/preview/", "preview", self.preview_view),
            self.page("<int:key>/", "change", self.batch_view),
            self.page("<int:key>/progress/", "progress", self.progress_view),
            self.page("<int:key>/operations/", "operations", self.operations_view),
            self.page("<int:key>/undo/", "undo", self.undo_view),
        ]

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        for row in rows:
            decorate(row)
        return rows

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The bars move by themselves as long as something on the page is being done."""
        answer = super().changelist_view(request, extra_context)
        if isinstance(answer, TemplateResponse) and answer.context_data is not None:
            answer.context_data["live"] = any(row.is_live for row in answer.context_data.get("rows", ()))
        return answer

    # -- one

    @method_decorator(require_GET)
    def batch_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """What is done, for whom and why, how far it is, and what has become of its instances."""
        batch = self.visible(request, key)
        access = Access.of(request.user)
        context = self._context(request, batch) | {
            "plan": read_plan(batch.type, batch.plan).describe(),
            "may_view_audit": any(access.may(Right.VIEW_AUDIT, each) for each in batch.workspaces),
        }
        return self.render(
            request,
            "batch.html",
            _("%(type)s · %(total)s process instances") % {"type": batch.get_type_display(), "total": batch.total},
            context,
        )

    @method_decorator(require_GET)
    def progress_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The part of the page that changes, as long as it does."""
        context = self._context(request, self.visible(request, key))
        return HttpResponse(render_to_string("admin/fettle/batch/progress.html", context, request))

    @method_decorator(require_GET)
    def running_view(self, request: HttpRequest) -> HttpResponse:
        """The batches in progress, for the overview."""
        return HttpResponse(render_to_string("admin/fettle/batch/running.html", running_batches(request.user), request))

    def _context(self, request: HttpRequest, batch: Any) -> dict[str, Any]:
        decorate(batch)
        shown = request.GET.get("items", "")
        state = shown if shown in BatchItem.State.values else ""
        items = BatchItem.objects.filter(batch=batch.key, **({"state": state} if state else {})).order_by("key")
        after = key_of(request.GET.get("after", "")) or 0
        found = list(items.filter(pk__gt=after)[: MAX_ITEMS + 1])
        return {
            "batch": batch,
            "why": why_not(Reasons.of(request), batch) | {"undo": why_not_undo(Reasons.of(request), batch)},
            "undone_by": undone_by(batch.key),
            "undo_of": batch.plan.get("of_batch") if batch.type == BatchType.UNDO else None,
            "items": found[:MAX_ITEMS],
            "shown": state,
            "next": found[MAX_ITEMS - 1].key if len(found) > MAX_ITEMS else 0,
            "states": [
                ("", _("All"), batch.total),
                ("ACTIVE", _("To be done"), batch.waiting),
                ("COMPLETED", _("Completed"), batch.completed),
                ("FAILED", _("Failed"), batch.failed),
                ("CANCELED", _("Canceled"), batch.canceled),
            ],
            "query": request.GET.urlencode(),
        }

    @method_decorator(require_POST)
    def operations_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Pause, resume, cancel, retry what failed, or forget."""
        operation = request.POST.get("operation", "")
        if operation not in OPERATIONS:
            raise Http404(_("There is no operation '%(operation)s' on batches.") % {"operation": operation})
        self.visible(request, key)
        action, text = OPERATIONS[operation]
        try:
            action.of(request, Channel.ADMIN, reason=request.POST.get("reason", "")).execute(key)
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        else:
            messages.success(request, text)
            if operation == "delete":
                return redirect("admin:operate_batch_changelist")
        return redirect("admin:operate_batch_change", key)

    # -- many

    def new_view(self, request: HttpRequest) -> HttpResponseBase:
        """What will be done to the chosen process instances, or to all that the list's filters find; then do it.

        A GET is for a link to the wizard of one process instance.
        """
        sent = request.POST if request.method == "POST" else request.GET
        name = sent.get("operation", "")
        offer = OFFERS.get(name)
        if offer is None:
            raise Http404(_("There is no operation '%(name)s' on process instances.") % {"name": name})
        try:
            selected = Selected.of(request, sent)
        except Rejected as refusal:
            messages.error(request, refusal.message)
            return redirect("admin:workflow_processinstance_changelist")
        if offer.plan and len(selected.keys) == 1 and name != "resolve":
            query = QueryDict(mutable=True)
            query.update({"operation": name, "key": str(selected.keys[0]), "back": selected.back})
            return redirect(f"{reverse('admin:workflow_processinstance_confirm')}?{query.urlencode()}")
        return self._ask(request, name, offer, selected, sent)

    def _ask(
        self, request: HttpRequest, name: str, offer: Offer, selected: Selected, sent: QueryDict
    ) -> HttpResponseBase:
        rows = selected.suiting(request, offer.right, offer.meant)
        wizard = WIZARDS[name](request, selected, rows, sent) if name in WIZARDS else None
        counts = Counts.of(request, offer, selected)
        typing = needs_typing(offer, counts.possible)
        context: dict[str, Any] = {
            "offer": offer,
            "operation": name,
            "selected": selected,
            "counts": counts,
            "one": selected.keys[0] if len(selected.keys) == 1 and counts.possible == 1 else None,
            "typing": typing,
            "sent": sent,
            "refusal": "",
        }
        status = 200
        if request.method == "POST" and ("confirmed" in sent or "draft" in sent):
            try:
                if "draft" in sent:
                    return draft_of_form(request, _plan_of(offer, wizard), rows)
                if typing and sent.get("typed", "").strip() != str(counts.possible):
                    raise Rejected(_("Type the number %(number)s to confirm.") % {"number": counts.possible})
                return self._submit(request, offer, wizard, selected, rows)
            except REFUSALS as refusal:
                context["refusal"], status = refusal_of(refusal)["message"], 400
                if isinstance(refusal, ApprovalNeeded):
                    context["approval"] = approval_json(refusal.policy, request)
        if offer.plan is not None and counts.possible:
            context["approval"] = approval_for_many(offer.plan, rows, lambda: False, request)
        template = "batch/new.html"
        if wizard is not None:
            template = wizard.template
            try:
                context |= wizard.context() if counts.possible else {"config": {}}
            except Rejected as refusal:
                context |= {"counts": Counts(counts.selected, 0, 0, 0), "refusal": refusal.message, "config": {}}
        return self.render(request, template, offer.of(_("process instances")), context, status=status)

    def _submit(
        self,
        request: HttpRequest,
        offer: Offer,
        wizard: Wizard | None,
        selected: Selected,
        rows: QuerySet[ProcessInstance],
    ) -> HttpResponse:
        reason = request.POST.get("reason", "")
        plan = _plan_of(offer, wizard)
        if wizard is not None:
            if len(selected.keys) == 1:
                return self._do_one(request, plan, selected.keys[0], reason)
            refuse_hopeless(rehearse(request, plan, wizard))
        action = SubmitBatch.of(request, Channel.ADMIN, reason=reason, break_glass=glass_of(request))
        key = action.execute(plan, Selection(rows=rows))
        return redirect("admin:operate_batch_change", key)

    def _do_one(self, request: HttpRequest, plan: Plan, key: int, reason: str) -> HttpResponse:
        """One process instance is not worth a batch: it is done now, and its result is seen at once."""
        plan.check()
        terms: dict[str, Any] = {"reason": reason, "break_glass": glass_of(request)}
        started = plan.started(plan.run(lambda kind: kind.of(request, Channel.ADMIN, **terms), key))
        if started is not None:
            messages.success(
                request, _("Process instance %(key)s restarted as %(started)s.") % {"key": key, "started": started}
            )
        else:
            messages.success(
                request, _("Process instance %(key)s: %(done)s.") % {"key": key, "done": "; ".join(plan.describe()[:3])}
            )
        return redirect("admin:workflow_processinstance_change", key if started is None else started)

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def preview_view(self, request: HttpRequest) -> JsonResponse:
        """What the wizard's form would do, tried on some of the process instances; nothing is written."""
        name = request.POST.get("operation", "")
        if name not in WIZARDS:
            raise Http404(_("There is no wizard '%(name)s'.") % {"name": name})
        offer = OFFERS[name]
        selected = Selected.of(request, request.POST)
        wizard = WIZARDS[name](request, selected, selected.suiting(request, offer.right, offer.meant), request.POST)
        plan = wizard.plan()
        tried = rehearse(request, plan, wizard)
        approval = approval_for_many(plan, wizard.rows, lambda: tried.is_red, request)
        return JsonResponse({"plan": plan.describe()[:50], **wizard.shown(tried), "approval": approval})


def _plan_of(offer: Offer, wizard: Wizard | None) -> Plan:
    """What is to be done, as it was asked for."""
    plan = offer.plan if wizard is None else wizard.plan()
    if plan is None:
        raise Rejected(_("Expected a plan of what is to be done, but there is none."))
    return plan


def rehearse(request: HttpRequest, plan: Plan, wizard: Wizard) -> Rehearsal:
    """Try the plan on the newest of the selected process instances; what is wrong with the plan itself is raised."""
    keys = wizard.sample()
    return SubmitBatch.of(request, Channel.ADMIN).rehearse(plan, Selection(keys=keys), detailed=DETAILED)


def refuse_hopeless(tried: Rehearsal) -> None:
    """Raise Rejected where each one that was tried would be refused: the others would be as well."""
    if tried.examined and not tried.succeeded:
        reason = next(iter(tried.reasons.values())).text
        raise Rejected(
            _("Nothing was done: all of the %(examined)s that were tried are refused. %(reason)s")
            % {"examined": tried.examined, "reason": reason}
        )


def decorate(batch: Any) -> None:
    """What the pages show of a batch besides its columns."""
    batch.waiting = batch.total - batch.completed - batch.failed - batch.canceled
    batch.dot = DOTS[State(batch.state)]
    batch.is_live = batch.state == State.ACTIVE
    whole = max(batch.total, 1)
    batch.bars = [
        (name, label, number, 100 * number / whole)
        for name, label, number in (
            ("completed", "completed", batch.completed),
            ("failed", "failed", batch.failed),
            ("canceled", "canceled", batch.canceled),
        )
        if number
    ]
    batch.percent = 100 * (batch.total - batch.waiting) // whole if batch.total else 100


def running_batches(user: Any) -> dict[str, Any]:
    """The newest batches in progress, and whether any of them is being worked at."""
    rows: Any = visible_to(Batch.objects.filter(state__in=(State.ACTIVE, State.SUSPENDED)), user)
    batches = list(rows.with_progress()[:MAX_RUNNING])
    for batch in batches:
        decorate(batch)
    return {"batches": batches, "live": any(batch.is_live for batch in batches)}


def why_not(reasons: Reasons, batch: Any) -> dict[str, str]:
    """For each operation on a batch why it is not offered, or an empty text."""
    right: Right = read_plan(batch.type, batch.plan).right
    missing = next((why for each in batch.workspaces if (why := reasons.right(right, each))), "")
    if missing:
        return dict.fromkeys(OPERATIONS, missing)
    label = batch.get_state_display().lower()
    ended = batch.state in (State.COMPLETED, State.CANCELED)
    return {
        "suspend": "" if batch.state == State.ACTIVE else _("It is not active: %(label)s.") % {"label": label},
        "resume": "" if batch.state == State.SUSPENDED else _("It is not suspended."),
        "cancel": _("It has ended: %(label)s.") % {"label": label} if ended else "",
        "retry": "" if batch.jobs_failed else _("Nothing has failed."),
        "delete": "" if ended or batch.state == State.PARTIALLY_COMPLETED else _("It has not ended. Cancel it first."),
    }


__all__ = ["BatchAdmin"]
