"""How an element behaves: the base of all behaviours, and the table of who behaves for what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from workflow.engine.errors import Rejected
from workflow.graph import ElementType, Semantics, SequenceFlow

if TYPE_CHECKING:
    from workflow.engine.state import ElementInstance
    from workflow.engine.step import Step
    from workflow.engine.values import Variables


class Behaviour:
    """What is special about one kind of element. Has no state and sees only what its `Step` shows.

    What all elements share (mappings, incidents, counting tokens, ending) is the business of the engine.
    """

    def on_arrive(self, step: Step, flow: SequenceFlow) -> None:
        """A token has come over `flow`; no element instance exists yet."""
        step.enter()

    def on_activate(self, step: Step) -> None:
        """The element instance exists and its input mappings are done: pass through, or wait for something."""
        step.complete()

    def on_complete(self, step: Step) -> Sequence[SequenceFlow]:
        """What the element does when it is done; returns the flows that its token leaves by."""
        return step.flows_to_take()

    def on_child_ended(self, step: Step) -> None:
        """The last token inside this scope is gone, the scope itself was not terminated."""
        step.complete()

    def on_child_completed(self, step: Step, child: ElementInstance) -> None:
        """A child of this multi-instance body or ad-hoc sub-process is about to be completed."""

    def on_opened(self, step: Step) -> None:
        """A modification has opened this scope around an element; nothing inside was started."""

    def on_child_added(self, step: Step) -> Variables:
        """A modification adds an iteration to this multi-instance body; returns the variables of the iteration."""
        raise Rejected(
            f"Expected an element outside of multi-instance '{step.element.id}': nothing can be added inside it."
        )

    def on_siblings_moved(self, step: Step) -> None:
        """Tokens beside this inclusive gateway have moved; none may be on its way to it any more."""

    def on_return(self, step: Step, results: Variables) -> None:
        """The process that this call activity has called is done."""
        step.complete()

    def on_thrown_out(self, step: Step, results: Variables) -> None:
        """An error or escalation comes out of the process that this call activity has called."""


BehaviourTable = dict[ElementType, Behaviour]

_TABLES: dict[Semantics, BehaviourTable] = {semantics: {} for semantics in Semantics}

B = TypeVar("B", bound=type[Behaviour])


def element(*types: ElementType, semantics: Semantics | None = None) -> Callable[[B], B]:
    """Register a behaviour class for element types, in one semantics or in both."""

    def register(behaviour: B) -> B:
        for each in Semantics if semantics is None else (semantics,):
            for element_type in types:
                _TABLES[each][element_type] = behaviour()
        return behaviour

    return register


def behaviours(semantics: Semantics) -> BehaviourTable:
    """The behaviours of all elements in one semantics."""
    return _TABLES[semantics]
