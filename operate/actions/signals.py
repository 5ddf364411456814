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
        self._outcomes = services.broadcast_signal(
            name,
            variables=variables,
            workspace_ids=self.permitted(workspace_ids),
            execution_key=execution_key,
            context=self.context,
        )
        return tuple(self._outcomes)

    def entries(self) -> Iterable[NewAuditEvent]:
        if not self._outcomes:
            yield self.entry
        for outcome in self._outcomes:
            yield replace(
                self.entry,
                workspace_id=outcome.workspace_id,
                process_instance_key=outcome.process_instance_key,
                definition_key=outcome.definition_key,
                process_id=outcome.process_id,
            )

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)
