"""/history/task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.db.models import ExpressionWrapper, F, Q, QuerySet
from django.db.models.fields import DurationField

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import element_named
from operate.api.engine_rest.base import tenant_id
from operate.api.engine_rest.ids import definition_id, id_of
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.queries import Filter, Kind
from operate.api.engine_rest.values import date_text, milliseconds
from operate.api.engine_rest.variable_filters import IGNORE_CASE, variables
from workflow.models import ProcessInstance, UserTask

State = UserTask.State
DURATION = ExpressionWrapper(F("ended_at") - F("created_at"), DurationField())
REASONS = {State.CREATED: None, State.COMPLETED: "completed", State.CANCELED: "deleted"}
TASK_STATES = {State.CREATED: "Created", State.COMPLETED: "Completed", State.CANCELED: "Deleted"}


class HistoricTask(TypedDict):
    id: str
    processDefinitionKey: str
    processDefinitionId: str
    processInstanceId: str
    executionId: str
    caseDefinitionKey: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    activityInstanceId: str
    name: str | None
    description: str | None
    deleteReason: str | None
    owner: str | None
    assignee: str | None
    startTime: str | None
    endTime: str | None
    duration: int | None
    taskDefinitionKey: str
    priority: int
    due: str | None
    parentTaskId: str | None
    followUp: str | None
    tenantId: str | None
    removalTime: str | None
    rootProcessInstanceId: str
    taskState: str


def historic_task(row: UserTask) -> HistoricTask:
    element = element_named(row.definition_key, row.element_id)
    state = State(row.state)
    return {
        "id": id_of(row.key),
        "processDefinitionKey": row.definition.process_id,
        "processDefinitionId": definition_id(row.definition),
        "processInstanceId": id_of(row.process_instance_key),
        "executionId": id_of(row.element_instance_key),
        "caseDefinitionKey": None,
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "activityInstanceId": id_of(row.element_instance_key),
        "name": row.name or None,
        "description": (element.documentation or None) if element is not None else None,
        "deleteReason": REASONS[state],
        "owner": row.owner,
        "assignee": row.assignee,
        "startTime": date_text(row.created_at),
        "endTime": date_text(row.ended_at),
        "duration": None if row.ended_at is None else milliseconds(row.ended_at - row.created_at),
        "taskDefinitionKey": row.element_id,
        "priority": row.priority,
        "due": date_text(row.due_at),
        "parentTaskId": None,
        "followUp": date_text(row.follow_up_at),
        "tenantId": tenant_id(row.workspace),
        "removalTime": None,
        "rootProcessInstanceId": id_of(row.root_process_instance_key),
        "taskState": TASK_STATES[state],
    }


def _reason(wanted: str) -> Q:
    return Q(state__in=[state for state, reason in REASONS.items() if reason == wanted])


QUERY = by.ListQuery(
    filters={
        "taskId": by.key("pk"),
        "taskParentTaskId": by.never(),
        "processInstanceId": by.key("process_instance"),
        "rootProcessInstanceId": by.key("root_process_instance"),
        "processInstanceBusinessKey": by.text("process_instance__business_key"),
        "processInstanceBusinessKeyIn": by.texts("process_instance__business_key"),
        "processInstanceBusinessKeyLike": by.pattern("process_instance__business_key"),
        "executionId": by.key("element_instance"),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("definition__process_id"),
        "processDefinitionName": by.text("definition__name"),
        "caseInstanceId": by.never(),
        "caseExecutionId": by.never(),
        "caseDefinitionId": by.never(),
        "caseDefinitionKey": by.never(),
        "caseDefinitionName": by.never(),
        "activityInstanceIdIn": by.keys("element_instance"),
        "taskName": by.text("name"),
        "taskNameLike": by.pattern("name"),
        "taskDescription": by.unsupported(),
        "taskDescriptionLike": by.unsupported(),
        "taskDefinitionKey": by.text("element_id"),
        "taskDefinitionKeyIn": by.texts("element_id"),
        "taskDeleteReason": Filter(Kind.TEXT, _reason),
        "taskDeleteReasonLike": by.unsupported(),
        "taskAssignee": by.text("assignee"),
        "taskAssigneeLike": by.pattern("assignee"),
        "taskOwner": by.text("owner"),
        "taskOwnerLike": by.pattern("owner"),
        "taskPriority": by.number("priority"),
        "assigned": by.flag(Q(assignee__isnull=False)),
        "unassigned": by.flag(Q(assignee__isnull=True)),
        "finished": by.flag(~Q(state=State.CREATED)),
        "unfinished": by.flag(Q(state=State.CREATED)),
        "processFinished": by.flag(~Q(process_instance__state=ProcessInstance.State.ACTIVE)),
        "processUnfinished": by.flag(Q(process_instance__state=ProcessInstance.State.ACTIVE)),
        "taskDueDate": by.date("due_at"),
        "taskDueDateBefore": by.date("due_at__lt"),
        "taskDueDateAfter": by.date("due_at__gt"),
        "withoutTaskDueDate": by.flag(Q(due_at__isnull=True)),
        "taskFollowUpDate": by.date("follow_up_at"),
        "taskFollowUpDateBefore": by.date("follow_up_at__lt"),
        "taskFollowUpDateAfter": by.date("follow_up_at__gt"),
        "startedBefore": by.date("created_at__lte"),
        "startedAfter": by.date("created_at__gte"),
        "finishedBefore": by.date("ended_at__lte"),
        "finishedAfter": by.date("ended_at__gte"),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
        "taskVariables": variables("element_instance_key"),
        "processVariables": variables("process_instance_key"),
        "taskInvolvedUser": by.unsupported(),
        "taskInvolvedGroup": by.unsupported(),
        "taskHadCandidateUser": Filter(Kind.TEXT, lambda name: Q(candidate_users__contains=[name])),
        "taskHadCandidateGroup": Filter(Kind.TEXT, lambda name: Q(candidate_groups__contains=[name])),
        "withCandidateGroups": by.flag(~Q(candidate_groups=[])),
        "withoutCandidateGroups": by.flag(Q(candidate_groups=[])),
        **IGNORE_CASE,
    },
    sorting={
        "taskId": "key",
        "activityInstanceID": "element_instance_key",
        "activityInstanceId": "element_instance_key",
        "processDefinitionId": "definition_key",
        "processInstanceId": "process_instance_key",
        "executionId": "element_instance_key",
        "duration": DURATION,
        "startTime": "created_at",
        "endTime": "ended_at",
        "taskName": "name",
        "assignee": "assignee",
        "dueDate": "due_at",
        "followUpDate": "follow_up_at",
        "deleteReason": "state",
        "taskDefinitionKey": "element_id",
        "priority": "priority",
        "tenantId": "workspace__slug",
    },
    has_or_queries=True,
)


class HistoricTasks(QueryListing):
    """User tasks, open and ended ones."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[HistoricTask], "POST": list[HistoricTask]}

    def rows(self) -> QuerySet[UserTask]:
        rows = UserTask.objects.select_related("definition", "workspace").defer("definition__xml")
        return self.visible(rows)

    def show(self, rows: Sequence[UserTask]) -> list[HistoricTask]:
        return [historic_task(row) for row in rows]


HistoricTaskCount = count_of(HistoricTasks)
