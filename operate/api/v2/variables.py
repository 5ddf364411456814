"""Variables: finding, reading and setting them."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, Left, Length
from django.db.models.lookups import GreaterThan
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import SetVariables
from operate.api.v2.base import V2View, json_text
from operate.api.v2.bodies import Body, kind_of
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.fields import MOST_PARTS, Field, Kind, Row
from operate.api.v2.schema import FLAG, TEXT, VARIABLES, Schema, array, record
from operate.api.v2.search import Columns, Item, Search
from operate.masking.masks import Masks
from workflow.models import Variable

TAG = "Variable"
PREVIEW = 8_192
"""How many characters of a value a search shows, unless told otherwise."""

VALUE = Field("value", "value", Kind.SERIALIZED)
NAMED_VALUES: Schema = array(record(("name", "value"), name=TEXT, value=VALUE.filter_schema))


def serialized(row: Row) -> str:
    """The value as JSON text, or the beginning of it."""
    text: str = row["preview"]
    return text if row["is_truncated"] else json_text(json.loads(text))


class VariableSearch(Search):
    """Find variables."""

    tag = TAG
    what = "a variable"
    parameters = {"truncateValues": {**FLAG, "default": True}}
    fields = (
        Field("variableKey", "key", Kind.KEY),
        Field("name", "name"),
        Field("value", "value", Kind.SERIALIZED, sort="preview", needs=("preview", "is_truncated"), render=serialized),
        Field("isTruncated", "is_truncated", Kind.FLAG, flag=Q(is_truncated=True), sort=False),
        Field("scopeKey", "scope_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("tenantId", "process_instance__workspace__slug"),
    )

    def rows(self) -> QuerySet[Variable]:
        """Values are cut by the database: there may be many of them, each of many megabytes."""
        text = Cast("value", TextField())
        return self.visible(Variable.objects.all()).annotate(
            preview=Left(text, PREVIEW),
            is_truncated=GreaterThan(Length(text), PREVIEW),
        )

    def completed(self, rows: list[Columns]) -> list[Columns]:
        return self.masked(with_whole_values(rows) if self._wants_whole_values() else rows)

    def masked(self, rows: list[Columns]) -> list[Columns]:
        """The rows with what is masked for the caller hidden; where something may be, the whole value is looked at."""
        masks = Masks.of(self.request.user)
        if not masks or not rows:
            return rows
        whole = {row.pk: row for row in Variable.objects.filter(pk__in=[row["key"] for row in rows])}
        before = {key: row.value for key, row in whole.items()}
        after = {row.pk: row.value for row in masks.variables(whole.values())}
        return [
            row if after[row["key"]] is before[row["key"]] else _with_text(row, json_text(after[row["key"]]))
            for row in rows
        ]

    def _wants_whole_values(self) -> bool:
        given = self.request.query_params.get("truncateValues", "true")
        if given not in ("true", "false"):
            raise InvalidArgument(
                f"Expected query parameter 'truncateValues' to be true or false, found '{given[:80]}'."
            )
        return given == "false"


def _with_text(row: Columns, text: str) -> Columns:
    """The row with another value, cut where it was cut."""
    is_cut = row["is_truncated"] and len(text) > PREVIEW
    return {**row, "preview": text[:PREVIEW] if is_cut else text, "is_truncated": is_cut}


def with_whole_values(rows: list[Columns]) -> list[Columns]:
    """The rows with values that are not cut."""
    cut = [row["key"] for row in rows if row["is_truncated"]]
    values = dict(Variable.objects.filter(pk__in=cut).values_list("key", "value")) if cut else {}
    return [
        {**row, "preview": json_text(values[row["key"]]), "is_truncated": False} if row["key"] in values else row
        for row in rows
    ]


class WholeVariable(VariableSearch):
    """A variable with all of its value."""

    parameters = {}
    fields = tuple(field for field in VariableSearch.fields if field.name != "isTruncated")

    def completed(self, rows: list[Columns]) -> list[Columns]:
        return self.masked(with_whole_values(rows))


class VariableView(Item):
    """A variable with its full value."""

    tag = TAG
    search = WholeVariable


class ElementInstanceVariables(V2View):
    """Set variables where they exist, from a scope outwards, or exactly in that scope."""

    tag = TAG
    command = "UPDATE"
    bodies = {"PUT": record(("variables",), variables=VARIABLES, local=FLAG)}

    def put(self, request: Request, key: str) -> Response:
        body = self.body()
        variables, local = body.object("variables"), body.flag("local", default=False)
        self.act(SetVariables).execute(self.key(key, "an element instance"), variables, local=local)
        return self.done()


def having_variables(value: object, path: str, scope_column: str) -> Q:
    """Rows in whose scope each of the named variables has the value that is demanded of it."""
    if not isinstance(value, list) or len(value) > MOST_PARTS:
        found = f"{len(value)} of them" if isinstance(value, list) else kind_of(value)
        raise InvalidArgument(f"Expected '{path}' to be a list of at most {MOST_PARTS} variables, found {found}.")
    demanded = Q()
    for position, each in enumerate(value):
        part = Body(each, f"{path}[{position}]")
        rows = Variable.objects.filter(scope_key=OuterRef(scope_column), name=part.name("name"))
        demanded &= Q(Exists(rows.filter(_value_condition(part))))
    return demanded


def _value_condition(part: Body) -> Q:
    value: Any = part.raw("value")
    if value is None:
        raise InvalidArgument(f"No {part.at('value')} provided.")
    return VALUE.condition(value, f"{part.path}.value")
