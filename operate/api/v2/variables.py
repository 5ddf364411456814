"""Variables."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import SetVariables
from operate.api.v2.base import V2View, json_text
from operate.api.v2.instances import variable_condition
from operate.api.v2.search import Field, Kind, Row, Search
from workflow.engine.errors import NotFound
from workflow.models import Variable

TAG = "Variable"
PREVIEW = 8_192
"""How many characters of a value a search shows, unless told otherwise."""


def preview(row: Row) -> str:
    """The serialized value, as far as a search shows it."""
    return json_text(row["value"])[:PREVIEW]


class VariableSearch(Search):
    """POST /variables/search"""

    tag = TAG
    fields = (
        Field("variableKey", "key", Kind.KEY),
        Field("name", "name"),
        Field("value", filter=False, sort=False, needs=("value",), render=preview),
        Field("isTruncated", sort=False, filter=False, render=lambda row: len(json_text(row["value"])) > PREVIEW),
        Field("scopeKey", "scope_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("tenantId", "process_instance__workspace__slug"),
    )
    own_filters = ("value",)

    def rows(self) -> QuerySet[Variable]:
        return self.visible(Variable.objects.all())

    def own_filter(self, name: str, value: Any, path: str) -> Q:
        return variable_condition(value, f"'{path}'")

    def render(self, row: Row) -> dict[str, Any]:
        found = super().render(row)
        if self.request.query_params.get("truncateValues", "true").lower() == "false":
            found |= {"value": json_text(row["value"]), "isTruncated": False}
        return found


class VariableView(V2View):
    """GET /variables/{key}: with its full value."""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        number = self.key(key, "a variable")
        found = VariableSearch.item(self.visible(Variable.objects.all()), number)
        if found is None:
            raise NotFound(f"Expected to find a variable with key '{key}', but there is none.")
        value = Variable.objects.values_list("value", flat=True).get(pk=number)
        return Response(
            {name: each for name, each in found.items() if name != "isTruncated"} | {"value": json_text(value)}
        )


class ElementInstanceVariables(V2View):
    """PUT /element-instances/{key}/variables: from that scope outwards, or exactly there."""

    tag = TAG
    command = "UPDATE"
    response_schema = {204: None}

    def put(self, request: Request, key: str) -> Response:
        body = self.body()
        number = self.key(key, "an element instance")
        self.act(SetVariables).execute(number, body.object("variables"), local=body.flag("local", default=False))
        return self.done()
