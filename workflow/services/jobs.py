"""Jobs: given to workers under a lock, then completed, failed or answered with an error."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from workflow.engine.commands import Complete
from workflow.engine.engine import JOB_NO_RETRIES, Engine
from workflow.engine.errors import Conflict, Rejected
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import COMPLETED, CREATED, ERROR_THROWN, FAILED, ElementInstance, JobRow
from workflow.engine.values import NO_VARIABLES, TypedValue, Variables
from workflow.graph import ElementType, Semantics
from workflow.models import Job
from workflow.persistence.connection import Statement, execute, fetch
from workflow.persistence.json_values import from_json, to_json
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, UnitOfWork, clock, rehearsed, unit_of_work
from workflow.services.ad_hoc import AdHocResult, go_on
from workflow.services.errors import throw_bpmn_error
from workflow.services.guards import open_incident, open_job, require_not_suspended
from workflow.services.settling import settle
from workflow.services.start_events import is_start_timer
from workflow.services.start_timers import StartTimer, change_start_timer

ERROR_MESSAGE_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One kind of job that a worker asks for. Absent filters match everything."""

    type: str
    lock_for: timedelta
    fetch_variables: Sequence[str] | None = None
    local_variables_only: bool = False
    business_key: str | None = None
    process_ids: Sequence[str] | None = None
    definition_keys: Sequence[int] | None = None
    version_tag: str | None = None
    variables: Mapping[str, object] | None = None
    """Process variables that must have exactly these values."""
    workspace_ids: Collection[int] | None = None
    """Only jobs of these workspaces, as far as the whole command looks into them."""


@dataclass(frozen=True, slots=True)
class ActivatedJob:
    """A job that a worker holds the lock of, with what it needs to do it."""

    job: Job
    variables: dict[str, TypedValue]
    business_key: str | None
    process_id: str
    version: int
    version_tag: str
    request: JobRequest


SELECT_JOBS = """
SELECT j.key, j.priority FROM workflow_job j
JOIN workflow_processinstance i ON i.key = j.process_instance_key
JOIN workflow_processdefinition d ON d.key = j.definition_key
WHERE j.kind = 'EXTERNAL' AND j.type = %(type)s AND j.state IN ('CREATED', 'FAILED') AND j.retries > 0 AND NOT j.suspended
  AND (j.locked_until IS NULL OR j.locked_until <= %(now)s)
  AND (j.due_at IS NULL OR j.due_at <= %(now)s)
  AND (%(workspaces)s::bigint[] IS NULL OR j.workspace_id = ANY(%(workspaces)s::bigint[]))
  AND (%(own_workspaces)s::bigint[] IS NULL OR j.workspace_id = ANY(%(own_workspaces)s::bigint[]))
  AND (%(business_key)s::text IS NULL OR i.business_key = %(business_key)s)
  AND (%(process_ids)s::text[] IS NULL OR i.process_id = ANY(%(process_ids)s::text[]))
  AND (%(definitions)s::bigint[] IS NULL OR j.definition_key = ANY(%(definitions)s::bigint[]))
  AND (%(version_tag)s::text IS NULL OR d.version_tag = %(version_tag)s)
  AND (%(variables)s::jsonb IS NULL OR NOT EXISTS (
    SELECT 1 FROM jsonb_each(%(variables)s::jsonb) w WHERE NOT EXISTS (
      SELECT 1 FROM workflow_variable v
      WHERE v.scope_key = j.process_instance_key AND v.name = w.key AND v.value = w.value)))
ORDER BY {order} LIMIT %(limit)s FOR UPDATE OF j SKIP LOCKED
"""
LOCK_JOBS = "UPDATE workflow_job SET worker = %s, locked_until = %s WHERE key = ANY(%s::bigint[])"
VARIABLES = """
WITH RECURSIVE path AS (
  SELECT j.key AS job, e.key, e.flow_scope_key, 0 AS depth
  FROM workflow_job j JOIN workflow_elementinstance e ON e.key = j.element_instance_key WHERE j.key = ANY(%s::bigint[])
  UNION ALL
  SELECT p.job, e.key, e.flow_scope_key, p.depth + 1
  FROM path p JOIN workflow_elementinstance e ON e.key = p.flow_scope_key),
scopes AS (
  SELECT job, key, depth FROM path
  UNION ALL
  SELECT j.key, j.process_instance_key, 1000000 FROM workflow_job j WHERE j.key = ANY(%s::bigint[]))
SELECT DISTINCT ON (s.job, v.name) s.job, v.name, v.value, v.type, s.depth
FROM scopes s JOIN workflow_variable v ON v.scope_key = s.key
WHERE (%s::text[] IS NULL OR v.name = ANY(%s::text[])) AND (NOT %s::boolean OR s.depth = 0)
ORDER BY s.job, v.name, s.depth
"""


