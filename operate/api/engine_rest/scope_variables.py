"""Variables of a scope: what process instances, executions and tasks have in common.

A scope is an element instance or the process instance itself; a user task has the scope of its element instance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict

from django.db import connection
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import DeleteVariables, SetVariables
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import VALUE_SCHEMA, body, texts, variables
from operate.api.engine_rest.values import read_value, typed_value, variables_by_name
from workflow.engine.errors import NotFound
from workflow.models import Variable
from workflow.persistence.transaction import transaction


class TypedValueAnswer(TypedDict):
    type: str
    value: Any
    valueInfo: dict[str, Any]


VariablesAnswer = dict[str, TypedValueAnswer]

PatchBody = body("PatchVariables", modifications=variables(), deletions=texts())
DESERIALIZE = (
    OpenApiTypes.BOOL,
    "Whether values of type Object are answered as JSON instead of as text; true if absent.",
)

SCOPES = """
WITH RECURSIVE path AS (
  SELECT e.key, e.flow_scope_key, 0 AS depth FROM workflow_elementinstance e WHERE e.key = %s
  UNION ALL
  SELECT e.key, e.flow_scope_key, p.depth + 1 FROM path p JOIN workflow_elementinstance e ON e.key = p.flow_scope_key)
SELECT key, flow_scope_key FROM path ORDER BY depth
"""


def scopes_around(element_instance_key: int) -> list[int]:
    """The keys of an element instance and of the scopes around it, innermost first, the process instance's last."""
    with connection.cursor() as cursor:
        cursor.execute(SCOPES, [element_instance_key])
        path = cursor.fetchall()
    return [*(key for key, _outer in path), path[-1][1]] if path else [element_instance_key]


class ScopeView(EngineRestView):
    """What the views of variables share: who is asked for, and which scopes count."""

    noun: ClassVar[str]
    """Who has the variables, for errors."""
    local: ClassVar[bool] = True
    """Whether a variable is set in exactly this scope, or where it exists further out."""

    def scopes(self, id: str) -> Sequence[int]:
        """The scopes to look into, the own one first; NotFound if there is no such thing, or none that the caller sees."""
        raise NotImplementedError

    def variables(self, scopes: Sequence[int], **conditions: Any) -> list[Variable]:
        """The variables of the scopes, those of inner ones first."""
        rows = Variable.objects.filter(scope_key__in=scopes, **conditions)
        order = {key: position for position, key in enumerate(scopes)}
        return sorted(self.shown(rows), key=lambda row: (order[row.scope_key], row.name))

    @property
    def deserialize(self) -> bool:
        return self.flag("deserializeValues", default=True)


class ScopeVariables(ScopeView):
    """All variables of a scope."""

    bodies = {"POST": PatchBody}
    answers = {"GET": VariablesAnswer}
    parameters = {"GET": {"deserializeValues": DESERIALIZE}}

    def get(self, request: Request, id: str) -> Response:
        """The variables by name."""
        return Response(variables_by_name(self.variables(self.scopes(id)), deserialize=self.deserialize))

    def post(self, request: Request, id: str) -> Response:
        """Set and delete variables, all or none."""
        given = self.read()
        scopes = self.scopes(id)
        deletions = given["deletions"] or []
        outside = {} if self.local else self._outside(scopes, deletions)
        self._change(scopes[0], given["modifications"] or {}, deletions, outside)
        return Response(status=204)

    def _outside(self, scopes: Sequence[int], names: Sequence[str]) -> dict[int, list[str]]:
        """The names that are variables of outer scopes, by scope."""
        found: dict[int, list[str]] = {}
        seen = set()
        for row in self.variables(scopes, name__in=names) if names else ():
            if row.name not in seen and row.scope_key != scopes[0]:
                found.setdefault(row.scope_key, []).append(row.name)
            seen.add(row.name)
        return found

    def _change(
        self, scope: int, modifications: dict[str, object], deletions: Sequence[str], outside: dict[int, list[str]]
    ) -> None:
        if not outside:
            self.act(SetVariables).execute(scope, modifications, delete=deletions, local=self.local)
            return
        # Several commands in one transaction: try first, so that a missing right is recorded outside of it.
        self.act(SetVariables, dry_run=True).execute(scope, modifications, delete=deletions, local=self.local)
        with transaction():
            self.act(SetVariables).execute(scope, modifications, delete=deletions, local=self.local)
            for key, names in outside.items():
                self.act(DeleteVariables).execute(key, names)


class ScopeVariable(ScopeView):
    """One variable of a scope."""

    bodies = {"PUT": VALUE_SCHEMA}
    answers = {"GET": TypedValueAnswer}
    parameters = {"GET": {"deserializeValue": DESERIALIZE}}

    def get(self, request: Request, id: str, name: str) -> Response:
        """The variable's value and type."""
        rows = self.variables(self.scopes(id), name=name)
        if not rows:
            raise NotFound(f"{self.noun} variable with name {name} does not exist")
        deserialize = self.flag("deserializeValue", default=self.deserialize)
        return Response(typed_value(rows[0].value, rows[0].type, deserialize=deserialize))

    def put(self, request: Request, id: str, name: str) -> Response:
        """Set the variable; a new one if there is none."""
        value = read_value(request.data, name)
        self.act(SetVariables).execute(self.scopes(id)[0], {name: value}, local=self.local)
        return Response(status=204)

    def delete(self, request: Request, id: str, name: str) -> Response:
        """Delete the variable; nothing happens if there is none."""
        scopes = self.scopes(id)
        found = () if self.local else self.variables(scopes, name=name)
        self.act(DeleteVariables).execute(found[0].scope_key if found else scopes[0], [name])
        return Response(status=204)


__all__ = ["ScopeVariable", "ScopeVariables", "ScopeView", "TypedValueAnswer", "VariablesAnswer", "scopes_around"]
