"""/event-subscription: what executions wait for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from django.db.models import QuerySet

from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import tenant_id
from operate.api.engine_rest.ids import id_of, id_or_null
from operate.api.engine_rest.listing import Listing, count_of
from operate.api.engine_rest.values import date_text
from workflow.models import EventSubscription

EVENT_TYPES = {
    EventSubscription.Kind.MESSAGE: "message",
    EventSubscription.Kind.SIGNAL: "signal",
    EventSubscription.Kind.CONDITIONAL: "conditional",
    EventSubscription.Kind.COMPENSATION: "compensate",
}
KINDS = {name: kind for kind, name in EVENT_TYPES.items()}


class EventSubscriptionAnswer(TypedDict):
    id: str
    eventType: str
    eventName: str | None
    executionId: str | None
    processInstanceId: str | None
    activityId: str
    createdDate: str | None
    tenantId: str | None


def event_subscription(row: EventSubscription) -> EventSubscriptionAnswer:
    return {
        "id": id_of(row.key),
        "eventType": EVENT_TYPES[EventSubscription.Kind(row.kind)],
        "eventName": row.name or None,
        "executionId": id_or_null(row.element_instance_key),
        "processInstanceId": id_or_null(row.process_instance_key),
        "activityId": row.element_id,
        "createdDate": date_text(row.created_at),
        "tenantId": tenant_id(row.workspace),
    }


QUERY = by.ListQuery(
    filters={
        "eventSubscriptionId": by.key("pk"),
        "eventName": by.text("name"),
        "eventType": by.Filter(by.Kind.TEXT, lambda value: by.Q(kind=KINDS.get(value, ""))),
        "executionId": by.key("element_instance"),
        "processInstanceId": by.key("process_instance"),
        "activityId": by.text("element_id"),
        "tenantIdIn": by.tenants(include="includeEventSubscriptionsWithoutTenantId"),
        "withoutTenantId": by.without_tenant(),
        "includeEventSubscriptionsWithoutTenantId": by.always("Together with tenantIdIn."),
    },
    sorting={"created": "created_at", "tenantId": "workspace__slug"},
)


def open_subscriptions() -> QuerySet[EventSubscription]:
    """The subscriptions that wait, of whichever workspace; also those of start events, which belong to no execution."""
    rows = EventSubscription.objects.filter(state=EventSubscription.State.CREATED, kind__in=EVENT_TYPES)
    return rows.select_related("workspace")


class EventSubscriptions(Listing):
    """Open event subscriptions."""

    query = QUERY
    answers = {"GET": list[EventSubscriptionAnswer]}

    def rows(self) -> QuerySet[EventSubscription]:
        return self.visible(open_subscriptions())

    def show(self, rows: Sequence[EventSubscription]) -> list[EventSubscriptionAnswer]:
        return [event_subscription(row) for row in rows]


EventSubscriptionCount = count_of(EventSubscriptions)