def activate_jobs(
    requests: Sequence[JobRequest],
    *,
    worker: str,
    max_jobs: int,
    workspace_ids: Collection[int] | None,
    use_priority: bool = True,
    newest_first: bool = False,
    context: Context = SYSTEM,
) -> list[ActivatedJob]:
    """Lock up to `max_jobs` waiting jobs for a worker; two workers asking at once get different ones.

    Of all that the requests find, those of the highest priority come first, and then the oldest. Never waits: an empty
    list means that there is nothing to do now.
    """
    if max_jobs < 1:
        raise Rejected(f"Expected to activate at least one job, but the maximum is {max_jobs}.")
    now = context.now or clock()
    direction = "DESC" if newest_first else "ASC"
    order = f"j.priority DESC, j.key {direction}" if use_priority else f"j.key {direction}"
    with rehearsed(context), transaction():
        found: dict[int, tuple[int, int]] = {}
        for number, request in enumerate(requests):
            for key, priority in fetch(*_selection(request, order, max_jobs, workspace_ids, now)):
                found.setdefault(key, (priority, number))
        keys = sorted(found, reverse=newest_first)
        if use_priority:
            keys.sort(key=lambda key: -found[key][0])
        return _locked(keys[:max_jobs], [found[key][1] for key in keys[:max_jobs]], requests, worker, now)


def _locked(
    keys: Sequence[int], numbers: Sequence[int], requests: Sequence[JobRequest], worker: str, now: datetime
) -> list[ActivatedJob]:
    """Lock the jobs, each for as long as its request says, and read what the worker needs."""
    activated: dict[int, ActivatedJob] = {}
    for number, request in enumerate(requests):
        own = [key for key, of in zip(keys, numbers, strict=True) if of == number]
        if own:
            execute([(LOCK_JOBS, (worker, now + request.lock_for, own))])
            activated |= {each.job.key: each for each in _activated(own, request)}
    return [activated[key] for key in keys]


def _activated(keys: Sequence[int], request: JobRequest) -> list[ActivatedJob]:
    if not keys:
        return []
    names = None if request.fetch_variables is None else list(request.fetch_variables)
    rows = fetch(VARIABLES, (list(keys), list(keys), names, names, request.local_variables_only))
    variables: dict[int, dict[str, TypedValue]] = {}
    for job, name, value, kind, _depth in rows:
        variables.setdefault(job, {})[name] = TypedValue(from_json(value), kind)
    rows = Job.objects.select_related("process_instance", "definition", "workspace").defer("definition__xml")
    jobs = rows.in_bulk(list(keys))
    return [
        ActivatedJob(
            jobs[key],
            variables.get(key, {}),
            jobs[key].process_instance.business_key,
            jobs[key].process_instance.process_id,
            jobs[key].process_instance.version,
            jobs[key].definition.version_tag,
            request,
        )
        for key in keys
    ]


