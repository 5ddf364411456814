"""Who else is at a process instance, and what they have changed since the page was opened."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from audit.models import AuditEvent, Channel
from operate import actions
from operate.presence.beats import EXPIRES, beat, forget_presence, initials_of, leave
from operate.presence.models import Doing, Presence
from tests.operate.admin.conftest import Office
from tests.support.wire import wire_traffic
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, UserTask
from workflow.modification import CancelAll, CancelElementInstance, MoveElements, SetScopeVariables, StartBefore


def there(office: Office, who: str, key: int = 7) -> list[tuple[str, str]]:
    """What somebody who looks sees of the others."""
    return [(other.name, other.doing.name) for other in beat(key, office.people[who].pk, "looking", Doing.LOOKING)]


def pass_time(seconds: int) -> None:
    """Let all beats have been longer ago."""
    Presence.objects.update(seen_at=F("seen_at") - timedelta(seconds=seconds))


def post(office: Office, who: str, instance: ProcessInstance, **body: str) -> Any:
    answer = office.of(who).post(f"/workflow/processinstance/{instance.key}/presence/", {"window": who, **body})
    return answer.json() if answer.status_code == 200 else answer.status_code


def by(office: Office, action: type[actions.Action[Any]], who: str = "petra", **options: Any) -> Any:
    return action(office.people[who], channel=Channel.ADMIN, **options)


# -- who else is there


def test_others_at_the_same_instance_are_told_who_change_something_first(office: Office) -> None:
    petra, stella = office.people["petra"].pk, office.people["stella"].pk
    beat(7, petra, "a", Doing.LOOKING)
    beat(7, stella, "b", Doing.MODIFYING)
    beat(8, office.people["aud"].pk, "c", Doing.LOOKING)
    assert there(office, "sam") == [("stella", "MODIFYING"), ("petra", "LOOKING")]


def test_several_windows_are_one_person_doing_the_most_and_nobody_sees_oneself(office: Office) -> None:
    petra = office.people["petra"].pk
    for window, doing in (("a", Doing.LOOKING), ("b", Doing.VARIABLES), ("c", Doing.NOTE)):
        beat(7, petra, window, doing)
    assert there(office, "sam") == [("petra", "VARIABLES")]
    leave(7, office.people["sam"].pk, "looking")
    assert there(office, "petra") == []


def test_who_is_not_heard_of_any_more_is_not_there(office: Office) -> None:
    petra = office.people["petra"].pk
    beat(7, petra, "a", Doing.LOOKING)
    pass_time(EXPIRES - 1)
    assert there(office, "sam") == [("petra", "LOOKING")]
    pass_time(2)
    assert there(office, "sam") == []
    beat(7, petra, "a", Doing.LOOKING)
    assert there(office, "sam") == [("petra", "LOOKING")]


def test_who_leaves_is_gone_at_once_with_that_window_alone(office: Office) -> None:
    petra = office.people["petra"].pk
    beat(7, petra, "a", Doing.VARIABLES)
    beat(7, petra, "b", Doing.LOOKING)
    leave(7, petra, "a")
    assert there(office, "sam") == [("petra", "LOOKING")]
    leave(7, office.people["sam"].pk, "b")
    assert Presence.objects.filter(user_id=petra).count() == 1


def test_since_when_is_since_they_do_that(office: Office) -> None:
    petra, sam = office.people["petra"].pk, office.people["sam"].pk

    def since() -> Any:
        [other] = beat(7, sam, "x", Doing.LOOKING)
        return other.since

    beat(7, petra, "a", Doing.LOOKING)
    Presence.objects.update(since=F("since") - timedelta(minutes=5))
    first = since()
    beat(7, petra, "a", Doing.LOOKING)
    assert since() == first
    beat(7, petra, "a", Doing.VARIABLES)
    assert since() > first
    Presence.objects.filter(user_id=petra).update(since=first)
    pass_time(EXPIRES + 1)
    beat(7, petra, "a", Doing.VARIABLES)  # they were away in between
    assert since() > first


def test_a_beat_is_one_statement_and_its_table_is_not_logged(office: Office) -> None:
    petra = office.people["petra"].pk
    beat(7, petra, "a", Doing.LOOKING)
    with wire_traffic() as traffic:
        beat(7, petra, "a", Doing.LOOKING)
    assert (len(traffic.statements), traffic.round_trips) == (1, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'operate_presence'")
        assert cursor.fetchone() == ("u",)


def test_windows_that_were_closed_without_a_word_are_forgotten(office: Office) -> None:
    beat(7, office.people["petra"].pk, "a", Doing.LOOKING)
    pass_time(700)
    beat(7, office.people["sam"].pk, "b", Doing.LOOKING)
    forget_presence(0)
    assert [row.window for row in Presence.objects.all()] == ["b"]


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Omar Haddad", "OH"), ("omar", "O"), ("ann.lee", "AL"), ("Ann Marie Lee", "AL"), ("", "?"), ("x@y.z", "XZ")],
)
def test_two_letters_stand_for_somebody(name: str, initials: str) -> None:
    assert initials_of(name) == initials


# -- the page's request


def test_the_page_is_told_who_is_there_and_only_if_the_instance_is_visible(office: Office) -> None:
    instance = office.start()
    office.people["petra"].first_name, office.people["petra"].last_name = "Petra", "Lindqvist"
    office.people["petra"].save()
    post(office, "petra", instance, doing="VARIABLES")
    told = post(office, "sam", instance, doing="LOOKING")
    [other] = told["people"]
    assert (other["name"], other["initials"], other["doing"]) == ("Petra Lindqvist", "PL", "VARIABLES")
    assert post(office, "paul", instance, doing="LOOKING") == 404
    assert Presence.objects.filter(user_id=office.people["paul"].pk).count() == 0
    assert post(office, "petra", instance, left="1") == {}
    assert post(office, "sam", instance, doing="nonsense")["people"] == []


def test_the_request_takes_few_statements(office: Office) -> None:
    instance = office.start()
    client = office.of("petra")
    path = f"/workflow/processinstance/{instance.key}/presence/"
    client.post(path, {"window": "a", "doing": "LOOKING", "after": "0"})
    with wire_traffic() as traffic:
        client.post(path, {"window": "a", "doing": "LOOKING", "after": "999999999999"})
    assert len(traffic.statements) == 5, "\n".join(traffic.statements)  # session, user, rights, the instance, the beat


# -- what has changed


def test_changes_are_told_from_the_event_that_is_known_and_not_the_own_ones(office: Office) -> None:
    # given
    instance = office.start(variables={"amount": 5})
    by(office, actions.SetVariables, "stella").execute(instance.key, {"amount": 6})
    known = post(office, "sam", instance)
    assert known["changes"] == []
    # when
    by(office, actions.SuspendProcessInstance).execute(instance.key)
    # then
    told = post(office, "sam", instance, after=known["newest"])
    assert [each["text"] for each in told["changes"]] == ["petra suspended the process instance"]
    assert told["newest"] == str(AuditEvent.objects.latest("key").key)
    assert told["revision"] == str(ProcessInstance.objects.get(pk=instance.key).revision)
    assert post(office, "sam", instance, after=told["newest"])["changes"] == []
    mine = post(office, "petra", instance, after=known["newest"])
    assert (mine["changes"], mine["newest"]) == ([], told["newest"])


def test_a_page_knows_the_newest_event_that_it_was_made_with(office: Office) -> None:
    """What others do between the page and its first beat is told, too."""
    instance = office.start(variables={"amount": 5})
    by(office, actions.SetVariables, "stella").execute(instance.key, {"amount": 6})
    page = office.of("sam").get(f"/workflow/processinstance/{instance.key}/").content.decode()
    [newest] = re.findall(r'data-newest="(\d+)"', page)
    by(office, actions.SuspendProcessInstance).execute(instance.key)
    told = post(office, "sam", instance, after=newest)["changes"]
    assert [each["text"] for each in told] == ["petra suspended the process instance"]


def test_refusals_and_what_only_reads_change_nothing(office: Office) -> None:
    instance = office.start(variables={"amount": 5})
    known = post(office, "sam", instance)["newest"]
    with pytest.raises(Exception, match="edit_variables"):
        by(office, actions.SetVariables, "petra").execute(instance.key, {"amount": 6})
    assert post(office, "sam", instance, after=known) == post(office, "sam", instance, after=known) | {"changes": []}
    assert post(office, "sam", instance, after=known)["newest"] == known


def said(office: Office, instance: ProcessInstance) -> list[str]:
    return [each["text"] for each in post(office, "sam", instance, after="0")["changes"]]


def test_moves_are_told_with_how_many_from_where_to_where(office: Office) -> None:
    instance = office.start()
    modify = by(office, actions.ModifyProcessInstance, "stella")
    modify.execute(instance.key, [StartBefore("approve")])
    modify.execute(instance.key, [StartBefore("pack"), CancelAll("approve")])
    pack = ElementInstance.objects.get(process_instance=instance.key, element_id="pack")
    modify.execute(instance.key, [StartBefore("send"), CancelElementInstance(pack.key)])
    modify.execute(instance.key, [StartBefore("approve"), CancelAll("send")])
    modify.execute(instance.key, [SetScopeVariables(instance.key, {"n": 1})])
    modify.execute(instance.key, [CancelAll("approve")])
    assert said(office, instance) == [
        "stella added a token at Approve",
        "stella moved 2 tokens from Approve to Pack",
        "stella moved 1 token from Pack to Send",
        "stella moved 1 token from Send to Approve",
        "stella modified tokens",
        "stella took what was active at Approve away",
    ]


def test_moves_of_zeebe_are_told_alike(office: Office) -> None:
    instance = office.start(Semantics.ZEEBE)
    modify = by(office, actions.ModifyProcessInstance, "stella")
    modify.execute(instance.key, [MoveElements("pack", source_element_id="approve")])
    assert said(office, instance) == ["stella moved 1 token from Approve to Pack"]


def test_variables_tasks_and_notes_are_told(office: Office) -> None:
    instance = office.start(variables={"amount": 5})
    by(office, actions.SetVariables, "stella").execute(instance.key, {"amount": 6})
    by(office, actions.SetVariables, "stella").execute(instance.key, dict.fromkeys("abcde", 1))
    by(office, actions.AddNote).execute(instance.key, "secret text")
    by(office, actions.CompleteUserTask).execute(UserTask.objects.get(process_instance=instance.key).key)
    by(office, actions.SuspendProcessInstance, reason="secret reason").execute(instance.key)
    actions.ResumeProcessInstance(None).execute(instance.key)
    told = said(office, instance)
    assert told == [
        "stella changed amount",
        "stella changed a, b, c and 2 more",
        "petra wrote a note",
        "petra completed a user task",
        "petra suspended the process instance",
        "The system resumed the process instance",
    ]
    assert "secret" not in str(told)


def test_the_language_is_that_of_who_reads(office: Office) -> None:
    """Nothing is stored as a sentence: each page makes its own."""
    instance = office.start()
    by(office, actions.SuspendProcessInstance).execute(instance.key)
    assert "petra suspended" not in str(list(AuditEvent.objects.values()))


def test_many_changes_are_cut_to_the_newest(office: Office) -> None:
    instance = office.start()
    for number in range(25):
        by(office, actions.AddNote).execute(instance.key, str(number))
    assert len(said(office, instance)) == 20
