"""The ways in: what is told where a policy demands an approval, and commands as drafts hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest

from operate.actions.base import Action
from operate.approvals.gate import governing, policy_on
from operate.approvals.policies import Place, Policy
from operate.batch import plans
from operate.batch.models import BatchType
from operate.plans import commands
from operate.plans.json_form import name_of, write
from operate.undo import Undo
from operate.undo.plan import UndoBatch
from operate.undo.variables import RestoreVariables
from operate.variables import exact
from operate.variables.edits import Edit
from operate.workspaces import Access, Right
from workflow.models import ProcessInstance


def approval_for(action: Action[Any], answer: object, request: HttpRequest) -> dict[str, str] | None:
    """What has to be known of the approval that an action needs, after its dry run; None if it needs none."""
    policy = policy_on(action, lambda: action.is_red(answer))
    return None if policy is None else approval_json(policy, request)


def approval_for_many(
    plan: plans.Plan, rows: QuerySet[ProcessInstance], is_red: Callable[[], bool], request: HttpRequest
) -> dict[str, str] | None:
    """The same for a plan on these process instances."""
    policy = governing(plan.operations, lambda: places_of(rows), is_red)
    return None if policy is None else approval_json(policy, request)


def approval_for_edit(instance: ProcessInstance, request: HttpRequest) -> dict[str, str] | None:
    """The same for any edit of the variables of a process instance."""
    place = Place(instance.workspace_id, frozenset({instance.process_id}))
    policy = governing({BatchType.SET_VARIABLES}, lambda: [place], lambda: False)
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


def command_of_edit(edit: Edit, changed: Iterable[str]) -> dict[str, Any]:
    """An edit of variables, of those that it changes, as the dry run of the API takes it."""
    names = set(changed)
    given = {name: new for name, new in edit.set.items() if name in names}
    command = commands.EditVariables(
        edit.scope_key,
        {name: exact.dump(new.value) for name, new in given.items()},
        {name: new.type for name, new in given.items() if new.type is not None},
        tuple(name for name in edit.delete if name in names),
        {name: version for name, version in edit.seen.items() if name in names and version is not None},
        tuple(name for name in given if edit.accepts_type(name)),
    )
    return {"command": name_of(commands.EditVariables), **write(command)}


def command_of_undo(undo: Undo) -> dict[str, Any]:
    """What takes back an event, as the dry run of the API takes it."""
    if isinstance(undo.plan, RestoreVariables):
        edit = undo.plan.edit
        return command_of_edit(edit, [*edit.set, *edit.delete])
    return command_of(undo.plan, [undo.process_instance_key])


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
                plan.options.on_definition_key,
            )
        case UndoBatch():
            return commands.UndoBatch(plan.of_batch)
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


__all__ = [
    "approval_for",
    "approval_for_edit",
    "approval_for_many",
    "approval_json",
    "command_of",
    "command_of_edit",
    "command_of_undo",
    "places_of",
]
