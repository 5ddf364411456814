"""The differences between the two engines that concern more than one element, as named decisions."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from workflow.graph import Semantics

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rules:
    """What one semantics decides; see `workflow/SEMANTICS.md` for each decision's test."""

    semantics: Semantics
    depth_first: bool
    """A token runs to its next wait state before its sibling moves; else commands queue up as issued."""
    failures_raise_incidents: bool
    """An expression that fails leaves an incident in place; else the whole command is refused."""
    conditions_on_every_element: bool
    """Any element may choose among its outgoing flows by conditions; else only gateways do."""
    outputs_hide_result: bool
    """With output mappings, the variables of a completed job stay local and only the mapped ones leave."""
    outputs_of_terminated: bool
    """Output mappings are applied to an element that is terminated, too."""
    inputs_of_opened_scopes: bool
    """A scope that a modification opens on the way to an element gets its input mappings."""
    emptied_called_process_ends_caller: bool
    """A modification that leaves nothing active in a called process ends its call activity too; else it is refused."""
    scopes_are_sought_inwards: bool
    """The scope instance to start an element in is sought from the process inwards; else from the element outwards."""

    def schedule(self, agenda: deque[T], issued: Sequence[T]) -> None:
        """Put the commands that one command issued where this semantics performs them."""
        if self.depth_first:
            agenda.extendleft(reversed(issued))
        else:
            agenda.extend(issued)


CAMUNDA_7 = Rules(
    Semantics.CAMUNDA_7,
    depth_first=True,
    failures_raise_incidents=False,
    conditions_on_every_element=True,
    outputs_hide_result=False,
    outputs_of_terminated=True,
    inputs_of_opened_scopes=True,
    emptied_called_process_ends_caller=True,
    scopes_are_sought_inwards=False,
)
ZEEBE = Rules(
    Semantics.ZEEBE,
    depth_first=False,
    failures_raise_incidents=True,
    conditions_on_every_element=False,
    outputs_hide_result=True,
    outputs_of_terminated=False,
    inputs_of_opened_scopes=False,
    emptied_called_process_ends_caller=False,
    scopes_are_sought_inwards=True,
)

RULES = {Semantics.CAMUNDA_7: CAMUNDA_7, Semantics.ZEEBE: ZEEBE}
