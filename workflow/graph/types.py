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
    INCLUSIVE_GATEWAY = "INCLUSIVE_GATEWAY"
    EVENT_BASED_GATEWAY = "EVENT_BASED_GATEWAY"
    INTERMEDIATE_CATCH_EVENT = "INTERMEDIATE_CATCH_EVENT"
    INTERMEDIATE_THROW_EVENT = "INTERMEDIATE_THROW_EVENT"
    BOUNDARY_EVENT = "BOUNDARY_EVENT"
    EVENT_SUB_PROCESS = "EVENT_SUB_PROCESS"
    TRANSACTION = "TRANSACTION"
    AD_HOC_SUB_PROCESS = "AD_HOC_SUB_PROCESS"
    AD_HOC_SUB_PROCESS_INNER_INSTANCE = "AD_HOC_SUB_PROCESS_INNER_INSTANCE"
    CALL_ACTIVITY = "CALL_ACTIVITY"
    MULTI_INSTANCE_BODY = "MULTI_INSTANCE_BODY"

    __hash__ = str.__hash__  # Enum's own is written in Python; this is a dictionary key in the engine's inner loop


SCOPE_TYPES = frozenset(
    {
        ElementType.PROCESS,
        ElementType.SUB_PROCESS,
        ElementType.EVENT_SUB_PROCESS,
        ElementType.TRANSACTION,
        ElementType.AD_HOC_SUB_PROCESS,
        ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
        ElementType.MULTI_INSTANCE_BODY,
    }
)

BODY_SUFFIX = "#multiInstanceBody"
"""The body of multi-instance activity `x` has the id `x#multiInstanceBody`; each iteration has the id `x`."""
INNER_INSTANCE_SUFFIX = "#innerInstance"
"""What wraps one activated element of ad-hoc sub-process `x`."""
