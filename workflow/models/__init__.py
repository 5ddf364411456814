"""Tables, indexes, constraints and querysets."""

from workflow.models.data import ProcessDataPath, ProcessDataValue, ProcessSnapshot, Reindexing, TaskKeywords
from workflow.models.definitions import DEFAULT_WORKSPACE, Deployment, ProcessDefinition, Workspace
from workflow.models.instances import (
    BufferedMessage,
    CorrelatedMessage,
    ElementInstance,
    EventSubscription,
    FormerValue,
    Incident,
    Job,
    ProcessInstance,
    SequenceFlowTaken,
    UserTask,
    Variable,
)

__all__ = [
    "DEFAULT_WORKSPACE",
    "BufferedMessage",
    "CorrelatedMessage",
    "Deployment",
    "ElementInstance",
    "EventSubscription",
    "FormerValue",
    "Incident",
    "Job",
    "ProcessDataPath",
    "ProcessDataValue",
    "ProcessDefinition",
    "ProcessInstance",
    "ProcessSnapshot",
    "Reindexing",
    "SequenceFlowTaken",
    "TaskKeywords",
    "UserTask",
    "Variable",
    "Workspace",
]
