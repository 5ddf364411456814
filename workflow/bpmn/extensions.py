"""What models ask for and this release does not do: refused where it changes what happens, else a warning."""

from __future__ import annotations

from collections import Counter
from typing import Final

from workflow.elements.reading import PREFIXES, VOCABULARIES, ElementReading, vocabulary_name
from workflow.graph import Semantics

_REFUSED: Final[dict[Semantics, dict[str, str]]] = {
    Semantics.CAMUNDA_7: {
        "connector": 'Make it an external task (camunda:type="external" with a camunda:topic).',
        "errorEventDefinition": "Let the worker throw the BPMN error.",
    },
    Semantics.ZEEBE: {
        "executionListeners": "Remove them, or model the work as service tasks.",
        "taskListeners": "Remove them, or model the work as service tasks.",
        "calledDecision": "Use a 'zeebe:taskDefinition', so that a worker decides.",
    },
}
_WITHOUT_EFFECT: Final[dict[Semantics, dict[str, str]]] = {
    Semantics.CAMUNDA_7: {
        "formData": "generated forms are not rendered, and their constraints are not checked",
        "potentialStarter": "who may start a process is decided by the roles on its workspace",
    },
    Semantics.ZEEBE: {"linkedResources": "workers get no links to other resources"},
}
_KNOWN: Final[dict[Semantics, frozenset[str]]] = {
    Semantics.CAMUNDA_7: frozenset(
        {
            "executionListener",
            "failedJobRetryTimeCycle",
            "field",
            "in",
            "inputOutput",
            "out",
            "properties",
            "taskListener",
        }
    ),
    Semantics.ZEEBE: frozenset(
        {
            "adHoc",
            "assignmentDefinition",
            "calledElement",
            "conditionalFilter",
            "formDefinition",
            "ioMapping",
            "loopCharacteristics",
            "priorityDefinition",
            "properties",
            "script",
            "subscription",
            "taskDefinition",
            "taskHeaders",
            "taskSchedule",
            "userTask",
            "userTaskForm",
            "versionTag",
        }
    ),
}
_ONCE: Final = frozenset({"inputOutput", "ioMapping", "script", "subscription", "taskDefinition", "taskHeaders"})


def check_extensions(reading: ElementReading) -> None:
    """Report extension elements of the model's own vocabulary that this release does not know or does not do."""
    names = Counter(
        name
        for namespace, name in map(vocabulary_name, reading.extensions())
        if VOCABULARIES.get(namespace) is reading.semantics
    )
    for name, count in names.items():
        _check(reading, name)
        if count > 1 and name in _ONCE:
            qualified = f"'{PREFIXES[reading.semantics]}:{name}'"
            reading.problem(f"Must have exactly one {qualified} extension element, found {count}.")


def _check(reading: ElementReading, name: str) -> None:
    semantics = reading.semantics
    qualified = f"'{PREFIXES[semantics]}:{name}'"
    if name in _REFUSED[semantics]:
        reading.problem(f"{qualified} is not supported. {_REFUSED[semantics][name]}")
    elif name in _WITHOUT_EFFECT[semantics]:
        reading.warning(f"{qualified} has no effect: {_WITHOUT_EFFECT[semantics][name]}.")
    elif name not in _KNOWN[semantics]:
        reading.warning(f"{qualified} is not known and has no effect.")
