"""Modifying a process instance: activations, moves and terminations in one command."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import ModifyProcessInstance
from operate.api.v2.bodies import Body
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.instances import WHAT, InstanceCommand
from operate.api.v2.schema import KEY, TEXT, VARIABLES, WHOLE, array, enum, record
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    Instruction,
    MoveElements,
    ScopedVariables,
    TerminateAll,
    TerminateElementInstance,
)

NO_ANCESTOR = "-1"
SOURCES = ("byId", "byKey")
ANCESTORS = ("direct", "inferred", "sourceParent")
ANCESTOR_KEY = {**TEXT, "description": "-1, or none: the only active instance of the scope, or a new one."}
SCOPED_VARIABLES = array(record(("variables",), variables=VARIABLES, scopeId=TEXT))


class Modification(InstanceCommand):
    """Apply all instructions to a running process instance, or none of them."""

    command = "MODIFY"
    bodies = {
        "POST": record(
            activateInstructions=array(
                record(
                    ("elementId",),
                    elementId=TEXT,
                    ancestorElementInstanceKey=ANCESTOR_KEY,
                    variableInstructions=SCOPED_VARIABLES,
                )
            ),
            moveInstructions=array(
                record(
                    ("sourceElementInstruction", "targetElementId"),
                    sourceElementInstruction=record(
                        ("sourceType",), sourceType=enum(*SOURCES), sourceElementId=TEXT, sourceElementInstanceKey=KEY
                    ),
                    targetElementId=TEXT,
                    ancestorScopeInstruction=record(
                        ("ancestorScopeType",),
                        ancestorScopeType=enum(*ANCESTORS),
                        ancestorElementInstanceKey=ANCESTOR_KEY,
                    ),
                    variableInstructions=SCOPED_VARIABLES,
                )
            ),
            terminateInstructions=array(record(elementInstanceKey=KEY, elementId=TEXT)),
            operationReference=WHOLE,
        )
    }

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        self.act(ModifyProcessInstance).execute(self.key(key, WHAT), instructions(body))
        return self.done()


def instructions(body: Body) -> list[Instruction]:
    """The instructions of a modification, activations first, as the engine applies them."""
    return [
        *(_activation(part) for part in body.bodies("activateInstructions")),
        *(_move(part) for part in body.bodies("moveInstructions")),
        *(_termination(part) for part in body.bodies("terminateInstructions")),
    ]


def _activation(part: Body) -> Instruction:
    return ActivateElement(part.name("elementId"), _ancestor(part), _variables(part))


def _ancestor(part: Body) -> int | None:
    name = "ancestorElementInstanceKey"
    if name not in part or str(part.raw(name)) == NO_ANCESTOR:
        return None
    found: int = part.key(name)
    return found


def _variables(part: Body) -> tuple[ScopedVariables, ...]:
    return tuple(
        ScopedVariables(each.object("variables"), each.text("scopeId", None) or None)
        for each in part.bodies("variableInstructions")
    )


def _termination(part: Body) -> Instruction:
    if "elementInstanceKey" not in part:
        return TerminateAll(part.name("elementId"))
    if "elementId" in part:
        raise InvalidArgument(
            f"Expected only one of {part.at('elementInstanceKey')} and {part.at('elementId')}, found both."
        )
    return TerminateElementInstance(part.key("elementInstanceKey"))


def _move(part: Body) -> Instruction:
    source = part.body("sourceElementInstruction")
    kind = source.name("sourceType")
    if kind not in SOURCES:
        raise InvalidArgument(f"Expected {source.at('sourceType')} to be {' or '.join(SOURCES)}, found '{kind}'.")
    return MoveElements(
        part.name("targetElementId"),
        source_element_id=source.name("sourceElementId") if kind == "byId" else None,
        source_key=source.key("sourceElementInstanceKey") if kind == "byKey" else None,
        ancestor=_ancestor_choice(part.body("ancestorScopeInstruction")),
        variables=_variables(part),
    )


def _ancestor_choice(part: Body) -> AncestorChoice:
    kind = part.text("ancestorScopeType", "direct")
    match kind:
        case "direct":
            return AncestorChoice.direct(_ancestor(part))
        case "inferred":
            return AncestorChoice.inferred()
        case "sourceParent":
            return AncestorChoice.source_parent()
    known = ", ".join(ANCESTORS)
    raise InvalidArgument(f"Expected {part.at('ancestorScopeType')} to be one of {known}, found '{kind[:80]}'.")
