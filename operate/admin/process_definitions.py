"""Process definitions: what is deployed, its diagram and versions, uploading models and starting instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.models import Channel
from operate.actions import Deploy, StartProcessInstance
from operate.admin.answers import REFUSALS, followed, json_view, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.definitions.comparing import compare
from operate.admin.definitions.data_paths import DataPathsPages
from operate.admin.definitions.operations import (
    OPERATIONS,
    Operation,
    kept,
    question,
    reasons_of,
    start_rows,
)
from operate.admin.definitions.running import running_versions
from operate.admin.instance_list import figures_of, present
from operate.admin.modification.offers import Running, why_not_add
from operate.admin.wording import element_label
from operate.forms.definitions import OperationForm
from operate.forms.deploying import SEMANTICS, StartForm, UploadForm
from operate.forms.filters import ProcessDefinitionFilter
from operate.forms.json_values import variables_of
from operate.workspaces import Access, Forbidden, Right, visible_to
from workflow.bpmn import detect_semantics, read_model
from workflow.engine.errors import ModelProblems, Rejected
from workflow.graph import Semantics
from workflow.models import ProcessDefinition, ProcessInstance, Workspace
from workflow.modification import ActivateElement, Instruction, StartBefore
from workflow.persistence.definitions import executable_process
from workflow.services import Deployed, Resource

MAX_FILE_BYTES = 50 * 1024 * 1024
LISTED_VERSIONS = 100


@admin.register(ProcessDefinition)
class ProcessDefinitionAdmin(DataPathsPages, EngineModelAdmin):
    """Read-only: a new version comes by deploying."""

    filter_form = ProcessDefinitionFilter
    list_template = "definitions.html"
    page_size = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("xml").annotate(workspace_name=F("workspace__name"))

    def pages(self) -> list[URLPattern]:
        return [
            self.page("upload/", "upload", self.upload_view),
            self.page("detect/", "detect", self.detect_view),
            self.page("<int:key>/", "change", self.definition_view),
            self.page("<int:key>/xml/", "xml", self.xml_view),
            self.page("<int:key>/data/", "data", self.data_view),
            self.page("<int:key>/compare/", "compare", self.compare_view),
            self.page("<int:key>/start/", "start", self.start_view),
            self.page("<int:key>/ask/<str:operation>/", "ask", self.ask_view),
        ]

    # -- the list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return super().changelist_view(request, {"why_not_deploy": why_not_deploy(request), **(extra_context or {})})

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        """With the number of versions and of running instances, some queries for the whole page."""
        processes = {row.process_id for row in rows}
        workspaces = {row.workspace_id for row in rows}
        counted = (
            ProcessDefinition.objects.filter(process_id__in=processes, workspace_id__in=workspaces)
            .order_by()
            .values_list("workspace_id", "process_id")
            .annotate(total=Count("key"))
        )
        versions = {(workspace, process): total for workspace, process, total in counted}
        found, is_estimate = running_versions(sorted(workspaces))
        running: Counter[tuple[int, str]] = Counter()
        incidents: Counter[tuple[int, str]] = Counter()
        for each in found:
            place = (each.definition.workspace_id, each.definition.process_id)
            running[place] += each.running
            incidents[place] += each.incidents
        for row in rows:
            place = (row.workspace_id, row.process_id)
            row.versions = versions.get(place, 0)
            row.running, row.incidents, row.is_estimate = running[place], incidents[place], is_estimate
        return sorted(rows, key=lambda row: (row.workspace_name.lower(), (row.name or row.process_id).lower()))

    # -- the page of one

    @method_decorator(require_GET)
    def definition_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        return self._definition_page(request, key, StartForm())

    def _definition_page(
        self, request: HttpRequest, key: int, form: StartForm, *, tab: str = "", status: int = 200
    ) -> HttpResponseBase:
        definition = self.visible(request, key)
        process = executable_process(definition.key)
        versions = list(
            self.get_queryset(request)
            .filter(workspace_id=definition.workspace_id, process_id=definition.process_id)
            .order_by("-version")[:LISTED_VERSIONS]
        )
        running = dict(
            ProcessInstance.objects.filter(definition__in=versions, state="ACTIVE")
            .order_by()
            .values_list("definition_key")
            .annotate(total=Count("key"))
        )
        for version in versions:
            version.running = running.get(version.key, 0)
            version.kept = kept(version.history_time_to_live_days)
        statistics = element_statistics(definition)
        why = reasons_of(request, definition)
        context = {
            "definition": definition,
            "process": process,
            "versions": versions,
            "kept": kept(definition.history_time_to_live_days),
            "starts": start_rows(definition, process),
            "statistics": statistics,
            "standing": standing_elements(definition, statistics),
            "running": running.get(definition.key, 0),
            "tab": tab or request.GET.get("tab", ""),
            "form": form,
            "why": why,
            "why_not_start": why["start"],
            "startable": startable(key),
            "begin_at": request.POST.getlist("element"),
            "xml": ProcessDefinition.objects.filter(pk=key).values_list("xml", flat=True)[0]
            if request.GET.get("tab") == "xml"
            else "",
            "config": {
                "xml": reverse("admin:workflow_processdefinition_xml", args=[key]),
                "elements": statistics,
                "list": reverse("admin:workflow_processinstance_changelist")
                + f"?process={definition.process_id}&version={definition.version}",
            },
        }
        return self.render(request, "definition.html", str(definition), context, status=status)

    @method_decorator(require_GET)
    def xml_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The model as it was deployed; `?download` saves it as a file."""
        definition = self.get_queryset(request).defer(None).filter(pk=key).first() or self.visible(request, key)
        answer = HttpResponse(definition.xml, content_type="application/xml; charset=utf-8")
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "sandbox"
        answer["Cache-Control"] = "private, max-age=3600"
        if "download" in request.GET:
            name = definition.resource_name.rpartition("/")[2].replace('"', "").replace("\\", "")
            answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    @method_decorator(require_GET)
    def compare_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """What differs between this version and an earlier one, on the diagrams, as a list and in the XML."""
        definition = self.visible(request, key)
        rows = self.get_queryset(request).filter(workspace_id=definition.workspace_id, process_id=definition.process_id)
        others = list(rows.exclude(pk=key).order_by("-version")[:LISTED_VERSIONS])
        chosen = request.GET.get("with", "")
        earlier = [each for each in others if each.version < definition.version]
        other = next((each for each in others if str(each.key) == chosen), None) or next(iter(earlier or others), None)
        context: dict[str, Any] = {"definition": definition, "others": others, "other": other, "config": {}}
        if other is not None:
            models = dict(ProcessDefinition.objects.filter(pk__in=[key, other.key]).values_list("pk", "xml"))
            differences = compare(models[other.key], models[key])
            context |= {
                "differences": differences,
                "config": {
                    "before": reverse("admin:workflow_processdefinition_xml", args=[other.key]),
                    "after": reverse("admin:workflow_processdefinition_xml", args=[key]),
                    "differences": [{"id": each.id, "kind": each.kind} for each in differences],
                },
            }
        return self.render(
            request,
            "definition/compare.html",
            _("Compare versions of %(definition)s") % {"definition": definition},
            context,
        )

    def start_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """Start a process instance with variables and a business key."""
        self.visible(request, key)
        if request.method != "POST":
            return redirect(reverse("admin:workflow_processdefinition_change", args=[key]) + "?tab=start")
        form = StartForm(request.POST)
        if form.is_valid():
            try:
                outcome = StartProcessInstance.of(request, Channel.ADMIN, reason=form.cleaned_data["reason"]).execute(
                    key,
                    variables=variables_of(form.cleaned_data["variables"]),
                    business_key=form.cleaned_data["business_key"] or None,
                    instructions=start_instructions(key, request.POST.getlist("element")),
                )
            except REFUSALS as refusal:
                form.add_error(None, refusal_of(refusal)["message"])
            else:
                messages.success(
                    request,
                    _("Process instance %(process_instance_key)s started.")
                    % {"process_instance_key": outcome.process_instance_key},
                )
                return redirect("admin:workflow_processinstance_change", outcome.process_instance_key)
        return self._definition_page(request, key, form, tab="start", status=400)

    # -- suspending, keeping history, deleting

    def ask_view(self, request: HttpRequest, key: int, operation: str) -> HttpResponseBase:
        """What an operation means, with its questions; a POST does it. `?dialog` leaves out the frame of the page."""
        chosen = OPERATIONS.get(operation)
        if chosen is None:
            raise Http404(_("There is no operation '%(operation)s'.") % {"operation": operation})
        definition = self.visible(request, key)
        form = chosen.form(
            request.POST if request.method == "POST" else None, initial={"days": definition.history_time_to_live_days}
        )
        status = 200
        if request.method == "POST":
            if form.is_valid() and (done := self._do(request, definition, chosen, form)) is not None:
                return done
            status = 400
        context = {
            "definition": definition,
            "operation": operation,
            "verb": chosen.verb,
            "phrase": chosen.phrase,
            "is_dangerous": chosen.is_dangerous,
            "form": form,
            "why": reasons_of(request, definition)[operation],
            **question(operation, definition),
        }
        template = "definition/ask.html" if "dialog" in request.GET else "definition/ask_page.html"
        return self.render(request, template, str(chosen.phrase) % {"what": definition}, context, status=status)

    def _do(
        self, request: HttpRequest, definition: ProcessDefinition, operation: Operation, form: OperationForm
    ) -> HttpResponse | None:
        """Where to go when it is done; None if it was refused, which the form then tells."""
        try:
            messages.success(request, operation.perform(request, definition, form.cleaned_data))
        except REFUSALS as refusal:
            form.add_error(None, refusal_of(refusal)["message"])
            return None
        left = self.get_queryset(request).filter(workspace_id=definition.workspace_id, process_id=definition.process_id)
        goal = left.filter(pk=definition.key).first() or left.filter(is_latest=True).first()
        if goal is None:
            return redirect("admin:workflow_processdefinition_changelist")
        return redirect("admin:workflow_processdefinition_change", goal.key)

    # -- uploading

    def upload_view(self, request: HttpRequest) -> HttpResponseBase:
        """Deploy files into a workspace; what is wrong with them is told in a table."""
        workspaces = list(visible_to(Workspace.objects.all(), request.user, Right.DEPLOY))
        form = UploadForm(request.POST or None, request.FILES or None, workspaces=workspaces)
        context: dict[str, Any] = {"form": form, "why_not": why_not_deploy(request), "problems": []}
        status = 200
        if request.method == "POST" and form.is_valid():
            try:
                deployed = self._deploy(request, form)
            except ModelProblems as refusal:
                context["problems"] = refusal_of(refusal)["problems"]
            except REFUSALS as refusal:
                form.add_error(None, refusal_of(refusal)["message"])
            else:
                tell_deployed(request, deployed)
                return redirect("admin:workflow_processdefinition_change", deployed.definitions[0].key)
        if request.method == "POST":
            status = 400
        return self.render(request, "upload.html", _("Deploy models"), context, status=status)

    def _deploy(self, request: HttpRequest, form: UploadForm) -> Deployed:
        resources = [Resource(file.name, file.read()) for file in form.cleaned_data["files"]]
        choice = form.cleaned_data["semantics"]
        return Deploy.of(request, Channel.ADMIN, reason=form.cleaned_data["reason"]).execute(
            resources,
            workspace_id=int(form.cleaned_data["workspace"]),
            chosen=Semantics(choice) if choice else None,
            name=form.cleaned_data["name"],
            source="Back office",
        )

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def detect_view(self, request: HttpRequest) -> JsonResponse:
        """Whose semantics a file asks for, so that the upload form can preselect it."""
        if not Access.of(request.user).may_anywhere(Right.DEPLOY):
            raise Forbidden(Right.DEPLOY, "")
        file = request.FILES.get("file")
        if file is None or file.size is None or file.size > MAX_FILE_BYTES:
            return JsonResponse({"semantics": "", "reason": _("the file is missing or larger than 50 MB")})
        content = file.read()
        try:
            found = detect_semantics(content, fallback=None)
        except ModelProblems as problems:
            return JsonResponse({"semantics": "", "reason": problems.message, **refusal_of(problems)})
        semantics = found.semantics.value if found.semantics and not found.is_ambiguous else ""
        chosen = request.POST.get("semantics") or semantics
        return JsonResponse(
            {
                "semantics": semantics,
                "label": dict(SEMANTICS).get(semantics, ""),
                "reason": found.reason,
                "ambiguous": found.is_ambiguous,
                "problems": problems_of(content, chosen),
            }
        )


