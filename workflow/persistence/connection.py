"""Statements on Django's connection, prepared on the server.

A command sends two: one that locks and loads, one that writes everything. That measured half the time of a psycopg
pipeline of many small ones, which saves round trips but not the planning and the Python side of each. The counters
are what the statement baselines and the benchmark read.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
        raw.prepared_max = 500
    return raw


def fetch(sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> Rows:
    """Run one query in one round trip; its rows."""
    return _send(sql, params).fetchall()


def execute(statements: Sequence[Statement]) -> None:
    """Run statements that only write, as few round trips as can be: usually one.

    Plain INSERT, UPDATE and DELETE statements with positional parameters become one statement with a common table
    expression each. They see the same snapshot, so none of them may build on what another one writes.
    """
    together = [statement for statement in statements if _is_combinable(statement)]
    if len(together) > 1:
        statements = [_combined(together), *(each for each in statements if not _is_combinable(each))]
    for sql, params in statements:
        _send(sql, params)


def _send(sql: str, params: Sequence[object] | Mapping[str, object]) -> psycopg.Cursor[Any]:
    if isinstance(params, Mapping):
        cursor = psycopg.Cursor(raw_connection())
    else:
        cursor = psycopg.RawCursor(raw_connection())
        sql = _numbered(sql)
    cursor.execute(cast("Any", sql), params, prepare=True)
    _thread.traffic.statements += 1
    _thread.traffic.round_trips += 1
    return cursor


@lru_cache(maxsize=2000)
def _numbered(sql: str) -> str:
    """PostgreSQL's own placeholders for `%s`; psycopg would look for them anew at each execution of a long
    statement."""
    first, *rest = sql.split("%s")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


def _is_combinable(statement: Statement) -> bool:
    sql, params = statement
    return not isinstance(params, Mapping) and sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE")


def _combined(statements: Sequence[Statement]) -> Statement:
    values = [value for _, params in statements for value in params]
    return _as_one(tuple(sql for sql, _ in statements)), values


@lru_cache(maxsize=500)
def _as_one(statements: tuple[str, ...]) -> str:
    parts = ", ".join(f"w{number} AS ({sql})" for number, sql in enumerate(statements))
    return f"WITH {parts} SELECT"
