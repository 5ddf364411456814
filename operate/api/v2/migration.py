"""Migrating a process instance to another process definition."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import MigrateProcessInstance
from operate.api.v2.bodies import Body
from operate.api.v2.instances import WHAT, InstanceCommand
from operate.api.v2.schema import KEY, TEXT, WHOLE, array, record
from workflow.migration import Mapping, MigrationPlan

PLAN = {
    "targetProcessDefinitionKey": KEY,
    "mappingInstructions": array(
        record(("sourceElementId", "targetElementId"), sourceElementId=TEXT, targetElementId=TEXT)
    ),
}


class Migration(InstanceCommand):
    """Move a running process instance to another process definition: each active element to the one it is mapped to."""

    command = "MIGRATE"
    bodies = {"POST": record(("targetProcessDefinitionKey", "mappingInstructions"), **PLAN, operationReference=WHOLE)}

    def post(self, request: Request, key: str) -> Response:
        plan = migration_plan(self.body())
        self.act(MigrateProcessInstance).execute(self.key(key, WHAT), plan)
        return self.done()


def migration_plan(body: Body) -> MigrationPlan:
    """The target and the mappings of a migration."""
    mappings = [
        Mapping(each.name("sourceElementId"), each.name("targetElementId"))
        for each in body.bodies("mappingInstructions")
    ]
    return MigrationPlan(body.key("targetProcessDefinitionKey"), tuple(mappings))


__all__ = ["PLAN", "Migration", "migration_plan"]
