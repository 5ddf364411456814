"""Baselines: how many statements and round trips a command costs, kept in a file that reviews can see change."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.wire import Traffic, wire_traffic

BASELINES = Path(__file__).parents[2] / "statement_counts.json"
MOST_ROUND_TRIPS = 4
SAVEPOINTS = 2
"""What takes the place of BEGIN and COMMIT inside a test's transaction. Those two cost no round trips of their own."""

AssertStatements = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def assert_statements(db: None) -> AssertStatements:
    """Check what a block costs against the baseline of that name; UPDATE_BASELINES=1 makes it the baseline.

    Left out is what time spreads over many commands: preparing a statement on a new connection, and new blocks of keys.
    """

    @contextmanager
    def assert_statements(command: str) -> Iterator[None]:
        with wire_traffic() as traffic:
            yield
        found = _cost(traffic)
        sent = "\n\n".join([*traffic.control, *traffic.statements])
        assert len(traffic.control) == SAVEPOINTS, f"'{command}' sent:\n{sent}"
        assert found["round_trips"] <= MOST_ROUND_TRIPS, f"'{command}' sent:\n{sent}"
        if os.environ.get("UPDATE_BASELINES") == "1":
            _update(command, found)
        expected = json.loads(BASELINES.read_text()).get(command)
        assert found == expected, f"'{command}' sent:\n{sent}"

    return assert_statements


def _cost(traffic: Traffic) -> dict[str, int]:
    return {
        "statements": len(traffic.statements) - traffic.blocks_of_keys,
        "round_trips": traffic.round_trips - traffic.preparations - traffic.blocks_of_keys - SAVEPOINTS,
    }


def _update(command: str, found: dict[str, int]) -> None:
    with BASELINES.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        baselines = json.loads(file.read() or "{}") | {command: found}
        file.seek(0)
        file.truncate()
        json.dump(baselines, file, indent=2, sort_keys=True)
        file.write("\n")
