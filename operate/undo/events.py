"""Which events can be taken back, and by whom their inverse is made."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import AuditEvent, Event, Result, Subject
from audit.undoing import refuse_undone
from operate.undo import cancellations, migrations, modifications, restarts, retries, suspensions, variables
from operate.undo.base import Make, Undo
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance

INSTANCE, VARIABLES = Subject.PROCESS_INSTANCE, Subject.PROCESS_VARIABLES
MAKERS: Mapping[tuple[str, str], Make] = {
    (Event.MODIFY, INSTANCE): modifications.undo_of,
    (Event.UPDATE, VARIABLES): variables.undo_of,
    (Event.DELETE, VARIABLES): variables.undo_of,
    (Event.RESTART, INSTANCE): restarts.undo_of,
    (Event.MIGRATE, INSTANCE): migrations.undo_of,
    (Event.CANCEL, INSTANCE): cancellations.undo_of,
    (Event.SUSPEND, INSTANCE): suspensions.undo_of,
    (Event.RESUME, INSTANCE): suspensions.undo_of,
    (Event.RETRY, Subject.JOB): retries.undo_of,
}
UNKNOWN = gettext_lazy(
    "Nobody knows its inverse. What can be undone: modifications, edits of variables, restarts, migrations, cancellations, "
    "suspensions and new retries of jobs."
)
OF_ENDED = frozenset({Event.RESTART, Event.CANCEL})
"""Done to process instances that have ended, or ending them."""


def why_not_undone(event: AuditEvent, instance: ProcessInstance | None = None) -> str:
    """Why an event cannot be taken back at all, told without looking further; empty if something of it may be."""
    if event.result != Result.SUCCESS:
        return _("It changed nothing: it did not succeed.")
    if (event.event, event.subject) not in MAKERS or event.process_instance_key is None:
        return UNKNOWN
    has_ended = instance is not None and instance.state != ProcessInstance.State.ACTIVE
    if has_ended and event.event not in OF_ENDED:
        return _("The process instance has ended. Restart it instead.")
    return ""


def undo_of(event: AuditEvent) -> Undo:
    """What takes the event back; Conflict if something has done so already, Rejected where nothing can be taken back."""
    instance = ProcessInstance.objects.filter(pk=event.process_instance_key).first()
    why = why_not_undone(event, instance)
    if why:
        raise Rejected(_("Event '%(key)s' cannot be undone. %(why)s") % {"key": event.key, "why": why})
    refuse_undone(event.key)
    return MAKERS[event.event, event.subject](event)


__all__ = ["undo_of", "why_not_undone"]
