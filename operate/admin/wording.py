"""Words and signs of the pages for what the engine calls by constants."""

from __future__ import annotations

from workflow.models import ProcessInstance

_ICONS = {
    "PROCESS": "bpmn-icon-participant",
    "SUB_PROCESS": "bpmn-icon-subprocess-expanded",
    "START_EVENT": "bpmn-icon-start-event-none",
    "END_EVENT": "bpmn-icon-end-event-none",
    "TASK": "bpmn-icon-task",
    "MANUAL_TASK": "bpmn-icon-manual-task",
    "USER_TASK": "bpmn-icon-user-task",
    "SERVICE_TASK": "bpmn-icon-service-task",
    "SEND_TASK": "bpmn-icon-send-task",
    "RECEIVE_TASK": "bpmn-icon-receive-task",
    "SCRIPT_TASK": "bpmn-icon-script-task",
    "BUSINESS_RULE_TASK": "bpmn-icon-business-rule-task",
    "EXCLUSIVE_GATEWAY": "bpmn-icon-gateway-xor",
    "PARALLEL_GATEWAY": "bpmn-icon-gateway-parallel",
}
_STATES = {"COMPLETED": ("completed", "Completed"), "CANCELED": ("canceled", "Canceled")}


def element_icon(kind: str) -> str:
    """The sign of an element type, from the font that bpmn-js brings."""
    return _ICONS.get(kind, "bpmn-icon-task")


def element_type(kind: str) -> str:
    """An element type as people say it."""
    return str(kind).replace("_", " ").capitalize()


def instance_state(instance: ProcessInstance) -> tuple[str, str]:
    """How a process instance is coloured, and its state in a word."""
    if instance.state in _STATES:
        return _STATES[instance.state]
    if instance.open_incidents:
        return "incident", "Incident"
    return ("suspended", "Suspended") if instance.suspended else ("active", "Active")
