"""The kinds of things a model is made of, by the names of the Camunda 8 API."""

from enum import StrEnum


class Semantics(StrEnum):
    """Whose rules a process definition follows; decided at deployment and never mixed."""

    CAMUNDA_7 = "camunda7"
    ZEEBE = "zeebe"


class ElementType(StrEnum):
    """A BPMN element that can have instances."""

    PROCESS = "PROCESS"
    SUB_PROCESS = "SUB_PROCESS"
    START_EVENT = "START_EVENT"
    END_EVENT = "END_EVENT"
    TASK = "TASK"
    MANUAL_TASK = "MANUAL_TASK"
    USER_TASK = "USER_TASK"
    SERVICE_TASK = "SERVICE_TASK"
    SEND_TASK = "SEND_TASK"
    RECEIVE_TASK = "RECEIVE_TASK"
    SCRIPT_TASK = "SCRIPT_TASK"
    BUSINESS_RULE_TASK = "BUSINESS_RULE_TASK"
    EXCLUSIVE_GATEWAY = "EXCLUSIVE_GATEWAY"
    PARALLEL_GATEWAY = "PARALLEL_GATEWAY"

    __hash__ = str.__hash__  # Enum's own is written in Python; this is a dictionary key in the engine's inner loop


SCOPE_TYPES = frozenset({ElementType.PROCESS, ElementType.SUB_PROCESS})