def complete_job(
    key: int,
    *,
    variables: Variables = NO_VARIABLES,
    local_variables: Variables = NO_VARIABLES,
    worker: str | None = None,
    ad_hoc: AdHocResult | None = None,
    context: Context = SYSTEM,
) -> Outcome:
    """Complete a job with its result, and let the process go on. A named worker must hold its lock.

    The job of an ad-hoc sub-process decides by `ad_hoc` what comes next in it; for any other that says nothing.
    """
    with unit_of_work(context) as work:
        engine, row, instance = _open(work, key, worker)
        engine.variables.set_all_local(instance, local_variables)
        engine.end_row(row, COMPLETED)
        if instance.element.type is ElementType.AD_HOC_SUB_PROCESS:
            engine.variables.set_all_local(instance, variables)
            go_on(engine, instance, ad_hoc or AdHocResult())
        else:
            engine.set_result(instance, variables)
            engine.run(Complete(instance))
        settle(work)
        return outcome(engine)


def fail_job(
    key: int,
    *,
    retries: int | None = None,
    message: str = "",
    details: str = "",
    back_off: timedelta = timedelta(0),
    variables: Variables = NO_VARIABLES,
    local_variables: Variables = NO_VARIABLES,
    worker: str | None = None,
    context: Context = SYSTEM,
) -> Outcome:
    """Report that a job failed; with no retries left an incident stands where it waits. `None`: one retry less."""
    with unit_of_work(context) as work:
        engine, row, instance = _open(work, key, worker)
        row.retries = max(row.retries - 1, 0) if retries is None else retries
        if row.retries < 0:
            raise Rejected(f"The number of retries must be >= 0, but it is {row.retries}.")
        row.state, row.worker, row.is_changed = FAILED, "", True
        row.error_message, row.error_details = message[:ERROR_MESSAGE_LIMIT], details
        row.locked_until = work.now + back_off if back_off else None
        engine.variables.set_all_local(instance, local_variables)
        engine.variables.set_all(instance, variables)
        if row.retries == 0 and open_incident(engine, row) is None:
            text = message or "No more retries left."
            engine.raise_incident(instance, JOB_NO_RETRIES, text, job_key=row.key)
        engine.run()
        settle(work)
        return outcome(engine)


def throw_job_error(
    key: int,
    *,
    code: str,
    message: str = "",
    variables: Variables = NO_VARIABLES,
    worker: str | None = None,
    context: Context = SYSTEM,
) -> Outcome:
    """Report a BPMN error from a job."""
    with unit_of_work(context) as work:
        engine, row, instance = _open(work, key, worker)
        row.state, row.worker, row.locked_until, row.is_changed = ERROR_THROWN, "", None, True
        row.error_code, row.error_message = code, message[:ERROR_MESSAGE_LIMIT]
        throw_bpmn_error(engine, instance, code, message, row.key, variables)
        settle(work)
        return outcome(engine)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatedJob(Outcome):
    """What came of changing a job, and the retries that it had before."""

    retries_before: int = 0

    @classmethod
    def of(cls, found: Outcome, retries_before: int) -> Self:
        """The outcome with the retries of before."""
        return cls(**found.facts(), retries_before=retries_before)


def update_job(
    key: int,
    *,
    retries: int | None = None,
    lock_for: timedelta | None = None,
    priority: int | None = None,
    resolve: bool = False,
    context: Context = SYSTEM,
) -> Outcome | StartTimer:
    """Change retries, lock or priority of a waiting job; with `resolve`, new retries also resolve its incident.

    Of a timer that starts process instances, which nobody locks, retries and priority.
    """
    if retries is not None and retries < (0 if resolve else 1):
        raise Rejected(f"Expected the retries of job '{key}' to be greater than 0, but they are {retries}.")
    if lock_for is None and is_start_timer(key):
        changes = {name: value for name, value in (("retries", retries), ("priority", priority)) if value is not None}
        return change_start_timer(key, changes, context=context)
    with unit_of_work(context) as work:
        engine = work.open(Subject.JOB, key)
        row, instance = open_job(engine, key)
        former = row.retries
        if retries is not None:
            row.retries = retries
            _follow_retries(engine, row, instance, resolve)
        if lock_for is not None:
            row.locked_until = work.now + lock_for
        if priority is not None:
            row.priority = priority
        row.is_changed = True
        return UpdatedJob.of(outcome(engine), former)


