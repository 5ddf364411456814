"""What all commands on something inside a process instance have to check first."""

from __future__ import annotations

from workflow.engine.engine import Engine
from workflow.engine.errors import Conflict, NotFound
from workflow.engine.state import ACTIVE, ElementInstance, IncidentRow, JobRow, UserTaskRow


def require_not_suspended(engine: Engine, what: str) -> None:
    """Refuse to move anything in a process instance that is on hold."""
    if engine.state.suspended:
        raise Conflict(f"{what} is suspended: process instance '{engine.state.key}' is on hold. Resume it first.")


def open_job(engine: Engine, key: int) -> tuple[JobRow, ElementInstance]:
    """The job and the element instance that waits for it; NotFound if it has ended."""
    row = engine.state.jobs.get(key)
    if row is None:
        raise no_job(key)
    return row, engine.state.elements[row.element_instance_key]


def no_job(key: int) -> NotFound:
    """What is said of a job that waits no longer."""
    return NotFound(f"Expected a waiting job with key '{key}', but no such job was found: it has ended.")


def open_incident(engine: Engine, row: JobRow) -> IncidentRow | None:
    """The incident of this job; other jobs of the same element instance, timers say, have their own."""
    return next(
        (each for each in engine.state.incidents.values() if each.job_key == row.key and each.state == ACTIVE), None
    )


def open_user_task(engine: Engine, key: int) -> tuple[UserTaskRow, ElementInstance]:
    """The user task and the element instance that waits for it; NotFound if it has ended."""
    row = engine.state.user_tasks.get(key)
    if row is None:
        raise NotFound(f"Cannot find task with id {key}: it has been completed or canceled.")
    return row, engine.state.elements[row.element_instance_key]
