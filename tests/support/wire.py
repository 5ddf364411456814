"""What goes over the wire to PostgreSQL, counted where nothing is forgotten: in the client library's trace of the protocol."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from psycopg.pq import Trace

_MESSAGE = re.compile(r"^F\t\d+\t(Query|Bind|Sync)(?:\t (.*?))?(?=\n[FB]\t\d+\t|\Z)", re.MULTILINE | re.DOTALL)
_BOUND = re.compile(r'"[^"]*" "([^"]*)"')
_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "DEALLOCATE")


@dataclass(slots=True)
class Traffic:
    """What one connection has sent. BEGIN, COMMIT and their like cost a round trip, but are not counted as statements."""

    statements: list[str] = field(default_factory=list)
    control: list[str] = field(default_factory=list)
    round_trips: int = 0
    preparations: int = 0
    """Round trips, among the others, that prepared a statement: once for each connection and statement."""

    def add(self, statement: str) -> None:
        is_control = statement.upper().startswith(_CONTROL)
        (self.control if is_control else self.statements).append(statement)

    @property
    def blocks_of_keys(self) -> int:
        """How many of the statements fetched new keys."""
        return sum("nextval('workflow_key_seq')" in statement for statement in self.statements)


@contextmanager
def wire_traffic() -> Iterator[Traffic]:
    """Count what Django's connection sends; the counts are there once the block has been left."""
    connection.ensure_connection()
    libpq = connection.connection.pgconn
    traffic = Traffic()
    with tempfile.TemporaryFile("w+b") as trace:
        libpq.trace(trace.fileno())
        libpq.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield traffic
        finally:
            libpq.untrace()
        trace.seek(0)
        _read(trace.read().decode(errors="replace"), traffic)


def _read(trace: str, traffic: Traffic) -> None:
    prepared = _prepared_statements()
    has_run = False
    for kind, arguments in _MESSAGE.findall(trace):
        match kind:
            case "Query":
                traffic.add(arguments.strip('"'))
                traffic.round_trips += 1
            case "Bind":
                traffic.add(prepared.get(_BOUND.match(arguments)[1], arguments))
                has_run = True
            case "Sync":
                traffic.round_trips += 1
                traffic.preparations += not has_run
                has_run = False


def _prepared_statements() -> dict[str, str]:
    """The texts of this connection's prepared statements; the trace shows only the names of those prepared earlier."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, statement FROM pg_prepared_statements")
        return dict(cursor.fetchall())