def problems_of(content: bytes, semantics: str) -> list[dict[str, Any]]:
    """What is wrong with a model under these semantics; nothing is told before it is known whose they are."""
    if semantics not in dict(SEMANTICS):
        return []
    try:
        read_model(content, resource_name="", fallback=None, chosen=Semantics(semantics))
    except ModelProblems as problems:
        found: list[dict[str, Any]] = refusal_of(problems)["problems"]
        return found
    return []


def start_instructions(key: int, elements: Sequence[str]) -> list[Instruction]:
    """Where a new process instance begins instead of at its start event; raises Rejected for what is not in the model."""
    process = executable_process(key)
    found: list[Instruction] = []
    for each in elements:
        element = process.elements.get(each)
        if element is None:
            raise Rejected(_("Expected an element of this version, found '%(each)s'.") % {"each": each})
        if process.semantics is Semantics.CAMUNDA_7:
            found.append(StartBefore((element.body or element).id))
        else:
            found.append(ActivateElement(each))
    return found


def startable(key: int) -> list[dict[str, str]]:
    """The elements that a new process instance can begin at, by name."""
    process = executable_process(key)
    nothing = Running(process)
    drawn = (each for each in process.elements.values() if each.flow_scope is not None and "#" not in each.id)
    found = [{"id": each.id, "name": element_label(each)} for each in drawn if not why_not_add(each, nothing)]
    return sorted(found, key=lambda each: each["name"].lower())


