"""Script task: a FEEL (or, in Camunda 7 semantics, JUEL) expression evaluated on the spot.

A Zeebe script task with a job type instead of a script is work for a worker, like a service task.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.elements.job_task import JobDetails, JobTask, read_job_definition, result_variable
from workflow.elements.reading import NOTHING, ElementReading, reads, text_of
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.expressions import Expression
from workflow.graph import ElementType


@dataclass(frozen=True, slots=True)
class ScriptDetails:
    """The script, and the variable for its result."""

    script: Expression
    result_variable: str | None = None


@reads("scriptTask", ElementType.SCRIPT_TASK)
def read_script_task(reading: ElementReading) -> ScriptDetails | JobDetails:
    """The script in its element (Camunda 7), in `zeebe:script`, or at a worker's."""
    return _read_zeebe(reading) if reading.is_zeebe else _read_camunda7(reading)


def _read_zeebe(reading: ElementReading) -> ScriptDetails | JobDetails:
    script = reading.extension("script")
    if script is None and reading.extension("taskDefinition") is not None:
        return read_job_definition(reading)
    if script is None:
        reading.problem(
            "Must have either one 'zeebe:script' or one 'zeebe:taskDefinition' extension element, found neither."
        )
        return ScriptDetails(NOTHING)
    if reading.extension("taskDefinition") is not None:
        reading.problem(
            "Must have either one 'zeebe:script' or one 'zeebe:taskDefinition' extension element, found both."
        )
    variable = reading.variable(script.get("resultVariable") or None, "the result variable")
    if variable is None:
        reading.problem("Expected 'zeebe:script' to have a 'resultVariable', found none.")
    missing = "Expected 'zeebe:script' to have an 'expression', found none."
    expression = reading.required(script.get("expression") or None, "the script", missing)
    return ScriptDetails(expression, variable)


def _read_camunda7(reading: ElementReading) -> ScriptDetails:
    if reading.camunda("resource") is not None:
        reading.problem(
            "A script in an external resource ('camunda:resource') is not supported. Put it into the model."
        )
        return ScriptDetails(NOTHING)
    script = reading.child("script")
    text = text_of(script) if script is not None else None
    return ScriptDetails(read_script(reading, text, reading.attribute("scriptFormat")), result_variable(reading))


def read_script(reading: ElementReading, text: str | None, language: str | None) -> Expression:
    """A script of the Camunda 7 vocabulary, which is JUEL unless it names its language."""
    if text is None:
        reading.problem("Expected a script, found none.")
        return NOTHING
    if (language or "juel").lower() == "juel":
        return reading.expression(text, "the script")
    if str(language).lower() == "feel":
        return reading.feel(text, "the script")
    reading.problem(
        f"Scripts in '{language}' are not supported. Write it in 'feel' or 'juel', or make it an external task."
    )
    return NOTHING


@element(ElementType.SCRIPT_TASK)
class ScriptTask(Behaviour):
    """Evaluates its script, stores the result and passes on."""

    def on_activate(self, step: Step) -> None:
        if isinstance(step.element.details, JobDetails):
            JobTask().on_activate(step)
            return
        details = step.details(ScriptDetails)
        result = step.evaluate(details.script)
        if details.result_variable:
            step.set_result(details.result_variable, result)
        step.complete()
