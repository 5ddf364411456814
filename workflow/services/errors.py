"""BPMN errors and escalations reported from outside."""

from __future__ import annotations

from workflow.engine.engine import Engine
from workflow.engine.errors import ElementFailure, Rejected
from workflow.engine.state import ElementInstance
from workflow.engine.step import UNHANDLED_ERROR_EVENT, uncaught_error
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import Semantics


def throw_bpmn_error(
    engine: Engine,
    instance: ElementInstance,
    code: str,
    message: str,
    job_key: int | None = None,
    variables: Variables = NO_VARIABLES,
) -> None:
    """Throw a BPMN error where an element instance waits.

    An uncaught one ends the execution in Camunda 7 semantics and leaves an incident in Zeebe semantics. The variables
    go to where the error is caught; in Camunda 7 semantics to where it is thrown.
    """
    if not code:
        raise Rejected("Expected an error code, but it is empty.")
    zeebe = engine.state.process.semantics is Semantics.ZEEBE
    if not zeebe:
        engine.variables.set_all(instance, variables)
    try:
        caught = engine.events.throw_error(instance, code, message, variables if zeebe else NO_VARIABLES)
    except ElementFailure as failure:
        raise Rejected(failure.message) from None
    if not caught and zeebe:
        engine.raise_incident(instance, UNHANDLED_ERROR_EVENT, uncaught_error(code, message), job_key)
    elif not caught:
        engine.end_execution(instance)
    engine.run()


def throw_escalation(engine: Engine, instance: ElementInstance, code: str, variables: Variables = NO_VARIABLES) -> None:
    """Throw an escalation where an element instance waits; uncaught it has no effect."""
    if not code:
        raise Rejected("Expected an escalation code, but it is empty.")
    engine.variables.set_all(instance, variables)
    engine.events.throw_escalation(instance, code)
    engine.run()
