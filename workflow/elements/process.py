"""The process: the outermost scope of every instance."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow.elements.reading import ElementReading
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.graph import DataPath, ElementType, read_declared

MAX_VERSION_TAG_LENGTH = 64

_DAYS = re.compile(r"(?:P(?=\d)(\d+)D|(\d+))")


@dataclass(frozen=True, slots=True)
class ProcessAttributes:
    """What the model says about the definition as a whole."""

    version_tag: str = ""
    history_time_to_live_days: int | None = None
    startable: bool = True
    data_paths: tuple[DataPath, ...] = ()


SEARCHABLE, KEYWORDS = "fettle.searchable", "fettle.keywords"
"""Extension properties of the process, in either vocabulary."""


def read_process_attributes(reading: ElementReading) -> ProcessAttributes:
    """Version tag, how long history is kept, and whether people may start it; Zeebe knows the first one only."""
    data_paths = _data_paths(reading)
    if reading.is_zeebe:
        extension = reading.extension("versionTag")
        tag = _version_tag(reading, extension.get("value") if extension is not None else None)
        return ProcessAttributes(tag, data_paths=data_paths)
    return ProcessAttributes(
        _version_tag(reading, reading.camunda("versionTag")),
        _history_time_to_live(reading),
        reading.camunda("isStartableInTasklist") != "false",
        data_paths,
    )


def _data_paths(reading: ElementReading) -> tuple[DataPath, ...]:
    properties = reading.properties()
    try:
        return tuple(read_declared(properties.get(SEARCHABLE, ""), properties.get(KEYWORDS, "")))
    except ValueError as error:
        reading.problem(f"{error} Correct the property '{SEARCHABLE}' or '{KEYWORDS}' of the process.")
        return ()


def _version_tag(reading: ElementReading, tag: str | None) -> str:
    if tag is not None and len(tag) > MAX_VERSION_TAG_LENGTH:
        reading.problem(f"Expected a version tag of at most {MAX_VERSION_TAG_LENGTH} characters, found {len(tag)}.")
    return tag or ""


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
    """Ends when its last token has ended."""

    def on_activate(self, step: Step) -> None:
        """Begin at the none start event; the other starts are the business of those who make them."""
        start = step.element.none_start_event
        if start is not None:
            step.start_child(start)
