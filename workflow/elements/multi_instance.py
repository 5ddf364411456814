"""Multi-instance: a body around an activity, which runs it once for each item or number, at once or one by one.

Camunda 7 counts in variables of the body (`nrOfInstances` …) and from 0; Zeebe counts from 1, collects outputs, and knows
its counters in the completion condition alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.elements.reading import NOTHING, ElementReading
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.errors import ElementFailure, Rejected
from workflow.engine.state import ElementInstance
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.engine.values import Variables
from workflow.expressions import Expression
from workflow.graph import ElementType, Semantics, SequenceFlow

MAX_ITERATIONS = 50_000


@dataclass(frozen=True, slots=True)
class LoopDetails:
    """How often the activity runs, with what, and when that is enough."""

    sequential: bool = False
    cardinality: Expression | None = None
    collection: Expression | None = None
    element_variable: str | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    completion_condition: Expression | None = None


def read_loop(reading: ElementReading) -> LoopDetails | None:
    """The multi-instance characteristics of an activity; None if it runs once. A standard loop is a problem."""
    if reading.child("standardLoopCharacteristics") is not None:
        reading.problem(
            "A standard loop ('standardLoopCharacteristics') is not supported. Use a sequential multi-instance, or draw the loop "
            "with gateways."
        )
    element = reading.child("multiInstanceLoopCharacteristics")
    if element is None:
        return None
    loop = ElementReading(element, reading.model, reading.id)
    return _read_zeebe(reading, loop) if reading.is_zeebe else _read_camunda7(reading, loop)


def _read_zeebe(reading: ElementReading, loop: ElementReading) -> LoopDetails:
    characteristics = loop.extension("loopCharacteristics")
    if characteristics is None:
        reading.problem("Must have exactly one 'zeebe:loopCharacteristics' extension element, found none.")
        return LoopDetails()
    missing = "Expected 'zeebe:loopCharacteristics' to have an 'inputCollection', found none."
    output = characteristics.get("outputCollection") or None
    output_element = characteristics.get("outputElement") or None
    if (output is None) != (output_element is None):
        reading.problem("Expected 'outputCollection' and 'outputElement' together, found only one of them.")
    return LoopDetails(
        loop.attribute("isSequential") == "true",
        collection=reading.required(characteristics.get("inputCollection") or None, "the input collection", missing),
        element_variable=reading.variable(characteristics.get("inputElement") or None, "the input element"),
        output_collection=reading.variable(output, "the output collection"),
        output_element=reading.optional(output_element, "the output element"),
        completion_condition=_condition(reading, loop),
    )


def _read_camunda7(reading: ElementReading, loop: ElementReading) -> LoopDetails:
    cardinality = reading.optional(loop.text("loopCardinality"), "the loop cardinality")
    collection = loop.camunda("collection") or loop.text("loopDataInputRef")
    variable = loop.camunda("elementVariable")
    item = loop.child("inputDataItem")
    if variable is None and item is not None:
        variable = item.get("name")
    if cardinality is None and collection is None:
        reading.problem("Either loopCardinality or loopDataInputRef/collection must been set, found neither.")
    if collection is None and variable is not None:
        reading.problem("Expected a collection for the element variable, found none.")
    expression = None
    if collection is not None:  # a bare name is the name of a variable
        expression = reading.expression(collection if "{" in collection else f"${{{collection}}}", "the collection")
    return LoopDetails(
        loop.attribute("isSequential") == "true",
        cardinality,
        expression,
        reading.variable(variable, "the element variable"),
        completion_condition=_condition(reading, loop),
    )


def _condition(reading: ElementReading, loop: ElementReading) -> Expression | None:
    return reading.optional(loop.text("completionCondition"), "the completion condition")


class MultiInstanceBody(Behaviour):
    """What both semantics share."""

    def on_activate(self, step: Step) -> None:
        details = step.details(LoopDetails)
        items = self.items(step, details)
        self.prepare(step, details, items)
        if not items:
            step.complete()
            return
        for number in range(1 if details.sequential else len(items)):
            self.start(step, details, items, number)

    def items(self, step: Step, details: LoopDetails) -> list[object]:
        """One item for each iteration."""
        if details.collection is not None:
            value = step.evaluate(details.collection)
            if isinstance(value, dict):
                value = list(value)
            if not isinstance(value, list):
                raise ElementFailure(EXTRACT_VALUE_ERROR, step.wrong_type(details.collection, "ARRAY", value))
            items = value if details.cardinality is None else self._first(step, value, details.cardinality)
        else:
            items = [None] * min(self._cardinality(step, details.cardinality or NOTHING), MAX_ITERATIONS + 1)
        if len(items) > MAX_ITERATIONS:
            raise ElementFailure(
                EXTRACT_VALUE_ERROR,
                f"Expected at most {MAX_ITERATIONS:,} iterations of '{step.element.id}', found more.",
            )
        return items

    def _first(self, step: Step, items: list[object], cardinality: Expression) -> list[object]:
        """With both, the cardinality tells how many of the items have their turn."""
        count = self._cardinality(step, cardinality)
        if count > len(items):
            raise ElementFailure(
                EXTRACT_VALUE_ERROR,
                f"Expected a collection of at least {count} items for the instances of '{step.element.id}', found {len(items)}.",
            )
        return items[:count]

    def _cardinality(self, step: Step, cardinality: Expression) -> int:
        count = step.evaluate_whole_number(cardinality)
        if count < 0:
            raise ElementFailure(EXTRACT_VALUE_ERROR, f"Invalid number of instances of '{step.element.id}': {count}.")
        return count

    def prepare(self, step: Step, details: LoopDetails, items: list[object]) -> None:
        """Set the variables of the body."""
        raise NotImplementedError

    def start(self, step: Step, details: LoopDetails, items: list[object], number: int) -> None:
        """Begin iteration `number`, counted from 0."""
        raise NotImplementedError

    def count(self, step: Step) -> int:
        """How many iterations there are, as far as that can still change."""
        raise NotImplementedError

    def is_enough(self, step: Step, child: ElementInstance, condition: Expression) -> bool:
        """Whether the completion condition holds after this iteration."""
        raise NotImplementedError

    def collect(self, step: Step, details: LoopDetails, child: ElementInstance) -> None:
        """Take over the result of an iteration."""

    def on_child_completed(self, step: Step, child: ElementInstance) -> None:
        details = step.details(LoopDetails)
        self.collect(step, details, child)
        step.count_completed_child()
        condition = details.completion_condition
        if condition is not None and self.is_enough(step, child, condition):
            step.end_children(but=child)
        elif details.sequential:
            self.next(step, details)

    def next(self, step: Step, details: LoopDetails) -> None:
        """Begin the next iteration of a sequential body, if there is one."""
        items: list[object] = [None] * self.count(step)
        if details.collection is not None:
            items = self.items(step, details)
        number = step.iterations_begun()
        if number < min(len(items), self.count(step)):
            self.start(step, details, items, number)


@element(ElementType.MULTI_INSTANCE_BODY, semantics=Semantics.CAMUNDA_7)
class Camunda7Body(MultiInstanceBody):
    """Keeps its counters as variables, which expressions and people see."""

    def prepare(self, step: Step, details: LoopDetails, items: list[object]) -> None:
        active = 1 if details.sequential and items else len(items)
        step.set_local({"nrOfInstances": len(items), "nrOfCompletedInstances": 0, "nrOfActiveInstances": active})

    def start(self, step: Step, details: LoopDetails, items: list[object], number: int) -> None:
        variables: dict[str, object] = {"loopCounter": number}
        if details.element_variable is not None:
            variables[details.element_variable] = items[number]
        step.start_iteration(number + 1, variables)

    def on_opened(self, step: Step) -> None:
        step.set_local({"nrOfInstances": 0, "nrOfCompletedInstances": 0, "nrOfActiveInstances": 0})

    def on_child_added(self, step: Step) -> Variables:
        """A collection is not consulted: who adds an iteration gives its element variable (E34)."""
        if step.details(LoopDetails).sequential and step.active_children():
            raise Rejected(f"Concurrent instantiation not possible for activities in scope {step.element.id}.")
        number = self.count(step)
        active = step.active_children() + 1
        step.set_local({"nrOfInstances": number + 1, "nrOfActiveInstances": active})
        step.count_iteration(number + 1)
        return {"loopCounter": number}

    def count(self, step: Step) -> int:
        count = step.variables().get("nrOfInstances")
        return count if isinstance(count, int) else 0

    def on_child_completed(self, step: Step, child: ElementInstance) -> None:
        details = step.details(LoopDetails)
        completed = step.completed_children() + 1
        active = 1 if details.sequential and step.iterations_begun() < self.count(step) else step.active_children() - 1
        step.set_local({"nrOfCompletedInstances": completed, "nrOfActiveInstances": active})
        super().on_child_completed(step, child)

    def is_enough(self, step: Step, child: ElementInstance, condition: Expression) -> bool:
        return step.holds_for(child, condition)


@element(ElementType.MULTI_INSTANCE_BODY, semantics=Semantics.ZEEBE)
class ZeebeBody(MultiInstanceBody):
    """Collects the outputs in the order of the items and hands them on when it completes."""

    def prepare(self, step: Step, details: LoopDetails, items: list[object]) -> None:
        if details.output_collection is not None:
            step.set_local({details.output_collection: [None] * len(items)})

    def start(self, step: Step, details: LoopDetails, items: list[object], number: int) -> None:
        variables: dict[str, object] = {"loopCounter": number + 1}
        if details.element_variable is not None:
            variables[details.element_variable] = items[number]
        output = details.output_element
        name = output.source.lstrip("= ").strip() if output is not None else ""
        if name.isidentifier() and name not in variables:
            variables[name] = None  # else iterations would share the variable further out
        step.start_iteration(number + 1, variables)

    def count(self, step: Step) -> int:
        return MAX_ITERATIONS  # the collection, evaluated anew, tells

    def collect(self, step: Step, details: LoopDetails, child: ElementInstance) -> None:
        name, output = details.output_collection, details.output_element
        if name is None or output is None or child.loop_counter is None:
            return
        number = child.loop_counter
        collected = self._collection(step, name, number)
        collected[number - 1] = step.evaluate_for(child, output)
        step.set_local({name: collected})

    def _collection(self, step: Step, name: str, number: int) -> list[object]:
        """What was collected so far; something in the iterations may have written to the same variable."""
        value = step.own_variable(name, [None] * number)
        problem = ""
        if not isinstance(value, list):
            problem = f"of output collection '{name}' because it is no list any more"
        elif len(value) < number:
            problem = f"at position {number} of output collection '{name}' because it has {len(value)} items only"
        if isinstance(value, list) and not problem:
            return list(value)
        raise ElementFailure(
            EXTRACT_VALUE_ERROR,
            f"Unable to update an item {problem}. This may happen when several elements write to the same variable. "
            f"Set '{name}' to a list of at least {number} items, then resolve the incident.",
        )

    def is_enough(self, step: Step, child: ElementInstance, condition: Expression) -> bool:
        """In a sequential body only those that have begun count."""
        begun, completed, active = step.iterations_begun(), step.completed_children(), step.active_children() - 1
        counters = {
            "numberOfInstances": begun,
            "numberOfActiveInstances": active,
            "numberOfCompletedInstances": completed,
            "numberOfTerminatedInstances": begun - active - completed,
        }
        return step.holds_for(child, condition, counters)

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        name = step.details(LoopDetails).output_collection
        if name is not None:
            step.set_outside(name, step.own_list(name))
        return step.flows_to_take()
