"""Undefined and manual tasks: work that the engine knows nothing of, so the token just passes."""

from __future__ import annotations

from workflow.elements.reading import reads_plainly
from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType

reads_plainly("task", ElementType.TASK)
reads_plainly("manualTask", ElementType.MANUAL_TASK)


@element(ElementType.TASK, ElementType.MANUAL_TASK)
class PassThroughTask(Behaviour):
    """Passes its token on."""
