"""The requests of the modification mode: what may be offered, what a plan would do, and doing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.models import AuditEvent, Channel
from operate.actions import ModifyProcessInstance
from operate.admin.answers import REFUSALS, body_of, json_view, key_in, refusal_of, status_of
from operate.admin.four_eyes.asking import approval_for, approval_json
from operate.admin.instance.presence import names_in
from operate.admin.modification.offers import element_operations
from operate.admin.modification.plan import Plan, fix_rows, read_plan
from operate.admin.modification.preview import preview
from operate.admin.modification.rows import rows_of
from operate.admin.reasons import Reasons
from operate.approvals.gate import ApprovalNeeded
from operate.plans.changes import changes_since
from operate.plans.exporting import call_for
from operate.plans.json_form import write
from operate.plans.judgement import warnings_json
from operate.plans.plan import Plan as Instructions
from operate.presence.changes import changes_after
from operate.undo import undo_of
from operate.workspaces import Access, Right, visible_to
from workflow.engine.errors import NotFound, Outdated
from workflow.models import ProcessInstance
from workflow.modification import ModificationOptions
from workflow.services import Outcome
from workflow.soundness import Acceptance, JudgedOutcome, NotAccepted, SoundnessWarning

if TYPE_CHECKING:
    from operate.admin.base import EngineModelAdmin as Base
else:
    Base = object


class ModificationViews(Base):
    """What the page of a process instance asks for in modification mode."""

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def operations_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """What the modification mode may offer for each element."""
        instance = self.visible(request, key)
        why = Reasons.of(request).on_running(Right.EDIT_VARIABLES, instance)
        return JsonResponse(element_operations(instance) | {"whyNotSet": why})

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def modify_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """Apply a plan, or only say what it would do and what harm."""
        instance = self.visible(request, key)
        body = body_of(request)
        plan = plan_in(instance, body)
        dry_run = body.get("dryRun") is True
        action = ModifyProcessInstance.of(request, Channel.ADMIN, reason=str(body.get("reason") or ""), dry_run=dry_run)
        action.undo_of = undone_in(body, key)
        try:
            outcome = action.execute(key, plan.instructions, options=options_in(body), accepted=_accepted(body))
        except REFUSALS as refusal:
            return JsonResponse(_refused(refusal, plan, key, request), status=status_of(refusal))
        if not dry_run:
            return self.present_state(request, key)
        approval = approval_for(action, outcome, request)
        return JsonResponse(preview(instance, outcome) | _judgement(outcome, plan) | {"approval": approval})

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def export_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """A plan to take along: its sentences, its JSON, and the call of the Camunda API that does the same."""
        instance = self.visible(request, key)
        body = body_of(request)
        options = options_in(body)
        instructions = Instructions(
            plan_in(instance, body).instructions, options.skip_io_mappings, options.skip_listeners
        )
        call = call_for(instructions, instance.key)
        return JsonResponse(
            {
                "sentences": instructions.describe(),
                "json": json.dumps(write(instructions), ensure_ascii=False, indent=2),
                "curl": call.curl,
                "leavesOut": list(call.leaves_out),
            }
        )

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def undo_view(self, request: HttpRequest, key: int, event: int) -> JsonResponse:
        """A plan that takes back what an event of the audit log tells of, and what it cannot take back."""
        self.visible(request, key)
        found = (
            visible_to(AuditEvent.objects.of_process_instance(key), request.user, Right.VIEW_AUDIT)
            .filter(pk=event)
            .first()
        )
        if found is None:
            raise NotFound(
                _(
                    "Expected to find an audit event with key '%(event)s' of process instance '%(key)s', but there is none."
                )
                % {"event": event, "key": key}
            )
        undo = undo_of(found)
        return JsonResponse(
            {
                "rows": rows_of(undo.instructions) or [],
                "notes": list(undo.notes),
                "reason": _("Undo of %(event)s by %(who)s (event %(key)s)")
                % {
                    "event": found.get_event_display().lower(),
                    "who": found.actor_name or _("the system"),
                    "key": found.key,
                },
            }
        )

    def present_state(self, request: HttpRequest, key: int) -> JsonResponse:
        """The page after a command."""
        raise NotImplementedError


def plan_in(instance: ProcessInstance, body: Mapping[str, Any]) -> Plan:
    """The plan that was sent."""
    return read_plan(instance, body.get("plan") or [], in_given_order=body.get("inGivenOrder") is True)


def options_in(body: dict[str, Any]) -> ModificationOptions:
    """What holds for the whole command."""
    options = ModificationOptions(body.get("skipMappings") is True, body.get("skipListeners") is True)
    return options if body.get("proceed") is True else replace(options, expected_revision=key_in(body, "revision"))


def undone_in(body: dict[str, Any], key: int) -> int | None:
    """The event of this process instance that the plan takes back, if it was made for that."""
    if not body.get("undoOf"):
        return None
    event = key_in(body, "undoOf")
    if not AuditEvent.objects.of_process_instance(key).filter(pk=event).exists():
        raise NotFound(
            _("Expected to find an audit event with key '%(event)s' of process instance '%(key)s', but there is none.")
            % {"event": event, "key": key}
        )
    return event


def _accepted(body: Mapping[str, Any]) -> list[Acceptance]:
    given = body.get("accepted")
    return [
        Acceptance(str(each.get("code")), tuple(str(element) for element in each.get("elements") or ()))
        for each in (given if isinstance(given, list) else ())
        if isinstance(each, dict)
    ]


def _judgement(outcome: Outcome, plan: Plan) -> dict[str, Any]:
    if not isinstance(outcome, JudgedOutcome):
        return {}
    return {
        "warnings": _warnings(outcome.judged.warnings, plan),
        "isEverythingLookedAt": outcome.judged.is_complete,
    }


def _warnings(found: tuple[SoundnessWarning, ...], plan: Plan) -> list[dict[str, Any]]:
    return [
        told
        | {
            "rows": sorted({row for each in warning.positions if (row := plan.row_of(each)) is not None}),
            "fixes": [fix_rows(fix, plan) for fix in warning.fixes],
        }
        for told, warning in zip(warnings_json(found), found, strict=True)
    ]


def _refused(refusal: Exception, plan: Plan, key: int, request: HttpRequest) -> dict[str, Any]:
    answer = refusal_of(refusal)
    answer["row"] = plan.row_of(answer.get("instruction"))
    if isinstance(refusal, NotAccepted):
        answer["warnings"] = _warnings(refusal.warnings, plan)
    if isinstance(refusal, ApprovalNeeded):
        answer["approval"] = approval_json(refusal.policy, request)
    if isinstance(refusal, Outdated):
        answer["changes"] = _changes(key, refusal.expected, request)
    return answer


def _changes(key: int, expected: int, request: HttpRequest) -> Any:
    """What has changed since the plan was made, and in sentences by whom."""
    found = changes_since(key, expected, Access.of(request.user))
    instance = ProcessInstance.objects.filter(pk=key).first()
    if found is None or instance is None:
        return None
    told = changes_after(instance, request.user.pk, names_in(instance), moment=found.after)
    return {**write(found), "told": [each.text for each in told]}
