"""/variable-instance: the variables of running scopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import OPEN
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.ids import definition_id, id_of, key_of
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.scope_variables import DESERIALIZE
from operate.api.engine_rest.values import typed_value
from operate.api.engine_rest.variable_filters import IGNORE_CASE, variable_values
from workflow.models import ElementInstance, ProcessInstance, UserTask, Variable


class VariableInstanceAnswer(TypedDict):
    id: str
    name: str
    type: str
    value: Any
    valueInfo: dict[str, Any]
    processDefinitionId: str
    processInstanceId: str
    executionId: str
    caseInstanceId: str | None
    caseExecutionId: str | None
    taskId: str | None
    batchId: str | None
    activityInstanceId: str
    errorMessage: str | None
    tenantId: str | None


def variable_instance(row: Variable, *, deserialize: bool) -> VariableInstanceAnswer:
    typed = typed_value(row.value, row.type, deserialize=deserialize)
    return {
        "id": id_of(row.key),
        "name": row.name,
        "type": typed["type"],
        "value": typed["value"],
        "valueInfo": typed["valueInfo"],
        "processDefinitionId": definition_id(row.process_instance.definition),
        "processInstanceId": id_of(row.process_instance_key),
        "executionId": id_of(row.scope_key),
        "caseInstanceId": None,
        "caseExecutionId": None,
        "taskId": None,
        "batchId": None,
        "activityInstanceId": id_of(row.scope_key),
        "errorMessage": None,
        "tenantId": tenant_id(row.process_instance.workspace),
    }


def _of_tasks(ids: Sequence[str]) -> Q:
    """A user task has the scope of its element instance."""
    tasks = UserTask.objects.filter(by.having("pk", [key_of(each) for each in ids]))
    return Q(scope_key__in=tasks.order_by().values("element_instance"))


QUERY = by.ListQuery(
    filters={
        "variableName": by.text("name"),
        "variableNameLike": by.pattern("name"),
        "processInstanceIdIn": by.keys("process_instance"),
        "executionIdIn": by.keys("scope_key"),
        "caseInstanceIdIn": by.never(by.Kind.TEXTS),
        "caseExecutionIdIn": by.never(by.Kind.TEXTS),
        "taskIdIn": by.Filter(by.Kind.TEXTS, _of_tasks),
        "batchIdIn": by.never(by.Kind.TEXTS),
        "variableScopeIdIn": by.keys("scope_key"),
        "activityInstanceIdIn": by.keys("scope_key"),
        "tenantIdIn": by.tenants("process_instance__workspace"),
        "variableValues": variable_values(),
        **IGNORE_CASE,
    },
    sorting={
        "variableName": "name",
        "variableType": "type",
        "activityInstanceId": "scope_key",
        "tenantId": "process_instance__workspace__slug",
    },
)


def with_definition(rows: QuerySet[Variable]) -> QuerySet[Variable]:
    """Variables with what showing them needs."""
    rows = rows.select_related("process_instance__definition", "process_instance__workspace")
    return rows.defer("process_instance__definition__xml")


def variables_of_running_scopes() -> QuerySet[Variable]:
    """Variables whose process instance runs and whose scope is open."""
    scope = ElementInstance.objects.filter(pk=OuterRef("scope_key"), state__in=OPEN)
    rows = Variable.objects.filter(process_instance__state=ProcessInstance.State.ACTIVE)
    return with_definition(rows.filter(Q(scope_key=F("process_instance_key")) | Exists(scope)))


class VariableInstances(QueryListing):
    """Variables of running scopes."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[VariableInstanceAnswer], "POST": list[VariableInstanceAnswer]}
    parameters = {method: {"deserializeValues": DESERIALIZE} for method in ("GET", "POST")}

    def rows(self) -> QuerySet[Variable]:
        return self.visible(variables_of_running_scopes())

    def show(self, rows: Sequence[Variable]) -> list[VariableInstanceAnswer]:
        deserialize = self.flag("deserializeValues", default=True)
        return [variable_instance(row, deserialize=deserialize) for row in self.shown(rows)]


VariableInstanceCount = count_of(VariableInstances)


class VariableInstanceView(EngineRestView):
    """One variable of a running scope."""

    answers = {"GET": VariableInstanceAnswer}
    parameters = {"GET": {"deserializeValue": (OpenApiTypes.BOOL, DESERIALIZE[1])}}

    def get(self, request: Request, id: str) -> Response:
        rows = self.visible(variables_of_running_scopes())
        [row] = self.shown([self.one(rows, id, f"Variable instance with Id '{id}' does not exist.")])
        return Response(variable_instance(row, deserialize=self.flag("deserializeValue", default=True)))
