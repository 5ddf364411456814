"""Many process instances, each with a command of its own: loaded with one statement, written with some for all of them.

What a command changes stays in memory until it is written, so that a refused command leaves nothing behind and costs nothing.
Whatever somebody wants to read from the database meanwhile, what the commands before have changed is written first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from workflow.engine.state import ProcessInstanceState
from workflow.persistence.connection import Statement, before_exchanges
from workflow.persistence.indexing import data_statements
from workflow.persistence.loading import Loaded, Subject, load_many, nothing_found
from workflow.persistence.transaction import Transaction
from workflow.persistence.writing import statements

OF_AN_INSTANCE = (Subject.PROCESS_INSTANCE, Subject.SCOPE)


@dataclass(frozen=True, slots=True)
class Mark:
    """What there was before a command."""

    exchanges: int
    changed: int
    pending: int


class Chunk:
    """What is loaded and not asked for yet, and what is changed and not written yet."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._loaded: dict[int, Loaded] = load_many(keys)
        self._missing = set(keys) - self._loaded.keys()
        self._changed: list[ProcessInstanceState] = []
        self._last_key = 0
        self._now: datetime | None = None
        self._is_writing = False
        self.exchanges = 0
        """How often something was read or written while the chunk was there."""

    def read(self, subject: Subject, key: int) -> tuple[ProcessInstanceState, int] | None:
        """The process instance as it was loaded, once; None if it has to be read anew."""
        if subject not in OF_AN_INSTANCE:
            return None
        if key in self._missing:
            raise nothing_found(subject, key)
        found = self._loaded.pop(key, None)
        return None if found is None else found()

    def forget(self, key: int) -> None:
        """Somebody else has read this process instance and may change it."""
        self._loaded.pop(key, None)

    def add(self, states: Sequence[ProcessInstanceState], last_key: int, now: datetime) -> None:
        """Write these later, together with others."""
        self._changed += states
        self._last_key = max(self._last_key, last_key)
        self._now = now

    def mark(self, tx: Transaction) -> Mark:
        """Where things stand before a command."""
        return Mark(self.exchanges, len(self._changed), len(tx.pending))

    def undo(self, tx: Transaction, mark: Mark) -> bool:
        """Forget what a refused command has changed; False if it has read or written, so that this cannot be told apart."""
        if self.exchanges != mark.exchanges:
            return False
        del self._changed[mark.changed :]
        del tx.pending[mark.pending :]
        return True

    def take(self) -> list[Statement]:
        """What writes all that has changed."""
        changed, self._changed = self._changed, []
        if not changed or self._now is None:
            return []
        return [*statements(changed, self._last_key, self._now), *data_statements(changed, self._now)]

    def write_first(self, tx: Transaction) -> None:
        """Before somebody reads or writes, write what has changed."""
        if self._is_writing:
            return
        self.exchanges += 1
        if not self._changed and not tx.pending:
            return
        self._is_writing = True
        try:
            tx.flush()
        finally:
            self._is_writing = False


@contextmanager
def chunk_of(tx: Transaction, keys: Sequence[int]) -> Iterator[Chunk]:
    """Lock and load process instances for the commands to come; what these change is written on leaving."""
    tx.flush()
    tx.backlog = chunk = Chunk(keys)
    try:
        with before_exchanges(lambda: chunk.write_first(tx)):
            yield chunk
        tx.pending = [*chunk.take(), *tx.pending]
    finally:
        tx.backlog = None


__all__ = ["Chunk", "chunk_of"]
