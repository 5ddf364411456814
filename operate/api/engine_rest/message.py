"""/message: correlating messages with executions that wait for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import CorrelateMessage
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import body, flag, tenant_workspaces, text, variables
from operate.api.engine_rest.execution import ExecutionAnswer, execution
from operate.api.engine_rest.ids import definition_key_of, key_of
from operate.api.engine_rest.process_instance import ProcessInstanceAnswer, process_instance
from operate.api.engine_rest.scope_variables import VariablesAnswer
from operate.api.engine_rest.values import typed_value
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance, Variable, Workspace
from workflow.services import Correlation, MessageCorrelation


class CorrelationAnswer(TypedDict):
    resultType: str
    execution: ExecutionAnswer | None
    processInstance: ProcessInstanceAnswer | None
    variables: VariablesAnswer | None


MessageBody = body(
    "CorrelateMessage",
    messageName=text(required=True),
    businessKey=text(),
    tenantId=text(),
    withoutTenantId=flag(),
    processInstanceId=text(),
    processDefinitionId=text(help_text="Only executions of this definition, or a start by its message start event."),
    correlationKeys=variables(),
    localCorrelationKeys=variables(),
    processVariables=variables(),
    processVariablesLocal=variables(help_text="Set in exactly the execution that waits."),
    processVariablesToTriggeredScope=variables(help_text="Not supported: must be absent or empty."),
    all=flag(),
    resultEnabled=flag(),
    variablesInResultEnabled=flag(),
)


def _key(id: str | None, key_of_id: Callable[[str], int | None]) -> int | None:
    """The key, if there is an id; 0, which nothing has, for what cannot be an id."""
    return None if id is None else key_of_id(id) or 0


class Message(EngineRestView):
    """Correlate a message: with the one execution that it is for, or with `all` that it fits."""

    bodies = {"POST": MessageBody}
    answers = {"POST": list[CorrelationAnswer]}

    def post(self, request: Request) -> Response:
        """Correlate a message; answers with whom if that is asked for, else nothing (204)."""
        given = self.read()
        self._refuse_impossible(given)
        correlation = MessageCorrelation(
            given["messageName"],
            business_key=given["businessKey"],
            correlation_keys=given["correlationKeys"] or {},
            local_correlation_keys=given["localCorrelationKeys"] or {},
            process_instance_key=_key(given["processInstanceId"], key_of),
            definition_key=_key(given["processDefinitionId"], definition_key_of),
            all=bool(given["all"]),
        )
        correlated = self.act(CorrelateMessage).execute(
            correlation,
            variables=given["processVariables"] or {},
            local_variables=given["processVariablesLocal"] or {},
            workspace_ids=self._workspaces(given),
        )
        if not given["resultEnabled"]:
            return Response(status=204)
        return Response(self._results(correlated, with_variables=bool(given["variablesInResultEnabled"])))

    @staticmethod
    def _refuse_impossible(given: dict[str, Any]) -> None:
        if not given["messageName"]:
            raise Rejected("No message name supplied")
        if given["variablesInResultEnabled"] and not given["resultEnabled"]:
            raise Rejected("Parameter 'variablesInResultEnabled' cannot be used without 'resultEnabled' set to 'true'.")
        if given["processVariablesToTriggeredScope"]:
            raise Rejected(
                "'processVariablesToTriggeredScope' is not supported. Use 'processVariables' or 'processVariablesLocal'."
            )

    @staticmethod
    def _workspaces(given: dict[str, Any]) -> list[int] | None:
        return tenant_workspaces(given, f"Cannot correlate message '{given['messageName']}'")

    def _results(self, correlated: tuple[Correlation, ...], *, with_variables: bool) -> list[dict[str, Any]]:
        instances = [each.process_instance_key for each in correlated]
        slugs = dict(Workspace.objects.values_list("pk", "slug"))
        found: dict[int, dict[str, Any]] = {key: {} for key in instances}
        for row in self.shown(Variable.objects.filter(scope_key__in=instances)) if with_variables else ():
            found[row.scope_key][row.name] = typed_value(row.value, row.type)
        rows = ProcessInstance.objects.select_related("definition", "workspace").defer("definition__xml")
        started = rows.in_bulk([each.process_instance_key for each in correlated if each.has_started])
        return [
            {
                **_receiver(each, started.get(each.process_instance_key), slugs),
                **({"variables": found[each.process_instance_key]} if with_variables else {}),
            }
            for each in correlated
        ]


def _receiver(correlation: Correlation, started: ProcessInstance | None, slugs: Mapping[int, str]) -> dict[str, Any]:
    """The process instance that the message has started, or the execution that has got it."""
    if started is not None:
        return {"resultType": "ProcessDefinition", "execution": None, "processInstance": process_instance(started)}
    key = correlation.element_instance_key or correlation.process_instance_key
    found = execution(key, correlation.process_instance_key, slugs[correlation.outcome.workspace_id])
    return {"resultType": "Execution", "execution": found, "processInstance": None}
