"""The ways in: what is told where a policy demands an approval, and commands as drafts hold them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest

from operate.actions.base import Action
from operate.approvals.gate import governing
from operate.approvals.policies import Place, Policy, policies_on
from operate.batch import plans
from operate.batch.models import BatchType
from operate.plans import commands
from operate.plans.json_form import write
from operate.workspaces import Access, Right
from workflow.models import ProcessInstance


def approval_for(action: Action[Any], answer: object, request: HttpRequest) -> dict[str, str] | None:
    """What has to be known of the approval that an action needs, after its dry run; None if it needs none."""
    return _told(action.operations(), action.places, lambda: action.is_red(answer), request)


def approval_for_many(
    plan: plans.Plan, rows: QuerySet[ProcessInstance], is_red: Callable[[], bool], request: HttpRequest
) -> dict[str, str] | None:
    """The same for a plan on these process instances."""
    edits = {BatchType.SET_VARIABLES} if plan.edits_variables else set()
    return _told(frozenset({plan.governed_as} | edits), lambda: places_of(rows), is_red, request)


def _told(
    operations: Collection[BatchType],
    places: Callable[[], Collection[Place]],
    is_red: Callable[[], bool],
    request: HttpRequest,
) -> dict[str, str] | None:
    found = policies_on(operations) if operations else []
    policy = governing(found, places(), is_red) if found else None
    return None if policy is None else approval_json(policy, request)


def approval_json(policy: Policy, request: HttpRequest) -> dict[str, str]:
    """The policy by name, and why its glass may not be broken by who asks."""
    why = Access.of(request.user).why_not(Right.BREAK_GLASS, policy.workspace_id)
    return {"policy": policy.name, "whyNotBreak": why}


def places_of(rows: QuerySet[ProcessInstance]) -> Sequence[Place]:
    """Process instances counted by workspace and process."""
    counted = rows.order_by().values_list("workspace_id", "process_id").annotate(total=Count("pk"))
    return [Place(workspace, frozenset({process}), total) for workspace, process, total in counted]


def command_of(plan: plans.Plan, keys: Sequence[int]) -> dict[str, Any]:
    """A plan on these process instances, as the dry run of the API takes it."""
    return {
        "command": plan.type.value.lower(),
        **write(_in_own_words(plan)),
        "keys": [str(key) for key in keys],
    }


def _in_own_words(plan: plans.Plan) -> object:
    match plan:
        case plans.Modify():
            return commands.Modify(
                tuple(plan.instructions),
                plan.of_definition,
                plan.options.skip_io_mappings,
                plan.options.skip_listeners,
                plan.options.expected_revision,
            )
        case plans.Restart():
            return commands.Restart(
                plan.of_definition,
                tuple(plan.instructions),
                plan.options.initial_variables,
                plan.options.without_business_key,
                plan.options.skip_listeners,
                plan.options.skip_io_mappings,
            )
        case plans.Migrate():
            return commands.Migrate(
                plan.plan.target_definition_key,
                tuple(plan.plan.mappings),
                plan.plan.source_definition_key,
                plan.plan.variables,
                plan.options.skip_io_mappings,
                plan.options.skip_listeners,
                plan.options.expected_revision,
            )
    return plan


__all__ = ["approval_for", "approval_for_many", "approval_json", "command_of", "places_of"]
