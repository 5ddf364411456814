"""Messages and who waits for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import PublishMessage
from operate.api.v2.base import V2View, date_text, key_text
from operate.api.v2.search import Field, Kind, Search
from workflow.engine.errors import NotFound
from workflow.models import EventSubscription, Workspace
from workflow.services import PublishedMessage

TAG = "Message"
STATES = {name: Q(state=name) for name in ("CREATED", "CORRELATED", "DELETED")} | {"MIGRATED": Q(pk__in=[])}


class MessageView(V2View):
    """What publication and correlation share."""

    tag = TAG

    def publish(self, **more: Any) -> tuple[PublishedMessage, Workspace]:
        body = self.body()
        workspace = self.workspace(body)
        published = self.act(PublishMessage).execute(
            body.name("name"),
            workspace_id=workspace.pk,
            correlation_key=body.text("correlationKey", ""),
            variables=body.object("variables", {}),
            **more,
        )
        return published, workspace


class Publication(MessageView):
    """POST /messages/publication: answered whether or not somebody waits."""

    command = "PUBLISH"

    def post(self, request: Request) -> Response:
        body = self.body()
        published, workspace = self.publish(
            time_to_live=body.milliseconds("timeToLive", timedelta(0), at_least=0),
            message_id=body.text("messageId", ""),
        )
        return Response({"messageKey": key_text(published.key), "tenantId": workspace.slug})


class CorrelationView(MessageView):
    """POST /messages/correlation: NotFound when nobody waits."""

    command = "CORRELATE"

    def post(self, request: Request) -> Response:
        published, workspace = self.publish()
        if not published.correlations:
            body = self.body()
            raise NotFound(
                f"Expected to find subscription for message with name '{body.name('name')}' and correlation key "
                f"'{body.text('correlationKey', '')}', but none was found."
            )
        return Response(
            {
                "messageKey": key_text(published.key),
                "processInstanceKey": key_text(published.correlations[0].process_instance_key),
                "tenantId": workspace.slug,
            }
        )


class SubscriptionSearch(Search):
    """POST /message-subscriptions/search"""

    tag = TAG
    fields = (
        Field("messageSubscriptionKey", "key", Kind.KEY),
        Field("processDefinitionId", "process_instance__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY, filter=False, sort=False),
        Field("processDefinitionName", "definition__name", sort=False, filter=False),
        Field("processDefinitionVersion", "process_instance__version", Kind.WHOLE, sort=False, filter=False),
        Field("messageSubscriptionType", sort=False, filter=False, render=lambda row: "PROCESS_EVENT"),
        Field("businessId", "process_instance__business_key", sort=False, filter=False),
        Field("toolName", sort=False, filter=False, render=lambda row: None),
        Field("toolProperties", sort=False, filter=False, render=lambda row: {}),
        Field("inboundConnectorType", sort=False, filter=False, render=lambda row: None),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("elementId", "element_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("messageSubscriptionState", "state", Kind.CHOICE, choices=STATES),
        Field("lastUpdatedDate", "created_at", Kind.DATE, needs=("created_at", "ended_at"),
              render=lambda row: date_text(row["ended_at"] or row["created_at"])),
        Field("messageName", "name"),
        Field("correlationKey", "correlation_key"),
        Field("tenantId", "workspace__slug"),
    )  # fmt: skip

    def rows(self) -> QuerySet[EventSubscription]:
        return self.visible(EventSubscription.objects.filter(kind="MESSAGE"))
