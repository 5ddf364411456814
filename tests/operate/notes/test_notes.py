"""Notes: who writes, edits, pins and removes them, how they are told, and that they go with their process instance."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from audit.models import AuditEvent, Channel
from operate.actions import AddNote, EditNote, RemoveNote
from operate.cleanup import delete_expired
from operate.notes.models import MAX_TEXT, Note, NoteKind
from operate.notes.reading import notes_of
from operate.workspaces import Forbidden
from tests.operate.admin.conftest import Office
from workflow import services
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessDefinition, ProcessInstance

LIST = "/workflow/processinstance/"


def write(
    office: Office, instance: ProcessInstance, who: str = "petra", text: str = "Call Ann back", **more: Any
) -> Note:
    return AddNote(office.people[who], channel=Channel.ADMIN).execute(instance.key, text, **more)


def shown(office: Office, instance: ProcessInstance, who: str = "petra") -> Any:
    return notes_of(instance.key, office.people[who], why_not_write="", why_not_manage=lambda: "ask Stella")


def api(office: Office, who: str) -> APIClient:
    client = APIClient()
    client.force_authenticate(office.people[who])
    return client


def test_a_note_says_who_wrote_it_and_when_and_is_on_record(office: Office) -> None:
    instance = office.start()
    note = write(office, instance, text="  Line one\r\nLine two  ", kind=NoteKind.HANDOVER, is_pinned=True)
    assert (note.text, note.kind, note.is_pinned) == ("Line one\nLine two", "HANDOVER", True)
    event = AuditEvent.objects.get(subject="Note")
    assert (event.event, event.actor_name, event.process_instance_key) == ("Create", "petra", instance.key)
    assert event.at == note.at
    assert event.body == {"kind": "HANDOVER", "text": "Line one\nLine two", "pinned": True}


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        (" \n ", NoteKind.WARNING, "found no text"),
        ("x" * (MAX_TEXT + 1), NoteKind.WARNING, f"at most {MAX_TEXT} characters"),
        ("x", "LOUD", "found 'LOUD'"),
    ],
)
def test_what_is_no_note_is_refused(office: Office, text: str, kind: str, problem: str) -> None:
    with pytest.raises(Rejected, match=problem):
        write(office, office.start(), text=text, kind=kind)
    assert not Note.objects.exists()


@pytest.mark.parametrize("who", ["sam", "aud"])
def test_who_only_looks_reads_and_does_not_write(office: Office, who: str) -> None:
    instance = office.start()
    write(office, instance, text="Waiting for the warehouse")
    assert "Waiting for the warehouse" in office.of(who).get(f"{LIST}{instance.key}/?tab=notes").content.decode()
    with pytest.raises(Forbidden):
        write(office, instance, who)
    assert Note.objects.count() == 1


def test_only_its_author_edits_a_note_and_what_it_said_is_kept(office: Office) -> None:
    # given
    instance = office.start()
    note = write(office, instance)
    # when
    with pytest.raises(Rejected, match="only its author edits it"):
        EditNote(office.people["stella"], channel=Channel.ADMIN).execute(note.key, text="Nonsense")
    EditNote(office.people["petra"], channel=Channel.ADMIN).execute(note.key, text="Ann has called", kind="INFORMATION")
    # then
    [told] = shown(office, instance).present
    assert (told.text, told.edited_at is not None) == ("Ann has called", True)
    assert [(was.text, was.until) for was in told.former()] == [("Call Ann back", told.edited_at)]
    assert [row.history_user.username for row in Note.history.all()] == ["petra", "petra"]
    event = AuditEvent.objects.get(event="Update", subject="Note", result="SUCCESS")
    assert event.body == {"before": {"text": "Call Ann back"}, "after": {"text": "Ann has called"}}


def test_whoever_works_there_pins_a_note_which_is_no_edit(office: Office) -> None:
    instance = office.start()
    note = write(office, instance)
    EditNote(office.people["stella"], channel=Channel.ADMIN).execute(note.key, is_pinned=True)
    notes = shown(office, instance)
    assert [each.key for each in notes.pinned] == [note.key]
    assert (notes.present[0].edited_at, notes.present[0].former()) == (None, ())


def test_authors_remove_their_own_and_administrators_any_and_it_says_who(office: Office) -> None:
    # given
    instance = office.start()
    mine, hers = write(office, instance), write(office, instance, "stella", "Stella's")
    # when
    with pytest.raises(Forbidden, match="manage_workspace"):
        RemoveNote(office.people["petra"], channel=Channel.ADMIN).execute(hers.key)
    RemoveNote(office.people["petra"], channel=Channel.ADMIN).execute(mine.key)
    RemoveNote(office.people["stella"], channel=Channel.ADMIN).execute(hers.key)
    # then
    notes = shown(office, instance)
    assert not notes.present
    assert [(note.author_name, note.removed_by_name) for note in notes.removed] == [
        ("stella", "stella"),
        ("petra", "petra"),
    ]
    with pytest.raises(NotFound):
        RemoveNote(office.people["stella"], channel=Channel.ADMIN).execute(hers.key)
    assert AuditEvent.objects.filter(event="Delete", subject="Note", result="SUCCESS").count() == 2


def test_who_works_there_no_more_does_not_even_remove_the_own(office: Office) -> None:
    note = write(office, office.start())
    with pytest.raises(NotFound):
        RemoveNote(office.people["nobody"], channel=Channel.ADMIN).execute(note.key)
    Note.objects.update(author=office.people["sam"])
    with pytest.raises(Forbidden):
        RemoveNote(office.people["sam"], channel=Channel.ADMIN).execute(note.key)


def test_a_note_of_a_removed_user_keeps_the_name(office: Office) -> None:
    instance = office.start()
    write(office, instance)
    office.people["petra"].delete()
    [note] = shown(office, instance, "stella").present
    assert (note.author, note.author_name) == (None, "petra")
    assert note.why_not_edit == "Only its author edits a note."


# -- pages


def test_text_is_text_with_lines_and_links(office: Office) -> None:
    instance = office.start()
    write(office, instance, text="<b>See</b>\nhttps://wiki.example/x?a=1&b=2 now", is_pinned=True)
    page = office.of("sam").get(f"{LIST}{instance.key}/?tab=notes").content.decode()
    assert "<b>See</b>" not in page
    assert page.count('&lt;b&gt;See&lt;/b&gt;<br><a href="https://wiki.example/x?a=1&amp;b=2" rel="nofollow">') == 2


def test_notes_are_written_edited_pinned_and_removed_with_plain_forms(office: Office) -> None:
    # given
    instance = office.start()
    client, path = office.of("petra"), f"{LIST}{instance.key}/notes/"
    back = f"{LIST}{instance.key}/?tab=notes"
    # when, then
    assert client.post(path, {"text": "One", "kind": "WARNING", "pinned": "1"}).url == back
    note = Note.objects.get()
    assert (note.text, note.kind, note.is_pinned, note.author_name) == ("One", "WARNING", True, "petra")
    assert client.post(f"{path}{note.key}/", {"text": "Two", "kind": "ROOT_CAUSE"}).url == back
    assert client.post(f"{path}{note.key}/", {"do": "unpin"}).url == back
    note.refresh_from_db()
    assert (note.text, note.kind, note.is_pinned) == ("Two", "ROOT_CAUSE", False)
    page = client.get(back).content.decode()
    assert "Note no longer pinned." in page
    assert client.post(f"{path}{note.key}/", {"do": "remove"}).url == back
    assert "A note by petra was removed by petra," in client.get(back).content.decode()


def test_scripts_get_the_panels_or_the_reason(office: Office) -> None:
    instance = office.start()
    path = f"{LIST}{instance.key}/notes/"
    headers = {"Accept": "application/json"}
    done = office.of("petra").post(path, {"text": "One", "kind": "WARNING", "pinned": "1"}, headers=headers)
    assert "One" in done.json()["panels"]["notes"]
    assert "One" in done.json()["panels"]["pinned"]
    refused = office.of("sam").post(path, {"text": "One", "kind": "WARNING"}, headers=headers)
    assert refused.status_code == 403
    assert "modify_processinstance" in refused.json()["message"]


def test_a_note_is_reached_below_its_own_instance_alone(office: Office) -> None:
    note = write(office, office.start())
    other = office.start()
    answer = office.of("petra").post(
        f"{LIST}{other.key}/notes/{note.key}/", {"do": "remove"}, headers={"Accept": "application/json"}
    )
    assert answer.status_code == 404
    assert api(office, "petra").delete(f"/api/process-instances/{other.key}/notes/{note.key}").status_code == 404
    assert Note.objects.present().exists()


def test_the_page_reads_any_number_of_notes_with_as_many_statements(office: Office) -> None:
    instance = office.start()
    client, path = office.of("petra"), f"{LIST}{instance.key}/panels/"
    client.get(path)
    counts = []
    for number in (1, 30):
        for _ in range(number):
            write(office, instance, is_pinned=True)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_list_marks_pinned_notes_and_narrows_to_what_has_notes(office: Office) -> None:
    # given
    pinned, noted, _plain = office.start(), office.start(), office.start()
    client = office.of("petra")
    client.get(LIST)
    with CaptureQueriesContext(connection) as before:
        client.get(LIST)
    write(office, pinned, text="Look here first", is_pinned=True)
    write(office, noted)
    # when
    with CaptureQueriesContext(connection) as after:
        text = client.get(LIST).content.decode()
    # then
    assert text.count('title="Look here first"') == 1
    assert len(after) == len(before)
    rows = client.get(LIST, {"notes": "on"}).context["rows"]
    assert {row.key for row in rows} == {pinned.key, noted.key}
    RemoveNote(None).execute(Note.objects.get(process_instance=noted.key).key)
    assert [row.key for row in client.get(LIST, {"notes": "on"}).context["rows"]] == [pinned.key]


# -- the API


def test_the_api_lists_writes_changes_and_removes(office: Office) -> None:
    # given
    instance = office.start()
    client, path = api(office, "petra"), f"/api/process-instances/{instance.key}/notes"
    # when, then
    first = client.post(path, {"text": "One"}, format="json").json()
    second = client.post(path, {"text": "Two", "kind": "ROOT_CAUSE", "pinned": True}, format="json").json()
    assert (first["kind"], first["pinned"], first["author"], first["edited_at"]) == (
        "INFORMATION",
        False,
        "petra",
        None,
    )
    assert [note["key"] for note in client.get(path).json()["items"]] == [second["key"], first["key"]]
    assert client.get(path, {"before": second["key"]}).json()["items"] == [first]
    assert client.get(path, {"before": "x"}).status_code == 400
    changed = client.patch(f"{path}/{first['key']}", {"text": "Eins"}, format="json").json()
    assert (changed["text"], changed["edited_at"] is not None) == ("Eins", True)
    assert client.get(f"{path}/{first['key']}").json() == changed
    assert client.delete(f"{path}/{first['key']}").status_code == 200
    assert client.get(f"{path}/{first['key']}").status_code == 404
    assert client.patch(f"{path}/{second['key']}", {"colour": "red"}, format="json").status_code == 400


def test_somebody_of_another_workspace_finds_nothing(office: Office) -> None:
    instance = office.start()
    note = write(office, instance)
    stranger, path = api(office, "paul"), f"/api/process-instances/{instance.key}/notes"
    answers = [
        stranger.get(path),
        stranger.post(path, {"text": "x"}, format="json"),
        stranger.get(f"{path}/{note.key}"),
        stranger.patch(f"{path}/{note.key}", {"pinned": True}, format="json"),
        stranger.delete(f"{path}/{note.key}"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert "Call Ann" not in json.dumps([answer.json() for answer in answers])


# -- when the process instance goes


def ended_with_note(office: Office) -> ProcessInstance:
    instance = office.start()
    note = write(office, instance)
    EditNote(office.people["petra"], channel=Channel.ADMIN).execute(note.key, text="Done")
    services.cancel_process_instance(instance.key)
    return ProcessInstance.objects.get(pk=instance.key)


def test_an_ended_instance_is_still_written_about(office: Office) -> None:
    instance = ended_with_note(office)
    write(office, instance, text="It was the printer", kind=NoteKind.ROOT_CAUSE)
    assert Note.objects.count() == 2


def test_notes_and_what_they_said_go_with_a_deleted_instance(office: Office) -> None:
    instance, other = ended_with_note(office), ended_with_note(office)
    services.delete_process_instance(instance.key)
    assert {note.process_instance_key for note in Note.objects.all()} == {other.key}
    assert {row.process_instance_key for row in Note.history.all()} == {other.key}
    assert AuditEvent.objects.filter(subject="Note", process_instance_key=instance.key).count() == 2  # that stays


def test_notes_go_when_history_is_cleaned_up(office: Office) -> None:
    instance = ended_with_note(office)
    ProcessDefinition.objects.filter(pk=instance.definition_key).update(history_time_to_live_days=1)
    ProcessInstance.objects.filter(pk=instance.key).update(ended_at=instance.ended_at - timedelta(days=2))
    assert delete_expired(services.expired_instances(limit=10)) == 1
    assert not Note.objects.exists()
    assert not Note.history.exists()
