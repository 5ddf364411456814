"""A dry run as a page tells it: what would happen at which element, to how many, and what is wrong with that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from operate.admin.modification.preview import WORDS
from operate.admin.wording import drawn_id, label_in
from operate.forms.json_values import json_text
from operate.told import told as said
from workflow.engine.errors import NotFound
from workflow.graph import ExecutableProcess
from workflow.persistence.definitions import executable_process

QUOTED = re.compile(r"'([^']+)'")
MOST_DIFFS = 20
"""Process instances whose variables are shown before and after."""
SHOWN = 300
CALLED = {
    "ACTIVE": gettext_lazy("Starts called instances of '%(process)s': %(total)s."),
    "COMPLETED": gettext_lazy("Starts and completes called instances of '%(process)s': %(total)s."),
    "CANCELED": gettext_lazy("Cancels called instances of '%(process)s': %(total)s."),
}

WHAT = {
    "total": gettext_lazy("Process instances"),
    "succeeded": gettext_lazy("would succeed"),
    "refused": gettext_lazy("would be refused"),
    "state": gettext_lazy("state"),
    "definition": gettext_lazy("definition"),
    "migrated": gettext_lazy("migrated"),
    "called processes": gettext_lazy("called processes"),
    "elements activated": gettext_lazy("begins"),
    "elements completed": gettext_lazy("runs through"),
    "elements terminated": gettext_lazy("ends"),
    "jobs created": gettext_lazy("new jobs"),
    "jobs closed": gettext_lazy("jobs that end"),
    "timers created": gettext_lazy("new timers"),
    "timers closed": gettext_lazy("timers that end"),
    "subscriptions created": gettext_lazy("waits for"),
    "subscriptions closed": gettext_lazy("waits no longer for"),
    "user tasks created": gettext_lazy("new tasks"),
    "user tasks closed": gettext_lazy("tasks that end"),
    "incidents created": gettext_lazy("new incidents"),
    "incidents resolved": gettext_lazy("incidents resolved"),
}
"""What two dry runs of a draft may differ in."""
OF_ONE = re.compile(r"(\d+): (.+)", re.DOTALL)

Facts = Mapping[str, Any]


@dataclass(slots=True)
class Told:
    """What would come of a command, added up over the process instances that are told one by one."""

    total: int = 0
    examined: int = 0
    refused: int = 0
    reasons: Sequence[Facts] = ()
    warnings: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What begins, passes, ends, and is waited for: id, name, how many."""
    diffs: list[dict[str, Any]] = field(default_factory=list)
    """Process instances with their variables before and after."""
    sentences: list[str] = field(default_factory=list)
    definition_key: int | None = None
    """Whose diagram shows it."""

    @property
    def on_diagram(self) -> dict[str, Any]:
        """For `Diagram.showOutcome`."""
        names = ("activated", "completed", "terminated")
        warnings = [{"severity": each["severity"], "elements": each["elements"]} for each in self.warnings]
        return {**{name: self.sums.get(name, []) for name in names}, "warnings": warnings}


def told(rehearsal: Facts | None) -> Told:
    """What a dry run says, in the words of the models."""
    if not rehearsal:
        return Told()
    outcomes = list(_outcomes(rehearsal))
    definition_key = _most_frequent(outcomes)
    found = Told(
        rehearsal["total"],
        rehearsal["examined"],
        rehearsal["refused"],
        rehearsal["reasons"],
        warnings=[_warning(each) for each in rehearsal["warnings"]],
        definition_key=definition_key,
    )
    name_in = _Names()
    found.sums = _sums(outcomes, name_in)
    found.sentences = list(_sentences(outcomes, name_in))
    found.diffs = [diff for outcome in outcomes if (diff := _diff(outcome, name_in))][:MOST_DIFFS]
    return found


def named(sentence: str, definition_key: int | None) -> str:
    """A sentence with the names of elements instead of their ids, where the model has them."""
    name_in = _Names()
    return (
        sentence if definition_key is None else QUOTED.sub(lambda hit: f"'{name_in(definition_key, hit[1])}'", sentence)
    )


def difference_in_words(what: str, *, is_of_one: bool) -> str:
    """What two dry runs differ in; which of several process instances it is in comes first."""
    found = OF_ONE.fullmatch(what)
    name = found[2] if found else what
    kind, _space, rest = name.partition(" ")
    if name in WHAT:
        words = str(WHAT[name])
    elif kind == "variable":
        words = _("variable %(name)s") % {"name": rest}
    elif name.startswith("refused: "):
        words = _("refused: %(why)s") % {"why": name.removeprefix("refused: ")}
    else:
        words = name
    if found is None or is_of_one:
        return words
    return _("process instance no. %(number)s, %(what)s") % {"number": found[1], "what": words}


