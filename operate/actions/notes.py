"""Notes on process instances: written by who operates there, edited by their authors, removed by these or administrators."""

from __future__ import annotations

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.models import Event, Subject
from audit.record import storable_text
from operate.actions.base import Action
from operate.notes.models import MAX_TEXT, Note, NoteKind
from operate.workspaces.roles import OPERATING, Right
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessInstance


class NoteAction(Action[Note]):
    """What is done with one note."""

    permission = Right.MODIFY
    alternatives = OPERATING - {Right.MODIFY}
    subject = Subject.NOTE
    entity = Subject.NOTE

    def found(self, key: int) -> Note:
        """The note, if nobody has removed it and the actor may operate there; NotFound."""
        self.about(key)
        note = Note.objects.present().filter(pk=key).select_for_update().first()
        if note is None:
            raise NotFound(self.nothing_found())
        self._at(ProcessInstance.objects.get(pk=note.process_instance_key), note)
        return note

    def is_own(self, note: Note) -> bool:
        """Whether the actor has written it; the system, which may do anything, has written all."""
        return self.actor is None or note.author_id == self.actor.pk

    def _at(self, instance: ProcessInstance, note: Note | None = None) -> None:
        self.context.authorize(instance.workspace_id)
        self.entry.process_instance_key = instance.key
        self.entry.definition_key = instance.definition_key
        self.entry.process_id = instance.process_id

    def _saved(self, note: Note) -> Note:
        note._history_user = self.actor  # type: ignore[attr-defined]
        note.save()
        return note


class AddNote(NoteAction):
    """Write a note on a process instance, which may have ended."""

    event = Event.CREATE
    entity = Subject.PROCESS_INSTANCE

    def perform(self, key: int, text: str, *, kind: str = NoteKind.INFORMATION, is_pinned: bool = False) -> Note:
        self.about(key)
        rows = ProcessInstance.objects.select_for_update(no_key=True)  # its events come in the order of their keys
        instance = rows.filter(pk=key).first()
        if instance is None:
            raise NotFound(self.nothing_found())
        self._at(instance)
        note = Note(
            process_instance=instance,
            kind=_kind(kind),
            text=_text(text),
            is_pinned=is_pinned,
            author_id=self.entry.actor_id,
            author_name=self.entry.actor_name,
            at=self.entry.at,
        )
        self.note(kind=note.kind, text=note.text, pinned=is_pinned)
        return self._saved(note)


class EditNote(NoteAction):
    """Change a note. What it says is its author's alone; whoever operates there may pin it."""

    event = Event.UPDATE

    def perform(
        self, key: int, *, text: str | None = None, kind: str | None = None, is_pinned: bool | None = None
    ) -> Note:
        note = self.found(key)
        wanted: dict[str, Any] = {
            "text": None if text is None else _text(text),
            "kind": None if kind is None else _kind(kind),
            "is_pinned": is_pinned,
        }
        changes = {name: value for name, value in wanted.items() if value is not None and value != getattr(note, name)}
        says_something_else = bool(changes.keys() - {"is_pinned"})
        if says_something_else and not self.is_own(note):
            told = _(
                "Note '{key}' is {who}'s, and only its author edits it. "
                "Write one of your own; an administrator of the workspace can remove it."
            )
            raise Rejected(format_lazy(told, key=key, who=note.author_name or _("the system")))
        self.note(before={name: getattr(note, name) for name in changes}, after=changes)
        for name, value in changes.items():
            setattr(note, name, value)
        if says_something_else:
            note.edited_at = self.entry.at
        return self._saved(note) if changes else note


class RemoveNote(NoteAction):
    """Take a note away; its row says who did. Authors do so with their own, administrators of the workspace with all."""

    event = Event.DELETE
    permission = Right.MANAGE
    alternatives = frozenset()

    def perform(self, key: int) -> Note:
        note = self.found(key)
        self.note(kind=note.kind, text=note.text, author=note.author_name)
        note.removed_at = self.entry.at
        note.removed_by_id = self.entry.actor_id
        note.removed_by_name = self.entry.actor_name
        return self._saved(note)

    def _at(self, instance: ProcessInstance, note: Note | None = None) -> None:
        may_write = any(self.access.may(right, instance.workspace_id) for right in OPERATING)
        if note is not None and self.is_own(note) and may_write:
            self.entry.workspace_id = instance.workspace_id
            self.rights = set()
        super()._at(instance, note)


def _text(text: str) -> str:
    found = storable_text(text.replace("\r\n", "\n")).strip()
    if not found:
        raise Rejected(_("Expected a note to say something, found no text."))
    if len(found) > MAX_TEXT:
        told = _("Expected a note of at most {most} characters, found {found}.")
        raise Rejected(format_lazy(told, most=MAX_TEXT, found=len(found)))
    return found


def _kind(kind: str) -> str:
    if kind not in NoteKind.values:
        told = _("Expected one of the kinds {kinds}, found '{found}'.")
        raise Rejected(format_lazy(told, kinds=", ".join(NoteKind.values), found=kind[:40]))
    return kind


__all__ = ["AddNote", "EditNote", "RemoveNote"]
