"""Process instances: creating, finding, canceling, suspending, modifying."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import (
    CancelProcessInstance,
    DeleteProcessInstance,
    ModifyProcessInstance,
    ResumeProcessInstance,
    StartProcessInstance,
    SuspendProcessInstance,
)
from operate.api.v2.base import V2View, key_text, one
from operate.api.v2.bodies import Body, kind_of
from operate.api.v2.elements import STATES, statistics
from operate.api.v2.errors import InvalidArgument, TooLate
from operate.api.v2.search import Field, Kind, Search, condition
from operate.api.waiting import wait_for
from workflow.engine.errors import Conflict, NotFound
from workflow.models import ElementInstance, Incident, Job, ProcessDefinition, ProcessInstance, Variable
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    Instruction,
    MoveElements,
    ScopedVariables,
    TerminateAll,
    TerminateElementInstance,
)
from workflow.services import Outcome

TAG = "Process instance"
WHAT = "a process instance"
NO_ANCESTOR = "-1"
DEFAULT_WAIT = timedelta(seconds=10)
INSTANCE_STATES = {
    "ACTIVE": Q(state="ACTIVE", suspended=False),
    "SUSPENDED": Q(state="ACTIVE", suspended=True),
    "COMPLETED": Q(state="COMPLETED"),
    "TERMINATED": Q(state="CANCELED"),
}


def instance_state(row: Mapping[str, Any]) -> str:
    """The state as this API tells it."""
    if row["state"] == "ACTIVE" and row["suspended"]:
        return "SUSPENDED"
    return "TERMINATED" if row["state"] == "CANCELED" else str(row["state"])


class ProcessInstanceSearch(Search):
    """POST /process-instances/search"""

    tag = TAG
    fields = (
        Field("processInstanceKey", "key", Kind.KEY),
        Field("processDefinitionId", "process_id"),
        Field("processDefinitionName", "definition__name", render=lambda row: row["definition__name"] or None),
        Field("processDefinitionVersion", "version", Kind.WHOLE),
        Field("processDefinitionVersionTag", "definition__version_tag",
              render=lambda row: row["definition__version_tag"] or None),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("parentProcessInstanceKey", "parent_process_instance_key", Kind.KEY),
        Field("parentElementInstanceKey", "parent_element_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("startDate", "started_at", Kind.DATE),
        Field("endDate", "ended_at", Kind.DATE),
        Field("state", "state", Kind.CHOICE, choices=INSTANCE_STATES, needs=("state", "suspended"), render=instance_state),
        Field("suspendedDate", sort=False, filter=False, render=lambda row: None),
        Field("hasIncident", "open_incidents", Kind.FLAG, flag=Q(open_incidents__gt=0),
              render=lambda row: row["open_incidents"] > 0),
        Field("tenantId", "workspace__slug"),
        Field("tags", sort=False, filter=False, needs=("tags",), render=lambda row: row["tags"]),
        Field("businessId", "business_key"),
    )  # fmt: skip
    own_filters = (
        "variables",
        "errorMessage",
        "hasRetriesLeft",
        "elementId",
        "elementInstanceState",
        "hasElementInstanceIncident",
        "tags",
    )

    def rows(self) -> QuerySet[ProcessInstance]:
        return self.visible(ProcessInstance.objects.all())

    def own_filter(self, name: str, value: Any, path: str) -> Q:
        match name:
            case "variables":
                return self._variables(value, path)
            case "errorMessage":
                field = Field(name, "message")
                incidents = Incident.objects.filter(process_instance=OuterRef("pk"), state="ACTIVE")
                return Q(Exists(incidents.filter(condition(field, value, path))))
            case "hasRetriesLeft":
                failed = Job.objects.filter(process_instance=OuterRef("pk"), state="FAILED", retries__gt=0)
                return self._flag(Q(Exists(failed)), value, path)
            case "elementId":
                rows = self._elements().filter(condition(Field(name, "element_id"), value, path))
                return Q(Exists(rows))
            case "elementInstanceState":
                rows = self._elements().filter(condition(Field(name, kind=Kind.CHOICE, choices=STATES), value, path))
                return Q(Exists(rows))
            case "hasElementInstanceIncident":
                incidents = Incident.objects.filter(process_instance=OuterRef("pk"), state="ACTIVE")
                return self._flag(Q(Exists(incidents)), value, path)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise InvalidArgument(f"Expected '{path}' to be a list of strings, found {kind_of(value)}.")
        return Q(tags__contains=value)

    @staticmethod
    def _elements() -> QuerySet[ElementInstance]:
        return ElementInstance.objects.filter(process_instance=OuterRef("pk"))

    @staticmethod
    def _flag(demanded: Q, value: object, path: str) -> Q:
        if not isinstance(value, bool):
            raise InvalidArgument(f"Expected '{path}' to be true or false, found {kind_of(value)}.")
        return demanded if value else ~demanded

    def _variables(self, value: object, path: str) -> Q:
        if not isinstance(value, list):
            raise InvalidArgument(f"Expected '{path}' to be a list, found {kind_of(value)}.")
        found = Q()
        for position, each in enumerate(value):
            part = Body(each, f"{path}[{position}]")
            rows = Variable.objects.filter(scope_key=OuterRef("pk"), name=part.name("name"))
            found &= Q(Exists(rows.filter(variable_condition(part.raw("value"), part.at("value")))))
        return found


def variable_condition(value: object, path: str) -> Q:
    """What a filter on a serialized value demands: JSON text, or operators over JSON texts."""
    if isinstance(value, str):
        return _equals_json(value, path)
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"Expected {path} to be the serialized value (a string), found {kind_of(value)}.")
    found = Q()
    for operator, operand in value.items():
        match operator:
            case "$eq":
                found &= _equals_json(operand, path)
            case "$neq":
                found &= ~_equals_json(operand, path)
            case "$exists":
                found &= Q() if operand else Q(pk__in=[])
            case "$in" if isinstance(operand, list):
                among = Q(pk__in=[])
                for each in operand:
                    among |= _equals_json(each, path)
                found &= among
            case _:
                raise InvalidArgument(f"Expected the operators of {path} to be among $eq, $neq, $exists, $in.")
    return found


def _equals_json(text: object, path: str) -> Q:
    try:
        return Q(value=json.loads(text)) if isinstance(text, str) else _not_serialized(path)
    except ValueError:
        return _not_serialized(path)


def _not_serialized(path: str) -> Q:
    raise InvalidArgument(f'Expected {path} to be a value serialized as JSON, such as "\\"text\\"" for a string.')


class ProcessInstances(V2View):
    """POST /process-instances: create one."""

    tag = TAG
    command = "CREATE"

    def post(self, request: Request) -> Response:
        body = self.body()
        definition = self._definition(body)
        if body.bodies("runtimeInstructions"):
            raise InvalidArgument("'runtimeInstructions' are not supported yet.")
        outcome = self.act(StartProcessInstance).execute(
            definition.key,
            variables=body.object("variables", {}),
            business_key=body.text("businessId", None),
            instructions=[ActivateElement(part.name("elementId")) for part in body.bodies("startInstructions")],
            tags=body.texts("tags", []),
        )
        variables = self._awaited(outcome, body) if body.flag("awaitCompletion", default=False) else {}
        return Response(
            {
                "processDefinitionId": definition.process_id,
                "processDefinitionVersion": definition.version,
                "processDefinitionKey": key_text(definition.key),
                "processInstanceKey": key_text(outcome.process_instance_key),
                "tenantId": definition.workspace.slug,
                "variables": variables,
                "tags": body.texts("tags", []),
                "businessId": outcome.business_key,
            }
        )

    def _definition(self, body: Body) -> ProcessDefinition:
        rows = self.visible(ProcessDefinition.objects.select_related("workspace"))
        if "processDefinitionKey" in body:
            return one(rows, str(body.key("processDefinitionKey")), "a process definition")
        process_id = body.name("processDefinitionId")
        rows = rows.filter(process_id=process_id, workspace=self.workspace(body))
        version = body.whole("processDefinitionVersion", -1)
        if "processDefinitionVersionTag" in body:
            tag = body.name("processDefinitionVersionTag")
            found, asked = rows.filter(version_tag=tag).order_by("-version").first(), f" with version tag '{tag}'"
        elif version == -1:
            found, asked = rows.filter(is_latest=True).first(), ""
        else:
            found, asked = rows.filter(version=version).first(), f" with version '{version}'"
        if found is None:
            raise NotFound(
                f"Expected to find process definition with process ID '{process_id}'{asked}, but none found."
            )
        return found

    def _awaited(self, outcome: Outcome, body: Body) -> dict[str, Any]:
        wait = body.milliseconds("requestTimeout", None) or DEFAULT_WAIT
        rows = ProcessInstance.objects.filter(pk=outcome.process_instance_key).exclude(state="ACTIVE")
        if not wait_for(rows.exists, timeout=wait):
            raise TooLate(
                f"Process instance '{outcome.process_instance_key}' was started, but did not complete within "
                f"{wait / timedelta(milliseconds=1):.0f} ms."
            )
        names = body.texts("fetchVariables", None)
        variables = Variable.objects.filter(scope_key=outcome.process_instance_key)
        if names:
            variables = variables.filter(name__in=names)
        return dict(variables.values_list("name", "value"))


class ProcessInstanceView(V2View):
    """GET /process-instances/{key}"""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        number = self.key(key, WHAT)
        found = ProcessInstanceSearch.item(self.visible(ProcessInstance.objects.all()), number)
        if found is None:
            raise NotFound(f"Expected to find a process instance with key '{key}', but there is none.")
        return Response(found)


class Cancellation(V2View):
    """POST /process-instances/{key}/cancellation"""

    tag = TAG
    command = "CANCEL"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        number = self.key(key, WHAT)
        self._refuse_called(number)
        self.act(CancelProcessInstance).execute(number)
        return self.done()

    def _refuse_called(self, key: int) -> None:
        """Only the root of a call hierarchy can be canceled; its parent would wait forever."""
        row = self.visible(ProcessInstance.objects.all()).filter(pk=key).first()
        if row is not None and row.parent_process_instance_key is not None:
            raise Conflict(
                f"Expected to cancel a process instance with key '{key}', but it is created by a parent process instance. "
                f"Cancel the root process instance '{row.root_process_instance_key}' instead."
            )


class Suspension(V2View):
    """POST /process-instances/{key}/suspension"""

    tag = TAG
    command = "SUSPEND"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        self.act(SuspendProcessInstance).execute(self.key(key, WHAT))
        return self.done()


class Resumption(V2View):
    """POST /process-instances/{key}/resumption"""

    tag = TAG
    command = "RESUME"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        self.act(ResumeProcessInstance).execute(self.key(key, WHAT))
        return self.done()


class Deletion(V2View):
    """POST /process-instances/{key}/deletion: the history of an ended instance."""

    tag = TAG
    command = "DELETE"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        self.act(DeleteProcessInstance).execute(self.key(key, WHAT))
        return self.done()


class ModificationView(V2View):
    """POST /process-instances/{key}/modification: all instructions, or none."""

    tag = TAG
    command = "MODIFY"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        self.act(ModifyProcessInstance).execute(self.key(key, WHAT), instructions(self.body()))
        return self.done()


def instructions(body: Body) -> list[Instruction]:
    """The instructions of a modification: activations, moves, terminations."""
    return [
        *(_activation(part) for part in body.bodies("activateInstructions")),
        *(_move(part) for part in body.bodies("moveInstructions")),
        *(_termination(part) for part in body.bodies("terminateInstructions")),
    ]


def _activation(part: Body) -> Instruction:
    return ActivateElement(part.name("elementId"), _ancestor(part), _variables(part))


def _ancestor(part: Body) -> int | None:
    name = "ancestorElementInstanceKey"
    if str(part.raw(name)) in (NO_ANCESTOR, "None"):
        return None
    found: int = part.key(name)
    return found


def _variables(part: Body) -> tuple[ScopedVariables, ...]:
    return tuple(
        ScopedVariables(each.object("variables"), each.text("scopeId", None) or None)
        for each in part.bodies("variableInstructions")
    )


def _termination(part: Body) -> Instruction:
    if "elementInstanceKey" in part:
        return TerminateElementInstance(part.key("elementInstanceKey"))
    return TerminateAll(part.name("elementId"))


def _move(part: Body) -> Instruction:
    source = part.body("sourceElementInstruction")
    kind = source.name("sourceType")
    if kind not in ("byId", "byKey"):
        raise InvalidArgument(f"Expected {source.at('sourceType')} to be byId or byKey, found '{kind}'.")
    return MoveElements(
        part.name("targetElementId"),
        source_element_id=source.name("sourceElementId") if kind == "byId" else None,
        source_key=source.key("sourceElementInstanceKey") if kind == "byKey" else None,
        ancestor=_ancestor_choice(part.body("ancestorScopeInstruction")),
        variables=_variables(part),
    )


def _ancestor_choice(part: Body) -> AncestorChoice:
    match part.text("ancestorScopeType", "direct"):
        case "direct":
            return AncestorChoice.direct(_ancestor(part))
        case "inferred":
            return AncestorChoice.inferred()
        case "sourceParent":
            return AncestorChoice.source_parent()
        case other:
            raise InvalidArgument(
                f"Expected {part.at('ancestorScopeType')} to be direct, inferred or sourceParent, found '{other}'."
            )


class CallHierarchy(V2View):
    """GET /process-instances/{key}/call-hierarchy: from the root to this instance."""

    tag = TAG
    response_schema = {200: {"type": "array", "items": {"type": "object"}}}

    def get(self, request: Request, key: str) -> Response:
        rows = self.visible(ProcessInstance.objects.select_related("definition"))
        instance: ProcessInstance | None = one(rows, key, WHAT)
        path: list[dict[str, Any]] = []
        while instance is not None:
            definition = instance.definition
            path.append(
                {
                    "processInstanceKey": key_text(instance.key),
                    "processDefinitionKey": key_text(definition.key),
                    "processDefinitionName": definition.name or definition.process_id,
                }
            )
            instance = rows.filter(pk=instance.parent_process_instance_key).first()
        return Response(path[::-1])


class DefinitionStatistics(V2View):
    """POST /process-definitions/{key}/statistics/element-instances, over the instances that a filter selects."""

    tag = TAG

    def post(self, request: Request, key: str) -> Response:
        definition = one(self.visible(ProcessDefinition.objects.all()), key, "a process definition")
        search = ProcessInstanceSearch(request=request)
        chosen = search.rows().filter(search.conditions(self.body().body("filter")), definition=definition)
        elements = ElementInstance.objects.filter(process_instance__in=chosen)
        return Response({"items": statistics(elements, Incident.objects.filter(process_instance__in=chosen))})
