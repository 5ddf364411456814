"""/metrics: how much has been done in a span of time, counted in the tables as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from django.db.models import F, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView
from workflow.engine.errors import Rejected
from workflow.models import ElementInstance, Job, ProcessInstance, UserTask

Counted = tuple[QuerySet, str]
"""Rows, and the column with the moment that counts."""

JOBS = Job.objects.exclude(kind=Job.Kind.EXTERNAL)
WORKERS = UserTask.objects.filter(assignee__isnull=False).order_by("assignee").distinct("assignee")
METRICS: dict[str, Callable[[], Counted]] = {
    "activity-instance-start": lambda: (ElementInstance.objects.all(), "started_at"),
    "activity-instance-end": lambda: (ElementInstance.objects.all(), "ended_at"),
    "root-process-instance-start": lambda: (
        ProcessInstance.objects.filter(root_process_instance=F("key")),
        "started_at",
    ),
    "job-successful": lambda: (JOBS.filter(state=Job.State.COMPLETED), "ended_at"),
    "unique-task-workers": lambda: (WORKERS, "created_at"),
    "executed-decision-instances": lambda: (ProcessInstance.objects.none(), "started_at"),
    "executed-decision-elements": lambda: (ProcessInstance.objects.none(), "started_at"),
}
NEW_NAMES = {
    "flow-node-instances": "activity-instance-start",
    "process-instances": "root-process-instance-start",
    "decision-instances": "executed-decision-instances",
    "task-users": "unique-task-workers",
}
DATES = by.ListQuery(filters={"startDate": by.date("counted__gte"), "endDate": by.date("counted__lt")}, sorting={})


class Sum(TypedDict):
    result: int


class MetricSum(EngineRestView):
    """How often something has happened, as far as what it happened to has not been deleted."""

    answers = {"GET": Sum}
    parameters = {"GET": {name: (known.schema, "") for name, known in DATES.filters.items()}}

    def get(self, request: Request, name: str) -> Response:
        find = METRICS.get(NEW_NAMES.get(name, name))
        if find is None:
            raise Rejected(f"Expected a metric like {', '.join((*METRICS, *NEW_NAMES))}; found '{name}'.")
        rows, column = find()
        within = DATES.from_address(request).where & Q(counted__isnull=False)
        return Response({"result": self.visible(rows.annotate(counted=F(column))).filter(within).count()})
