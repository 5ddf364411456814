"""Activities: what this API calls the kinds of elements, and the tree of those that are active."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypedDict

from operate.api.engine_rest.ids import definition_id, id_of, id_or_null
from workflow.engine.errors import NotFound
from workflow.graph import ElementType, FlowNode
from workflow.models import ElementInstance, Incident, ProcessInstance
from workflow.persistence.definitions import executable_process

OPEN = (ElementInstance.State.ACTIVATING, ElementInstance.State.ACTIVE, ElementInstance.State.COMPLETING)
ACTIVITY_TYPES = {
    ElementType.PROCESS: "processDefinition",
    ElementType.SUB_PROCESS: "subProcess",
    ElementType.START_EVENT: "startEvent",
    ElementType.END_EVENT: "noneEndEvent",
    ElementType.TASK: "task",
    ElementType.MANUAL_TASK: "manualTask",
    ElementType.USER_TASK: "userTask",
    ElementType.SERVICE_TASK: "serviceTask",
    ElementType.SEND_TASK: "sendTask",
    ElementType.RECEIVE_TASK: "receiveTask",
    ElementType.SCRIPT_TASK: "scriptTask",
    ElementType.BUSINESS_RULE_TASK: "businessRuleTask",
    ElementType.EXCLUSIVE_GATEWAY: "exclusiveGateway",
    ElementType.PARALLEL_GATEWAY: "parallelGateway",
}
ELEMENT_TYPES = {activity: element.value for element, activity in ACTIVITY_TYPES.items()}


class IncidentReference(TypedDict):
    id: str
    parentId: str | None
    activityId: str


class TransitionInstance(TypedDict):
    id: str
    parentActivityInstanceId: str
    processInstanceId: str
    processDefinitionId: str
    activityId: str
    activityName: str | None
    activityType: str
    executionId: str
    targetActivityId: str
    incidentIds: list[str]
    incidents: list[IncidentReference]


class ActivityInstance(TypedDict):
    id: str
    parentActivityInstanceId: str | None
    activityId: str
    activityName: str | None
    name: str | None
    activityType: str
    processInstanceId: str
    processDefinitionId: str
    childActivityInstances: list[Any]
    childTransitionInstances: list[TransitionInstance]
    executionIds: list[str]
    incidentIds: list[str]
    incidents: list[IncidentReference]


def activity_type(element_type: str) -> str:
    """What the API calls this kind of element."""
    return ACTIVITY_TYPES[ElementType(element_type)]


def element_named(definition_key: int, element_id: str) -> FlowNode | None:
    """The element in its model, unless that was deleted a moment ago. Models are read once per server process."""
    try:
        return executable_process(definition_key).elements.get(element_id)
    except NotFound:
        return None


def activity_name(definition_key: int, element_id: str) -> str | None:
    """The element's name in its model."""
    element = element_named(definition_key, element_id)
    return (element.name or None) if element is not None else None


class ActivityTree:
    """The active element instances of one process instance, each below its flow scope.

    Tokens that are about to enter an element (an incident may stand there) are transition instances.
    """

    def __init__(self, instance: ProcessInstance) -> None:
        self.instance = instance
        self.definition_id = definition_id(instance.definition)
        rows = ElementInstance.objects.filter(process_instance=instance, state__in=OPEN).order_by("key")
        self._children: dict[int, list[ElementInstance]] = defaultdict(list)
        for row in rows:
            self._children[row.flow_scope_key].append(row)
        self._incidents: dict[int, list[Incident]] = defaultdict(list)
        for each in Incident.objects.filter(process_instance=instance, state=Incident.State.ACTIVE).order_by("key"):
            self._incidents[each.element_instance_key].append(each)

    def root(self) -> ActivityInstance:
        """The process instance with all that is active in it."""
        process = executable_process(self.instance.definition_key)
        return self._activity(self.instance.key, None, process.id, process.name, "processDefinition")

    def _activity(self, key: int, parent: int | None, element_id: str, name: str | None, kind: str) -> ActivityInstance:
        below = self._children.get(key, ())
        return {
            "id": id_of(key),
            "parentActivityInstanceId": id_or_null(parent),
            "activityId": element_id,
            "activityName": name or None,
            "name": name or None,
            "activityType": kind,
            "processInstanceId": id_of(self.instance.key),
            "processDefinitionId": self.definition_id,
            "childActivityInstances": [self._child(row) for row in below if not _is_entering(row)],
            "childTransitionInstances": [self._transition(row) for row in below if _is_entering(row)],
            "executionIds": [id_of(key)],
            **self._incidents_of(key),
        }

    def _child(self, row: ElementInstance) -> ActivityInstance:
        name = activity_name(self.instance.definition_key, row.element_id)
        return self._activity(row.key, row.flow_scope_key, row.element_id, name, activity_type(row.element_type))

    def _transition(self, row: ElementInstance) -> TransitionInstance:
        return {
            "id": id_of(row.key),
            "parentActivityInstanceId": id_of(row.flow_scope_key),
            "processInstanceId": id_of(self.instance.key),
            "processDefinitionId": self.definition_id,
            "activityId": row.element_id,
            "activityName": activity_name(self.instance.definition_key, row.element_id),
            "activityType": activity_type(row.element_type),
            "executionId": id_of(row.key),
            "targetActivityId": row.element_id,
            **self._incidents_of(row.key),
        }

    def _incidents_of(self, key: int) -> Any:
        rows: Sequence[Incident] = self._incidents.get(key, ())
        references = [{"id": id_of(row.key), "parentId": None, "activityId": row.element_id} for row in rows]
        return {"incidentIds": [id_of(row.key) for row in rows], "incidents": references}


def _is_entering(row: ElementInstance) -> bool:
    return row.state == ElementInstance.State.ACTIVATING
