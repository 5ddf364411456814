"""Which variable paths are searchable, as the unit of work knows it without asking each time.

The configuration is small and read whole, at most once in `MAX_AGE` seconds by each server process, so that a command costs no
statement for it. What a command writes with an older configuration is put right by the re-indexing that follows every change:
it begins only after `MAX_AGE`, and takes the same locks as commands do.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workflow.graph import DataPath, DataType
from workflow.persistence.connection import fetch

MAX_AGE = 2.0
"""Seconds after which the configuration is read again."""

Place = tuple[int, str]
"""A workspace's id and a process id."""

READ = """
SELECT workspace_id, process_id, path, type, is_searchable, is_keyword, label FROM workflow_processdatapath ORDER BY path
"""


@dataclass(frozen=True, slots=True)
class DataPaths:
    """What is configured for one process, by the name of the variable that each path begins with."""

    searchable: Mapping[str, Sequence[DataPath]]
    keywords: Mapping[str, Sequence[DataPath]]

    @classmethod
    def of(cls, paths: Iterable[DataPath]) -> DataPaths:
        searchable: dict[str, list[DataPath]] = {}
        keywords: dict[str, list[DataPath]] = {}
        for each in paths:
            for wanted, found in ((each.is_searchable, searchable), (each.is_keyword, keywords)):
                if wanted:
                    found.setdefault(each.steps[0], []).append(each)
        return cls(searchable, keywords)


Configuration = Mapping[Place, DataPaths]


class _Known:
    """The configuration as it was read last, and when that was."""

    configuration: Configuration = {}
    read_at: float | None = None


def configuration() -> Configuration:
    """What is configured for all processes; at most `MAX_AGE` old."""
    now = time.monotonic()
    if _Known.read_at is None or now - _Known.read_at > MAX_AGE:
        _Known.configuration, _Known.read_at = _read(), now
    return _Known.configuration


def assume_configuration(known: Configuration) -> None:
    """Take this for the configuration until it is read the next time."""
    _Known.configuration, _Known.read_at = known, time.monotonic()


def forget_configuration() -> None:
    """Read the configuration again before it is used next."""
    _Known.read_at = None


def _read() -> Configuration:
    found: dict[Place, list[DataPath]] = {}
    for workspace_id, process_id, path, kind, is_searchable, is_keyword, label in fetch(READ):
        data_path = DataPath(path, DataType(kind), is_searchable, is_keyword, label)
        found.setdefault((workspace_id, process_id), []).append(data_path)
    return {place: DataPaths.of(paths) for place, paths in found.items()}
