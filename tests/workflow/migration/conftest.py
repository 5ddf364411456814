"""Moving process instances that run in memory."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from typing import Protocol

import pytest

from tests.support.processes import ProcessBuilder, Running
from workflow.engine.engine import EngineOptions
from workflow.migration import Mapping, MigrationOptions, MigrationPlan, Target, migrate

TARGET = 2


class Migrate(Protocol):
    """Moves an instance to another process; `renewed` are the events that shall wait for what the target says."""

    def __call__(
        self,
        instance: Running,
        target: ProcessBuilder,
        mappings: ReadOnly[str, str],
        *,
        renewed: tuple[str, ...] = (),
        options: MigrationOptions | None = None,
        **variables: object,
    ) -> Running: ...


@pytest.fixture
def migrated() -> Migrate:
    def move(
        instance: Running,
        target: ProcessBuilder,
        mappings: ReadOnly[str, str],
        *,
        renewed: tuple[str, ...] = (),
        options: MigrationOptions | None = None,
        **variables: object,
    ) -> Running:
        options = options or MigrationOptions()
        engine = instance.memory.engine(instance.state, EngineOptions(options.skip_io_mappings, options.skip_listeners))
        instance._take(engine)
        found = tuple(Mapping(one, other, one in renewed) for one, other in mappings.items())
        plan = MigrationPlan(TARGET, found, 1, variables)
        migrate(engine, plan, Target(TARGET, 7, target.build()), options)
        return instance

    return move
