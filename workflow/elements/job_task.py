"""Service, send and business rule tasks: work for an external worker, found by its type or topic.

In Camunda 7 semantics such a task may instead evaluate an expression on the spot (`camunda:expression`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workflow.elements.reading import NOTHING, ElementReading, reads, vocabulary_name
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.expressions import Expression
from workflow.graph import ElementType

DEFAULT_RETRIES = 3
_WORK = ("class", "delegateExpression", "type", "expression")
"""What tells, in the Camunda 7 vocabulary, who does the work."""


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


@reads("serviceTask", ElementType.SERVICE_TASK)
@reads("sendTask", ElementType.SEND_TASK)
@reads("businessRuleTask", ElementType.BUSINESS_RULE_TASK)
def read_job_task(reading: ElementReading) -> JobDetails | InlineExpressionDetails:
    """The job's type, or in Camunda 7 semantics the expression instead."""
    return read_job_definition(reading) if reading.is_zeebe else _read_camunda7(reading)


def read_work(reading: ElementReading) -> JobDetails | InlineExpressionDetails | None:
    """The work that throws a message: in Camunda 7 semantics it stands in the event's definition, or is left out."""
    definition = reading.event_definition()
    if reading.is_zeebe or definition is None:
        return read_job_definition(reading)
    if definition.extension("connector") is None and all(definition.camunda(name) is None for name in _WORK):
        return None
    return _read_camunda7(definition)


def read_job_definition(reading: ElementReading) -> JobDetails:
    """`zeebe:taskDefinition` and `zeebe:taskHeaders`."""
    definition = reading.extension("taskDefinition")
    if definition is None:
        reading.problem("Must have exactly one 'zeebe:taskDefinition' extension element, found none.")
        return JobDetails(NOTHING)
    missing = (
        "Expected 'zeebe:taskDefinition' to have a 'type', found none: attribute 'type' must be present and not empty."
    )
    return JobDetails(
        reading.required(definition.get("type") or None, "the job type", missing),
        reading.whole_number(definition.get("retries") or None, "the job's retries"),
        headers=read_headers(reading),
    )


def read_headers(reading: ElementReading) -> dict[str, str]:
    """Constants for the worker; a key without value has no effect, as in Zeebe."""
    container = reading.extension("taskHeaders")
    if container is None:
        return {}
    headers = (each for each in container if vocabulary_name(each)[1] == "header")
    return {key: value for each in headers if (key := each.get("key")) and (value := each.get("value")) is not None}


def _read_camunda7(reading: ElementReading) -> JobDetails | InlineExpressionDetails:
    for name in ("class", "delegateExpression", "decisionRef"):
        if reading.camunda(name) is not None:
            reading.problem(
                f"'camunda:{name}' is not supported. Make it an external task (camunda:type=\"external\" with a camunda:topic), "
                "or evaluate an expression (camunda:expression)."
            )
            return JobDetails(NOTHING)
    kind = reading.camunda("type")
    if kind == "external":
        return _read_external_task(reading)
    if kind is not None:
        reading.problem(f"Expected camunda:type=\"external\", found '{kind}', which is not supported.")
        return JobDetails(NOTHING)
    return _read_inline_expression(reading)


def _read_external_task(reading: ElementReading) -> JobDetails:
    missing = "External tasks must specify a 'topic' attribute in the camunda namespace, found none."
    return JobDetails(
        reading.required(reading.camunda("topic"), "the topic", missing),
        priority=reading.whole_number(_task_priority(reading), "'camunda:taskPriority'"),
    )


def _task_priority(reading: ElementReading) -> str | None:
    """A task's own priority, or else the one that the process gives to all of its external tasks."""
    own = reading.camunda("taskPriority")
    if own is not None:
        return own
    process = next(reading.element.iterancestors("{*}process"), None)
    return ElementReading(process, reading.model).camunda("taskPriority") if process is not None else None


def _read_inline_expression(reading: ElementReading) -> InlineExpressionDetails:
    missing = (
        f"One of the attributes 'class', 'delegateExpression', 'type', or 'expression' is mandatory on {reading.tag}. Expected "
        'camunda:type="external" with a camunda:topic, or camunda:expression; found neither.'
    )
    if reading.extension("connector") is not None:
        return InlineExpressionDetails(NOTHING)  # a problem of its own
    expression = reading.required(reading.camunda("expression"), "'camunda:expression'", missing)
    return InlineExpressionDetails(expression, result_variable(reading))


def result_variable(reading: ElementReading) -> str | None:
    """The variable for the result of an expression or script of the Camunda 7 vocabulary."""
    name = reading.camunda("resultVariable") or reading.camunda("resultVariableName")
    return reading.variable(name, "the result variable")


@element(ElementType.SERVICE_TASK, ElementType.SEND_TASK, ElementType.BUSINESS_RULE_TASK)
class JobTask(Behaviour):
    """Creates a job and waits until a worker completes it, or evaluates its expression and passes on."""

    def on_activate(self, step: Step) -> None:
        self.work(step, step.element.details)

    def work(self, step: Step, details: object) -> None:
        """Let somebody do what the details say; without any there is nothing to do."""
        if details is None:
            step.complete()
            return
        if isinstance(details, InlineExpressionDetails):
            self._evaluate(step, details)
            return
        if not isinstance(details, JobDetails):
            raise TypeError(f"'{step.element.id}' carries {type(details).__name__}, expected work for somebody")
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
