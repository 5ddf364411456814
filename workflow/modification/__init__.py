"""Modification of running process instances, one class an instruction."""

from workflow.modification.base import Instruction, Modification, ModificationOptions
from workflow.modification.cancelling import CancelAll, CancelElementInstance, CancelTransitionInstance
from workflow.modification.starting import StartAfter, StartBefore, StartTransition
from workflow.modification.variables import SetScopeVariables
from workflow.modification.zeebe import (
    ActivateElement,
    AncestorChoice,
    AncestorKind,
    MoveElements,
    ScopedVariables,
    TerminateAll,
    TerminateElementInstance,
)

CAMUNDA_7_INSTRUCTIONS = (
    StartBefore,
    StartAfter,
    StartTransition,
    CancelElementInstance,
    CancelTransitionInstance,
    CancelAll,
    SetScopeVariables,
)
ZEEBE_INSTRUCTIONS = (ActivateElement, TerminateElementInstance, TerminateAll, MoveElements, SetScopeVariables)

__all__ = [
    "CAMUNDA_7_INSTRUCTIONS",
    "ZEEBE_INSTRUCTIONS",
    "ActivateElement",
    "AncestorChoice",
    "AncestorKind",
    "CancelAll",
    "CancelElementInstance",
    "CancelTransitionInstance",
    "Instruction",
    "Modification",
    "ModificationOptions",
    "MoveElements",
    "ScopedVariables",
    "SetScopeVariables",
    "StartAfter",
    "StartBefore",
    "StartTransition",
    "TerminateAll",
    "TerminateElementInstance",
]
