"""/history/variable-instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.ids import definition_id, id_of, key_of
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.scope_variables import DESERIALIZE
from operate.api.engine_rest.values import date_text, typed_value
from operate.api.engine_rest.variable_instance import with_definition
from workflow.models import UserTask, Variable


class HistoricVariableInstance(TypedDict):
    id: str
    name: str
    type: str
    value: Any
    valueInfo: dict[str, Any]
    processDefinitionKey: str
    processDefinitionId: str
    processInstanceId: str
    executionId: str
    activityInstanceId: str
    caseDefinitionKey: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    taskId: str | None
    errorMessage: str | None
    tenantId: str | None
    state: str
    createTime: str | None
    removalTime: str | None
    rootProcessInstanceId: str


def historic_variable_instance(row: Variable, *, deserialize: bool) -> HistoricVariableInstance:
    typed = typed_value(row.value, row.type, deserialize=deserialize)
    instance = row.process_instance
    return {
        "id": id_of(row.key),
        "name": row.name,
        "type": typed["type"],
        "value": typed["value"],
        "valueInfo": typed["valueInfo"],
        "processDefinitionKey": instance.process_id,
        "processDefinitionId": definition_id(instance.definition),
        "processInstanceId": id_of(row.process_instance_key),
        "executionId": id_of(row.scope_key),
        "activityInstanceId": id_of(row.scope_key),
        "caseDefinitionKey": None,
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "taskId": None,
        "errorMessage": None,
        "tenantId": tenant_id(instance.workspace),
        "state": "CREATED",
        "createTime": date_text(row.created_at),
        "removalTime": None,
        "rootProcessInstanceId": id_of(row.root_process_instance_key),
    }


def _of_tasks(ids: Sequence[str]) -> Q:
    tasks = UserTask.objects.filter(by.having("pk", [key_of(each) for each in ids]))
    return Q(scope_key__in=tasks.order_by().values("element_instance"))


def _types(names: Sequence[str]) -> Q:
    return Q(type__in=[name[:1].upper() + name[1:].lower() for name in names])


class _Value(by.Filter):
    """`variableValue`: text in an address, any plain value in a body."""

    __slots__ = ()

    def from_address(self, value: str, given: Any) -> Any:
        return value

    def from_json(self, value: Any, given: Any) -> Any:
        if isinstance(value, dict | list):
            raise ValueError("expected a plain value")
        return value


QUERY = by.ListQuery(
    filters={
        "variableName": by.text("name"),
        "variableNameIn": by.texts("name"),
        "variableNameLike": by.pattern("name"),
        "variableValue": _Value(by.Kind.TEXT, lambda value: Q(value__same=value)),
        "variableNamesIgnoreCase": by.unsupported(by.Kind.FLAG),
        "variableValuesIgnoreCase": by.unsupported(by.Kind.FLAG),
        "variableTypeIn": by.Filter(by.Kind.TEXTS, _types),
        "includeDeleted": by.always("Deleted variables are gone; the audit log keeps what they were."),
        "processInstanceId": by.key("process_instance"),
        "processInstanceIdIn": by.keys("process_instance"),
        "processDefinitionId": by.definition("process_instance__definition"),
        "processDefinitionKey": by.text("process_instance__process_id"),
        "executionIdIn": by.keys("scope_key"),
        "caseInstanceId": by.never(),
        "caseExecutionIdIn": by.never(by.Kind.TEXTS),
        "caseActivityIdIn": by.never(by.Kind.TEXTS),
        "taskIdIn": by.Filter(by.Kind.TEXTS, _of_tasks),
        "activityInstanceIdIn": by.keys("scope_key"),
        "tenantIdIn": by.tenants("process_instance__workspace"),
        "withoutTenantId": by.without_tenant("process_instance__workspace"),
        "createdAfter": by.date("created_at__gt"),
    },
    sorting={
        "instanceId": "process_instance_key",
        "variableName": "name",
        "tenantId": "process_instance__workspace__slug",
    },
)


class HistoricVariableInstances(QueryListing):
    """Variables, also those of ended scopes, with their last values."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[HistoricVariableInstance], "POST": list[HistoricVariableInstance]}
    parameters = {method: {"deserializeValues": DESERIALIZE} for method in ("GET", "POST")}

    def rows(self) -> QuerySet[Variable]:
        return self.visible(with_definition(Variable.objects.all()))

    def show(self, rows: Sequence[Variable]) -> list[HistoricVariableInstance]:
        deserialize = self.flag("deserializeValues", default=True)
        return [historic_variable_instance(row, deserialize=deserialize) for row in self.shown(rows)]


HistoricVariableInstanceCount = count_of(HistoricVariableInstances)


class HistoricVariableInstanceView(EngineRestView):
    """One variable, with its last value."""

    answers = {"GET": HistoricVariableInstance}
    parameters = {"GET": {"deserializeValue": (OpenApiTypes.BOOL, DESERIALIZE[1])}}

    def get(self, request: Request, id: str) -> Response:
        rows = self.visible(with_definition(Variable.objects.all()))
        [row] = self.shown([self.one(rows, id, f"Variable instance with id '{id}' does not exist")])
        deserialize = self.flag("deserializeValue", default=True)
        return Response(historic_variable_instance(row, deserialize=deserialize))
