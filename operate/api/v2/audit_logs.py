"""The audit log as this API tells it."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import BigIntegerField, Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from audit.models import AuditEvent, Channel, Event, Result, Subject
from operate.api.v2.base import one
from operate.api.v2.fields import NOTHING, Field, Kind
from operate.api.v2.search import Item, Search
from operate.workspaces import Right
from workflow.models import UserTask

TAG = "Audit log"
OF_INSTANCES = Q(subject__in=[Subject.PROCESS_INSTANCE, Subject.ELEMENT_INSTANCE, Subject.MESSAGE, Subject.SIGNAL])
OF_RESOURCES = Q(subject__in=[Subject.DEPLOYMENT, Subject.PROCESS_DEFINITION])
ENTITIES = {
    "PROCESS_INSTANCE": OF_INSTANCES,
    "VARIABLE": Q(subject=Subject.PROCESS_VARIABLES),
    "INCIDENT": Q(subject=Subject.INCIDENT),
    "JOB": Q(subject=Subject.JOB),
    "USER_TASK": Q(subject=Subject.USER_TASK),
    "RESOURCE": OF_RESOURCES,
    "TENANT": Q(subject__in=[Subject.WORKSPACE, Subject.AUDIT_LOG, Subject.MASKING]),
    "BATCH": Q(subject=Subject.BATCH),
    "ROLE": Q(subject=Subject.ROLE),
} | dict.fromkeys(["DECISION", "USER", "GROUP", "MAPPING_RULE", "CLIENT", "AUTHORIZATION"], NOTHING)
ADMINISTRATION = ENTITIES["TENANT"] | ENTITIES["ROLE"]
CATEGORIES = {
    "USER_TASKS": ENTITIES["USER_TASK"],
    "ADMIN": ADMINISTRATION,
    "DEPLOYED_RESOURCES": ~(ENTITIES["USER_TASK"] | ADMINISTRATION),
}
CHANNELS = {
    "REST": ~Q(channel__in=[Channel.BATCH, Channel.SYSTEM]),
    "INTERNAL": Q(channel__in=[Channel.BATCH, Channel.SYSTEM]),
    "GRPC": NOTHING,
    "MCP": NOTHING,
}
TO_NOBODY = Q(event=Event.ASSIGN, body__assignee=None)
OPERATIONS = {
    "CREATE": Q(event__in=[Event.CREATE, Event.DEPLOY, Event.START]),
    "UPDATE": Q(event__in=[Event.UPDATE, Event.RETRY]),
    "DELETE": Q(event=Event.DELETE),
    "MODIFY": Q(event=Event.MODIFY),
    "CANCEL": Q(event=Event.CANCEL),
    "RESOLVE": Q(event=Event.RESOLVE),
    "UNASSIGN": TO_NOBODY | Q(event=Event.REVOKE),
    "ASSIGN": (Q(event=Event.ASSIGN) & ~TO_NOBODY) | Q(event=Event.GRANT),
    "COMPLETE": Q(event=Event.COMPLETE),
    "SUSPEND": Q(event=Event.SUSPEND),
    "RESUME": Q(event=Event.RESUME),
    "MIGRATE": Q(event=Event.MIGRATE),
    "EVALUATE": NOTHING,
}
OPERATIONS["UNKNOWN"] = Q(
    event__in=[
        Event.ACTIVATE,
        Event.BROADCAST,
        Event.CORRELATE,
        Event.EXECUTE,
        Event.EXPORT,
        Event.FAIL,
        Event.LOCK,
        Event.PUBLISH,
        Event.RESTART,
        Event.REVEAL,
        Event.THROW_ERROR,
        Event.THROW_ESCALATION,
        Event.TRIGGER,
        Event.UNLOCK,
    ]
)
ACTORS = {"USER": Q(actor__isnull=False), "UNKNOWN": Q(actor__isnull=True), "CLIENT": NOTHING, "ANONYMOUS": NOTHING}
RESULTS = {"SUCCESS": Q(result=Result.SUCCESS), "FAIL": ~Q(result=Result.SUCCESS)}


def _named(choices: Mapping[str, Q]) -> Case:
    """The name of the choice that a row fulfils."""
    possible = [When(condition, then=Value(name)) for name, condition in choices.items() if condition is not NOTHING]
    return Case(*possible, output_field=CharField(max_length=32))


def _key_of(subject: Subject) -> Case:
    """The entity's key where the entity is of this kind."""
    return Case(When(entity_type=subject, then=F("entity_key")))


