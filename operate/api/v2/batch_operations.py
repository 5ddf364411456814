"""Batch operations: one command on all process instances that a filter means, carried out in the background."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import CancelBatch, ResumeBatch, SubmitBatch, SuspendBatch
from operate.api.v2.base import V2View, key_text
from operate.api.v2.bodies import Body
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.fields import Field, Kind
from operate.api.v2.instances import ProcessInstanceSearch
from operate.api.v2.migration import PLAN, migration_plan
from operate.api.v2.schema import KEY, TEXT, WHOLE, Schema, all_of, array, enum, record
from operate.api.v2.search import Item, Search
from operate.batch.models import Batch, BatchItem, BatchType
from operate.batch.plans import Cancel, Delete, Migrate, Modify, Plan, ResolveIncidents, Resume, Suspend
from operate.batch.submitting import Selection
from workflow.engine.errors import Rejected
from workflow.models import ProcessInstance
from workflow.modification import AncestorChoice, MoveElements

TAG = "Batch operation"
WHAT = "a batch operation"
TYPES = {
    BatchType.MODIFY: "MODIFY_PROCESS_INSTANCE",
    BatchType.RESTART: "RESTART_PROCESS_INSTANCE",
    BatchType.MIGRATE: "MIGRATE_PROCESS_INSTANCE",
    BatchType.CANCEL: "CANCEL_PROCESS_INSTANCE",
    BatchType.DELETE: "DELETE_PROCESS_INSTANCE",
    BatchType.SUSPEND: "SUSPEND_PROCESS_INSTANCE",
    BatchType.RESUME: "RESUME_PROCESS_INSTANCE",
    BatchType.RESOLVE_INCIDENTS: "RESOLVE_INCIDENT",
    BatchType.SET_RETRIES: "UPDATE_JOB",
    BatchType.SET_VARIABLES: "UPDATE_VARIABLE",
}
State = Batch.State
STATES = {
    "CREATED": Q(state=State.ACTIVE, started_at__isnull=True),
    "ACTIVE": Q(state=State.ACTIVE, started_at__isnull=False),
    "SUSPENDED": Q(state=State.SUSPENDED),
    "COMPLETED": Q(state=State.COMPLETED),
    "PARTIALLY_COMPLETED": Q(state=State.PARTIALLY_COMPLETED),
    "CANCELED": Q(state=State.CANCELED),
    "FAILED": Q(pk__in=[]),
}
ITEM_STATES = {name: Q(state=name) for name in BatchItem.State.values} | {"SKIPPED": Q(pk__in=[])}
ERRORS = array(record(partitionId=WHOLE, type=TEXT, message=TEXT))


def _of_types(path: str) -> dict[str, Q]:
    """The types by name; one that takes back another batch is what it does for that."""
    inverse = f"{path.removesuffix('type')}plan__inverse"
    return {
        name: Q(**{path: kind.value}) | Q(**{path: BatchType.UNDO.value, inverse: kind.value})
        for kind, name in TYPES.items()
    }


def _told(conditions: dict[str, Q]) -> Case:
    """The name of the condition that holds."""
    cases = (When(condition, then=Value(name)) for name, condition in conditions.items())
    return Case(*cases, output_field=CharField(max_length=40))


class BatchOperationSearch(Search):
    """Find batch operations."""

    tag = TAG
    what = WHAT
    fields = (
        Field("batchOperationKey", "key", Kind.KEY),
        Field("state", "told_state", Kind.CHOICE, choices=STATES),
        Field("batchOperationType", "told_type", Kind.CHOICE, choices=_of_types("type"), sort=False, filter=False),
        Field("operationType", "told_type", Kind.CHOICE, choices=_of_types("type"), shown=False),
        Field("startDate", "started_at", Kind.DATE),
        Field("endDate", "ended_at", Kind.DATE),
        Field("actorType", render=lambda row: "USER", sort=False, filter=False, schema=TEXT),
        Field("actorId", "requester_name"),
        Field("operationsTotalCount", "total", Kind.WHOLE, sort=False, filter=False),
        Field("operationsFailedCount", "failed", Kind.WHOLE, sort=False, filter=False),
        Field("operationsCompletedCount", "completed", Kind.WHOLE, sort=False, filter=False),
        Field("errors", render=lambda row: [], sort=False, filter=False, schema=ERRORS),
    )

    def rows(self) -> QuerySet[Batch]:
        rows = self.visible(Batch.objects.with_progress())
        return rows.annotate(told_state=_told(STATES), told_type=_told(_of_types("type")))


class BatchOperationView(Item):
    """A batch operation and how far it is."""

    tag = TAG
    search = BatchOperationSearch


class BatchOperationItemSearch(Search):
    """Find what has become of the process instances of batch operations."""

    tag = TAG
    what = "a batch operation item"
    fields = (
        Field("batchOperationKey", "batch_key", Kind.KEY),
        Field("operationType", "told_type", Kind.CHOICE, choices=_of_types("batch__type")),
        Field("itemKey", "process_instance_key", Kind.KEY),
        Field("processInstanceKey", "instance_key", Kind.KEY),
        Field("state", "state", Kind.CHOICE, choices=ITEM_STATES),
        Field("processedDate", "processed_at", Kind.DATE),
        Field("errorMessage", "error", blank=True, sort=False, filter=False),
    )

    def rows(self) -> QuerySet[BatchItem]:
        rows = self.visible(BatchItem.objects.all())
        return rows.annotate(told_type=_told(_of_types("batch__type")), instance_key=F("process_instance_key"))


# ---- asking for one


class Submission(V2View):
    """A command on all process instances that its filter means; which those are is decided at once."""

    tag = "Process instance"
    command = "CREATE"
    meant: ClassVar[Q] = Q(state=ProcessInstance.State.ACTIVE)
    """Which of them the command can be for at all."""
    more: ClassVar[dict[str, Schema]] = {}
    """What the body has besides the filter."""

    def body_schema(self, method: str) -> Schema | None:
        filters = ProcessInstanceSearch(request=None).body_schema(method)
        required = ("filter", *self.more)
        return record(required, filter=filters["properties"]["filter"], **self.more, operationReference=WHOLE)  # type: ignore[index]

    answers = {"POST": all_of(batchOperationKey=KEY, batchOperationType=enum(*TYPES.values()))}

    def plan(self, body: Body) -> Plan:
        """What is to be done."""
        raise NotImplementedError

    def post(self, request: Request) -> Response:
        body = self.body()
        if "filter" not in body:
            raise InvalidArgument("No 'filter' provided.")
        search = ProcessInstanceSearch(request=request)
        chosen = search.rows().filter(search.conditions(body.body("filter")), self.meant)
        plan = self.plan(body)
        key = self.act(SubmitBatch).execute(plan, Selection(rows=chosen, may_be_empty=True))
        return Response({"batchOperationKey": key_text(key), "batchOperationType": TYPES[plan.type]})


class Cancellation(Submission):
    """Cancel process instances with what they called; called ones end with their root."""

    meant = Q(state=ProcessInstance.State.ACTIVE, parent_process_instance__isnull=True)

    def plan(self, body: Body) -> Plan:
        return Cancel()


class IncidentResolution(Submission):
    """Resolve all open incidents of process instances; jobs without retries get one."""

    meant = Q(state=ProcessInstance.State.ACTIVE, open_incidents__gt=0)

    def plan(self, body: Body) -> Plan:
        return ResolveIncidents()


class Migration(Submission):
    """Move process instances to another process definition."""

    more = {"migrationPlan": record(("targetProcessDefinitionKey", "mappingInstructions"), **PLAN)}

    def plan(self, body: Body) -> Plan:
        return Migrate(migration_plan(body.body("migrationPlan")))


class Modification(Submission):
    """Move all active instances of elements in process instances; the scope to move into is inferred from each source."""

    more = {
        "moveInstructions": array(
            record(("sourceElementId", "targetElementId"), sourceElementId=TEXT, targetElementId=TEXT)
        )
    }

    def plan(self, body: Body) -> Plan:
        moves = [
            MoveElements(
                each.name("targetElementId"),
                source_element_id=each.name("sourceElementId"),
                ancestor=AncestorChoice.inferred(),
            )
            for each in body.bodies("moveInstructions")
        ]
        if not moves:
            raise Rejected("Expected at least one of 'moveInstructions', found none.")
        return Modify(tuple(moves))


class Suspension(Submission):
    """Put process instances on hold."""

    meant = Q(state=ProcessInstance.State.ACTIVE, suspended=False)

    def plan(self, body: Body) -> Plan:
        return Suspend()


class Resumption(Submission):
    """Let suspended process instances go on."""

    meant = Q(state=ProcessInstance.State.ACTIVE, suspended=True)

    def plan(self, body: Body) -> Plan:
        return Resume()


class Deletion(Submission):
    """Delete ended process instances with their history."""

    meant = ~Q(state=ProcessInstance.State.ACTIVE)

    def plan(self, body: Body) -> Plan:
        return Delete()


# ---- the life of one


class BatchCommand(V2View):
    """What is done to a batch operation."""

    tag = TAG
    action: ClassVar[type[Any]]

    def post(self, request: Request, key: str) -> Response:
        self.act(self.action).execute(self.key(key, WHAT))
        return self.done()


class BatchCancellation(BatchCommand):
    """Leave undone what is not done yet."""

    command = "CANCEL"
    action = CancelBatch


class BatchSuspension(BatchCommand):
    """Do no more of it until it is resumed."""

    command = "SUSPEND"
    action = SuspendBatch


class BatchResumption(BatchCommand):
    """Let a suspended one go on."""

    command = "RESUME"
    action = ResumeBatch
