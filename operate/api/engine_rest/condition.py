"""/condition: starting process instances whose conditional start event is fulfilled."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import EvaluateStartConditions
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import body, flag, tenant_workspaces, text, variables
from operate.api.engine_rest.ids import definition_key_of
from operate.api.engine_rest.process_instance import ProcessInstanceAnswer, process_instance
from workflow.models import ProcessInstance

ConditionBody = body(
    "EvaluateCondition",
    variables=variables(),
    businessKey=text(),
    processDefinitionId=text(),
    tenantId=text(),
    withoutTenantId=flag(),
)


class Condition(EngineRestView):
    """Evaluate the conditions of conditional start events, and start a process instance at each that is fulfilled."""

    bodies = {"POST": ConditionBody}
    answers = {"POST": list[ProcessInstanceAnswer]}

    def post(self, request: Request) -> Response:
        """Start what the variables fulfil; answers the process instances that were started."""
        given = self.read()
        definition = given["processDefinitionId"]
        outcomes = self.act(EvaluateStartConditions).execute(
            given["variables"] or {},
            business_key=given["businessKey"],
            workspace_ids=tenant_workspaces(given, "Cannot evaluate conditions"),
            definition_key=None if definition is None else definition_key_of(definition) or 0,
        )
        rows = ProcessInstance.objects.select_related("definition", "workspace").defer("definition__xml")
        started = rows.in_bulk([each.process_instance_key for each in outcomes])
        return Response([process_instance(started[each.process_instance_key]) for each in outcomes])
