"""What a user task becomes: who shall do it, by when, with which form."""

from datetime import UTC, datetime

import pytest

from tests.support.processes import NOON, bpmn, start
from workflow.elements.user_task import FormReference, UserTaskDetails
from workflow.engine.errors import Rejected
from workflow.engine.state import UserTaskRow
from workflow.engine.values import TypedValue
from workflow.expressions import parse_camunda7, parse_zeebe
from workflow.graph import ElementType, Semantics

C7, C8 = Semantics.CAMUNDA_7, Semantics.ZEEBE
VARIABLES = {
    "nobody": None,
    "boss": "kim",
    "seven": 7,
    "yes": True,
    "team": ["anna", "bo"],
    "csv": "anna, bo,",
    "mixed": ["anna", 1],
    "due": "2026-05-06T07:08:09Z",
    "day": "2026-05-06",
    "wait": "P2DT1H",
    "long": "x" * 256,
}


def running(semantics: Semantics, **more: object):
    parse = parse_zeebe if semantics is C8 else parse_camunda7
    details = {
        name: parse(value) if isinstance(value, str) else tuple(map(parse, value)) if isinstance(value, list) else value
        for name, value in more.items()
    }
    builder = bpmn(semantics=semantics).start().node("task", ElementType.USER_TASK, UserTaskDetails(**details))
    due_date = TypedValue("2026-05-06T07:08:09.000+0000", "Date")
    return start(builder.end(), **VARIABLES, dueDate=due_date)


def task(semantics: Semantics, **more: object) -> UserTaskRow:
    [row] = running(semantics, **more).state.user_tasks.values()
    return row


def failure(semantics: Semantics, **more: object) -> str:
    """What the refusal of Camunda 7, or the incident of Zeebe, says."""
    if semantics is C8:
        instance = running(semantics, **more)
        assert not instance.state.user_tasks
        [incident] = instance.state.incidents.values()
        assert incident.error_type == "EXTRACT_VALUE_ERROR"
        return incident.message
    with pytest.raises(Rejected) as refusal:
        running(semantics, **more)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("semantics", "text", "assignee"),
    [
        (C7, "kim", "kim"),
        (C7, "${boss}", "kim"),
        (C7, "${seven}", "7"),
        (C7, "${nobody}", None),
        (C7, "${''}", None),
        (C7, "${boss}-${seven}", "kim-7"),
        (C8, "kim", "kim"),
        (C8, "=boss", "kim"),
        (C8, '=""', None),
    ],
)
def test_an_assignee_is_a_name_or_nobody(semantics, text, assignee):
    assert task(semantics, assignee=text).assignee == assignee


@pytest.mark.parametrize(
    ("semantics", "text", "reason"),
    [
        (C8, "=nobody", "Expected result of the expression '=nobody' of 'task' to be 'STRING', but was None."),
        (C8, "=seven", "Expected result of the expression '=seven' of 'task' to be 'STRING', but was 7."),
        (C7, "${yes}", "Expected result of the expression '${yes}' of 'task' to be 'STRING', but was True."),
        (C7, "${long}", "Expected result of the expression '${long}' of 'task' to be 'at most 255 characters'"),
        (
            C7,
            "${unknown}",
            "Unknown property used in expression: ${unknown}. Cause: Cannot resolve identifier 'unknown'",
        ),
    ],
)
def test_an_assignee_that_is_no_name_fails(semantics, text, reason):
    assert reason in failure(semantics, assignee=text)


@pytest.mark.parametrize(
    ("semantics", "texts", "names"),
    [
        (C7, ["carl", "${boss}", "${team}", "${csv}"], ["carl", "kim", "anna", "bo", "anna", "bo"]),
        (C8, ["carl, dora"], ["carl", "dora"]),
        (C8, ["=team"], ["anna", "bo"]),
        (C8, ["=[boss]"], ["kim"]),
    ],
)
def test_candidates_are_names_in_lists_or_between_commas(semantics, texts, names):
    row = task(semantics, candidate_users=texts, candidate_groups=texts)
    assert (row.candidate_users, row.candidate_groups) == (names, names)


