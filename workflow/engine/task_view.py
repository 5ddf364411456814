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
    def eventName(self) -> str:
        return self._event

    @property
    def execution(self) -> ExecutionView:
        return ExecutionView(self._engine, self._instance)

    def setAssignee(self, name: str | None) -> None:
        self._row.assignee = name
        self._row.is_changed = True

    def setName(self, name: str) -> None:
        self._row.name = name
        self._row.is_changed = True

    def setPriority(self, priority: int) -> None:
        self._row.priority = int(priority)
        self._row.is_changed = True

    def setDueDate(self, moment: datetime | None) -> None:
        self._row.due_at = moment
        self._row.is_changed = True

    def setFollowUpDate(self, moment: datetime | None) -> None:
        self._row.follow_up_at = moment
        self._row.is_changed = True

    def addCandidateUser(self, name: str) -> None:
        self._row.candidate_users = [*self._row.candidate_users, name]
        self._row.is_changed = True

    def addCandidateGroup(self, name: str) -> None:
        self._row.candidate_groups = [*self._row.candidate_groups, name]
        self._row.is_changed = True
