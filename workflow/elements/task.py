"""Undefined and manual tasks: work that the engine knows nothing of, so the token just passes."""

from __future__ import annotations

from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType


@element(ElementType.TASK, ElementType.MANUAL_TASK)
class PassThroughTask(Behaviour):
    """Passes its token on."""
