"""A plan as a call of the public API that does the same: Camunda 7's or Camunda 8's, whose words the plan has.

What a dialect cannot say is told (`leaves_out`), not dropped in silence.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from operate.plans.json_form import plain
from operate.plans.plan import Plan
from workflow.engine.state import OPEN_STATES
from workflow.engine.values import TypedValue, Variables
from workflow.graph import ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, ProcessInstance
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    AncestorKind,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    MoveElements,
    ScopedVariables,
    SetScopeVariables,
    StartAfter,
    StartBefore,
    StartTransition,
    TerminateAll,
    TerminateElementInstance,
)
from workflow.persistence.definitions import executable_process

INSTANCE = "$PROCESS_INSTANCE"
ADDRESSES = {
    Semantics.CAMUNDA_7: "/engine-rest/process-instance/{}/modification",
    Semantics.ZEEBE: "/v2/process-instances/{}/modification",
}
JSON_TYPES = ("Json", "Object")


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, and the same as a command of a shell.

    The shell's variables `FETTLE_URL`, `FETTLE_USER` and `FETTLE_PASSWORD` stand for what is not known here, and
    `PROCESS_INSTANCE` where the plan is for any.
    """

    api: str
    method: str
    path: str
    body: Mapping[str, Any]
    curl: str
    leaves_out: Sequence[str]


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A row of one process instance that an instruction names, so that it means nothing in another instance."""

    instruction: int
    field: str
    key: int
    element_id: str | None


def call_for(plan: Plan, process_instance_key: int | None = None) -> Call:
    """The call that applies the plan; Rejected where it has instructions of both semantics, or none."""
    semantics = plan.semantics()
    path = ADDRESSES[semantics].format(INSTANCE if process_instance_key is None else process_instance_key)
    body = _camunda7(plan) if semantics is Semantics.CAMUNDA_7 else _camunda8(plan)
    return Call(semantics.value, "POST", path, body, _curl(path, body), _left_out(plan, semantics))


def _curl(path: str, body: Mapping[str, Any]) -> str:
    text = json.dumps(body, ensure_ascii=False)
    return (
        "curl --fail-with-body --user \"$FETTLE_USER:$FETTLE_PASSWORD\" --header 'Content-Type: application/json' "
        f'--request POST "$FETTLE_URL{path}" --data-raw {shlex.quote(text)}'
    )


def _left_out(plan: Plan, semantics: Semantics) -> list[str]:
    found = []
    if plan.expected_revision is not None:
        found.append(
            "'expected_revision': neither Camunda API knows revisions; the call is applied to whatever it finds."
        )
    if semantics is Semantics.ZEEBE:
        skips = [name for name in ("skip_io_mappings", "skip_listeners") if getattr(plan, name)]
        found += [f"'{name}': Camunda 8's API cannot skip anything; the call does not." for name in skips]
        found += _reordered(plan.instructions)
    else:
        found += _hidden_variables(plan.instructions)
    return found + _scope_variables(plan.instructions)


def _scope_variables(instructions: Sequence[Instruction]) -> list[str]:
    """Camunda's modifications set variables of what they start, and of nothing that runs."""
    return [
        f"'instructions[{position}]': Camunda's API sets no variables of a running scope in a modification; set them before it."
        for position, each in enumerate(instructions)
        if isinstance(each, SetScopeVariables)
    ]


def _reordered(instructions: Sequence[Instruction]) -> list[str]:
    """Camunda 8's body has a list for each kind; the order between kinds is lost."""
    seen_move = False
    for each in instructions:
        if isinstance(each, ActivateElement) and seen_move:
            return [
                "The order: Camunda 8's API makes all activations before the moves; the plan has a move before one."
            ]
        seen_move = seen_move or isinstance(each, MoveElements)
    return []


def _hidden_variables(instructions: Sequence[Instruction]) -> list[str]:
    """Camunda 7's body has one variable of each name."""
    found = []
    for position, each in enumerate(instructions):
        if isinstance(each, StartBefore | StartAfter | StartTransition):
            both = each.variables.keys() & each.local_variables.keys()
            found += [
                f"'instructions[{position}].variables.{name}': Camunda 7's API has one variable of each name in an "
                "instruction; the local one is in the call."
                for name in sorted(both)
            ]
    return found


# ---- Camunda 7


def _camunda7(plan: Plan) -> dict[str, Any]:
    skips = {"skipIoMappings": plan.skip_io_mappings, "skipCustomListeners": plan.skip_listeners}
    return {
        "instructions": [
            _camunda7_instruction(each) for each in plan.instructions if not isinstance(each, SetScopeVariables)
        ],
        **{name: True for name, is_on in skips.items() if is_on},
    }


