"""What the page of a process definition asks before it lets something happen, and what its start events wait for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from audit.models import Channel
from operate.actions import (
    ActivateProcessDefinition,
    DeleteProcessDefinition,
    SetHistoryTimeToLive,
    SuspendProcessDefinition,
)
from operate.admin.reasons import Reasons
from operate.admin.wording import element_type
from operate.forms.definitions import DeletionForm, HistoryForm, OperationForm, SuspensionForm
from operate.workspaces import Right
from workflow.graph import (
    ConditionalEvent,
    ExecutableProcess,
    FlowNode,
    MessageEvent,
    SignalEvent,
    TimerEvent,
)
from workflow.models import EventSubscription, Job, ProcessDefinition, ProcessInstance
from workflow.services.definitions import what_would_go

Perform = Callable[[HttpRequest, ProcessDefinition, dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do with a process definition: its words, the right, the questions, and the doing."""

    verb: str | Promise
    phrase: str | Promise
    """What is done to what."""
    right: Right
    form: type[OperationForm]
    perform: Perform
    """Does it; returns what to tell."""
    is_dangerous: bool = False


def _suspend(request: HttpRequest, definition: ProcessDefinition, given: dict[str, Any]) -> str:
    action = SuspendProcessDefinition.of(request, Channel.ADMIN, reason=given["reason"])
    done = action.execute(definition.key, with_instances=given["with_instances"])
    return _told(
        gettext("%(definition)s suspended."),
        gettext("%(definition)s suspended with %(instances)s."),
        definition,
        done.instances,
    )


def _activate(request: HttpRequest, definition: ProcessDefinition, given: dict[str, Any]) -> str:
    action = ActivateProcessDefinition.of(request, Channel.ADMIN, reason=given["reason"])
    done = action.execute(definition.key, with_instances=given["with_instances"])
    return _told(
        gettext("%(definition)s activated."),
        gettext("%(definition)s activated with %(instances)s."),
        definition,
        done.instances,
    )


def _keep_history(request: HttpRequest, definition: ProcessDefinition, given: dict[str, Any]) -> str:
    action = SetHistoryTimeToLive.of(request, Channel.ADMIN, reason=given["reason"])
    days = action.execute(definition.key, given["days"]).days
    return gettext("Ended instances of %(definition)s are kept %(how_long)s.") % {
        "definition": definition,
        "how_long": kept(days),
    }


def _delete(request: HttpRequest, definition: ProcessDefinition, given: dict[str, Any]) -> str:
    action = DeleteProcessDefinition.of(request, Channel.ADMIN, reason=given["reason"])
    done = action.execute(definition.key, cascade=given["cascade"], with_ended=True)
    number = done.running + done.ended
    return _told(
        gettext("%(definition)s deleted."), gettext("%(definition)s deleted with %(instances)s."), definition, number
    )


def _told(alone: str, together: str, definition: ProcessDefinition, instances: int) -> str:
    return (together if instances else alone) % {"definition": definition, "instances": counted(instances)}


def counted(instances: int) -> str:
    """A number of process instances in words."""
    return ngettext("%(number)s process instance", "%(number)s process instances", instances) % {"number": instances}


def kept(days: int | None) -> str:
    """For how long history is kept, in words."""
    if days is None:
        return gettext("for ever")
    if not days:
        return gettext("until the next clean-up")
    return ngettext("for %(days)s day", "for %(days)s days", days) % {"days": days}


OPERATIONS: dict[str, Operation] = {
    "suspend": Operation(_("Suspend"), _("Suspend %(what)s"), Right.SUSPEND, SuspensionForm, _suspend),
    "activate": Operation(_("Activate"), _("Activate %(what)s"), Right.SUSPEND, SuspensionForm, _activate),
    "history": Operation(
        _("Keep history"), _("Keep the history of %(what)s"), Right.DELETE_INSTANCE, HistoryForm, _keep_history
    ),
    "delete": Operation(
        _("Delete"), _("Delete %(what)s"), Right.DELETE_DEFINITION, DeletionForm, _delete, is_dangerous=True
    ),
}


