"""/history/activity-instance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from django.db.models import ExpressionWrapper, F, Q, QuerySet
from django.db.models.fields import DurationField
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import (
    ACTIVITY_TYPES,
    EVENT_TYPES,
    OPEN,
    activity_name,
    activity_type,
    of_types,
)
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.ids import definition_id, id_of, id_or_null
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.queries import Filter, Kind
from operate.api.engine_rest.values import date_text, milliseconds
from workflow.graph import ElementType
from workflow.models import ElementInstance, ProcessInstance, UserTask

State = ElementInstance.State
TYPES_OF_ONE_KIND = {name for kind, name in ACTIVITY_TYPES.items() if kind not in EVENT_TYPES}
DURATION = ExpressionWrapper(F("ended_at") - F("started_at"), DurationField())


class HistoricActivityInstance(TypedDict):
    id: str
    parentActivityInstanceId: str
    activityId: str
    activityName: str | None
    activityType: str
    processDefinitionKey: str
    processDefinitionId: str
    processInstanceId: str
    executionId: str
    taskId: str | None
    assignee: str | None
    calledProcessInstanceId: str | None
    calledCaseInstanceId: str | None
    startTime: str | None
    endTime: str | None
    durationInMillis: int | None
    canceled: bool
    completeScope: bool
    tenantId: str | None
    removalTime: str | None
    rootProcessInstanceId: str


def historic_activity_instance(
    row: ElementInstance, task: UserTask | None, called: int | None
) -> HistoricActivityInstance:
    instance = row.process_instance
    return {
        "id": id_of(row.key),
        "parentActivityInstanceId": id_of(row.flow_scope_key),
        "activityId": row.element_id,
        "activityName": activity_name(instance.definition_key, row.element_id),
        "activityType": activity_type(instance.definition_key, row.element_id, row.element_type),
        "processDefinitionKey": instance.process_id,
        "processDefinitionId": definition_id(instance.definition),
        "processInstanceId": id_of(row.process_instance_key),
        "executionId": id_of(row.key),
        "taskId": id_of(task.key) if task is not None else None,
        "assignee": task.assignee if task is not None else None,
        "calledProcessInstanceId": id_or_null(called),
        "calledCaseInstanceId": None,
        "startTime": date_text(row.started_at),
        "endTime": date_text(row.ended_at),
        "durationInMillis": None if row.ended_at is None else milliseconds(row.ended_at - row.started_at),
        "canceled": row.state == State.TERMINATED,
        "completeScope": False,
        "tenantId": tenant_id(instance.workspace),
        "removalTime": None,
        "rootProcessInstanceId": id_of(row.root_process_instance_key),
    }


def _of_types(names: Sequence[str]) -> Q:
    """Events have one kind for the engine and many types here, which are asked of the models."""
    kinds = [kind.value for kind, name in ACTIVITY_TYPES.items() if name in names and kind not in EVENT_TYPES]
    of_events = [name for name in names if name not in TYPES_OF_ONE_KIND]
    where = Q(element_type__in=kinds)
    return where | of_types(of_events, "process_instance__definition", "element_id") if of_events else where


def _assigned_to(names: Sequence[str]) -> Q:
    return Q(pk__in=UserTask.objects.filter(assignee__in=names).order_by().values("element_instance"))


QUERY = by.ListQuery(
    filters={
        "activityInstanceId": by.key("pk"),
        "activityInstanceIdIn": by.keys("pk"),
        "processInstanceId": by.key("process_instance"),
        "processInstanceIdIn": by.keys("process_instance"),
        "processDefinitionId": by.definition("process_instance__definition"),
        "executionId": by.key("pk"),
        "activityId": by.text("element_id"),
        "activityIdIn": by.texts("element_id"),
        "activityName": by.unsupported(),
        "activityNameLike": by.unsupported(),
        "activityType": Filter(Kind.TEXT, lambda name: _of_types([name])),
        "taskAssignee": Filter(Kind.TEXT, lambda name: _assigned_to([name])),
        "finished": by.flag(Q(ended_at__isnull=False)),
        "unfinished": by.flag(Q(state__in=OPEN)),
        "canceled": by.flag(Q(state=State.TERMINATED)),
        "completeScope": by.never(Kind.FLAG),
        "startedBefore": by.date("started_at__lte"),
        "startedAfter": by.date("started_at__gte"),
        "finishedBefore": by.date("ended_at__lte"),
        "finishedAfter": by.date("ended_at__gte"),
        "tenantIdIn": by.tenants("process_instance__workspace"),
        "withoutTenantId": by.without_tenant("process_instance__workspace"),
    },
    sorting={
        "activityInstanceId": "key",
        "instanceId": "process_instance_key",
        "executionId": "key",
        "activityId": "element_id",
        "activityType": "element_type",
        "startTime": "started_at",
        "endTime": "ended_at",
        "duration": DURATION,
        "definitionId": "process_instance__definition_key",
        "occurrence": "key",
        "tenantId": "process_instance__workspace__slug",
    },
)


def all_activity_instances() -> QuerySet[ElementInstance]:
    """Element instances that were entered, with what showing them needs."""
    rows = ElementInstance.objects.select_related("process_instance__definition", "process_instance__workspace")
    return rows.filter(started_at__isnull=False).defer("process_instance__definition__xml")


def user_tasks_of(rows: Iterable[ElementInstance]) -> dict[int, UserTask]:
    """The user tasks of element instances, by their keys; one query, or none if there is no user task."""
    keys = [row.key for row in rows if row.element_type == "USER_TASK"]
    if not keys:
        return {}
    return {task.element_instance_key: task for task in UserTask.objects.filter(element_instance__in=keys).order_by()}


def called_by(rows: Iterable[ElementInstance]) -> dict[int, int]:
    """The keys of the process instances that call activities have called; one query, or none if there is no such activity."""
    keys = [row.key for row in rows if row.element_type == ElementType.CALL_ACTIVITY]
    if not keys:
        return {}
    called = ProcessInstance.objects.filter(parent_element_instance__in=keys).order_by("key")
    return dict(called.values_list("parent_element_instance_key", "key"))


class HistoricActivityInstances(QueryListing):
    """Activity instances, active and ended ones."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[HistoricActivityInstance], "POST": list[HistoricActivityInstance]}

    def rows(self) -> QuerySet[ElementInstance]:
        return self.visible(all_activity_instances())

    def show(self, rows: Sequence[ElementInstance]) -> list[HistoricActivityInstance]:
        tasks, called = user_tasks_of(rows), called_by(rows)
        return [historic_activity_instance(row, tasks.get(row.key), called.get(row.key)) for row in rows]


HistoricActivityInstanceCount = count_of(HistoricActivityInstances)


class HistoricActivityInstanceView(EngineRestView):
    """One activity instance, active or ended."""

    answers = {"GET": HistoricActivityInstance}

    def get(self, request: Request, id: str) -> Response:
        missing = f"Historic activity instance with id '{id}' does not exist"
        row = self.one(self.visible(all_activity_instances()), id, missing)
        return Response(
            historic_activity_instance(row, user_tasks_of([row]).get(row.key), called_by([row]).get(row.key))
        )
