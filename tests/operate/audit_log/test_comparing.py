"""Two values side by side."""

from __future__ import annotations

from operate.audit_log.comparing import MOST_LINES, Row, changes, compare
from operate.masking.patterns import MASK


def test_what_is_the_same_far_off_is_left_out():
    before = [f"line {number}" for number in range(20)]
    after = [*before[:10], "other", *before[11:]]
    rows = list(compare(before, after))
    assert rows[0] == Row("gap", "7 lines are the same")
    assert [row.kind for row in rows] == ["gap", "same", "same", "same", "changed", "same", "same", "same", "gap"]
    assert rows[4] == Row("changed", "line 10", "other", 11, 11)


def test_lines_that_come_and_go_stand_alone():
    assert list(compare(["a"], ["a", "b"])) == [Row("same", "a", "a", 1, 1), Row("added", "", "b", None, 2)]
    assert list(compare(["a", "b"], ["a"])) == [Row("same", "a", "a", 1, 1), Row("removed", "b", "", 2)]


def test_values_of_many_lines_are_not_searched_for_what_is_the_same():
    rows = list(compare(["x"] * MOST_LINES, ["x"]))
    assert {row.kind for row in rows} == {"changed", "removed"}


def told(before, after, **more):
    return {"variables": [{"name": "customer", "before": before, "after": after, "existed": True, **more}]}


def test_new_and_deleted_variables_are_told_as_such():
    body = told(None, {"a": 1}, existed=False)
    [new] = changes(body, body)
    assert new.is_new
    assert {row.kind for row in new.rows} == {"added"}
    body = told({"a": 1}, None, deleted=True)
    [deleted] = changes(body, body)
    assert deleted.is_deleted
    assert {row.kind for row in deleted.rows} == {"removed"}


def test_a_change_behind_a_mask_is_told_without_the_values():
    stored = told({"iban": 1, "deep": [{"pin": 2}]}, {"iban": 1, "deep": [{"pin": 3}]})
    masked = told({"iban": MASK, "deep": [{"pin": MASK}]}, {"iban": MASK, "deep": [{"pin": MASK}]})
    [change] = changes(masked, stored)
    assert change.hides_change
    assert {row.kind for row in change.rows} <= {"same", "gap"}
    [unchanged] = changes(told({"iban": MASK}, {"iban": MASK}), told({"iban": 1}, {"iban": 1}))
    assert not unchanged.hides_change


def test_a_body_that_tells_no_changes_has_none():
    assert changes({"variables": {"a": 1}}, {"variables": {"a": 1}}) == []
    assert changes({}, {}) == []
