"""The heart-beat of pages that show a process instance: who else is there, and what others have changed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from operate.admin.answers import json_view
from operate.admin.wording import label_in
from operate.audit_log.sentences import NameOf
from operate.forms.keys import key_of
from operate.presence.beats import beat, leave
from operate.presence.changes import changes_after, with_newest_event
from operate.presence.models import Doing
from operate.workspaces import visible_to
from workflow.engine.errors import NotFound
from workflow.models import ProcessInstance
from workflow.persistence.definitions import executable_process

if TYPE_CHECKING:
    from operate.admin.base import EngineModelAdmin as Base
else:
    Base = object


class PresenceViews(Base):
    """Where pages say that somebody is there."""

    def presence_pages(self) -> list[URLPattern]:
        """Where that is."""
        return [self.page("<int:key>/presence/", "presence", self.presence_view)]

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def presence_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """Say what a window does, or that it is closed; the answer tells everything that a page has to know about others.

        `after` is the newest audit event that the page knows of; without it nothing is told, only what is the newest now.
        """
        window = request.POST.get("window", "")
        if "left" in request.POST:
            leave(key, request.user.pk, window)
            return JsonResponse({})
        instance = _instance(request, key)
        people = beat(key, request.user.pk, window, _doing(request.POST.get("doing", "")))
        after = key_of(request.POST.get("after", "")) or (0 if request.POST.get("after") == "0" else None)
        newest: int = instance.newest_event
        is_news = after is not None and newest > after
        changes = changes_after(instance, request.user.pk, names_in(instance), event_key=after or 0) if is_news else ()
        return JsonResponse(
            {
                "people": [
                    {
                        "name": each.name,
                        "initials": each.initials,
                        "doing": each.doing.name,
                        "since": each.since.isoformat(),
                    }
                    for each in people
                ],
                "revision": str(instance.revision),
                "newest": str(newest),
                "changes": [{"at": each.at.isoformat(), "text": each.text} for each in changes],
            }
        )


def _instance(request: HttpRequest, key: int) -> Any:
    rows = visible_to(ProcessInstance.objects.filter(pk=key), request.user)
    found = with_newest_event(rows).first()
    if found is None:
        raise NotFound(_("Expected to find a process instance with key '%(key)s', but there is none.") % {"key": key})
    return found


def names_in(instance: ProcessInstance) -> NameOf:
    """How the elements of a process instance are called on its diagram."""
    return lambda element_id: label_in(executable_process(instance.definition_key), element_id)


def _doing(name: str) -> Doing:
    return Doing[name] if name in Doing.names else Doing.LOOKING


__all__ = ["PresenceViews", "names_in"]
