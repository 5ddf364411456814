"""The page of one process instance: what it shows at first, one tab at a time, and what is fetched while somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from audit.models import Channel
from operate.actions import CompleteUserTask
from operate.admin.answers import body_of, json_view
from operate.admin.instance.history_tree import HistoryTree
from operate.admin.instance.page import InstancePage
from operate.admin.reasons import Reasons
from operate.admin.wording import instance_state
from operate.forms.json_values import variables_of
from operate.forms.keys import key_of
from operate.notes.models import NoteKind
from operate.presence.changes import with_newest_event
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance
from workflow.persistence.definitions import executable_process

if TYPE_CHECKING:
    from operate.admin.base import EngineModelAdmin as Base
else:
    Base = object

TABS = {
    "waits": _("Waiting for"),
    "variables": _("Variables"),
    "incidents": _("Incidents"),
    "jobs": _("Jobs"),
    "audit": _("Audit log"),
    "notes": _("Notes"),
    "snapshots": _("Snapshots"),
    "tasks": _("Tasks"),
    "messages": _("Messages"),
    "called": _("Called"),
    "details": _("Details"),
}
ALWAYS = ("facts", "pinned")
AFTER_COMMANDS = (*ALWAYS, "waits", "variables", "notes", "audit")
BY_SCRIPT = frozenset({"snapshots"})
"""Tabs that the script fills."""


class InstanceViews(Base):
    """The page of one process instance."""

    def instance_pages(self) -> list[URLPattern]:
        """Where its parts are."""
        return [
            self.page("<int:key>/", "change", self.instance_view),
            self.page("<int:key>/panels/", "panels", self.panels_view),
            self.page("<int:key>/history/", "history", self.history_view),
            self.page("<int:key>/tasks/<int:task>/", "task", self.task_view),
        ]

    @method_decorator(require_GET)
    def instance_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        instance = self.visible(request, key, also=with_newest_event)
        page = self._page(request, instance)
        tab = chosen_tab(request)
        context = self._context(request, page, tab) | {
            "tab": tab,
            "tabs": TABS,
            "history": page.history.told() | {"way": [str(each) for each in page.way]},
            "diagram_height": _height(request),
        }
        return self.render(request, "instance.html", f"{instance.process_name or instance.process_id} {key}", context)

    @method_decorator(require_GET)
    def panels_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """One tab and what stands around it as they are now; next to nothing if the revision is still the one known."""
        instance = self.visible(request, key)
        if request.GET.get("revision") == str(instance.revision):
            return JsonResponse({"revision": str(instance.revision), "isSame": True})
        names = (*ALWAYS, chosen_tab(request)) if "tab" in request.GET else AFTER_COMMANDS
        return JsonResponse(self._panels(request, self._page(request, instance), names))

    @method_decorator(require_GET)
    def history_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """A slice of the children of one scope; with `key` or `element` where to find that."""
        instance = self.visible(request, key)
        tree = HistoryTree(instance, executable_process(instance.definition_key))
        wanted = {name: key_of(request.GET.get(name, "")) for name in ("scope", "from", "key")}
        if "element" in request.GET:
            element_id = request.GET["element"].replace("\x00", "")
            found, total = tree.of_element(element_id) or (0, 0)
            return JsonResponse({"way": [str(each) for each in tree.way_to(found)] if found else [], "total": total})
        if wanted["key"] is not None:
            way = tree.way_to(wanted["key"])
            return JsonResponse({"way": [str(each) for each in way], "total": len(way) and 1})
        level = tree.level(wanted["scope"] or key, wanted["from"] or 0, is_open="running" in request.GET)
        return JsonResponse(level.told())

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def task_view(self, request: HttpRequest, key: int, task: int) -> JsonResponse:
        """Complete one user task of this process instance."""
        self.visible(request, key)
        body = body_of(request)
        CompleteUserTask.of(request, Channel.ADMIN, reason=str(body.get("reason") or "")).execute(
            task, variables=variables_of(str(body.get("variables") or ""))
        )
        return self.present_state(request, key)

    def present_state(self, request: HttpRequest, key: int) -> JsonResponse:
        """The page after a command, so that its result is seen at once."""
        return JsonResponse(self._now(request, key, None))

    def _now(self, request: HttpRequest, key: int, scope: int | None) -> dict[str, Any]:
        instance = self.get_queryset(request).filter(pk=key).first()
        if instance is None:
            raise Rejected(_("Process instance '%(key)s' is gone.") % {"key": key})
        page = InstancePage(instance, Reasons.of(request), scope=scope)
        return self._panels(request, page, AFTER_COMMANDS)

    def _page(self, request: HttpRequest, instance: ProcessInstance) -> InstancePage:
        return InstancePage(instance, Reasons.of(request), scope=key_of(request.GET.get("scope", "")))

    def _context(self, request: HttpRequest, page: InstancePage, tab: str = "") -> dict[str, Any]:
        instance = page.instance
        dot, state = instance_state(instance)
        return {
            "page": page,
            "instance": instance,
            "dot": dot,
            "state": state,
            "diagram": page.diagram,
            "note_kinds": NoteKind.choices,
            "here": reverse("admin:workflow_processinstance_change", args=[instance.key]),
            "config": {
                "key": str(instance.key),
                "definition": str(instance.definition_key),
                "xml": reverse("admin:workflow_processdefinition_xml", args=[instance.definition_key]),
                "page": reverse("admin:workflow_processinstance_change", args=[instance.key]),
                "isRunning": instance.state == ProcessInstance.State.ACTIVE,
                "why": page.why,
                "name": getattr(instance, "process_name", "") or instance.process_id,
                "dot": dot,
                "state": str(state),
                "tab": tab,
            },
        }

    def _panels(self, request: HttpRequest, page: InstancePage, names: Sequence[str]) -> dict[str, Any]:
        context = self._context(request, page)
        return {
            "revision": str(page.instance.revision),
            "isRunning": context["config"]["isRunning"],
            "scope": "" if page.wanted_scope is None else str(page.wanted_scope),
            "diagram": context["diagram"],
            "history": page.history.told(),
            "counts": _counts(page, names),
            "panels": {
                name: render_to_string(f"admin/fettle/instance/{name}.html", context, request)
                for name in names
                if name not in BY_SCRIPT
            },
        }


def chosen_tab(request: HttpRequest) -> str:
    """The tab that the address asks for."""
    chosen = request.GET.get("tab", "")
    if chosen in TABS:
        return chosen
    if chosen:
        raise Http404(_("There is no tab '%(chosen)s'.") % {"chosen": chosen})
    return "variables" if "scope" in request.GET or request.GET.get("edit") == "variables" else "waits"


def _counts(page: InstancePage, names: Sequence[str]) -> dict[str, int]:
    """What stands beside the names of tabs."""
    waits = {"waits": len(page.waits)} if "waits" in names else {}
    return waits | {
        "incidents": page.instance.open_incidents,
        "called": page.called_total,
        "notes": len(page.notes.present),
    }


def _height(request: HttpRequest) -> int | None:
    """The height that the user has drawn the diagram to."""
    text = request.COOKIES.get("fettle_diagram_height", "")
    return min(max(int(text), 160), 2_000) if text.isdecimal() and len(text) < 5 else None
