"""The steps of a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients import Camunda7, Refused, Zeebe

ACTS = (
    "start",
    "modify",
    "deploy",
    "migrate",
    "restart",
    "complete",
    "fail",
    "error",
    "escalate",
    "execute",
    "message",
    "signal",
    "enter_called",
    "back",
    "set_variables",
    "resolve_incidents",
    "suspend",
    "resume",
    "cancel",
)
LOOKS = ("tree", "state", "variables", "no_variables", "local_variables", "history", "tasks", "jobs", "incidents")
STEPS = ACTS + LOOKS


class Play:
    """One case under way: its client and its current instance."""

    def __init__(self, client: Camunda7 | Zeebe, models: Path) -> None:
        self.client = client
        self.models = models
        self.instance = ""
        self.callers: list[str] = []

    def step(self, name: str, given: Any) -> None:
        if name in LOOKS:
            getattr(self, f"see_{name}")(given)
            return
        given = dict(given or {})
        expected = given.pop("rejects", None)
        if expected is None:
            getattr(self, f"do_{name}")(**given)
            return
        before = self.picture()
        with pytest.raises(Refused, match=expected if isinstance(expected, str) else None):
            getattr(self, f"do_{name}")(**given)
        assert self.picture() == before, "refused, and yet something changed"

    def picture(self) -> Any:
        if not self.instance or self.client.state(self.instance) not in ("active", "suspended"):
            return None
        return self.client.tree(self.instance), self.client.variables(self.instance)

    def do_start(self, **given: Any) -> None:
        self.instance = self.client.start(**given)

    def do_modify(self, **given: Any) -> None:
        self.client.modify(self.instance, **given)

    def do_deploy(self, model: str) -> None:
        self.client.deploy(self.models / model)

    def do_migrate(self, to: str, mappings: dict[str, str]) -> None:
        self.client.migrate(self.instance, to, mappings)

    def do_restart(self, **given: Any) -> None:
        """Go on in the process instance that is made of the ended one."""
        assert isinstance(self.client, Camunda7), "a command of Camunda 7"
        self.instance = self.client.restart(self.instance, **given)

    def do_complete(self, element: str, nth: int = 0, variables: Any = None) -> None:
        self.client.complete(self.instance, element, nth, variables)

    def do_fail(self, element: str, retries: int = 0, message: str = "failed") -> None:
        self.client.fail(self.instance, element, retries, message)

    def do_error(self, element: str, code: str) -> None:
        self.client.error(self.instance, element, code)

    def do_escalate(self, element: str, code: str) -> None:
        self.client.escalate(self.instance, element, code)

    def do_execute(self, element: str) -> None:
        self.client.execute(self.instance, element)

    def do_message(self, **given: Any) -> None:
        self.client.message(**given)

    def do_signal(self, **given: Any) -> None:
        self.client.signal(**given)

    def do_enter_called(self) -> None:
        """Go on in the process instance that this one has called."""
        self.callers.append(self.instance)
        self.instance = self.client.called(self.instance)

    def do_back(self) -> None:
        self.instance = self.callers.pop()

    def do_set_variables(self, values: Any) -> None:
        self.client.set_variables(self.instance, values)

    def do_resolve_incidents(self) -> None:
        self.client.resolve_incidents(self.instance)

    def do_suspend(self) -> None:
        self.client.suspend(self.instance, True)

    def do_resume(self) -> None:
        self.client.suspend(self.instance, False)

    def do_cancel(self) -> None:
        self.client.cancel(self.instance)

    def see_tree(self, expected: Any) -> None:
        assert in_order(self.client.tree(self.instance)) == in_order(expected)

    def see_state(self, expected: str) -> None:
        assert self.client.state(self.instance) == expected

    def see_variables(self, expected: dict[str, Any]) -> None:
        found = self.client.variables(self.instance)
        assert {name: found.get(name, "(none)") for name in expected} == expected

    def see_no_variables(self, names: list[str]) -> None:
        assert not set(names) & set(self.client.variables(self.instance))

    def see_local_variables(self, given: dict[str, Any]) -> None:
        assert self.client.local_variables(self.instance, given["element"], given.get("nth", 0)) == given["values"]

    def see_history(self, expected: dict[str, dict[str, int]]) -> None:
        found = self.client.history(self.instance)
        assert {e: {s: found.get(e, {}).get(s, 0) for s in states} for e, states in expected.items()} == expected

    def see_tasks(self, expected: dict[str, int]) -> None:
        self._counts("tasks", expected)

    def see_jobs(self, expected: dict[str, int]) -> None:
        self._counts("jobs", expected)

    def see_incidents(self, expected: dict[str, int]) -> None:
        self._counts("incidents", expected)

    def _counts(self, what: str, expected: dict[str, int]) -> None:
        found = self.client.counts(what, self.instance)
        assert {element: found[element] for element in expected} == expected


def in_order(nodes: list[Any]) -> list[Any]:
    """A tree in an order of its own."""
    sorted_nodes = [
        {element: in_order(below) for element, below in node.items()} if isinstance(node, dict) else node
        for node in nodes
    ]
    return sorted(sorted_nodes, key=json.dumps)


def play(client: Camunda7 | Zeebe, case: dict[str, Any], models: Path) -> None:
    """Deploy the models of a case and do its steps; the number of the step stands in what goes wrong."""
    for name in case["models"]:
        client.deploy(models / name)
    playing = Play(client, models)
    for number, step in enumerate(case["steps"], 1):
        [(name, given)] = step.items()
        try:
            playing.step(name, given)
        except (AssertionError, Refused) as problem:
            raise AssertionError(f"step {number} ({name}): {problem}") from problem
