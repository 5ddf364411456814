"""What is sent, and what is left when something goes wrong: real transactions on a table of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection
from django.db import transaction as django_transaction

from tests.support.wire import wire_traffic
from workflow.persistence.connection import execute, fetch
from workflow.persistence.transaction import transaction

committing = pytest.mark.usefixtures("scratch")

INSERT = "INSERT INTO scratch (number, parent) VALUES (%s, %s)"
NUMBERS = "SELECT number FROM scratch ORDER BY number"


@pytest.fixture
def scratch(transactional_db: None) -> Iterator[None]:
    """A table to write to, with no transaction around the test."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS scratch")
        cursor.execute(
            "CREATE TABLE scratch (number int PRIMARY KEY, text text, "
            "parent int REFERENCES scratch DEFERRABLE INITIALLY DEFERRED)"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE scratch")


def stored() -> list[int]:
    """What another connection sees."""
    found: list[int] = []

    def look() -> None:
        found.extend(number for (number,) in fetch(NUMBERS))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found


@committing
def test_begin_travels_with_the_first_statement_and_commit_with_the_last() -> None:
    # when
    with wire_traffic() as traffic, transaction() as tx:
        fetch("SELECT 1")
        tx.add(INSERT, (1, None))
        tx.add(INSERT, (2, 1))
    # then
    assert traffic.control == ["BEGIN", "COMMIT"]
    assert len(traffic.statements) == 3
    assert traffic.round_trips == 2
    assert stored() == [1, 2]


@committing
def test_a_transaction_that_only_writes_is_one_round_trip() -> None:
    # when
    with wire_traffic() as traffic, transaction() as tx:
        tx.add(INSERT, (1, None))
    # then
    assert traffic.round_trips == 1
    assert stored() == [1]


@committing
def test_a_transaction_that_only_reads_is_ended_too() -> None:
    # when
    with transaction():
        fetch("SELECT 1")
    # then
    assert connection.connection.info.transaction_status.name == "IDLE"


@committing
def test_a_failing_statement_undoes_all_of_them_and_the_connection_goes_on() -> None:
    # given
    called: list[str] = []

    def command() -> None:
        with transaction() as tx:
            tx.on_commit(lambda: called.append("committed"))
            fetch("SELECT 1")
            tx.add(INSERT, (1, None))
            tx.add(INSERT, (1, None))
            tx.add("UPDATE scratch SET text = %s WHERE number = %s", ("never run", 1))

    # when
    with pytest.raises(IntegrityError, match="scratch_pkey"):
        command()
    # then
    assert (stored(), called) == ([], [])
    with transaction() as tx:
        tx.add(INSERT, (1, None))
        tx.add("UPDATE scratch SET text = %s WHERE number = %s", ("run", 1))
    assert fetch("SELECT text FROM scratch") == [("run",)]


@committing
def test_a_commit_that_fails_is_raised_and_nothing_is_stored() -> None:
    # given
    called: list[str] = []

    def command() -> None:
        with transaction() as tx:
            tx.on_commit(lambda: called.append("committed"))
            tx.add(INSERT, (1, 99))

    # when
    with pytest.raises(IntegrityError, match="scratch_parent_fkey"):
        command()
    # then
    assert (stored(), called) == ([], [])
    assert connection.connection.info.transaction_status.name == "IDLE"


@committing
def test_what_waits_for_the_commit_is_called_when_everybody_sees_it() -> None:
    # given
    seen: list[list[int]] = []
    # when
    with transaction() as tx:
        tx.on_commit(lambda: seen.append(stored()))
        tx.add(INSERT, (1, None))
    # then
    assert seen == [[1]]


@committing
def test_an_exception_undoes_what_was_flushed_already() -> None:
    # given
    def command() -> None:
        with transaction() as tx:
            tx.add(INSERT, (1, None))
            tx.flush()
            raise RuntimeError

    # when
    with pytest.raises(RuntimeError):
        command()
    # then
    assert stored() == []


@committing
def test_somebody_elses_transaction_is_left_to_them() -> None:
    # when
    with django_transaction.atomic():
        with transaction() as tx:
            tx.add(INSERT, (1, None))
        within = stored()
    # then
    assert (within, stored()) == ([], [1])


@committing
def test_a_transaction_marked_for_rollback_is_not_committed() -> None:
    # when
    with transaction() as tx:
        tx.add(INSERT, (1, None))
        django_transaction.set_rollback(True)
    # then
    assert stored() == []


@committing
def test_without_autocommit_the_caller_commits() -> None:
    # given
    django_transaction.set_autocommit(False)
    # when
    with transaction() as tx:
        tx.add(INSERT, (1, None))
    within = stored()
    django_transaction.commit()
    django_transaction.set_autocommit(True)
    # then
    assert (within, stored()) == ([], [1])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "type"),
    [
        (None, "text"),
        ('it\'s \\ "ü" {1,2} %s $1', "text"),
        (2**62, "bigint"),
        (True, "boolean"),
        (1.5, "double precision"),
        (datetime(2026, 3, 2, 12, 0, 0, 1, tzinfo=UTC), "timestamptz"),
        (UUID(int=7), "uuid"),
        (["a", 'b"', None, "c,d"], "text[]"),
        ([], "bigint[]"),
    ],
)
def test_values_come_back_as_they_were_sent(value: Any, type: str) -> None:
    assert fetch(f"SELECT %s::{type}", (value,)) == [(value,)]


@pytest.mark.django_db
def test_parameters_may_have_names() -> None:
    # when
    rows = fetch("SELECT %(b)s::int, %(a)s::text, %(b)s::int + 1", {"a": "x", "b": 1, "unused": object})
    # then
    assert rows == [(1, "x", 2)]


@pytest.mark.django_db
def test_what_postgresql_cannot_store_is_a_data_error() -> None:
    with pytest.raises((DataError, ValueError)):
        fetch("SELECT %s::text", ("nul \x00",))
    assert fetch("SELECT 1") == [(1,)]


@pytest.mark.django_db
def test_twenty_megabytes_go_through_both_ways() -> None:
    text = "ä" * 10_000_000
    assert fetch("SELECT %s::text, %s::text", (text, "x")) == [(text, "x")]


@committing
def test_a_lost_connection_is_an_error_and_then_replaced() -> None:
    # given
    [(backend,)] = fetch("SELECT pg_backend_pid()")

    def end() -> None:
        execute([("SELECT pg_terminate_backend(%s::int, 5000)", (backend,))])
        connection.close()

    def command() -> None:
        with transaction() as tx:
            thread = threading.Thread(target=end)
            thread.start()
            thread.join()
            tx.add(INSERT, (1, None))

    # when
    with pytest.raises(OperationalError, match="terminat|closed"):
        command()
    # then
    assert stored() == []
    with transaction() as tx:
        tx.add(INSERT, (2, None))
    assert stored() == [2]