def _follow_retries(engine: Engine, row: JobRow, instance: ElementInstance, resolve: bool) -> None:
    incident = open_incident(engine, row)
    if resolve and row.retries > 0 and incident is not None:
        engine.close_incident(incident)
    if resolve and row.retries == 0 and incident is None:
        engine.raise_incident(instance, JOB_NO_RETRIES, row.error_message or "No more retries left.", row.key)


def lock_job(key: int, worker: str, lock_for: timedelta, *, context: Context = SYSTEM) -> Outcome:
    """Lock one job for a worker; Conflict if another one holds it."""
    with unit_of_work(context) as work:
        engine = work.open(Subject.JOB, key)
        row, _ = open_job(engine, key)
        if _is_locked(row, work) and row.worker != worker:
            raise Conflict(f"Cannot lock external task {key}: it is locked by worker '{row.worker}'.")
        row.worker, row.locked_until, row.is_changed = worker, work.now + lock_for, True
        return outcome(engine)


def extend_lock(key: int, worker: str, lock_for: timedelta, *, context: Context = SYSTEM) -> Outcome:
    """Let a worker that holds a job keep it until `lock_for` from now; Conflict if its lock has run out."""
    with unit_of_work(context) as work:
        engine = work.open(Subject.JOB, key)
        row, _ = open_job(engine, key)
        _require_lock(row, worker)
        if not _is_locked(row, work):
            raise Conflict(f"Cannot extend a lock that expired: external task {key}.")
        row.locked_until, row.is_changed = work.now + lock_for, True
        return outcome(engine)


def unlock_job(key: int, *, context: Context = SYSTEM) -> Outcome:
    """Take a job from its worker, so that others can have it."""
    with unit_of_work(context) as work:
        engine = work.open(Subject.JOB, key)
        row, _ = open_job(engine, key)
        row.worker, row.locked_until, row.is_changed = "", None, True
        return outcome(engine)


def _open(work: UnitOfWork, key: int, worker: str | None) -> tuple[Engine, JobRow, ElementInstance]:
    engine = work.open(Subject.JOB, key)
    row, instance = open_job(engine, key)
    if row.state not in (CREATED, FAILED):
        raise Conflict(f"Expected job '{key}' to wait for a worker, but it is in state '{row.state}'.")
    if engine.rules.semantics is Semantics.ZEEBE and row.state == FAILED and open_incident(engine, row) is not None:
        raise Conflict(
            f"Expected job '{key}' to wait for a worker, but its incident is open. Resolve the incident first."
        )
    require_not_suspended(engine, f"Job '{key}'")
    if worker is not None:
        _require_lock(row, worker)
    return engine, row, instance


def _require_lock(row: JobRow, worker: str) -> None:
    if row.worker != worker:
        holder = f"worker '{row.worker}'" if row.worker else "nobody"
        raise Conflict(f"External Task {row.key} cannot be completed by worker '{worker}'. It is locked by {holder}.")


def _is_locked(row: JobRow, work: UnitOfWork) -> bool:
    return bool(row.worker) and row.locked_until is not None and row.locked_until > work.now


def _selection(
    request: JobRequest, order: str, limit: int, workspace_ids: Collection[int] | None, now: object
) -> Statement:
    values = {
        "type": request.type,
        "now": now,
        "workspaces": None if workspace_ids is None else list(workspace_ids),
        "own_workspaces": None if request.workspace_ids is None else list(request.workspace_ids),
        "business_key": request.business_key,
        "process_ids": None if request.process_ids is None else list(request.process_ids),
        "definitions": None if request.definition_keys is None else list(request.definition_keys),
        "version_tag": request.version_tag,
        "variables": None if not request.variables else to_json(dict(request.variables)),
        "limit": limit,
    }
    return SELECT_JOBS.format(order=order), values
