"""Messages, and who waits for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import PublishMessage
from operate.api.v2.base import V2View, key_text
from operate.api.v2.bodies import LONGEST_NAME, Body
from operate.api.v2.fields import NOTHING, Field, Kind
from operate.api.v2.schema import KEY, MILLISECONDS, TEXT, VARIABLES, all_of, record
from operate.api.v2.search import Search
from workflow.models import CorrelatedMessage, EventSubscription

TAG = "Message"
STATES = {state.value: Q(state=state) for state in EventSubscription.State} | {"MIGRATED": NOTHING}
OF_START = Q(process_instance__isnull=True)
TYPES = {"PROCESS_EVENT": ~OF_START, "START_EVENT": OF_START}
MESSAGE = {"name": TEXT, "correlationKey": TEXT, "variables": VARIABLES, "tenantId": TEXT}


class MessageView(V2View):
    """What publication and correlation share."""

    tag = TAG

    def publish(self, body: Body, **more: Any) -> dict[str, Any]:
        """Publish the message of the body; the answer, with who got it."""
        name, correlation_key = body.name("name"), body.text("correlationKey", "", at_most=LONGEST_NAME)
        variables, workspace = body.object("variables", {}), self.workspace(body)
        published = self.act(PublishMessage).execute(
            name, workspace_id=workspace.pk, correlation_key=correlation_key, variables=variables, **more
        )
        reached = [correlation.process_instance_key for correlation in published.correlations]
        return {
            "messageKey": key_text(published.key),
            "tenantId": workspace.slug,
            "processInstanceKey": key_text(reached[0]) if reached else None,
        }


class Publication(MessageView):
    """Publish a message: to who waits for it, and kept for its time to live. It does not matter whether anybody does."""

    command = "PUBLISH"
    bodies = {"POST": record(("name",), **MESSAGE, timeToLive=MILLISECONDS, messageId=TEXT)}
    answers = {"POST": all_of(messageKey=KEY, tenantId=TEXT)}

    def post(self, request: Request) -> Response:
        body = self.body()
        time_to_live = body.milliseconds("timeToLive", timedelta(0), at_least=0)
        message_id = body.text("messageId", "", at_most=LONGEST_NAME)
        published = self.publish(body, time_to_live=time_to_live, message_id=message_id)
        return Response({name: published[name] for name in ("messageKey", "tenantId")})


class CorrelationView(MessageView):
    """Deliver a message to who waits for it now; it is refused if nobody does."""

    command = "CORRELATE"
    bodies = {"POST": record(("name",), **MESSAGE)}
    answers = {"POST": all_of(messageKey=KEY, tenantId=TEXT, processInstanceKey=KEY)}

    def post(self, request: Request) -> Response:
        return Response(self.publish(self.body(), only_if_awaited=True))


class SubscriptionSearch(Search):
    """Find message subscriptions: of process instances, and of the start events that begin one."""

    tag = TAG
    what = "a message subscription"
    fields = (
        Field("messageSubscriptionKey", "key", Kind.KEY),
        Field("processDefinitionId", "definition__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY, sort=False),
        Field("processDefinitionName", "definition__name", blank=True),
        Field("processDefinitionVersion", "definition__version", Kind.WHOLE),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("elementId", "element_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("messageSubscriptionState", "state", Kind.CHOICE, choices=STATES),
        Field("messageSubscriptionType", kind=Kind.CHOICE, choices=TYPES, needs=("process_instance_key",),
              render=lambda row: "START_EVENT" if row["process_instance_key"] is None else "PROCESS_EVENT"),
        Field("lastUpdatedDate", "updated", Kind.DATE),
        Field("messageName", "name"),
        Field("correlationKey", "correlation_key"),
        Field("businessId", "process_instance__business_key", blank=True),
        Field("tenantId", "workspace__slug"),
        Field("toolName"),
        Field("toolProperties", sort=False, filter=False, render=lambda row: {}, schema=record()),
        Field("inboundConnectorType"),
    )  # fmt: skip

    def rows(self) -> QuerySet[EventSubscription]:
        rows = EventSubscription.objects.filter(kind=EventSubscription.Kind.MESSAGE)
        return self.visible(rows).annotate(updated=Coalesce("ended_at", "created_at"))


class CorrelatedSearch(Search):
    """Find messages that process instances have got, or that have started them."""

    tag = TAG
    what = "a correlated message subscription"
    fields = (
        Field("subscriptionKey", "subscription_key", Kind.KEY),
        Field("messageKey", "message_key", Kind.KEY),
        Field("messageName", "name"),
        Field("correlationKey", "correlation_key", blank=True),
        Field("correlationTime", "correlated_at", Kind.DATE),
        Field("partitionId", "partition", Kind.WHOLE),
        Field("processDefinitionId", "process_instance__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("elementId", "element_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("businessId", "process_instance__business_key", blank=True),
        Field("tenantId", "workspace__slug"),
    )

    def rows(self) -> QuerySet[CorrelatedMessage]:
        return self.visible(CorrelatedMessage.objects.all()).annotate(partition=Value(1))
