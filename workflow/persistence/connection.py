"""Statements on Django's connection, prepared on the server, as many as there are in one round trip.

A command sends twice: to lock and load, and to write everything. BEGIN travels with the first and COMMIT with the last.
This is libpq's pipeline mode, through psycopg's low-level interface: psycopg's own cursors and pipelines took two to five
times as long for the same exchange, most of it in Python.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

Parameters = Sequence[object] | Mapping[str, object]
Statement = tuple[str, Parameters]
Rows = list[tuple[Any, ...]]
Query = tuple[str, Sequence[Any]]

BEGIN: Statement = ("BEGIN", ())
COMMIT: Statement = ("COMMIT", ())

_NAMED = re.compile(r"%\((\w+)\)s")
_prepared: WeakKeyDictionary[psycopg.Connection[Any], dict[str, bytes]] = WeakKeyDictionary()
"""The names of what each connection has prepared, by text: no more than this program has statements, so none is dropped."""
_numbers = itertools.count(1)


class _Listener(threading.local):
    before_exchange: Callable[[], None] | None = None


_listener = _Listener()


@contextmanager
def before_exchanges(function: Callable[[], None]) -> Iterator[None]:
    """Call this before each exchange of this thread: who holds something back can send it first, or note that it was asked."""
    _listener.before_exchange = function
    try:
        yield
    finally:
        _listener.before_exchange = None


def fetch(sql: str, params: Parameters = ()) -> Rows:
    """Run one query in one round trip; its rows."""
    return _send([(sql, params)])[-1]


def execute(statements: Sequence[Statement], *, commit: bool = False) -> None:
    """Run statements that only write, in order and in one round trip; with `commit`, end the transaction with them.

    If one fails, those behind it are not run, and the transaction can only be rolled back.
    """
    if statements:
        _send([*statements, COMMIT] if commit else statements)


def begins_transaction() -> bool:
    """Whether an atomic block that is entered now is a transaction of its own, not part of another one."""
    return not connection.in_atomic_block and connection.get_autocommit()


def _send(statements: Sequence[Statement]) -> list[Rows]:
    if _listener.before_exchange is not None:
        _listener.before_exchange()
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    if raw.pgconn.transaction_status == TransactionStatus.IDLE and not raw.autocommit:
        statements = [BEGIN, *statements]
    with connection.wrap_database_errors:
        results = _exchange(raw, [_query(raw, *statement) for statement in statements])
        return [_rows(raw, result) for result in results]


def _query(raw: psycopg.Connection[Any], sql: str, params: Parameters) -> Query:
    """The text as PostgreSQL wants it and the values as text: it finds out by itself which types they are."""
    text, names = _numbered(sql)
    values = [params[name] for name in names] if isinstance(params, Mapping) else params
    return text, Transformer(raw).dump_sequence(values, [PyFormat.TEXT] * len(values))


@lru_cache(maxsize=1000)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """`$1`, `$2` … for `%s`, or for `%(name)s`, whose names come back in the order of their numbers."""
    names = tuple(dict.fromkeys(_NAMED.findall(sql)))
    if names:
        return _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", sql), names
    first, *rest = sql.split("%s")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1)), ()


def _exchange(raw: psycopg.Connection[Any], queries: Sequence[Query]) -> list[PGresult]:
    """Run the queries, preparing on the way those that are new to the connection; a result for each."""
    known = _prepared.setdefault(raw, {})
    new = {text: b"fettle_%d" % next(_numbers) for text, _ in queries if text not in known}
    names = known | new if new else known
    with raw.lock:
        try:
            results = raw.wait(_pipeline(raw.pgconn, new, [(names[text], values) for text, values in queries]))
        except BaseException:
            raw.close()  # answers may be under way that nobody waits for any more
            raise
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result, encoding=raw.info.encoding)
    known |= new
    return results[len(new) :]


def _pipeline(
    libpq: PGconn, new: Mapping[str, bytes], executions: Sequence[tuple[bytes, Sequence[Any]]]
) -> PQGen[list[PGresult]]:
    libpq.enter_pipeline_mode()
    for text, name in new.items():
        libpq.send_prepare(name, text.encode())
    for name, values in executions:
        libpq.send_query_prepared(name, values)
    libpq.pipeline_sync()
    yield from generators.send(libpq)
    results: list[PGresult] = []
    for _ in range(len(new) + len(executions)):
        results += yield from generators.fetch_many(libpq)
    yield from generators.fetch_many(libpq)  # the end of the pipeline
    libpq.exit_pipeline_mode()
    return results


def _rows(raw: psycopg.Connection[Any], result: PGresult) -> Rows:
    if not result.ntuples:
        return []
    transformer = Transformer(raw)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)
