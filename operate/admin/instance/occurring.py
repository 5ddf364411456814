"""Letting a message or a signal that is waited for come: what it would do, with which variables, and doing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from audit.models import Channel
from operate.actions import BroadcastSignal, TriggerMessage
from operate.admin.answers import REFUSALS, refusal_of, status_of
from operate.admin.base import EngineModelAdmin
from operate.admin.instance.going_back import names_of
from operate.admin.reasons import Reasons
from operate.admin.wording import label_in
from operate.forms.json_values import variables_of
from operate.workspaces import Right
from workflow.models import EventSubscription, ProcessInstance
from workflow.persistence.definitions import executable_process
from workflow.services import Outcome

Kind = EventSubscription.Kind


class OccurringPages(EngineModelAdmin):
    """The page of one event that a process instance waits for."""

    def event_view(self, request: HttpRequest, key: int, subscription: int) -> HttpResponseBase:
        """What the event would do if it came now; a POST lets it come to this process instance alone."""
        instance = self.visible(request, key)
        row = EventSubscription.objects.filter(
            pk=subscription, process_instance=key, state="CREATED", kind__in=(Kind.MESSAGE, Kind.SIGNAL)
        ).first()
        if row is None:
            missing = _("Process instance '%(key)s' does not wait for a message or a signal as '%(subscription)s'.")
            raise Http404(missing % {"key": key, "subscription": subscription})
        why = Reasons.of(request).on_running(Right.CORRELATE_MESSAGE, instance)
        context: dict[str, Any] = {
            "instance": instance,
            "row": row,
            "name": label_in(executable_process(instance.definition_key), row.element_id),
            "is_message": row.kind == Kind.MESSAGE,
            "variables": request.POST.get("variables", ""),
            "why": why,
            "error": "",
        }
        status = 200
        try:
            if request.method == "POST":
                _occur(request, row)
                messages.success(request, _("'%(name)s' has come.") % {"name": row.name})
                return redirect("admin:workflow_processinstance_change", key)
            if not why:
                context |= _told(instance, _occur(request, row, dry_run=True))
        except REFUSALS as refusal:
            context["error"] = refusal_of(refusal)["message"]
            status = status_of(refusal) if request.method == "POST" else 200
        return self.render(request, "event.html", _("Let '%(name)s' come") % {"name": row.name}, context, status=status)


def _occur(request: HttpRequest, row: EventSubscription, *, dry_run: bool = False) -> list[Outcome]:
    variables = variables_of(request.POST.get("variables", ""))
    terms: dict[str, Any] = {"reason": request.POST.get("reason", ""), "dry_run": dry_run}
    if row.kind == Kind.MESSAGE:
        action = TriggerMessage.of(request, Channel.ADMIN, **terms)
        return [action.execute(row.element_instance_key, row.name, variables=variables)]
    signal = BroadcastSignal.of(request, Channel.ADMIN, **terms)
    return list(signal.execute(row.name, variables=variables, execution_key=row.element_instance_key))


def _told(instance: ProcessInstance, outcomes: list[Outcome]) -> dict[str, Any]:
    return {
        "begins": list(dict.fromkeys(name for each in outcomes for name in names_of(instance, each.activated))),
        "ends": list(
            dict.fromkeys(name for each in outcomes for name in names_of(instance, (*each.completed, *each.terminated)))
        ),
    }


__all__ = ["OccurringPages"]
