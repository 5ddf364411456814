"""/execution: process instances and active element instances alike, signalling them, and what they wait for.

An execution here is a process instance (its outermost scope) or an active element instance, whose id it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import SignalElement, TriggerMessage
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import OPEN
from operate.api.engine_rest.base import EngineRestView
from operate.api.engine_rest.bodies import VariablesBody
from operate.api.engine_rest.event_subscription import (
    EventSubscriptionAnswer,
    event_subscription,
    open_subscriptions,
)
from operate.api.engine_rest.ids import id_of, key_of
from operate.api.engine_rest.incident import of_type
from operate.api.engine_rest.listing import Count
from operate.api.engine_rest.queries import Filter, Kind, ListQuery, Selection
from operate.api.engine_rest.scope_variables import ScopeVariable, ScopeVariables
from operate.api.engine_rest.variable_filters import IGNORE_CASE, variables
from workflow.engine.errors import NotFound
from workflow.models import DEFAULT_WORKSPACE, ElementInstance, EventSubscription, Incident, ProcessInstance


class ExecutionAnswer(TypedDict):
    id: str
    processInstanceId: str
    ended: bool
    tenantId: str | None


def execution(key: int, process_instance_key: int, slug: str) -> ExecutionAnswer:
    return {
        "id": id_of(key),
        "processInstanceId": id_of(process_instance_key),
        "ended": False,
        "tenantId": None if slug == DEFAULT_WORKSPACE else slug,
    }


def _subscribed(kind: EventSubscription.Kind) -> Filter:
    """Executions that wait for an event of this kind and name."""
    waiting = EventSubscription.objects.filter(kind=kind, state=EventSubscription.State.CREATED)
    return Filter(Kind.TEXT, lambda name: Q(Exists(waiting.filter(element_instance=OuterRef("pk"), name=name))))


def _with_incident(condition: Callable[[Any], Q]) -> Filter:
    open_ones = Incident.objects.filter(state=Incident.State.ACTIVE)
    return Filter(
        Kind.TEXT, lambda value: Q(Exists(open_ones.filter(condition(value), element_instance=OuterRef("pk"))))
    )


def _filters(instance: str, activity: Filter) -> dict[str, Filter]:
    """The parameters, on a table from which `instance` leads to the process instance."""
    path = f"{instance}__" if instance else ""
    return {
        "executionId": by.key("pk"),
        "processInstanceId": by.key(instance or "pk"),
        "businessKey": by.text(f"{path}business_key"),
        "processDefinitionId": by.definition(f"{path}definition"),
        "processDefinitionKey": by.text(f"{path}process_id"),
        "activityId": activity,
        "signalEventSubscriptionName": _subscribed(EventSubscription.Kind.SIGNAL),
        "messageEventSubscriptionName": _subscribed(EventSubscription.Kind.MESSAGE),
        "incidentId": _with_incident(lambda id: by.having("pk", [key_of(id)])),
        "incidentType": _with_incident(of_type),
        "incidentMessage": _with_incident(lambda text: Q(message=text)),
        "incidentMessageLike": _with_incident(lambda text: by.like(F("message"), text)),
        "active": by.flag(Q(**{f"{path}suspended": False})),
        "suspended": by.flag(Q(**{f"{path}suspended": True})),
        "tenantIdIn": by.tenants(f"{path}workspace"),
        "withoutTenantId": by.without_tenant(f"{path}workspace"),
        "variables": variables("pk"),
        "processVariables": variables(f"{instance}_key" if instance else "pk"),
        **IGNORE_CASE,
    }


SORTING = {"instanceId": "instance", "definitionKey": "process", "definitionId": "definition_of", "tenantId": "tenant"}
OF_INSTANCES = ListQuery(filters=_filters("", by.never()), sorting=SORTING, default_order=("id",))
OF_ELEMENTS = ListQuery(
    filters=_filters("process_instance", by.text("element_id")), sorting=SORTING, default_order=("id",)
)


class Executions(EngineRestView):
    """Process instances that run and element instances that are active."""

    query = OF_ELEMENTS
    answers: dict[str, Any] = {"GET": list[ExecutionAnswer], "POST": list[ExecutionAnswer]}

    def get(self, request: Request) -> Response:
        return Response(self.answer(OF_INSTANCES.from_address(request), OF_ELEMENTS.from_address(request)))

    def post(self, request: Request) -> Response:
        return Response(self.answer(OF_INSTANCES.from_body(request), OF_ELEMENTS.from_body(request)))

    def answer(self, of_instances: Selection, of_elements: Selection) -> Any:
        end = None if of_elements.limit is None else of_elements.first + of_elements.limit
        rows = self._rows(of_instances.where, of_elements.where).order_by(*of_elements.order)
        return [execution(row["id"], row["instance"], row["tenant"]) for row in rows[of_elements.first : end]]

    def _rows(self, of_instances: Q, of_elements: Q) -> QuerySet[Any, dict[str, Any]]:
        instances = self.visible(ProcessInstance.objects.active()).filter(of_instances).order_by()
        elements = self.visible(open_elements()).filter(of_elements).order_by()
        return _columns(instances, "").union(_columns(elements, "process_instance"), all=True)


def _columns(rows: QuerySet[Any], instance: str) -> QuerySet[Any, dict[str, Any]]:
    path = f"{instance}__" if instance else ""
    return rows.values(
        id=F("key"),
        instance=F(f"{instance}_key" if instance else "key"),
        tenant=F(f"{path}workspace__slug"),
        process=F(f"{path}process_id"),
        definition_of=F(f"{path}definition_key"),
    )


def open_elements() -> QuerySet[ElementInstance]:
    """Active element instances of running process instances."""
    return ElementInstance.objects.filter(state__in=OPEN, process_instance__state=ProcessInstance.State.ACTIVE)


class ExecutionCount(Executions):
    """How many there are, on all pages."""

    answers = {"GET": Count, "POST": Count}

    def answer(self, of_instances: Selection, of_elements: Selection) -> Any:
        return {"count": self._rows(of_instances.where, of_elements.where).count()}


class OneExecution(EngineRestView):
    """What the views of one execution share."""

    noun = "execution"

    def execution(self, id: str) -> ExecutionAnswer:
        """The execution with this id; NotFound without."""
        key = key_of(id) or 0
        instances = self.visible(ProcessInstance.objects.active()).filter(pk=key).order_by()
        elements = self.visible(open_elements()).filter(pk=key).order_by()
        rows = list(_columns(instances, "").union(_columns(elements, "process_instance"), all=True))
        if not rows:
            raise NotFound(f"Execution with id {id} does not exist")
        return execution(rows[0]["id"], rows[0]["instance"], rows[0]["tenant"])

    def scopes(self, id: str) -> Sequence[int]:
        self.execution(id)
        return [key_of(id) or 0]

    def waiting_element(self, id: str, event: str | None = None) -> int:
        """The key of the element instance that is meant, or of the process instance if that waits for the event itself.

        In Camunda 7 an activity without a scope of its own shares the execution of its process instance, so clients name it
        by that id; it stands for the only element instance there is.
        """
        found, key = self.execution(id), key_of(id) or 0
        if found["id"] != found["processInstanceId"]:
            return key
        if event is not None and open_subscriptions().filter(element_instance=key, name=event).exists():
            return key
        inside = ElementInstance.objects.filter(process_instance=key, state__in=OPEN).values_list("key", flat=True)
        only = list(inside[:2])
        return only[0] if len(only) == 1 else key


class ExecutionView(OneExecution):
    """One execution."""

    answers = {"GET": ExecutionAnswer}

    def get(self, request: Request, id: str) -> Response:
        return Response(self.execution(id))


class ExecutionSignal(OneExecution):
    """Signal an execution that waits in a receive task."""

    bodies = {"POST": VariablesBody}

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        self.act(SignalElement).execute(self.waiting_element(id), variables=given["variables"] or {})
        return Response(status=204)


class ExecutionLocalVariables(OneExecution, ScopeVariables):
    """The variables of exactly this execution."""


class ExecutionLocalVariable(OneExecution, ScopeVariable):
    """One variable of exactly this execution."""


class MessageSubscription(OneExecution):
    """The message subscription of an execution."""

    answers = {"GET": EventSubscriptionAnswer}

    def get(self, request: Request, id: str, name: str) -> Response:
        """What the execution waits for, if it is this message."""
        rows = self.visible(open_subscriptions()).filter(element_instance=self.waiting_element(id, name), name=name)
        row = rows.filter(kind=EventSubscription.Kind.MESSAGE).first()
        if row is None:
            raise NotFound(f"Message event subscription for execution {id} named {name} does not exist")
        return Response(event_subscription(row))


class MessageSubscriptionTrigger(OneExecution):
    """Deliver a message to exactly this execution."""

    bodies = {"POST": VariablesBody}

    def post(self, request: Request, id: str, name: str) -> Response:
        given = self.read()
        self.act(TriggerMessage).execute(self.waiting_element(id, name), name, variables=given["variables"] or {})
        return Response(status=204)
