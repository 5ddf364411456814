"""Whether two dry runs of one draft come to the same: keys of what would be new mean nothing, and the order of rows neither."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operate.approvals.trying import digest_of

Told = Mapping[str, Any]
LISTED = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that would come out otherwise now; empty where there is nothing."""

    what: str
    then: str
    now: str


def differences(then: Told | None, now: Told | None) -> list[Difference]:
    """What would come out otherwise, at most 200 things; a dry run that was refused as a whole tells nothing."""
    before, after = _facts(then or {}), _facts(now or {})
    names = [*before, *(name for name in after if name not in before)]
    found = [
        Difference(name, before.get(name, ""), after.get(name, ""))
        for name in names
        if before.get(name) != after.get(name)
    ]
    return found[:LISTED]


def seal_of(now: Told | None) -> str:
    """What says that somebody has seen exactly this outcome."""
    return digest_of(outcome=_facts(now or {}))


def _facts(told: Told) -> dict[str, str]:
    """All that matters, each thing under a name for people."""
    found = {name: str(told[name]) for name in ("total", "succeeded", "refused") if name in told}
    for reason in told.get("reasons", ()):
        found[f"refused: {reason['reason']}"] = str(reason["count"])
    for warning in told.get("warnings", ()):
        elements = ", ".join(sorted(warning["elements"]))
        found[f"{warning['severity']} warning {warning['code']} at {elements}"] = str(warning["count"])
    for number, instance in enumerate(told.get("instances", ()), 1):
        for name, text in _of_instance(instance):
            found[f"{number}: {name}"] = text
    return found


def _of_instance(instance: Told) -> Iterator[tuple[str, str]]:
    if instance.get("refusal"):
        yield "refused", str(instance["refusal"].get("detail", ""))
    for number, outcome in enumerate(instance.get("outcomes", ())):
        before = f"command {number + 1}, " if number else ""
        for name, text in _of_outcome(outcome):
            yield before + name, text


def _of_outcome(outcome: Told) -> Iterator[tuple[str, str]]:
    state = outcome["process_instance"]
    yield "state", state["state"] + (", suspended" if state["suspended"] else "")
    yield "definition", f"{state['process_id']} {state['version']}"
    for name in ("activated", "completed", "terminated"):
        yield from _told(f"elements {name}", (each["element_id"] for each in outcome["elements"][name]))
    for name, made, closed in (
        ("jobs", "created", "closed"),
        ("timers", "created", "closed"),
        ("subscriptions", "created", "closed"),
        ("user_tasks", "created", "closed"),
        ("incidents", "created", "resolved"),
    ):
        for what in (made, closed):
            rows = (f"{each['element_id']} {each['label']}".strip() for each in outcome[name][what])
            yield from _told(f"{name.replace('_', ' ')} {what}", rows)
    for change in sorted(outcome["variables"], key=lambda change: (change["name"], change["scope_key"])):
        after = "deleted" if change["deleted"] else json.dumps(change["after"], sort_keys=True)
        yield f"variable {change['name']}", f"{json.dumps(change['before'], sort_keys=True)} → {after}"
    yield from _told("migrated", (f"{each['from_element_id']} → {each['element_id']}" for each in outcome["migrated"]))
    yield from _told("called processes", (f"{each['process_id']} {each['state']}" for each in outcome["called"]))
    for number, other in enumerate(sorted(outcome.get("affected", ()), key=_place), 1):
        for name, text in _of_outcome(other):
            yield f"affected {number}: {name}", text


def _place(outcome: Told) -> tuple[str, int]:
    return outcome["process_instance"]["process_id"], int(outcome["process_instance"]["key"])


def _told(name: str, things: Iterable[str]) -> Iterator[tuple[str, str]]:
    counted = Counter(things)
    if counted:
        yield (
            name,
            ", ".join(f"{thing} × {number}" if number > 1 else thing for thing, number in sorted(counted.items())),
        )


__all__ = ["Difference", "differences", "seal_of"]
