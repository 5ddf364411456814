"""Deciding from outside what is done in an ad-hoc sub-process."""

from __future__ import annotations

from collections.abc import Sequence

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import Variables
from workflow.services import Outcome


class ActivateAdHocElements(Action[Outcome]):
    """Activate elements of a running ad-hoc sub-process, each with its own variables; all of them or none."""

    permission = Right.MODIFY
    event = Event.MODIFY
    subject = Subject.ELEMENT_INSTANCE

    def perform(self, key: int, elements: Sequence[tuple[str, Variables]], *, cancel_remaining: bool) -> Outcome:
        self.about(key)
        self.note(elements=[{"element_id": id, "variables": variables} for id, variables in elements])
        self.entry.body["cancel_remaining"] = cancel_remaining
        if any(variables for _id, variables in elements):
            self.require(Right.EDIT_VARIABLES)
        return self.noted(
            services.activate_ad_hoc_elements(key, elements, cancel_remaining=cancel_remaining, context=self.context)
        )
