"""Taking back that a process instance was put on hold, or let go on."""

from __future__ import annotations

from django.utils.translation import gettext as _

from audit.models import AuditEvent, Event
from operate.batch.plans import Plan, Resume, Suspend
from operate.undo.base import Undo, nothing_left
from workflow.models import ProcessInstance


def undo_of(event: AuditEvent) -> Undo:
    """The contrary, as long as it is as the event has left it."""
    instance = ProcessInstance.objects.get(pk=event.process_instance_key)
    was_suspended = event.event == Event.SUSPEND
    if instance.suspended != was_suspended:
        raise nothing_left(
            event,
            [
                _("The process instance is suspended.")
                if instance.suspended
                else _("The process instance is not suspended.")
            ],
        )
    plan: Plan = Resume() if was_suspended else Suspend()
    stays = _("What was due meanwhile is done now.") if was_suspended else _("What it has done meanwhile stays.")
    return Undo(event, instance.key, plan, (stays,))
