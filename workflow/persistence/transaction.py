"""One transaction for a command, its history and its audit entry.

Statements that only write are collected and sent together at the end, so that a command costs one round trip for
reading and one for writing, whoever adds to it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import psycopg
from django.db import DatabaseError
from django.db import transaction as django_transaction

from workflow.engine.errors import Conflict, EngineError, NotFound
from workflow.persistence.connection import Statement, begins_transaction, execute


class Backlog(Protocol):
    """What several commands have changed and not written yet."""

    def take(self) -> list[Statement]:
        """All that writes it, once."""


class Transaction:
    """What will be written when the surrounding command has succeeded."""

    def __init__(self) -> None:
        self.pending: list[Statement] = []
        self.backlog: Backlog | None = None
        """Of commands on many process instances, which are written together."""
        self.is_rehearsal = False
        """Whether all of it is undone in the end."""

    def add(self, sql: str, params: Sequence[object] | Mapping[str, object]) -> None:
        """Write this at the end, after all that was added before."""
        self.pending.append((sql, params))

    def flush(self, *, commit: bool = False) -> None:
        """Write all that is pending, in one round trip; needed only before reading it back in the same transaction."""
        pending, self.pending = self.pending, []
        if self.backlog is not None:
            pending = [*self.backlog.take(), *pending]
        try:
            execute(pending, commit=commit)
        except DatabaseError as error:
            raise refusal(error) or error from None

    def on_commit(self, function: Callable[[], None]) -> None:
        """Call this once everything is safely stored."""
        django_transaction.on_commit(function)


REFUSALS: Mapping[str, type[EngineError]] = {"FT404": NotFound, "FT409": Conflict}
"""What functions in the database refuse, by the code of their error."""


def refusal(error: DatabaseError) -> EngineError | None:
    """What the engine's own functions in the database mean by an error; None for everybody else's."""
    cause = error.__cause__
    kind = REFUSALS.get(getattr(cause, "sqlstate", None) or "")
    return kind(str(cause.diag.message_primary)) if kind is not None and isinstance(cause, psycopg.Error) else None


class _Current(threading.local):
    transaction: Transaction | None = None


_current = _Current()


@contextmanager
def transaction(*, rehearsal: bool = False) -> Iterator[Transaction]:
    """Join the transaction of the surrounding command, or open one that is written and committed on leaving.

    An exception leaves the database as it was, and so does a rehearsal.
    """
    if _current.transaction is not None:
        yield _current.transaction
        return
    opened = _current.transaction = Transaction()
    is_outermost = begins_transaction()
    try:
        with django_transaction.atomic():
            opened.is_rehearsal = rehearsal
            yield opened
            if rehearsal:
                django_transaction.set_rollback(True)
                return
            # Django's own commit then finds nothing left to commit and sends nothing; it calls what waits for it.
            opened.flush(commit=is_outermost and not django_transaction.get_rollback())
    finally:
        _current.transaction = None
