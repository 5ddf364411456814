"""Why the engine refuses or cannot go on. The kinds are few, so that every caller can tell what to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class EngineError(Exception):
    """Base of all refusals; its text is meant for people, and may be one that is told in the language of who reads it."""

    def __init__(self, message: object) -> None:
        super().__init__(message)

    @property
    def message(self) -> str:
        """What it says."""
        return str(self.args[0])


class NotFound(EngineError):
    """What the command names does not exist, or has ended and so cannot be commanded."""


class Rejected(EngineError):
    """The command is understood and refused; nothing has changed.

    `instruction` is the position of the modification instruction that could not be applied, counted from 0.
    """

    def __init__(self, message: object, *, instruction: int | None = None) -> None:
        super().__init__(message)
        self.instruction = instruction


class Conflict(EngineError):
    """The command does not fit the present state or revision of what it names."""


class Outdated(Conflict):
    """The command was planned on an earlier revision of the process instance than it has now."""

    def __init__(self, process_instance_key: int, *, expected: int, revision: int) -> None:
        super().__init__(
            f"The plan was made on revision {expected} of process instance '{process_instance_key}', which has moved on to "
            f"revision {revision} since. Look at it again."
        )
        self.process_instance_key = process_instance_key
        self.expected = expected
        self.revision = revision


class AlreadyExists(Conflict):
    """What the command would make is there already."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a model."""

    message: str
    element_id: str = ""
    line: int = 0
    resource: str = ""

    def __str__(self) -> str:
        place = (
            f"'{self.element_id}', line {self.line}" if self.element_id else f"line {self.line}" if self.line else ""
        )
        return f"{place}: {self.message}" if place else self.message


class ModelProblems(Rejected):
    """A model cannot be deployed; all that is wrong with it, not just the first thing."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class ElementFailure(Exception):
    """An element cannot go on: an incident in Zeebe semantics, a refused command in Camunda 7 semantics.

    `error_type` is the incident's type in the words of the Camunda 8 API.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message


class BpmnError(Exception):
    """An error in the sense of BPMN, thrown for a catching event to handle."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
