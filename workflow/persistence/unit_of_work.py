"""The unit of work: lock and load, let the engine run, write back what changed. The only writer of engine tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction as django_transaction
from django.utils import timezone

from workflow.engine.agenda import Agenda
from workflow.engine.engine import NO_OPTIONS as NO_ENGINE_OPTIONS
from workflow.engine.engine import Engine, EngineOptions, new_process_instance
from workflow.engine.errors import Rejected
from workflow.engine.neighbours import CalledProcess
from workflow.engine.state import ElementInstance, ProcessInstanceState
from workflow.persistence import keys
from workflow.persistence.chunk import Chunk
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import Definition, called_definition, definition
from workflow.persistence.indexing import data_statements
from workflow.persistence.loading import Subject, load
from workflow.persistence.transaction import Transaction, transaction
from workflow.persistence.writing import statements

MAX_CALL_DEPTH = 100
CALLED = """
SELECT key FROM workflow_processinstance
WHERE parent_process_instance_key = %s AND parent_element_instance_key = %s AND state = 'ACTIVE'
"""


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
    user: str | None = None
    """Who acts, for expressions that ask."""


SYSTEM = Context()


class UnitOfWork:
    """The process instances that one command works on."""

    def __init__(self, tx: Transaction, context: Context) -> None:
        self.transaction = tx
        self.context = context
        self.now = context.now or clock()
        self._engines: dict[int, Engine] = {}
        self._agenda = Agenda()
        self._last_key = 0

    @property
    def engines(self) -> list[Engine]:
        """The process instances at hand, those first that came first."""
        return list(self._engines.values())

    def next_key(self) -> int:
        """A key greater than all keys of the instances at hand."""
        self._last_key = keys.next_key(self._last_key)
        return self._last_key

    def open(
        self, subject: Subject, key: int, *, everything: bool = False, options: EngineOptions = NO_ENGINE_OPTIONS
    ) -> Engine:
        """Lock and load the process instance of a subject, and check that the command is allowed in its workspace."""
        engine = self._load(subject, key, everything=everything, options=options)
        self.context.authorize(engine.state.workspace_id)
        return engine

    def _load(self, subject: Subject, key: int, *, everything: bool, options: EngineOptions) -> Engine:
        state, last_key = self._read(subject, key, everything=everything)
        known = self._engines.get(state.key)
        if known is not None:
            if everything or state.elements.keys() - known.state.elements.keys():
                known.state.need_everything()
            return known
        self._last_key = max(self._last_key, last_key)
        if not self._engines and self.context.now is None:
            self.now = clock()  # under the lock: what commands do to one process instance has its order in time
        return self._add(state, options)

    def _read(self, subject: Subject, key: int, *, everything: bool) -> tuple[ProcessInstanceState, int]:
        chunk = self.chunk
        if chunk is not None and key not in self._engines and (found := chunk.read(subject, key)) is not None:
            return found
        if self.transaction.pending or chunk is not None:
            self.transaction.flush()  # an earlier command of the same transaction has to be seen
        state, last_key = load(subject, key, everything=everything)
        if chunk is not None:
            chunk.forget(state.key)
        return state, last_key

    @property
    def chunk(self) -> Chunk | None:
        """The process instances that were loaded together, for commands on many."""
        backlog = self.transaction.backlog
        return backlog if isinstance(backlog, Chunk) else None

    def create(
        self,
        definition_key: int,
        *,
        business_key: str | None = None,
        start_reason: str = "",
        tags: Sequence[str] = (),
        options: EngineOptions = NO_ENGINE_OPTIONS,
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
        engine = Engine(
            state,
            now=self.now,
            next_key=self.next_key,
            options=options,
            agenda=self._agenda,
            neighbours=self,
            user=self.context.user,
        )
        self._engines[state.key] = engine
        return engine

    # ---- called processes

    def call(
        self, caller: Engine, instance: ElementInstance, called: CalledProcess, business_key: str | None
    ) -> Engine:
        """A new process instance on behalf of a call activity, nothing in it yet; raises NotFound or Rejected."""
        state = caller.state
        found = called_definition(called, state.workspace_id, state.definition_key)
        if found.process.root.none_start_event is None:
            raise Rejected(f"Expected process '{found.process.id}' to have a none start event, but it has none.")
        new = self._new_state(found, business_key, "", ())
        new.parent_key, new.parent_element_instance_key, new.root_key = state.key, instance.key, state.root_key
        self._check_depth(state)
        return self._add(new, caller.options)

    def _check_depth(self, state: ProcessInstanceState) -> None:
        """A process that calls itself without end fails here, long before memory does."""
        depth = 1
        while state.is_new and state.parent_key is not None:
            state = self._engines[state.parent_key].state
            depth += 1
        if depth > MAX_CALL_DEPTH:
            raise Rejected(
                f"Expected at most {MAX_CALL_DEPTH} processes that call each other in one command, found more."
            )

    def caller_of(self, called: Engine) -> tuple[Engine, ElementInstance]:
        """The process instance that has called this one, and its call activity."""
        parent_key, key = called.state.parent_key, called.state.parent_element_instance_key
        if parent_key is None or key is None:
            raise RuntimeError(f"process instance '{called.state.key}' was called by nobody")
        engine = self._engines.get(parent_key)
        if engine is None:
            engine = self._load(Subject.ELEMENT_INSTANCE, key, everything=False, options=called.options)
        elif key not in engine.state.elements:
            engine.state.need_everything()
        return engine, engine.state.elements[key]

    def called_by(self, caller: Engine, instance: ElementInstance) -> Engine | None:
        """The running process instance that a call activity has called, with everything in it."""
        for engine in self._engines.values():
            if engine.state.parent_element_instance_key == instance.key:
                return engine if engine.state.is_active else None
        for (key,) in fetch(CALLED, (caller.state.key, instance.key)):
            return self._load(Subject.PROCESS_INSTANCE, key, everything=True, options=caller.options)
        return None

    def flush(self) -> None:
        """Hand everything that changed to the transaction."""
        states = [engine.state for engine in self._engines.values()]
        if (chunk := self.chunk) is not None:
            chunk.add(states, self._last_key, self.now)
            self._engines.clear()
            return
        for sql, params in (*statements(states, self._last_key, self.now), *data_statements(states, self.now)):
            self.transaction.add(sql, params)
        self._engines.clear()


@contextmanager
def unit_of_work(context: Context) -> Iterator[UnitOfWork]:
    """Work on process instances; what changed is written on leaving, unless it is a dry run or an exception passes."""
    with transaction() as tx:
        if context.dry_run:
            with _undone(tx):
                yield UnitOfWork(tx, context)
            return
        work = UnitOfWork(tx, context)
        yield work
        work.flush()


@contextmanager
def _undone(tx: Transaction) -> Iterator[None]:
    """Undo what is written at once, not at the end: messages that wait are taken while the engine runs."""
    if tx.is_rehearsal:
        yield
        return
    tx.flush()
    with django_transaction.atomic():
        yield
        django_transaction.set_rollback(True)


@contextmanager
def rehearsed(context: Context) -> Iterator[Context]:
    """The context for a command of several units of work: in a dry run they write, to see each other, and all is undone."""
    if not context.dry_run:
        yield context
        return
    with transaction() as tx, _undone(tx):
        try:
            yield replace(context, dry_run=False)
            tx.flush()
        finally:
            tx.pending.clear()


def clock() -> datetime:
    """The present time; the one place where the engine's clock is read."""
    return timezone.now()


__all__ = ["SYSTEM", "Context", "Subject", "UnitOfWork", "clock", "rehearsed", "unit_of_work"]
