"""/history/user-operation: the audit log as far as Camunda 7's user operation log would have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import UUID

from django.db.models import CharField, Q, QuerySet, Value
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import AuditEvent, OperationAnnotation, Result, Subject
from operate.actions import AnnotateOperation
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.bodies import body, text
from operate.api.engine_rest.history.operations import (
    OPERATIONS,
    PROPERTIES,
    WHICH,
    Entries,
    Operation,
    called,
    values,
)
from operate.api.engine_rest.ids import definition_id, id_of, id_or_null, key_of
from operate.api.engine_rest.listing import Listing, count_of
from operate.api.engine_rest.queries import NOTHING, Filter, Kind
from operate.api.engine_rest.values import date_text
from operate.masking.masks import Masks
from operate.workspaces import Right
from workflow.engine.errors import NotFound, Rejected
from workflow.models import ProcessDefinition, ProcessInstance, UserTask

MAX_ANNOTATION = 4_000


class UserOperation(TypedDict):
    id: str
    deploymentId: str | None
    processDefinitionId: str | None
    processDefinitionKey: str | None
    processInstanceId: str | None
    executionId: str | None
    rootProcessInstanceId: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    caseExecutionId: str | None
    taskId: str | None
    externalTaskId: str | None
    batchId: str | None
    jobId: str | None
    jobDefinitionId: str | None
    userId: str
    timestamp: str | None
    operationId: str
    operationType: str
    entityType: str
    category: str
    property: str | None
    orgValue: str | None
    newValue: str | None
    removalTime: str | None
    annotation: str | None
    tenantId: str | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the entries of one page name, each read with one query."""

    definitions: Mapping[int, ProcessDefinition]
    roots: Mapping[int, int]
    executions: Mapping[int, int]
    """The element instance of each user task."""
    annotations: Mapping[tuple[int | None, UUID], str]

    @classmethod
    def of(cls, events: Sequence[AuditEvent]) -> Neighbours:
        instances = {each.process_instance_key for each in events}
        named = {each.definition_key for each in events} | {_target(each) for each in events}
        tasks = {each.entity_key for each in events if each.entity_type == Subject.USER_TASK}
        return cls(
            ProcessDefinition.objects.defer("xml").in_bulk([each for each in named if each is not None]),
            dict(ProcessInstance.objects.filter(pk__in=instances - {None}).values_list("pk", "root_process_instance")),
            dict(UserTask.objects.filter(pk__in=tasks - {None}).values_list("pk", "element_instance")),
            _annotations(events),
        )

    def definition(self, key: int | None) -> str | None:
        """The id of a process definition; of one that is deleted, only its key is known."""
        known = self.definitions.get(key) if key is not None else None
        return definition_id(known) if known is not None else id_or_null(key)

    def annotation(self, event: AuditEvent) -> str | None:
        """What was remarked on the operation last; before anybody did, the reason that came with it."""
        return self.annotations.get((event.workspace_id, event.operation_id), event.reason) or None


def _target(event: AuditEvent) -> int | None:
    key = event.body.get("target_definition_key")
    return key if isinstance(key, int) else None


def _annotations(events: Sequence[AuditEvent]) -> dict[tuple[int | None, UUID], str]:
    rows = OperationAnnotation.objects.filter(operation_id__in={each.operation_id for each in events})
    oldest_first = rows.order_by("key").values_list("workspace_id", "operation_id", "text")
    return {(workspace, operation): text for workspace, operation, text in oldest_first}


def user_operation(event: Any, near: Neighbours, masks: Masks) -> UserOperation:
    """One entry; the row is an event with the property that the entry is about."""
    operation = OPERATIONS[event.operation]
    is_task = event.entity_type == Subject.USER_TASK
    is_batch = event.entity_type == Subject.BATCH
    job = id_or_null(event.entity_key) if event.entity_type == Subject.JOB else None
    before, after = _values(event, operation, near, masks)
    return {
        "id": _id(event),
        "deploymentId": id_or_null(event.entity_key) if event.entity_type == Subject.DEPLOYMENT else None,
        "processDefinitionId": near.definition(event.definition_key),
        "processDefinitionKey": event.process_id or None,
        "processInstanceId": id_or_null(event.process_instance_key),
        "executionId": id_or_null(_execution(event, near)),
        "rootProcessInstanceId": id_or_null(near.roots.get(event.process_instance_key)),
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "caseExecutionId": None,
        "taskId": id_or_null(event.entity_key) if is_task else None,
        "externalTaskId": job if operation.entity == "ExternalTask" else None,
        "batchId": id_or_null(event.entity_key if is_batch else event.body.get("batch")),
        "jobId": job if operation.entity == "Job" else None,
        "jobDefinitionId": None,
        "userId": event.actor_name,
        "timestamp": date_text(event.at),
        "operationId": str(event.operation_id),
        "operationType": operation.type,
        "entityType": operation.entity,
        "category": operation.category,
        "property": event.property,
        "orgValue": before,
        "newValue": after,
        "removalTime": None,
        "annotation": near.annotation(event),
        "tenantId": tenant_id(event.workspace) if event.workspace else None,
    }


def _id(event: Any) -> str:
    """The event's id; the first digits count the entries of one event, which are zero in ids of rows."""
    return f"{event.properties.index(event.property):08}{id_of(event.key)[8:]}"


def _values(event: Any, operation: Operation, near: Neighbours, masks: Masks) -> tuple[str | None, str | None]:
    if event.property is None:
        return None, None
    if operation.type == "Migrate" and event.property == "processDefinitionId":
        return None, near.definition(_target(event))
    shown = masks.body(event.workspace_id, event.process_id, event.body)
    return values(event, shown, operation, event.property)