class _Names:
    """Names of elements by definition; an id that no model has stays as it is."""

    def __init__(self) -> None:
        self._known: dict[int, ExecutableProcess | None] = {}

    def __call__(self, definition_key: int, element_id: str) -> str:
        if definition_key not in self._known:
            self._known[definition_key] = _process(definition_key)
        process = self._known[definition_key]
        return drawn_id(element_id) if process is None else label_in(process, element_id)


def _process(definition_key: int) -> ExecutableProcess | None:
    try:
        return executable_process(definition_key)
    except NotFound:
        return None  # it was deleted since


def _outcomes(rehearsal: Facts) -> Iterator[Facts]:
    for instance in rehearsal["instances"]:
        yield from instance["outcomes"]


def _most_frequent(outcomes: Sequence[Facts]) -> int | None:
    counted = Counter(int(each["process_instance"]["definition_key"]) for each in outcomes)
    return counted.most_common(1)[0][0] if counted else None


def _warning(facts: Facts) -> dict[str, Any]:
    identity = json_text([facts["code"], *facts["elements"]])
    elements = [drawn_id(each) for each in facts["elements"]]
    return {**facts, "reason": said(facts["reason"]), "elements": elements, "accepted": identity}


def _sums(outcomes: Sequence[Facts], name_in: _Names) -> dict[str, list[dict[str, Any]]]:
    def elements(kind: str) -> Callable[[Facts], Iterable[str]]:
        return lambda outcome: (each["element_id"] for each in outcome["elements"][kind])

    def waits(change: str) -> Callable[[Facts], Iterable[tuple[str, str]]]:
        return lambda outcome: (
            (row["kind"], row["element_id"])
            for rows in ("jobs", "timers", "subscriptions", "user_tasks")
            for row in outcome[rows][change]
            if row["kind"] in WORDS
        )

    found: dict[str, list[dict[str, Any]]] = {}
    for kind in ("activated", "completed", "terminated"):
        counted = _counted(outcomes, elements(kind))
        found[kind] = [
            {"id": drawn_id(element), "name": name_in(definition, element), "total": total}
            for (definition, element), total in counted.items()
        ]
    for name, change in (("waits", "created"), ("waits_no_more", "closed")):
        found[name] = [
            {"id": drawn_id(element), "name": WORDS[kind] % {"element": name_in(definition, element)}, "total": total}
            for (definition, (kind, element)), total in _counted(outcomes, waits(change)).items()
        ]
    passed = {row["id"] for row in found["completed"]}
    found["stays"] = [row for row in found["activated"] if row["id"] not in passed]
    return {name: rows for name, rows in found.items() if rows}


def _counted(outcomes: Sequence[Facts], told_of: Callable[[Facts], Iterable[Any]]) -> Counter[tuple[int, Any]]:
    return Counter(
        (int(outcome["process_instance"]["definition_key"]), each) for outcome in outcomes for each in told_of(outcome)
    )


def _sentences(outcomes: Sequence[Facts], name_in: _Names) -> Iterator[str]:
    """What becomes of whole process instances, of called ones, and incidents."""
    ends = Counter(each["process_instance"]["state"] for each in outcomes if each["ended"])
    if ends["COMPLETED"]:
        number = ends["COMPLETED"]
        yield ngettext("The process instance completes.", "%(number)s process instances complete.", number) % {
            "number": number
        }
    if ends["CANCELED"]:
        number = ends["CANCELED"]
        yield ngettext("The process instance is canceled.", "%(number)s process instances are canceled.", number) % {
            "number": number
        }
    called = Counter((each["state"], each["is_new"], each["process_id"]) for row in outcomes for each in row["called"])
    for (state, is_new, process_id), total in called.items():
        sentence = (
            CALLED[state] if is_new or state == "CANCELED" else _("Ends called instances of '%(process)s': %(total)s.")
        )
        yield sentence % {"process": process_id, "total": total}
    for row in outcomes:
        for incident in row["incidents"]["created"]:
            name = name_in(int(row["process_instance"]["definition_key"]), incident["element_id"])
            yield _("Incident at %(name)s: %(label)s") % {"name": name, "label": incident["label"]}


def _diff(outcome: Facts, name_in: _Names) -> dict[str, Any] | None:
    if not outcome["variables"]:
        return None
    instance = outcome["process_instance"]
    scopes = {
        each["key"]: name_in(int(instance["definition_key"]), each["element_id"])
        for each in outcome["elements"]["activated"]
    }
    return {
        "key": instance["key"],
        "business_key": instance["business_key"],
        "changes": [
            {
                "name": each["name"],
                "scope": ""
                if each["scope_key"] == instance["key"]
                else scopes.get(each["scope_key"], each["scope_key"]),
                "before": _short(each["before"]) if each["existed"] else None,
                "after": None if each["deleted"] else _short(each["after"]),
            }
            for each in outcome["variables"]
        ],
    }


def _short(value: object) -> str:
    text = json_text(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


__all__ = ["Told", "difference_in_words", "named", "told"]