def _camunda7_instruction(each: Instruction) -> dict[str, Any]:
    match each:
        case StartBefore():
            return {"type": "startBeforeActivity", "activityId": each.element_id, **_camunda7_start(each)}
        case StartAfter():
            return {"type": "startAfterActivity", "activityId": each.element_id, **_camunda7_start(each)}
        case StartTransition():
            return {"type": "startTransition", "transitionId": each.flow_id, **_camunda7_start(each)}
        case CancelAll():
            only = {"cancelCurrentActiveActivityInstances": True} if each.only_current else {}
            return {"type": "cancel", "activityId": each.element_id, **only}
        case CancelElementInstance():
            return {"type": "cancel", "activityInstanceId": str(each.key)}
        case CancelTransitionInstance():
            return {"type": "cancel", "transitionInstanceId": str(each.key)}
    raise TypeError(f"Camunda 7 has no {type(each).__name__}")


def _camunda7_start(each: StartBefore | StartAfter | StartTransition) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if each.ancestor_key is not None:
        found["ancestorActivityInstanceId"] = str(each.ancestor_key)
    variables = {name: _camunda7_value(value) for name, value in each.variables.items()}
    variables |= {name: {**_camunda7_value(value), "local": True} for name, value in each.local_variables.items()}
    return {**found, "variables": variables} if variables else found


def _camunda7_value(value: object) -> dict[str, Any]:
    if not isinstance(value, TypedValue):
        return {"value": value}
    text = value.type in JSON_TYPES and value.value is not None
    return {"value": json.dumps(value.value, ensure_ascii=False) if text else value.value, "type": value.type}


# ---- Camunda 8


def _camunda8(plan: Plan) -> dict[str, Any]:
    body: dict[str, list[dict[str, Any]]] = {}
    for each in plan.instructions:
        match each:
            case ActivateElement():
                part = {"elementId": each.element_id, **_camunda8_ancestor(each.ancestor_key)}
                body.setdefault("activateInstructions", []).append(part | _camunda8_variables(each.variables))
            case MoveElements():
                body.setdefault("moveInstructions", []).append(_camunda8_move(each))
            case TerminateElementInstance():
                body.setdefault("terminateInstructions", []).append({"elementInstanceKey": str(each.key)})
            case TerminateAll():
                body.setdefault("terminateInstructions", []).append({"elementId": each.element_id})
            case SetScopeVariables():
                pass
            case _:
                raise TypeError(f"Camunda 8 has no {type(each).__name__}")
    return body


def _camunda8_ancestor(key: int | None) -> dict[str, Any]:
    return {} if key is None else {"ancestorElementInstanceKey": str(key)}


def _camunda8_variables(parts: Sequence[ScopedVariables]) -> dict[str, Any]:
    told = [_camunda8_scope(part) for part in parts]
    return {"variableInstructions": told} if told else {}


def _camunda8_scope(part: ScopedVariables) -> dict[str, Any]:
    scope = {} if part.scope_id is None else {"scopeId": part.scope_id}
    return {"variables": _plain(part.values), **scope}


def _plain(variables: Variables) -> dict[str, object]:
    return {name: plain(value) for name, value in variables.items()}


def _camunda8_move(each: MoveElements) -> dict[str, Any]:
    source = (
        {"sourceType": "byKey", "sourceElementInstanceKey": str(each.source_key)}
        if each.source_key is not None
        else {"sourceType": "byId", "sourceElementId": each.source_element_id}
    )
    ancestor = {"ancestorScopeType": each.ancestor.kind.value, **_camunda8_ancestor(each.ancestor.key)}
    return {
        "sourceElementInstruction": source,
        "targetElementId": each.target_element_id,
        "ancestorScopeInstruction": ancestor,
        **_camunda8_variables(each.variables),
    }


# ---- for another process instance


def named_keys(plan: Plan, elements: Mapping[int, str]) -> list[NamedKey]:
    """The keys that the instructions name, with the elements that they are of, if those are open."""
    return [
        NamedKey(position, name, key, elements.get(key))
        for position, each in enumerate(plan.instructions)
        for name, key in _keys(each)
    ]


