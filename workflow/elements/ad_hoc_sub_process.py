"""Ad-hoc sub-process (Zeebe): runs those of its elements that a collection names, or that are activated from outside.

Each activated element gets an inner instance of its own, with its variables and whatever follows by its flows.

One with a job asks its worker what comes next: at the beginning, and again whenever an inner instance is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflow.elements.job_task import JobDetails, JobTask, read_job_definition
from workflow.elements.reading import ElementReading, reads
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.errors import ElementFailure
from workflow.engine.state import ElementInstance
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.expressions import Expression
from workflow.graph import BODY_SUFFIX, ElementType, FlowNode, SequenceFlow

ELEMENTS = "adHocSubProcessElements"
"""The local variable that tells expressions and workers what can be activated."""
NOT_ACTIVATED = frozenset({ElementType.BOUNDARY_EVENT, ElementType.EVENT_SUB_PROCESS, ElementType.START_EVENT})


@dataclass(frozen=True, slots=True)
class AdHocDetails:
    """What is activated at the start, when it is enough, and what becomes of the rest."""

    active_elements: Expression | None = None
    completion_condition: Expression | None = None
    cancels_rest: bool = True
    output_collection: str | None = None
    output_element: Expression | None = None
    job: JobDetails | None = None


@reads("adHocSubProcess", ElementType.AD_HOC_SUB_PROCESS)
def read_ad_hoc_sub_process(reading: ElementReading) -> AdHocDetails:
    """Its `zeebe:adHoc` and completion condition; Camunda 7 has no such thing."""
    if not reading.is_zeebe:
        reading.problem("An ad-hoc sub-process is not supported in Camunda 7.")
        return AdHocDetails()
    extension = reading.extension("adHoc")
    get = extension.get if extension is not None else lambda name: None
    output, output_element = get("outputCollection") or None, get("outputElement") or None
    if (output is None) != (output_element is None):
        reading.problem("Expected 'outputCollection' and 'outputElement' together, found only one of them.")
    return AdHocDetails(
        reading.optional(get("activeElementsCollection") or None, "the collection of active elements"),
        reading.optional(reading.text("completionCondition"), "the completion condition"),
        reading.attribute("cancelRemainingInstances") != "false",
        reading.variable(output, "the output collection"),
        reading.optional(output_element, "the output element"),
        read_job_definition(reading) if reading.extension("taskDefinition") is not None else None,
    )


@element(ElementType.AD_HOC_SUB_PROCESS)
class AdHocSubProcess(Behaviour):
    """Stays active until its condition holds, or without one until nothing is active in it."""

    def on_activate(self, step: Step) -> None:
        details = step.details(AdHocDetails)
        step.set_local({ELEMENTS: [_described(each) for each in activatable(step.element).values()]})
        if details.output_collection is not None:
            step.set_local({details.output_collection: []})
        if details.job is not None:
            JobTask().work(step, details.job)
            return
        step.wait()
        names = step.evaluate_names(details.active_elements) if details.active_elements is not None else []
        if details.active_elements is not None and not names and details.completion_condition is None:
            step.complete()
        for found in [self.find(step, name) for name in names]:
            self.activate(step, found)

    def find(self, step: Step, element_id: str) -> FlowNode:
        """One of the elements inside that can be activated."""
        found = activatable(step.element).get(element_id)
        if found is None:
            raise ElementFailure(
                EXTRACT_VALUE_ERROR,
                f"Failed to activate ad-hoc elements. No BPMN element found with id '{element_id}' in ad-hoc sub-process "
                f"'{step.element.id}' that no flow leads to.",
            )
        return found

    def activate(self, step: Step, found: FlowNode, variables: Variables = NO_VARIABLES) -> None:
        """Activate one of the elements inside."""
        [inner] = step.element.children
        step.start_inner(inner, found, variables)

    def go_on(
        self,
        step: Step,
        elements: Sequence[tuple[str, Variables]],
        *,
        is_enough: bool = False,
        ends_others: bool = False,
    ) -> None:
        """Do what somebody outside has decided; if it is enough, the rest may still come to its end."""
        if ends_others:
            step.end_children()
        for element_id, variables in elements:
            self.activate(step, self.find(step, element_id), variables)
        if is_enough and step.active_children() == 0:
            step.complete()
        elif is_enough:
            step.is_completing = True

    def on_child_completed(self, step: Step, child: ElementInstance) -> None:
        details = step.details(AdHocDetails)
        if details.output_collection is not None and details.output_element is not None:
            collected = [*step.own_list(details.output_collection), step.evaluate_for(child, details.output_element)]
            step.set_local({details.output_collection: collected})
        if step.is_completing:
            step.is_completing = step.active_children() > 1
        elif details.job is not None:
            step.close_jobs()
            JobTask().work(step, details.job)
        condition = details.completion_condition
        if condition is not None and details.cancels_rest and step.holds(condition):
            step.end_children(but=child)

    def on_child_ended(self, step: Step) -> None:
        details = step.details(AdHocDetails)
        if details.job is not None and step.has_open_job():
            return
        if details.completion_condition is None or step.holds(details.completion_condition):
            step.complete()

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        name = step.details(AdHocDetails).output_collection
        if name is not None:
            step.set_outside(name, step.own_list(name))
        return step.flows_to_take()


@element(ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE)
class InnerInstance(Behaviour):
    """Holds one activated element and all that follows it; ends with its last token."""


def activatable(ad_hoc_sub_process: FlowNode) -> Mapping[str, FlowNode]:
    """The elements that can be activated by their ids: those that no flow leads to."""
    [inner] = ad_hoc_sub_process.children
    return {
        each.id.removesuffix(BODY_SUFFIX): each
        for each in inner.children
        if not each.incoming and each.type not in NOT_ACTIVATED and not each.is_for_compensation
    }


def _described(element: FlowNode) -> dict[str, object]:
    return {
        "elementId": element.id.removesuffix(BODY_SUFFIX),
        "elementName": element.name,
        "documentation": element.documentation,
    }
