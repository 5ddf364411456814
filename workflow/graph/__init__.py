"""The frozen graph of a process."""

from workflow.graph.process import (
    ExecutableProcess,
    FlowDraft,
    FlowNode,
    ListValue,
    MapValue,
    NodeDraft,
    ProcessDraft,
    SequenceFlow,
    ValueSource,
    VariableMapping,
)
from workflow.graph.types import SCOPE_TYPES, ElementType, Semantics

__all__ = [
    "SCOPE_TYPES",
    "ElementType",
    "ExecutableProcess",
    "FlowDraft",
    "FlowNode",
    "ListValue",
    "MapValue",
    "NodeDraft",
    "ProcessDraft",
    "Semantics",
    "SequenceFlow",
    "ValueSource",
    "VariableMapping",
]
