"""Activities: what this API calls the kinds of elements, and the tree of those that are active."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from typing import Any, TypedDict

from django.db.models import Q

from operate.api.engine_rest.ids import definition_id, id_of, id_or_null
from workflow.engine.errors import NotFound
from workflow.graph import ElementType, FlowNode, events
from workflow.models import ElementInstance, Incident, Job, ProcessDefinition, ProcessInstance
from workflow.persistence.definitions import executable_process

OPEN = (ElementInstance.State.ACTIVATING, ElementInstance.State.ACTIVE, ElementInstance.State.COMPLETING)
ACTIVITY_TYPES = {
    ElementType.PROCESS: "processDefinition",
    ElementType.SUB_PROCESS: "subProcess",
    ElementType.EVENT_SUB_PROCESS: "subProcess",
    ElementType.TRANSACTION: "transaction",
    ElementType.AD_HOC_SUB_PROCESS: "adHocSubProcess",
    ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE: "adHocSubProcessInnerInstance",
    ElementType.CALL_ACTIVITY: "callActivity",
    ElementType.MULTI_INSTANCE_BODY: "multiInstanceBody",
    ElementType.START_EVENT: "startEvent",
    ElementType.INTERMEDIATE_CATCH_EVENT: "intermediateCatchEvent",
    ElementType.INTERMEDIATE_THROW_EVENT: "intermediateNoneThrowEvent",
    ElementType.BOUNDARY_EVENT: "boundaryEvent",
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
    ElementType.INCLUSIVE_GATEWAY: "inclusiveGateway",
    ElementType.EVENT_BASED_GATEWAY: "eventBasedGateway",
}
"""What an element is called; of an event, what it is called if it neither catches nor throws anything."""

EVENT_TYPES: dict[ElementType, dict[type, str]] = {
    ElementType.START_EVENT: {
        events.MessageEvent: "messageStartEvent",
        events.SignalEvent: "signalStartEvent",
        events.TimerEvent: "startTimerEvent",
        events.ConditionalEvent: "conditionalStartEvent",
        events.ErrorEvent: "errorStartEvent",
        events.EscalationEvent: "escalationStartEvent",
        events.CompensationEvent: "compensationStartEvent",
    },
    ElementType.INTERMEDIATE_CATCH_EVENT: {
        events.MessageEvent: "intermediateMessageCatch",
        events.SignalEvent: "intermediateSignalCatch",
        events.TimerEvent: "intermediateTimer",
        events.ConditionalEvent: "intermediateConditional",
        events.LinkEvent: "intermediateLinkCatch",
    },
    ElementType.INTERMEDIATE_THROW_EVENT: {
        events.MessageEvent: "intermediateMessageThrowEvent",
        events.SignalEvent: "intermediateSignalThrow",
        events.EscalationEvent: "intermediateEscalationThrowEvent",
        events.CompensationEvent: "intermediateCompensationThrowEvent",
        events.LinkEvent: "intermediateThrowEvent",
    },
    ElementType.BOUNDARY_EVENT: {
        events.MessageEvent: "boundaryMessage",
        events.SignalEvent: "boundarySignal",
        events.TimerEvent: "boundaryTimer",
        events.ConditionalEvent: "boundaryConditional",
        events.ErrorEvent: "boundaryError",
        events.EscalationEvent: "boundaryEscalation",
        events.CompensationEvent: "compensationBoundaryCatch",
        events.CancelEvent: "cancelBoundaryCatch",
    },
    ElementType.END_EVENT: {
        events.MessageEvent: "messageEndEvent",
        events.SignalEvent: "signalEndEvent",
        events.ErrorEvent: "errorEndEvent",
        events.EscalationEvent: "escalationEndEvent",
        events.CompensationEvent: "compensationEndEvent",
        events.CancelEvent: "cancelEndEvent",
        events.TerminateEvent: "terminateEndEvent",
    },
}


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


def activity_type(definition_key: int, element_id: str, element_type: str) -> str:
    """What the API calls an element; events are called by what they catch or throw, as their model says."""
    kind = ElementType(element_type)
    if kind in EVENT_TYPES and (element := element_named(definition_key, element_id)) is not None:
        return type_of(element)
    return ACTIVITY_TYPES[kind]


def type_of(element: FlowNode) -> str:
    """What the API calls this element of a model."""
    return EVENT_TYPES.get(element.type, {}).get(type(element.event), ACTIVITY_TYPES[element.type])


def of_types(names: Sequence[str], definition: str, element: str) -> Q:
    """Rows whose element is of one of these types; the other arguments are the paths to its definition and its id."""
    where = Q(pk__in=[])
    for ids, definitions in _elements_of_types(set(names)).items():
        where |= Q(**{f"{definition}__in": definitions, f"{element}__in": ids})
    return where


def _elements_of_types(names: Set[str]) -> dict[frozenset[str], list[int]]:
    """The elements of these types, and the definitions that have them; versions of a process often have the same."""
    found: dict[frozenset[str], list[int]] = defaultdict(list)
    keys = ProcessDefinition.objects.order_by().values_list("key", flat=True)
    for key in keys:
        ids = frozenset(each.id for each in _elements(key) if type_of(each) in names)
        if ids:
            found[ids].append(key)
    return found


def _elements(definition_key: int) -> Iterable[FlowNode]:
    try:
        return executable_process(definition_key).elements.values()
    except NotFound:
        return ()


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

    Tokens that are about to enter an element (an incident may stand there), or that have done with it and wait to go on,
    are transition instances.
    """

    def __init__(self, instance: ProcessInstance) -> None:
        self.instance = instance
        self.definition_id = definition_id(instance.definition)
        rows = list(ElementInstance.objects.filter(process_instance=instance, state__in=OPEN).order_by("key"))
        self._leaving = _leaving(rows)
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
            "childActivityInstances": [self._child(row) for row in below if not self._is_transition(row)],
            "childTransitionInstances": [self._transition(row) for row in below if self._is_transition(row)],
            "executionIds": [id_of(key)],
            **self._incidents_of(key),
        }

    def _child(self, row: ElementInstance) -> ActivityInstance:
        name = activity_name(self.instance.definition_key, row.element_id)
        return self._activity(row.key, row.flow_scope_key, row.element_id, name, self._type(row))

    def _transition(self, row: ElementInstance) -> TransitionInstance:
        return {
            "id": id_of(row.key),
            "parentActivityInstanceId": id_of(row.flow_scope_key),
            "processInstanceId": id_of(self.instance.key),
            "processDefinitionId": self.definition_id,
            "activityId": row.element_id,
            "activityName": activity_name(self.instance.definition_key, row.element_id),
            "activityType": self._type(row),
            "executionId": id_of(row.key),
            "targetActivityId": row.element_id,
            **self._incidents_of(row.key),
        }

    def _incidents_of(self, key: int) -> Any:
        rows: Sequence[Incident] = self._incidents.get(key, ())
        references = [{"id": id_of(row.key), "parentId": None, "activityId": row.element_id} for row in rows]
        return {"incidentIds": [id_of(row.key) for row in rows], "incidents": references}

    def _type(self, row: ElementInstance) -> str:
        return activity_type(self.instance.definition_key, row.element_id, row.element_type)

    def _is_transition(self, row: ElementInstance) -> bool:
        return row.state == ElementInstance.State.ACTIVATING or row.key in self._leaving


def _leaving(rows: Sequence[ElementInstance]) -> set[int]:
    """The keys of those that wait for a job to go on; a query only if there may be some."""
    keys = [row.key for row in rows if row.state == ElementInstance.State.COMPLETING]
    if not keys:
        return set()
    jobs = Job.objects.filter(element_instance__in=keys, kind=Job.Kind.ASYNC_AFTER, state__in=("CREATED", "FAILED"))
    return set(jobs.order_by().values_list("element_instance_key", flat=True))
