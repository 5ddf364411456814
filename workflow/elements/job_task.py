"""Service, send and business rule tasks: work for an external worker, found by its type or topic.

In Camunda 7 semantics such a task may instead evaluate an expression on the spot (`camunda:expression`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.expressions import Expression
from workflow.graph import ElementType

DEFAULT_RETRIES = 3


@dataclass(frozen=True, slots=True)
class JobDetails:
    """The job that is made: its type (Camunda 7: topic), how often it may fail, and constants for the worker."""

    type: Expression
    retries: Expression | None = None
    priority: Expression | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InlineExpressionDetails:
    """An expression that is the whole work, and the variable for its result."""

    expression: Expression
    result_variable: str | None = None


@element(ElementType.SERVICE_TASK, ElementType.SEND_TASK, ElementType.BUSINESS_RULE_TASK)
class JobTask(Behaviour):
    """Creates a job and waits until a worker completes it, or evaluates its expression and passes on."""

    def on_activate(self, step: Step) -> None:
        if isinstance(step.element.details, InlineExpressionDetails):
            self._evaluate(step, step.element.details)
            return
        details = step.details(JobDetails)
        step.create_job(
            type=step.evaluate_string(details.type),
            kind="EXTERNAL",
            retries=step.evaluate_whole_number(details.retries) if details.retries else DEFAULT_RETRIES,
            priority=step.evaluate_whole_number(details.priority) if details.priority else 0,
            headers=dict(details.headers),
        )
        step.wait()

    def _evaluate(self, step: Step, details: InlineExpressionDetails) -> None:
        result = step.evaluate(details.expression)
        if details.result_variable:
            step.set_result(details.result_variable, result)
        step.complete()
