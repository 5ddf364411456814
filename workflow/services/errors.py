"""BPMN errors reported from outside."""

from __future__ import annotations

from workflow.engine.commands import ChildrenEnded
from workflow.engine.engine import Engine
from workflow.engine.errors import Rejected
from workflow.engine.state import ElementInstance
from workflow.graph import Semantics

UNHANDLED_ERROR_EVENT = "UNHANDLED_ERROR_EVENT"


def throw_bpmn_error(
    engine: Engine, instance: ElementInstance, code: str, message: str, job_key: int | None = None
) -> None:
    """Throw a BPMN error that no deployed model can catch yet.

    An uncaught error ends the execution in Camunda 7 semantics and leaves an incident in Zeebe semantics.
    """
    if not code:
        raise Rejected("Expected an error code, but it is empty.")
    if engine.state.process.semantics is Semantics.ZEEBE:
        text = f"Expected to throw an error event with the code '{code}'"
        text += f" with message '{message}'" if message else ""
        engine.raise_incident(
            instance,
            UNHANDLED_ERROR_EVENT,
            f"{text}, but it was not caught. No error events are available in the scope.",
            job_key,
        )
        return
    engine.end_execution(instance)
    if instance.scope is not None and instance.scope.active_children == 0:
        engine.run(ChildrenEnded(instance.scope))
