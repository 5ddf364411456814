"""What all tests share: a PostgreSQL server that runs as long as one of them needs it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext

import psutil
import psycopg
import pytest
from django.core.servers.basehttp import WSGIRequestHandler
from django.core.signals import request_finished, request_started
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation
from psycopg import sql
from pytest_django import DjangoDbBlocker

from config.embedded_postgres import TEST_CONFIGURATION, EmbeddedPostgres, database_url, default_directory
from tests.support.template_database import template_database
from workflow.persistence import data_paths


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Run the embedded PostgreSQL for the tests, unless DATABASE_URL names a server; test databases are copies of one."""
    given = os.environ.get("DATABASE_URL")
    directory = default_directory("test")
    server = EmbeddedPostgres(directory, configuration=TEST_CONFIGURATION)
    with nullcontext() if given else server.running():
        if not given:
            drop_databases_of_killed_runs(database_url(directory, "postgres"))
        template = template_database(given or database_url(directory))
        connection.settings_dict["TEST"] |= {"TEMPLATE": template, "MIGRATE": False}
        yield


@pytest.fixture(autouse=True)
def nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test begin as if it were known that nothing is searchable and that no policy asks for an approval.

    What a test configures is known at once.
    """
    from operate.approvals import policies  # its models want Django to be set up

    monkeypatch.setattr(data_paths, "MAX_AGE", float("inf"))
    data_paths.assume_configuration({})
    monkeypatch.setattr(policies, "MAX_AGE", float("inf"))
    policies.assume_policies(())


@pytest.fixture(autouse=True)
def each_test_begins_in_english() -> None:
    """A request in another language leaves its thread in that."""
    translation.deactivate()


END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let the test run empty the audit log between tests; the database refuses that to everybody else.

    In the end a thread of a server may still hold a connection, which would keep the test database from being dropped.
    """
    from tests.support.emptying import empty_database  # as above, it wants Django to be set up

    TransactionTestCase._fixture_teardown = lambda case: empty_database()  # type: ignore[method-assign]
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in ("audit_auditevent", "audit_variablesnapshot", "audit_operationannotation"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit_refuse_truncate")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(END_OTHER_SESSIONS)


PATIENCE_S = 30.0


@pytest.fixture(scope="session", autouse=True)
def answers_go_out_at_once() -> None:
    """Django's test server sends an answer in two parts; the second would wait 40 ms for the first one's acknowledgement."""
    WSGIRequestHandler.disable_nagle_algorithm = True


@pytest.fixture(scope="session")
def busy_threads() -> Iterator[set[threading.Thread]]:
    """The threads of test servers that are answering a request at the moment."""
    busy: set[threading.Thread] = set()

    def started(**_: object) -> None:
        busy.add(threading.current_thread())

    def finished(**_: object) -> None:
        busy.discard(threading.current_thread())

    request_started.connect(started)
    request_finished.connect(finished)
    yield busy
    request_started.disconnect(started)
    request_finished.disconnect(finished)


@pytest.fixture(autouse=True)
def requests_end_before_the_database_is_emptied(
    request: pytest.FixtureRequest, busy_threads: set[threading.Thread]
) -> Iterator[None]:
    """A page that was just closed may still have requests under way, which would find the rows of the next test."""
    yield
    if "live_server" not in request.fixturenames:  # for those the database was prepared before, so it is emptied after
        return
    deadline = time.monotonic() + PATIENCE_S
    me = threading.current_thread()
    while any(thread.is_alive() for thread in list(busy_threads) if thread is not me):
        assert time.monotonic() < deadline, f"A request has not ended within {PATIENCE_S:.0f} s after its test."
        time.sleep(0.01)


FIGURES = "figures: "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have recorded as figures, also those that other processes have run."""
    found: dict[str, list[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, text in getattr(report, "user_properties", ()):
                if name.startswith(FIGURES) and report.when == "call":
                    found.setdefault(name.removeprefix(FIGURES), []).append(text)
    for title, lines in found.items():
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.line(line)


def drop_databases_of_killed_runs(url: str) -> None:
    """Remove test databases that nobody came back to; their names carry the process id of their run."""
    with psycopg.connect(url, autocommit=True) as server:
        names = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_fettle_%'").fetchall()
        for (name,) in names:
            run = name.split("_")[2]
            if not (run.isdecimal() and psutil.pid_exists(int(run))):
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
