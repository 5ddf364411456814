"""/modification: the same instructions for several running process instances of one definition."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ModifyProcessInstances
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import body, flag, text, texts
from operate.api.engine_rest.ids import definition_key_of
from operate.api.engine_rest.instructions import instructions_field
from operate.api.engine_rest.selecting import Instances, historic_query, runtime_query
from workflow.engine.errors import Rejected
from workflow.models import ProcessDefinition, ProcessInstance
from workflow.modification import ModificationOptions

MISSING = "Process instance '{}' cannot be modified. The process instance does not exist, or has ended"

ExecutionBody = body(
    "ModificationExecution",
    processDefinitionId=text(required=True),
    processInstanceIds=texts(),
    processInstanceQuery=runtime_query(),
    historicProcessInstanceQuery=historic_query(),
    instructions=instructions_field(),
    skipCustomListeners=flag(),
    skipIoMappings=flag(),
    annotation=text(max_length=4000),
)


class ModificationView(EngineRestView):
    """What the views of this resource share."""

    bodies: dict[str, Any] = {"POST": ExecutionBody}

    def definition(self, id: str) -> ProcessDefinition:
        """The process definition that the instructions are for."""
        rows = self.visible(ProcessDefinition.objects.defer("xml"))
        row = rows.filter(pk=definition_key_of(id) or 0).first()
        if row is None:
            raise Rejected(f"No process definition found with id '{id}': processDefinitionId is wrong.")
        return row


def options(given: dict[str, Any]) -> ModificationOptions:
    """What the modifying command leaves out."""
    return ModificationOptions(bool(given["skipIoMappings"]), bool(given["skipCustomListeners"]))


class ModificationExecute(ModificationView):
    """Modify several running process instances, all of them or none."""

    def post(self, request: Request) -> Response:
        given = self.read()
        definition = self.definition(given["processDefinitionId"])
        running = self.visible(ProcessInstance.objects.active())
        keys = Instances.named_in(given).found(running, MISSING)
        action = self.act(ModifyProcessInstances, reason=given["annotation"] or "")
        action.execute(definition.key, keys, given["instructions"] or [], options=options(given))
        return Response(status=204)


__all__ = ["ExecutionBody", "ModificationExecute", "ModificationView", "options"]
