"""What an update carries of a row."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from workflow.engine.state import UserTaskRow
from workflow.persistence.writing import USER_TASKS, Owned


def task(key: int, **facts: Any) -> Owned:
    row = UserTaskRow(
        key=key, element_instance_key=1, element_id="a", name="A", state="COMPLETED", created_at=None, **facts
    )  # type: ignore[arg-type]
    return cast("Any", SimpleNamespace(is_migrated=False)), row


def updated_columns(sql: str) -> list[str]:
    changes = sql.partition(" SET ")[2].rpartition(" FROM ")[0] or sql.partition(" SET ")[2].rpartition(" WHERE ")[0]
    return [change.split(" = ")[0].strip() for change in changes.split(", ")]


def test_a_row_that_only_ended_travels_without_the_rest():
    for rows in ([task(1, is_ended=True)], [task(1, is_ended=True), task(2, is_ended=True)]):
        [(sql, _)] = USER_TASKS.statements(rows)
        assert updated_columns(sql) == ["state", "ended_at"]


def test_one_update_writes_those_that_ended_and_those_that_changed_otherwise():
    [(sql, values)] = USER_TASKS.statements([task(1, is_ended=True, assignee="ann"), task(2, is_changed=True)])
    assert {"assignee", "state"} <= set(updated_columns(sql))
    assert "{2,1}" in values


def test_what_has_ended_and_was_changed_besides_is_written_whole():
    [(sql, values)] = USER_TASKS.statements([task(1, is_ended=True, is_changed=True, assignee="ann")])
    assert "assignee" in updated_columns(sql)
    assert "ann" in values
