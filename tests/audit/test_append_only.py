"""The database refuses to change what was recorded, whoever asks."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import AuditEvent, OperationAnnotation, VariableSnapshot
from audit.record import Snapshot
from tests.audit.conftest import NOON

pytestmark = pytest.mark.django_db

BEFORE = Snapshot(process_instance_key=7, scope_key=7, name="amount", existed=True, value=1, type="Integer")

REFUSED = [
    "UPDATE audit_auditevent SET message = 'nothing happened'",
    "UPDATE audit_auditevent SET body = '{}', sequence = 1, hash = 'x'",
    "UPDATE audit_auditevent SET sequence = NULL",
    "UPDATE audit_auditevent SET sequence = 1",
    "DELETE FROM audit_auditevent",
    "UPDATE audit_variablesnapshot SET value = '2'",
    "DELETE FROM audit_variablesnapshot",
]


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("sql", REFUSED)
def test_a_recorded_event_cannot_be_changed_or_deleted(sql, recorded):
    # given
    recorded(BEFORE, body={"plan": ["cancel"]})
    before = (list(AuditEvent.objects.values()), list(VariableSnapshot.objects.values()))
    # when
    with pytest.raises(DatabaseError):
        run(sql)
    # then
    assert (list(AuditEvent.objects.values()), list(VariableSnapshot.objects.values())) == before


@pytest.mark.parametrize(
    "sql", ["UPDATE audit_operationannotation SET text = ''", "DELETE FROM audit_operationannotation"]
)
def test_an_annotation_cannot_be_changed_or_deleted(sql):
    # given
    OperationAnnotation.objects.create(operation_id=uuid4(), text="why", actor_name="eve", at=NOON)
    # when
    with pytest.raises(DatabaseError, match="append-only"):
        run(sql)
    # then
    assert OperationAnnotation.objects.get().text == "why"


def test_an_event_is_sealed_once(recorded):
    # given
    recorded()
    run("UPDATE audit_auditevent SET sequence = 1, hash = 'first'")
    # when
    with pytest.raises(DatabaseError, match="append-only"):
        run("UPDATE audit_auditevent SET hash = 'second'")
    # then
    assert AuditEvent.objects.get().hash == "first"


def test_an_event_cannot_be_recorded_as_sealed():
    with pytest.raises(DatabaseError, match="append-only"):
        run(
            "INSERT INTO audit_auditevent (at, actor_name, on_behalf_of, channel, url, event, subject, entity_type,"
            " process_id, reason, body, result, message, sequence, hash)"
            " VALUES (now(), '', '', 'API', '', 'Update', 'Job', '', '', '', '{}', 'SUCCESS', '', 1, 'x')"
        )


@pytest.mark.parametrize("table", ["audit_auditevent", "audit_variablesnapshot", "audit_operationannotation"])
def test_the_log_cannot_be_truncated(table):
    # given: the test run itself needs to, between tests
    run(f"ALTER TABLE {table} ENABLE TRIGGER audit_refuse_truncate")
    # then
    with pytest.raises(DatabaseError, match="append-only"):
        run(f"TRUNCATE {table}")
