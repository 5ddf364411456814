"""Signals: broadcast to everybody who waits for them in a workspace."""

from __future__ import annotations

from collections.abc import Collection

from workflow.engine.errors import NotFound, Rejected
from workflow.engine.outcome import Outcome, outcomes
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.models import Workspace
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, unit_of_work
from workflow.services.settling import deliver_signal, settle


def broadcast_signal(
    name: str,
    *,
    variables: Variables = NO_VARIABLES,
    workspace_ids: Collection[int] | None = None,
    execution_key: int | None = None,
    context: Context = SYSTEM,
) -> tuple[Outcome, ...]:
    """Let every waiting event and start event of these workspaces know; with `execution_key` that element instance alone.

    `None` stands for all workspaces. Nobody waiting is no error, except where one element instance is named.
    """
    if not name:
        raise Rejected("Expected the name of a signal, but it is empty.")
    if workspace_ids is None:
        workspace_ids = list(Workspace.objects.values_list("pk", flat=True))
    for workspace_id in workspace_ids:
        context.authorize(workspace_id)
    with unit_of_work(context) as work:
        if execution_key is not None:
            work.open(Subject.SCOPE, execution_key)
        reached = deliver_signal(work, name, workspace_ids, variables, execution_key=execution_key)
        if execution_key is not None and not reached:
            raise NotFound(f"Execution '{execution_key}' has not subscribed to a signal event with name '{name}'.")
        settle(work)
        return outcomes(list(dict.fromkeys(reached)), work.engines)
