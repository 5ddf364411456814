"""Taking back a restart: the new process instance is canceled; the old one stays ended."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.models import AuditEvent, Result
from operate.batch.plans import Cancel
from operate.undo.base import Undo, named, nothing_left
from workflow.graph import ElementType
from workflow.models import ElementInstance, ProcessInstance
from workflow.persistence.definitions import executable_process

WORK = (
    ElementType.USER_TASK,
    ElementType.SERVICE_TASK,
    ElementType.SEND_TASK,
    ElementType.RECEIVE_TASK,
    ElementType.SCRIPT_TASK,
    ElementType.BUSINESS_RULE_TASK,
    ElementType.CALL_ACTIVITY,
)
LISTED = 50


def undo_of(event: AuditEvent) -> Undo:
    """A cancellation of what was started, with what that has done meanwhile."""
    key = (event.body or {}).get("restarted_as")
    started = ProcessInstance.objects.filter(pk=key).first() if key is not None else None
    if started is None:
        raise nothing_left(event, [_("The process instance that it has started is gone: '%(key)s'.") % {"key": key}])
    if started.state != ProcessInstance.State.ACTIVE:
        state = started.get_state_display().lower()
        raise nothing_left(
            event,
            [
                _("The process instance that it has started, '%(key)s', has ended already: %(state)s.")
                % {"key": key, "state": state}
            ],
        )
    return Undo(event, started.key, Cancel(), tuple(_notes(event, started)))


def _notes(event: AuditEvent, started: ProcessInstance) -> Iterator[str]:
    yield _(
        "Process instance '%(key)s' is canceled; '%(process_instance_key)s' stays as it ended and does not run again."
    ) % {"key": started.key, "process_instance_key": event.process_instance_key}
    done = _done_in(started)
    if done:
        yield _("%(done)s has been completed in it meanwhile; what that did stays done.") % {"done": done}
    called = ProcessInstance.objects.filter(parent_process_instance=started.key)
    running = called.active().count()
    if running:
        yield ngettext(
            "What it has called is canceled with it: %(running)s process instance.",
            "What it has called is canceled with it: %(running)s process instances.",
            running,
        ) % {"running": running}
    others = AuditEvent.objects.of_process_instance(started.key).filter(result=Result.SUCCESS).order_by()
    by = sorted(set(others.values_list("actor_name", flat=True)[:LISTED]))
    if by:
        yield _("What people have done to it since is lost with it: %(people)s.") % {
            "people": ", ".join(name or _("the system") for name in by)
        }


def _done_in(started: ProcessInstance) -> str:
    """The work that was completed in it, by its elements."""
    rows = ElementInstance.objects.filter(process_instance=started.key, state="COMPLETED", element_type__in=WORK)
    ids = rows.order_by("key").values_list("element_id", flat=True)
    return named(executable_process(started.definition_key), ids[:LISTED])


__all__ = ["undo_of"]
