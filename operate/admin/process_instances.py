"""Process instances: find them, understand one, repair it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from audit.models import Channel, Subject
from operate.actions import (
    Action,
    CancelProcessInstance,
    DeleteProcessInstance,
    ResumeProcessInstance,
    SuspendProcessInstance,
)
from operate.admin import finding
from operate.admin.answers import REFUSALS, followed
from operate.admin.exporting import Columns, ExportedList
from operate.admin.four_eyes.asking import approval_for_many
from operate.admin.four_eyes.saving import draft_of_form, glass_of
from operate.admin.instance.going_back import GoingBackPages
from operate.admin.instance.notes import NotesViews
from operate.admin.instance.occurring import OccurringPages
from operate.admin.instance.presence import PresenceViews
from operate.admin.instance.variables_page import VariablesViews
from operate.admin.instance.views import InstanceViews
from operate.admin.instance_list import (
    COLUMNS,
    LIST,
    MAX_QUERY,
    choose_columns,
    chosen_columns,
    complete_for_export,
    count_of,
    decorate,
    diagram_config,
    exported_columns,
    figures_of,
    kept_query,
    saved_filters,
)
from operate.admin.modification.page import ModificationViews
from operate.admin.paging import BY_KEY, Order
from operate.admin.time_paging import by_time
from operate.batch.models import BatchType
from operate.batch.plans import PLANS
from operate.forms.instance_filter import ProcessInstanceFilter
from operate.forms.keys import key_of, keys_of
from operate.lists import SavedFilter
from operate.notes.reading import with_pinned_note
from operate.workspaces import visible_to
from workflow.models import ProcessInstance, Workspace

MAX_SELECTED = 500
BY_START, BY_END = by_time("started_at"), by_time("ended_at")

OPERATIONS: dict[str, tuple[type[Action[Any]], Any, Any, Any]] = {
    "cancel": (
        CancelProcessInstance,
        _("Cancel %(what)s"),
        _("Process instance %(key)s canceled."),
        _("%(done)s of %(all)s process instances canceled."),
    ),
    "suspend": (
        SuspendProcessInstance,
        _("Suspend %(what)s"),
        _("Process instance %(key)s suspended."),
        _("%(done)s of %(all)s process instances suspended."),
    ),
    "resume": (
        ResumeProcessInstance,
        _("Resume %(what)s"),
        _("Process instance %(key)s resumed."),
        _("%(done)s of %(all)s process instances resumed."),
    ),
    "delete": (
        DeleteProcessInstance,
        _("Delete %(what)s"),
        _("Process instance %(key)s deleted."),
        _("%(done)s of %(all)s process instances deleted."),
    ),
}


@admin.register(ProcessInstance)
class ProcessInstanceAdmin(
    InstanceViews,
    VariablesViews,
    ModificationViews,
    GoingBackPages,
    OccurringPages,
    NotesViews,
    PresenceViews,
    ExportedList,
):
    """Read-only: the engine writes process instances, people act on them."""

    filter_form = ProcessInstanceFilter
    list_template = "instances.html"
    exported = Subject.PROCESS_INSTANCE

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = with_pinned_note(super().get_queryset(request))
        return rows.annotate(
            process_name=F("definition__name"),
            semantics=F("definition__semantics"),
            workspace_name=F("workspace__name"),
        )

    def pages(self) -> list[URLPattern]:
        return [
            self.page("find/", "find", self.find_view),
            self.page("suggest/", "suggest", self.suggest_view),
            self.page("figures/", "figures", self.figures_view),
            self.page("count/", "count", self.count_view),
            self.page("columns/", "columns", self.columns_view),
            self.page("filters/", "filters", self.filters_view),
            self.page("confirm/", "confirm", self.confirm_view),
            *self.instance_pages(),
            *self.variables_pages(),
            *self.notes_pages(),
            *self.presence_pages(),
            self.page("<int:key>/operations/", "operations", self.operations_view),
            self.page("<int:key>/back/", "back", self.back_view),
            self.page("<int:key>/event/<int:subscription>/", "event", self.event_view),
            self.page("<int:key>/modify/", "modify", self.modify_view),
            self.page("<int:key>/plan/", "plan", self.export_view),
            self.page("<int:key>/undo/<int:event>/", "undo", self.undo_view),
        ]

    # -- the list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        filters = self.filters_of(request)
        workspaces = filters.workspaces
        return super().changelist_view(
            request,
            {
                "columns": self.columns_of(request, len(workspaces)),
                "all_columns": COLUMNS,
                "config": diagram_config(request, filters),
                "saved": saved_filters(request, workspaces),
                "kept_query": kept_query(request),
                **(extra_context or {}),
            },
        )

    def order_of(self, filters: ProcessInstanceFilter) -> Order:
        """The newest first; if a time is asked for, then by that, because an index leads straight to it."""
        if filters.value("ended_from") or filters.value("ended_to"):
            return BY_END
        return BY_START if filters.value("started_from") or filters.value("started_to") else BY_KEY

    def columns_of(self, request: HttpRequest, workspaces: int) -> tuple[str, ...]:
        """Read once a request: the rows are decorated by them, and the template shows them."""
        known: tuple[str, ...] | None = getattr(request, "fettle_columns", None)
        if known is None:
            known = request.fettle_columns = chosen_columns(request.user, workspaces)  # type: ignore[attr-defined]
        return known

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        decorate(request, rows, self.columns_of(request, 2))
        return rows

    def export_columns(self, request: HttpRequest) -> Columns:
        return exported_columns(self.columns_of(request, len(self.filters_of(request).workspaces)))

    def export_rows(self, columns: Columns, rows: Sequence[Any]) -> Sequence[Any]:
        complete_for_export(rows, columns)
        return rows

    @method_decorator(require_GET)
    def figures_view(self, request: HttpRequest) -> HttpResponseBase:
        """The badges of the diagram: the list's filters, but for the element, which is what one chooses there."""
        query = request.GET.copy()
        query.pop("element", None)
        filters = ProcessInstanceFilter(query, user=request.user)
        return JsonResponse(figures_of(filters.narrow(self.plain_rows(request))))

    @method_decorator(require_GET)
    def count_view(self, request: HttpRequest) -> HttpResponseBase:
        """How many process instances the list's filters find."""
        number, is_more = count_of(self.filters_of(request).narrow(self.plain_rows(request)))
        return JsonResponse({"count": number, "isMore": is_more})

    def plain_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows without what only the list shows."""
        return super().get_queryset(request)

    @method_decorator(require_POST)
    def columns_view(self, request: HttpRequest) -> HttpResponse:
        """Remember which columns the user wants to see."""
        choose_columns(request.user, [] if "usual" in request.POST else request.POST.getlist("column"))
        return self._back_to_list(request)

    @method_decorator(require_POST)
    def filters_view(self, request: HttpRequest) -> HttpResponse:
        """Save the filters of the list under a name, or forget a saved one."""
        workspaces = list(visible_to(Workspace.objects.all(), request.user))
        forgotten = key_of(request.POST.get("forget", ""))
        if forgotten is not None:
            found = [each for each in saved_filters(request, workspaces) if each.pk == forgotten]
            for each in found:
                if each.why_not_delete:
                    messages.error(request, each.why_not_delete)
                else:
                    each.delete()
                    messages.success(request, _("Saved filter '%(name)s' removed.") % {"name": each.name})
            return self._back_to_list(request)
        name = request.POST.get("name", "").replace("\x00", "").strip()[:100]
        query = request.POST.get("query", "")[:MAX_QUERY]
        shared = next((each for each in workspaces if each.slug == request.POST.get("share")), None)
        if not name:
            messages.error(request, _("A saved filter needs a name."))
        else:
            SavedFilter.objects.update_or_create(
                list_name=LIST, owner=request.user, name=name, defaults={"query": query, "workspace": shared}
            )
            messages.success(request, _("Filter saved as '%(name)s'.") % {"name": name})
        return self._back_to_list(request)

    def _back_to_list(self, request: HttpRequest) -> HttpResponse:
        return redirect(own_address(request.POST.get("back", "")) or "admin:workflow_processinstance_changelist")

    @method_decorator(require_GET)
    def find_view(self, request: HttpRequest) -> HttpResponseBase:
        """Straight to the one thing with this key, business key or searchable data, else to the list of those found."""
        text = request.GET.get("q", "").replace("\x00", "").strip()
        goal = finding.single(request.user, text)
        if goal:
            return redirect(goal)
        listed = reverse("admin:workflow_processinstance_changelist")
        hits = finding.instances(request.user, text) if text else []
        if not hits:
            messages.warning(
                request,
                _("Nothing has the key or business key '%(text)s', or '%(text)s' in its searchable data.")
                % {"text": text},
            )
        query = request.GET.copy()
        query.clear()
        by_data = [str(hit.key) for hit in hits if hit.key]
        query.update({"key": ",".join(by_data)} if by_data else {"business_key": text})
        return redirect(f"{listed}?{query.urlencode()}" if text else listed)

    @method_decorator(require_GET)
    def suggest_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the text that is being typed means, for the list below the search."""
        return JsonResponse({"hits": finding.search_results(finding.find(request.user, request.GET.get("q", "")))})

    # -- one or many

    def confirm_view(self, request: HttpRequest) -> HttpResponseBase:
        """What will be done to which process instances, with a reason; a POST does it."""
        sent = request.POST if request.method == "POST" else request.GET
        operation = OPERATIONS.get(sent.get("operation", ""))
        if operation is None:
            raise Http404(_("There is no operation '%(get)s'.") % {"get": sent.get("operation", "")})
        rows = list(
            self.get_queryset(request).filter(pk__in=keys_of(sent.getlist("key"))[:MAX_SELECTED]).order_by("-pk")
        )
        name = sent["operation"]
        for row in self.decorated(request, rows):
            row.refusal = row.why[name]
        possible = [row for row in rows if not row.refusal]
        plan = PLANS[BatchType(name.upper())]()
        if request.method == "POST" and "draft" in request.POST and possible:
            chosen = self.get_queryset(request).filter(pk__in=[row.pk for row in possible])
            try:
                return draft_of_form(request, plan, chosen)
            except REFUSALS as refusal:
                messages.error(request, str(getattr(refusal, "message", refusal)))
        elif request.method == "POST" and "confirmed" in request.POST:
            return self._do(request, name, possible)
        one = ProcessInstance.objects.filter(pk__in=[row.pk for row in possible[:1]])  # each is a command of its own
        context = {
            "operation": name,
            "phrase": operation[1],
            "rows": rows,
            "possible": possible,
            "impossible": [row for row in rows if row.refusal],
            "back": own_address(sent.get("back", "")),
            "approval": approval_for_many(plan, one, lambda: False, request) if possible else None,
        }
        return self.render(request, "confirm.html", operation[1] % {"what": gettext("process instances")}, context)

    def _do(self, request: HttpRequest, name: str, rows: Sequence[ProcessInstance]) -> HttpResponse:
        """Each process instance on its own: what is refused for one does not stop the others."""
        kind, _phrase, done_one, done_many = OPERATIONS[name]
        action = kind.of(request, Channel.ADMIN, reason=request.POST.get("reason", ""), break_glass=glass_of(request))
        refused: list[str] = []
        for row in rows:
            try:
                action.execute(row.key)
            except REFUSALS as refusal:
                refused.append(f"{row.key}: {getattr(refusal, 'message', refusal)}")
        done = len(rows) - len(refused)
        if done:
            text = done_one % {"key": rows[0].key} if len(rows) == 1 else done_many % {"done": done, "all": len(rows)}
            page = reverse("admin:workflow_processinstance_change", args=[rows[0].key])
            is_one_left = len(rows) == 1 and name != "delete"
            messages.success(request, followed(text, gettext("Open"), page) if is_one_left else text)
        for text in refused[:10]:
            messages.error(request, text)
        if len(refused) > 10:
            messages.error(
                request,
                gettext("%(number)s more were refused; the audit log has each of them.")
                % {"number": len(refused) - 10},
            )
        return redirect(own_address(request.POST.get("back", "")) or "admin:workflow_processinstance_changelist")


def own_address(address: str) -> str:
    """A path of this site, or nothing: nobody is sent elsewhere by what stands in a link."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else ""
