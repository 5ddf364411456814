"""/message: correlating messages with executions that wait for them."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import CorrelateMessage
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import body, flag, text, variables
from operate.api.engine_rest.errors import REST, Refused
from operate.api.engine_rest.execution import ExecutionAnswer, execution
from operate.api.engine_rest.ids import key_of
from operate.api.engine_rest.process_instance import ProcessInstanceAnswer
from operate.api.engine_rest.scope_variables import VariablesAnswer
from operate.api.engine_rest.values import typed_value
from operate.workspaces import workspace_named
from workflow.engine.errors import NotFound, Rejected
from workflow.models import DEFAULT_WORKSPACE, Variable, Workspace
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
    processDefinitionId=text(help_text="Only for starting a process instance, which no model does yet."),
    correlationKeys=variables(),
    localCorrelationKeys=variables(),
    processVariables=variables(),
    processVariablesLocal=variables(help_text="Not supported yet: must be absent or empty."),
    processVariablesToTriggeredScope=variables(help_text="Not supported yet: must be absent or empty."),
    all=flag(),
    resultEnabled=flag(),
    variablesInResultEnabled=flag(),
)


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
            process_instance_key=self._process_instance_key(given["processInstanceId"]),
            all=bool(given["all"]),
        )
        correlated = self.act(CorrelateMessage).execute(
            correlation, variables=given["processVariables"] or {}, workspace_ids=self._workspaces(given)
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
        if given["tenantId"] and given["withoutTenantId"]:
            raise Rejected("Parameter 'tenantId' cannot be used together with parameter 'withoutTenantId'.")
        for name in ("processVariablesLocal", "processVariablesToTriggeredScope"):
            if given[name]:
                raise Rejected(f"'{name}' is not supported yet. Use 'processVariables'.")
        if given["processDefinitionId"]:
            raise Refused(
                f"Cannot correlate message '{given['messageName']}': no process definition can be started by a message yet.",
                type=REST,
            )

    @staticmethod
    def _process_instance_key(id: str | None) -> int | None:
        """The key; 0, which nothing has, for what cannot be an id."""
        return None if id is None else key_of(id) or 0

    @staticmethod
    def _workspaces(given: dict[str, Any]) -> list[int] | None:
        if not given["tenantId"] and not given["withoutTenantId"]:
            return None
        try:
            return [workspace_named(given["tenantId"] or DEFAULT_WORKSPACE).pk]
        except NotFound as error:
            raise Rejected(f"Cannot correlate message '{given['messageName']}': {error.message}") from None

    def _results(self, correlated: tuple[Correlation, ...], *, with_variables: bool) -> list[dict[str, Any]]:
        instances = [each.process_instance_key for each in correlated]
        slugs = dict(Workspace.objects.values_list("pk", "slug"))
        found: dict[int, dict[str, Any]] = {key: {} for key in instances}
        for row in Variable.objects.filter(scope_key__in=instances) if with_variables else ():
            found[row.scope_key][row.name] = typed_value(row.value, row.type)
        return [
            {
                "resultType": "Execution",
                "execution": execution(
                    each.element_instance_key, each.process_instance_key, slugs[each.outcome.workspace_id]
                ),
                "processInstance": None,
                **({"variables": found[each.process_instance_key]} if with_variables else {}),
            }
            for each in correlated
        ]
