"""The unit of work: lock and load, let the engine run, write back what changed. The only writer of engine tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from workflow.engine.engine import NO_OPTIONS as NO_ENGINE_OPTIONS
from workflow.engine.engine import Engine, EngineOptions, new_process_instance
from workflow.engine.state import ProcessInstanceState
from workflow.persistence import keys
from workflow.persistence.definitions import Definition, definition
from workflow.persistence.loading import Subject, load
from workflow.persistence.transaction import Transaction, transaction
from workflow.persistence.writing import statements


def _allow(workspace_id: int) -> None:
    """Everything is allowed."""


@dataclass(frozen=True, slots=True)
class Context:
    """On whose terms a command runs.

    `authorize` is called with the workspace's id once the rows are locked and before anything changes; it raises to
    refuse. `now` replaces the clock. A dry run does everything but write.
    """

    authorize: Callable[[int], None] = _allow
    now: datetime | None = None
    dry_run: bool = False


SYSTEM = Context()


class UnitOfWork:
    """The process instances that one command works on."""

    def __init__(self, tx: Transaction, context: Context) -> None:
        self.transaction = tx
        self.context = context
        self.now = context.now or clock()
        self._engines: dict[int, Engine] = {}
        self._last_key = 0

    def next_key(self) -> int:
        """A key greater than all keys of the instances at hand."""
        self._last_key = keys.next_key(self._last_key)
        return self._last_key

    def open(
        self, subject: Subject, key: int, *, everything: bool = False, options: EngineOptions = NO_ENGINE_OPTIONS
    ) -> Engine:
        """Lock and load the process instance of a subject, and check that the command is allowed in its workspace."""
        if self.transaction.pending:
            self.transaction.flush()  # an earlier command of the same transaction has to be seen
        state, last_key = load(subject, key, everything=everything)
        self.context.authorize(state.workspace_id)
        known = self._engines.get(state.key)
        if known is not None:
            return known
        self._last_key = max(self._last_key, last_key)
        return self._add(state, options)

    def create(
        self,
        definition_key: int,
        *,
        business_key: str | None,
        start_reason: str,
        tags: Sequence[str],
        options: EngineOptions,
    ) -> Engine:
        """A new process instance, nothing in it yet."""
        found = definition(definition_key)
        self.context.authorize(found.workspace_id)
        return self._add(self._new_state(found, business_key, start_reason, tags), options)

    def _new_state(
        self, found: Definition, business_key: str | None, start_reason: str, tags: Sequence[str]
    ) -> ProcessInstanceState:
        key = self.next_key()
        return ProcessInstanceState(
            key,
            found.workspace_id,
            found.key,
            found.process,
            found.version,
            key,
            new_process_instance(found.process.root, key, self.now),
            "ACTIVE",
            self.now,
            business_key=business_key,
            start_reason=start_reason,
            tags=list(tags),
            is_new=True,
            everything_loaded=True,
        )

    def _add(self, state: ProcessInstanceState, options: EngineOptions) -> Engine:
        engine = Engine(state, now=self.now, next_key=self.next_key, options=options)
        self._engines[state.key] = engine
        return engine

    def flush(self) -> None:
        """Hand everything that changed to the transaction."""
        states = [engine.state for engine in self._engines.values()]
        for sql, params in statements(states, self._last_key):
            self.transaction.add(sql, params)
        self._engines.clear()


@contextmanager
def unit_of_work(context: Context) -> Iterator[UnitOfWork]:
    """Work on process instances; what changed is written on leaving, unless it is a dry run or an exception passes."""
    with transaction() as tx:
        work = UnitOfWork(tx, context)
        yield work
        if not context.dry_run:
            work.flush()


def clock() -> datetime:
    """The present time; the one place where the engine's clock is read."""
    return timezone.now()


__all__ = ["SYSTEM", "Context", "Subject", "UnitOfWork", "clock", "unit_of_work"]
