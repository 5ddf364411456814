"""The chain: sealed in order, and broken by whatever touches it."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.backends.utils import CursorWrapper

from audit import sealing
from audit.models import AuditEvent
from audit.record import Snapshot
from workflow.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = Snapshot(process_instance_key=7, scope_key=7, name="amount", existed=True, value=1, type="Integer")


def tamper(sql: str) -> None:
    """What the owner of the database can do to it: the triggers are off meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in ("audit_auditevent", "audit_variablesnapshot"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql)
        for table in ("audit_auditevent", "audit_variablesnapshot"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER audit_refuse_truncate")


def verify(*options: str) -> str:
    out = StringIO()
    call_command("verify_audit", *options, stdout=out, no_color=True)
    return out.getvalue()


@pytest.fixture
def loans() -> Workspace:
    return Workspace.objects.create(slug="loans", name="Loans")


def test_each_workspace_has_a_chain_of_its_own(recorded, loans):
    # given
    for workspace_id in (loans.pk, None, loans.pk, None):
        recorded(workspace_id=workspace_id)
    # when
    sealed = sealing.seal(batch_size=3)
    # then
    assert sealed == 4
    in_chain = AuditEvent.objects.order_by("key").values_list("workspace_id", "sequence")
    assert list(in_chain) == [(loans.pk, 1), (None, 1), (loans.pk, 2), (None, 2)]
    assert sealing.verify().broken == ()


def test_sealing_goes_on_where_it_ended(recorded):
    # given
    recorded()
    sealing.seal()
    recorded()
    # then
    assert sealing.seal() == 1
    assert sealing.seal() == 0
    assert sealing.verify().ends[None].sequence == 2


@pytest.fixture
def other_session() -> Iterator[CursorWrapper]:
    """A second session of the same database."""
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def test_an_event_that_is_committed_late_takes_its_place_later(recorded, other_session):
    # given: the first event is recorded, but its transaction is still running when the second one is sealed
    recorded()
    columns = ", ".join(
        field.column for field in AuditEvent._meta.fields if field.name not in ("key", "sequence", "hash")
    )
    other_session.execute("BEGIN")
    other_session.execute(f"INSERT INTO audit_auditevent ({columns}) SELECT {columns} FROM audit_auditevent")
    recorded()
    assert sealing.seal() == 2
    # when
    other_session.execute("COMMIT")
    # then
    assert sealing.seal() == 1
    assert list(AuditEvent.objects.order_by("key").values_list("sequence", flat=True)) == [1, 3, 2]
    assert sealing.verify().broken == ()


def test_only_one_seals_at_a_time(recorded, other_session):
    # given
    recorded()
    other_session.execute("SELECT pg_advisory_lock(%s)", [sealing.LOCK])
    # when
    while_locked = sealing.seal()
    other_session.execute("SELECT pg_advisory_unlock(%s)", [sealing.LOCK])
    # then
    assert (while_locked, sealing.seal()) == (0, 1)


TAMPERED = {
    "message": "UPDATE audit_auditevent SET message = 'x' WHERE sequence = 2",
    "body, by what counts as equal": "UPDATE audit_auditevent SET body = '{\"amount\": 1.0}' WHERE sequence = 2",
    "actor": "UPDATE audit_auditevent SET actor_name = 'ben' WHERE sequence = 2",
    "time": "UPDATE audit_auditevent SET at = at + interval '1 microsecond' WHERE sequence = 2",
    "snapshot": "UPDATE audit_variablesnapshot SET value = '2' WHERE audit_event_key IN "
    "(SELECT key FROM audit_auditevent WHERE sequence = 2)",
    "snapshot removed": "DELETE FROM audit_variablesnapshot WHERE audit_event_key IN "
    "(SELECT key FROM audit_auditevent WHERE sequence = 2)",
    "event removed": "DELETE FROM audit_auditevent WHERE sequence = 2",
}


@pytest.mark.parametrize("sql", TAMPERED.values(), ids=TAMPERED.keys())
def test_tampering_breaks_the_chain(sql, recorded, loans):
    # given
    for _ in range(4):
        recorded(BEFORE, workspace_id=loans.pk, body={"amount": 1})
    sealing.seal()
    assert "loans:4:" in verify()
    # when
    tamper(sql)
    # then
    with pytest.raises(CommandError, match=r"workspace 'loans', sequence (2|3), audit event '\d+'"):
        verify()


def test_one_broken_chain_leaves_the_others_whole(recorded, loans):
    # given
    for workspace_id in (loans.pk, None):
        recorded(workspace_id=workspace_id)
    sealing.seal()
    # when
    tamper("UPDATE audit_auditevent SET message = 'x' WHERE workspace_id IS NOT NULL")
    # then
    verification = sealing.verify()
    assert [link.workspace_id for link in verification.broken] == [loans.pk]
    assert verification.ends[None].sequence == 1


def test_cutting_off_the_end_is_noticed_by_who_noted_it(recorded, loans):
    # given
    for _ in range(2):
        recorded(workspace_id=loans.pk)
    sealing.seal()
    noted = next(line for line in verify().splitlines() if line.startswith("loans:"))
    assert verify("--expect", noted)
    # when
    tamper("DELETE FROM audit_auditevent WHERE sequence = 2")
    # then
    verify()
    with pytest.raises(CommandError, match="cut off or rewritten"):
        verify("--expect", noted)


@pytest.mark.parametrize("text", ["nonsense", "loans:x:abc", "unknown:1:abc", "loans:1:"])
def test_a_malformed_expectation_is_refused(text, loans):
    with pytest.raises(CommandError, match="Expected WORKSPACE:SEQUENCE:HASH"):
        verify("--expect", text)


def test_unsealed_events_are_counted(recorded):
    recorded()
    assert "1 events are not sealed yet" in verify()
