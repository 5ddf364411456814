"""What is masked in the variables of a process: patterns, who set them and when."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.models import Channel
from operate.actions.workspaces import MaskVariables, UnmaskVariables
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.reasons import Reasons
from operate.forms.workspaces import MaskForm
from operate.masking.models import MaskedVariable
from operate.workspaces import Access, Forbidden, Right, visible_to
from operate.workspaces.past import past
from workflow.models import ProcessDefinition, Workspace


@admin.register(MaskedVariable)
class MaskedVariableAdmin(EngineModelAdmin):
    """Patterns by process; each process has its page, which hangs on its definition."""

    list_template = "masking/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        workspaces = Access.of(request.user).workspaces(Right.VIEW)
        rows = MaskedVariable.objects.annotate(workspace_name=F("workspace__name"))
        return rows if workspaces is None else rows.filter(workspace__in=workspaces)

    def pages(self) -> list[URLPattern]:
        return [
            self.page("of/<int:definition>/", "of", self.process_view),
            self.page("of/<int:definition>/remove/", "remove", self.remove_view),
        ]

    def process_view(self, request: HttpRequest, definition: int) -> HttpResponseBase:
        """The patterns of the process of a definition; a POST adds one."""
        found = self._definition(request, definition)
        form = MaskForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                MaskVariables.of(request, Channel.ADMIN).execute(
                    found.workspace_id, found.process_id, form.cleaned_data["pattern"], note=form.cleaned_data["note"]
                )
            except Forbidden:
                raise
            except REFUSALS as refusal:
                form.add_error("pattern", refusal_of(refusal)["message"])
            else:
                messages.success(
                    request, _("'%(pattern)s' is masked from now on.") % {"pattern": form.cleaned_data["pattern"]}
                )
                return redirect("admin:operate_maskedvariable_of", found.key)
        workspace = Workspace.objects.get(pk=found.workspace_id)
        context = {
            "definition": found,
            "form": form,
            "patterns": MaskedVariable.objects.filter(workspace=workspace, process_id=found.process_id),
            "why": Reasons.of(request).right(Right.MANAGE, workspace.pk),
            "versions": past(workspace, process_id=found.process_id, kinds=(MaskedVariable,)),
        }
        status = 400 if form.is_bound else 200
        title = _("Masked variables of %(process)s") % {"process": found.name or found.process_id}
        return self.render(request, "masking/process.html", title, context, status=status)

    @method_decorator(require_POST)
    def remove_view(self, request: HttpRequest, definition: int) -> HttpResponseBase:
        """Take a pattern away."""
        found = self._definition(request, definition)
        pattern = request.POST.get("pattern", "")
        try:
            UnmaskVariables.of(request, Channel.ADMIN).execute(found.workspace_id, found.process_id, pattern)
        except Forbidden:
            raise
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        else:
            messages.success(request, _("'%(pattern)s' is masked no longer.") % {"pattern": pattern})
        return redirect("admin:operate_maskedvariable_of", found.key)

    @staticmethod
    def _definition(request: HttpRequest, key: int) -> ProcessDefinition:
        found = visible_to(ProcessDefinition.objects.defer("xml"), request.user).filter(pk=key).first()
        if found is None:
            raise Http404(_("There is no process definition with key '%(key)s' that you may see.") % {"key": key})
        return found
