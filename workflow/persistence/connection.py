"""Statements on Django's connection, prepared on the server, as many as there are in one round trip.

A command sends twice: once to lock and load, once to write everything. BEGIN travels with the first and COMMIT with the
last. This speaks libpq's pipeline mode through psycopg's low-level interface, because psycopg's own cursors and pipelines
take two to five times as long for the same exchange.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg import generators
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

Parameters = Sequence[object] | Mapping[str, object]
Statement = tuple[str, Parameters]
Rows = list[tuple[Any, ...]]

BEGIN: Statement = ("BEGIN", ())
COMMIT: Statement = ("COMMIT", ())


def fetch(sql: str, params: Parameters = ()) -> Rows:
    """Run one query in one round trip; its rows."""
    return _send([(sql, params)])[-1]


def execute(statements: Sequence[Statement], *, commit: bool = False) -> None:
    """Run statements that only write, in order and in one round trip; commit with them if asked to.

    The first that fails is raised; then none of them has happened, provided that this is a transaction.
    """
    if statements:
        _send([*statements, COMMIT] if commit else statements)


def is_outermost() -> bool:
    """Whether a transaction that is opened now is a real one: not inside another, nor somebody else's to commit."""
    return not connection.in_atomic_block and connection.get_autocommit()


def _send(statements: Sequence[Statement]) -> list[Rows]:
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    session = _sessions.get(raw)
    if session is None:
        session = _sessions[raw] = _Session(raw)
    with connection.wrap_database_errors:
        return session.send(statements)


class _Session:
    """One connection, and what has been prepared on it: never more than there are statements in this program."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._libpq = raw.pgconn
        self._names: dict[str, bytes] = {}
        self._new_name = itertools.count(1)

    def send(self, raw: psycopg.Connection[Any], statements: Sequence[Statement]) -> list[Rows]:
        """Run the statements, after a BEGIN if there is to be a transaction and none has begun; the rows of each."""


_sessions: WeakKeyDictionary[psycopg.Connection[Any], _Session] = WeakKeyDictionary()
