"""The process: the outermost scope of every instance."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow.elements.reading import ElementReading
from workflow.engine.behaviour import Behaviour, element
from workflow.graph import ElementType

_DAYS = re.compile(r"(?:P(?=\d)(\d+)D|(\d+))")


@dataclass(frozen=True, slots=True)
class ProcessAttributes:
    """What the model says about the definition as a whole."""

    version_tag: str = ""
    history_time_to_live_days: int | None = None
    startable: bool = True


def read_process_attributes(reading: ElementReading) -> ProcessAttributes:
    """Version tag, how long history is kept, and whether people may start it; Zeebe knows the first one only."""
    if reading.is_zeebe:
        tag = reading.extension("versionTag")
        return ProcessAttributes((tag.get("value") or "") if tag is not None else "")
    return ProcessAttributes(
        reading.camunda("versionTag") or "",
        _history_time_to_live(reading),
        reading.camunda("isStartableInTasklist") != "false",
    )


def _history_time_to_live(reading: ElementReading) -> int | None:
    text = reading.camunda("historyTimeToLive")
    if text is None:
        return None
    days = _DAYS.fullmatch(text)
    if days is None or len(text) > 9:
        reading.problem(
            f"Cannot parse historyTimeToLive: expected a number of days as in '180' or 'P180D', found '{text}'."
        )
        return None
    return int(days[1] or days[2])


@element(ElementType.PROCESS)
class Process(Behaviour):
    """Ends when its last token has ended. Its start is the business of the start command."""
