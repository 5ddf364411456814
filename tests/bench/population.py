"""A database as full as that of a large installation: process instances by the million, of several processes, versions and places.

The rows are written with a few statements beside the engine, which would take days; `population.sql` tells what is in them. Two
process instances that are unusually large are started by the engine itself.

Imported only once Django is set up.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import psycopg
from django.contrib.auth import get_user_model
from psycopg.sql import SQL, Identifier

from operate import figures
from operate.workspaces import Role, add_member
from tests.bench.models import Drawing
from workflow import services
from workflow.graph import DataPath, DataType
from workflow.models import ProcessDefinition, ProcessInstance, Workspace
from workflow.persistence import data_paths
from workflow.persistence.keys import forget_block

BASE = 1_000_000
"""Keys begin here; those given before, to definitions, are smaller."""
TABLES = (
    *(
        f"workflow_{name}"
        for name in (
            "processinstance",
            "elementinstance",
            "sequenceflowtaken",
            "variable",
            "processdatavalue",
            "job",
            "usertask",
        )
    ),
    *("workflow_taskkeywords", "workflow_incident", "audit_auditevent"),
    *("operate_batch", "operate_batchjob", "operate_batchitem"),
)
PROCESSES = {"order": 8, "invoice": 3, "claim": 3, "onboarding": 2, "refund": 1, "contract": 1, "recall": 1, "audit": 1}
"""How many of twenty process instances are of each process."""
SEARCHABLE = ("order", "invoice", "claim")
WORKSPACES = ("sales", "claims", "legal")
AGES = (0, 8, 16, 21)
"""When each version was deployed, in twentieths of the time that there are process instances."""
PATHS = (DataPath("customer.name", is_keyword=True), DataPath("customer.country"), DataPath("amount", DataType.NUMBER))
STEPS = {
    "start": ("START_EVENT", timedelta()),
    "check": ("SERVICE_TASK", timedelta(seconds=1)),
    "approve": ("USER_TASK", timedelta(hours=1)),
    "book": ("SERVICE_TASK", timedelta(seconds=10)),
    "cool": ("INTERMEDIATE_CATCH_EVENT", timedelta(minutes=10)),
    "ship": ("USER_TASK", timedelta(minutes=40)),
    "end": ("END_EVENT", timedelta()),
}
"""Type of each element and how long it takes at least."""
MANY_ELEMENTS, MANY_VARIABLES = 10_000, 1_000
PARALLEL = 2
WORTH_TELLING = 5
"""Seconds after which a statement is told of when it ends: nobody should wonder whether anything goes on."""
SUBJECT = re.compile(r"\b(?:INTO|TABLE|INDEX|ANALYZE) (\w+)")


@dataclass(frozen=True, slots=True)
class Unusual:
    """The keys of the process instances that are unusually large."""

    many_elements: int
    many_variables: int


class Population:
    """Fills the database anew with as many process instances as are asked for."""

    def __init__(self, url: str, tell: Callable[[str], None] = lambda line: None) -> None:
        self._url, self._tell = url, tell
        self.workspaces = [Workspace.objects.create(slug=slug, name=slug.capitalize()) for slug in WORKSPACES]
        users = get_user_model()._default_manager
        self.operator: Any = users.create_user("operator", is_staff=True)
        self.organisation: Any = users.create_superuser("organisation")
        for workspace in self.workspaces[:2]:
            add_member(self.operator, workspace, Role.WORKSPACE_ADMIN)
        self._deploy()

    def _deploy(self) -> None:
        with self._connect() as server:
            server.execute(
                "CREATE TABLE bench_step (step int, element_id text, element_type text, after interval, takes interval);"
                "CREATE TABLE bench_definition (share int4range, age int4range, workspace_id bigint, definition_key bigint,"
                " process_id text, version int, prefix text, is_searchable boolean)"
            )
            begins = accumulate((takes for _type, takes in STEPS.values()), initial=timedelta())
            server.cursor().executemany(
                "INSERT INTO bench_step VALUES (%s, %s, %s, %s, %s)",
                [
                    (number, element_id, kind, after, takes)
                    for number, ((element_id, (kind, takes)), after) in enumerate(
                        zip(STEPS.items(), begins, strict=False), 1
                    )
                ],
            )
            server.cursor().executemany(
                "INSERT INTO bench_definition VALUES (int4range(%s, %s), int4range(%s, %s), %s, %s, %s, %s, %s, %s)",
                list(self._definitions()),
            )

    def _definitions(self) -> Iterator[Sequence[object]]:
        shares = pairwise(accumulate(PROCESSES.values(), initial=0))
        for number, (process_id, share) in enumerate(zip(PROCESSES, shares, strict=True)):
            workspace = self.workspaces[number % len(self.workspaces)]
            is_searchable = process_id in SEARCHABLE
            for age in pairwise(AGES):
                found = deployed(order_process(process_id, age[0]), workspace)
                prefix = f"{process_id[:3].upper()}-"
                yield (*share, *age, workspace.pk, found.key, process_id, found.version, prefix, is_searchable)
            if is_searchable:
                services.configure_data_paths(workspace.pk, process_id, PATHS)
        data_paths.forget_configuration()

    def fill(self, instances: int) -> Unusual:
        """Replace all process instances and what belongs to them."""
        with self._connect() as server:
            server.execute(SQL("TRUNCATE {} CASCADE").format(SQL(", ").join(map(Identifier, TABLES))))
            server.execute("DROP TABLE IF EXISTS bench_instance")
            server.execute("SELECT setval('workflow_key_seq', %s)", (BASE + instances * 100 + 1_000_000,))
            events = "pg_get_serial_sequence('audit_auditevent', 'key')"
            server.execute(f"SELECT setval({events}, %s)", (instances * 4 + 10,))
            indexes = _without_indexes(server)
        values = {"instances": instances, "base": BASE}
        forget_block()  # what is left of a block belongs to the former rows
        for statements in _groups(values):
            self._side_by_side(statements)
        self._side_by_side(indexes)
        unusual = self._unusual()
        with self._connect() as server:
            server.execute("VACUUM ANALYZE")
        figures.begin_anew()
        figures.add_up()
        return unusual

    def _unusual(self) -> Unusual:
        [workspace, *_others] = self.workspaces
        each = (
            '<multiInstanceLoopCharacteristics isSequential="false">'
            f"<loopCardinality>{MANY_ELEMENTS}</loopCardinality></multiInstanceLoopCharacteristics>"
        )
        drawing = Drawing().add("startEvent", "start").add("userTask", "each", each).add("endEvent", "end")
        many = deployed(drawing.line("start", "each", "end").document("many"), workspace)
        usual = ProcessDefinition.objects.get(workspace=workspace, process_id="order", is_latest=True)
        values = {f"variable{number}": {"number": number, "text": "x" * 100} for number in range(MANY_VARIABLES)}
        return Unusual(
            services.start_process_instance(many.key).process_instance_key,
            services.start_process_instance(usual.key, variables=values).process_instance_key,
        )

    def _side_by_side(self, statements: Iterable[str]) -> None:
        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(self._run, statements))

    def _run(self, statement: str) -> None:
        began = time.perf_counter()
        with self._connect() as server:
            server.execute(statement)
        took = time.perf_counter() - began
        if took >= WORTH_TELLING:
            self._tell(f"  {_subject(statement)} in {took:.0f} s")

    def _connect(self) -> psycopg.Connection[Any]:
        """A connection for which the audit log's triggers do not fire: it takes sealed events, and may be emptied."""
        options = (
            "-c session_replication_role=replica -c synchronous_commit=off -c work_mem=256MB "
            "-c maintenance_work_mem=512MB -c jit=off"
        )
        return psycopg.connect(self._url, autocommit=True, options=options)


