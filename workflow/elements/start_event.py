"""None start event: where an ordinary activation of a process or sub-process begins."""

from __future__ import annotations

from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType


@element(ElementType.START_EVENT)
class NoneStartEvent(Behaviour):
    """Passes its token on."""
