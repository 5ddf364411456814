"""Resolving incidents."""

from __future__ import annotations

from workflow.engine.engine import JOB_NO_RETRIES, Engine
from workflow.engine.errors import Conflict, NotFound
from workflow.engine.outcome import Outcome, outcome
from workflow.engine.state import ACTIVE, CREATED, ERROR_THROWN, IncidentRow
from workflow.persistence.unit_of_work import SYSTEM, Context, Subject, unit_of_work
from workflow.services.guards import require_not_suspended
from workflow.services.settling import settle


def resolve_incident(key: int, *, retries: int | None = None, context: Context = SYSTEM) -> Outcome:
    """Resolve an incident: a job is offered to workers again, any other element tries again from where it stands.

    A job without retries needs some first (Conflict), which `retries` gives it in the same command.
    """
    with unit_of_work(context) as work:
        engine = work.open(Subject.INCIDENT, key)
        incident = engine.state.incidents.get(key)
        if incident is None or incident.state != ACTIVE:
            raise NotFound(f"Expected an open incident with key '{key}', but it is resolved or gone.")
        require_not_suspended(engine, f"The element of incident '{key}'")
        if incident.job_key is not None:
            _offer_again(engine, incident, retries)
            engine.close_incident(incident)
        else:
            engine.close_incident(incident)
            engine.retry(engine.state.elements[incident.element_instance_key])
        settle(work)
        return outcome(engine, work.engines)


def _offer_again(engine: Engine, incident: IncidentRow, retries: int | None) -> None:
    job = engine.state.jobs.get(incident.job_key or 0)
    if job is None:
        raise NotFound(f"The job of incident '{incident.key}' has ended.")
    if retries is not None:
        job.retries = retries
    if job.retries < 1 and incident.error_type == JOB_NO_RETRIES:
        raise Conflict(
            f"Expected the job '{job.key}' of incident '{incident.key}' to have retries left, but it has none. Give it some "
            "first."
        )
    if job.state == ERROR_THROWN:
        job.state = CREATED
        job.retries = max(job.retries, 1)
    job.is_changed = True
