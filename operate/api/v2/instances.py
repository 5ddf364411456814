"""Process instances: finding them, and what is done to one as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import (
    CancelProcessInstance,
    DeleteProcessInstance,
    ResumeProcessInstance,
    SuspendProcessInstance,
)
from operate.api.v2.base import V2View, key_text, nothing_found
from operate.api.v2.bodies import Body, kind_of
from operate.api.v2.elements import STATES as ELEMENT_STATES
from operate.api.v2.elements import STATISTICS, statistics, told_id
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.fields import Field, Kind, flag_value
from operate.api.v2.schema import FLAG, KEY, TEXT, WHOLE, Schema, all_of, array, nullable, record
from operate.api.v2.search import Item, Search
from operate.api.v2.variables import NAMED_VALUES, having_variables
from operate.batch.models import BatchItem
from workflow.engine.errors import Conflict
from workflow.models import ElementInstance, Incident, Job, ProcessDefinition, ProcessInstance
from workflow.selectors import callers

TAG = "Process instance"
WHAT = "a process instance"
ACTIVE = ProcessInstance.State.ACTIVE
STATES = {
    "ACTIVE": Q(state=ACTIVE, suspended=False),
    "SUSPENDED": Q(state=ACTIVE, suspended=True),
    "COMPLETED": Q(state=ProcessInstance.State.COMPLETED),
    "TERMINATED": Q(state=ProcessInstance.State.CANCELED),
}
TOLD_STATE = Case(
    *(When(condition, then=Value(name)) for name, condition in STATES.items()), output_field=CharField(max_length=16)
)
ELEMENT_ID = Field("elementId", "told_id")
ELEMENT_STATE = Field("elementInstanceState", "state", Kind.CHOICE, choices=ELEMENT_STATES)
INCIDENT_MESSAGE = Field("errorMessage", "message")
BATCH = Field("batchOperationKey", "batch_key", Kind.KEY)
OF_ELEMENT = ("elementId", "elementInstanceState", "hasElementInstanceIncident")
"""Filters that one and the same element instance has to fulfil."""


class ProcessInstanceSearch(Search):
    """Find process instances."""

    tag = TAG
    what = WHAT
    has_alternatives = True
    fields = (
        Field("processInstanceKey", "key", Kind.KEY),
        Field("processDefinitionId", "process_id"),
        Field("processDefinitionName", "definition__name", blank=True),
        Field("processDefinitionVersion", "version", Kind.WHOLE),
        Field("processDefinitionVersionTag", "definition__version_tag", blank=True),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("parentProcessInstanceKey", "parent_process_instance_key", Kind.KEY),
        Field("parentElementInstanceKey", "parent_element_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("startDate", "started_at", Kind.DATE),
        Field("endDate", "ended_at", Kind.DATE),
        Field("state", "told_state", Kind.CHOICE, choices=STATES),
        Field("suspendedDate", kind=Kind.DATE),
        Field("hasIncident", "has_incident", Kind.FLAG, flag=Q(open_incidents__gt=0)),
        Field("tenantId", "workspace__slug"),
        Field("tags", "tags", sort=False, filter=False, schema=array(TEXT)),
        Field("businessId", "business_key", blank=True),
        Field("batchOperationId", sort=False, shown=False),
    )
    own_filters: Mapping[str, Schema] = {
        "variables": NAMED_VALUES,
        "tags": array(TEXT),
        "batchOperationKey": BATCH.filter_schema,
        "errorMessage": INCIDENT_MESSAGE.filter_schema,
        "hasRetriesLeft": FLAG,
        "elementId": ELEMENT_ID.filter_schema,
        "elementInstanceState": ELEMENT_STATE.filter_schema,
        "hasElementInstanceIncident": FLAG,
    }

    def rows(self) -> QuerySet[ProcessInstance]:
        return self.visible(ProcessInstance.objects.all()).annotate(
            told_state=TOLD_STATE,
            has_incident=ExpressionWrapper(Q(open_incidents__gt=0), BooleanField()),
        )

    def usual_sort(self, filters: Body) -> str | None:
        """Who asks for those of a time gets them by time: an index leads to the first of them, but from no key to a time."""
        return "startDate" if "startDate" in filters else None

    def simple_conditions(self, filters: Body, *, is_alternative: bool = False) -> Q:
        found = super().simple_conditions(filters, is_alternative=is_alternative)
        demanded = [_of_element(name, filters) for name in OF_ELEMENT if name in filters]
        if not demanded:
            return found
        elements = ElementInstance.objects.annotate(told_id=told_id())
        return found & Q(Exists(elements.filter(*demanded, process_instance=OuterRef("pk"))))

    def own_filter(self, name: str, value: Any, path: str) -> Q:
        match name:
            case "variables":
                return having_variables(value, path, "pk")
            case "tags":
                return _with_tags(value, path)
            case "batchOperationKey":
                items = self.visible(BatchItem.objects.all()).filter(process_instance_key=OuterRef("pk")).order_by()
                if value == {"$exists": False}:
                    return ~Q(Exists(items))
                return Q(Exists(items.filter(BATCH.condition(value, path))))
            case "errorMessage":
                return Q(
                    Exists(_incidents(process_instance=OuterRef("pk")).filter(INCIDENT_MESSAGE.condition(value, path)))
                )
            case "hasRetriesLeft":
                jobs = Job.objects.filter(process_instance=OuterRef("pk"), kind=Job.Kind.EXTERNAL)
                failed = Exists(jobs.filter(state=Job.State.FAILED, retries__gt=0))
                return Q(failed) if flag_value(value, path) else ~Q(failed)
        return Q()


def _incidents(**more: Any) -> QuerySet[Incident]:
    return Incident.objects.filter(state=Incident.State.ACTIVE, **more)


def _of_element(name: str, filters: Body) -> Q:
    value, path = filters.raw(name), f"{filters.path}.{name}"
    match name:
        case "elementId":
            return ELEMENT_ID.condition(value, path)
        case "elementInstanceState":
            return ELEMENT_STATE.condition(value, path)
    incident = Exists(_incidents(element_instance=OuterRef("pk")))
    return Q(incident) if flag_value(value, path) else ~Q(incident)


def _with_tags(value: object, path: str) -> Q:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidArgument(f"Expected '{path}' to be a list of strings, found {kind_of(value)}.")
    return Q(tags__contains=value)


class ProcessInstanceView(Item):
    """A process instance."""

    tag = TAG
    search = ProcessInstanceSearch


class InstanceCommand(V2View):
    """What commands on one process instance share."""

    tag = TAG
    bodies = {"POST": record(operationReference=WHOLE)}


class Cancellation(InstanceCommand):
    """Cancel a process instance with all that it called."""

    command = "CANCEL"

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


class Suspension(InstanceCommand):
    """Let a process instance rest."""

    command = "SUSPEND"

    def post(self, request: Request, key: str) -> Response:
        self.act(SuspendProcessInstance).execute(self.key(key, WHAT))
        return self.done()


class Resumption(InstanceCommand):
    """Let a suspended process instance go on."""

    command = "RESUME"

    def post(self, request: Request, key: str) -> Response:
        self.act(ResumeProcessInstance).execute(self.key(key, WHAT))
        return self.done()


class Deletion(InstanceCommand):
    """Delete an ended process instance with its history."""

    command = "DELETE"

    def post(self, request: Request, key: str) -> Response:
        self.act(DeleteProcessInstance).execute(self.key(key, WHAT))
        return self.done()


class CallHierarchy(V2View):
    """The process instances on the way from the root of the call hierarchy to this one."""

    tag = TAG
    answers = {
        "GET": array(
            all_of(processInstanceKey=KEY, processDefinitionKey=KEY, processDefinitionName=nullable(TEXT)),
        )
    }

    def get(self, request: Request, key: str) -> Response:
        path = callers(self.key(key, WHAT))
        rows = self.visible(ProcessInstance.objects.filter(pk__in=path)).values(
            "key", "definition_key", "definition__name", "process_id"
        )
        found = {row["key"]: row for row in rows}
        if not path or path[-1] not in found:
            raise nothing_found(WHAT, key)
        return Response(
            [
                {
                    "processInstanceKey": key_text(row["key"]),
                    "processDefinitionKey": key_text(row["definition_key"]),
                    "processDefinitionName": row["definition__name"] or row["process_id"],
                }
                for row in (found[each] for each in path if each in found)
            ]
        )


class DefinitionStatistics(V2View):
    """How often each element of a definition was passed, in the process instances that a filter selects."""

    tag = "Process definition"
    answers = {"POST": STATISTICS}

    def body_schema(self, method: str) -> Schema | None:
        return record(filter=ProcessInstanceSearch(request=None).body_schema(method)["properties"]["filter"])

    def post(self, request: Request, key: str) -> Response:
        definition = self.visible(ProcessDefinition.objects.filter(pk=self.key(key, "a process definition"))).first()
        if definition is None:
            raise nothing_found("a process definition", key)
        search = ProcessInstanceSearch(request=request)
        chosen = (
            search.rows().filter(search.conditions(self.body().body("filter")), definition=definition).values("key")
        )
        rows = ElementInstance.objects.filter(process_instance__in=chosen)
        return Response({"items": statistics(rows, Incident.objects.filter(process_instance__in=chosen))})
