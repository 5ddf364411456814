"""User task: work that waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.expressions import Expression
from workflow.graph import ElementType

DEFAULT_PRIORITY = 50


@dataclass(frozen=True, slots=True)
class UserTaskDetails:
    """Who shall do the work, by when, and with which form; each an expression or a constant."""

    assignee: Expression | None = None
    candidate_users: Expression | None = None
    candidate_groups: Expression | None = None
    due_date: Expression | None = None
    follow_up_date: Expression | None = None
    priority: Expression | None = None
    form_key: Expression | None = None


@element(ElementType.USER_TASK)
class UserTask(Behaviour):
    """Creates a user task and waits until somebody completes it."""

    def on_activate(self, step: Step) -> None:
        details = step.details(UserTaskDetails)
        step.create_user_task(
            assignee=(step.evaluate_string(details.assignee) or None) if details.assignee else None,
            candidate_users=step.evaluate_names(details.candidate_users) if details.candidate_users else [],
            candidate_groups=step.evaluate_names(details.candidate_groups) if details.candidate_groups else [],
            due_at=step.evaluate_date(details.due_date) if details.due_date else None,
            follow_up_at=step.evaluate_date(details.follow_up_date) if details.follow_up_date else None,
            priority=step.evaluate_whole_number(details.priority) if details.priority else DEFAULT_PRIORITY,
            form_key=step.evaluate_string(details.form_key) if details.form_key else None,
        )
        step.wait()
