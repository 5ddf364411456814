"""What people do to timers that start process instances: they belong to a definition, and to no process instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.engine.errors import Rejected
from workflow.engine.evaluation import explain
from workflow.engine.timers import Due, first_due
from workflow.expressions import ExpressionError
from workflow.graph import TimerEvent
from workflow.models import Job
from workflow.persistence.definitions import executable_process
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, clock
from workflow.services.guards import no_job


@dataclass(frozen=True, slots=True)
class StartTimer:
    """A timer that was changed, and whose it is."""

    key: int
    workspace_id: int
    definition_key: int
    process_id: str
    process_instance_key: None = None
    at: None = None


def change_start_timer(key: int, changes: Mapping[str, object], *, context: Context = SYSTEM) -> StartTimer:
    """Change columns of the waiting timer of a start event; no process instance is involved."""
    with transaction() as tx:
        tx.flush()
        row = _locked(key, context)
        if not context.dry_run:
            Job.objects.filter(pk=key).update(**changes)
        return _changed(row)


def delete_start_timer(key: int, *, context: Context = SYSTEM) -> StartTimer:
    """Remove the timer of a start event: it starts nothing until a new version is deployed."""
    with transaction() as tx:
        tx.flush()
        row = _locked(key, context)
        if not context.dry_run:
            Job.objects.filter(pk=key).delete()
        return _changed(row)


def recalculate_start_timer(key: int, *, from_creation: bool, context: Context = SYSTEM) -> StartTimer:
    """Let the timer of a start event become due when its model says, counted from now or from its creation."""
    with transaction() as tx:
        tx.flush()
        row = _locked(key, context)
        due = _due(row, row.created_at if from_creation else context.now or clock())
        if not context.dry_run:
            Job.objects.filter(pk=key).update(due_at=due.at, repeat=due.repeat)
        return _changed(row)


def _due(row: Job, now: datetime) -> Due:
    process = executable_process(row.definition_key)
    event = process.elements[row.element_id].event
    if not isinstance(event, TimerEvent):
        raise Rejected(f"Expected job '{row.key}' to be a timer, but '{row.element_id}' is none.")
    try:
        return first_due(
            event.kind, event.time.evaluate({"__now__": lambda: now}), now=now, semantics=process.semantics
        )
    except ExpressionError as error:
        raise Rejected(explain(event.time, error)) from None
    except ValueError as error:
        raise Rejected(f"Invalid timer '{event.time.source}' of '{row.element_id}': {error}") from None


def _locked(key: int, context: Context) -> Job:
    rows = Job.objects.select_for_update(of=("self",)).select_related("definition").defer("definition__xml")
    row = rows.filter(pk=key, process_instance__isnull=True, state__in=("CREATED", "FAILED")).first()
    if row is None:
        raise no_job(key)
    context.authorize(row.workspace_id)
    return row


def _changed(row: Job) -> StartTimer:
    return StartTimer(row.key, row.workspace_id, row.definition_key, row.definition.process_id)


__all__ = ["StartTimer", "change_start_timer", "delete_start_timer", "recalculate_start_timer"]
