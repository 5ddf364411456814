"""Process instances found by their data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.fettle.base import FettleView
from operate.api.fettle.schema import FLAG, OBJECT, OPTIONAL_TEXT, TEXT, WHOLE, all_of, array
from operate.masking.masks import Masks
from operate.plans.json_form import KEY_SCHEMA, schema_of
from operate.search import Condition, Operator, narrow, parse_conditions
from operate.search.hiding import is_masked
from operate.workspaces import visible_to
from workflow.engine.errors import Rejected
from workflow.models import ProcessDataPath, ProcessDataValue, ProcessInstance
from workflow.persistence.data_values import MAX_ITEMS

MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions on data, as `path:operator:value`; all of them have to hold, and there must be one.

    Operators: eq, neq, like, gt, gte, lt, lte, between (two values with a comma), in (values with commas), exists (true or false).
    Rows come newest first; `before` is the `next` of the page before.
    """

    search: tuple[str, ...]
    process_id: str = ""
    workspace: str = ""
    state: str = ""
    before_key: int | None = None
    limit: int = 50


class SearchProcessInstances(FettleView):
    """Find process instances by the values of searchable variable paths, with the values that they have at those paths."""

    tag = "Search"
    request_body = schema_of(Search)
    names_rows = False
    answer = all_of(
        items=array(
            all_of(
                key=KEY_SCHEMA,
                process_id=TEXT,
                version=WHOLE,
                workspace=TEXT,
                business_key=OPTIONAL_TEXT,
                state=TEXT,
                suspended=FLAG,
                has_incident=FLAG,
                started_at=TEXT,
                ended_at=OPTIONAL_TEXT,
                data={**OBJECT, "description": "For each path of the conditions the values there, as texts."},
            )
        ),
        next={**KEY_SCHEMA, "nullable": True, "description": "The `before_key` of the next page."},
    )

    def post(self, request: Request) -> Response:
        wanted = self.read(Search)
        conditions = parse_conditions(wanted.search)
        if not conditions:
            raise Rejected("Expected at least one condition in 'search', found none.")
        if not 1 <= wanted.limit <= MAX_LIMIT:
            raise Rejected(f"Expected a limit of 1 to {MAX_LIMIT}, found {wanted.limit}.")
        masks = Masks.of(request.user)
        rows = self._rows(request, wanted)
        rows = narrow(rows, conditions, process_id=wanted.process_id, masks=masks)
        found = list(rows.order_by("-key").select_related("workspace")[: wanted.limit + 1])
        more, found = len(found) > wanted.limit, found[: wanted.limit]
        values = values_of(found, conditions, masks)
        items = [_item(row, values.get(row.key, {})) for row in found]
        return Response({"items": items, "next": str(found[-1].key) if more else None})

    @staticmethod
    def _rows(request: Request, wanted: Search) -> Any:
        rows = visible_to(ProcessInstance.objects.all(), request.user)
        if wanted.process_id:
            rows = rows.filter(process_id=wanted.process_id)
        if wanted.workspace:
            rows = rows.filter(workspace__slug=wanted.workspace)
        if wanted.state:
            if wanted.state not in ProcessInstance.State.values:
                known = ", ".join(ProcessInstance.State.values)
                raise Rejected(f"Expected 'state' to be one of {known}, found '{wanted.state}'.")
            rows = rows.filter(state=wanted.state)
        return rows if wanted.before_key is None else rows.filter(key__lt=wanted.before_key)


class SearchablePaths(FettleView):
    """The paths that process instances can be searched by, in the workspaces that the caller may see."""

    tag = "Search"
    names_rows = False
    answer = all_of(
        items=array(
            all_of(
                workspace=TEXT,
                process_id=TEXT,
                path=TEXT,
                type=TEXT,
                label=TEXT,
                operators=array({"type": "string", "enum": [each.value for each in Operator]}),
            )
        )
    )

    def get(self, request: Request) -> Response:
        masks = Masks.of(request.user)
        rows = visible_to(ProcessDataPath.objects.filter(is_searchable=True), request.user).select_related("workspace")
        return Response(
            {
                "items": [
                    {
                        "workspace": row.workspace.slug,
                        "process_id": row.process_id,
                        "path": row.path,
                        "type": row.type.lower(),
                        "label": row.label,
                        "operators": [each.value for each in operators_of(row.type)],
                    }
                    for row in rows.order_by("workspace__slug", "process_id", "path")
                    if not is_masked(masks, (row.workspace_id, row.process_id), row.path)
                ]
            }
        )


def operators_of(kind: str) -> list[Operator]:
    """What values of a type can be compared by."""
    without = {
        ProcessDataPath.Type.TEXT: set[Operator](),
        ProcessDataPath.Type.BOOLEAN: {
            Operator.LIKE,
            Operator.GT,
            Operator.GTE,
            Operator.LT,
            Operator.LTE,
            Operator.BETWEEN,
        },
    }.get(ProcessDataPath.Type(kind), {Operator.LIKE})
    return [each for each in Operator if each not in without]


def values_of(
    rows: Iterable[ProcessInstance], conditions: Iterable[Condition], masks: Masks
) -> dict[int, dict[str, list[str]]]:
    """What stands at the paths of the conditions, by process instance and path; nothing that is masked."""
    found: dict[int, dict[str, list[str]]] = {}
    paths = {each.path for each in conditions}
    values = ProcessDataValue.objects.filter(process_instance__in=[row.key for row in rows], path__in=paths)
    for value in values.order_by("path", "position")[: MAX_ITEMS * MAX_LIMIT]:
        if is_masked(masks, (value.workspace_id, value.process_id), value.path):
            continue
        found.setdefault(value.process_instance_key, {}).setdefault(value.path, []).append(_text(value))
    return found


def _text(value: ProcessDataValue) -> str:
    if value.text is not None:
        return value.text
    if value.number is not None:
        return str(value.number)
    if value.date is not None:
        return value.date.isoformat()
    return "true" if value.boolean else "false"


def _item(row: ProcessInstance, values: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "key": str(row.key),
        "process_id": row.process_id,
        "version": row.version,
        "workspace": row.workspace.slug,
        "business_key": row.business_key,
        "state": row.state,
        "suspended": row.suspended,
        "has_incident": row.open_incidents > 0,
        "started_at": row.started_at.isoformat(),
        "ended_at": None if row.ended_at is None else row.ended_at.isoformat(),
        "data": values,
    }
