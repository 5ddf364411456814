"""Flow nodes and sequence flows where they stand in the model."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.elements.reading import ElementReading
from workflow.graph import CompensationEvent, FlowDraft, NodeDraft


@dataclass(frozen=True, slots=True)
class NodePlace:
    """A flow node where it stands in the model; without draft if this release does not know its kind."""

    reading: ElementReading
    scope_id: str
    draft: NodeDraft | None

    @property
    def event(self) -> object:
        """What the event waits for or throws."""
        return getattr(self.draft.details, "event", None) if self.draft is not None else None

    @property
    def is_for_compensation(self) -> bool:
        """Whether this is a compensation boundary event."""
        return self.reading.tag == "boundaryEvent" and isinstance(self.event, CompensationEvent)


@dataclass(frozen=True, slots=True)
class FlowPlace:
    """A sequence flow where it stands in the model."""

    reading: ElementReading
    scope_id: str
    draft: FlowDraft


__all__ = ["FlowPlace", "NodePlace"]
