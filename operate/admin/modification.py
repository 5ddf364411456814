"""The modification mode: what each element allows and why not, and plans turned into instructions.

The pages know no rule of either semantics; they show what is answered here, and the engine has the last word.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min

from operate.admin.wording import element_icon, element_type
from workflow.engine.errors import Rejected
from workflow.graph import ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, ProcessInstance
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    Instruction,
    MoveElements,
    ScopedVariables,
    StartBefore,
    TerminateAll,
    TerminateElementInstance,
)
from workflow.modification.zeebe import NOT_ACTIVATABLE
from workflow.persistence.definitions import executable_process

OPEN = ("ACTIVATING", "ACTIVE", "COMPLETING")
LISTED = 200
"""More instances of an element, or more scopes to choose from, are not listed one by one."""


@dataclass(frozen=True, slots=True)
class Running:
    """The running element instances of one process instance."""

    total: Mapping[str, int]
    listed: Mapping[str, Sequence[ElementInstance]]

    @classmethod
    def of(cls, instance: ProcessInstance) -> Running:
        rows = ElementInstance.objects.filter(process_instance=instance.key, state__in=OPEN)
        counted = rows.order_by().values("element_id").annotate(total=Count("key"), first=Min("key"))
        listed: dict[str, list[ElementInstance]] = defaultdict(list)
        for row in rows.order_by("key")[: 10 * LISTED]:
            if len(listed[row.element_id]) < LISTED:
                listed[row.element_id].append(row)
        return cls({row["element_id"]: row["total"] for row in counted}, listed)


def element_operations(instance: ProcessInstance) -> dict[str, Any]:
    """For each element what can be done with it, and where not, why."""
    process = executable_process(instance.definition_key)
    running = Running.of(instance)
    elements = [element for element in process.elements.values() if element.flow_scope is not None]
    return {
        "revision": str(instance.revision),
        "semantics": process.semantics.value,
        "process": {"id": process.id, "name": process.name or process.id},
        "elements": {element.id: _element(process, element, running, instance) for element in elements},
    }


def _element(
    process: ExecutableProcess, element: FlowNode, running: Running, instance: ProcessInstance
) -> dict[str, Any]:
    total = running.total.get(element.id, 0)
    name = element.name or f"{element_type(element.type)} ({element.id})"
    no_token = "" if total else f"'{name}' has no running instance."
    add = why_not_add(process, element)
    return {
        "id": element.id,
        "name": name,
        "type": element_type(element.type),
        "icon": element_icon(element.type),
        "parent": element.flow_scope.id if element.flow_scope and element.flow_scope.flow_scope else "",
        "running": total,
        "instances": [
            {"key": str(row.key), "scope": str(row.flow_scope_key)} for row in running.listed.get(element.id, ())
        ],
        "operations": {
            "add": {"why": add},
            "cancel": {"why": no_token},
            "move": {"why": no_token or why_not_move_from(element)},
            "target": {"why": add},
        },
        "ancestors": _ancestors(process, element, running, instance),
        "scopes": _variable_scopes(process, element),
    }


def why_not_add(process: ExecutableProcess, element: FlowNode) -> str:
    """Why no token can be started at this element; empty if one can."""
    if process.semantics is Semantics.ZEEBE and element.type in NOT_ACTIVATABLE:
        return f"With Camunda 8 semantics a {element_type(element.type).lower()} cannot be activated. Choose the element after it."
    return ""


def why_not_move_from(element: FlowNode) -> str:
    """Why the tokens of this element cannot be moved elsewhere; empty if they can."""
    if element.type is ElementType.SUB_PROCESS:
        return "A sub-process itself cannot be moved: cancel it and add a token, or move what is active inside."
    return ""


def _ancestors(
    process: ExecutableProcess, element: FlowNode, running: Running, instance: ProcessInstance
) -> list[dict[str, str]]:
    """The scope instances to choose from, where more than one of them runs."""
    for scope in element.flow_scopes():
        if scope.flow_scope is None or running.total.get(scope.id, 0) == 1:
            return []
        if running.total.get(scope.id, 0) > 1:
            label = scope.name or scope.id
            return [{"key": str(row.key), "label": f"{label} {row.key}"} for row in running.listed[scope.id]]
    return []


def _variable_scopes(process: ExecutableProcess, element: FlowNode) -> list[dict[str, str]]:
    """Where the variables of a new token can go."""
    name = element.name or element.id
    scopes = [{"id": "", "label": "Process instance"}]
    if process.semantics is Semantics.CAMUNDA_7:
        return [*scopes, {"id": element.id, "label": f"Local to the new '{name}'"}]
    around = [scope for scope in element.flow_scopes() if scope.flow_scope is not None]
    return [
        *scopes,
        *({"id": scope.id, "label": f"Local to '{scope.name or scope.id}'"} for scope in reversed(around)),
        {"id": element.id, "label": f"Local to the new '{name}'"},
    ]


# -- plans


@dataclass(frozen=True, slots=True)
class Plan:
    """Instructions, and for each the row of the plan that it came from."""

    instructions: tuple[Instruction, ...]
    rows: tuple[int, ...]

    def row_of(self, instruction: int | None) -> int | None:
        """The row of the plan that an instruction belongs to."""
        if instruction is None or not 0 <= instruction < len(self.rows):
            return None
        return self.rows[instruction]


def read_plan(instance: ProcessInstance, rows: Sequence[Mapping[str, Any]]) -> Plan:
    """Turn a plan of the modification mode into the instructions of the definition's semantics.

    In Camunda 7 semantics the order matters: everything starts before anything is canceled, so that a scope which gains
    a token does not end in between.
    """
    if not isinstance(rows, list) or not rows:
        raise Rejected("Expected a plan with at least one row, but it is empty.")
    process = executable_process(instance.definition_key)
    reader = _zeebe if process.semantics is Semantics.ZEEBE else _camunda_7
    starts: list[tuple[int, Instruction]] = []
    cancels: list[tuple[int, Instruction]] = []
    for number, row in enumerate(rows):
        first, last = reader(process, _Row.read(instance.key, number, row))
        starts += [(number, instruction) for instruction in first]
        cancels += [(number, instruction) for instruction in last]
    ordered = [*starts, *cancels]
    return Plan(tuple(each for _row, each in ordered), tuple(row for row, _each in ordered))


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a plan."""

    process_instance_key: int
    number: int
    kind: str
    element: str
    target: str
    key: int | None
    ancestor: int | None
    variables: dict[str, Any]
    scope: str

    @classmethod
    def read(cls, process_instance_key: int, number: int, row: Mapping[str, Any]) -> _Row:
        try:
            text = row.get("variables") or "{}"
            variables = json.loads(text)
            if not isinstance(variables, dict):
                raise ValueError("the variables are not a JSON object")
            return cls(
                process_instance_key,
                number,
                str(row["kind"]),
                str(row["element"]),
                str(row.get("target") or ""),
                int(row["key"]) if row.get("key") else None,
                int(row["ancestor"]) if row.get("ancestor") else None,
                variables,
                str(row.get("scope") or ""),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Rejected(f"Row {number + 1} of the plan cannot be read: {error}.") from error


Both = tuple[list[Instruction], list[Instruction]]


def _camunda_7(process: ExecutableProcess, row: _Row) -> Both:
    match row.kind:
        case "add":
            return [_start_before(row, row.element, row.ancestor)], []
        case "cancel":
            return [], [_cancel(row)]
        case "move":
            return [_start_before(row, row.target, ancestor) for ancestor in _ancestors_of_move(process, row)], [
                _cancel(row)
            ]
    raise _unknown(row)


def _start_before(row: _Row, element: str, ancestor: int | None) -> StartBefore:
    local = bool(row.scope)
    return StartBefore(
        element,
        ancestor_key=ancestor,
        variables={} if local else row.variables,
        local_variables=row.variables if local else {},
    )


def _cancel(row: _Row) -> Instruction:
    return CancelElementInstance(row.key) if row.key is not None else CancelAll(row.element, only_current=True)


def _ancestors_of_move(process: ExecutableProcess, row: _Row) -> list[int | None]:
    """The scope for each token that is moved: a move inside one scope stays in that scope's instance."""
    source, target = process.elements.get(row.element), process.elements.get(row.target)
    moved = ElementInstance.objects.filter(
        process_instance=row.process_instance_key, state__in=OPEN, element_id=row.element
    )
    if row.key is not None:
        moved = moved.filter(pk=row.key)
    scopes = list(moved.order_by("key").values_list("flow_scope_key", flat=True))
    if not scopes:
        raise Rejected(
            f"Row {row.number + 1} of the plan: expected running instances of '{row.element}', but there are none."
        )
    stays = source is not None and target is not None and source.flow_scope is target.flow_scope
    if row.ancestor is None and stays and source is not None and source.flow_scope is not process.root:
        return list(scopes)
    return [row.ancestor] * len(scopes)


def _zeebe(process: ExecutableProcess, row: _Row) -> Both:
    variables = (ScopedVariables(row.variables, row.scope or None),) if row.variables else ()
    match row.kind:
        case "add":
            return [ActivateElement(row.element, ancestor_key=row.ancestor, variables=variables)], []
        case "cancel":
            one = row.key is not None
            return [], [TerminateElementInstance(row.key) if one else TerminateAll(row.element)]  # type: ignore[arg-type]
        case "move":
            return [_move(process, row, variables)], []
    raise _unknown(row)


def _move(process: ExecutableProcess, row: _Row, variables: tuple[ScopedVariables, ...]) -> MoveElements:
    source, target = process.elements.get(row.element), process.elements.get(row.target)
    stays = source is not None and target is not None and source.flow_scope is target.flow_scope
    ancestor = AncestorChoice.direct(row.ancestor)
    if row.ancestor is None and stays:
        ancestor = AncestorChoice.source_parent()
    return MoveElements(
        row.target,
        source_element_id=None if row.key is not None else row.element,
        source_key=row.key,
        ancestor=ancestor,
        variables=variables,
    )


def _unknown(row: _Row) -> Rejected:
    return Rejected(f"Row {row.number + 1} of the plan: expected 'add', 'cancel' or 'move', found '{row.kind}'.")