@pytest.mark.parametrize(
    ("semantics", "text"),
    [(C7, "${nobody}"), (C7, "${seven}"), (C7, "${mixed}"), (C8, "=nobody"), (C8, "=csv"), (C8, "=mixed")],
)
def test_candidates_that_are_no_names_fail(semantics, text):
    assert f"Expected result of the expression '{text}' of 'task' to be 'ARRAY of STRING'" in failure(
        semantics, candidate_groups=[text]
    )


MAY = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("semantics", "text", "due"),
    [
        (C7, "${due}", MAY),
        (C7, "${dueDate}", MAY),
        (C7, "2026-05-06T07:08:09", MAY),
        (C7, "${day}", MAY.replace(hour=0, minute=0, second=0)),
        (C7, "P1D", NOON.replace(day=3)),
        (C7, "${wait}", NOON.replace(day=4, hour=13)),
        (C7, "PT${seven}H", NOON.replace(hour=19)),
        (C7, "${now()}", NOON),
        (C7, "${dateTime().plusWeeks(1).toDate()}", NOON.replace(day=9)),
        (C7, "${nobody}", None),
        (C8, "2026-05-06T07:08:09Z", MAY),
        (C8, "=due", MAY),
        (C8, '=now() + @"PT1H"', NOON.replace(hour=13)),
        (C8, '=date and time("2026-05-06T09:08:09@Europe/Berlin")', MAY),
        (C8, "=nobody", None),
        (C8, '=""', None),
    ],
)
def test_dates_are_moments_and_in_camunda_7_days_and_durations_too(semantics, text, due):
    row = task(semantics, due_date=text, follow_up_date=text)
    assert (row.due_at, row.follow_up_at) == (due, due)


@pytest.mark.parametrize(
    ("semantics", "text", "reason"),
    [
        (C7, "tomorrow", "Invalid date-time format 'tomorrow'"),
        (C7, "${seven}", "but found '7'"),
        (C7, "PX", "Invalid duration format 'PX'"),
        (C8, "=wait", "Invalid date-time format 'P2DT1H'"),
        (C8, "=day", "Invalid date-time format '2026-05-06'"),
        (C8, "=seven", "but found '7'"),
    ],
)
def test_a_date_that_is_none_fails(semantics, text, reason):
    message = failure(semantics, due_date=text)
    assert f"Expected result of the expression '{text}' of 'task' to be a date." in message
    assert reason in message


@pytest.mark.parametrize(
    ("semantics", "text", "priority"),
    [(C7, None, 50), (C7, "${seven}", 7), (C7, "${'120'}", 120), (C7, "-1", -1), (C8, None, 50), (C8, "=50 + 50", 100)],
)
def test_the_priority_is_a_number(semantics, text, priority):
    assert task(semantics, priority=text).priority == priority


@pytest.mark.parametrize(
    ("semantics", "text", "reason"),
    [
        (C7, "${boss}", "to be 'NUMBER', but was 'kim'."),
        (C7, "${nobody}", "to be 'NUMBER', but was None."),
        (C7, "${2147483648}", "to be 'a number of 32 bits', but was 2147483648."),
        (C8, "=101", "Expected priority to be in the range [0,100] but was '101' (expression '=101' of 'task')."),
        (C8, "=-1", "Expected priority to be in the range [0,100] but was '-1'"),
    ],
)
def test_a_priority_that_is_none_fails(semantics, text, reason):
    assert reason in failure(semantics, priority=text)


def test_the_name_of_a_task_may_tell_values_in_camunda_7():
    assert task(C7, name="Ask ${boss}").name == "Ask kim"
    assert task(C7, name="${nobody}").name == ""


def test_a_form_is_named_by_key_or_in_camunda_7_by_reference():
    assert task(C7, form_key="embedded:app:${boss}.html").form_key == "embedded:app:kim.html"
    row = task(C7, form=FormReference(parse_camunda7("${boss}"), "version", parse_camunda7("${seven}")))
    assert (row.form_key, row.form) == (None, {"key": "kim", "binding": "version", "version": 7})
    assert task(C8, form_key="pack").form_key == "pack"
