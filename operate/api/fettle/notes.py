"""Notes on process instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import AddNote, EditNote, RemoveNote
from operate.api.fettle.base import FettleView, nothing_found
from operate.api.fettle.schema import FLAG, OPTIONAL_TEXT, TEXT, all_of, array
from operate.notes.models import Note, NoteKind
from operate.plans.json_form import KEY_SCHEMA, schema_of
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance

SHOWN = 200
NOTE = all_of(
    key=KEY_SCHEMA,
    process_instance_key=KEY_SCHEMA,
    kind={**TEXT, "enum": NoteKind.values},
    text=TEXT,
    pinned=FLAG,
    author=TEXT,
    at=TEXT,
    edited_at=OPTIONAL_TEXT,
)


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note to be written: plain text with line breaks; kind INFORMATION, WARNING, HANDOVER or ROOT_CAUSE."""

    text: str
    kind: str = NoteKind.INFORMATION.value
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class NoteChange:
    """What is to be different; what is left out stays."""

    text: str | None = None
    kind: str | None = None
    pinned: bool | None = None


class Notes(FettleView):
    """The notes on a process instance, newest first, 200 at once."""

    tag = "Notes"
    parameters = {"before": "The key of the last note of the page before."}
    request_body = schema_of(NewNote)
    answers = {"GET": all_of(items=array(NOTE)), "POST": NOTE}

    def get(self, request: Request, key: str) -> Response:
        """The notes on a process instance, newest first, 200 at once. Removed ones are not among them."""
        instance = self.row(ProcessInstance.objects.all(), key)
        rows = Note.objects.present().filter(process_instance=instance.key).order_by("-key")
        text = request.query_params.get("before")
        if text is not None:
            if not text.isdecimal():
                raise Rejected(f"Expected 'before' to be the key of a note, found '{text[:40]}'.")
            rows = rows.filter(pk__lt=self.key(text, "a note"))
        return Response({"items": [told(note) for note in rows[:SHOWN]]})

    def post(self, request: Request, key: str) -> Response:
        """Write a note on a process instance, which may have ended.

        Whoever works with process instances of the workspace may; that somebody did is an audit event.
        """
        given = self.read(NewNote)
        number = self.key(key)
        return Response(told(self.act(AddNote).execute(number, given.text, kind=given.kind, is_pinned=given.pinned)))


class OneNote(FettleView):
    """One note on a process instance."""

    tag = "Notes"
    request_body = schema_of(NoteChange)
    answer = NOTE

    def get(self, request: Request, key: str, note: str) -> Response:
        """One note on a process instance."""
        return Response(told(self._note(key, note)))

    def patch(self, request: Request, key: str, note: str) -> Response:
        """Change a note. Only its author changes text and kind; whoever may write notes may pin it."""
        given = self.read(NoteChange)
        found = self._note(key, note)
        edit = self.act(EditNote)
        return Response(told(edit.execute(found.key, text=given.text, kind=given.kind, is_pinned=given.pinned)))

    def delete(self, request: Request, key: str, note: str) -> Response:
        """Remove a note: its author, or an administrator of the workspace. The audit log keeps what it said."""
        return Response(told(self.act(RemoveNote).execute(self._note(key, note).key)))

    def _note(self, key: str, note: str) -> Note:
        instance = self.row(ProcessInstance.objects.all(), key)
        found = Note.objects.present().filter(process_instance=instance.key, pk=self.key(note, "a note")).first()
        if found is None:
            raise nothing_found("a note", note)
        return found


def told(note: Note) -> dict[str, Any]:
    """A note as JSON."""
    return {
        "key": str(note.key),
        "process_instance_key": str(note.process_instance_key),
        "kind": note.kind,
        "text": note.text,
        "pinned": note.is_pinned,
        "author": note.author_name,
        "at": note.at.isoformat(),
        "edited_at": None if note.edited_at is None else note.edited_at.isoformat(),
    }


__all__ = ["Notes", "OneNote"]
