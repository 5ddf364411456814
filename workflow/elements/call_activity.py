"""Call activity: starts an instance of another process and waits for its end.

In Zeebe semantics all variables go in and come back unless mappings or attributes say less; in Camunda 7 semantics only
those that `camunda:in` and `camunda:out` name.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflow.elements.events import read_business_key, read_passed_variables
from workflow.elements.reading import NOTHING, ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.neighbours import Binding, CalledProcess
from workflow.engine.step import Step
from workflow.engine.values import Variables
from workflow.expressions import Expression
from workflow.graph import ElementType, PassedVariable, Semantics

VERSIONED = {Binding.VERSION, Binding.VERSION_TAG}


@dataclass(frozen=True, slots=True)
class CallDetails:
    """Which process is called, in which version, and what goes in and comes back."""

    process_id: Expression
    binding: Binding = Binding.LATEST
    version: Expression | None = None
    business_key: Expression | None = None
    passed_in: tuple[PassedVariable, ...] = ()
    passed_out: tuple[PassedVariable, ...] = ()
    everything_in: bool = True
    everything_out: bool = True


@reads("callActivity", ElementType.CALL_ACTIVITY)
def read_call_activity(reading: ElementReading) -> CallDetails:
    """The called process with its binding and its variables."""
    return _read_zeebe(reading) if reading.is_zeebe else _read_camunda7(reading)


def _read_zeebe(reading: ElementReading) -> CallDetails:
    called = reading.extension("calledElement")
    if called is None:
        reading.problem("Must have exactly one 'zeebe:calledElement' extension element, found none.")
        return CallDetails(NOTHING)
    missing = "Expected 'zeebe:calledElement' to have a 'processId', found none."
    return CallDetails(
        reading.required(called.get("processId") or None, "the process id", missing),
        _binding(reading, called.get("bindingType"), called.get("versionTag")),
        reading.optional(called.get("versionTag") or None, "the version tag"),
        everything_in=called.get("propagateAllParentVariables") != "false",
        everything_out=called.get("propagateAllChildVariables") != "false",
    )


def _read_camunda7(reading: ElementReading) -> CallDetails:
    for name in ("caseRef", "variableMappingClass", "variableMappingDelegateExpression"):
        if reading.camunda(name) is not None:
            reading.problem(
                f"'camunda:{name}' is not supported. Call a process, and map variables by camunda:in and camunda:out."
            )
    version = reading.camunda("calledElementVersion") or reading.camunda("calledElementVersionTag")
    missing = "Expected a call activity to name the process in 'calledElement', found none."
    return CallDetails(
        reading.required(reading.attribute("calledElement"), "the called element", missing),
        _binding(reading, reading.camunda("calledElementBinding"), version),
        reading.optional(version, "the version"),
        read_business_key(reading),
        tuple(read_passed_variables(reading, "in")),
        tuple(read_passed_variables(reading, "out")),
    )


def _binding(reading: ElementReading, text: str | None, version: str | None) -> Binding:
    try:
        binding = Binding(text or "latest")
    except ValueError:
        known = ", ".join(each.value for each in Binding)
        reading.problem(f"Expected the binding of the called process to be one of {known}, found '{text}'.")
        return Binding.LATEST
    if binding in VERSIONED and version is None:
        reading.problem(f"Expected the called process with binding '{text}' to name its version, found none.")
    return binding


class CallActivity(Behaviour):
    """What both semantics share."""

    def on_activate(self, step: Step) -> None:
        details = step.details(CallDetails)
        called = CalledProcess(
            step.evaluate_string(details.process_id),
            details.binding,
            step.evaluate_string(details.version) if details.version is not None else "",
        )
        business_key = step.evaluate_string(details.business_key) if details.business_key is not None else None
        step.call(called, business_key, self.variables_in(step, details))

    def variables_in(self, step: Step, details: CallDetails) -> Variables:
        """What the called process starts with."""
        raise NotImplementedError


@element(ElementType.CALL_ACTIVITY, semantics=Semantics.CAMUNDA_7)
class Camunda7CallActivity(CallActivity):
    """Hands over what the model names, nothing else."""

    def variables_in(self, step: Step, details: CallDetails) -> Variables:
        return step.passed(details.passed_in)

    def on_return(self, step: Step, results: Variables) -> None:
        self.on_thrown_out(step, results)
        step.complete()

    def on_thrown_out(self, step: Step, results: Variables) -> None:
        step.take_over(step.details(CallDetails).passed_out, results)


@element(ElementType.CALL_ACTIVITY, semantics=Semantics.ZEEBE)
class ZeebeCallActivity(CallActivity):
    """Hands over everything that it sees, unless told to hand over its own variables alone."""

    def variables_in(self, step: Step, details: CallDetails) -> Variables:
        return step.passed((PassedVariable(local=not details.everything_in),))

    def on_return(self, step: Step, results: Variables) -> None:
        if step.details(CallDetails).everything_out:
            step.set_results(results)
        else:
            step.set_local(results)
        step.complete()