def _keys(each: Instruction) -> list[tuple[str, int]]:
    match each:
        case CancelElementInstance() | CancelTransitionInstance() | TerminateElementInstance():
            return [("key", each.key)]
        case StartBefore() | StartAfter() | StartTransition() | ActivateElement():
            found = [("ancestor_key", each.ancestor_key)]
        case SetScopeVariables():
            return [("scope_key", each.scope_key)]
        case MoveElements():
            found = [("source_key", each.source_key), ("ancestor.key", each.ancestor.key)]
        case _:
            found = []
    return [(name, key) for name, key in found if key is not None]


@dataclass(frozen=True, slots=True)
class Running:
    """The open element instances of the process instance that a plan was made on: key to element id."""

    process: ExecutableProcess
    process_instance_key: int
    elements: Mapping[int, str]

    @classmethod
    def of(cls, instance: ProcessInstance) -> Self:
        """Read them."""
        rows = ElementInstance.objects.filter(process_instance=instance.key, state__in=OPEN_STATES)
        elements = dict(rows.values_list("key", "element_id"))
        return cls(executable_process(instance.definition_key), instance.key, elements)

    def only_one(self, key: int) -> str | None:
        """The element of which this is the only open instance; None if it has others, or is none."""
        element_id = self.elements.get(key)
        if element_id is None or list(self.elements.values()).count(element_id) != 1:
            return None
        return element_id

    def is_nearest_scope(self, key: int, element: FlowNode | None) -> bool:
        """Whether a token at the element would go to this scope instance anyway, without naming it."""
        for scope in element.flow_scopes() if element is not None else ():
            if scope.flow_scope is None:
                return key == self.process_instance_key
            running = [each for each, element_id in self.elements.items() if element_id == scope.id]
            if running:
                return running == [key]
        return False


def reusable(plan: Plan, running: Running) -> Plan:
    """The plan with elements instead of keys wherever that means the same on the process instance it was made on.

    The revision is of that instance, so it goes. What still names keys is told by `named_keys`.
    """
    instructions = tuple(_without_keys(each, running) for each in plan.instructions)
    return replace(plan, instructions=instructions, expected_revision=None)


def _without_keys(each: Instruction, running: Running) -> Instruction:
    elements = running.process.elements
    match each:
        case CancelElementInstance() | CancelTransitionInstance():
            element_id = running.only_one(each.key)
            return each if element_id is None else CancelAll(element_id, only_current=True)
        case TerminateElementInstance():
            element_id = _drawn(running, each.key)
            return each if element_id is None else TerminateAll(element_id)
        case StartBefore():
            return _without_ancestor(each, _event_sub_process_of(elements.get(each.element_id)), running)
        case StartAfter():
            return _without_ancestor(each, elements.get(each.element_id), running)
        case StartTransition():
            flow = running.process.flows.get(each.flow_id)
            return _without_ancestor(each, None if flow is None else flow.source, running)
        case ActivateElement():
            return _without_ancestor(each, _body_of(elements.get(each.element_id)), running)
        case MoveElements():
            return _move_without_keys(each, running)
    return each


def _drawn(running: Running, key: int) -> str | None:
    """The element of the only open instance with this key, unless its id would mean the multi-instance around it."""
    element_id = running.only_one(key)
    element = running.process.elements.get(element_id or "")
    return None if element is None or element.body is not None else element_id


Started = StartBefore | StartAfter | StartTransition | ActivateElement


def _without_ancestor(each: Started, element: FlowNode | None, running: Running) -> Instruction:
    key = each.ancestor_key
    return replace(each, ancestor_key=None) if key is not None and running.is_nearest_scope(key, element) else each


def _move_without_keys(each: MoveElements, running: Running) -> Instruction:
    element_id = _drawn(running, each.source_key) if each.source_key is not None else None
    if element_id is not None:
        each = replace(each, source_element_id=element_id, source_key=None)
    key = each.ancestor.key
    target = _body_of(running.process.elements.get(each.target_element_id))
    is_direct = each.ancestor.kind is AncestorKind.DIRECT and key is not None
    if is_direct and running.is_nearest_scope(key or 0, target):
        each = replace(each, ancestor=AncestorChoice.direct())
    return each


def _body_of(element: FlowNode | None) -> FlowNode | None:
    return element if element is None else element.body or element


def _event_sub_process_of(element: FlowNode | None) -> FlowNode | None:
    """Starting the start event of an event sub-process starts that one."""
    scope = element.flow_scope if element is not None else None
    if element is None or scope is None or element.type is not ElementType.START_EVENT:
        return element
    return scope if scope.type is ElementType.EVENT_SUB_PROCESS else element


__all__ = ["Call", "NamedKey", "Running", "call_for", "named_keys", "reusable"]
