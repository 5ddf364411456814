"""None end event: a token ends; the scope completes with its last one."""

from __future__ import annotations

from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType


@element(ElementType.END_EVENT)
class NoneEndEvent(Behaviour):
    """Consumes its token."""
