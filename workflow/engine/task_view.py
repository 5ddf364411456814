"""What a Camunda 7 listener may ask of `task`, and do with it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workflow.engine.scopes import ExecutionView
from workflow.engine.state import ElementInstance, UserTaskRow

if TYPE_CHECKING:
    from workflow.engine.engine import Engine


class TaskView(ExecutionView):
    """A user task by the names of Camunda 7's DelegateTask; its variables are those of its execution."""

    def __init__(self, engine: Engine, row: UserTaskRow, instance: ElementInstance, event: str) -> None:
        super().__init__(engine, instance)
        self._row = row
        self._event = event

    @property
    def id(self) -> str:
        return str(self._row.key)

    @property
    def name(self) -> str:
        return self._row.name

    @property
    def assignee(self) -> str | None:
        return self._row.assignee

    @property
    def priority(self) -> int:
        return self._row.priority

    @property
    def dueDate(self) -> datetime | None:
        return self._row.due_at

    @property
    def followUpDate(self) -> datetime | None:
        return self._row.follow_up_at

    @property
    def taskDefinitionKey(self) -> str:
        return self._row.element_id

    @property
    def owner(self) -> str | None:
        return self._row.owner

    @property
    def delegationState(self) -> str | None:
        return self._row.delegation_state

    @property
    def formKey(self) -> str | None:
        return self._row.form_key

    @property
    def createTime(self) -> datetime:
        return self._row.created_at

    @property
    def executionId(self) -> str:
        return str(self._instance.key)

    @property
    def eventName(self) -> str:
        return self._event

    @property
    def execution(self) -> ExecutionView:
        return ExecutionView(self._engine, self._instance)

    def setAssignee(self, name: str | None) -> None:
        self._row.assignee = _name(name)
        self._row.is_changed = True

    def setName(self, name: str) -> None:
        self._row.name = name
        self._row.is_changed = True

    def setPriority(self, priority: int) -> None:
        self._row.priority = int(priority)
        self._row.is_changed = True

    def setDueDate(self, moment: datetime | None) -> None:
        self._row.due_at = _moment(moment)
        self._row.is_changed = True

    def setFollowUpDate(self, moment: datetime | None) -> None:
        self._row.follow_up_at = _moment(moment)
        self._row.is_changed = True

    def addCandidateUser(self, name: str) -> None:
        self._row.candidate_users = [*self._row.candidate_users, name]
        self._row.is_changed = True

    def addCandidateGroup(self, name: str) -> None:
        self._row.candidate_groups = [*self._row.candidate_groups, name]
        self._row.is_changed = True

    def deleteCandidateUser(self, name: str) -> None:
        self._row.candidate_users = [each for each in self._row.candidate_users if each != name]
        self._row.is_changed = True

    def deleteCandidateGroup(self, name: str) -> None:
        self._row.candidate_groups = [each for each in self._row.candidate_groups if each != name]
        self._row.is_changed = True

    def setOwner(self, name: str | None) -> None:
        self._row.owner = _name(name)
        self._row.is_changed = True


def _name(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("expected a name")
    return value


def _moment(value: object) -> datetime | None:
    if value is not None and not isinstance(value, datetime):
        raise TypeError("expected a date")
    return value
