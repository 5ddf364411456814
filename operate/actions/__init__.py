"""One class per operation: permission, service call and audit event in one transaction.

Pages, both APIs and batches write through these and nothing else.
"""

from operate.actions.base import Action, request_id_of
from operate.actions.deployments import DeleteDeployment, DeleteProcessDefinition, Deploy
from operate.actions.incidents import ResolveIncident
from operate.actions.jobs import (
    ActivateJobs,
    CompleteJob,
    ExtendLock,
    FailJob,
    LockJob,
    ThrowJobError,
    UnlockJob,
    UpdateJob,
)
from operate.actions.messages import CorrelateMessage, PublishMessage, SignalElement, TriggerMessage
from operate.actions.process_instances import (
    CancelProcessInstance,
    DeleteProcessInstance,
    ModifyProcessInstance,
    ResumeProcessInstance,
    StartProcessInstance,
    SuspendProcessInstance,
)
from operate.actions.user_tasks import AssignUserTask, CompleteUserTask, ThrowUserTaskError, UpdateUserTask
from operate.actions.variables import DeleteVariables, SetVariables

__all__ = [
    "Action",
    "ActivateJobs",
    "AssignUserTask",
    "CancelProcessInstance",
    "CompleteJob",
    "CompleteUserTask",
    "CorrelateMessage",
    "DeleteDeployment",
    "DeleteProcessDefinition",
    "DeleteProcessInstance",
    "DeleteVariables",
    "Deploy",
    "ExtendLock",
    "FailJob",
    "LockJob",
    "ModifyProcessInstance",
    "PublishMessage",
    "ResolveIncident",
    "ResumeProcessInstance",
    "SetVariables",
    "SignalElement",
    "StartProcessInstance",
    "SuspendProcessInstance",
    "ThrowJobError",
    "ThrowUserTaskError",
    "TriggerMessage",
    "UnlockJob",
    "UpdateJob",
    "UpdateUserTask",
    "request_id_of",
]
