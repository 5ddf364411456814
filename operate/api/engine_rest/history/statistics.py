"""/history/process-definition/{id}/statistics: how often each activity of a definition is active and has ended."""

from __future__ import annotations

from typing import Any, TypedDict

from django.db.models import Count, Q
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import OPEN
from operate.api.engine_rest.process_definition import OneDefinition
from workflow.models import ElementInstance, Incident

State = ElementInstance.State
NO_INCIDENTS: dict[str, int] = {}


class HistoricActivityStatistics(TypedDict):
    id: str
    instances: int
    canceled: int
    finished: int
    completeScope: int
    openIncidents: int
    resolvedIncidents: int
    deletedIncidents: int


QUERY = by.ListQuery(
    filters={
        "startedBefore": by.date("process_instance__started_at__lte"),
        "startedAfter": by.date("process_instance__started_at__gte"),
        "finishedBefore": by.date("process_instance__ended_at__lte"),
        "finishedAfter": by.date("process_instance__ended_at__gte"),
        "processInstanceIdIn": by.keys("process_instance"),
    },
    sorting={"activityId": "element_id"},
    default_order=("element_id",),
)


class HistoricActivityStatisticsView(OneDefinition):
    """Activity instances of one definition, counted by activity: active ones, and those that are asked for."""

    answers = {"GET": list[HistoricActivityStatistics]}
    parameters = {
        "GET": {
            **{name: (known.schema, known.description) for name, known in QUERY.filters.items()},
            "canceled": (OpenApiTypes.BOOL, "Whether to count canceled ones."),
            "finished": (OpenApiTypes.BOOL, "Whether to count ended ones, canceled ones included."),
            "completeScope": (OpenApiTypes.BOOL, "Whether to count those that ended their scope; none is told apart."),
            "incidents": (OpenApiTypes.BOOL, "Whether to count incidents."),
            "sortBy": ({"type": "string", "enum": ["activityId"]}, "Only together with sortOrder."),
            "sortOrder": ({"type": "string", "enum": ["asc", "desc"]}, "Only together with sortBy."),
        }
    }

    def get(self, request: Request, id: str) -> Response:
        key = self.definition(id=id).key
        selection = QUERY.from_address(request)
        rows = ElementInstance.objects.filter(process_instance__definition=key, started_at__isnull=False)
        finished, canceled = self.flag("finished"), self.flag("canceled")
        counted = (
            rows.filter(selection.where)
            .values("element_id")
            .annotate(
                active=Count("pk", filter=Q(state__in=OPEN)),
                ended=Count("pk", filter=Q(ended_at__isnull=False)),
                canceled=Count("pk", filter=Q(state=State.TERMINATED)),
            )
            .order_by(*selection.order)
        )
        incidents = self._incidents(key, selection.where) if self.flag("incidents") else {}
        return Response(
            [
                {
                    "id": row["element_id"],
                    "instances": row["active"],
                    "canceled": row["canceled"] if canceled else 0,
                    "finished": row["ended"] if finished else 0,
                    "completeScope": 0,
                    "openIncidents": incidents.get(row["element_id"], NO_INCIDENTS).get(Incident.State.ACTIVE, 0),
                    "resolvedIncidents": incidents.get(row["element_id"], NO_INCIDENTS).get(Incident.State.RESOLVED, 0),
                    "deletedIncidents": 0,
                }
                for row in counted
            ]
        )

    @staticmethod
    def _incidents(key: int, where: Q) -> dict[str, dict[str, int]]:
        """How many incidents there are, by element and state."""
        found: dict[str, dict[str, int]] = {}
        rows: Any = Incident.objects.filter(where, definition=key).order_by().values_list("element_id", "state")
        for element_id, state, number in rows.annotate(number=Count("pk")):
            found.setdefault(element_id, {})[state] = number
        return found