class AuditLogSearch(Search):
    """Find out who did what, as far as the caller may read the audit log."""

    tag = TAG
    what = "an audit log entry"
    fields = (
        Field("auditLogKey", "key", Kind.KEY),
        Field("entityKey", "entity"),
        Field("entityType", "entity_kind", Kind.CHOICE, choices=ENTITIES),
        Field("operationType", "operation", Kind.CHOICE, choices=OPERATIONS),
        Field("batchOperationKey", "batch_key", Kind.KEY),
        Field("batchOperationType"),
        Field("timestamp", "at", Kind.DATE),
        Field("actorId", "actor_name", blank=True),
        Field("actorType", "actor_kind", Kind.CHOICE, choices=ACTORS),
        Field("agentElementId", sort=False),
        Field("tenantId", "workspace__slug"),
        Field("result", "told_result", Kind.CHOICE, choices=RESULTS),
        Field("category", "category", Kind.CHOICE, choices=CATEGORIES),
        Field("processDefinitionId", "process_id", blank=True),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", kind=Kind.KEY, sort=False, filter=False),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("jobKey", "job_key", Kind.KEY),
        Field("userTaskKey", "user_task_key", Kind.KEY),
        Field("deploymentKey", "deployment_key", Kind.KEY, sort=False),
        Field("resourceKey", "resource_key", Kind.KEY, sort=False),
        Field("formKey", kind=Kind.KEY, sort=False),
        Field("decisionRequirementsId"),
        Field("decisionRequirementsKey", kind=Kind.KEY),
        Field("decisionDefinitionId"),
        Field("decisionDefinitionKey", kind=Kind.KEY),
        Field("decisionEvaluationKey", kind=Kind.KEY),
        Field("relatedEntityKey", sort=False),
        Field("relatedEntityType", sort=False),
        Field("entityDescription", "reason", blank=True, sort=False),
        Field("inboundChannelType", "inbound", Kind.CHOICE, choices=CHANNELS),
        Field("inboundChannelToolName"),
    )

    def rows(self) -> QuerySet[AuditEvent]:
        return self.visible(AuditEvent.objects.all(), Right.VIEW_AUDIT).annotate(
            entity=Coalesce(Cast("entity_key", CharField()), Value("")),
            entity_kind=_named(ENTITIES),
            operation=_named(OPERATIONS),
            actor_kind=_named(ACTORS),
            told_result=_named(RESULTS),
            category=_named(CATEGORIES),
            inbound=_named(CHANNELS),
            batch_key=Coalesce(_key_of(Subject.BATCH), Cast(KeyTextTransform("batch", "body"), BigIntegerField())),
            element_instance_key=_key_of(Subject.ELEMENT_INSTANCE),
            job_key=_key_of(Subject.JOB),
            user_task_key=_key_of(Subject.USER_TASK),
            deployment_key=_key_of(Subject.DEPLOYMENT),
            resource_key=_key_of(Subject.PROCESS_DEFINITION),
        )


class AuditLogView(Item):
    """An audit log entry."""

    tag = TAG
    search = AuditLogSearch


class TaskAuditLogs(AuditLogSearch):
    """Find out who did what to a user task."""

    def rows(self) -> QuerySet[AuditEvent]:
        task = one(self.visible(UserTask.objects.all()), self.kwargs["key"], "a user task")
        rows = super().rows().filter(process_instance_key=task.process_instance_key)
        return rows.filter(entity_type=Subject.USER_TASK, entity_key=task.key)