def _execution(event: AuditEvent, near: Neighbours) -> int | None:
    match event.entity_type:
        case Subject.ELEMENT_INSTANCE:
            return event.entity_key
        case Subject.USER_TASK:
            return near.executions.get(event.entity_key or 0)
        case Subject.PROCESS_INSTANCE if event.subject == Subject.PROCESS_VARIABLES:
            return event.entity_key
    return None


# ---- which entries


def _entity(subject: Subject, entity: str = "") -> Filter:
    """What was done to this very thing."""

    def having(id: str) -> Q:
        where = Q(entity_type=subject) & by.having("entity_key", [key_of(id)])
        return where & called("entity", [entity]) if entity else where

    return Filter(Kind.TEXT, having)


def _of_execution(id: str) -> Q:
    key = key_of(id)
    if key is None:
        return NOTHING
    tasks = UserTask.objects.filter(element_instance=key).values("pk")
    variables = Q(entity_type=Subject.PROCESS_INSTANCE, subject=Subject.PROCESS_VARIABLES, entity_key=key)
    inner = Q(entity_type=Subject.ELEMENT_INSTANCE, entity_key=key)
    return inner | variables | Q(entity_type=Subject.USER_TASK, entity_key__in=tasks)


def _of_batch(id: str) -> Q:
    key = key_of(id)
    return NOTHING if key is None else Q(entity_type=Subject.BATCH, entity_key=key) | Q(body__batch=key)


def _operation_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _of_operation(text: str) -> Q:
    found = _operation_id(text)
    return NOTHING if found is None else Q(pk__in=AuditEvent.objects.of_operation(found).order_by().values("pk"))


def _called(column: str) -> Filter:
    return Filter(Kind.TEXT, lambda name: called(column, [name]))


def _called_one_of(column: str) -> Filter:
    return Filter(Kind.TEXTS, lambda names: called(column, names))


QUERY = by.ListQuery(
    filters={
        "deploymentId": _entity(Subject.DEPLOYMENT),
        "processDefinitionId": by.definition("definition_key"),
        "processDefinitionKey": by.text("process_id"),
        "processInstanceId": by.key("process_instance_key"),
        "executionId": Filter(Kind.TEXT, _of_execution),
        "caseDefinitionId": by.never(),
        "caseInstanceId": by.never(),
        "caseExecutionId": by.never(),
        "taskId": _entity(Subject.USER_TASK),
        "externalTaskId": _entity(Subject.JOB, "ExternalTask"),
        "batchId": Filter(Kind.TEXT, _of_batch),
        "jobId": _entity(Subject.JOB, "Job"),
        "jobDefinitionId": by.never(),
        "userId": by.text("actor_name"),
        "operationId": Filter(Kind.TEXT, _of_operation),
        "operationType": _called("type"),
        "operationTypeIn": _called_one_of("type"),
        "entityType": _called("entity"),
        "entityTypeIn": _called_one_of("entity"),
        "category": _called("category"),
        "categoryIn": _called_one_of("category"),
        "property": Filter(Kind.TEXT, lambda name: Q(properties__contains=[name])),
        "afterTimestamp": by.date("at__gt"),
        "beforeTimestamp": by.date("at__lt"),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
    },
    sorting={"timestamp": "at"},
)


class UserOperations(Listing):
    """What users have done, with an entry for each property changed; as far as the caller may read the audit log."""

    query = QUERY
    answers: dict[str, Any] = {"GET": list[UserOperation]}

    def rows(self) -> QuerySet[AuditEvent]:
        done = AuditEvent.objects.filter(result=Result.SUCCESS).exclude(actor_name="").select_related("workspace")
        named = done.annotate(operation=WHICH, properties=PROPERTIES).filter(operation__isnull=False)
        return self.visible(named, Right.VIEW_AUDIT).annotate(property=self._entries())

    def show(self, rows: Sequence[Any]) -> list[UserOperation]:
        near, masks = Neighbours.of(rows), Masks.of(self.request.user)
        return [user_operation(row, near, masks) for row in rows]

    def _entries(self) -> Any:
        """An entry for each property; for that one alone which is asked for."""
        wanted = self.request.query_params.get("property")
        return Entries("properties") if wanted is None else Value(wanted, CharField())


UserOperationCount = count_of(UserOperations)


# ---- annotations


class OneOperation(EngineRestView):
    """What is remarked on one operation."""

    def annotate(self, operation_id: str, text: str) -> Response:
        missing = f"Expected an operation with id '{operation_id}', but there is none."
        known = _operation_id(operation_id)
        if known is None:
            raise Rejected(missing)
        try:
            self.act(AnnotateOperation).execute(known, text)
        except NotFound:
            raise Rejected(missing) from None
        return Response(status=204)


class SetUserOperationAnnotation(OneOperation):
    """Remark something on an operation: on all its entries."""

    bodies: dict[str, Any] = {"PUT": body("OperationAnnotation", annotation=text(max_length=MAX_ANNOTATION))}

    def put(self, request: Request, operation_id: str) -> Response:
        """Remark something on an operation; what was remarked before is replaced, and stays on record."""
        return self.annotate(operation_id, self.read()["annotation"] or "")


class ClearUserOperationAnnotation(OneOperation):
    """Take back what was remarked on an operation."""

    def put(self, request: Request, operation_id: str) -> Response:
        """Take back what was remarked on an operation."""
        return self.annotate(operation_id, "")
