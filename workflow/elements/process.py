"""The process: the outermost scope of every instance."""

from __future__ import annotations

from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType


@element(ElementType.PROCESS)
class Process(Behaviour):
    """Ends when its last token has ended. Its start is the business of the start command."""
