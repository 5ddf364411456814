"""Rows of a plan in modification mode, from the instructions that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from operate.forms.json_values import json_text
from workflow.models import ElementInstance
from workflow.modification import (
    ActivateElement,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    SetScopeVariables,
    StartBefore,
    StartTransition,
    TerminateAll,
    TerminateElementInstance,
)

BY_KEY = CancelElementInstance | CancelTransitionInstance | TerminateElementInstance


def rows_of(instructions: Sequence[Instruction]) -> list[dict[str, Any]] | None:
    """The rows that instructions come from; None if one of them has no such row, or there are none."""
    keys = [each.key for each in instructions if isinstance(each, BY_KEY)]
    elements = dict(ElementInstance.objects.filter(pk__in=keys).values_list("pk", "element_id")) if keys else {}
    rows = [_row_of(instruction, elements) for instruction in instructions]
    found = [row for row in rows if row is not None]
    return found if found and len(found) == len(rows) else None


def _row_of(instruction: Instruction, elements: Mapping[int, str]) -> dict[str, Any] | None:
    """The row of a plan that an instruction comes from; None if there is no such row."""
    match instruction:
        case (
            StartBefore(element_id=element, ancestor_key=ancestor)
            | ActivateElement(element_id=element, ancestor_key=ancestor)
        ):
            return {"kind": "add", "element": element, "ancestor": "" if ancestor is None else str(ancestor)}
        case StartTransition(flow_id=flow, ancestor_key=ancestor):
            return {"kind": "add", "element": flow, "ancestor": "" if ancestor is None else str(ancestor)}
        case CancelElementInstance(key=key) | CancelTransitionInstance(key=key) | TerminateElementInstance(key=key):
            return {"kind": "cancel", "element": elements[key], "key": str(key)} if key in elements else None
        case CancelAll(element_id=element) | TerminateAll(element_id=element):
            return {"kind": "cancel", "element": element}
        case SetScopeVariables(scope_key=key, variables=variables):
            return {"kind": "set", "element": "", "key": str(key), "tokens": 0, "variables": json_text(variables)}
    return None
