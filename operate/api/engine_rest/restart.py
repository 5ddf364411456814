"""/process-definition/{id}/restart: new process instances for ended ones."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import RestartProcessInstances
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import body, flag, text, texts
from operate.api.engine_rest.ids import definition_key_of
from operate.api.engine_rest.instructions import instructions_field
from operate.api.engine_rest.selecting import Instances, historic_query
from workflow.engine.errors import NotFound
from workflow.models import ProcessDefinition, ProcessInstance
from workflow.services import RestartOptions

MISSING = "Historic process instance cannot be found: process instance '{}' cannot be restarted. It does not exist"

RestartBody = body(
    "Restart",
    processInstanceIds=texts(),
    historicProcessInstanceQuery=historic_query(),
    instructions=instructions_field(),
    initialVariables=flag(),
    withoutBusinessKey=flag(),
    skipCustomListeners=flag(),
    skipIoMappings=flag(),
    annotation=text(max_length=4000),
)


class RestartView(EngineRestView):
    """What the synchronous and the asynchronous form share."""

    bodies: dict[str, Any] = {"POST": RestartBody}

    def definition(self, id: str) -> ProcessDefinition:
        """The process definition that the new process instances run on."""
        missing = f"no deployed process definition found with id '{id}'"
        row = self.visible(ProcessDefinition.objects.defer("xml")).filter(pk=definition_key_of(id) or 0).first()
        if row is None:
            raise NotFound(missing)
        return row


def options(given: dict[str, Any]) -> RestartOptions:
    """With which variables they begin, and what is left out."""
    return RestartOptions(
        initial_variables=bool(given["initialVariables"]),
        without_business_key=bool(given["withoutBusinessKey"]),
        skip_listeners=bool(given["skipCustomListeners"]),
        skip_io_mappings=bool(given["skipIoMappings"]),
    )


class Restart(RestartView):
    """Restart several ended process instances, all of them or none."""

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        definition = self.definition(id)
        keys = Instances.named_in(given).found(self.visible(ProcessInstance.objects.all()), MISSING)
        action = self.act(RestartProcessInstances, reason=given["annotation"] or "")
        action.execute(definition.key, keys, given["instructions"] or [], options=options(given))
        return Response(status=204)


__all__ = ["Restart", "RestartBody", "RestartView", "options"]
