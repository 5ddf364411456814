"""Going back to an earlier user task: which ones there are, what it would do, and doing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from audit.models import Channel
from operate.actions import GoBackToUserTask
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.reasons import Reasons
from operate.forms.keys import key_of
from operate.masking.masks import Masks
from operate.variables import exact
from operate.workspaces import Right
from workflow import services
from workflow.models import ProcessInstance
from workflow.modification import ModificationOptions
from workflow.persistence.definitions import executable_process
from workflow.services import BackTarget, ElementFact, Outcome

MAX_SHOWN = 300


class GoingBackPages(EngineModelAdmin):
    """The page of a process instance for going back."""

    def back_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """The user tasks to go back to; with one chosen, what that would do; a POST does it."""
        instance = self.visible(request, key)
        targets = services.back_targets(key)
        wanted = key_of(request.POST.get("snapshot", request.GET.get("snapshot", "")))
        chosen = next((each for each in targets if each.snapshot_key == wanted), None)
        if chosen is None and len(targets) == 1:
            chosen = targets[0]
        context: dict[str, Any] = {
            "instance": instance,
            "targets": targets,
            "chosen": chosen,
            "why": why_not_back(request, instance),
            "error": "",
            "revision": instance.revision,
        }
        status = 200
        if chosen is not None and not context["why"]:
            try:
                if request.method == "POST":
                    return self._go(request, instance, chosen)
                context |= self._told(request, instance, chosen)
            except REFUSALS as refusal:
                context["error"] = refusal_of(refusal)["message"]
                status = 409 if request.method == "POST" else 200
        return self.render(request, "going_back.html", _("Go back"), context, status=status)

    @staticmethod
    def _go(request: HttpRequest, instance: ProcessInstance, target: BackTarget) -> HttpResponseBase:
        expected = key_of(request.POST.get("revision", ""))
        action = GoBackToUserTask.of(request, Channel.ADMIN, reason=request.POST.get("reason", ""))
        options = ModificationOptions(expected_revision=expected)
        action.execute(instance.key, snapshot_key=target.snapshot_key, options=options)
        messages.success(request, _("Back at '%(name)s'.") % {"name": target.element_name})
        return redirect("admin:workflow_processinstance_change", instance.key)

    @staticmethod
    def _told(request: HttpRequest, instance: ProcessInstance, target: BackTarget) -> dict[str, Any]:
        action = GoBackToUserTask.of(request, Channel.ADMIN, dry_run=True)
        outcome: Outcome = action.execute(instance.key, snapshot_key=target.snapshot_key)
        masks = Masks.for_pages()

        def shown(name: str, value: Any) -> str:
            text = exact.dump(masks.value(instance.workspace_id, instance.process_id, name, value))
            return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"

        return {
            "terminated": names_of(instance, outcome.terminated),
            "activated": names_of(instance, outcome.activated),
            "variables": [
                {
                    "name": change.name,
                    "before": shown(change.name, change.before) if change.existed else "",
                    "after": "" if change.deleted else shown(change.name, change.after),
                }
                for change in outcome.variables
            ],
        }


def names_of(instance: ProcessInstance, facts: Iterable[ElementFact]) -> list[str]:
    """The elements as they are drawn, each once."""
    elements = executable_process(instance.definition_key).elements
    drawn = (elements.get(fact.element_id.partition("#")[0]) for fact in facts)
    return list(dict.fromkeys(node.name or node.id for node in drawn if node is not None))


def why_not_back(request: HttpRequest, instance: ProcessInstance) -> str:
    """Why the user cannot let this process instance go back; empty if that is possible."""
    reasons = Reasons.of(request)
    if not reasons.on_running(Right.COMPLETE_TASK, instance):
        return ""
    return reasons.on_running(Right.MODIFY, instance)
