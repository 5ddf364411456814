"""The agenda: commands of all process instances that one unit of work touches, performed one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workflow.engine.commands import Activate, Arrive, Command, Complete
from workflow.engine.errors import ElementFailure, Rejected
from workflow.graph import FlowNode

if TYPE_CHECKING:
    from workflow.engine.engine import Engine
    from workflow.engine.state import ElementInstance

STEP_LIMIT = 100_000


class Agenda:
    """Nothing recurses: what a command leads to is issued, and waits here for its turn."""

    def __init__(self) -> None:
        self.engines: list[Engine] = []
        self._queue: deque[tuple[Engine, Command]] = deque()
        self._issued: list[tuple[Engine, Command]] = []
        self._is_running = False

    def issue(self, engine: Engine, command: Command) -> None:
        """Perform this command where the semantics wants it once the present one is done."""
        self._issued.append((engine, command))

    def run(self, engine: Engine, *commands: Command) -> None:
        """Perform these commands and all that follow from them, in whichever process instance."""
        if self._is_running:
            self._issued.extend((engine, command) for command in commands)
            return
        self._is_running = True
        try:
            self._queue.extend((engine, command) for command in commands)
            self._schedule(engine)
            self._run_dry(engine)
        except ElementFailure as failure:
            raise Rejected(failure.message) from failure  # where no incident can be left
        finally:
            self._is_running = False

    def _run_dry(self, engine: Engine) -> None:
        for each in list(self.engines):  # variables were set before the agenda began to run
            self._check_conditions(each)
        queue, steps = self._queue, 0
        while queue:
            steps += 1
            if steps > STEP_LIMIT:
                raise Rejected(
                    f"Process instance '{engine.state.key}' did not reach a wait state within {STEP_LIMIT:,} steps; "
                    "does the model loop without waiting?"
                )
            engine, command = queue.popleft()
            command.perform(engine)
            if self._issued:
                self._schedule(engine)
            self._check_conditions(engine)

    def _check_conditions(self, engine: Engine) -> None:
        """Conditions are looked at as soon as a variable has changed, before any token moves on."""
        if engine.variables.events:
            engine.events.check_conditions()
            self._schedule(engine)

    def _schedule(self, engine: Engine) -> None:
        if self._issued:
            issued, self._issued = self._issued, []
            engine.rules.schedule(self._queue, issued)

    # ---- tokens that are on their way

    def tokens_in(self, scope: ElementInstance) -> Iterator[FlowNode]:
        """The elements that counted tokens of a scope instance will come to, or go on from, next."""
        for _engine, command in (*self._queue, *self._issued):
            match command:
                case Arrive() if command.scope is scope:
                    yield command.flow.target
                case Activate() if command.scope is scope:
                    yield command.element
                case Complete() if command.instance.scope is scope:
                    yield command.instance.element

    def discard_tokens(self, scope: ElementInstance) -> None:
        """Forget the tokens that are on their way in a scope instance that is being emptied."""

        def stays(entry: tuple[Engine, Command]) -> bool:
            command = entry[1]
            return not (isinstance(command, Arrive | Activate) and command.scope is scope)

        queued = [entry for entry in self._queue if stays(entry)]
        self._queue.clear()
        self._queue.extend(queued)
        self._issued = [entry for entry in self._issued if stays(entry)]
