"""Events that reach whoever waits for them: signals, and conditions of start events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from audit.models import Event, Subject
from audit.record import NewAuditEvent
from operate.actions.base import Action
from operate.workspaces.membership import no_such_workspace
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.models import Workspace
from workflow.services import Outcome


class BroadcastSignal(Action[tuple[Outcome, ...]]):
    """Tell a signal to all that wait for it in the workspaces where the actor may, or to one execution alone.

    Each process instance that gets it has an audit event of its own.
    """

    permission = Right.CORRELATE_MESSAGE
    event = Event.BROADCAST
    subject = Subject.SIGNAL

    def perform(
        self,
        name: str,
        *,
        variables: Variables = NO_VARIABLES,
        workspace_ids: Collection[int] | None = None,
        execution_key: int | None = None,
    ) -> tuple[Outcome, ...]:
        self._outcomes: Sequence[Outcome] = ()
        self.note(name=name, execution_key=execution_key, variables=variables)
        permitted = self.permitted(workspace_ids)
        if permitted is None:
            permitted = list(Workspace.objects.order_by("pk").values_list("pk", flat=True))
        self._outcomes = services.broadcast_signal(
            name, variables=variables, workspace_ids=permitted, execution_key=execution_key, context=self.context
        )
        if len(permitted) != 1:
            self.entry.workspace_id = None
        return tuple(self._outcomes)

    def entries(self) -> Iterable[NewAuditEvent]:
        return entries_of(self.entry, self._outcomes)

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)


class EvaluateStartConditions(Action[tuple[Outcome, ...]]):
    """Start a process instance at each conditional start event that the variables fulfil, where the actor may start some.

    Each process instance has an audit event of its own.
    """

    permission = Right.START
    event = Event.START
    subject = Subject.PROCESS_INSTANCE

    def perform(
        self,
        variables: Variables,
        *,
        business_key: str | None = None,
        workspace_ids: Collection[int] | None = None,
        definition_key: int | None = None,
    ) -> tuple[Outcome, ...]:
        self._outcomes: Sequence[Outcome] = ()
        self.entry.definition_key = definition_key
        self.note(variables=variables, business_key=business_key)
        self._outcomes = services.evaluate_start_conditions(
            variables,
            business_key=business_key,
            workspace_ids=self.permitted(workspace_ids),
            definition_key=definition_key,
            context=self.context,
        )
        return tuple(self._outcomes)

    def entries(self) -> Iterable[NewAuditEvent]:
        return entries_of(self.entry, self._outcomes)

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)


def entries_of(entry: NewAuditEvent, outcomes: Sequence[Outcome]) -> Iterable[NewAuditEvent]:
    """One audit event for each process instance, or one if there is none."""
    if not outcomes:
        yield entry
    for outcome in outcomes:
        yield replace(
            entry,
            workspace_id=outcome.workspace_id,
            process_instance_key=outcome.process_instance_key,
            definition_key=outcome.definition_key,
            process_id=outcome.process_id,
        )
