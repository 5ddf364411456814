"""Batches: what is being done to many process instances, how far it is, and asking for one from the list of instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
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
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.process_instances import MAX_SELECTED, own_address
from operate.admin.reasons import Reasons
from operate.batch.models import Batch, BatchItem, BatchType
from operate.batch.plans import PLANS, Cancel, Delete, Plan, ResolveIncidents, Resume, Suspend, read_plan
from operate.batch.submitting import Selection
from operate.forms.batches import BatchFilter
from operate.forms.instance_filter import ProcessInstanceFilter
from operate.forms.keys import key_of, keys_of
from operate.workspaces import Right, visible_to
from workflow.models import ProcessInstance

State = Batch.State
MAX_ITEMS = 200
MAX_COUNTED = 100_000
DOTS = {
    State.ACTIVE: "active",
    State.SUSPENDED: "suspended",
    State.COMPLETED: "completed",
    State.PARTIALLY_COMPLETED: "incident",
    State.CANCELED: "canceled",
}
OPERATIONS: dict[str, tuple[type[Action[Any]], str]] = {
    "suspend": (SuspendBatch, "Batch suspended: nothing more of it is done until it is resumed."),
    "resume": (ResumeBatch, "Batch resumed."),
    "cancel": (CancelBatch, "Batch canceled: what was not done yet is left undone."),
    "retry": (RetryBatch, "What failed is tried again."),
    "delete": (DeleteBatch, "Batch deleted; what it has done stays done."),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be done to many process instances from their list."""

    verb: str
    plan: Plan
    meant: Q
    unsuitable: str
    """Why others are left out."""
    what: str
    is_dangerous: bool = False


ACTIVE = ProcessInstance.State.ACTIVE
OFFERS = {
    "suspend": Offer(
        "Suspend",
        Suspend(),
        Q(state=ACTIVE, suspended=False),
        "ended or suspended already",
        "Nothing in them goes on until they are resumed: tasks and jobs wait.",
    ),
    "resume": Offer(
        "Resume",
        Resume(),
        Q(state=ACTIVE, suspended=True),
        "not suspended",
        "Tasks and jobs in them can be completed again.",
    ),
    "resolve": Offer(
        "Retry incidents of",
        ResolveIncidents(),
        Q(state=ACTIVE, open_incidents__gt=0),
        "without an open incident",
        "What failed in them is tried again; jobs without retries get one.",
    ),
    "cancel": Offer(
        "Cancel",
        Cancel(),
        Q(state=ACTIVE),
        "ended already",
        "Everything that is active in them is terminated. This cannot be undone.",
        is_dangerous=True,
    ),
    "delete": Offer(
        "Delete",
        Delete(),
        ~Q(state=ACTIVE),
        "still running",
        "Their history and variables are removed for good; audit events stay.",
        is_dangerous=True,
    ),
}


