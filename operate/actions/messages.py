"""Messages and signals from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from audit.models import Event, Subject
from audit.record import NewAuditEvent
from operate.actions.base import Action
from operate.workspaces.membership import no_such_workspace
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.services import Correlation, MessageCorrelation, Outcome, PublishedMessage

Answer = TypeVar("Answer")


class SignalElement(Action[Outcome]):
    """Complete a waiting receive task from outside."""

    permission = Right.CORRELATE_MESSAGE
    event = Event.TRIGGER
    subject = Subject.ELEMENT_INSTANCE

    def perform(self, element_instance_key: int, *, variables: Variables = NO_VARIABLES) -> Outcome:
        self.about(element_instance_key)
        self.note(variables=variables)
        return self.noted(services.signal_element(element_instance_key, variables=variables, context=self.context))


class TriggerMessage(Action[Outcome]):
    """Deliver a message to the one element instance that is named."""

    permission = Right.CORRELATE_MESSAGE
    event = Event.TRIGGER
    subject = Subject.MESSAGE
    entity = Subject.ELEMENT_INSTANCE

    def perform(self, element_instance_key: int, name: str, *, variables: Variables = NO_VARIABLES) -> Outcome:
        self.about(element_instance_key)
        self.note(name=name, variables=variables)
        return self.noted(
            services.trigger_message(element_instance_key, name, variables=variables, context=self.context)
        )


class MessageAction(Action[Answer]):
    """A message that finds its receivers itself; each process instance that gets it has an audit event of its own."""

    permission = Right.CORRELATE_MESSAGE
    subject = Subject.MESSAGE

    def note_correlations(self, correlations: Sequence[Correlation]) -> None:
        """Tell who has got the message."""
        self._correlations = correlations

    def entries(self) -> Iterable[NewAuditEvent]:
        if not self._correlations:
            yield self.entry
        for correlation in self._correlations:
            outcome = correlation.outcome
            yield replace(
                self.entry,
                workspace_id=outcome.workspace_id,
                process_instance_key=outcome.process_instance_key,
                definition_key=outcome.definition_key,
                process_id=outcome.process_id,
                body={**self.entry.body, "element_instance_key": correlation.element_instance_key},
            )

    def nothing_found(self) -> str:
        return no_such_workspace(self.entry.workspace_id)


class CorrelateMessage(MessageAction[tuple[Correlation, ...]]):
    """Deliver a Camunda 7 message to who waits for it, in the workspaces where the actor may."""

    event = Event.CORRELATE

    def perform(
        self,
        correlation: MessageCorrelation,
        *,
        variables: Variables = NO_VARIABLES,
        local_variables: Variables = NO_VARIABLES,
        workspace_ids: Collection[int] | None = None,
    ) -> tuple[Correlation, ...]:
        self.note_correlations(())
        self.note(correlation=correlation, variables=variables, local_variables=local_variables)
        correlated = services.correlate_message(
            correlation,
            variables=variables,
            local_variables=local_variables,
            workspace_ids=self.permitted(workspace_ids),
            context=self.context,
        )
        self.note_correlations(correlated)
        return correlated


class PublishMessage(MessageAction[PublishedMessage]):
    """Publish a Camunda 8 message: to who waits for it, and kept for its time to live."""

    event = Event.PUBLISH

    def perform(
        self,
        name: str,
        *,
        workspace_id: int,
        correlation_key: str = "",
        time_to_live: timedelta = timedelta(0),
        message_id: str = "",
        variables: Variables = NO_VARIABLES,
        only_if_awaited: bool = False,
    ) -> PublishedMessage:
        self.note_correlations(())
        self.note(
            name=name,
            correlation_key=correlation_key,
            time_to_live=time_to_live,
            message_id=message_id,
            variables=variables,
        )
        published = services.publish_message(
            name,
            workspace_id=workspace_id,
            correlation_key=correlation_key,
            time_to_live=time_to_live,
            message_id=message_id,
            variables=variables,
            only_if_awaited=only_if_awaited,
            context=self.context,
        )
        self.about(published.key)
        self.note_correlations(published.correlations)
        return published
