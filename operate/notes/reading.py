"""The notes of process instances as pages show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from itertools import pairwise
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from operate.notes.models import Note, NoteKind

SHOWN = 200
"""Notes of one process instance that its page shows, the newest ones."""
ICONS = {
    NoteKind.INFORMATION: "sticky_note_2",
    NoteKind.WARNING: "warning",
    NoteKind.HANDOVER: "swap_horiz",
    NoteKind.ROOT_CAUSE: "troubleshoot",
}


@dataclass(frozen=True, slots=True)
class FormerText:
    """What a note said before it was edited."""

    text: str
    kind: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of one process instance, those of now and those that were removed, newest first."""

    present: Sequence[Any]
    removed: Sequence[Any]
    why_not_write: str

    @property
    def pinned(self) -> list[Any]:
        return [note for note in self.present if note.is_pinned]


def notes_of(process_instance_key: int, user: Any, *, why_not_write: str, why_not_manage: Callable[[], str]) -> Notes:
    """The newest notes, each with its icon, its former texts and why the user may not edit or remove it.

    One query; a second one if somebody looks at what edited notes said before. Why somebody is no administrator is asked
    only where it matters.
    """
    found = Note.objects.filter(process_instance=process_instance_key).select_related("author", "removed_by")
    rows = list(found.order_by("-key")[:SHOWN])
    edited = [note.key for note in rows if note.edited_at and not note.removed_at]
    former = cache(lambda: _former_texts(edited))
    for note in rows:
        is_own = note.author_id is not None and note.author_id == user.pk
        note.who = _who(note.author, note.author_name)
        note.who_removed = _who(note.removed_by, note.removed_by_name)
        note.icon = ICONS[NoteKind(note.kind)]
        note.former = partial(_of, former, note.key)
        note.why_not_edit = why_not_write or ("" if is_own else _("Only its author edits a note."))
        note.why_not_remove = why_not_write if is_own else why_not_manage()
    return Notes(
        [note for note in rows if note.removed_at is None],
        [note for note in rows if note.removed_at is not None],
        why_not_write,
    )


def with_pinned_note(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Process instances with the newest of their pinned notes, read along with them."""
    pinned = Note.objects.pinned().filter(process_instance=OuterRef("pk")).order_by("-key")
    return rows.annotate(pinned_note=Subquery(pinned.values("text")[:1]))


def with_notes(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Only process instances that have notes."""
    return rows.filter(Exists(Note.objects.present().filter(process_instance=OuterRef("pk"))))


def _who(user: Any, username: str) -> str:
    """Somebody by name; who is gone by the name to log in with."""
    return (user.get_full_name() if user else "") or username or _("The system")


def _of(former: Callable[[], dict[int, list[FormerText]]], key: int) -> Sequence[FormerText]:
    return former().get(key, ())


def _former_texts(keys: Sequence[int]) -> dict[int, list[FormerText]]:
    """By note what it said before, newest first; pinning alone is no edit."""
    if not keys:
        return {}
    versions: dict[int, list[Any]] = {}
    rows = Note.history.filter(key__in=keys).order_by("history_id")
    for row in rows.values("key", "text", "kind", "edited_at", "at"):
        known = versions.setdefault(row["key"], [])
        if not known or (known[-1]["text"], known[-1]["kind"]) != (row["text"], row["kind"]):
            known.append(row)
    return {
        key: [
            FormerText(was["text"], NoteKind(was["kind"]).label, later["edited_at"]) for was, later in pairwise(found)
        ][::-1]
        for key, found in versions.items()
    }


__all__ = ["SHOWN", "FormerText", "Notes", "notes_of", "with_notes", "with_pinned_note"]
