"""What is wrong with a migration: all of it, each problem with the mapping or the element instance that has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.engine.errors import Conflict, Rejected
from workflow.migration.plan import Mapping


@dataclass(frozen=True, slots=True)
class MappingReport:
    """One mapping that cannot be part of a plan, and why."""

    mapping: Mapping
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceReport:
    """One element instance that cannot be migrated, and why."""

    element_instance_key: int
    element_id: str
    mapping: Mapping | None
    failures: tuple[str, ...]
    is_transition: bool = False
    """Whether it stands at an asynchronous continuation."""


class PlanRefused(Rejected):
    """The plan fits no process instance at all."""

    def __init__(self, reports: Sequence[MappingReport], *, source: str, target: str) -> None:
        self.reports = tuple(reports)
        lines = [
            f"Migration instruction {report.mapping} is not valid: {failure}"
            for report in reports
            for failure in report.failures
        ]
        super().__init__(
            f"The migration plan from process definition '{source}' to '{target}' is not valid: {'; '.join(lines)}"
        )


class InstanceRefused(Conflict):
    """The plan does not fit what is active in a process instance (Camunda 7)."""

    def __init__(
        self, process_instance_key: int, reports: Sequence[InstanceReport], failures: Sequence[str] = ()
    ) -> None:
        self.process_instance_key = process_instance_key
        self.reports = tuple(reports)
        self.failures = tuple(failures)
        lines = [
            *failures,
            *(
                f"Cannot migrate {'transition' if report.is_transition else 'activity'} instance "
                f"'{report.element_instance_key}' of '{report.element_id}': {failure}"
                for report in reports
                for failure in report.failures
            ),
        ]
        super().__init__(f"Cannot migrate process instance '{process_instance_key}': {'; '.join(lines)}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a Camunda 8 process instance from being migrated.

    `is_malformed` tells a mapping that is wrong for any instance from one that does not fit the state of this one.
    """

    message: str
    element_id: str
    is_malformed: bool = False


class MappingsRefused(Rejected):
    """The mappings are wrong for any process instance (Camunda 8)."""

    def __init__(self, process_instance_key: int, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(told(process_instance_key, problems))


class StateRefused(Conflict):
    """The mappings do not fit what is active in the process instance (Camunda 8)."""

    def __init__(self, process_instance_key: int, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(told(process_instance_key, problems))


def told(process_instance_key: int, problems: Sequence[Problem]) -> str:
    """All problems as one text; the first in the words that Camunda 8 has for it alone."""
    texts = dict.fromkeys(problem.message for problem in problems)
    return f"Expected to migrate process instance '{process_instance_key}' but {' And: '.join(texts)}"
