"""Plans of the modification mode as drafts: saved instead of applied, and opened again where they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from operate.admin.answers import body_of, json_view
from operate.admin.four_eyes.asking import command_of
from operate.admin.four_eyes.saving import Terms, save
from operate.admin.modification.page import options_in, plan_in, undone_in
from operate.admin.modification.rows import rows_of
from operate.approvals.finding import command_for
from operate.approvals.models import Draft
from operate.batch.plans import Modify
from operate.forms.json_values import json_text
from operate.plans.asking import AskedOfInstances, read_asked
from operate.workspaces import visible_to
from workflow.engine.errors import Rejected
from workflow.models import ElementInstance, ProcessInstance
from workflow.modification import (
    ActivateElement,
    Instruction,
    MoveElements,
    SetScopeVariables,
    StartBefore,
    StartTransition,
)

if TYPE_CHECKING:
    from operate.admin.base import EngineModelAdmin as Base
else:
    Base = object

STARTS = StartBefore | StartTransition | ActivateElement | MoveElements


class PlanViews(Base):
    """What the modification mode asks of drafts."""

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def save_view(self, request: HttpRequest, instance: int) -> JsonResponse:
        """Keep a plan as a draft, a new one or one's own that is named; and ask for its approval, if wanted."""
        found = _instance(request, instance)
        body = body_of(request)
        plan = Modify(
            plan_in(found, body).instructions,
            options=replace(options_in(body), expected_revision=None),
            for_one=True,
        )
        terms = Terms.read(body, found.workspace_id, plan.describe(), undo_of=undone_in(body, found.key))
        draft = save(request, command_of(plan, [found.key]), terms)
        return JsonResponse({"url": draft_address(draft), "state": draft.state})

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def plan_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """The plan that a draft holds, as rows of the modification mode."""
        draft: Draft = self.visible(request, key)
        asked = read_asked(command_for(draft, request.user), draft.author or request.user)
        rows = None
        if isinstance(asked, AskedOfInstances) and isinstance(asked.plan, Modify):
            rows = plan_rows(asked.plan.instructions)
        if rows is None or not isinstance(asked, AskedOfInstances) or not isinstance(asked.plan, Modify):
            raise Rejected(_("This draft holds no plan that the modification mode could show."))
        options = asked.plan.options
        return JsonResponse(
            {
                "rows": rows,
                "options": {
                    "skipListeners": options.skip_listeners,
                    "skipMappings": options.skip_io_mappings,
                    "inGivenOrder": not _is_in_usual_order(asked.plan.instructions),
                },
                "title": draft.title,
                "reason": draft.reason,
                "version": draft.version,
                "state": draft.get_state_display(),
                "undoOf": "" if draft.undo_of is None else str(draft.undo_of),
                "isMine": draft.author_id == request.user.pk,
            }
        )


def draft_address(draft: Draft) -> str:
    return f"/operate/draft/{draft.key}/"


def plan_rows(instructions: Sequence[Instruction]) -> list[dict[str, Any]] | None:
    """The rows of a new plan: tokens first, then the variables, each with the number of the row that brings its scope."""
    tokens: list[dict[str, Any]] = []
    variables: list[dict[str, Any]] = []
    for each in instructions:
        if isinstance(each, SetScopeVariables):
            variables += rows_of([each]) or []
            continue
        row = _move(each) if isinstance(each, MoveElements) else next(iter(rows_of([each]) or ()), None)
        if row is None:
            return None
        tokens.append(row)
        variables += [
            {"kind": "set", "element": "", "of": len(tokens), "scope": scope, "variables": json_text(values)}
            for scope, values in _brought(each)
        ]
    return [*tokens, *variables] or None


def _move(instruction: MoveElements) -> dict[str, Any]:
    key, ancestor = instruction.source_key, instruction.ancestor.key
    element = instruction.source_element_id
    if key is not None:
        element = ElementInstance.objects.filter(pk=key).values_list("element_id", flat=True).first()
    return {
        "kind": "move",
        "element": element or "",
        "target": instruction.target_element_id,
        "key": "" if key is None else str(key),
        "ancestor": "" if ancestor is None else str(ancestor),
    }


def _brought(instruction: Instruction) -> list[tuple[str, Any]]:
    """The variables that come with a token, by the element of their scope; none: as far up as they are known."""
    match instruction:
        case StartBefore(element_id=element, variables=everywhere, local_variables=local):
            return [(scope, values) for scope, values in (("", everywhere), (element, local)) if values]
        case StartTransition(variables=everywhere):
            return [("", everywhere)] if everywhere else []
        case ActivateElement(variables=scoped) | MoveElements(variables=scoped):
            return [(each.scope_id or "", each.values) for each in scoped]
    return []


def _is_in_usual_order(instructions: Sequence[Instruction]) -> bool:
    """Variables of what runs, then what starts, then what ends."""
    turns = [
        0 if isinstance(each, SetScopeVariables) else 1 if isinstance(each, STARTS) else 2 for each in instructions
    ]
    return turns == sorted(turns)


def _instance(request: HttpRequest, key: int) -> ProcessInstance:
    found = visible_to(ProcessInstance.objects.all(), request.user).filter(pk=key).first()
    if found is None:
        raise Http404(_("There is no process instance with key '%(key)s' that you may see.") % {"key": key})
    return found


__all__ = ["PlanViews", "draft_address", "plan_rows"]
