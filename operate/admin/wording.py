"""Words and signs of the pages for what the engine calls by constants."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workflow.graph import BODY_SUFFIX, CatchDetails, ElementType, ExecutableProcess, FlowNode
from workflow.models import ProcessInstance

_ICONS = {
    "PROCESS": "participant",
    "SUB_PROCESS": "subprocess-expanded",
    "EVENT_SUB_PROCESS": "event-subprocess-expanded",
    "TRANSACTION": "transaction",
    "AD_HOC_SUB_PROCESS": "subprocess-expanded",
    "AD_HOC_SUB_PROCESS_INNER_INSTANCE": "ad-hoc-marker",
    "MULTI_INSTANCE_BODY": "parallel-mi-marker",
    "CALL_ACTIVITY": "call-activity",
    "START_EVENT": "start-event-none",
    "END_EVENT": "end-event-none",
    "INTERMEDIATE_CATCH_EVENT": "intermediate-event-none",
    "INTERMEDIATE_THROW_EVENT": "intermediate-event-none",
    "BOUNDARY_EVENT": "intermediate-event-none",
    "TASK": "task",
    "MANUAL_TASK": "manual-task",
    "USER_TASK": "user-task",
    "SERVICE_TASK": "service-task",
    "SEND_TASK": "send-task",
    "RECEIVE_TASK": "receive-task",
    "SCRIPT_TASK": "script-task",
    "BUSINESS_RULE_TASK": "business-rule-task",
    "EXCLUSIVE_GATEWAY": "gateway-xor",
    "PARALLEL_GATEWAY": "gateway-parallel",
    "INCLUSIVE_GATEWAY": "gateway-or",
    "EVENT_BASED_GATEWAY": "gateway-eventbased",
}
_EVENTS = {
    "MessageEvent": "message",
    "SignalEvent": "signal",
    "TimerEvent": "timer",
    "ErrorEvent": "error",
    "EscalationEvent": "escalation",
    "ConditionalEvent": "condition",
    "CompensationEvent": "compensation",
    "CancelEvent": "cancel",
    "TerminateEvent": "terminate",
    "LinkEvent": "link",
}
_PLACES = {
    ElementType.START_EVENT: "start-event",
    ElementType.END_EVENT: "end-event",
    ElementType.INTERMEDIATE_CATCH_EVENT: "intermediate-event-catch",
    ElementType.INTERMEDIATE_THROW_EVENT: "intermediate-event-throw",
    ElementType.BOUNDARY_EVENT: "intermediate-event-catch",
}
_TYPES = {
    "PROCESS": gettext_lazy("Process"),
    "SUB_PROCESS": gettext_lazy("Sub-process"),
    "EVENT_SUB_PROCESS": gettext_lazy("Event sub-process"),
    "TRANSACTION": gettext_lazy("Transaction"),
    "AD_HOC_SUB_PROCESS": gettext_lazy("Ad-hoc sub-process"),
    "AD_HOC_SUB_PROCESS_INNER_INSTANCE": gettext_lazy("Activation of an ad-hoc sub-process"),
    "MULTI_INSTANCE_BODY": gettext_lazy("Multi-instance"),
    "CALL_ACTIVITY": gettext_lazy("Call activity"),
    "START_EVENT": gettext_lazy("Start event"),
    "END_EVENT": gettext_lazy("End event"),
    "INTERMEDIATE_CATCH_EVENT": gettext_lazy("Intermediate catch event"),
    "INTERMEDIATE_THROW_EVENT": gettext_lazy("Intermediate throw event"),
    "BOUNDARY_EVENT": gettext_lazy("Boundary event"),
    "TASK": gettext_lazy("Task"),
    "MANUAL_TASK": gettext_lazy("Manual task"),
    "USER_TASK": gettext_lazy("User task"),
    "SERVICE_TASK": gettext_lazy("Service task"),
    "SEND_TASK": gettext_lazy("Send task"),
    "RECEIVE_TASK": gettext_lazy("Receive task"),
    "SCRIPT_TASK": gettext_lazy("Script task"),
    "BUSINESS_RULE_TASK": gettext_lazy("Business rule task"),
    "EXCLUSIVE_GATEWAY": gettext_lazy("Exclusive gateway"),
    "PARALLEL_GATEWAY": gettext_lazy("Parallel gateway"),
    "INCLUSIVE_GATEWAY": gettext_lazy("Inclusive gateway"),
    "EVENT_BASED_GATEWAY": gettext_lazy("Event-based gateway"),
}
_STATES = {"COMPLETED": ("completed", gettext_lazy("Completed")), "CANCELED": ("canceled", gettext_lazy("Canceled"))}


def drawn_id(element_id: str) -> str:
    """The element on the diagram: a multi-instance body and its iterations are one there."""
    return element_id.partition("#")[0]


def element_icon(kind: str, element: FlowNode | None = None) -> str:
    """The sign of an element, or only of its type, from the font that bpmn-js brings."""
    event = _EVENTS.get(type(element.event).__name__) if element is not None else None
    if element is None or event is None or element.type not in _PLACES:
        return f"bpmn-icon-{_ICONS.get(kind, 'task')}"
    details = element.details
    beside = isinstance(details, CatchDetails) and not details.interrupting
    return f"bpmn-icon-{_PLACES[element.type]}{'-non-interrupting' if beside else ''}-{event}"


def element_type(kind: str) -> str:
    """An element type as people say it."""
    return str(_TYPES.get(kind) or str(kind).replace("_", " ").capitalize())


def element_label(element: FlowNode) -> str:
    """An element as on the diagram: by its name, else by its type and id; a multi-instance body as such."""
    if element.type is ElementType.MULTI_INSTANCE_BODY:
        inner = next((child for child in element.children if child.id == drawn_id(element.id)), None)
        return _("%(element)s · multi-instance") % {"element": element_label(inner) if inner else drawn_id(element.id)}
    if element.type is ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE:
        around = element.flow_scope
        return _("%(element)s · activation") % {"element": element_label(around) if around else drawn_id(element.id)}
    return element.name or f"{element_type(element.type)} ({element.id})"


def label_in(process: ExecutableProcess, element_id: str) -> str:
    """As `element_label`, for an id that need not be in this version of the process any more."""
    element = process.elements.get(element_id)
    return element_label(element) if element else drawn_id(element_id)


def body_id(element_id: str) -> str:
    """The id of the multi-instance body around an activity."""
    return f"{element_id}{BODY_SUFFIX}"


def instance_state(instance: ProcessInstance) -> tuple[str, str]:
    """How a process instance is coloured, and its state in a word."""
    if instance.state in _STATES:
        dot, state = _STATES[instance.state]
        return dot, str(state)
    if instance.open_incidents:
        return "incident", _("Incident")
    return ("suspended", _("Suspended")) if instance.suspended else ("active", _("Active"))
