"""Script task: a FEEL (or, in Camunda 7 semantics, JUEL) expression evaluated on the spot.

A Zeebe script task with a job type instead of a script is work for a worker, like a service task.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.elements.job_task import JobDetails, JobTask
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.expressions import Expression
from workflow.graph import ElementType


@dataclass(frozen=True, slots=True)
class ScriptDetails:
    """The script, and the variable for its result."""

    script: Expression
    result_variable: str | None = None


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
