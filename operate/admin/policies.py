"""Approval policies of a workspace: everybody in it sees what somebody else has to approve, who manages it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from audit.models import Channel
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.reasons import Reasons
from operate.approvals.governing import AddPolicy, ChangePolicy, RemovePolicy
from operate.approvals.models import ApprovalPolicy
from operate.batch.models import BatchType
from operate.forms.policies import PolicyForm
from operate.workspaces import Forbidden, Right, visible_to
from operate.workspaces.past import past
from workflow.models import Workspace

WHAT = {
    "": gettext_lazy("All operations"),
    BatchType.MODIFY: gettext_lazy("Modifications"),
    BatchType.RESTART: gettext_lazy("Restarts"),
    BatchType.MIGRATE: gettext_lazy("Migrations"),
    BatchType.CANCEL: gettext_lazy("Cancellations"),
    BatchType.DELETE: gettext_lazy("Deletions"),
    BatchType.SUSPEND: gettext_lazy("Suspensions"),
    BatchType.RESUME: gettext_lazy("Resumptions"),
    BatchType.RESOLVE_INCIDENTS: gettext_lazy("Retries of incidents"),
    BatchType.SET_RETRIES: gettext_lazy("New retries of jobs"),
    BatchType.SET_VARIABLES: gettext_lazy("Edits of variables"),
}


def in_words(policy: ApprovalPolicy) -> str:
    """What a policy says, as a sentence."""
    what = str(WHAT[policy.operation])
    if policy.min_instances > 1:
        number = {"number": policy.min_instances}
        whose = (
            _("%(number)s or more process instances of '%(process)s'") % {**number, "process": policy.process_id}
            if policy.process_id
            else _("%(number)s or more process instances") % number
        )
        what = _("%(what)s of %(whose)s") % {"what": what, "whose": whose}
    elif policy.process_id:
        what = _("%(what)s of '%(process)s'") % {"what": what, "process": policy.process_id}
    text = (
        _("%(what)s need an approval if there are red warnings.")
        if policy.risk == ApprovalPolicy.Risk.RED_WARNINGS
        else _("%(what)s need an approval.")
    )
    return text % {"what": what}


def expiry_in_words(policy: ApprovalPolicy) -> str:
    """How long a request stands."""
    days, rest = divmod(policy.hours, 24)
    if rest or not days:
        return ngettext("after %(number)s hour", "after %(number)s hours", policy.hours) % {"number": policy.hours}
    return ngettext("after %(number)s day", "after %(number)s days", days) % {"number": days}


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(EngineModelAdmin):
    """Each workspace has its page."""

    list_template = "policies.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return visible_to(ApprovalPolicy.objects.select_related("workspace"), request.user)

    def pages(self) -> list[URLPattern]:
        return [
            self.page("of/<int:workspace>/", "of", self.workspace_view),
            self.page("<int:key>/", "change", self.policy_view),
            self.page("<int:key>/remove/", "remove", self.remove_view),
        ]

    def decorated(self, request: HttpRequest, rows: Any) -> Any:
        for row in rows:
            row.words, row.expiry = in_words(row), expiry_in_words(row)
        return rows

    def workspace_view(self, request: HttpRequest, workspace: int) -> HttpResponseBase:
        """The policies of a workspace; a POST adds one."""
        found = visible_to(Workspace.objects.all(), request.user).filter(pk=workspace).first()
        if found is None:
            raise Http404(
                _("There is no workspace with key '%(workspace)s' that you may see.") % {"workspace": workspace}
            )
        form = PolicyForm(request.POST if request.method == "POST" else None, workspace=found)

        def save() -> ApprovalPolicy:
            return AddPolicy.of(request, Channel.ADMIN).execute(found.pk, form.rules)

        return self._saved(request, form, save) or self._page(request, found, form)

    def policy_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """One policy; a POST changes it."""
        policy = self.visible(request, key)
        form = PolicyForm(request.POST if request.method == "POST" else None, workspace=policy.workspace, policy=policy)

        def save() -> ApprovalPolicy:
            return ChangePolicy.of(request, Channel.ADMIN).execute(policy.pk, form.rules)

        return self._saved(request, form, save) or self._page(request, policy.workspace, form, policy)

    @staticmethod
    def _saved(request: HttpRequest, form: PolicyForm, save: Callable[[], ApprovalPolicy]) -> HttpResponse | None:
        """Where to go once it is saved; None while there is nothing to save, or it was refused."""
        if request.method != "POST" or not form.is_valid():
            return None
        try:
            policy = save()
        except Forbidden:
            raise
        except REFUSALS as refusal:
            form.add_error(None, refusal_of(refusal)["message"])
            return None
        messages.success(request, in_words(policy))
        return redirect("admin:operate_approvalpolicy_of", policy.workspace_id)

    def _page(
        self, request: HttpRequest, workspace: Workspace, form: PolicyForm, policy: ApprovalPolicy | None = None
    ) -> HttpResponseBase:
        rows = self.decorated(request, list(ApprovalPolicy.objects.filter(workspace=workspace)))
        context = {
            "workspace": workspace,
            "policies": rows,
            "policy": policy,
            "form": form,
            "why": Reasons.of(request).right(Right.MANAGE, workspace.pk),
            "versions": past(workspace, kinds=(ApprovalPolicy,)),
        }
        status = 400 if form.is_bound else 200
        title = _("Approval policies of %(workspace)s") % {"workspace": workspace.name}
        return self.render(request, "workspace/policies.html", title, context, status=status)

    @method_decorator(require_POST)
    def remove_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """Demand these approvals no longer."""
        policy = self.visible(request, key)
        try:
            RemovePolicy.of(request, Channel.ADMIN).execute(key)
        except Forbidden:
            raise
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        else:
            messages.success(request, _("Policy '%(name)s' was removed.") % {"name": policy.name})
        return redirect("admin:operate_approvalpolicy_of", policy.workspace_id)


__all__ = ["ApprovalPolicyAdmin", "expiry_in_words", "in_words"]
