"""Going back to an earlier user task of a process instance."""

from __future__ import annotations

from audit.models import Event, Subject
from operate.actions import details
from operate.actions.base import Action
from operate.workspaces.roles import Right
from workflow import services
from workflow.modification import ModificationOptions
from workflow.services import Outcome


class GoBackToUserTask(Action[Outcome]):
    """Return a process instance to a user task that allows it: what lies behind is cancelled, the task starts again.

    Who completes tasks may do it, too: the model's author has allowed it, and which variables are brought back.
    """

    permission = Right.MODIFY
    alternatives = frozenset({Right.COMPLETE_TASK})
    event = Event.MODIFY
    subject = Subject.PROCESS_INSTANCE

    def perform(
        self,
        key: int,
        *,
        element_id: str = "",
        snapshot_key: int | None = None,
        options: ModificationOptions | None = None,
    ) -> Outcome:
        self.about(key)
        self.note(back_to=element_id, snapshot=snapshot_key, options=options)
        outcome = services.go_back(
            key, element_id=element_id, snapshot_key=snapshot_key, options=options, context=self.context
        )
        self.note_outcome(outcome)
        self.note_variables(outcome)
        self.note(
            activated=details.elements(outcome.activated),
            terminated=details.elements(outcome.terminated),
            state=outcome.state,
        )
        return outcome
