"""Writing, editing, pinning and removing notes on the page of a process instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.models import Channel
from operate.actions import AddNote, EditNote, RemoveNote
from operate.admin.answers import REFUSALS, refusal_of, status_of
from operate.notes.models import Note
from workflow.engine.errors import NotFound

if TYPE_CHECKING:
    from operate.admin.base import EngineModelAdmin as Base
else:
    Base = object


class NotesViews(Base):
    """The addresses of notes below a process instance: plain forms, which scripts send without leaving the page."""

    def notes_pages(self) -> list[URLPattern]:
        """Where they are."""
        return [
            self.page("<int:key>/notes/", "notes", self.notes_view),
            self.page("<int:key>/notes/<int:note>/", "note", self.note_view),
        ]

    @method_decorator(require_POST)
    def notes_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """Write a note."""
        self.visible(request, key)
        return self._answered(request, key, self._add)

    @method_decorator(require_POST)
    def note_view(self, request: HttpRequest, key: int, note: int) -> HttpResponseBase:
        """Edit a note, pin it, or remove it."""
        self.visible(request, key)
        return self._answered(request, key, lambda request, key: self._change(request, key, note))

    @staticmethod
    def _add(request: HttpRequest, key: int) -> str:
        AddNote.of(request, Channel.ADMIN).execute(
            key,
            request.POST.get("text", ""),
            kind=request.POST.get("kind", ""),
            is_pinned="pinned" in request.POST,
        )
        return _("Note added.")

    @staticmethod
    def _change(request: HttpRequest, key: int, note: int) -> str:
        if not Note.objects.filter(pk=note, process_instance=key).exists():
            raise NotFound(_("Expected to find a note with key '%(note)s', but there is none.") % {"note": note})
        do = request.POST.get("do", "")
        if do == "remove":
            RemoveNote.of(request, Channel.ADMIN).execute(note)
            return _("Note removed.")
        edit = EditNote.of(request, Channel.ADMIN)
        if do in ("pin", "unpin"):
            edit.execute(note, is_pinned=do == "pin")
            return _("Note pinned.") if do == "pin" else _("Note no longer pinned.")
        edit.execute(note, text=request.POST.get("text", ""), kind=request.POST.get("kind", ""))
        return _("Note changed.")

    def _answered(self, request: HttpRequest, key: int, do: Any) -> HttpResponseBase:
        """Do it; a script gets the panels as they are then, a plain form the page."""
        wants_json = request.headers.get("Accept", "").startswith("application/json")
        try:
            text = do(request, key)
        except REFUSALS as refusal:
            if wants_json:
                return JsonResponse(refusal_of(refusal), status=status_of(refusal))
            messages.error(request, refusal_of(refusal)["message"])
        else:
            if wants_json:
                return self.present_state(request, key)
            messages.success(request, text)
        return redirect(f"{reverse('admin:workflow_processinstance_change', args=[key])}?tab=notes")

    def present_state(self, request: HttpRequest, key: int) -> JsonResponse:
        """The page after a command."""
        raise NotImplementedError
