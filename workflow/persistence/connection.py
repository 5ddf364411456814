"""Statements on Django's connection, sent together: one round trip for many, prepared on the server.

Django's own cursor would send them one by one. The counters are what the statement baselines and the benchmark read.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from django.db import connection

Statement = tuple[str, Sequence[object] | Mapping[str, object]]
Rows = list[tuple[Any, ...]]


@dataclass(slots=True)
class Traffic:
    """What this thread has sent to the database through this module."""

    statements: int = 0
    round_trips: int = 0


class _ThreadTraffic(threading.local):
    def __init__(self) -> None:
        self.traffic = Traffic()


_thread = _ThreadTraffic()


def traffic() -> Traffic:
    """The running counters of this thread."""
    return _thread.traffic


def raw_connection() -> psycopg.Connection[Any]:
    """The psycopg connection behind Django's, with prepared statements switched on."""
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    if raw.prepare_threshold is None:
        raw.prepare_threshold = 2
    return raw


def fetch(statements: Sequence[Statement]) -> list[Rows]:
    """Run queries in one round trip; their rows, in order."""
    with _sent(statements) as cursors:
        pass
    return [cursor.fetchall() for cursor in cursors.cursors]


def execute(statements: Sequence[Statement]) -> None:
    """Run statements in one round trip."""
    if statements:
        with _sent(statements):
            pass


class _sent:
    """Queues statements in a pipeline; leaving it waits for all answers and raises the first error."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._raw = raw_connection()
        self._statements = statements
        self._pipeline = self._raw.pipeline()
        self.cursors: list[psycopg.Cursor[Any]] = []

    def __enter__(self) -> _sent:
        self._pipeline.__enter__()
        for sql, params in self._statements:
            cursor = psycopg.Cursor(self._raw)
            cursor.execute(cast("Any", sql), params, prepare=True)
            self.cursors.append(cursor)
        count = _thread.traffic
        count.statements += len(self._statements)
        count.round_trips += 1
        return self

    def __exit__(self, *error: Any) -> None:
        self._pipeline.__exit__(*error)