@admin.register(Batch)
class BatchAdmin(EngineModelAdmin):
    """Batches are asked for and stopped here; workers do them."""

    filter_form = BatchFilter
    list_template = "batches.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).with_progress()  # type: ignore[attr-defined, no-any-return]

    def pages(self) -> list[URLPattern]:
        return [
            self.page("new/", "new", self.new_view),
            self.page("<int:key>/", "change", self.batch_view),
            self.page("<int:key>/progress/", "progress", self.progress_view),
            self.page("<int:key>/operations/", "operations", self.operations_view),
        ]

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        for row in rows:
            decorate(row)
        return rows

    # -- one

    @method_decorator(require_GET)
    def batch_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """What is done, for whom and why, how far it is, and what has become of its instances."""
        batch = self.visible(request, key)
        context = self._context(request, batch) | {"plan": read_plan(batch.type, batch.plan).describe()}
        return self.render(
            request, "batch.html", f"{batch.get_type_display()} · {batch.total} process instances", context
        )

    @method_decorator(require_GET)
    def progress_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The part of the page that changes, as long as it does."""
        context = self._context(request, self.visible(request, key))
        return HttpResponse(render_to_string("admin/fettle/batch/progress.html", context, request))

    def _context(self, request: HttpRequest, batch: Any) -> dict[str, Any]:
        decorate(batch)
        shown = request.GET.get("items", "")
        state = shown if shown in BatchItem.State.values else ""
        items = BatchItem.objects.filter(batch=batch.key, **({"state": state} if state else {})).order_by("key")
        after = key_of(request.GET.get("after", "")) or 0
        found = list(items.filter(pk__gt=after)[: MAX_ITEMS + 1])
        return {
            "batch": batch,
            "why": why_not(Reasons.of(request), batch),
            "items": found[:MAX_ITEMS],
            "shown": state,
            "next": found[MAX_ITEMS - 1].key if len(found) > MAX_ITEMS else 0,
            "states": [
                ("", "All", batch.total),
                ("ACTIVE", "To be done", batch.waiting),
                ("COMPLETED", "Completed", batch.completed),
                ("FAILED", "Failed", batch.failed),
                ("CANCELED", "Canceled", batch.canceled),
            ],
            "query": request.GET.urlencode(),
        }

    @method_decorator(require_POST)
    def operations_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Pause, resume, cancel, retry what failed, or forget."""
        operation = request.POST.get("operation", "")
        if operation not in OPERATIONS:
            raise Http404(f"There is no operation '{operation}' on batches.")
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

    @method_decorator(require_POST)
    def new_view(self, request: HttpRequest) -> HttpResponseBase:
        """What will be done to the chosen process instances, or to all that the list's filters find; then do it."""
        name = request.POST.get("operation", "")
        offer = OFFERS.get(name)
        if offer is None:
            raise Http404(f"There is no operation '{name}' on process instances.")
        keys = keys_of(request.POST.getlist("key"))[:MAX_SELECTED]
        back = own_address(request.POST.get("back", ""))
        everything = bool(request.POST.get("everything"))
        if len(keys) == 1 and not everything and name != "resolve":
            query = QueryDict(mutable=True)
            query.update({"operation": name, "key": str(keys[0]), "back": back})
            return redirect(f"{reverse('admin:workflow_processinstance_confirm')}?{query.urlencode()}")
        chosen = self._chosen(request, None if everything else keys, back)
        allowed = visible_to(chosen, request.user, offer.plan.right)
        suitable = allowed.filter(offer.meant)
        if "confirmed" in request.POST:
            return self._submit(request, offer, suitable, back)
        number, possible = _count(chosen), _count(suitable)
        context = {
            "offer": offer,
            "operation": name,
            "keys": [] if everything else keys,
            "everything": everything,
            "back": back,
            "number": number,
            "possible": possible,
            "forbidden": number - _count(allowed),
            "unsuitable": _count(allowed.exclude(offer.meant)),
        }
        return self.render(request, "batch/new.html", f"{offer.verb} process instances", context)

    def _chosen(self, request: HttpRequest, keys: Sequence[int] | None, back: str) -> QuerySet[ProcessInstance]:
        rows = visible_to(ProcessInstance.objects.all(), request.user)
        if keys is not None:
            return rows.filter(pk__in=keys)
        return ProcessInstanceFilter(QueryDict(urlsplit(back).query), user=request.user).narrow(rows)

    def _submit(self, request: HttpRequest, offer: Offer, rows: QuerySet[ProcessInstance], back: str) -> HttpResponse:
        action = SubmitBatch.of(request, Channel.ADMIN, reason=request.POST.get("reason", ""))
        try:
            key = action.execute(offer.plan, Selection(rows=rows))
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
            return redirect(back or "admin:workflow_processinstance_changelist")
        return redirect("admin:operate_batch_change", key)


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


def why_not(reasons: Reasons, batch: Any) -> dict[str, str]:
    """For each operation on a batch why it is not offered, or an empty text."""
    right: Right = PLANS[BatchType(batch.type)].right
    missing = next((why for each in batch.workspaces if (why := reasons.right(right, each))), "")
    if missing:
        return dict.fromkeys(OPERATIONS, missing)
    label = batch.get_state_display().lower()
    ended = batch.state in (State.COMPLETED, State.CANCELED)
    return {
        "suspend": "" if batch.state == State.ACTIVE else f"It is not active: {label}.",
        "resume": "" if batch.state == State.SUSPENDED else "It is not suspended.",
        "cancel": f"It has ended: {label}." if ended else "",
        "retry": "" if batch.jobs_failed else "Nothing has failed.",
        "delete": "" if ended or batch.state == State.PARTIALLY_COMPLETED else "It has not ended. Cancel it first.",
    }


def _count(rows: QuerySet[ProcessInstance]) -> int:
    """How many, up to a number that nobody would look through."""
    return int(rows.order_by()[:MAX_COUNTED].count())


__all__ = ["BatchAdmin"]
