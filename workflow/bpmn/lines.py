"""Where the elements of a model stand in its file, for problems that are found after it was read."""

from __future__ import annotations

from workflow.bpmn.parser import parse
from workflow.elements.reading import line_of


def element_lines(content: bytes) -> dict[str, int]:
    """The line that each element with an id begins in."""
    return {element.get("id", ""): line_of(element) for element in parse(content).iter() if element.get("id")}
