"""What a process instance may want of others: called processes, and the process that called it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workflow.engine.engine import Engine
    from workflow.engine.state import ElementInstance


class Binding(Enum):
    """Which version of a process is called."""

    LATEST = "latest"
    DEPLOYMENT = "deployment"
    VERSION = "version"
    VERSION_TAG = "versionTag"


@dataclass(frozen=True, slots=True)
class CalledProcess:
    """A process by its id, and which version of it; `version` is a number or a tag, as the binding has it."""

    process_id: str
    binding: Binding = Binding.LATEST
    version: str = ""


class Neighbours(Protocol):
    """Finds and makes other process instances within the same unit of work."""

    def call(
        self, caller: Engine, instance: ElementInstance, called: CalledProcess, business_key: str | None
    ) -> Engine:
        """A new process instance on behalf of a call activity, nothing in it yet; raises NotFound or Rejected."""
        ...

    def caller_of(self, called: Engine) -> tuple[Engine, ElementInstance]:
        """The process instance that has called this one, and its call activity."""
        ...

    def called_by(self, caller: Engine, instance: ElementInstance) -> Engine | None:
        """The running process instance that a call activity has called, with everything in it."""
        ...
