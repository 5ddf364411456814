"""What people do with user tasks."""

from __future__ import annotations

from collections.abc import Mapping

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.workspaces.roles import Right
from workflow import services
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.services import Outcome


class UserTaskAction(Action[Outcome]):
    """What all of them share."""

    permission = Right.COMPLETE_TASK
    subject = Subject.USER_TASK


class CompleteUserTask(UserTaskAction):
    """Complete a user task with its result; the process instance goes on in the same transaction."""

    event = Event.COMPLETE

    def perform(
        self, key: int, *, variables: Variables = NO_VARIABLES, local_variables: Variables = NO_VARIABLES
    ) -> Outcome:
        self.about(key)
        self.note(variables=variables, local_variables=local_variables)
        return self.noted(
            services.complete_user_task(key, variables=variables, local_variables=local_variables, context=self.context)
        )


class AssignUserTask(UserTaskAction):
    """Give a user task to somebody, or to nobody."""

    event = Event.ASSIGN

    def perform(self, key: int, assignee: str | None, *, only_if_free: bool = False) -> Outcome:
        self.about(key)
        self.entry.body["assignee"] = assignee
        self.note(claim=only_if_free or None)
        return self.noted(services.assign_user_task(key, assignee, only_if_free=only_if_free, context=self.context))


class UpdateUserTask(UserTaskAction):
    """Change due date, follow-up date, candidates, priority or assignee of a user task."""

    event = Event.UPDATE

    def perform(
        self, key: int, changes: Mapping[str, object], *, expected: Mapping[str, object] | None = None
    ) -> Outcome:
        self.about(key)
        self.note(changes=changes)
        return self.noted(services.update_user_task(key, changes, expected=expected, context=self.context))


class ThrowUserTaskError(UserTaskAction):
    """End a user task with a BPMN error."""

    event = Event.THROW_ERROR

    def perform(self, key: int, *, code: str, message: str = "", variables: Variables = NO_VARIABLES) -> Outcome:
        self.about(key)
        self.note(code=code, message=message, variables=variables)
        return self.noted(
            services.throw_user_task_error(key, code=code, message=message, variables=variables, context=self.context)
        )


class ThrowUserTaskEscalation(UserTaskAction):
    """Throw an escalation from a user task; the task waits on unless what catches it interrupts."""

    event = Event.THROW_ESCALATION

    def perform(self, key: int, *, code: str, variables: Variables = NO_VARIABLES) -> Outcome:
        self.about(key)
        self.note(code=code, variables=variables)
        return self.noted(
            services.throw_user_task_escalation(key, code=code, variables=variables, context=self.context)
        )


class DelegateUserTask(UserTaskAction):
    """Let somebody else do a user task; it comes back to whoever had it."""

    event = Event.ASSIGN

    def perform(self, key: int, assignee: str) -> Outcome:
        self.about(key)
        self.note(assignee=assignee, delegation_state="PENDING")
        return self.noted(services.delegate_user_task(key, assignee, context=self.context))


class ResolveUserTask(UserTaskAction):
    """Give a user task back to its owner, with the result of who has done it; the task waits on."""

    event = Event.RESOLVE

    def perform(self, key: int, *, variables: Variables = NO_VARIABLES) -> Outcome:
        self.about(key)
        self.note(variables=variables, delegation_state="RESOLVED")
        return self.noted(services.resolve_user_task(key, variables=variables, context=self.context))
