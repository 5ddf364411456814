"""What a migration is told: to which process, which element becomes which, and what is set on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.engine.values import NO_VARIABLES, Variables
from workflow.graph import ExecutableProcess


@dataclass(frozen=True, slots=True)
class Mapping:
    """One element of the source process and the element of the target process that its instances become.

    `update_event_trigger` lets an event wait for what the target model says now; else it waits on as it does.
    """

    source_id: str
    target_id: str
    update_event_trigger: bool = False

    def describe(self) -> str:
        """One sentence for log, audit trail and error."""
        renewed = " and let it wait for what the target says" if self.update_event_trigger else ""
        return f"Map '{self.source_id}' to '{self.target_id}'{renewed}"

    def __str__(self) -> str:
        return f"'{self.source_id}'->'{self.target_id}'"


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """The process definition to run on from now on, and how the elements correspond.

    `source_definition_key` names the definition that the plan was made for: an instance of another one is refused.
    Without it the plan is for whatever the instance runs on. `variables` are set in the process instance.
    """

    target_definition_key: int
    mappings: Sequence[Mapping] = ()
    source_definition_key: int | None = None
    variables: Variables = NO_VARIABLES


@dataclass(frozen=True, slots=True)
class MigrationOptions:
    """What holds for the migrating command alone."""

    skip_io_mappings: bool = False
    skip_listeners: bool = False
    expected_revision: int | None = None
    """The revision that the plan was made on; another one refuses the command."""


@dataclass(frozen=True, slots=True)
class Target:
    """The process definition to migrate to."""

    definition_key: int
    version: int
    process: ExecutableProcess
