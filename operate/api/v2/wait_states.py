"""What element instances wait for: somebody's work, a message, a signal, a condition, a point in time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Case, CharField, DateTimeField, F, IntegerField, Q, QuerySet, Value, When
from django.db.models import Field as Column
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from operate.api.v2.base import V2View, date_text, key_text, one
from operate.api.v2.elements import TYPES, told_id, told_type
from operate.api.v2.fields import Field, Kind, Row
from operate.api.v2.jobs import kind_of_job
from operate.api.v2.schema import TEXT, WHOLE, all_of, array, enum, record
from operate.api.v2.search import Columns, Search
from workflow.graph import ConditionalEvent
from workflow.models import EventSubscription, Job, ProcessInstance, UserTask
from workflow.selectors import model_facts

JOBS = {"JOB": Job.Kind.EXTERNAL, "TIMER": Job.Kind.TIMER}
SUBSCRIPTIONS = {
    "MESSAGE": EventSubscription.Kind.MESSAGE,
    "SIGNAL": EventSubscription.Kind.SIGNAL,
    "CONDITION": EventSubscription.Kind.CONDITIONAL,
}
USER_TASK = "USER_TASK"
WAITS = (*JOBS, *SUBSCRIPTIONS, USER_TASK)
NAME = CharField(max_length=255)
PARTICULAR: Mapping[str, Column[Any, Any]] = {
    "subject": NAME,
    "matches": NAME,
    "expected_at": DateTimeField(),
    "attempts": IntegerField(),
    "repetition": NAME,
}
"""Columns that only some kinds of waiting have."""
CYCLE = re.compile(r"R([0-9]*)/.*")
CONDITION_EVENTS = ("create", "update")


class WaitStateSearch(Search):
    """Find what element instances wait for. Who waits for a boundary event is the activity that it is attached to."""

    tag = "Element instance"
    what = "a wait state"
    fields = (
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("elementId", "told_id"),
        Field("elementType", "told_type", Kind.CHOICE, choices={name: Q(told_type=name) for name in TYPES.split()}, sort=False),
        Field("waitStateType", kind=Kind.CHOICE, choices={name: Q(waits_for=name) for name in WAITS}, sort=False,
              shown=False),
        Field("tenantId", "workspace__slug", sort=False, filter=False),
        Field("bpmnProcessId", "process_instance__process_id", sort=False, filter=False),
        Field("details", sort=False, filter=False, needs=("waits_for", "definition_key", "event_id", *PARTICULAR),
              render=lambda row: details(row), schema=record(("waitStateType",), waitStateType=enum(*WAITS))),
    )  # fmt: skip

    def sources(self, conditions: Q) -> list[QuerySet[Any]]:
        return [rows.filter(conditions) for rows in (self._jobs(), self._subscriptions(), self._user_tasks())]

    def _jobs(self) -> QuerySet[Job]:
        waiting = Job.objects.filter(state__in=[Job.State.CREATED, Job.State.FAILED], kind__in=JOBS.values())
        return self._told(
            waiting.filter(process_instance__isnull=False),
            _named(JOBS),
            subject=F("type"),
            expected_at=F("due_at"),
            attempts=F("retries"),
            repetition=F("repeat"),
        )

    def _subscriptions(self) -> QuerySet[EventSubscription]:
        waiting = EventSubscription.objects.filter(
            state=EventSubscription.State.CREATED, kind__in=SUBSCRIPTIONS.values(), process_instance__isnull=False
        )
        return self._told(waiting, _named(SUBSCRIPTIONS), subject=F("name"), matches=F("correlation_key"))

    def _user_tasks(self) -> QuerySet[UserTask]:
        waiting = UserTask.objects.filter(state=UserTask.State.CREATED)
        return self._told(waiting, Value(USER_TASK, NAME), expected_at=F("due_at"))

    def _told(self, waiting: QuerySet[Any], waits_for: Combinable, **particular: F) -> QuerySet[Any]:
        """The same columns, in whatever table it stands. The process instance itself is no row of element instances."""
        missing = {name: Cast(Value(None), column) for name, column in PARTICULAR.items()}
        return self.visible(waiting).annotate(
            waits_for=waits_for,
            event_id=F("element_id"),
            told_id=Coalesce(told_id("element_instance__element_id"), "process_instance__process_id"),
            told_type=Coalesce(told_type("element_instance__"), Value("PROCESS")),
            **{**missing, **particular},
        )

    def completed(self, rows: list[Columns]) -> list[Columns]:
        models = model_facts(row["definition_key"] for row in rows if row["waits_for"] == "CONDITION")
        return [
            {**row, "condition": models[row["definition_key"]].conditions.get(row["event_id"])}
            if row["definition_key"] in models
            else row
            for row in rows
        ]


def _named(kinds: Mapping[str, str]) -> Case:
    return Case(*(When(kind=kind, then=Value(name)) for name, kind in kinds.items()), output_field=NAME)


def details(row: Row) -> dict[str, Any]:
    """What only this kind of waiting has."""
    match kind := row["waits_for"]:
        case "JOB":
            found: dict[str, Any] = {
                "jobKey": key_text(row["key"]),
                "jobType": row["subject"],
                "jobKind": kind_of_job(row["told_type"]),
                "listenerEventType": None,
                "retries": row["attempts"],
            }
        case "TIMER":
            found = {"dueDate": _milliseconds(row["expected_at"]), "repetitions": repetitions(row["repetition"])}
        case "MESSAGE":
            found = {"messageName": row["subject"], "correlationKey": row["matches"]}
        case "SIGNAL":
            found = {"signalName": row["subject"]}
        case "CONDITION":
            found = _condition(row.get("condition"))
        case _:
            found = {"taskKey": key_text(row["key"]), "dueDate": date_text(row["expected_at"])}
    return {"waitStateType": kind, **found}


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def repetitions(rest: str) -> int:
    """How often a timer fires after the next time; -1 for one without end, such as a cron expression."""
    if not rest:
        return 0
    cycle = CYCLE.fullmatch(rest)
    return int(cycle[1]) if cycle and cycle[1] else -1


def _condition(event: ConditionalEvent | None) -> dict[str, Any]:
    if event is None:
        return {"expression": "", "events": []}
    return {
        "expression": event.condition.source,
        "events": [each for each in CONDITION_EVENTS if each in event.variable_events],
    }


class WaitStateStatistics(V2View):
    """How many instances of each element of a process instance wait for something."""

    tag = "Process instance"
    answers = {"GET": all_of(items=array(all_of(elementId=TEXT, waitingCount=WHOLE)))}

    def get(self, request: Request, key: str) -> Response:
        instance = one(self.visible(ProcessInstance.objects.all()), key, "a process instance")
        rows = WaitStateSearch(request=request).sources(Q(process_instance=instance))
        first, *others = (each.order_by().values_list("told_id", "element_instance_key") for each in rows)
        waiting = Counter(element_id for element_id, _key in first.union(*others))
        return Response({"items": [{"elementId": id, "waitingCount": n} for id, n in sorted(waiting.items())]})