def order_process(process_id: str, age: int) -> bytes:
    """One of the processes; versions differ by a description."""
    external = {"camunda_type": "external", "camunda_topic": "work"}
    drawing = Drawing().add("documentation", f"since{age}").add("startEvent", "start")
    drawing.add("serviceTask", "check", name="Check", **external).add("userTask", "approve", name="Approve")
    drawing.add("serviceTask", "book", name="Book", **external)
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    drawing.add("intermediateCatchEvent", "cool", timer, name="Cool down").add("userTask", "ship", name="Ship")
    return drawing.add("endEvent", "end").line(*STEPS).document(process_id)


def deployed(xml: bytes, workspace: Workspace) -> ProcessDefinition:
    """Deploy one model; its process."""
    return services.deploy([services.Resource("model.bpmn", xml)], workspace_id=workspace.pk).definitions[0]


def _groups(values: dict[str, int]) -> Iterator[list[str]]:
    text = Path(__file__).with_suffix(".sql").read_text() % values
    for group in re.split(r"^-- group: .*$", text, flags=re.MULTILINE)[1:]:
        yield [statement for statement in re.split(r";\s*\n", group) if statement.strip()]


def _subject(statement: str) -> str:
    """The table that is filled, or the index that is made."""
    found = SUBJECT.search(statement)
    return found[1] if found else statement.split()[0]


def _without_indexes(server: psycopg.Connection[Any]) -> list[str]:
    """Drop the indexes that no constraint needs, and say how they are made: at the end that takes a third of the time."""
    found = server.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = ANY (%s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        " ORDER BY pg_relation_size(indrelid) DESC",
        (list(TABLES),),
    ).fetchall()
    for name, _definition in found:
        server.execute(SQL("DROP INDEX {}").format(SQL(name)))
    return [definition for _name, definition in found]


def running_instance(process_id: str, **conditions: object) -> ProcessInstance:
    """The newest running process instance like this."""
    found = ProcessInstance.objects.filter(process_id=process_id, state="ACTIVE", **conditions).order_by("-key").first()
    if found is None:
        raise LookupError(f"Expected a running process instance of '{process_id}' with {conditions}, found none.")
    return found


__all__ = ["Population", "Unusual", "running_instance"]