def why_not_deploy(request: HttpRequest) -> str:
    """Why the user cannot deploy anywhere; empty if somewhere is allowed."""
    if Access.of(request.user).may_anywhere(Right.DEPLOY):
        return ""
    return Forbidden(Right.DEPLOY, "").message


def tell_deployed(request: HttpRequest, deployed: Deployed) -> None:
    """Say for each process whether there is a new version."""
    for definition in deployed.definitions:
        if definition.key in deployed.new_keys:
            messages.success(
                request,
                followed(
                    _("Deployed '%(name)s' as version %(version)s.")
                    % {"name": definition.name or definition.process_id, "version": definition.version},
                    _("Open"),
                    reverse("admin:workflow_processdefinition_change", args=[definition.key]),
                ),
            )
        else:
            messages.info(
                request,
                _(
                    "'%(name)s': the file is unchanged, so there is no new version (version %(version)s stays the latest)."
                )
                % {"name": definition.name or definition.process_id, "version": definition.version},
            )


def element_statistics(definition: ProcessDefinition) -> dict[str, dict[str, int]]:
    """How many tokens and incidents stand at each element, in the (newest) running instances of this version."""
    return present(figures_of(ProcessInstance.objects.filter(definition=definition.key, state="ACTIVE"))["elements"])


def standing_elements(definition: ProcessDefinition, statistics: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """The same as a list, for those who do not look at diagrams."""
    elements = executable_process(definition.key).elements
    return [
        {"id": element, "name": element_label(elements[element]) if element in elements else element, **figures}
        for element, figures in sorted(statistics.items())
    ]
