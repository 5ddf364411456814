"""/migration: plans to move process instances to another process definition, checking them, and carrying them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from django.db.models import Q
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import MigrateProcessInstance
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import OPTIONAL, AnyObject, Body, body, flag, refusal, text, texts
from operate.api.engine_rest.ids import definition_id, definition_key_of, key_of
from operate.api.engine_rest.instructions import MAX_INSTRUCTIONS
from operate.api.engine_rest.migration_report import MigrationInstruction, PlanReport, instruction, plan_report
from operate.api.engine_rest.process_instance import QUERY
from operate.api.engine_rest.values import read_variables
from workflow import services
from workflow.engine.errors import NotFound, Rejected
from workflow.migration import Mapping, MigrationOptions, MigrationPlan
from workflow.models import ProcessDefinition, ProcessInstance


class Plan(TypedDict):
    sourceProcessDefinitionId: str
    targetProcessDefinitionId: str
    instructions: list[MigrationInstruction]
    variables: NotRequired[dict[str, Any] | None]


class MappingField(Body):
    """One instruction: one source activity and one target activity, each in a list."""

    def to_internal_value(self, data: Any) -> Mapping:
        given = super().to_internal_value(data)
        return Mapping(
            _only(given["sourceActivityIds"], "sourceActivityIds"),
            _only(given["targetActivityIds"], "targetActivityIds"),
            bool(given["updateEventTrigger"]),
        )


def _only(ids: Sequence[str] | None, name: str) -> str:
    if ids is None or len(ids) != 1:
        found = "none" if not ids else str(len(ids))
        raise refusal(f"Expected '{name}' to be a list of one activity id, found {found}.")
    return ids[0]


MappingBody = type(
    "MigrationInstruction",
    (MappingField,),
    {
        "sourceActivityIds": texts(),
        "targetActivityIds": texts(),
        "updateEventTrigger": flag(),
        "__module__": __name__,
    },
)

PlanBody = body(
    "MigrationPlan",
    sourceProcessDefinitionId=text(required=True),
    targetProcessDefinitionId=text(required=True),
    instructions=serializers.ListField(child=MappingBody(), max_length=MAX_INSTRUCTIONS, **OPTIONAL),
    variables=AnyObject(**OPTIONAL),
)


class MigrationView(EngineRestView):
    """What the views of this resource share: the process definitions that a plan names."""

    def definition(self, id: str, which: str) -> ProcessDefinition:
        """The process definition that the caller may see."""
        rows = self.visible(ProcessDefinition.objects.defer("xml"))
        row = rows.filter(pk=definition_key_of(id) or 0).first()
        if row is None:
            raise Rejected(f"{which} process definition with id '{id}' does not exist")
        return row

    def plan(self, given: dict[str, Any]) -> MigrationPlan:
        """The plan that a checked body means."""
        source = self.definition(given["sourceProcessDefinitionId"], "Source")
        target = self.definition(given["targetProcessDefinitionId"], "Target")
        variables = read_variables(given["variables"], "variables") if given["variables"] else {}
        return MigrationPlan(target.key, tuple(given["instructions"] or ()), source.key, variables)


class MigrationGenerate(MigrationView):
    """Make a plan of the activities that are the same in two process definitions."""

    bodies = {
        "POST": body(
            "MigrationGeneration",
            sourceProcessDefinitionId=text(required=True),
            targetProcessDefinitionId=text(required=True),
            updateEventTriggers=flag(),
            variables=AnyObject(**OPTIONAL),
        )
    }
    answers = {"POST": Plan}

    def post(self, request: Request) -> Response:
        given = self.read()
        source = self.definition(given["sourceProcessDefinitionId"], "Source")
        target = self.definition(given["targetProcessDefinitionId"], "Target")
        read_variables(given["variables"] or {}, "variables")
        plan = services.generate_migration_plan(
            source.key, target.key, update_event_triggers=bool(given["updateEventTriggers"])
        )
        answer: Plan = {
            "sourceProcessDefinitionId": definition_id(source),
            "targetProcessDefinitionId": definition_id(target),
            "instructions": [instruction(mapping) for mapping in plan.mappings],
            "variables": given["variables"],
        }
        return Response(answer)


class MigrationValidate(MigrationView):
    """Tell what is wrong with a plan, whatever process instance it is for."""

    bodies = {"POST": PlanBody}
    answers = {"POST": PlanReport}

    def post(self, request: Request) -> Response:
        return Response(plan_report(services.validate_migration_plan(self.plan(self.read()))))


ExecutionBody = body(
    "MigrationExecution",
    migrationPlan=PlanBody(required=True),
    processInstanceIds=texts(),
    processInstanceQuery=AnyObject(**OPTIONAL, help_text="As the body of POST /process-instance."),
    skipCustomListeners=flag(),
    skipIoMappings=flag(),
)


class MigrationExecute(MigrationView):
    """Carry out a plan on running process instances, all of them or none."""

    bodies = {"POST": ExecutionBody}

    def post(self, request: Request) -> Response:
        given = self.read()
        plan = self.plan(given["migrationPlan"])
        options = MigrationOptions(bool(given["skipIoMappings"]), bool(given["skipCustomListeners"]))
        keys = self._instances(given["processInstanceIds"] or [], given["processInstanceQuery"])
        self.act_on_all(MigrateProcessInstance, keys, plan, options=options)
        return Response(status=204)

    def _instances(self, ids: Sequence[str], query: dict[str, Any] | None) -> list[int]:
        running = self.visible(ProcessInstance.objects.active())
        by_key = {key_of(id) or 0: id for id in ids}
        found = set(running.filter(pk__in=by_key).values_list("key", flat=True))
        missing = sorted(by_key[key] for key in by_key.keys() - found)
        if missing:
            raise NotFound(
                f"Process instance '{missing[0]}' cannot be migrated. The process instance does not exist, or has ended"
            )
        where = QUERY.condition(query) if query is not None else Q(pk__in=[])
        found |= set(running.filter(where).values_list("key", flat=True))
        if not found:
            raise Rejected("Process instance ids cannot be empty: neither the list nor the query names any.")
        return sorted(found)


__all__ = ["ExecutionBody", "MigrationExecute", "MigrationGenerate", "MigrationValidate", "PlanBody"]