def reasons_of(request: HttpRequest, definition: ProcessDefinition) -> dict[str, str]:
    """For each operation on a process definition why it is not offered, or an empty text."""
    reasons = Reasons.of(request)
    why = {name: reasons.right(each.right, definition.workspace_id) for name, each in OPERATIONS.items()}
    why["delete"] = why["delete"] or reasons.right(
        Right.DELETE_INSTANCE, definition.workspace_id
    )  # ended ones go along
    why["start"] = reasons.right(Right.START, definition.workspace_id)
    if definition.suspended:
        why["suspend"] = why["suspend"] or gettext("It is suspended already.")
        why["start"] = why["start"] or gettext("This version is suspended. Activate it first.")
    else:
        why["activate"] = why["activate"] or gettext("It is not suspended.")
    return why


def question(name: str, definition: ProcessDefinition) -> dict[str, Any]:
    """What the dialog of an operation tells: counted when it is opened, so that the page need not."""
    match name:
        case "suspend":
            return {"instances": _running(definition).filter(suspended=False).count()}
        case "activate":
            return {"instances": _running(definition).filter(suspended=True).count()}
        case "delete":
            versions = ProcessDefinition.objects.filter(
                workspace_id=definition.workspace_id, process_id=definition.process_id, version__lt=definition.version
            )
            before = versions.order_by("-version").values_list("version", flat=True).first()
            return {
                "lost": what_would_go([definition], with_instances=False),
                "before": before if definition.is_latest else None,
                "is_last_of_deployment": not ProcessDefinition.objects.filter(deployment=definition.deployment_key)
                .exclude(pk=definition.key)
                .exists(),
            }
        case _:
            return {"kept": kept(definition.history_time_to_live_days)}


def _running(definition: ProcessDefinition) -> Any:
    return ProcessInstance.objects.filter(definition=definition.key, state=ProcessInstance.State.ACTIVE)


# -- start events


@dataclass(frozen=True, slots=True)
class StartRow:
    """One start event of a process definition: what it waits for, and whether it does so now."""

    element_id: str
    name: str
    icon: str
    text: str
    is_waiting: bool
    timer: Job | None = None


def start_rows(definition: ProcessDefinition, process: ExecutableProcess) -> list[StartRow]:
    """The start events of a process; two queries."""
    waiting = {
        row.element_id: row
        for row in EventSubscription.objects.filter(process_instance=None, definition=definition.key, state="CREATED")
    }
    timers = {
        row.element_id: row
        for row in Job.objects.filter(
            process_instance=None, definition=definition.key, state__in=[Job.State.CREATED, Job.State.FAILED]
        )
    }
    return [
        _start_row(definition, node, waiting.get(node.id), timers.get(node.id)) for node in process.root.start_events
    ]


def _start_row(
    definition: ProcessDefinition, node: FlowNode, subscription: EventSubscription | None, timer: Job | None
) -> StartRow:
    name = node.name or f"{element_type(node.type)} ({node.id})"
    is_waiting = (subscription is not None or timer is not None) and not definition.suspended
    match node.event:
        case None:
            return StartRow(node.id, name, "play_circle", _("Started by people and programs"), not definition.suspended)
        case MessageEvent(name=expression):
            text = _("Message '%(name)s'") % {"name": subscription.name if subscription else expression.source}
            return StartRow(node.id, name, "mail", text, is_waiting)
        case SignalEvent(name=expression):
            text = _("Signal '%(name)s'") % {"name": subscription.name if subscription else expression.source}
            return StartRow(node.id, name, "cell_tower", text, is_waiting)
        case TimerEvent(time=expression):
            return StartRow(
                node.id, name, "schedule", _("Timer %(source)s") % {"source": expression.source}, is_waiting, timer
            )
        case ConditionalEvent(condition=expression):
            return StartRow(
                node.id, name, "rule", _("Condition %(source)s") % {"source": expression.source}, is_waiting
            )
        case _:
            return StartRow(node.id, name, "help", _("Something else"), is_waiting)
