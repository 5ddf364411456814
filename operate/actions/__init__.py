"""One class per operation: permission, service call and audit event in one transaction.

Pages, both APIs and batches write through these and nothing else.
"""

from operate.actions.ad_hoc import ActivateAdHocElements
from operate.actions.audit_log import AnnotateOperation
from operate.actions.back_navigation import GoBackToUserTask
from operate.actions.base import Action, request_id_of
from operate.actions.batches import (
    CancelBatch,
    DeleteBatch,
    DeleteBatchJob,
    ExecuteBatchJob,
    ResumeBatch,
    RetryBatch,
    SetBatchJobDueDate,
    SetBatchJobRetries,
    SetBatchJobSuspended,
    SubmitBatch,
    SuspendBatch,
)
from operate.actions.data_search import ConfigureDataPaths, ReindexProcess
from operate.actions.deployments import DeleteDeployment, DeleteProcessDefinition, Deploy
from operate.actions.engine_jobs import (
    DeleteJob,
    ExecuteJob,
    RecalculateJobDueDate,
    SetJobDueDate,
    SetJobSuspended,
)
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
from operate.actions.many import ModifyProcessInstances
from operate.actions.messages import CorrelateMessage, PublishMessage, SignalElement, TriggerMessage
from operate.actions.migration import MigrateProcessInstance
from operate.actions.notes import AddNote, EditNote, RemoveNote
from operate.actions.process_definitions import (
    ActivateProcessDefinition,
    SetHistoryTimeToLive,
    SuspendProcessDefinition,
)
from operate.actions.process_instances import (
    CancelProcessInstance,
    DeleteProcessInstance,
    ModifyProcessInstance,
    ResumeProcessInstance,
    StartProcessInstance,
    SuspendProcessInstance,
)
from operate.actions.restart import RestartProcessInstances
from operate.actions.signals import BroadcastSignal, EvaluateStartConditions
from operate.actions.user_tasks import (
    AssignUserTask,
    CompleteUserTask,
    DelegateUserTask,
    ResolveUserTask,
    ThrowUserTaskError,
    ThrowUserTaskEscalation,
    UpdateUserTask,
)
from operate.actions.variables import DeleteVariables, Edited, EditVariables, SetVariables

__all__ = [
    "Action",
    "ActivateAdHocElements",
    "ActivateJobs",
    "ActivateProcessDefinition",
    "AddNote",
    "AnnotateOperation",
    "AssignUserTask",
    "BroadcastSignal",
    "CancelBatch",
    "CancelProcessInstance",
    "CompleteJob",
    "CompleteUserTask",
    "ConfigureDataPaths",
    "CorrelateMessage",
    "DelegateUserTask",
    "DeleteBatch",
    "DeleteBatchJob",
    "DeleteDeployment",
    "DeleteJob",
    "DeleteProcessDefinition",
    "DeleteProcessInstance",
    "DeleteVariables",
    "Deploy",
    "EditNote",
    "EditVariables",
    "Edited",
    "EvaluateStartConditions",
    "ExecuteBatchJob",
    "ExecuteJob",
    "ExtendLock",
    "FailJob",
    "GoBackToUserTask",
    "LockJob",
    "MigrateProcessInstance",
    "ModifyProcessInstance",
    "ModifyProcessInstances",
    "PublishMessage",
    "RecalculateJobDueDate",
    "ReindexProcess",
    "RemoveNote",
    "ResolveIncident",
    "ResolveUserTask",
    "RestartProcessInstances",
    "ResumeBatch",
    "ResumeProcessInstance",
    "RetryBatch",
    "SetBatchJobDueDate",
    "SetBatchJobRetries",
    "SetBatchJobSuspended",
    "SetHistoryTimeToLive",
    "SetJobDueDate",
    "SetJobSuspended",
    "SetVariables",
    "SignalElement",
    "StartProcessInstance",
    "SubmitBatch",
    "SuspendBatch",
    "SuspendProcessDefinition",
    "SuspendProcessInstance",
    "ThrowJobError",
    "ThrowUserTaskError",
    "ThrowUserTaskEscalation",
    "TriggerMessage",
    "UnlockJob",
    "UpdateJob",
    "UpdateUserTask",
    "request_id_of",
]
